"""Deals and their history, always by id: pages by number skip rows while others change, an id does not.

Bitrix24 recommends it for all large lists: order by ID, ask for what is behind the last one, `start=-1` so
that nothing is counted, until a page is not full. What is deleted is in no list and no event is kept of it,
so every pass asks for totals: where one differs from what is known, the halves are asked for, until the deals
are found.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import ClassVar

from funnel.sources.api import asides, records
from funnel.sources.api.deals import DealReader, Told, by_id
from funnel.sources.api.reader import UPDATE, Page, ReadLead
from funnel.sources.api.records import Fault
from funnel.sources.api.state import ADDED, MOVED, Cursor, EventRow
from funnel.sources.bitrix24.client import Client
from funnel.sources.bitrix24.wire import Deal, Histories, Lead, LeadRecord, Record, Rows, Total

SIZE = 50  # of every page
CREATED = 1
TEMPLATE = "is a template of repeated deals, no deal"
_BASE = ("ID", "DATE_CREATE", "DATE_MODIFY", "MOVED_TIME", "OPPORTUNITY", "CURRENCY_ID", "ASSIGNED_BY_ID",
         "CONTACT_ID", "COMPANY_ID")  # fmt: skip


class Reader(DealReader):
    """Reads the deals of one portal in one pass."""

    client: Client
    id_field = "ID"
    edited = "DATE_MODIFY"
    telling = (
        "DATE_CREATE",
        "DATE_MODIFY",
        "CATEGORY_ID",
        "STAGE_ID",
        "STATUS_ID",
        "OWNER_ID",
        "CREATED_TIME",
    )
    probes = (SIZE,)
    entity: ClassVar[str] = "deal"
    type_id: ClassVar[int] = 2
    own: ClassVar[Sequence[str]] = ("CATEGORY_ID", "STAGE_ID", "IS_RECURRING")
    model: ClassVar[type[Deal]] = Deal
    record: ClassVar[type[Record]] = Record

    def _list(self, filters: dict[str, object]) -> Sequence[object]:
        body = {
            "order": {"ID": "ASC"},
            "filter": filters,
            "select": [*_BASE, *self.own, *map(str, self.attributes.fields)],
            "start": -1,
        }
        page = self.client.post(f"crm.{self.entity}.list", body, Rows)
        return page.result if page else ()

    def page(self, stream: str, cursor: Cursor) -> Page:  # noqa: ARG002
        """Read the next deals by id, of those edited since a time."""
        edited = {">=DATE_MODIFY": _iso(cursor.since)} if cursor.since else {}
        rows = self._list({">ID": cursor.offset, **edited})
        ids = [id_ for row in rows if (id_ := records.id_of(row, "ID")) is not None]
        return rows, by_id(cursor, ids, full=len(rows) >= SIZE)

    def by_ids(self, ids: Sequence[int], *, shrinkable: bool) -> Sequence[object] | None:  # noqa: ARG002
        """Ask for deals by id."""
        return self._list({"@ID": list(ids)})

    def told(self, ids: Sequence[int]) -> Iterable[Told]:
        """Ask for the records of the history of some deals."""
        last, full = 0, True
        while full:
            body = {
                "entityTypeId": self.type_id,
                "order": {"ID": "ASC"},
                "filter": {"@OWNER_ID": list(ids), ">ID": last},
                "start": -1,
            }
            page = self.client.post("crm.stagehistory.list", body, Histories)
            rows = page.result.items if page else ()
            events: list[EventRow] = []
            bad = []
            for raw in rows:
                record, faults = records.read(raw, self.record)
                if record is None:
                    bad.append(records.aside(raw, faults, "ID", self.telling))
                else:
                    events.append(_event(record))
            yield Told(events, bad)
            newest = max([last, *(id_ for row in rows if (id_ := records.id_of(row, "ID")) is not None)])
            full, last = len(rows) >= SIZE and newest > last, newest

    def lead(self, raw: object) -> ReadLead:
        """Read a deal or a lead; a template of repeated deals is none."""
        deal, faults = records.read(raw, self.model)
        if deal is None or not isinstance(raw, dict):
            return None, faults
        if deal.IS_RECURRING == "Y":
            return None, [Fault("IS_RECURRING", "Y", TEMPLATE)]
        more: list[Fault] = []
        values = self.attributes.of(raw, more)
        row = (
            deal.ID, deal.DATE_CREATE, deal.DATE_MODIFY, deal.MOVED_TIME,
            deal.CATEGORY_ID, deal.STAGE_ID, deal.ASSIGNED_BY_ID, None,
            deal.CONTACT_ID or deal.COMPANY_ID, None if deal.OPPORTUNITY is None else str(deal.OPPORTUNITY),
            json.dumps(values, ensure_ascii=False), deal.CURRENCY_ID or None,
        )  # fmt: skip
        return row, [*faults, *more]

    # What is deleted

    def settle(self, kind: str, began: int) -> None:
        """Find the deals that are gone: by what a pass over everything did not meet, else by the totals."""
        super().settle(kind, began)
        if kind == UPDATE and self.state.get("bound", "0") == "0":  # else old deals were left out on purpose
            self._differing(0, None)
            self.histories(())

    def _differing(self, low: int, high: int | None) -> None:
        """Find what differs among the ids behind `low`, up to `high`; one with the right total is passed."""
        known = self._known(low, high)
        if self._total(low, high) == len(known):
            return
        if len(known) <= SIZE:
            self._compare(low, high, set(known))
            return
        middle = known[len(known) // 2 - 1]
        self._differing(low, middle)
        self._differing(middle, high)

    def _compare(self, low: int, high: int | None, known: set[int]) -> None:
        """List a part: take in what is not known, and lose what is not there."""
        cursor, there = Cursor(offset=low), set[int]()
        upto = {} if high is None else {"<=ID": high}
        while not cursor.done:
            rows = self._list({">ID": cursor.offset, **upto})
            ids = [id_ for row in rows if (id_ := records.id_of(row, "ID")) is not None]
            there.update(ids)
            with self.state.transaction():
                self.add_leads([row for row in rows if records.id_of(row, "ID") not in known])
            cursor = by_id(cursor, ids, full=len(rows) >= SIZE)
        with self.state.transaction():
            self.lose(sorted(known - there))

    def _known(self, low: int, high: int | None) -> list[int]:
        """Return the ids that the portal had when it was read, those that are set aside too."""
        return self.state.ids(
            "SELECT id FROM leads WHERE gone = 0 AND id > ?1 AND id <= ?2 UNION "
            "SELECT CAST(key AS INTEGER) FROM aside WHERE stream = ?3 AND key NOT GLOB '*[^0-9]*' "
            "AND CAST(key AS INTEGER) > ?1 AND CAST(key AS INTEGER) <= ?2 ORDER BY 1",
            (low, high or 2**63 - 1, asides.LEADS),
        )

    def _total(self, low: int, high: int | None) -> int:
        filters = {">ID": low} | ({} if high is None else {"<=ID": high})
        body = {"order": {"ID": "ASC"}, "filter": filters, "select": ["ID"], "start": 0}
        page = self.client.post(f"crm.{self.entity}.list", body, Total)
        return page.total if page else 0


class LeadReader(Reader):
    """Reads the leads of the CRM's own instead."""

    entity = "lead"
    type_id = 1
    own = ("STATUS_ID",)
    model = Lead
    record = LeadRecord


def _event(record: Record) -> EventRow:
    kind = ADDED if record.TYPE_ID == CREATED else MOVED
    return (
        record.OWNER_ID, record.CREATED_TIME, f"{record.ID:020}", kind,
        None, None, record.CATEGORY_ID, record.STAGE_ID,
    )  # fmt: skip


def _iso(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()
