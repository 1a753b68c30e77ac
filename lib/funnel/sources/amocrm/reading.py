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

from funnel.sources.amocrm import gone, paging
from funnel.sources.amocrm.client import Client
from funnel.sources.amocrm.paging import EVENT_LIMITS, KEYSET, LEAD_LIMITS, PAGES, WITH
from funnel.sources.amocrm.wire import DELETED, MERGED, RESTORED, Event, Lead, Page
from funnel.sources.api import asides, reader, records
from funnel.sources.api.attributes import Attributes
from funnel.sources.api.client import PageTooLarge, Params
from funnel.sources.api.reader import FULL, UPDATE, Progress, ReadLead
from funnel.sources.api.records import Aside, Fault
from funnel.sources.api.rounds import Round
from funnel.sources.api.state import ADDED, MOVED, Cursor, EventRow, LeadRow, State

MANY = (ADDED, MOVED)
EVENT_TYPES = (ADDED, MOVED, DELETED, RESTORED, MERGED)
ASKED = 10  # ids of leads that one request for events may name
OVERLAP = 600  # seconds


class Reader(reader.Reader):
    """Reads the streams of one pass.

    Args:
        client: the account.
        state: where pages go.
        number: the pass.
        attributes: what to keep of a lead.
        now: UTC; stands for the server's time where it tells none.
        progress: told after every page.
    """

    client: Client
    probes = (100, 50, 25, 5)  # ids asked for by one request; its address stays under 8 kB

    def __init__(
        self,
        client: Client,
        state: State,
        number: int,
        attributes: Attributes[Lead],
        now: dt.datetime,
        progress: Progress | None = None,
    ) -> None:
        super().__init__(client, state, number, now, progress)
        self._attributes = attributes

    def changes(self, began: int, since: Callable[[str], int]) -> dict[str, int]:
        """Read leads and events.

        How far each is read is the newest time seen, but never ahead of the server's own time when the pass
        began: a record's own clock alone moves nothing.
        """
        marks = {"leads": min(self.leads(since("leads")), began)}
        oldest = (self.state.ids("SELECT coalesce(min(created_at), 0) FROM leads") or [0])[0]
        for stream in EVENT_TYPES:
            seen = self.events(stream, since(stream), oldest, began)
            known = max(seen, self.state.mark(stream))
            # An empty answer alone is no proof: up to 30 days are asked for again until an event is seen.
            marks[stream] = min(
                max(known, marks["leads"] - paging.WINDOW) if known else marks["leads"], began
            )
        return marks

    def settle(self, kind: str, began: int) -> None:
        """Find out which leads are deleted, restored, merged away."""
        merged_since = 0 if kind == UPDATE else began - OVERLAP
        gone.settle(self.state, self, merged_since, full=kind == FULL)

    def listing(self, cursor: Cursor | None) -> reader.Page:
        """Read a numbered page of all leads by id."""
        cursor = cursor or Cursor(limit=LEAD_LIMITS[0], mode=PAGES)
        page, cursor = self.page("leads", paging.lead_params(cursor), cursor, LEAD_LIMITS)
        return page.rows.leads if page else (), paging.next_page(cursor, page) or replace(cursor, done=True)

    def histories(self, ids: Sequence[int]) -> None:
        """Ask for all events of some leads that tell where they have been."""
        for kind in MANY:
            self._events_of(kind, ids)

    def _events_of(self, kind: str, ids: Sequence[int]) -> None:
        for start in range(0, len(ids), ASKED):
            asked = ids[start : start + ASKED]
            named = {f"filter[entity_id][{number}]": id_ for number, id_ in enumerate(asked)}
            query: Params = {"filter[type]": kind, "filter[entity]": "lead", **named}
            cursor: Cursor | None = Cursor(limit=EVENT_LIMITS[0])
            turn = Round(self.client, "events")
            while cursor is not None:
                page, cursor = self.page("events", query, cursor, EVENT_LIMITS)
                rows = page.rows.events if page else ()
                turn.look(rows)
                if not all(isinstance(row, dict) and row.get("entity_id") in asked for row in rows):
                    return  # the account does not filter by id, and all its events have been read
                with self.state.transaction():
                    self.add_events(kind, rows)
                cursor = paging.next_page(cursor, page)

    def by_ids(self, ids: Sequence[int], *, shrinkable: bool) -> Sequence[object] | None:
        """Ask for leads by id."""
        named = {f"filter[id][{number}]": id_ for number, id_ in enumerate(ids)}
        query: Params = {**WITH, **named, "limit": max(len(ids), self.probes[-1])}
        page = self.client.get("leads", query, Page, shrinkable=shrinkable)
        return page.rows.leads if page else None

    # Leads

    def leads(self, since: int) -> int:
        """Read every lead edited at or after a time; return the newest time of edit seen, never one ahead.

        Args:
            since: unix seconds; 0 reads all.
        """
        cursor = self.state.cursor("leads") or Cursor(since=since, limit=LEAD_LIMITS[0], mode=KEYSET)
        turn = Round(self.client, "leads")
        while not cursor.done:
            if not cursor.offset:
                turn.begin()
            page, cursor = self.page("leads", paging.lead_params(cursor), cursor, LEAD_LIMITS)
            rows = page.rows.leads if page else ()
            turn.look(rows)
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

    def lead(self, raw: object) -> ReadLead:
        """Read a lead; one that the account marks as deleted is none."""
        lead, faults = records.read(raw, Lead)
        if lead is None:
            return None, faults
        if lead.is_deleted:
            return None, [Fault("is_deleted", "true", asides.MARKED)]
        row, more = self._lead_row(lead)
        return row, [*faults, *more]

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
            customer, None if price is None else str(price), json.dumps(values, ensure_ascii=False), None,
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
        turn = Round(self.client, "events")
        while not cursor.done:
            if not cursor.offset:
                turn.begin()
            page, cursor = self.page("events", paging.event_params(kind, cursor), cursor, EVENT_LIMITS)
            rows = page.rows.events if page else ()
            turn.look(rows)
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
            event, faults = records.read(raw, Event)
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
                row = (row[0], self.told_by(event.entity_id), *row[2:])
            good.append(row)
        return self.keep_events(kind, good, bad, ahead)

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


def _event_row(event: Event) -> EventRow:
    before, after = event.before, event.after
    return (
        event.entity_id, event.created_at, event.id, event.type,
        before.pipeline_id if before else None, before.id if before else None,
        after.pipeline_id if after else None, after.id if after else None,
    )  # fmt: skip
