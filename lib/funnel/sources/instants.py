"""Points in time: text or typed cells to the funnel's local wall clock, a whole column at once."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from funnel.errors import Problem
from funnel.schema import INSTANT
from funnel.settings_files import ORDERS, FileRules
from funnel.sources.date_forms import FORMS, SERIAL, Form, Order, form_of, order_of
from funnel.sources.date_words import bare
from funnel.sources.tabular import NUMBER, Cells, Mask

READABLE = "2026-04-03, 2026-04-03 15:30:00, 2026-04-03T15:30:00+03:00, 03.04.2026 15:30 or 4/13/26 3:30 PM"
Micros = npt.NDArray[np.datetime64]
Ints = npt.NDArray[np.int64]

_FIRST, _END = np.datetime64("1970-01-01", "us"), np.datetime64("2200-01-01", "us")
_EXCEL = np.datetime64("1899-12-30", "us")  # the day that a spreadsheet's count of days begins after


@dataclass(frozen=True, slots=True)
class Writing:
    """How the times of a column are written, and which setting says so.

    Attributes:
        rules: order or forms, and the time zone of times without an offset.
        key: the setting, for messages.
    """

    rules: FileRules = field(default_factory=FileRules)
    key: str = "files"

    @property
    def order(self) -> str | None:
        """The order that was set: `day-first`, `month-first` or None."""
        return next((name for name in self.rules.dates if name in ORDERS), None)

    @property
    def forms(self) -> tuple[Form, ...]:
        """What is tried: the forms that were set, with ISO; else all that are known."""
        own = tuple(form_of(text) for text in self.rules.dates if text not in ORDERS)
        return (FORMS[0], *own) if own else FORMS


@dataclass(frozen=True, slots=True)
class Instants:
    """A column of points in time.

    Attributes:
        values: local wall clock (`INSTANT`); null where a cell is empty or cannot be used.
        unreadable: cells that are no date.
        ambiguous: cells such as 03/04/2026 where nothing in the column says which is the month.
        implausible: dates before 1970 or after 2199, which stand for something else.
        contrary: cells that do not fit the order that was set, or the order of the rest of the column.
        day_only: cells without a time of day.
    """

    values: pa.Array
    unreadable: Mask
    ambiguous: Mask
    implausible: Mask
    contrary: Mask
    day_only: Mask

    def keep(self, mask: Mask) -> Instants:
        """Return some of the rows."""
        masks = (self.unreadable, self.ambiguous, self.implausible, self.contrary, self.day_only)
        return Instants(self.values.filter(pa.array(mask)), *(one[mask] for one in masks))

    def reasons(self, key: str) -> list[tuple[Mask, str]]:
        """Return which cells cannot be used, and why; `key` is the setting that settles what is ambiguous."""
        settle = f"set {key}.dates to day-first or month-first"
        return [
            (self.unreadable, f"not a date; readable: {READABLE}; another form can be named in {key}.dates"),
            (
                self.ambiguous,
                "can be read as day/month or month/day, and no other date of this column settles it; "
                f"write the dates as 2026-04-03, or {settle}",
            ),
            (self.implausible, "a date before 1970 or after 2199 stands for something else; leave it empty"),
            (self.contrary, f"does not fit the order of day and month; {settle}"),
        ]

    def problems(self, where: str, key: str) -> list[Problem]:
        """Say what of the order of day and month stops a file: then other dates may be misread silently."""
        found = []
        for mask, what in (
            (
                self.ambiguous,
                "dates can be read as day/month or month/day, and nothing in the column settles it",
            ),
            (self.contrary, "dates do not fit the order of day and month, so that others may be misread"),
        ):
            if mask.any():
                todo = (
                    f"set {key}.dates to day-first or month-first, or to the form itself, such as DD.MM.YYYY"
                )
                found.append(Problem(where, f"{int(mask.sum()):,} {what}", todo=todo))
        return found


def read_instants(cells: Cells, timezone: str, writing: Writing | None = None) -> Instants:
    """Read a column of points in time; offsets are converted to `timezone`.

    Times without an offset are in the file's own time zone, if `writing` names one, else in `timezone`; dates
    without a time of day are never shifted. Dates that are written alike (with the same separator) have
    one order
    of day and month: the one that was set, else the one that some of them can only have; else those that
        have two
    readings are ambiguous. Points mean day first unless the column or the setting says otherwise.

    >>> texts = pa.array(["2022-09-12T21:30:00Z", "12.09.2022", "03/04/2026", "30.02.2026", "2/3/26 8:55 PM"])
    >>> got = read_instants(Cells(texts), "Europe/Moscow")
    >>> [str(value) for value in got.values.to_pylist()]
    ['2022-09-13 00:30:00', '2022-09-12 00:00:00', 'None', 'None', 'None']
    >>> got.unreadable.tolist(), got.ambiguous.tolist()
    ([False, False, False, True, False], [False, False, True, False, True])
    >>> us = Writing(FileRules(dates="month-first"))
    >>> str(read_instants(Cells(pa.array(["02/03/26 8:55 PM"])), "UTC", us).values[0])
    '2026-02-03 20:55:00'
    """
    writing = writing or Writing()
    kind = cells.values.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _typed(cells.values, timezone, writing)
    encoded = cells.text().dictionary_encode()
    parsed = _parse(bare(encoded.dictionary), timezone, writing)
    numbers = cells.are(NUMBER)
    if numbers.any() and parsed.unreadable.any():
        parsed = _with_serials(parsed, encoded.dictionary)
        serial = pa.array(_is_serial(encoded.dictionary)).take(encoded.indices).fill_null(False)
        lone = serial.to_numpy(zero_copy_only=False) & ~numbers  # a text that only looks like one
    else:
        lone = np.zeros(len(cells.values), bool)
    spread = [
        pa.array(mask).take(encoded.indices).fill_null(False).to_numpy(zero_copy_only=False)
        for mask in (
            parsed.unreadable, parsed.ambiguous, parsed.implausible, parsed.contrary, parsed.day_only
        )
    ]  # fmt: skip
    values = parsed.values.take(encoded.indices)
    if lone.any():
        values = pc.if_else(pa.array(lone), pa.scalar(None, INSTANT), values)
        spread[0] |= lone
    return Instants(values, *spread)


def begin_with_year(cells: Cells) -> bool:
    """Tell whether each text that is there begins with a year, so that its order is known."""
    found = pc.match_substring_regex(cells.text(), r"^\d{4}[-/.\d]")
    return bool(pc.all(found, min_count=0).as_py())


def _typed(values: pa.Array, timezone: str, writing: Writing) -> Instants:
    kind = values.type
    zoned = getattr(kind, "tz", None) is not None
    stamps = values.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False)
    empty = stamps.is_null().to_numpy(zero_copy_only=False)
    micros = stamps.cast(pa.int64()).fill_null(0).to_numpy().astype("datetime64[us]")
    days = np.full(len(micros), pa.types.is_date(kind))
    nothing = np.zeros(len(micros), bool)
    found = Instants(pa.nulls(len(micros), INSTANT), nothing, nothing, nothing, nothing, days)
    return _finish(micros, empty, found, np.full(len(micros), zoned), timezone, writing)


def _parse(texts: pa.Array, timezone: str, writing: Writing) -> Instants:
    """Read distinct texts, none of them null."""
    size = len(texts)
    micros = np.zeros(size, "datetime64[us]")
    valid, ambiguous, contrary, aware, clock = (np.zeros(size, bool) for _ in range(5))
    for form in writing.forms:
        found = pc.extract_regex(texts, form.pattern)
        open_ = found.is_valid().to_numpy(zero_copy_only=False) & ~valid & ~ambiguous & ~contrary
        places = np.flatnonzero(open_)
        if not len(places):
            continue
        part = found.filter(pa.array(open_)).flatten()
        fields = dict(zip((field.name for field in found.type), part, strict=True))
        read = order_of(form, fields, writing.order)
        micros[places], good = _assemble(fields, read)
        ambiguous[places] = good & read.ambiguous
        contrary[places] = good & read.contrary
        valid[places] = good
        if "H" in fields:
            clock[places] = pc.not_equal(fields["H"], "").to_numpy(zero_copy_only=False)
            zone = pc.binary_join_element_wise(fields["z"], fields["sign"], "")
            aware[places] = pc.not_equal(zone, "").to_numpy(zero_copy_only=False)
    nothing = np.zeros(size, bool)
    found_all = Instants(
        pa.nulls(size, INSTANT), ~valid, valid & ambiguous, nothing, valid & contrary & ~ambiguous, ~clock
    )
    return _finish(micros, nothing, found_all, aware, timezone, writing)


def _is_serial(texts: pa.Array) -> Mask:
    mask: Mask = pc.match_substring_regex(texts, SERIAL).to_numpy(zero_copy_only=False)
    return mask


def _with_serials(parsed: Instants, texts: pa.Array) -> Instants:
    """Read numbers of days since 1899-12-30, which a spreadsheet shows as dates."""
    there = _is_serial(texts) & parsed.unreadable
    days = pc.if_else(pa.array(there), texts, "0").cast(pa.float64()).to_numpy()
    seconds = np.round(days * 86_400).astype("timedelta64[s]")
    moments = pa.array((_EXCEL + seconds).astype("datetime64[us]"), INSTANT, mask=~there)
    return Instants(
        pc.coalesce(parsed.values, moments),
        parsed.unreadable & ~there,
        parsed.ambiguous,
        parsed.implausible,
        parsed.contrary,
        np.where(there, days == np.floor(days), parsed.day_only),
    )


def _assemble(fields: dict[str, pa.Array], order: Order) -> tuple[Micros, Mask]:
    """Put the parts of dates together; also which of them exist in the calendar and on the clock."""
    months = (order.year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (order.month - 1)
    days = months.astype("datetime64[D]") + (order.day - 1)
    valid = (order.month >= 1) & (order.month <= 12) & (order.day >= 1)
    valid &= days.astype("datetime64[M]") == months
    if "H" not in fields:
        return days.astype("datetime64[us]"), valid
    hour, minute, second = (_ints(fields[name]) for name in "HMS")
    half = pc.utf8_lower(pc.utf8_slice_codeunits(fields["ap"], 0, 1))
    is_half = pc.not_equal(half, "").to_numpy(zero_copy_only=False)
    after = pc.equal(half, "p").to_numpy(zero_copy_only=False)
    valid &= ~is_half | ((hour >= 1) & (hour <= 12))
    hour = np.where(is_half, hour % 12 + 12 * after, hour)
    fraction = _ints(pc.utf8_slice_codeunits(pc.utf8_rpad(fields["f"], 6, "0"), 0, 6))
    offset_hours, offset_minutes = _ints(fields["oh"]), _ints(fields["om"])
    sign = np.where(pc.equal(fields["sign"], "-").to_numpy(zero_copy_only=False), -1, 1)
    valid &= (hour < 24) & (minute < 60) & (second < 60) & (offset_hours < 16) & (offset_minutes < 60)
    clock = (
        hour * 3600 + minute * 60 + second - sign * (offset_hours * 60 + offset_minutes) * 60
    ) * 1_000_000
    return days.astype("datetime64[us]") + (clock + fraction), valid


def _ints(texts: pa.Array) -> Ints:
    filled: Ints = pc.if_else(pc.equal(texts, ""), "0", texts).cast(pa.int64()).to_numpy()
    return filled


def _finish(
    micros: Micros, empty: Mask, found: Instants, aware: Mask, timezone: str, writing: Writing
) -> Instants:
    """Bring what has an offset, or a zone of its own, to local time; set aside what cannot be meant."""
    out = found.unreadable | empty
    implausible = ((micros < _FIRST) | (micros >= _END)) & ~out
    usable = ~(out | implausible)
    zone = zoneinfo.ZoneInfo(timezone)
    micros = micros.copy()
    if (aware & usable).any():
        utc = pd.DatetimeIndex(micros[aware & usable]).tz_localize("UTC")
        micros[aware & usable] = utc.tz_convert(zone).tz_localize(None).to_numpy()
    own = writing.rules.timezone
    there = usable & ~aware & ~found.day_only
    if own and own != timezone and there.any():
        # an hour that a change of the clocks skips is moved on; of one that comes twice the second is meant
        local = pd.DatetimeIndex(micros[there]).tz_localize(
            zoneinfo.ZoneInfo(own), ambiguous=np.zeros(int(there.sum()), bool), nonexistent="shift_forward"
        )
        micros[there] = local.tz_convert(zone).tz_localize(None).to_numpy()
    values = pa.array(micros, INSTANT, mask=out | found.ambiguous | found.contrary | implausible)
    return Instants(
        values, found.unreadable, found.ambiguous, implausible, found.contrary, found.day_only & ~empty
    )
