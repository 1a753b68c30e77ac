"""Where to read on, given a page: pure, for `reading`.

Times are the records' own. One ahead of the server's clock is met, and leads nowhere: it is neither a place
to read on from while there are others, nor how far a stream has been read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from funnel.sources.amocrm.wire import Page
from funnel.sources.api.state import Cursor

LEAD_LIMITS = (250, 125, 25, 5)  # each divides the one before, so an offset stays a whole number of pages
EVENT_LIMITS = (100, 50, 25, 5)
WINDOW = 30 * 86_400  # seconds of events read as one window
KEYSET, SECOND, PAGES, AGAIN = "keyset", "second", "pages", "again"
WITH = {"with": "contacts"}
Times = Sequence[int | None]
"""Of the rows of a page, in their order; None where a row's time cannot be read."""


def lead_params(cursor: Cursor) -> dict[str, str | int]:
    """Return the query of a page of leads."""
    params: dict[str, str | int] = dict(WITH)
    if cursor.mode in (KEYSET, AGAIN):
        params["order[updated_at]"] = "asc"
        if cursor.since:
            params["filter[updated_at][from]"] = cursor.since
    else:
        params["order[id]"] = "asc"
    if cursor.mode == SECOND:
        params |= {"filter[updated_at][from]": cursor.since, "filter[updated_at][to]": cursor.since}
    return params


def obeys(times: Times, cursor: Cursor, present: int) -> bool:
    """Whether an answer keeps to the order and the filter that were asked for."""
    known = [time for time in times if time is not None and time <= present]
    if cursor.mode in (KEYSET, AGAIN):
        return known == sorted(known) and all(time >= cursor.since for time in known)
    return cursor.mode == PAGES or all(time == cursor.since for time in known)


def next_leads(cursor: Cursor, times: Times, present: int, *, more: bool, new: int) -> Cursor:
    """Return where to read on.

    Args:
        cursor: where the page was.
        times: of its rows.
        present: the server's time, unix seconds.
        more: the server offers a next page.
        new: how many rows had not been read in this pass.
    """
    known = [time for time in times if time is not None]
    past = [time for time in known if time <= present]
    cursor = replace(cursor, newest=max([cursor.newest, *past, min(1, len(times))]), fresh=cursor.fresh + new)
    if cursor.mode in (KEYSET, AGAIN):
        if not times and cursor.newest and cursor.mode == KEYSET:
            return replace(cursor, mode=AGAIN)  # more was promised: at least the last row is still to be met
        if not more or not times:
            return replace(cursor, done=True)
        if not known:  # a whole page without a time to go on from
            return replace(cursor, mode=PAGES, since=0, offset=0, fresh=0)
        key = (past or known)[-1]
        mode = KEYSET if key > cursor.since else SECOND  # a whole page of one second
        return replace(cursor, since=max(key, cursor.since), mode=mode, offset=0, fresh=0)
    if more:
        return replace(cursor, offset=cursor.offset + cursor.limit)
    if cursor.fresh:
        return replace(cursor, offset=0, fresh=0)  # one more round
    if cursor.mode == SECOND:
        return replace(cursor, mode=KEYSET, since=cursor.since + 1, offset=0)
    return replace(cursor, done=True)


def event_params(kind: str, cursor: Cursor) -> dict[str, str | int]:
    """Return the query of a page of events."""
    params: dict[str, str | int] = {"filter[type]": kind, "filter[entity]": "lead"}
    if cursor.since:
        params["filter[created_at][from]"] = cursor.since
    if cursor.until is not None:
        params["filter[created_at][to]"] = cursor.until
    return params


def closed(until: int, now: int) -> int | None:
    """Return the end of a window; None when it would lie at or beyond now."""
    return until if 0 < until < now else None


def next_page(cursor: Cursor, page: Page | None) -> Cursor | None:
    """Return the next numbered page, or the first again; None at the end."""
    if page is not None and page.more:
        return replace(cursor, offset=cursor.offset + cursor.limit)
    if page is None and cursor.mode != AGAIN and (cursor.offset or cursor.until is not None):
        # A next page was promised and is not there, or a window is empty: believed the second time.
        return replace(cursor, offset=0, mode=AGAIN)
    return None


def next_events(cursor: Cursor, page: Page | None, now: int) -> Cursor:
    """Return where to read on: the next page, the same window again, or the next window."""
    following = next_page(cursor, page)
    if following is not None:
        return following
    if cursor.until is None:
        return replace(cursor, done=True)
    return Cursor(
        since=cursor.until,
        until=closed(cursor.until + WINDOW, now),
        limit=EVENT_LIMITS[0],
        newest=cursor.newest,
    )
