"""A log of stages in, entries out; and leads, where the log brings them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from funnel.errors import InputError, Problem, nearest
from funnel.gate.personal import blot
from funnel.schema import LEADS, STAGE_ENTRIES
from funnel.settings import LEAD, LOST, Settings
from funnel.settings_exports import Events
from funnel.sources import clean
from funnel.sources import shares as parts
from funnel.sources import table_file as tables
from funnel.sources.exports.filters import left_out
from funnel.sources.exports.identity import doubtful, one_writing, with_prefix
from funnel.sources.exports.outcome import folded
from funnel.sources.header_text import normal
from funnel.sources.instants import Writing, read_instants
from funnel.sources.profiles import profiles
from funnel.sources.rejects import ragged_unseen
from funnel.sources.tabular import Cells, Mask, Sheet


@dataclass(frozen=True, slots=True)
class Log:
    """The rows of a log: their numbers, cells by meaning, and the stage each says."""

    sheet: Sheet
    rows: npt.NDArray[np.int64]
    cells: dict[str, Cells]
    stage: pa.Array
    spoilt: Mask


def read_events(
    files: Sequence[tuple[Path, str, Events]], settings: Settings, tell: Callable[[str], None]
) -> parts.Brought:
    """Read event logs by the key `events`.

    Args:
        files: paths, with the sheet's name of a workbook ('' else), and the block of `events` that reads it.
        settings: stages, time zone.
        tell: is told what the user should know.

    Raises:
        InputError: a file cannot be used, or a stage has no meaning; all problems at once.
    """
    brought = parts.Brought(additions={"stage_entries"})
    problems: list[Problem] = []
    for path, sheet, rules in files:
        tell(f"Reading {path}")
        try:
            log = _open(path, sheet, rules, tell)
            brought.parts += _parts(log, rules, settings, tell)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError("The event logs cannot be used; nothing was imported.", problems)
    return brought


def wanted(rules: Events) -> dict[str, tuple[str, ...]]:
    """Return what is read of a log: a name of our own -> headers, of which the first filled one counts."""
    given = {
        "lead_id": rules.lead_id,
        "stage": rules.stage,
        "entered_at": rules.entered_at,
        "pipeline": rules.pipeline,
        "reason": rules.reason,
        **{f"filter {name}": (name,) for name in (*rules.where, *rules.drop)},
        **{f"attribute {name}": (header,) for name, header in rules.attributes.items()},
    }
    return {name: headers for name, headers in given.items() if headers}


def find(
    header: Sequence[str], rules: Events, where: str
) -> tuple[dict[str, tuple[int, ...]], list[Problem]]:
    """Find the columns that the settings name; one that is not there is a problem."""
    plain = [normal(name) for name in header]
    found, problems = {}, []
    for name, headers in wanted(rules).items():
        found[name] = tuple(n for one in headers for n, word in enumerate(plain) if word == normal(one))
        if not found[name]:
            what = f"it has no column {headers[0]!r} ({name}){nearest(headers[0], header)}"
            problems.append(Problem(where, what, todo="correct the key events in the settings"))
    return found, problems


def header_row(rows: Sequence[Sequence[str]], rules: Events) -> int:
    """Return the row of a log's header: the first with its columns, else the first."""
    needed = {normal(name) for name in (*rules.lead_id, *rules.stage, *rules.entered_at)}
    return next((n for n, row in enumerate(rows) if needed <= {normal(cell) for cell in row}), 0)


def _open(path: Path, sheet_name: str, rules: Events, tell: Callable[[str], None]) -> Log:
    where = f"{path}, sheet {sheet_name}" if sheet_name else str(path)
    laid: list[tuple[dict[str, tuple[int, ...]], list[Problem]]] = []
    places: list[int] = []

    def choose(header: tuple[str, ...]) -> Sequence[int]:
        laid.append(find(header, rules, where))
        places.extend(sorted({0, *(place for several in laid[0][0].values() for place in several)}))
        return places

    sheet = tables.read_table(path, sheet_name, choose, header_row(tables.head(path, sheet_name), rules))
    found, problems = laid[0]
    if problems:
        raise InputError("", problems)
    if sheet.notice:
        tell(f"{where}: {sheet.notice}")
    cells = {name: clean.coalesced(sheet, places, at) for name, at in found.items()}
    filters = {
        name.removeprefix("filter "): c.text() for name, c in cells.items() if name.startswith("filter ")
    }
    out, told = left_out(filters, rules.where, rules.drop)
    for text in told:
        tell(f"{where}: {text}")
    keep = ~out if filters else np.ones(len(sheet.rows), bool)
    cells = {
        name: Cells(c.values.filter(pa.array(keep)), None if c.kinds is None else c.kinds[keep])
        for name, c in cells.items()
    }
    kind = profiles()[rules.profile].ids if rules.profile in profiles() else "plain"
    ids, spoilt = one_writing(cells["lead_id"].text(), kind)
    cells["lead_id"] = with_prefix(Cells(ids, cells["lead_id"].kinds), rules.id_prefix)
    return Log(sheet, sheet.rows[keep], cells, _stages(cells, rules, where), spoilt)


