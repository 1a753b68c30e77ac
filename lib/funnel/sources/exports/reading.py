"""Exports in, parts of the canonical tables out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from funnel.errors import InputError, Problem
from funnel.schema import INSTANT, LEADS, PAYMENTS, STAGE_ENTRIES, Known, Table
from funnel.settings import Settings
from funnel.settings_sources import Exports
from funnel.sources import cells as clean
from funnel.sources import duplicates, parts
from funnel.sources.convert import Fault
from funnel.sources.exports import history
from funnel.sources.exports.file import NEVER, Export, open_export
from funnel.sources.header_text import DOLLARS
from funnel.sources.instants import read_instants
from funnel.sources.rejects import ragged_unseen
from funnel.sources.tabular import Cells, Mask, Sheet


def read_exports(
    files: Sequence[tuple[Path, str]], settings: Settings, known: Known | None, tell: Callable[[str], None]
) -> parts.Brought:
    """Read exports of one or several days.

    Args:
        files: paths, with the sheet's name of a workbook ('' for CSV).
        settings: `exports`, stages, time zone, currency.
        known: what the warehouse knows; None: nothing.
        tell: is told what the user should know.

    Raises:
        InputError: a file cannot be used, or the settings do not say what its stages mean; all problems at
            once.
    """
    exports: list[Export] = []
    problems: list[Problem] = []
    for path, sheet in files:
        tell(f"Reading {path}")
        try:
            exports.append(open_export(path, sheet, settings, tell))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError("The exports cannot be used; nothing was imported.", problems)
    exports.sort(key=lambda export: export.seen_at)
    return _brought(exports, settings, known, tell)


def _brought(
    exports: Sequence[Export], settings: Settings, known: Known | None, tell: Callable[[str], None]
) -> parts.Brought:
    known = known or Known(_no_entries(), pa.array([], pa.string()))
    newest_known = pc.max(known.entries["entered_at"]).as_py() or NEVER
    brought = parts.Brought(additions={"stage_entries"})
    later: pa.Array = pa.array([], pa.string())  # ids that a later file has too
    leads: list[parts.Part] = []
    own: list[pa.Array] = []
    for export in reversed(exports):
        _mark(export)
        ids = export.fields["lead_id"].text()
        superseded = pc.is_in(ids, later).fill_null(False)
        if newest_known.date() > export.seen_at.date():
            tell(f"{export.sheet.where}: older than what is known; leads known already keep their attributes")
            superseded = pc.or_(superseded, pc.is_in(ids, known.leads).fill_null(False))
        keep = ~superseded.to_numpy(zero_copy_only=False)
        part = _leads(export, keep, settings)
        export.usable &= (
            read_instants(export.fields["created_at"], settings.timezone)
            .values.is_valid()
            .to_numpy(zero_copy_only=False)
        )
        leads.append(part)
        own.append(part.good["lead_id"].combine_chunks())
        payments = _payments(export, keep, settings)
        if payments is not None:
            brought.parts.append(payments)
        later = pa.concat_arrays([later, ids.filter(pa.array(export.usable))])
    if (settings.exports or Exports()).payments == "won":
        brought.replaces["payments"] = pa.table({"lead_id": pa.concat_arrays(own)})
    brought.parts = [*reversed(leads), *_entries(exports, known, settings), *reversed(brought.parts)]
    return brought


def _no_entries() -> pa.Table:
    schema = pa.schema([("lead_id", pa.string()), ("stage", pa.string()), ("entered_at", INSTANT)])
    return schema.empty_table()


def _mark(export: Export) -> None:
    """Find the rows that cannot be used: without a lead's number, or standing twice."""
    ids = export.fields["lead_id"].text()
    good = pc.match_substring_regex(ids, r"^\d{1,18}$").fill_null(False).to_numpy(zero_copy_only=False)
    filled = ids.is_valid().to_numpy(zero_copy_only=False)
    columns: dict[str, pa.Array] = {name: cells.text() for name, cells in export.fields.items()}
    columns |= {f"attribute {name}": values for name, values in export.attributes.items()}
    rows = pa.table(columns)
    places = np.flatnonzero(good)
    copies, contradicting = np.zeros(len(good), bool), np.zeros(len(good), bool)
    for found in duplicates.find(rows.take(pa.array(places)), LEADS):
        (copies if found.exact else contradicting)[places[found.place]] = True
    export.faults = [
        Fault("lead_id", filled & ~good, lambda _: "a lead's id is a number"),
        Fault("lead_id", copies, lambda _: "exact duplicate of another row"),
        Fault(
            "lead_id",
            contradicting,
            lambda _: "it stands in several rows with other content, so that none of them is used",
        ),
    ]
    export.usable = good & ~copies & ~contradicting


