"""Deals and their history.

What changed is searched for by id within one window of time: a search shows 10,000 deals and no more, so each
request asks for what is behind the last id, and is a first page. The whole list has pages of its own, without
such an end. Where a deal has been is told by `propertiesWithHistory` of up to 50 deals a request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from funnel.gate.personal import blot
from funnel.sources.api import records
from funnel.sources.api.client import Params
from funnel.sources.api.deals import LEADS, DealReader, Told, by_id
from funnel.sources.api.reader import Page, ReadLead
from funnel.sources.api.records import Aside, Fault
from funnel.sources.api.state import ADDED, MOVED, Cursor, EventRow
from funnel.sources.api.wire import LARGEST
from funnel.sources.hubspot.client import Client
from funnel.sources.hubspot.wire import Deal, Revision, Rows, WithHistory

DEALS = "crm/v3/objects/deals"
LISTED, SEARCHED = 100, 200  # deals a page
REVISIONS = 20
"""As many of them HubSpot keeps of a deal; where so many are told, the first ones may be gone."""
ARCHIVED = "archived"
_BASE = (
    *("createdate", "hs_lastmodifieddate", "pipeline", "dealstage", "amount", "deal_currency_code"),
    *("hubspot_owner_id", "hs_primary_associated_company", "closed_lost_reason", "hs_merged_object_ids"),
)


class Reader(DealReader):
    """Reads one account in one pass."""

    client: Client
    telling = ("createdate", "hs_lastmodifieddate", "pipeline", "dealstage", "timestamp")
    lost = (ARCHIVED,)
    edited = "hs_lastmodifieddate"

    @cached_property
    def _properties(self) -> list[str]:
        return [*_BASE, *map(str, self.attributes.fields)]

    @cached_property
    def _merged(self) -> set[int]:
        """Ids of deals that were merged into others, as far as they were met."""
        return set()

    def page(self, stream: str, cursor: Cursor) -> Page:
        """Read the next deals: of all, of the archived ones, or of those edited since a time."""
        if stream == LEADS and cursor.since:
            return self._search(cursor)
        query: Params = {
            "limit": LISTED,
            "archived": "true" if stream == ARCHIVED else "false",
            "properties": ",".join(self._properties),
        }
        page = self.client.get(DEALS, {**query, **({"after": cursor.after} if cursor.after else {})}, Rows)
        rows = [_flat(row) for row in page.results] if page else []
        after = page.paging.next.after if page else ""
        return rows, replace(cursor, after=after, done=not after or after == cursor.after)

    def _search(self, cursor: Cursor) -> Page:
        filters = [
            {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": str(cursor.since * 1000)},
            {"propertyName": "hs_object_id", "operator": "GT", "value": str(cursor.offset)},
        ]
        body = {
            "filterGroups": [{"filters": filters}],
            "sorts": ["hs_object_id"],
            "properties": self._properties,
            "limit": SEARCHED,
        }
        page = self.client.post(f"{DEALS}/search", body, Rows)
        rows = [_flat(row) for row in page.results] if page else []
        ids = [id_ for row in rows if (id_ := records.id_of(row)) is not None]
        more = bool(page and page.paging.next.after)
        return rows, by_id(cursor, ids, full=more or len(rows) >= SEARCHED)

    def by_ids(self, ids: Sequence[int], *, shrinkable: bool) -> Sequence[object] | None:  # noqa: ARG002
        """Ask for deals by id."""
        page = self.client.post(f"{DEALS}/batch/read", _batch(ids, self._properties), Rows)
        return [_flat(row) for row in page.results] if page else None

    def told(self, ids: Sequence[int]) -> Iterable[Told]:
        """Ask for the history of where some deals stood."""
        body = {**_batch(ids, ["pipeline"]), "propertiesWithHistory": ["dealstage"]}
        page = self.client.post(f"{DEALS}/batch/read", body, Rows)
        for raw in page.results if page else ():
            deal, _ = records.read(raw, WithHistory)
            if deal is not None:
                yield self._told(deal)

    def _told(self, deal: WithHistory) -> Told:
        found: list[tuple[str, Revision]] = []
        bad: list[Aside] = []
        for raw in deal.propertiesWithHistory.dealstage:
            revision, faults = records.read(raw, Revision)
            if revision is None:
                bad.append(records.aside(raw, faults, telling=self.telling))
            else:
                found.append((str(raw["timestamp"]), revision))  # type: ignore[index]
        found.sort(key=lambda pair: (pair[1].timestamp, pair[0]))
        whole = len(deal.propertiesWithHistory.dealstage) < REVISIONS and not bad
        return Told(
            [
                self._event(deal, moment, revision, first=whole and not number)
                for number, (moment, revision) in enumerate(found)
            ],
            bad,
        )

    def _event(self, deal: WithHistory, moment: str, revision: Revision, *, first: bool) -> EventRow:
        now = deal.properties.get("pipeline")
        pipeline = self.pipelines.get(revision.value, now if isinstance(now, str) else 0)
        return (
            deal.id, revision.timestamp, f"{moment} {revision.value}", ADDED if first else MOVED,
            None, None, pipeline, revision.value,
        )  # fmt: skip

    def settle(self, kind: str, began: int) -> None:
        """Find the deals that are gone: those not met in a pass over everything, and those merged away."""
        super().settle(kind, began)
        with self.state.transaction():
            self.lose(sorted(self._merged))

    def lead(self, raw: object) -> ReadLead:
        """Read a deal."""
        deal, faults = records.read(raw, Deal)
        if deal is None or not isinstance(raw, dict):
            return None, faults
        more: list[Fault] = []
        values = self.attributes.of(raw, more)
        reason = blot(deal.closed_lost_reason.strip()) or None
        self._merged |= _ids(deal.hs_merged_object_ids)
        row = (
            deal.id, deal.createdate, deal.hs_lastmodifieddate, None,
            deal.pipeline, deal.dealstage, deal.hubspot_owner_id, reason,
            deal.hs_primary_associated_company, None if deal.amount is None else str(deal.amount),
            json.dumps(values, ensure_ascii=False), deal.deal_currency_code or None,
        )  # fmt: skip
        return row, [*faults, *more]


def _flat(raw: object) -> object:
    """Return a deal with its properties beside its id."""
    if not isinstance(raw, dict):
        return raw
    properties = raw.get("properties")
    return {**(properties if isinstance(properties, dict) else {}), "id": raw.get("id")}


def _batch(ids: Sequence[int], properties: Sequence[str]) -> dict[str, object]:
    return {"inputs": [{"id": str(id_)} for id_ in ids], "properties": list(properties)}


def _ids(text: str) -> set[int]:
    """Return the ids of a list with semicolons; what can be no id names no deal and is passed over."""
    words = (word.strip() for word in text.split(";"))
    numbers = (int(word) for word in words if re.fullmatch(r"[0-9]{1,19}", word))
    return {number for number in numbers if number <= LARGEST}
