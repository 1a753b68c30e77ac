"""Several exports of one CRM: weekly ones of a kind, and those of other pipelines beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from funnel.settings import Settings
from funnel.settings_exports import Export
from funnel.settings_sources import fits
from funnel.sources import table_file as tables
from funnel.sources.exports.look import Lines
from funnel.sources.exports.seen import Seen, look, put_together
from funnel.sources.header_text import normal
from funnel.sources.profiles import recognised
from funnel.sources.proposal import Proposal

_NUMBERS = re.compile(r"\d[\d_.\-]*\d|\d")


@dataclass(slots=True)
class Kind:
    """Files that one block of settings reads, the newest first, and what stands in them."""

    paths: list[Path]
    seen: Seen
    name: str = ""

    @property
    def patterns(self) -> tuple[str, ...]:
        """Names of such files, with `*` for their numbers."""
        return tuple(dict.fromkeys(_NUMBERS.sub("*", path.name) for path in self.paths))


def propose_all(files: Sequence[Path], settings: Settings | None) -> list[tuple[Path, Proposal]]:
    """Propose a block of settings for each kind of files; of one kind are those that one block can read.

    Files of one pipeline are of one kind, and so are those of several that have a column of the pipeline. A
    newer file of a pipeline tells before an older one of the same pipeline, and of no other.

    Args:
        files: exports of one CRM, each with a header of it, the newest first.
        settings: the stages to be used; None: they are proposed too.

    Raises:
        InputError: a file cannot be read.

    Returns:
        the newest file of each kind, and what would read it and the others.
    """
    kinds: list[Kind] = []
    for path in files:
        matches = ((sheet, recognised(tables.head(path, sheet), path.name)) for sheet in tables.sheets(path))
        sheet, match = next((sheet, match) for sheet, match in matches if match)
        seen = look(path, sheet, match.profile, match.row, Export(), {})
        kind = next((one for one in kinds if _same(one.seen, seen)), None)
        if kind is None:
            kinds.append(Kind([path], seen))
        else:
            kind.paths.append(path)
            kind.seen = put_together(kind.seen, seen)
    notes: list[str] = []
    if len(kinds) > 1:
        kinds, notes = _told_apart(kinds)
    return list(_proposals(kinds, settings, notes))


def _same(known: Seen, other: Seen) -> bool:
    """Whether one block can read both: the columns it would name are in both, and no pipeline gets lost."""
    by_column = "pipeline" in known.layout.fields
    if by_column != ("pipeline" in other.layout.fields) or _named(known) != _named(other):
        return False
    if by_column or pc.any(pc.is_in(other.ids, known.ids)).as_py():
        return True
    mine, others = (set(seen.stages.get("", ())) for seen in (known, other))
    return mine <= others or others <= mine


def _named(seen: Seen) -> frozenset[str]:
    """Return the headers that a proposal would name."""
    forms = seen.profile.date_columns
    wanted = {normal(name) for names in seen.profile.attributes.values() for name in names}
    return frozenset(
        word
        for word in map(normal, seen.header)
        if word in wanted or any(re.match(form, word) for form in forms)
    )


def _told_apart(kinds: list[Kind]) -> tuple[list[Kind], list[str]]:
    """Name the kinds by what their files' names do not share; kinds whose names are alike become one."""
    for kind in kinds:
        others = [path.name for one in kinds if one is not kind for path in one.paths]
        if any(fits(name, kind.patterns) for name in others):
            listed = ", ".join(one.paths[0].name for one in kinds)
            note = (
                f"{listed} share no deals and have no column of the pipeline: if they are of several "
                "pipelines, export that column too, so that these can be told apart"
            )
            first, *rest = kinds
            for one in rest:
                first.paths += one.paths
                first.seen = put_together(first.seen, one.seen)
            return [first], [note]
    words = {id(kind): _words(kind.paths[0].name) for kind in kinds}
    shared = set.intersection(*(set(found) for found in words.values()))
    for kind in kinds:
        own = [word for word in words[id(kind)] if word not in shared]
        if "pipeline" not in kind.seen.layout.fields:
            kind.name = " ".join(own or words[id(kind)])
            kind.seen = kind.seen.called(kind.name)
    return kinds, []


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", _NUMBERS.sub(" ", Path(name).stem)) if word]


def _proposals(
    kinds: Sequence[Kind], settings: Settings | None, notes: Sequence[str]
) -> Iterator[tuple[Path, Proposal]]:
    whole = kinds[0].seen
    for kind in kinds[1:]:
        whole = put_together(whole, kind.seen)
    several = sum(bool(name) for name in whole.stages) > 1
    for number, kind in enumerate(kinds):
        rules = Export(files=kind.patterns) if len(kinds) > 1 else Export()
        more = list(notes) if number == 0 else []
        made = Lines(kind.seen, rules, settings, whole, pipelines=several, notes=more)
        yield kind.paths[0], made.proposal()
