"""Deals and their history.

Deals that someone archived are in a list of their own, and count; deleted ones are listed for 30 days. Where
a deal has been is told deal by deal, which costs of the account's daily budget, so it is asked only of deals
whose stage or status changed since.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from funnel.gate.personal import blot
from funnel.sources.api import asides, records
from funnel.sources.api.client import Params
from funnel.sources.api.deals import LEADS, DealReader, Told
from funnel.sources.api.reader import Page, ReadLead
from funnel.sources.api.records import Aside, Fault
from funnel.sources.api.rounds import Round
from funnel.sources.api.state import Cursor
from funnel.sources.pipedrive.client import Client
from funnel.sources.pipedrive.timeline import STAGE, STATUS, timeline
from funnel.sources.pipedrive.wire import Change, Deal, Rows

DEALS, ARCHIVED, DELETED = "api/v2/deals", "api/v2/deals/archived", "deleted"
LISTED, NAMED = 500, 100  # deals a page, ids a request
_FIELDS = 15  # that a request may name


class Reader(DealReader):
    """Reads one account in one pass."""

    client: Client
    telling = ("add_time", "update_time", "pipeline_id", "stage_id", "status", "item_id", "log_time")
    probes = (NAMED,)
    asked = 20
    lost = (DELETED,)
    edited = "update_time"

    @cached_property
    def _fields(self) -> Params:
        """Which custom fields to tell; all, where they are more than a request may name."""
        custom = {field.id for field in self.references.fields if field.kind.startswith("custom ")}
        named = [str(id_) for id_ in self.attributes.fields if id_ in custom]
        return {"custom_fields": ",".join(named)} if 0 < len(named) <= _FIELDS else {}

    def page(self, stream: str, cursor: Cursor) -> Page:
        """Read the next deals edited since a time: those in use, then the archived; or the deleted."""
        query: dict[str, str | int] = {
            "limit": LISTED,
            "sort_by": "id",
            "sort_direction": "asc",
            **self._fields,
        }
        if stream == DELETED:
            query["status"] = "deleted"
        if cursor.since:
            query["updated_since"] = dt.datetime.fromtimestamp(cursor.since, dt.UTC).strftime(
                "%Y-%m-%dT%H:%M:%SZ"
            )
        if cursor.after:
            query["cursor"] = cursor.after
        page = self.client.get(ARCHIVED if cursor.mode else DEALS, query, Rows)
        after = page.additional_data.next_cursor if page else ""
        more = bool(after) and after != cursor.after
        following = replace(cursor, after=after if more else "", done=not more)
        if not more and stream == LEADS and not cursor.mode:
            following = replace(following, mode=ARCHIVED, done=False)
        return [_flat(row) for row in page.data] if page else (), following

    def by_ids(self, ids: Sequence[int], *, shrinkable: bool) -> Sequence[object] | None:  # noqa: ARG002
        """Ask for deals by id, in use or archived."""
        found: list[object] = []
        for path in (DEALS, ARCHIVED):
            there = {records.id_of(row) for row in found}
            left = [id_ for id_ in ids if id_ not in there]
            if left:
                query = {"ids": ",".join(map(str, left)), "limit": NAMED, **self._fields}
                page = self.client.get(path, query, Rows)
                found += [_flat(row) for row in page.data] if page else []
        return found

    def told(self, ids: Sequence[int]) -> Iterable[Told]:
        """Ask for the changes of some deals, one after the other."""
        for raw in self.by_ids(ids, shrinkable=False) or ():
            deal, _ = records.read(raw, Deal)
            if deal is not None:
                changes, bad = self._changes(deal.id)
                yield Told(timeline(deal, changes, self.pipelines), bad)

    def _changes(self, id_: int) -> tuple[list[Change], list[Aside]]:
        found: list[Change] = []
        bad: list[Aside] = []
        start: int | None = 0
        turn = Round(self.client, f"the changes of deal {id_}")
        while start is not None:
            query: Params = {"limit": LISTED, "start": start, "items": "dealChange"}
            page = self.client.get(f"api/v1/deals/{id_}/flow", query, Rows, optional=True)
            turn.look(page.data if page else ())
            for raw in page.data if page else ():
                data = (
                    raw.get("data") if isinstance(raw, dict) and raw.get("object") == "dealChange" else None
                )
                if not isinstance(data, dict) or data.get("field_key") not in (STAGE, STATUS):
                    continue
                change, faults = records.read(data, Change)
                if change is None:
                    bad.append(records.aside(data, faults, telling=self.telling))
                else:
                    found.append(change)
            pages = page.additional_data.pagination if page else None
            following = pages.next_start if pages and pages.more_items_in_collection else None
            start = following if following is not None and following > start else None
        return found, bad

    def lead(self, raw: object) -> ReadLead:
        """Read a deal; one that the account marks as deleted is none."""
        if isinstance(raw, dict) and (raw.get("is_deleted") is True or raw.get("status") == DELETED):
            return None, [Fault("is_deleted", "true", asides.MARKED)]
        deal, faults = records.read(raw, Deal)
        if deal is None or not isinstance(raw, dict):
            return None, faults
        more: list[Fault] = []
        values = self.attributes.of(raw, more)
        row = (
            deal.id, deal.add_time, deal.update_time, deal.came,
            deal.pipeline_id, deal.stage_id if deal.status == "open" else deal.status, deal.owner_id,
            blot(deal.lost_reason.strip()) or None if deal.status == "lost" else None,
            deal.person_id or deal.org_id, None if deal.value is None else str(deal.value),
            json.dumps(values, ensure_ascii=False), deal.currency or None,
        )  # fmt: skip
        return row, [*faults, *more]


def _flat(raw: object) -> object:
    """Return a deal with its custom fields beside its own."""
    custom = raw.get("custom_fields") if isinstance(raw, dict) else None
    return {**custom, **raw} if isinstance(raw, dict) and isinstance(custom, dict) else raw
