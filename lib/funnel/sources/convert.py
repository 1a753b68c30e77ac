"""Cells to the canonical columns of `funnel.schema`, a whole column at once, with what cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from funnel.errors import nearest
from funnel.schema import Column, TableName
from funnel.settings import LOST, Settings
from funnel.sources import amounts as money
from funnel.sources import instants
from funnel.sources.clean import blotted
from funnel.sources.tabular import DATE, NUMBER, Cells, Mask

CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"  # tab and line breaks are text
REPLACED = "\ufffd"  # stands for what could not be decoded, or be printed
_ROUNDED = r"^\d+[.,]\d+[eE]\+?\d{1,3}$|^\d+[eE]\+\d{1,3}$"  # 5.80503E+18: how Excel writes an id
_LONGEST = 128
_UNKNOWN = "unknown"  # a choice that has this word means it where nothing is given


@dataclass(frozen=True, slots=True)
class Fault:
    """Cells of one column that cannot be used: which rows, and why, given the cell's text."""

    column: str
    mask: Mask
    reason: Callable[[str], str]


def convert(
    cells: Cells,
    column: Column,
    table: TableName,
    settings: Settings,
    writing: instants.Writing | None = None,
) -> tuple[pa.Array, list[Fault]]:
    """Convert one column; cells that cannot be used are null in it and named by the faults.

    Args:
        cells: as they stand.
        column: what they are to be.
        table: of which table.
        settings: time zone, stages, currencies.
        writing: how the file writes dates and amounts.
    """
    writing = writing or instants.Writing()
    found: list[tuple[Mask, str | Callable[[str], str]]] = []
    text = cells.text()
    if column.kind in ("instant", "day"):
        read = instants.read_instants(cells, settings.timezone, writing)
        values = read.values
        found = [*read.reasons(writing.key)]
        if column.kind == "day":
            values = values.cast(pa.date32(), safe=False)
            clock = pc.not_equal(read.values, values.cast(read.values.type))
            found.append((_mask(clock), "a day without a time of day is needed"))
    elif column.kind == "money":
        amounts = money.read_amounts(cells, writing.rules.decimal)
        values = amounts.values
        found = [
            (amounts.unreadable, f"not an amount; readable: {money.READABLE}"),
            (
                amounts.ambiguous,
                "the separator can mean thousands or decimals; write two decimals, or set "
                f"{writing.key}.decimal",
            ),
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
    if pa.types.is_string(cells.values.type) and not is_free(column, table):
        found.append((_mask(pc.match_substring_regex(text, CONTROL)), "it holds a control character"))
    faults = [
        Fault(column.name, mask, why if callable(why) else _constant(why))
        for mask, why in found
        if mask.any()
    ]
    return values, faults


def is_settled(cells: Cells, column: Column, writing: instants.Writing) -> bool:
    """Tell whether cells can be read by themselves: no other cell of their column tells what they mean."""
    if not pa.types.is_string(cells.values.type):
        return True
    if column.kind in ("instant", "day"):
        return bool(writing.rules.dates) or instants.begin_with_year(cells)
    return column.kind != "money" or writing.rules.decimal is not None or not money.has_open(cells)


def is_free(column: Column, table: TableName) -> bool:
    """Whether a column is text that nothing is found by: what cannot be printed in it is replaced."""
    return column.kind == "text" and (
        (table == "leads" and not column.name.endswith("_id")) or column.name == "reason"
    )


def unprintable(values: pa.Array) -> int:
    """Count the cells in which something was, or is to be, replaced."""
    return int(pc.sum(pc.match_substring_regex(values, f"{CONTROL}|{REPLACED}")).as_py() or 0)


def _constant(why: str) -> Callable[[str], str]:
    return lambda _: why


def _text(
    cells: Cells, text: pa.Array, column: Column, table: TableName, settings: Settings
) -> tuple[pa.Array, list[tuple[Mask, str | Callable[[str], str]]]]:
    """Convert ids, stages, currencies, choices and attributes."""
    if column.name.endswith("_id"):
        return text, id_faults(cells, text)
    if is_free(column, table):
        odd = pc.any(pc.match_substring_regex(text, CONTROL)).as_py()
        plain = pc.replace_substring_regex(text, CONTROL, REPLACED) if odd else text
        return plain if column.name in settings.personal else blotted(plain), []
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
        reason = (
            f"a currency without a rate; known: {', '.join(currencies)}; to do: add it to `rates`, or mend "
            f"`currency: {settings.currency}`, in funnel.yml"
        )
        return upper, [(_outside(upper, currencies), reason)]
    return text if column.choices else blotted(text), []


def id_faults(cells: Cells, text: pa.Array) -> list[tuple[Mask, str | Callable[[str], str]]]:
    """Say which ids cannot be the ones that were written: several ids would become one."""
    long_ = _mask(pc.match_substring_regex(text, r"^\d{16,}$"))
    digits = pc.replace_substring_regex(text, r"0+$", "")
    kept = _mask(pc.less_equal(pc.utf8_length(digits), 15))  # what a spreadsheet keeps of a longer number
    rounded = _mask(pc.match_substring_regex(text, _ROUNDED))
    broken = cells.are(NUMBER) & (_mask(pc.match_substring_regex(text, r"[.eE]")) | (long_ & kept))
    return [
        (
            rounded | broken,
            "the id is stored as a number, and a number keeps 15 digits only: some may be lost; format the "
            "column as text and fill it again from the source, or import the file as the CRM wrote it, "
            "without opening it in a spreadsheet",
        ),
        (cells.are(DATE), "the id was turned into a date; format the column as text and fill it again"),
        (
            _mask(pc.match_substring(text, REPLACED)),
            "a character of the id could not be read; save the file as UTF-8",
        ),
        (
            _mask(pc.greater(pc.utf8_length(text), _LONGEST)),
            f"it is longer than {_LONGEST} characters: that is no id",
        ),
    ]


def _outside(values: pa.Array, allowed: tuple[str, ...]) -> Mask:
    return _mask(pc.and_(values.is_valid(), pc.invert(pc.is_in(values, pa.array(allowed, pa.string())))))


def _mask(values: pa.Array) -> Mask:
    mask: Mask = pc.fill_null(values, False).to_numpy(zero_copy_only=False)
    return mask


def absent(column: Column, rows: int) -> pa.Array:
    """Return the values of an optional column the file does not have."""
    values = pa.nulls(rows, column.arrow)
    return values.fill_null(_UNKNOWN) if _UNKNOWN in column.choices else values
