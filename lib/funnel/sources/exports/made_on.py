"""When a file of deals was made: by its name, and by the newest time in it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from funnel.schema import INSTANT
from funnel.sources.instants import read_instants
from funnel.sources.tabular import Cells

_DAY = re.compile(r"(?<!\d)(20\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)")
_REPORT = re.compile(r"(?<!\d)1\d{12}(?!\d)")  # Salesforce names a report after the milliseconds since 1970
NEVER = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - local wall clock, before all there is


def made_on(name: str, times: Sequence[pa.Array], timezone: str) -> dt.datetime:
    """Say when a file was made: on the day in its name, and not before the newest time in it.

    Args:
        name: of the file.
        times: columns of what had happened when it was made; dates of closing of closed deals alone, since
            those of others are forecasts.
        timezone: the funnel's.
    """
    day = _day_of(name, timezone)
    end = pa.scalar(day + dt.timedelta(days=1), INSTANT) if day else None
    moments = [day]
    for values in times:
        inside = values.filter(pc.less(values, end).fill_null(False)) if end else values
        moments.append(pc.max(inside).as_py())
    return max((moment for moment in moments if moment is not None), default=NEVER)


def _day_of(name: str, timezone: str) -> dt.datetime | None:
    """Return the day in a file's name.

    >>> _day_of("DEAL_20260922_ab.xls", "UTC"), _day_of("report1790067600000.csv", "Europe/Moscow")
    (datetime.datetime(2026, 9, 22, 0, 0), datetime.datetime(2026, 9, 22, 0, 0))
    """
    if found := _DAY.search(name):
        try:
            return dt.datetime.fromisoformat("-".join(found.groups()))
        except ValueError:
            return None
    if found := _REPORT.search(name):
        moment = dt.datetime.fromtimestamp(int(found[0]) / 1000, dt.UTC).replace(tzinfo=None)
        stamp = read_instants(Cells(pa.array([moment], pa.timestamp("us", "UTC"))), timezone)
        seen: dt.datetime = stamp.values[0].as_py()
        return seen.replace(hour=0, minute=0, second=0, microsecond=0)
    return None
