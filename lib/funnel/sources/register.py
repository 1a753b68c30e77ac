"""What initiatives, investigations and meetings share: folders of YAML files, a file's name being the id."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import yaml

from funnel.errors import InputError, Problem, SettingsError
from funnel.logbook import Initiative, Investigation, Meeting
from funnel.yaml_file import read_yaml, validated

Entry = TypeVar("Entry", Initiative, Investigation, Meeting)
_ID = re.compile(r"\w+(-\w+)*")


def read_register(
    folder: Path, model: type[Entry], unknown: Callable[[Path, Entry], Iterable[Problem]]
) -> tuple[list[Entry], tuple[Problem, ...]]:
    """Read every `*.yml` and `*.yaml` of a folder.

    Args:
        folder: where they are; no folder means no entries.
        model: what a file holds.
        unknown: names what a file that can be read must not hold all the same.

    Returns:
        The entries, and the problems of the files that cannot be used; one bad file does not take the
        others with it. Of two files with one id none is used.
    """
    entries: list[Entry] = []
    problems: list[Problem] = []
    paths = sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])
    stems = Counter(path.stem.casefold() for path in paths)
    for path in paths:
        if stems[path.stem.casefold()] > 1:
            others = "; ".join(other.name for other in paths if other.stem.casefold() == path.stem.casefold())
            problems.append(
                Problem(
                    str(path), f"several files have the id {path.stem!r}: {others}", todo="keep or rename one"
                )
            )
            continue
        try:
            entry = read_yaml(path, model, id=path.stem)
        except SettingsError as error:
            problems.extend(error.problems)
            continue
        wrong = list(unknown(path, entry))
        problems.extend(wrong)
        if not wrong:
            entries.append(entry)
    return entries, tuple(problems)


def new_path(folder: Path, name: str) -> Path:
    """Return where a new entry is to be written.

    Raises:
        InputError: the id is no file name, or an entry of this id is there.
    """
    if not _ID.fullmatch(name):
        problem = Problem(
            "id", f"{name!r} cannot be a file's name", "letters, digits and hyphens: chat-15-seconds"
        )
        raise InputError("The id cannot be used.", [problem])
    taken = [path for path in folder.glob("*.y*ml") if path.stem.casefold() == name.casefold()]
    if taken:
        problem = Problem(str(taken[0]), "is there already", todo="choose another id, or edit that file")
        raise InputError("Nothing was written.", [problem])
    return folder / f"{name}.yml"


def to_be_written(content: Mapping[str, object], path: Path, model: type[Entry]) -> Entry:
    """Return the entry that a new file would hold.

    Raises:
        SettingsError: it could not be read again; all that is wrong with it.
    """
    try:
        return validated(content, path, model, id=path.stem)
    except SettingsError as error:
        raise SettingsError("Nothing was written.", error.problems) from None


def write_entry(path: Path, content: Mapping[str, object], comment: str) -> None:
    """Write a new entry beside its place and link it there, so that it is whole and overwrites nothing.

    Args:
        path: from `new_path`.
        content: what the file holds: text, numbers, days, lists and mappings.
        comment: the first line.

    Raises:
        FileExistsError: somebody wrote one of this id in the meantime.
    """
    text = yaml.safe_dump(dict(content), allow_unicode=True, sort_keys=False, width=100)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_text(f"# {comment}\n{text}", encoding="utf-8", newline="\n")
        os.link(beside, path)
    finally:
        beside.unlink(missing_ok=True)
