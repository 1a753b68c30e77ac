"""A look into a wide sheet or the export of a CRM: which settings read it, and what they make of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import yaml

from funnel.errors import InputError, Problem
from funnel.settings import Settings, Stage
from funnel.sources import Proposal as Lines
from funnel.sources import proposal
from funnel.sources import table_file as tables
from funnel.sources.exports.several import propose_all
from funnel.sources.instants import read_instants
from funnel.sources.proposal import as_item
from funnel.sources.tabular import Cells
from funnel.template.canonical import relative
from funnel.template.proposal import CRMS, USUAL, Proposal, ProposedAttribute, ProposedStage
from funnel.template.settings_text import scalar
from funnel.template.slicing import attributes_of, slices_of

SHOWN = 2
STEADY = 0.99
"""Share of the leads in which a column of a log must not change to be one of the lead."""


def look(data: Path, root: Path, kind: str = "crm") -> Proposal:
    """Propose settings that read a file, or the files of a folder, and an event log that lies beside them.

    Args:
        data: the file, or a folder of files: weekly exports, and those of other pipelines beside them. Of
            each pipeline the newest by name tells.
        root: the folder of the report repository.
        kind: wide; events; one of `CRMS`; or crm for any of them, and for several.

    Raises:
        InputError: nothing would read any of them, or they are those of another CRM.
    """
    known = list(_known(data))
    told = next((one for one in known if _is(one[1], kind)), None)
    if told is None and known:
        raise InputError("The data cannot be looked into.", [_another(data, kind, *known[0])])
    if told is None:
        wrong = "no file in it is one we know" if data.exists() else "there is no such file or folder"
        allowed = (
            "a CRM's export; a sheet with an id, a date of creation and a column of dates for each stage; "
            "a log with an id that repeats, a stage (or activity) and a timestamp"
        )
        raise InputError("The data cannot be looked into.", [Problem(str(data), wrong, allowed)])
    path, lines = told
    blocks = _blocks(known, path, lines, None)
    path, lines = blocks[0]
    names = list(dict.fromkeys(name for _, one in blocks for name in one.attributes))
    attributes = [ProposedAttribute(name, f"from {path.name}") for name in names]
    slices, block = names[:SHOWN], _listed(blocks) if len(blocks) > 1 else lines.lines
    if lines.source == "wide":
        attributes, slices = _others(path, lines)
        block += _mapped([item.column for item in attributes if item.proposed])
    elif lines.source == "events" and "\n  spread:" not in lines.lines:
        attributes, slices = _of_log(path, lines)
        block += _mapped([item.column for item in attributes if item.proposed], "log, as it was last")
    notes = [note for one in blocks for note in _notes(*one)]
    if kind == "crm" and (more := list(_other_crms(known, lines))):
        block = _listed([*blocks, *more], prefixed=True)
        notes += [note for other in more for note in _notes(*other)]
        notes.append("ids of several CRMs are kept apart by id_prefix: a payment of your own needs it too")
    if lines.source != "events":
        logs = [log for other, log in known if log.source == "events" and other != path]
        block += "".join(f"\n{log.lines}" for log in _with_stages(known, logs, lines))
    else:
        block = block.replace("  # leads: true #", "  leads: true #")
    return Proposal(
        stages=[ProposedStage(key, name) for key, name in lines.stages.items()] or USUAL,
        attributes=attributes,
        slices=slices,
        source=[relative(data, root)],
        currency=lines.currency,
        block=f"\n# What the columns of the files mean, as {path.name} shows it; check each line.\n{block}",
        notes=list(dict.fromkeys(notes)),
    )


def instead(data: Path, refused: InputError) -> InputError:
    """Add to what was wrong with canonical files which file is of a kind that `init` can read otherwise."""
    try:
        other = next(_known(data), None)
    except InputError:
        return refused
    told = [_another(data, "files", *other)] if other else []
    return InputError(refused.headline, [*refused.problems, *told])


def _known(data: Path) -> Iterator[tuple[Path, Lines]]:
    """Yield the files that some settings would read, the newest by name first."""
    files = [data] if data.is_file() else sorted(data.iterdir(), reverse=True) if data.is_dir() else []
    for path in files:
        if path.is_file() and tables.is_table(path) and (lines := proposal(path, None)):
            yield path, lines


def _blocks(
    known: Sequence[tuple[Path, Lines]], path: Path, first: Lines, settings: Settings | None
) -> list[tuple[Path, Lines]]:
    """Return what would read all files of a CRM: a block for each kind of them."""
    if first.source != "exports":
        return [(path, first)]
    mine = [path for path, one in known if (one.source, one.profile) == ("exports", first.profile)]
    return propose_all(mine, settings)


def _other_crms(known: Sequence[tuple[Path, Lines]], first: Lines) -> Iterator[tuple[Path, Lines]]:
    """Yield what would read the files of each other CRM, with the stages of the first."""
    stages = tuple(Stage(key=key, name={"en": name}) for key, name in first.stages.items())
    told = {first.profile}
    for path, lines in known:
        if first.source == lines.source == "exports" and lines.profile not in told and stages:
            told.add(lines.profile)
            yield from _blocks(known, path, lines, Settings(stages=stages))


def _listed(several: Sequence[tuple[Path, Lines]], *, prefixed: bool = False) -> str:
    """Return blocks of `exports` as a list; those of several CRMs each with a prefix for its ids."""
    items = []
    for _, lines in several:
        key, first, rest = lines.lines.split("\n", 2)
        prefix = f"\n  id_prefix: {lines.profile}-" if prefixed else ""
        items.append(as_item(f"{key}\n{first}{prefix}\n{rest}").removeprefix(f"{key}\n"))
    return "exports:\n" + "".join(items)


def _is(lines: Lines, kind: str) -> bool:
    """Whether a file is of the kind that was asked for."""
    if kind in CRMS:
        return (lines.source, lines.profile) == ("exports", kind)
    return lines.source == kind or (kind == "crm" and lines.source != "events")


def _another(data: Path, kind: str, path: Path, lines: Lines) -> Problem:
    """Say what a file is taken for instead."""
    other = lines.profile if lines.source == "exports" else lines.source
    todo = f"funnel init DIR --from {other}" if other in (*CRMS, "wide", "events") else ""
    nothing = "no canonical table" if kind == "files" else f"nothing of {kind}"
    return Problem(str(data), f"it holds {nothing}; {path.name} looks like {lines.title}", todo=todo)


def _with_stages(known: Sequence[tuple[Path, Lines]], logs: Sequence[Lines], lines: Lines) -> Iterator[Lines]:
    """Yield what would read the newest event log, with the stages of the export beside it."""
    paths = [path for path, one in known if logs and one is logs[0]]
    stages = tuple(Stage(key=key, name={"en": name}) for key, name in lines.stages.items())
    for path in paths if stages else ():
        found = proposal(path, Settings(stages=stages))
        if found is not None and found.source == "events":
            yield found


def _others(path: Path, lines: Lines) -> tuple[list[ProposedAttribute], list[str]]:
    """Judge the columns of a wide sheet that are none of its ids and dates; return also those to be shown."""
    every = _columns(path)
    last = [*lines.stages.values(), ""][len(lines.stages) - 1]
    won = every[last].text().to_pandas().notna() if last in every else None
    return _judged(_left(every, lines), won)


def _of_log(path: Path, lines: Lines) -> tuple[list[ProposedAttribute], list[str]]:
    """Judge the columns of an event log that say something of the lead: the others change with its steps."""
    every, rules = _columns(path), yaml.safe_load(lines.lines)["events"]
    lead, stage = (every[rules[key]].text().to_pandas() for key in ("lead_id", "stage"))
    texts = _left(every, lines)
    same = [name for name, text in texts.items() if (text.groupby(lead).nunique() <= 1).mean() >= STEADY]
    won = (stage == list(lines.stages.values())[-1]).groupby(lead).any() if lines.stages else None
    judged, slices = _judged({name: texts[name].groupby(lead).last() for name in same}, won)
    why = "it changes with the steps of a lead"
    moving = [ProposedAttribute(name, why, proposed=False) for name in texts if name not in same]
    return [*judged, *moving], slices


def _judged(texts: dict[str, pd.Series], won: pd.Series | None) -> tuple[list[ProposedAttribute], list[str]]:
    index = next(iter(texts.values())).index if texts else range(0)
    found = attributes_of(texts, pd.Series(False, index) if won is None else won)
    return found, slices_of(found, texts)


def _columns(path: Path) -> dict[str, Cells]:
    """Return the columns of a file's first sheet by their heads."""
    sheet = tables.read_table(path, tables.sheets(path)[0], lambda header: range(len(header)))
    return {name.strip(): cells for name, cells in zip(sheet.names, sheet.columns, strict=True)}


