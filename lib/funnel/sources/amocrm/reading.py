"""Leads and events, page by page into the state, so that nothing is skipped while the account goes on living.

Page numbers over moving data skip rows: a lead edited or deleted while we read shifts all behind it. So leads
are read in the order of their last edit, each request starting at the last time seen (a key, not a page
number): what is edited meanwhile moves to the end and is met again there. Where more leads than a page holds
share one second (a bulk edit), and where the account does not obey order or filter, pages are numbered after
all and read again until a round brings nothing new. Events never change or go, so numbered pages in closed
windows of time are safe. `paging` says where to read on; `records` reads each record by itself.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from funnel.sources.amocrm import asides, paging, records
from funnel.sources.amocrm.attributes import Attributes
from funnel.sources.amocrm.client import Client, PageTooLarge, Params
from funnel.sources.amocrm.paging import EVENT_LIMITS, KEYSET, LEAD_LIMITS, PAGES, WITH
from funnel.sources.amocrm.records import Aside, Fault
from funnel.sources.amocrm.state import Cursor, EventRow, LeadRow, State
from funnel.sources.amocrm.wire import Event, Lead, Page

PROBES = (100, 50, 25, 5)  # ids asked for by one request; its address stays under 8 kB
MOVED, ADDED, DELETED, RESTORED, MERGED = (
    "lead_status_changed", "lead_added", "lead_deleted", "lead_restored", "entity_merged",
)  # fmt: skip
MANY = (ADDED, MOVED)
EVENT_TYPES = (ADDED, MOVED, DELETED, RESTORED, MERGED)

Progress = Callable[[str, int], None]
"""Told after every page: which stream, and how many rows of it were read in this run."""


class Reader:
    """Reads the streams of one pass.

    Args:
        client: the account.
        state: where pages go.
        number: the pass.
        attributes: what to keep of a lead.
        now: UTC; stands for the server's time where it tells none.
        progress: told after every page.
    """

    def __init__(
        self,
        client: Client,
        state: State,
        number: int,
        attributes: Attributes,
        now: dt.datetime,
        progress: Progress | None = None,
    ) -> None:
        self.client, self.state, self.number = client, state, number
        self._attributes, self._now, self._progress = attributes, now, progress
        self._read: dict[str, int] = {}

    @property
    def present(self) -> int:
        """The server's time, unix seconds: what is dated after it is dated ahead."""
        return int((self.client.server_time or self._now).timestamp())

    # Leads

    def leads(self, since: int) -> int:
        """Read every lead edited at or after a time; return the newest time of edit seen, never one ahead.

        Args:
            since: unix seconds; 0 reads all.
        """
        cursor = self.state.cursor("leads") or Cursor(since=since, limit=LEAD_LIMITS[0], mode=KEYSET)
        while not cursor.done:
            page, cursor = self.page("leads", paging.lead_params(cursor), cursor, LEAD_LIMITS)
            rows = page.rows.leads if page else ()
            times = [records.time_of(row, "updated_at") for row in rows]
            if not paging.obeys(times, cursor, self.present):
                cursor = Cursor(mode=PAGES, limit=LEAD_LIMITS[0], newest=cursor.newest)
                continue
            with self.state.transaction():
                new = self.add_leads(rows)
                more = page.more if page else False
                cursor = paging.next_leads(cursor, times, self.present, more=more, new=new)
                self.state.move("leads", cursor)
            self.tell("leads", len(rows))
        return cursor.newest

    def sample(self) -> None:
        """Read one page of leads, those edited last."""
        params: Params = {**WITH, "order[updated_at]": "desc"}
        page, _ = self.page("leads", params, Cursor(limit=LEAD_LIMITS[0]), LEAD_LIMITS)
        self.add_leads(page.rows.leads if page else ())

    def probe(self, ids: Sequence[int]) -> list[int]:
        """Ask for leads by id; keep those that are there, mark the others as gone and return them."""
        gone: list[int] = []
        left, size, again = list(ids), PROBES[0], False
        while left:
            asked = left[:size]
            params = {f"filter[id][{number}]": id_ for number, id_ in enumerate(asked)}
            query: Params = {**WITH, **params, "limit": size}
            try:
                page = self.client.get("leads", query, Page, shrinkable=size > PROBES[-1])
            except PageTooLarge:
                size = PROBES[PROBES.index(size) + 1]
                continue
            if page is None and len(asked) > 1 and not again:
                again = True  # none of many is there: an empty answer is believed the second time
                continue
            left, again = left[size:], False
            rows = page.rows.leads if page else ()
            there = {records.id_of(row) for row in rows}
            if not there <= set(asked):
                continue  # the account does not filter by id: this tells nothing about who is gone
            missing = sorted(set(asked) - {id_ for id_ in there if id_ is not None})
            with self.state.transaction():
                self.add_leads(rows)
                self.lose(missing)
            gone += missing
            self.tell("leads", len(rows))
        return gone

    def lose(self, ids: Sequence[int]) -> None:
        """Say of leads that they are no longer in the account."""
        self.state.mark_gone(ids, self.number)
        for stream in (asides.LEADS, asides.VALUES):
            asides.mended(self.state, stream, ids)

    def add_leads(self, rows: Sequence[object], unless: Callable[[LeadRow], bool] | None = None) -> int:
        """Take in leads as they came, each by itself; return how many were new in this pass.

        Args:
            rows: of a page.
            unless: leads for which it is true stay as they are.
        """
        good: list[LeadRow] = []
        bad: list[Aside] = []
        odd: list[Aside] = []
        deleted: list[int] = []
        for raw in rows:
            lead, faults = records.read_lead(raw)
            if lead is None:
                bad.append(records.aside(raw, faults))
                continue
            if lead.is_deleted:
                deleted.append(lead.id)
                bad.append(records.aside(raw, [Fault("is_deleted", "true", asides.MARKED)]))
                continue
            row, more = self._lead_row(lead)
            if faults or more:
                odd.append(records.aside(raw, [*faults, *more]))
            good.append(row)
        ids = [row[0] for row in good]
        for stream in (asides.LEADS, asides.VALUES):
            asides.mended(self.state, stream, ids)
        asides.keep(self.state, asides.LEADS, bad, self.number)
        asides.keep(self.state, asides.VALUES, odd, self.number)
        self.state.mark_gone(deleted, self.number)
        wanted = [row for row in good if unless is None or not unless(row)]
        return self.state.add_leads(wanted, self.number) if wanted else 0

    def _lead_row(self, lead: Lead) -> tuple[LeadRow, list[Fault]]:
        parts = lead.embedded
        contacts = sorted(parts.contacts, key=lambda contact: not contact.is_main)
        customer = next((contact.id for contact in (*contacts, *parts.companies)), None)
        price = lead.price if lead.price_with_minor_units is None else lead.price_with_minor_units
        faults: list[Fault] = []
        values = self._attributes.of(lead, faults)
        row = (
            lead.id, lead.created_at, lead.updated_at, lead.closed_at,
            lead.pipeline_id, lead.status_id, lead.responsible_user_id, lead.loss_reason_id,
            customer, None if price is None else str(price), json.dumps(values, ensure_ascii=False),
        )  # fmt: skip
        return row, faults

    # Events

    def events(self, kind: str, since: int, oldest: int, now: int) -> int:
        """Read every event of a kind at or after a time; return the newest time seen, never one ahead.

        Args:
            kind: the event type; one a request, the only form known to work everywhere.
            since: unix seconds; 0 reads all.
            oldest: unix seconds before which hardly anything is expected: the first window ends there.
            now: unix seconds; the last window has no end.
        """
        cursor = self.state.cursor(kind)
        if cursor is None:
            until = None
            if kind in MANY:
                until = paging.closed(since + paging.WINDOW if since else oldest, now)
            cursor = Cursor(since=since, until=until, limit=EVENT_LIMITS[0])
        while not cursor.done:
            page, cursor = self.page("events", paging.event_params(kind, cursor), cursor, EVENT_LIMITS)
            rows = page.rows.events if page else ()
            every = [records.time_of(row, "created_at") for row in rows]
            times = [time for time in every if time is not None and time <= self.present]
            if cursor.until is not None and any(not cursor.since <= time <= cursor.until for time in times):
                cursor = replace(cursor, until=None, offset=0)  # the window is not obeyed: read on to the end
            with self.state.transaction():
                self.add_events(kind, rows)
                newest = max([cursor.newest, *times])
                cursor = replace(paging.next_events(cursor, page, now), newest=newest)
                self.state.move(kind, cursor)
            self.tell(kind, len(rows))
        return cursor.newest

    def add_events(self, kind: str, rows: Sequence[object]) -> int:
        """Take in events of a kind as they came, each by itself; return how many were new."""
        good: list[EventRow] = []
        bad: list[Aside] = []
        ahead: list[Aside] = []
        for raw in rows:
            if isinstance(raw, dict) and isinstance(raw.get("type"), str) and raw["type"] != kind:
                continue  # the account does not filter by type
            event, faults = records.read_event(raw)
            if event is not None and event.entity_type != "lead":
                continue
            if event is not None and kind == MOVED and event.after is None:
                faults = faults or (Fault("value_after", "", "says not where the lead went"),)
                event = None
            if event is None:
                bad.append(records.aside(raw, faults))
                continue
            row = _event_row(event)
            if event.created_at > self.present:
                ahead.append(records.aside(raw, [Fault("created_at", str(event.created_at), asides.LATER)]))
                row = (row[0], self._told_by(event.entity_id), *row[2:])
            good.append(row)
        for stream in (kind, asides.AHEAD):
            asides.mended(self.state, stream, [row[2] for row in good])
        asides.keep(self.state, kind, bad, self.number)
        asides.keep(self.state, asides.AHEAD, ahead, self.number)
        return self.state.add_events(good, self.number)

    def _told_by(self, lead: int) -> int:
        """Return when a lead's event that is dated ahead had happened at the latest: a move is an edit."""
        known = self.state.ids("SELECT updated_at FROM leads WHERE id = ?", (lead,))
        return min([self.present, *known])

    # Both

    def page(
        self, path: str, params: Params, cursor: Cursor, limits: Sequence[int]
    ) -> tuple[Page | None, Cursor]:
        """Read the page a cursor points at, a smaller one when the server gives up (504)."""
        while True:
            number = cursor.offset // cursor.limit + 1
            query = {**params, "limit": cursor.limit, "page": number}
            try:
                return self.client.get(path, query, Page, shrinkable=cursor.limit > limits[-1]), cursor
            except PageTooLarge:
                cursor = replace(cursor, limit=limits[limits.index(cursor.limit) + 1])

    def tell(self, stream: str, rows: int) -> None:
        """Tell how far a stream has come."""
        self._read[stream] = self._read.get(stream, 0) + rows
        if self._progress is not None:
            self._progress(stream, self._read[stream])


def _event_row(event: Event) -> EventRow:
    before, after = event.before, event.after
    return (
        event.entity_id, event.created_at, event.id, event.type,
        before.pipeline_id if before else None, before.id if before else None,
        after.pipeline_id if after else None, after.id if after else None,
    )  # fmt: skip
