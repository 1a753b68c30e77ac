"""The forms in which dates are written, and which of their numbers is the month."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from babel import Locale

from funnel.sources.date_words import LANGUAGES
from funnel.sources.tabular import Mask

Ints = npt.NDArray[np.int64]
SERIAL = r"^(?:2[5-9]|[3-9]\d|10\d)\d{3}(?:\.\d+)?$"
"""A spreadsheet's number of a day: 25569 is the first of 1970."""
PIVOT = 70  # of two digits, 70 to 99 are of the last century

_CLOCK = (
    r"(?:(?:T|,?\s+)(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
    r"(?:\s?(?P<ap>[AaPp])\.?[Mm]\.?)?"
    r"\s?(?:(?P<z>Z|UTC|GMT)|(?P<sign>[+-])(?P<oh>\d{2}):?(?P<om>\d{2})?)?)?$"
)
_YEAR = r"(?P<y>\d{4}|\d{2})"


@dataclass(frozen=True, slots=True)
class Form:
    """A form of dates.

    Attributes:
        pattern: a regular expression with the groups a, b (numbers), y, and those of the clock.
        order: `ymd`, where it is certain; `dmy` or `mdy` for a form that was named; `dots` for day first
            unless the column says otherwise; '' where the column must settle it; `name` where the month is
            a word.
    """

    pattern: str
    order: str


FORMS: tuple[Form, ...] = (
    Form(r"^(?P<y>\d{4})-(?P<a>\d{1,2})-(?P<b>\d{1,2})" + _CLOCK, "ymd"),
    Form(r"^(?P<y>\d{4})[/.](?P<a>\d{1,2})[/.](?P<b>\d{1,2})" + _CLOCK, "ymd"),
    Form(r"^(?P<y>(?:19|20)\d{2})(?P<a>[01]\d)(?P<b>[0-3]\d)" + _CLOCK, "ymd"),
    Form(r"^(?P<a>\d{1,2})\.(?P<b>\d{1,2})\." + _YEAR + _CLOCK, "dots"),
    Form(r"^(?P<a>\d{1,2})/(?P<b>\d{1,2})/" + _YEAR + _CLOCK, ""),
    Form(r"^(?P<a>\d{1,2})-(?P<b>\d{1,2})-" + _YEAR + _CLOCK, ""),
    Form(r"^(?P<a>\d{1,2})[\s./-]+(?P<w>\pL{3,})[\s./,-]+" + _YEAR + r"(?:\s?[гр]\.?)?" + _CLOCK, "name"),
    Form(r"^(?P<w>\pL{3,})\.?\s+(?P<a>\d{1,2})(?:st|nd|rd|th)?,?\s+" + _YEAR + _CLOCK, "name"),
)
_TOKENS = {
    "YYYY": r"(?P<y>\d{4})", "YY": r"(?P<y>\d{2})", "MMM": r"(?P<w>\pL{3,})\.?",
    "HH": r"(?P<H>\d{2})", "H": r"(?P<H>\d{1,2})", "hh": r"(?P<H>\d{1,2})", "h": r"(?P<H>\d{1,2})",
    "mm": r"(?P<M>\d{2})", "m": r"(?P<M>\d{1,2})", "ss": r"(?P<S>\d{2})", "s": r"(?P<S>\d{1,2})",
    "A": r"(?P<ap>[AaPp])\.?[Mm]\.?",
}  # fmt: skip
_CLOCK_GROUPS = "HMSf"
_EMPTY = "".join(f"(?P<{name}>)" for name in ("ap", "z", "sign", "oh", "om"))


