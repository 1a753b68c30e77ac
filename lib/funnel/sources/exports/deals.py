"""Files of deals in, parts of the canonical tables out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from funnel.errors import InputError, Problem
from funnel.gate.personal import blot_id
from funnel.schema import INSTANT, LEADS, STAGE_ENTRIES, Known
from funnel.settings import Settings
from funnel.settings_exports import ColumnField, Export
from funnel.sources import clean, duplicates
from funnel.sources import shares as parts
from funnel.sources.convert import Fault
from funnel.sources.exports import dated, history
from funnel.sources.exports.file import open_file
from funnel.sources.exports.identity import doubtful
from funnel.sources.exports.made_on import NEVER
from funnel.sources.exports.opened import Opened
from funnel.sources.exports.payments import part_of, payments_of
from funnel.sources.rejects import ragged_unseen
from funnel.sources.tabular import Cells, Mask, Sheet


@dataclass(slots=True)
class Read:
    """A file with its leads made: which of its rows can be used, and the entries that it dates itself."""

    opened: Opened
    leads: parts.Part
    usable: Mask
    dated: pd.DataFrame


def read_files(
    files: Sequence[tuple[Path, str, Export]],
    settings: Settings,
    known: Known | None,
    tell: Callable[[str], None],
) -> parts.Brought:
    """Read files of deals, of one or several days.

    Args:
        files: paths, with the sheet's name of a workbook ('' else), and the block of `exports` or of `wide`
            that reads it.
        settings: stages, time zone, currency.
        known: what the warehouse knows; None: nothing.
        tell: is told what the user should know.

    Raises:
        InputError: a file cannot be used, or the settings do not say what its stages mean; all problems at
            once.
    """
    opened: list[Opened] = []
    problems: list[Problem] = []
    for path, sheet, rules in files:
        tell(f"Reading {path}")
        try:
            opened.append(open_file(path, sheet, rules, settings, tell))
        except InputError as error:
            problems += error.problems
    problems += _one_id_of_two(opened)
    if problems:
        what = "exports" if files[0][2].key == "exports" else "wide sheets"
        raise InputError(f"The {what} cannot be used; nothing was imported.", problems)
    opened.sort(key=lambda one: one.seen_at)
    return _brought([_read(one, settings, tell) for one in opened], settings, known, tell)


def _one_id_of_two(opened: Sequence[Opened]) -> list[Problem]:
    """Say which ids stand in the files of two CRMs: there they are not those of one deal."""
    ids: dict[str, pa.Array] = {}
    for one in opened:
        mine = one.columns.text("lead_id").drop_null()
        name = one.profile.title
        ids[name] = pa.concat_arrays([ids[name], mine]) if name in ids else mine
    problems = []
    for first, second in itertools.combinations(ids, 2):
        both = pc.unique(ids[second].filter(pc.is_in(ids[second], ids[first])))
        if len(both):
            what = f"{len(both):,} ids stand in files of both, such as {blot_id(both[0].as_py())}"
            todo = "give the block of one of them id_prefix, such as crm2-"
            problems.append(Problem(f"{first} and {second}", what, todo=todo))
    return problems


def _read(opened: Opened, settings: Settings, tell: Callable[[str], None]) -> Read:
    found = dated.columns(opened, settings.stage_keys)
    cells = {
        "lead_id": opened.columns.fields["lead_id"],
        "created_at": _empty_words(opened),
        **{name: Cells(values) for name, values in opened.columns.attributes.items()},
    }
    every = np.ones(len(opened), bool)
    leads = part_of(opened, LEADS, cells, every, settings, [*_faults(opened), *dated.faults(found)])
    leads.rejected += ragged_unseen(LEADS, opened.sheet)
    usable = np.zeros(len(opened), bool)
    usable[leads.positions] = True
    ids = opened.columns.text("lead_id")
    entries = dated.entries(opened, found, ids, dated.as_times(opened.at("created_at")), tell)
    return Read(opened, leads, usable, entries[usable[entries["place"].to_numpy(np.int64)]])


def _empty_words(opened: Opened) -> Cells:
    words = (*opened.profile.open_words, *opened.rules.open_words, *opened.rules.empty)
    return clean.without_words(opened.columns.fields["created_at"], words)


def _faults(opened: Opened) -> list[Fault]:
    """Find the rows that cannot be used: spoilt ids, leads that stand twice."""
    columns = opened.columns
    ids = columns.text("lead_id")
    rows = {f"field {name}": columns.text(name) for name in columns.fields}
    rows |= {f"attribute {name}": values for name, values in columns.attributes.items()}
    rows |= {
        f"stage {key} {n}": c.text() for key, several in columns.stages.items() for n, c in enumerate(several)
    }
    table = pa.table({"lead_id": rows.pop("field lead_id"), **rows})
    places = np.flatnonzero(ids.is_valid().to_numpy(zero_copy_only=False))
    copies, other = np.zeros(len(ids), bool), np.zeros(len(ids), bool)
    for found in duplicates.find(table.take(pa.array(places)), LEADS):
        (copies if found.exact else other)[places[found.place]] = True
    return [
        *doubtful(ids, opened.changed_ids),
        Fault("lead_id", copies, lambda _: "exact duplicate of another row"),
        Fault(
            "lead_id",
            other,
            lambda _: (
                "it stands in several rows with other content, so that none of them is used; if they are the "
                "products of one deal, set product_rows: add"
            ),
        ),
    ]


def _brought(
    files: Sequence[Read], settings: Settings, known: Known | None, tell: Callable[[str], None]
) -> parts.Brought:
    """Put the files together: of a lead in several, the newest says its attributes and payments."""
    rules = files[0].opened.rules
    known = known or Known(_no_entries(), pa.array([], pa.string()))
    brought = parts.Brought()
    later: pa.Array = pa.array([], pa.string())  # ids that a later file has too
    own: list[pa.Array] = []
    payments: list[parts.Part] = []
    for file in reversed(files):
        opened, ids = file.opened, file.leads.good["lead_id"].combine_chunks()
        superseded = pc.is_in(ids, later).fill_null(False)
        of_file = pc.is_in(known.entries["lead_id"], opened.columns.text("lead_id").drop_null())
        newest = pc.max(known.entries.filter(of_file)["entered_at"]).as_py() or NEVER
        if rules.key == "exports" and newest.date() > opened.seen_at.date():
            where = opened.sheet.where
            tell(f"{where}: older than what is known; leads known already keep their attributes")
            superseded = pc.or_(superseded, pc.is_in(ids, known.leads).fill_null(False))
        later = pa.concat_arrays([later, ids])
        keep = ~superseded.to_numpy(zero_copy_only=False)
        file.leads.good = file.leads.good.filter(pa.array(keep))
        file.leads.positions = file.leads.positions[keep]
        own.append(file.leads.good["lead_id"].combine_chunks())
        made = payments_of(file.opened, file.leads.positions, settings)
        payments += [made] if made is not None else []
    brought.parts = [*(file.leads for file in files), *_entries(files, known, settings), *reversed(payments)]
    whole = pa.table({"lead_id": pa.concat_arrays(own)})
    if payments:
        brought.replaces["payments"] = whole
    if rules.keeps == "first":
        brought.replaces["stage_entries"] = whole
    else:
        brought.additions.add("stage_entries")
    return brought


def _no_entries() -> pa.Table:
    schema = pa.schema([("lead_id", pa.string()), ("stage", pa.string()), ("entered_at", INSTANT)])
    return schema.empty_table()


def _entries(files: Sequence[Read], known: Known, settings: Settings) -> list[parts.Part]:
    """Return the entries of each file: those it dates itself, and what differs from what was known before."""
    snapshots = [history.Snapshot(one.opened.seen_at, _leads_now(one, settings), one.dated) for one in files]
    before = known.entries.select(list(history.ENTRY_COLUMNS)).to_pandas()
    found = history.entries(snapshots, before, frozenset(known.leads.to_pylist()), settings.stage_keys)
    made = []
    for file, frame in zip(files, found, strict=True):
        both = pd.concat([part for part in (file.dated, frame) if len(part)] or [frame], ignore_index=True)
        both = both.sort_values("place", kind="stable", ignore_index=True)
        made_of = {
            name: Cells(pa.array(both[name], STAGE_ENTRIES.column(name).arrow, from_pandas=True))
            for name in (column.name for column in STAGE_ENTRIES.columns)
        }
        rows = file.opened.columns.rows[both["place"].to_numpy(np.int64)]
        sheet = Sheet(file.opened.sheet.where, tuple(made_of), tuple(made_of.values()), rows)
        made.append(parts.make(STAGE_ENTRIES, sheet, made_of, settings))
    return made


def _leads_now(file: Read, settings: Settings) -> pd.DataFrame:
    """Return where the leads of a file stand; see `history.Snapshot`. A wide sheet's dates say all of it."""
    opened = file.opened
    size = len(opened)
    none = pa.nulls(size, pa.string())
    states = opened.rules.key == "exports" or bool(opened.rules.pipelines)
    changed = opened.times.get("stage_changed_at")
    frame = pa.table(
        {
            "lead_id": opened.columns.text("lead_id"),
            "stage": opened.state(settings.stage_keys[-1]) if states else none,
            "stood": opened.stands if states else none,
            "created_at": opened.at("created_at"),
            "updated_at": opened.at("updated_at"),
            "changed_at": opened.at("stage_changed_at"),
            "changed_day": pa.array(changed.day_only if changed else np.zeros(size, bool)),
            "closed_at": opened.closed,
            "closed_day": pa.array(_closed_day(opened)),
            "reason": opened.reason,
        }
    ).to_pandas()
    now: pd.DataFrame = frame[file.usable]
    return now


def _closed_day(opened: Opened) -> Mask:
    """Say which dates of closing are of a day only."""
    result = np.zeros(len(opened), bool)
    ends: tuple[ColumnField, ...] = ("closed", "won", "lost")
    for name in ends:
        if name in opened.times:
            times = opened.times[name]
            same = pc.equal(times.values, opened.closed).fill_null(False).to_numpy(zero_copy_only=False)
            result |= same & times.day_only
    return result