def _stages(cells: dict[str, Cells], rules: Events, where: str) -> pa.Array:
    """Return the stage of the funnel that each row says; null where it says none."""
    words = {folded(name): key for name, key in rules.stages.items()}
    text = cells["stage"].text()
    encoded = text.dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    counts = {one["values"]: one["counts"] for one in text.drop_null().value_counts().to_pylist()}
    problems = [
        Problem(
            where,
            f"{counts[name]:,} rows name the stage {blot(name)!r}, which is not mapped"
            + nearest(name, rules.stages),
            ", ".join(rules.stages),
            "add it to events.stages, with a stage of the funnel, lead (none yet) or lost",
        )
        for name in distinct
        if folded(name) not in words
    ]
    if problems:
        raise InputError("", problems)
    return pa.array([words[folded(name)] for name in distinct], pa.string()).take(encoded.indices)


def _parts(log: Log, rules: Events, settings: Settings, tell: Callable[[str], None]) -> list[parts.Part]:
    writing = Writing(rules, "events")
    read = read_instants(log.cells["entered_at"], settings.timezone, writing)
    if problems := read.problems(f"{log.sheet.where}, entered_at", "events"):
        raise InputError("", problems)
    made = []
    times = pd.Series(read.values.to_numpy(zero_copy_only=False).astype("datetime64[us]"))
    frame = pd.DataFrame(
        {"id": log.cells["lead_id"].text().to_pandas(), "stage": log.stage.to_pandas(), "time": times}
    )
    rank = {stage: n for n, stage in enumerate((LEAD, *settings.stage_keys, LOST))}
    frame["rank"] = frame["stage"].map(rank)
    ordered = frame.sort_values(["id", "time", "rank"], kind="stable", na_position="last")
    if rules.leads:
        made.append(_leads(log, ordered, rules, settings, writing))
    again = (ordered["id"] == ordered["id"].shift()) & (ordered["stage"] == ordered["stage"].shift())
    again &= ordered["time"].notna() & ordered["id"].notna()
    if again.any():
        tell(f"{log.sheet.where}: {int(again.sum()):,} rows in which the stage did not change passed over")
    start = frame["stage"] == LEAD
    keep = ~(again.reindex(frame.index) | (start & frame["time"].notna() & frame["id"].notna())).to_numpy()
    made.append(_entries(log, keep, settings, writing, read.day_only))
    made[0].rejected += ragged_unseen(made[0].table, log.sheet)
    return made


def _leads(
    log: Log, ordered: pd.DataFrame, rules: Events, settings: Settings, writing: Writing
) -> parts.Part:
    """Make a lead of each id: it came with its first event; of an attribute the last filled value counts."""
    usable = ordered[ordered["id"].notna() & ordered["time"].notna()]
    first = usable.drop_duplicates("id").sort_index()
    places = first.index.to_numpy(np.int64)
    columns: dict[str, Cells] = {
        "lead_id": Cells(log.cells["lead_id"].text().take(pa.array(places))),
        "created_at": Cells(log.cells["entered_at"].values.take(pa.array(places))),
    }
    for name in rules.attributes:
        values = clean.blotted(log.cells[f"attribute {name}"].text()).to_pandas()
        last = values.loc[usable.index].groupby(usable["id"]).last()
        columns[name] = Cells(pa.array(last.reindex(first["id"]).to_numpy(), pa.string(), from_pandas=True))
    kinds = log.cells["entered_at"].kinds
    if kinds is not None:
        columns["created_at"] = Cells(columns["created_at"].values, kinds[places])
    sheet = Sheet(log.sheet.where, tuple(columns), tuple(columns.values()), log.rows[places])
    return parts.make(LEADS, sheet, columns, settings, (), writing)


def _entries(log: Log, keep: Mask, settings: Settings, writing: Writing, day_only: Mask) -> parts.Part:
    chosen = pa.array(keep)
    size = int(keep.sum())

    def some(cells: Cells) -> Cells:
        return Cells(cells.values.filter(chosen), None if cells.kinds is None else cells.kinds[keep])

    ids = some(log.cells["lead_id"])
    stage = log.stage.filter(chosen)
    reason = (
        clean.blotted(some(log.cells["reason"]).text())
        if "reason" in log.cells
        else pa.nulls(size, pa.string())
    )
    columns = {
        "lead_id": ids,
        "stage": Cells(stage),
        "entered_at": some(log.cells["entered_at"]),
        "reason": Cells(
            pc.if_else(pc.equal(stage, LOST).fill_null(False), reason, pa.scalar(None, pa.string()))
        ),
        "precision": Cells(pa.array(np.where(day_only[keep], "day", "second").tolist(), pa.string())),
        "origin": Cells(pa.array(["event"] * size, pa.string())),
    }
    shown = tuple(
        Cells(clean.blotted(c.values)) if pa.types.is_string(c.values.type) else c for c in columns.values()
    )
    sheet = Sheet(log.sheet.where, tuple(columns), shown, log.rows[keep])
    faults = doubtful(ids.text(), log.spoilt[keep])
    return parts.make(STAGE_ENTRIES, sheet, columns, settings, faults, writing)