def _leads(export: Export, keep: Mask, settings: Settings) -> parts.Part:
    columns = {
        "lead_id": export.fields["lead_id"],
        "created_at": export.fields["created_at"],
        **{name: Cells(values) for name, values in export.attributes.items()},
    }
    faults = [Fault(fault.column, fault.mask[keep], fault.reason) for fault in export.faults]
    part = _part(export, LEADS, columns, keep, settings, faults)
    part.rejected += ragged_unseen(LEADS, export.sheet)
    return part


def _payments(export: Export, keep: Mask, settings: Settings) -> parts.Part | None:
    rules = settings.exports or Exports()
    if rules.payments == "none" or "budget" not in export.layout.fields:
        return None
    budget = export.fields["budget"]
    won = pc.equal(export.states.stage, settings.stage_keys[-1]).to_numpy(zero_copy_only=False)
    given = pc.invert(pc.match_substring_regex(budget.text(), r"^[0.,]*$")).fill_null(False)
    chosen = keep & export.usable & won & given.to_numpy(zero_copy_only=False)
    size = len(export.sheet.rows)
    paid = pc.coalesce(
        export.times["closed_at"], export.times["updated_at"], pa.scalar(export.seen_at, INSTANT)
    )
    currency = _currency(export, settings)
    columns = {
        "lead_id": export.fields["lead_id"],
        "paid_at": Cells(paid),
        "amount": budget,
        "currency": Cells(pa.array([currency] * size, pa.string())),
    }
    return _part(export, PAYMENTS, columns, chosen, settings)


def _currency(export: Export, settings: Settings) -> str | None:
    """Return the currency of the budgets; None: the funnel's own."""
    rules, sign = settings.exports or Exports(), export.layout.currency
    if sign or rules.currency or sign is None:
        return sign or rules.currency
    if settings.currency in DOLLARS:
        return settings.currency
    what = "the dollar sign in the header of the budget is that of many currencies"
    problem = Problem(export.sheet.where, what, ", ".join(DOLLARS), "set exports.currency")
    raise InputError("The exports cannot be used; nothing was imported.", [problem])


def _entries(exports: Sequence[Export], known: Known, settings: Settings) -> list[parts.Part]:
    snapshots = []
    for export in exports:
        columns: dict[str, pa.Array] = {name: values for name, values in export.times.items()}  # noqa: C416
        columns |= {"lead_id": export.fields["lead_id"].text(), "stage": export.states.stage}
        columns["reason"] = export.states.reason
        frame = pa.table(columns).to_pandas()
        snapshots.append(history.Snapshot(export.seen_at, frame[export.usable]))
    before = known.entries.select(list(history.ENTRY_COLUMNS)).to_pandas()
    found = history.entries(snapshots, before, frozenset(known.leads.to_pylist()), settings.stage_keys)
    made = []
    for export, frame in zip(exports, found, strict=True):
        made_of = {
            name: Cells(pa.array(frame[name], STAGE_ENTRIES.column(name).arrow, from_pandas=True))
            for name in (column.name for column in STAGE_ENTRIES.columns)
        }
        rows = export.sheet.rows[frame["place"].to_numpy(np.int64)]
        sheet = Sheet(export.sheet.where, tuple(made_of), tuple(made_of.values()), rows)
        made.append(parts.make(STAGE_ENTRIES, sheet, made_of, settings))
    return made


def _part(
    export: Export,
    table: Table,
    columns: dict[str, Cells],
    keep: Mask,
    settings: Settings,
    faults: Sequence[Fault] = (),
) -> parts.Part:
    """Make a part of some rows; what is kept of their cells for a person to see holds nothing personal."""
    kept = {
        name: Cells(cells.values.filter(pa.array(keep)), None if cells.kinds is None else cells.kinds[keep])
        for name, cells in columns.items()
    }
    shown = tuple(
        Cells(clean.blotted(cells.values)) if pa.types.is_string(cells.values.type) else cells
        for cells in kept.values()
    )
    sheet = Sheet(export.sheet.where, tuple(kept), shown, export.sheet.rows[keep])
    return parts.make(table, sheet, kept, settings, faults)
