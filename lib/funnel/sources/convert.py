"""Cells to the canonical columns of `funnel.schema`, a whole column at once, with what cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from funnel.errors import nearest
from funnel.schema import Column, TableName
from funnel.settings import LOST, Settings
from funnel.sources import instants, money
from funnel.sources.tabular import DATE, NUMBER, Cells, Mask

_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"  # tab and line breaks are text
_LOST_DIGITS = r"\d{16}|[.eE]"
_UNKNOWN = "unknown"  # a choice that has this word means it where nothing is given


@dataclass(frozen=True, slots=True)
class Fault:
    """Cells of one column that cannot be used: which rows, and why, given the cell's text."""

    column: str
    mask: Mask
    reason: Callable[[str], str]


def convert(
    cells: Cells, column: Column, table: TableName, settings: Settings
) -> tuple[pa.Array, list[Fault]]:
    """Convert one column; cells that cannot be used are null in it and named by the faults."""
    found: list[tuple[Mask, str | Callable[[str], str]]] = []
    text = cells.text()
    if column.kind in ("instant", "day"):
        read = instants.read_instants(cells, settings.timezone)
        values = read.values
        found = [
            (read.unreadable, f"not a date; readable: {instants.READABLE}"),
            (
                read.ambiguous,
                "can be read as day/month or month/day, and no other date here settles it; "
                "write the dates as 2026-04-03, or set wide.dates for a wide sheet",
            ),
            (read.implausible, "a date before 1970 or after 2199 stands for something else; leave it empty"),
        ]
        if column.kind == "day":
            values = values.cast(pa.date32(), safe=False)
            clock = pc.not_equal(read.values, values.cast(read.values.type))
            found.append((_mask(clock), "a day without a time of day is needed"))
    elif column.kind == "money":
        amounts = money.read_amounts(cells)
        values = amounts.values
        found = [
            (amounts.unreadable, f"not an amount; readable: {money.READABLE}"),
            (amounts.ambiguous, "the separator can mean thousands or decimals; write two decimals"),
        ]
    elif column.kind == "count":
        plain = pc.replace_substring_regex(text, "[ \u00a0\u202f]|[.]0+$", "")
        good = _mask(pc.match_substring_regex(plain, r"^\d{1,15}$"))
        values = pc.if_else(pa.array(good), plain, None).cast(pa.int64())
        found = [(_mask(text.is_valid()) & ~good, "not a whole number from 0 up")]
    else:
        values, found = _text(cells, text, column, table, settings)
    if column.required:
        found.append((_mask(text.is_null()), "it is empty, and every row needs it"))
    if pa.types.is_string(cells.values.type):
        found.append((_mask(pc.match_substring_regex(text, _CONTROL)), "it holds a control character"))
    faults = [
        Fault(column.name, mask, why if callable(why) else _constant(why))
        for mask, why in found
        if mask.any()
    ]
    return values, faults


def _constant(why: str) -> Callable[[str], str]:
    return lambda _: why


def _text(
    cells: Cells, text: pa.Array, column: Column, table: TableName, settings: Settings
) -> tuple[pa.Array, list[tuple[Mask, str | Callable[[str], str]]]]:
    """Convert ids, stages, currencies, choices and attributes."""
    if column.name.endswith("_id"):
        numbers = cells.are(NUMBER) & _mask(pc.match_substring_regex(text, _LOST_DIGITS))
        return text, [
            (
                numbers,
                "the id is stored as a number, and a number keeps 15 digits only: some may be lost; "
                "format the column as text and fill it again from the source",
            ),
            (cells.are(DATE), "the id was turned into a date; format the column as text and fill it again"),
        ]
    if column.choices:
        low = pc.utf8_lower(text)
        low = low.fill_null(_UNKNOWN) if _UNKNOWN in column.choices else low
        allowed = ", ".join(column.choices)
        return low, [(_outside(low, column.choices), lambda _: f"allowed: {allowed}")]
    if table == "stage_entries" and column.name == "stage":
        known = (*settings.stage_keys, LOST)

        def why(stage: str) -> str:
            return f"not a configured stage{nearest(stage, known)}; configured: {', '.join(known)}"

        return text, [(_outside(text, known), why)]
    if table in ("payments", "spend") and column.name == "currency":
        upper = pc.utf8_upper(text)
        currencies = (settings.currency, *settings.rates)
        known_ones = ", ".join(currencies)
        reason = f"a currency without a rate; known: {known_ones}; to do: add it to `rates` in the settings"
        return upper, [(_outside(upper, currencies), reason)]
    return text, []


def _outside(values: pa.Array, allowed: tuple[str, ...]) -> Mask:
    return _mask(pc.and_(values.is_valid(), pc.invert(pc.is_in(values, pa.array(allowed, pa.string())))))


def _mask(values: pa.Array) -> Mask:
    mask: Mask = pc.fill_null(values, False).to_numpy(zero_copy_only=False)
    return mask


def absent(column: Column, rows: int) -> pa.Array:
    """Return the values of an optional column the file does not have."""
    values = pa.nulls(rows, column.arrow)
    return values.fill_null(_UNKNOWN) if _UNKNOWN in column.choices else values
