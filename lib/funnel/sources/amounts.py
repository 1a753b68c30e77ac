"""Amounts: text or typed cells to decimals with two places, never through floating point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from funnel.schema import MONEY
from funnel.sources.tabular import NUMBER, Cells, Mask

READABLE = "1234.56, 1234,56, 1 234,56, 1,234.56 or (1,234.56)"
_SPACES = "[ \u00a0\u2009\u202f'\u2019]"
_SHAPES = (
    rf"^[+-]?(?:\d+|\d{{1,3}}(?:{_SPACES}\d{{3}})+)(?:[.,]\d+)?$",  # 1234  1234.5  1 234,56
    r"^[+-]?\d{1,3}(?:,\d{3})+\.\d+$|^[+-]?\d{1,3}(?:,\d{3}){2,}$"  # 1,234.56  1,234,567
    r"|^[+-]?\d{1,2}(?:,\d{2})+,\d{3}\.\d+$",  # 12,34,567.00, as in India
    r"^[+-]?\d{1,3}(?:\.\d{3})+,\d+$|^[+-]?\d{1,3}(?:\.\d{3}){2,}$",  # 1.234,56  1.234.567
)
_NOTHING = r"^-?\d(?:\.\d+)?[eE]-(?:0?[5-9]|[1-9]\d+)$"  # what is left of 0.3 - 0.1 - 0.2 in floating point
_AMBIGUOUS = r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$"  # 1,234: a thousand and more, or one and a bit?
_POINT = (
    r"\.(?:\d{1,2}|\d{4,})$|^[+-]?\d{1,3}(?:,\d{3})+\.\d+$|^[+-]?\d{1,3}(?:,\d{3}){2,}$"  # a decimal point
)
_COMMA = rf"^[+-]?\d{{1,3}}(?:{_SPACES}\d{{3}})+,\d+$|" + (
    r",(?:\d{1,2}|\d{4,})$|^[+-]?\d{1,3}(?:\.\d{3})+,\d+$|^[+-]?\d{1,3}(?:\.\d{3}){2,}$"
)


@dataclass(frozen=True, slots=True)
class Amounts:
    """A column of amounts: `values` (`MONEY`, null where unusable), and why which cells cannot be used."""

    values: pa.Array
    unreadable: Mask
    ambiguous: Mask


def read_amounts(cells: Cells, decimal: str | None = None) -> Amounts:
    """Read a column of amounts; more than two decimals are rounded half away from zero.

    Where a separator may mean thousands or decimals (1,234), the other amounts of the column tell, if all
    that have cents have them behind the other separator; or `decimal`, which says what stands before the
    cents.

    >>> got = read_amounts(Cells(pa.array(["1 234,565", "-0.5", "1,234", "12 rub", "(1,000.00)"])))
    >>> [str(value) for value in got.values.to_pylist()]
    ['1234.57', '-0.50', 'None', 'None', '-1000.00']
    >>> got.unreadable.tolist(), got.ambiguous.tolist()
    ([False, False, False, True, False], [False, False, True, False, False])
    >>> [str(value) for value in read_amounts(Cells(pa.array(["1,234", "9.50"]))).values.to_pylist()]
    ['1234.00', '9.50']
    """
    kind = cells.values.type
    if pa.types.is_decimal(kind) and kind.precision <= MONEY.precision and kind.scale == MONEY.scale:
        nothing = np.zeros(len(cells.values), bool)
        return Amounts(cells.values.cast(MONEY), nothing, nothing)
    texts = pc.replace_substring(cells.text(), "\u2212", "-")
    texts = pc.replace_substring_regex(texts, _NOTHING, "0")
    texts = pc.replace_substring_regex(texts, r"^\(([^()+-]+)\)$|^([^()+-]+)-$", r"-\1\2")
    typed = cells.are(NUMBER) | (not pa.types.is_string(kind))
    open_ = _mask(pc.match_substring_regex(texts, _AMBIGUOUS)) & ~typed
    point, comma = (_mask(pc.match_substring_regex(texts, shape)) & ~typed for shape in (_POINT, _COMMA))
    settled = np.full(len(texts), decimal is not None)
    if decimal is None and point.any() != comma.any():
        decimal = "." if point.any() else ","  # then the other sign means thousands
        settled = _mask(pc.match_substring(texts, "," if decimal == "." else "."))
    ones, *grouped = (pc.match_substring_regex(texts, shape) for shape in _SHAPES)
    plain = pc.replace_substring_regex(texts, f"{_SPACES}|^[+]", "")
    commas_group, dots_group = grouped
    if decimal:
        thousands = pa.array(open_ & _mask(pc.match_substring(texts, "," if decimal == "." else ".")))
        commas_group, dots_group = (
            pc.or_(group, thousands) if mark == decimal else group
            for group, mark in ((commas_group, "."), (dots_group, ","))
        )
    plain = pc.if_else(commas_group, pc.replace_substring(plain, ",", ""), plain)
    plain = pc.if_else(dots_group, pc.replace_substring(plain, ".", ""), plain)
    plain = pc.replace_substring(plain, ",", ".")
    # Rounding half away from zero looks at the third decimal only.
    parts = pc.extract_regex(plain, r"^(?P<whole>-?\d{1,15})(?:\.(?P<cents>\d{1,3})\d*)?$")
    shaped = pc.or_(ones, pc.or_(commas_group, dots_group))
    ambiguous = open_ & ~settled
    good = _mask(pc.and_(shaped, parts.is_valid()))
    whole, cents = parts.field("whole"), parts.field("cents")
    usable = pc.if_else(pa.array(good & ~ambiguous), pc.binary_join_element_wise(whole, cents, "."), None)
    exact = pc.replace_substring_regex(usable, r"\.$", "").cast(pa.decimal128(18, 3))
    values = pc.round(exact, 2, round_mode="half_towards_infinity").cast(MONEY)
    return Amounts(values, _mask(texts.is_valid()) & ~good & ~ambiguous, ambiguous)


def has_open(cells: Cells) -> bool:
    """Tell whether there is an amount such as 1,234, of which other amounts of its column tell what it is."""
    plain = pc.replace_substring(cells.text(), "\u2212", "-")
    return bool(
        pc.any(
            pc.match_substring_regex(plain, _AMBIGUOUS.replace("^", r"^\(?").replace("$", r"[)-]?$"))
        ).as_py()
    )


def _mask(values: pa.Array) -> Mask:
    mask: Mask = pc.fill_null(values, False).to_numpy(zero_copy_only=False)
    return mask
