"""Whether a hypothesis was edited after its start, told from the history of the initiative's file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd
import yaml

from funnel.edition.logbook import Logbook
from funnel.logbook import Initiative
from funnel.publish.manifest import git
from funnel.schema import EDIT_COLUMNS
from funnel.settings import Settings
from funnel.yaml_loader import load

WATCHED = ("hypotheses", "start", "cost")
"""Keys of an initiative that are not to change once it has started."""
Content = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Version:
    """What a file held from a day on; commit and day are empty for what is not committed."""

    commit: str
    day: str
    content: Content


def edits(settings: Settings, registers: Logbook) -> pd.DataFrame:
    """Tell for every initiative what of its hypotheses, start and cost was changed after its start.

    Returns:
        `schema.EDIT_COLUMNS`.
    """
    rows = [row for item in registers.initiatives for row in _rows(item, _versions(settings, item.id))]
    return pd.DataFrame(rows, columns=list(EDIT_COLUMNS)).fillna("").astype(str)


def _versions(settings: Settings, name: str) -> list[Version]:
    """Return what the file held, oldest first; none where there is no history of it."""
    folder = settings.path("initiatives")
    path = next((path for path in folder.glob("*.y*ml") if path.stem == name), folder / f"{name}.yml")
    log = git(folder, "log", "--format=%H %cs", "--", path.name).splitlines()
    versions = []
    for line in reversed(log):
        commit, day = line.split(" ")
        versions.append(Version(commit, day, _content(git(folder, "show", f"{commit}:./{path.name}"))))
    if versions:
        versions.append(Version("", "", _content(path.read_text(encoding="utf-8"))))
    return versions


def _content(text: str) -> Content:
    """Read a version; one that cannot be read holds nothing."""
    try:
        content = load(text)
    except yaml.YAMLError:
        return {}
    return content if isinstance(content, dict) else {}


def _rows(item: Initiative, versions: Sequence[Version]) -> Iterator[dict[str, str]]:
    if not versions:
        yield {"initiative": item.id, "state": "cannot be told", "reason": "no_history"}
        return
    first = str(versions[0].content.get("start", item.start))
    begun = min(first, item.start.isoformat())  # a start that was put off later does not hide an edit
    changed = list(_changes(item.id, versions, begun))
    yield from changed
    if versions[0].day > begun:
        yield {"initiative": item.id, "state": "cannot be told", "reason": "begins_after_start"}
    elif not changed:
        yield {"initiative": item.id, "state": "unchanged"}


def _changes(name: str, versions: Sequence[Version], begun: str) -> Iterator[dict[str, str]]:
    for before, after in pairwise(versions):
        if after.day and after.day <= begun:
            continue
        for key in WATCHED:
            was, now = before.content.get(key), after.content.get(key)
            if was != now and before.content and after.content:
                yield {
                    "initiative": name,
                    "state": "edited",
                    "edited": after.day,
                    "commit": after.commit[:10],
                    "key": key,
                    "was": _words(was),
                    "now": _words(now),
                }


def _words(value: object) -> str:
    """Return a value as one line of YAML."""
    if value is None:
        return ""
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...").strip()
