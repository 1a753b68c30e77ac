"""The wide sheet: one row for each lead, and a column of dates for each stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from funnel.errors import InputError, Problem, nearest
from funnel.schema import LEADS, PAYMENTS, STAGE_ENTRIES
from funnel.settings import LOST, Settings
from funnel.settings_sources import Wide
from funnel.sources import duplicates, parts
from funnel.sources.cells import blotted, coalesced, dated, order_problem, without_words
from funnel.sources.convert import Fault
from funnel.sources.csv_file import read_csv
from funnel.sources.findings import Finding
from funnel.sources.header_text import normal
from funnel.sources.instants import READABLE, Instants, read_instants
from funnel.sources.rejects import ragged_unseen
from funnel.sources.tabular import Cells, Mask, Sheet
from funnel.sources.xlsx_columns import read_columns

_TIME = r"\d:\d\d"


def wanted(rules: Wide) -> dict[str, str]:
    """Return what is read of a wide sheet: a name of our own -> the header."""
    given = {
        "lead_id": rules.lead_id,
        "created_at": rules.created_at,
        LOST: rules.lost or rules.closed,
        "reason": rules.lost_reason,
        "paid_at": rules.paid_at,
        "amount": rules.amount,
        **{f"stage {stage}": column for stage, column in rules.stages.items()},
        **{f"attribute {name}": column for name, column in rules.attributes.items()},
    }
    return {name: column for name, column in given.items() if column}


def lay_out(
    header: Sequence[str], rules: Wide, where: str
) -> tuple[dict[str, tuple[int, ...]], list[Finding], list[Problem]]:
    """Find the columns the settings name; several of one name are coalesced."""
    plain = [normal(name) for name in header]
    places: dict[str, tuple[int, ...]] = {}
    findings, problems = [], []
    for name, column in wanted(rules).items():
        found = tuple(place for place, word in enumerate(plain) if word == normal(column))
        places[name] = found
        if not found:
            wrong = f"it has no column {column!r} ({name}){nearest(column, header)}"
            problems.append(Problem(where, wrong, todo="correct the key wide in the settings"))
            findings.append(Finding(where, column, "not recognised", f"{name}{nearest(column, header)}"))
        elif len(found) > 1:
            findings.append(
                Finding(
                    where, column, "ambiguous", f"{name}: the first filled of {len(found)} columns counts"
                )
            )
        else:
            findings.append(Finding(where, column, "recognised", name))
    used = {place for group in places.values() for place in group}
    findings += [
        Finding(where, name.strip(), "not used", "not named in the key wide")
        for place, name in enumerate(header)
        if place not in used
    ]
    return places, findings, problems


def read_wide(
    files: Sequence[tuple[Path, str]], settings: Settings, tell: Callable[[str], None]
) -> parts.Brought:
    """Read wide sheets by the key `wide` of the settings.

    Args:
        files: paths, with the sheet's name of a workbook ('' for CSV).
        settings: `wide`, stages, time zone.
        tell: is told what the user should know.

    Raises:
        InputError: a file cannot be used, or lacks a column; all problems at once.
    """
    brought = parts.Brought()
    problems: list[Problem] = []
    for path, sheet in files:
        tell(f"Reading {path}")
        try:
            brought.parts += _one(path, sheet, settings, tell)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError("The wide sheets cannot be used; nothing was imported.", problems)
    ids = [part.good.column("lead_id").combine_chunks() for part in brought.parts if part.table is LEADS]
    whole = pa.table({"lead_id": pa.concat_arrays(ids)})
    if settings.wide and settings.wide.amount:
        brought.replaces["payments"] = whole
    if settings.wide and settings.wide.keeps == "first":
        brought.replaces["stage_entries"] = whole
    else:
        brought.additions.add("stage_entries")
    return brought


def _one(path: Path, sheet_name: str, settings: Settings, tell: Callable[[str], None]) -> list[parts.Part]:
    rules = settings.wide
    if rules is None:
        raise InputError(
            "", [Problem(str(path), "the settings have no key wide", todo="say what its columns mean")]
        )
    where = f"{path}, sheet {sheet_name}" if sheet_name else str(path)
    laid: list[tuple[dict[str, tuple[int, ...]], list[Problem]]] = []

    def choose(header: tuple[str, ...]) -> Sequence[int]:
        places, _, wrong = lay_out(header, rules, where)
        laid.append((places, wrong))
        return sorted({place for group in places.values() for place in group})

    sheet = read_columns(path, sheet_name, choose) if sheet_name else read_csv(path, choose)
    places, problems = laid[0]
    if problems:
        raise InputError("", problems)
    if sheet.notice:
        tell(f"{where}: {sheet.notice}")
    used = sorted({place for group in places.values() for place in group})
    cells = {name: coalesced(sheet, used, group) for name, group in places.items()}
    for name in cells:
        if name in ("created_at", LOST, "paid_at") or name.startswith("stage "):
            cells[name] = without_words(cells[name], rules.empty)
            if rules.dates:
                problems += order_problem(cells[name], rules.dates, f"{where}, {name}", "wide.dates")
            cells[name] = dated(cells[name], rules.dates)
    if problems:
        raise InputError("", problems)
    return _parts(_Rows(sheet, cells, rules, settings), tell)


class _Rows:
    """The rows of a sheet: their cells, and the dates among them."""

    def __init__(self, sheet: Sheet, cells: dict[str, Cells], rules: Wide, settings: Settings) -> None:
        self.sheet, self.cells, self.rules, self.settings = sheet, cells, rules, settings
        self.size = len(sheet.rows)
        self.reason = (
            blotted(cells["reason"].text()) if "reason" in cells else pa.nulls(self.size, pa.string())
        )
        self.created = _times(read_instants(cells["created_at"], settings.timezone))
        self.faults: list[Fault] = []
        self.columns = self._stage_columns()

    def _stage_columns(self) -> list[tuple[str, str, Mask]]:
        """Return stage, name of its cells, and which rows it is about, in the order of the funnel."""
        everyone = np.ones(self.size, bool)
        keys = [key for key in self.settings.stage_keys if key in self.rules.stages]
        columns = [(key, f"stage {key}", everyone) for key in keys]
        if LOST in self.cells:
            has_reason = self.reason.is_valid().to_numpy(zero_copy_only=False)
            lost = has_reason if self.rules.closed else everyone
            if self.rules.closed and self.settings.stage_keys[-1] not in keys:
                columns.append((self.settings.stage_keys[-1], LOST, ~lost))
            columns.append((LOST, LOST, lost))
        return columns

    def dates(self, name: str, stage: str, about: Mask) -> tuple[pd.Series, Mask]:
        """Return the dates of a column, and which are of a day only; what cannot be read is a fault."""
        read = read_instants(self.cells[name], self.settings.timezone)
        text = self.cells[name].text()
        for mask, why in (
            (read.unreadable, f"not a date; readable: {READABLE}"),
            (read.ambiguous, "day/month or month/day: set wide.dates to day-first or month-first"),
            (read.implausible, "a date before 1970 or after 2199 stands for something else"),
        ):
            if (mask & about).any():
                self.faults.append(
                    Fault("created_at", mask & about, _says(f"the date of {stage} cannot be read: {why}"))
                )
        clock = pc.match_substring_regex(text, _TIME).fill_null(False).to_numpy(zero_copy_only=False)
        return _times(read), ~clock


def _says(why: str) -> Callable[[str], str]:
    return lambda _: why


def _times(read: Instants) -> pd.Series:
    return pd.Series(read.values.to_numpy(zero_copy_only=False).astype("datetime64[us]"))


def _parts(rows: _Rows, tell: Callable[[str], None]) -> list[parts.Part]:
    """Make leads, stage entries and payments of the rows."""
    rules, settings = rows.rules, rows.settings
    entries = _entries(rows, tell)
    ids = rows.cells["lead_id"].text()
    columns = {
        "lead_id": rows.cells["lead_id"],
        "created_at": rows.cells["created_at"],
        **{
            name: Cells(values if name in rules.personal else blotted(values))
            for name in rules.attributes
            for values in (rows.cells[f"attribute {name}"].text(),)
        },
    }
    everything = pa.table({name: cells.text() for name, cells in rows.cells.items()})
    copies, other = np.zeros(rows.size, bool), np.zeros(rows.size, bool)
    filled = np.flatnonzero(ids.is_valid().to_numpy(zero_copy_only=False))
    for found in duplicates.find(everything.take(pa.array(filled)), LEADS):
        (copies if found.exact else other)[filled[found.place]] = True
    telling = pc.not_equal(blotted(ids), ids).fill_null(False).to_numpy(zero_copy_only=False)
    faults = [
        Fault(
            "lead_id",
            telling,
            _says("it is a telephone number or an address; give leads a number of your own"),
        ),
        Fault("lead_id", copies, _says("exact duplicate of another row")),
        Fault("lead_id", other, _says("it stands in several rows with other content, so none is used")),
        *rows.faults,
    ]
    shown = tuple(Cells(blotted(cells.text()), cells.kinds) for cells in columns.values())
    sheet = Sheet(rows.sheet.where, tuple(columns), shown, rows.sheet.rows)
    leads = parts.make(LEADS, sheet, columns, settings, faults)
    leads.rejected += ragged_unseen(LEADS, rows.sheet)
    good = np.zeros(rows.size, bool)
    good[leads.positions] = True
    kept = entries[good[entries["place"].to_numpy(np.int64)]]
    made = {
        column.name: Cells(pa.array(kept[column.name], column.arrow, from_pandas=True))
        for column in STAGE_ENTRIES.columns
    }
    numbers = rows.sheet.rows[kept["place"].to_numpy(np.int64)]
    stages = Sheet(rows.sheet.where, tuple(made), tuple(made.values()), numbers)
    result = [leads, parts.make(STAGE_ENTRIES, stages, made, settings)]
    if rules.amount:
        paid = good.copy()  # a budget without a day of payment is no payment yet
        for name in ("paid_at", "amount"):
            paid &= rows.cells[name].text().is_valid().to_numpy(zero_copy_only=False)
        money = {name: _some(rows.cells[name], paid) for name in ("lead_id", "paid_at", "amount")}
        sheet = Sheet(rows.sheet.where, tuple(money), tuple(money.values()), rows.sheet.rows[paid])
        result.append(parts.make(PAYMENTS, sheet, money, settings))
    return result


def _some(cells: Cells, mask: Mask) -> Cells:
    return Cells(cells.text().filter(pa.array(mask)), None if cells.kinds is None else cells.kinds[mask])


def _entries(rows: _Rows, tell: Callable[[str], None]) -> pd.DataFrame:
    """Unpivot the date columns, in the funnel's order.

    A date without a time of day says nothing about the order within its day, so that it is moved behind the
    creation and the earlier stages of that day; dates of other days stay as they are, also where they are
    out of order.
    """
    latest = rows.created.copy()
    frames = []
    for stage, name, about in rows.columns:
        times, day_only = rows.dates(name, stage, about)
        times = times.where(about)
        same_day = day_only & (latest.dt.normalize() == times.dt.normalize()).to_numpy()
        times = times.mask(same_day & (latest > times).to_numpy(), latest)
        latest = latest.where(times.isna() | (latest > times), times)
        there = np.flatnonzero(times.notna().to_numpy())
        frames.append(
            pd.DataFrame(
                {
                    "place": there,
                    "lead_id": rows.cells["lead_id"].text().take(pa.array(there)).to_pandas(),
                    "stage": stage,
                    "entered_at": times.iloc[there].to_numpy(),
                    "reason": rows.reason.take(pa.array(there)).to_pandas() if stage == LOST else None,
                    "precision": np.where(day_only[there], "day", "second"),
                    "origin": "wide",
                }
            )
        )
    entries = pd.concat(frames, ignore_index=True).sort_values("place", kind="stable", ignore_index=True)
    early = int((entries["entered_at"] < rows.created.iloc[entries["place"]].to_numpy()).sum())
    if early:
        tell(
            f"{rows.sheet.where}: {early} stage dates lie before the lead was created; "
            "they count as of its creation"
        )
    return entries.drop_duplicates(["lead_id", "stage", "entered_at"], ignore_index=True)
