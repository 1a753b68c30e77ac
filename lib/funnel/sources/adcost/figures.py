"""The cells of an ad-cost file as days, cents and counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from funnel.errors import InputError, Problem
from funnel.settings import Settings
from funnel.settings_files import FileRules
from funnel.settings_sources import AdFile
from funnel.sources.adcost.platforms import Field, Header
from funnel.sources.amounts import read_amounts
from funnel.sources.instants import Writing, read_instants
from funnel.sources.tabular import Cells, Mask

Rows = list[tuple[int, Sequence[str]]]
_PERIOD = re.compile(r"^(\S+?)(?:\s+-\s+|\s*[–—]\s*)(\S+)$")
_MICRO = Decimal(1_000_000)
_SUSPECT = 10_000  # a cost of a cent is ten thousand millionths


@dataclass(frozen=True, slots=True)
class AdCostFile:
    """A file with its header found: its rows with their numbers, and what the settings say of it."""

    where: str
    name: str
    header: Header
    width: int
    rows: Rows
    rules: AdFile


def column(file: AdCostFile, place: int) -> pa.Array:
    """Return a column as text; dashes that stand for nothing are empty."""
    cells = [row[place].strip() if place < len(row) else "" for _, row in file.rows]
    return pa.array(["" if cell in ("--", "—", " --") else cell for cell in cells], pa.string())


def periods(text: dict[Field, Cells]) -> tuple[Cells, Cells]:
    """Return first and last day as text: of two columns, or of one with `01.03.2026 - 07.03.2026`."""
    dates = text["date"].values.to_pylist()
    found = [_PERIOD.match(cell) for cell in dates]
    starts = pa.array(
        [match[1] if match else cell for match, cell in zip(found, dates, strict=True)], pa.string()
    )
    own_ends = text["end"].values.to_pylist() if "end" in text else dates
    ends = pa.array(
        [match[2] if match else cell for match, cell in zip(found, own_ends, strict=True)], pa.string()
    )
    return Cells(starts), Cells(ends)


def days(cells: Cells, file: AdCostFile, settings: Settings) -> pd.Series:
    """Return days (datetime64), empty where a cell is none.

    Raises:
        InputError: dates that can be read two ways, or do not fit the order that was set.
    """
    key = f"ad_costs.{file.name}"
    read = read_instants(cells, settings.timezone, Writing(FileRules(dates=file.rules.dates), key))
    if problems := read.problems(file.where, key):
        raise InputError("", problems)
    return pd.Series(read.values.to_numpy(zero_copy_only=False).astype("datetime64[us]")).dt.normalize()


def cost(text: dict[Field, Cells], file: AdCostFile) -> tuple[pd.Series, Mask]:
    """Return the costs in cents, and which cannot be read."""
    micros = "cost" not in text or bool(file.rules.micros)
    cells = text["micros" if "cost" not in text else "cost"]
    values = cells.text()
    if not micros:
        read = read_amounts(Cells(values, cells.kinds))
        amounts = [None if amount is None else int(amount * 100) for amount in read.values.to_pylist()]
        whole = [amount // 100 for amount in amounts if amount]
        if file.rules.micros is None and whole and file.header.platform in ("yandex", "google"):
            plain = pc.all(pc.match_substring_regex(values.drop_null(), r"^\d+$")).as_py()
            if plain and all(amount % _SUSPECT == 0 for amount in whole):
                what = "its costs look like millionths, as the report API gives them unless told otherwise"
                todo = "set micros: true (or false, if they are not) for this file under ad_costs"
                raise InputError("", [Problem(file.where, what, todo=todo)])
        bad = read.unreadable | read.ambiguous
    else:
        good = (
            pc.match_substring_regex(values, r"^-?\d{1,17}$").fill_null(False).to_numpy(zero_copy_only=False)
        )
        amounts = [
            int((Decimal(cell) / _MICRO * 100).to_integral_value("ROUND_HALF_UP")) if fine else None
            for cell, fine in zip(values.to_pylist(), good, strict=True)
        ]
        bad = ~good & values.is_valid().to_numpy(zero_copy_only=False)
    return pd.Series(amounts, dtype="Int64"), bad


def whole(counts: pa.Array) -> tuple[pd.Series, Mask]:
    """Return whole numbers, and which cells are none; 1 000 and 1,000 are a thousand."""
    plain = pc.replace_substring_regex(counts, "[ \u00a0\u202f]", "")
    grouped = pc.match_substring_regex(plain, r"^\d{1,3}(,\d{3})+$")
    plain = pc.if_else(grouped, pc.replace_substring(plain, ",", ""), plain)
    plain = pc.replace_substring_regex(plain, r"\.0+$", "")
    good = pc.match_substring_regex(plain, r"^\d{1,15}$").fill_null(False)
    numbers = pc.if_else(good, plain, None).cast(pa.int64()).to_pylist()
    wrong = pc.and_(counts.is_valid(), pc.invert(good)).to_numpy(zero_copy_only=False)
    return pd.Series(numbers, dtype="Int64"), wrong