def _left(columns: dict[str, Cells], lines: Lines) -> dict[str, pd.Series]:
    """Return the texts of the columns that the proposed lines do not name, and that hold no dates."""
    used = set(_texts(yaml.safe_load(lines.lines)))
    return {
        name: cells.text().to_pandas()
        for name, cells in columns.items()
        if name and name not in used and not _dates(cells)
    }


def _texts(tree: object) -> Iterator[str]:
    """Yield every text of nested settings."""
    if isinstance(tree, dict | list):
        for item in tree.values() if isinstance(tree, dict) else tree:
            yield from _texts(item)
    elif isinstance(tree, str):
        yield tree


def _dates(cells: Cells) -> bool:
    """Whether most filled cells of a column are dates."""
    filled = len(cells.values) - cells.text().null_count
    return bool(filled) and int(read_instants(cells, "UTC").unreadable.sum()) <= 0.2 * filled


def _mapped(columns: Sequence[str], of: str = "sheet") -> str:
    """Return the columns as settings: attribute -> column of the file; '' for none."""
    if not columns:
        return ""
    pairs = ", ".join(f"{scalar(name)}: {scalar(name)}" for name in columns)
    return f"  attributes: {{{pairs}}} # column of the leads -> column of the {of}\n"


def _notes(path: Path, lines: Lines) -> Sequence[str]:
    counts = ", ".join(f"{name} {count:,}" for name, count in lines.counts.items() if count)
    return [f"{path.name} is taken for {lines.title}: {counts}", *lines.notes]
