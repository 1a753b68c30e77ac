"""A log of stages in, entries out; and leads, where the log brings them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from funnel.errors import InputError, Problem
from funnel.schema import LEADS, STAGE_ENTRIES
from funnel.settings import LEAD, LOST, Settings
from funnel.settings_events import Events
from funnel.sources import clean
from funnel.sources import shares as parts
from funnel.sources.events.log import Log, open_log
from funnel.sources.exports.identity import doubtful
from funnel.sources.instants import Writing, read_instants
from funnel.sources.rejects import ragged_unseen
from funnel.sources.tabular import Cells, Mask, Sheet


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
            log = open_log(path, sheet, rules, tell)
            brought.parts += _parts(log, rules, settings, tell)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError("The event logs cannot be used; nothing was imported.", problems)
    return brought


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
