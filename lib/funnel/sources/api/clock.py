"""What a server says about time: its own, and how long it wants to be left alone."""

from __future__ import annotations

import datetime as dt
import email.utils
import math

LONGEST = 900.0
"""Seconds a sync waits for the server at most; a longer wait ends it, to be taken up again later."""


def instant(text: str) -> dt.datetime | None:
    """Read a time as HTTP writes it (RFC 9110, 5.6.7); None where it is none.

    >>> instant("Sun, 06 Nov 1994 08:49:37 GMT")
    datetime.datetime(1994, 11, 6, 8, 49, 37, tzinfo=datetime.timezone.utc)
    >>> instant("yesterday")
    """
    try:
        read = email.utils.parsedate_to_datetime(text)
        return (read if read.tzinfo else read.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def retry_after(text: str, now: dt.datetime) -> float | None:
    """Return how many seconds the server wants to be left alone (RFC 9110, 10.2.3); None if it does not say.

    Args:
        text: of the header, seconds or an HTTP date.
        now: the server's own time, if it tells one.

    >>> now = dt.datetime(1994, 11, 6, 8, 49, 7, tzinfo=dt.UTC)
    >>> retry_after("7", now), retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), retry_after("-1", now)
    (7.0, 30.0, None)
    """
    try:
        seconds = float(text)
    except ValueError:
        moment = instant(text)
        seconds = math.nan if moment is None else (moment - now).total_seconds()
    return seconds if seconds > 0 else None
