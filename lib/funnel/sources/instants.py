"""Points in time: text or typed cells to the funnel's local wall clock, a whole column at once."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from funnel.schema import INSTANT
from funnel.sources.tabular import Cells, Mask

READABLE = "2026-04-03, 2026-04-03 15:30:00, 2026-04-03T15:30:00+03:00 or 03.04.2026 15:30"
Micros = npt.NDArray[np.datetime64]
Ints = npt.NDArray[np.int64]

_TIME = (
    r"(?:[T ]\s*(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
    r"\s?(?:(?P<z>Z)|(?P<sign>[+-])(?P<oh>\d{2}):?(?P<om>\d{2})?)?)?$"
)
_ISO = r"^(?P<y>\d{4})-(?P<a>\d{2})-(?P<b>\d{2})" + _TIME  # a = month, b = day
_DOTS = r"^(?P<a>\d{1,2})\.(?P<b>\d{1,2})\.(?P<y>\d{4})" + _TIME  # a = day, b = month
_SLASHES = r"^(?P<a>\d{1,2})/(?P<b>\d{1,2})/(?P<y>\d{4})" + _TIME  # either; the column must settle it
_FIRST, _END = np.datetime64("1970-01-01", "us"), np.datetime64("2200-01-01", "us")


@dataclass(frozen=True, slots=True)
class Instants:
    """A column of points in time.

    Attributes:
        values: local wall clock (`INSTANT`); null where a cell is empty or cannot be used.
        unreadable: cells that are no date.
        ambiguous: cells such as 03/04/2026 where nothing in the column says which is the month.
        implausible: dates before 1970 or after 2199, which stand for something else.
    """

    values: pa.Array
    unreadable: Mask
    ambiguous: Mask
    implausible: Mask


def read_instants(cells: Cells, timezone: str) -> Instants:
    """Read a column of points in time; offsets are converted to `timezone`, the rest is taken as local.

    A column of dates with slashes is day-first if one of its dates can only be so (25/04/2026) and none can
    only be month-first, and the other way round; otherwise each date that has two readings is ambiguous.

    >>> texts = pa.array(["2022-09-12T21:30:00Z", "12.09.2022", "03/04/2026", "30.02.2026"])
    >>> got = read_instants(Cells(texts), "Europe/Moscow")
    >>> [str(value) for value in got.values.to_pylist()]
    ['2022-09-13 00:30:00', '2022-09-12 00:00:00', 'None', 'None']
    >>> got.unreadable.tolist(), got.ambiguous.tolist()
    ([False, False, False, True], [False, False, True, False])
    """
    kind = cells.values.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        values = cells.values.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False)
        empty = values.is_null().to_numpy(zero_copy_only=False)
        micros = values.cast(pa.int64()).fill_null(0).to_numpy().astype("datetime64[us]")
        aware = np.full(len(micros), getattr(kind, "tz", None) is not None)
        nothing = np.zeros(len(micros), bool)
        return _finish(micros, empty, nothing, nothing, aware, timezone)
    encoded = cells.text().dictionary_encode()
    parsed = _parse(encoded.dictionary, timezone)
    return Instants(
        parsed.values.take(encoded.indices),
        *(
            pa.array(mask).take(encoded.indices).fill_null(False).to_numpy(zero_copy_only=False)
            for mask in (parsed.unreadable, parsed.ambiguous, parsed.implausible)
        ),
    )


def _parse(texts: pa.Array, timezone: str) -> Instants:
    """Read distinct texts, none of them null."""
    size = len(texts)
    micros = np.zeros(size, "datetime64[us]")
    valid, ambiguous, aware = (np.zeros(size, bool) for _ in range(3))
    for pattern in (_ISO, _DOTS, _SLASHES):
        found = pc.extract_regex(texts, pattern)
        places = np.flatnonzero(found.is_valid().to_numpy(zero_copy_only=False))
        if not len(places):
            continue
        part = found.drop_null().flatten()
        fields = dict(zip((field.name for field in found.type), part, strict=True))
        a, b = _ints(fields["a"]), _ints(fields["b"])
        month, day = (a, b) if pattern is _ISO else (b, a)
        if pattern is _SLASHES:
            day_first, month_first = ((x >= 13) & (x <= 31) & (y <= 12) for x, y in ((a, b), (b, a)))
            settled = day_first.any() != month_first.any()
            ambiguous[places] = (
                ~day_first & ~month_first & (a != b) & (not settled) & (np.maximum(a, b) <= 12)
            )
            swap = month_first | ((not day_first.any()) & month_first.any())
            month, day = np.where(swap, a, b), np.where(swap, b, a)
        micros[places], valid[places] = _assemble(fields, month, day)
        zone = pc.binary_join_element_wise(fields["z"], fields["sign"], "")
        aware[places] = pc.not_equal(zone, "").to_numpy(zero_copy_only=False)
    return _finish(micros, np.zeros(size, bool), ~valid, valid & ambiguous, aware, timezone)


def _assemble(fields: dict[str, pa.Array], month: Ints, day: Ints) -> tuple[Micros, Mask]:
    """Put the parts of dates together; also which of them exist in the calendar and on the clock."""
    hour, minute, second = (_ints(fields[name]) for name in "HMS")
    fraction = _ints(pc.utf8_slice_codeunits(pc.utf8_rpad(fields["f"], 6, "0"), 0, 6))
    months = (_ints(fields["y"]) - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (month - 1)
    days = months.astype("datetime64[D]") + (day - 1)
    offset_hours, offset_minutes = _ints(fields["oh"]), _ints(fields["om"])
    sign = np.where(pc.equal(fields["sign"], "-").to_numpy(zero_copy_only=False), -1, 1)
    valid = (month >= 1) & (month <= 12) & (day >= 1) & (days.astype("datetime64[M]") == months)
    valid &= (hour < 24) & (minute < 60) & (second < 60) & (offset_hours < 16) & (offset_minutes < 60)
    clock = (
        hour * 3600 + minute * 60 + second - sign * (offset_hours * 60 + offset_minutes) * 60
    ) * 1_000_000
    return days.astype("datetime64[us]") + (clock + fraction), valid


def _ints(texts: pa.Array) -> Ints:
    filled: Ints = pc.if_else(pc.equal(texts, ""), "0", texts).cast(pa.int64()).to_numpy()
    return filled


def _finish(
    micros: Micros, empty: Mask, unreadable: Mask, ambiguous: Mask, aware: Mask, timezone: str
) -> Instants:
    """Convert what has an offset from UTC to local time and set aside what cannot be meant."""
    implausible = ((micros < _FIRST) | (micros >= _END)) & ~unreadable & ~empty
    aware = aware & ~(unreadable | empty | implausible)
    if aware.any():
        utc = pd.DatetimeIndex(micros[aware]).tz_localize("UTC")
        micros = micros.copy()
        micros[aware] = utc.tz_convert(zoneinfo.ZoneInfo(timezone)).tz_localize(None).to_numpy()
    values = pa.array(micros, INSTANT, mask=empty | unreadable | ambiguous | implausible)
    return Instants(values, unreadable, ambiguous, implausible)
