"""Leads and events, page by page into the state, so that nothing is skipped while the account goes on living.

Page numbers over moving data skip rows: a lead edited or deleted while we read shifts all behind it. So leads
are read in the order of their last edit, each request starting at the last time seen (a key, not a page
number): what is edited meanwhile moves to the end and is met again there. Where more leads than a page holds
share one second (a bulk edit), and where the account does not obey order or filter, pages are numbered after
all and read again until a round brings nothing new. Events never change or go, so numbered pages in closed
windows of time are safe.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from funnel.sources.amocrm.attributes import Attributes
from funnel.sources.amocrm.client import Client, PageTooLarge, Params
from funnel.sources.amocrm.state import Cursor, EventRow, LeadRow, State
from funnel.sources.amocrm.wire import Event, Lead, Page

LEAD_LIMITS = (250, 125, 25, 5)  # each divides the one before, so an offset stays a whole number of pages
EVENT_LIMITS = (100, 50, 25, 5)
PROBES = (100, 50, 25, 5)  # ids asked for by one request; its address stays under 8 kB
WINDOW = 30 * 86_400  # seconds of events read as one window
KEYSET, SECOND, PAGES, AGAIN = "keyset", "second", "pages", "again"
MOVED, ADDED, DELETED, RESTORED, MERGED = (
    "lead_status_changed", "lead_added", "lead_deleted", "lead_restored", "entity_merged",
)  # fmt: skip
MANY = (ADDED, MOVED)
EVENT_TYPES = (ADDED, MOVED, DELETED, RESTORED, MERGED)
WITH = {"with": "contacts"}

Progress = Callable[[str, int], None]
"""Told after every page: which stream, and how many rows of it were read in this run."""


class Reader:
    """Reads the streams of one pass.

    Args:
        client: the account.
        state: where pages go.
        number: the pass.
        attributes: what to keep of a lead.
        progress: told after every page.
    """

    def __init__(
        self,
        client: Client,
        state: State,
        number: int,
        attributes: Attributes,
        progress: Progress | None = None,
    ) -> None:
        self._client, self._state, self._number = client, state, number
        self._attributes, self._progress = attributes, progress
        self._read: dict[str, int] = {}

    # Leads

    def leads(self, since: int) -> int:
        """Read every lead edited at or after a time; return the newest time of edit seen.

        Args:
            since: unix seconds; 0 reads all.
        """
        cursor = self._state.cursor("leads") or Cursor(since=since, limit=LEAD_LIMITS[0], mode=KEYSET)
        while not cursor.done:
            page, cursor = self._page("leads", _lead_params(cursor), cursor, LEAD_LIMITS)
            rows = page.rows.leads if page else ()
            if not _obeys(rows, cursor):
                cursor = Cursor(mode=PAGES, limit=LEAD_LIMITS[0], newest=cursor.newest)
                continue
            with self._state.transaction():
                new = self._add_leads(rows)
                more = page.more if page else False
                cursor = _next_leads(cursor, rows, more=more, new=new)
                self._state.move("leads", cursor)
            self._tell("leads", len(rows))
        return cursor.newest

    def sample(self) -> None:
        """Read one page of leads, those edited last."""
        params: Params = {**WITH, "order[updated_at]": "desc"}
        page, _ = self._page("leads", params, Cursor(limit=LEAD_LIMITS[0]), LEAD_LIMITS)
        self._add_leads(page.rows.leads if page else ())

    def probe(self, ids: Sequence[int]) -> list[int]:
        """Ask for leads by id; keep those that are there, mark the others as gone and return them."""
        gone: list[int] = []
        left, size = list(ids), PROBES[0]
        while left:
            asked = left[:size]
            params = {f"filter[id][{number}]": id_ for number, id_ in enumerate(asked)}
            query: Params = {**WITH, **params, "limit": size}
            try:
                page = self._client.get("leads", query, Page, shrinkable=size > PROBES[-1])
            except PageTooLarge:
                size = PROBES[PROBES.index(size) + 1]
                continue
            left = left[size:]
            rows = page.rows.leads if page else ()
            if not {row.id for row in rows} <= set(asked):
                continue  # the account does not filter by id: this tells nothing about who is gone
            missing = sorted(set(asked) - {row.id for row in rows})
            with self._state.transaction():
                self._add_leads(rows)
                self._state.mark_gone(missing, self._number)
            gone += missing
            self._tell("leads", len(rows))
        return gone

    def _add_leads(self, rows: Sequence[Lead]) -> int:
        return self._state.add_leads([self._lead_row(row) for row in rows], self._number) if rows else 0

    def _lead_row(self, lead: Lead) -> LeadRow:
        contacts = sorted(lead.parts.contacts, key=lambda contact: not contact.is_main)
        customer = next((contact.id for contact in (*contacts, *lead.parts.companies)), None)
        price = lead.price if lead.price_with_minor_units is None else lead.price_with_minor_units
        return (
            lead.id, lead.created_at, lead.updated_at, lead.closed_at or None,
            lead.pipeline_id, lead.status_id, lead.responsible_user_id, lead.loss_reason_id,
            customer, None if price is None else str(price),
            json.dumps(self._attributes.of(lead), ensure_ascii=False),
        )  # fmt: skip

    # Events

    def events(self, kind: str, since: int, oldest: int, now: int) -> int:
        """Read every event of a kind at or after a time; return the newest time seen.

        Args:
            kind: the event type; one a request, the only form known to work everywhere.
            since: unix seconds; 0 reads all.
            oldest: unix seconds before which hardly anything is expected: the first window ends there.
            now: unix seconds; the last window has no end.
        """
        cursor = self._state.cursor(kind)
        if cursor is None:
            until = None
            if kind in MANY:
                until = _closed(since + WINDOW, now) if since else _closed(oldest, now)
            cursor = Cursor(since=since, until=until, limit=EVENT_LIMITS[0])
        while not cursor.done:
            page, cursor = self._page("events", _event_params(kind, cursor), cursor, EVENT_LIMITS)
            rows = page.rows.events if page else ()
            if cursor.until is not None and any(
                not cursor.since <= row.created_at <= cursor.until for row in rows
            ):
                cursor = replace(cursor, until=None, offset=0)  # the window is not obeyed: read on to the end
            with self._state.transaction():
                wanted = [_event_row(row) for row in rows if row.type == kind and row.entity_type == "lead"]
                self._state.add_events(wanted, self._number)
                newest = max([cursor.newest, *(row.created_at for row in rows)])
                cursor = replace(_next_events(cursor, page, now), newest=newest)
                self._state.move(kind, cursor)
            self._tell(kind, len(rows))
        return cursor.newest

    # Both

    def _page(
        self, path: str, params: Params, cursor: Cursor, limits: Sequence[int]
    ) -> tuple[Page | None, Cursor]:
        """Read the page a cursor points at, a smaller one when the server gives up (504)."""
        while True:
            number = cursor.offset // cursor.limit + 1
            query = {**params, "limit": cursor.limit, "page": number}
            try:
                return self._client.get(path, query, Page, shrinkable=cursor.limit > limits[-1]), cursor
            except PageTooLarge:
                cursor = replace(cursor, limit=limits[limits.index(cursor.limit) + 1])

    def _tell(self, stream: str, rows: int) -> None:
        self._read[stream] = self._read.get(stream, 0) + rows
        if self._progress is not None:
            self._progress(stream, self._read[stream])


def _lead_params(cursor: Cursor) -> dict[str, str | int]:
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


def _obeys(rows: Sequence[Lead], cursor: Cursor) -> bool:
    """Whether an answer keeps to the order and the filter that were asked for."""
    times = [row.updated_at for row in rows]
    if cursor.mode in (KEYSET, AGAIN):
        return times == sorted(times) and all(time >= cursor.since for time in times)
    return cursor.mode == PAGES or all(time == cursor.since for time in times)


def _next_leads(cursor: Cursor, rows: Sequence[Lead], *, more: bool, new: int) -> Cursor:
    """Return where to read on."""
    newest = max([cursor.newest, *(row.updated_at for row in rows)])
    cursor = replace(cursor, newest=newest, fresh=cursor.fresh + new)
    if cursor.mode in (KEYSET, AGAIN):
        if not rows and cursor.newest and cursor.mode == KEYSET:
            return replace(
                cursor, mode=AGAIN
            )  # more was promised, and at least the last row is still to be met
        if not more or not rows:
            return replace(cursor, done=True)
        mode = KEYSET if rows[-1].updated_at > cursor.since else SECOND  # a whole page of one second
        return replace(cursor, since=rows[-1].updated_at, mode=mode, offset=0, fresh=0)
    if more:
        return replace(cursor, offset=cursor.offset + cursor.limit)
    if cursor.fresh:
        return replace(cursor, offset=0, fresh=0)  # one more round
    if cursor.mode == SECOND:
        return replace(cursor, mode=KEYSET, since=cursor.since + 1, offset=0)
    return replace(cursor, done=True)


def _event_params(kind: str, cursor: Cursor) -> dict[str, str | int]:
    params: dict[str, str | int] = {"filter[type]": kind, "filter[entity]": "lead"}
    if cursor.since:
        params["filter[created_at][from]"] = cursor.since
    if cursor.until is not None:
        params["filter[created_at][to]"] = cursor.until
    return params


def _closed(until: int, now: int) -> int | None:
    """Return the end of a window; None when it would lie at or beyond now."""
    return until if 0 < until < now else None


def _next_events(cursor: Cursor, page: Page | None, now: int) -> Cursor:
    """Return where to read on: the next page, the same window again, or the next window."""
    if page is not None and page.more:
        return replace(cursor, offset=cursor.offset + cursor.limit)
    if page is None and cursor.offset and cursor.mode != AGAIN:
        return replace(cursor, offset=0, mode=AGAIN)  # a next page was promised and is not there
    if cursor.until is None:
        return replace(cursor, done=True)
    return Cursor(
        since=cursor.until,
        until=_closed(cursor.until + WINDOW, now),
        limit=EVENT_LIMITS[0],
        newest=cursor.newest,
    )


def _event_row(event: Event) -> EventRow:
    before, after = event.before, event.after
    return (
        event.entity_id, event.created_at, event.id, event.type,
        before.pipeline_id if before else None, before.id if before else None,
        after.pipeline_id if after else None, after.id if after else None,
    )  # fmt: skip