def form_of(text: str) -> Form:
    """Return a form from the way a person writes it.

    >>> form_of("DD.MM.YYYY HH:mm").order
    'dmy'
    >>> form_of("MM/DD/YY hh:mm A").order
    'mdy'
    """
    first = {"D": text.find("D"), "M": text.find("M"), "Y": text.find("Y")}
    order = "".join(sorted(first, key=first.__getitem__)).lower()
    pattern, rest, numbers = "", text, iter("ab")
    while rest:
        token = next((token for token in _TOKENS if rest.startswith(token)), "")
        part = re.match(r"D{1,2}|M{1,2}", rest)
        if token:
            pattern += _TOKENS[token]
        elif part:
            token = part[0]
            pattern += rf"(?P<{next(numbers, 'c')}>\d{{1,2}})"
        else:
            token = rest[0]
            pattern += r"\s+" if token == " " else re.escape(token)
        rest = rest[len(token) :]
    pattern += "".join(f"(?P<{name}>)" for name in _CLOCK_GROUPS if f"<{name}>" not in pattern)
    pattern += "".join(
        f"(?P<{name}>)" for name in ("ap", "z", "sign", "oh", "om") if f"<{name}>" not in pattern
    )
    return Form(f"^{pattern}$", "name" if "<w>" in pattern else "ymd" if order[0] == "y" else order)


@dataclass(frozen=True, slots=True)
class Order:
    """Years, months and days of dates of one form; which have two readings, and which do not fit the rest."""

    year: Ints
    month: Ints
    day: Ints
    ambiguous: Mask
    contrary: Mask


def order_of(form: Form, fields: dict[str, pa.Array], wanted: str | None) -> Order:
    """Say of dates of one form which number is the month.

    Args:
        form: theirs.
        fields: its groups.
        wanted: `day-first` or `month-first`, where it was set.
    """
    a = _ints(fields["a"])
    year = _ints(fields["y"])
    two = pc.equal(pc.utf8_length(fields["y"]), 2).to_numpy(zero_copy_only=False)
    year = np.where(two, year + np.where(year < PIVOT, 2000, 1900), year)
    nothing = np.zeros(len(a), bool)
    if form.order == "name":
        return Order(year, _months(fields["w"]), a, nothing, nothing)
    b = _ints(fields["b"])
    if form.order in ("ymd", "mdy"):
        return Order(year, a, b, nothing, nothing)
    if form.order == "dmy":
        return Order(year, b, a, nothing, nothing)
    day_first, month_first = ((x >= 13) & (x <= 31) & (y <= 12) for x, y in ((a, b), (b, a)))
    open_ = ~day_first & ~month_first & (a != b) & (np.maximum(a, b) <= 12)
    told = wanted or ("day-first" if form.order == "dots" else None)
    by_day, by_month = bool(day_first.any()), bool(month_first.any())
    if wanted is None and by_month and not by_day:
        told = "month-first"
    elif told is None and by_day and not by_month:
        told = "day-first"
    against = {"day-first": month_first, "month-first": day_first, None: nothing}[told]
    # dates that can only be the other way round: then those that have two readings may be misread silently
    clash = bool(against.any()) and bool(open_.any())
    contrary = (against | open_) if clash else nothing
    ambiguous = open_ if told is None else nothing
    swap = month_first | ((told == "month-first") & ~day_first)
    return Order(year, np.where(swap, a, b), np.where(swap, b, a), ambiguous, contrary & ~ambiguous)


def _months(words: pa.Array) -> Ints:
    """Return the numbers of months by name; 0 for a word that is none."""
    found: Ints = np.array(
        [_NAMES.get(word.casefold().rstrip("."), 0) for word in words.to_pylist()], np.int64
    )
    return found


_SHORT = {"sept": 9, "мая": 5, "янв": 1, "фев": 2, "мар": 3, "апр": 4, "май": 5, "июн": 6, "июл": 7}
_SHORT |= {"авг": 8, "сен": 9, "окт": 10, "ноя": 11, "дек": 12}
"""What a spreadsheet calls months besides."""


def _names() -> dict[str, int]:
    names = {}
    for language in reversed(LANGUAGES):
        months = Locale(language).months
        for context in ("format", "stand-alone"):
            for width in ("abbreviated", "wide"):
                for number, word in months[context][width].items():
                    names[word.casefold().rstrip(".")] = number
    return {**names, **_SHORT}


_NAMES = _names()


def _ints(texts: pa.Array) -> Ints:
    filled: Ints = pc.if_else(pc.equal(texts, ""), "0", texts).cast(pa.int64()).to_numpy()
    return filled
