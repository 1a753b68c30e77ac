"""A relative change as people write it: `+20%`, `-0.1`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo

TYPED = "typed"
"""The context in which a model is made of what a person wrote, not of what a program kept."""
ALLOWED = "more than -100% and at most 1000%, such as 20% for +20 % (or 0.2)"
_WRITTEN = re.compile(r"([+\-\u2212]?)(\d+(?:[.,]\d+)?)\s*(%?)")


def read_change(text: str) -> float:
    """Return a relative change, 0.2 for +20 %.

    Raises:
        ValueError: it is none, it is out of range, or it is a bare number above 1, which most likely
            means per cent.

    >>> read_change("+20%"), read_change("20 %"), read_change("0.2"), read_change("-10,5%")
    (0.2, 0.2, 0.2, -0.105)
    >>> read_change("20")
    Traceback (most recent call last):
    ValueError: '20' is +2000 %; allowed: more than -100% and at most 1000%, such as 20% for +20 % (or 0.2)
    """
    written = _WRITTEN.fullmatch(text.strip())
    if not written:
        raise ValueError(f"{text!r} is no change; allowed: {ALLOWED}")
    sign, digits, per_cent = written.groups()
    size = float(digits.replace(",", ".")) * (-1 if sign in ("-", "\u2212") else 1)
    size = round(size / 100, 12) if per_cent else size
    if not per_cent and 1 < size <= 10:
        raise ValueError(f"{text!r} may be {size:+g} % or {size:+.0%}; to do: write {size:g}% or {size:.0%}")
    if not -1 < size <= 10:
        raise ValueError(f"{text!r} is {size * 100:+.10g} %; allowed: {ALLOWED}")
    return size


def _typed(value: object, info: ValidationInfo) -> object:
    """Read what a person wrote; what a program kept is a number and was judged when it was written."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(value, str) or (number and info.context == TYPED):
        return read_change(str(value))
    return value


Change = Annotated[float, Field(gt=-1, le=1000, allow_inf_nan=False), BeforeValidator(_typed)]
