"""A stand-in Pipedrive, written from the vendor's documentation (see docs/sources/pipedrive.md).

Version 2 lists deals by an opaque marker, archived and deleted ones apart; a won deal keeps its stage; where
a deal has been is told by version 1 deal by deal, newest first, mixed with notes, values as text.
"""

from __future__ import annotations

import base64
import datetime as dt
import email.utils
import json
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field

from standin.company import LOST, PIPELINES, SOURCES, USERS, WON, Company, Deal
from standin.server import Answer

SECRET = "0123456789abcdef-standin"
IDS = dict(zip(PIPELINES, (1, 4, 6), strict=True))
STAGES = {
    (pipeline, stage): 10 * IDS[pipeline] + place
    for pipeline, stages in PIPELINES.items()
    for place, stage in enumerate(stages)
}
CHANNEL = "f71407beeb55195def1dce9326667e7c54f2cb42"
OPTIONS = {source: 80 + number for number, source in enumerate(SOURCES)}
FLOW = 3  # changes a page, so that there are several


def stamp(seconds: int | None) -> str | None:
    return seconds and dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def old_stamp(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")


@dataclass
class Portal:
    """One account's API.

    Attributes:
        company: whose deals.
        rate: requests a second before 429; 0 is without limit.
        before: called with the number of each request; may return an answer of its own.
        now: the server's own clock (`Date`), unix seconds; 0 is the machine's.
        odd: what the API says of a deal instead: id -> field -> value.
        strange: rows that are in every first page of deals besides.
        archived: ids of deals that someone archived.
        log: time (monotonic), path, query, status of every request.
    """

    company: Company
    rate: int = 0
    before: Callable[[int], Answer | None] = lambda number: None
    now: int = 0
    odd: dict[int, dict[str, object]] = field(default_factory=dict)
    strange: list[object] = field(default_factory=list)
    archived: set[int] = field(default_factory=set)
    log: list[tuple[float, str, dict, int]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clock(self) -> dict[str, str]:
        return {"Date": email.utils.formatdate(self.now or time.time(), usegmt=True)}

    def answer(self, method: str, target: str, token: str, body: bytes) -> Answer:
        with self._lock:
            at, url = time.monotonic(), urllib.parse.urlsplit(target)
            asked = dict(urllib.parse.parse_qsl(url.query))
            answer = self._answer(at, url.path, asked, token)
            self.log.append((at, url.path, asked, answer[0]))
            return answer

    def _answer(self, at: float, path: str, asked: dict, token: str) -> Answer:
        if self.rate and sum(at - entry[0] < 1 for entry in self.log[-self.rate :]) >= self.rate:
            return 429, "application/json", b'{"success":false}', {"x-ratelimit-reset": "2"}
        own = self.before(len(self.log) + 1)
        if own is not None:
            return own
        if token != SECRET:
            return _error(401, f"unauthorized access {token}")
        if path.startswith("/api/v1/deals/") and path.endswith("/flow"):
            return self._flow(int(path.split("/")[4]), asked)
        routes = {
            "/api/v2/deals": self._deals, "/api/v2/deals/archived": self._archived,
            "/api/v2/pipelines": self._pipelines, "/api/v2/stages": self._stages,
            "/api/v2/dealFields": self._fields, "/api/v1/users": self._users, "/api/v1/users/me": self._me,
        }  # fmt: skip
        return routes[path](asked) if path in routes else _error(404, "Unknown path")

    def _deals(self, asked: dict) -> Answer:
        deleted = asked.get("status") == "deleted"
        rows = [deal for deal in self.company.deals.values() if bool(deal.gone) == deleted]
        return self._listed([deal for deal in rows if deal.id not in self.archived], asked)

    def _archived(self, asked: dict) -> Answer:
        return self._listed(
            [deal for deal in self.company.there if deal.id in self.archived], asked, strange=False
        )

    def _listed(self, deals: list[Deal], asked: dict, strange: bool = True) -> Answer:
        assert asked.get("sort_by", "id") == "id"
        rows = [self._deal(deal) for deal in sorted(deals, key=lambda deal: deal.id)]
        if "ids" in asked:
            assert len(asked["ids"].split(",")) <= 100
            rows = [row for row in rows if str(row["id"]) in asked["ids"].split(",")]
        if "updated_since" in asked:
            since = dt.datetime.fromisoformat(asked["updated_since"]).timestamp()
            rows = [row for row in rows if _seconds(row["update_time"]) >= since]
        limit = min(int(asked.get("limit", 100)), 500)
        start = int(base64.b64decode(asked["cursor"])) if "cursor" in asked else 0
        more = base64.b64encode(str(start + limit).encode()).decode() if len(rows) > start + limit else None
        shown: list[object] = [*rows[start : start + limit]]
        first = strange and not start and "ids" not in asked and "status" not in asked
        return _json({"success": True, "data": shown + (self.strange if first else []),
                      "additional_data": {"next_cursor": more}})  # fmt: skip

    def _deal(self, deal: Deal) -> dict[str, object]:
        stood = [place for _, place in deal.steps if place in STAGES]
        stage = stood[-1] if stood else (deal.place[0], PIPELINES[deal.place[0]][0])
        status = {WON: "won", LOST: "lost"}.get(deal.place[1], "open")
        last = deal.steps[-1][0]
        entered = [at for at, place in deal.steps if place in STAGES]
        return {
            "id": deal.id, "title": f"Deal of +7 916 555 {deal.id}", "owner_id": deal.owner,
            "person_id": deal.customer,
            "org_id": None, "pipeline_id": IDS[deal.place[0]], "stage_id": STAGES[stage],
            "value": None if deal.amount is None else float(deal.amount), "currency": deal.currency,
            "add_time": stamp(deal.created), "update_time": stamp(deal.gone or deal.updated),
            "stage_change_time": stamp(entered[-1]) if len(entered) > 1 else None,
            "is_deleted": bool(deal.gone),
            "is_archived": deal.id in self.archived, "status": status,
            "lost_reason": deal.reason if status == "lost" else None,
            "won_time": stamp(last) if status == "won" else None,
            "lost_time": stamp(last) if status == "lost" else None,
            "expected_close_date": "2026-01-31", "custom_fields": {CHANNEL: OPTIONS.get(deal.source)},
            **self.odd.get(deal.id, {}),
        }  # fmt: skip

    def _flow(self, id_: int, asked: dict) -> Answer:
        deal = self.company.deals[id_]
        rows: list[dict] = [
            {"object": "note", "timestamp": old_stamp(deal.created), "data": {"content": "+7 916"}}
        ]
        stage, status = None, "open"
        for number, (at, place) in enumerate(deal.steps, start=1):
            new = {WON: "won", LOST: "lost"}.get(place[1], "open")
            changed = []
            if place in STAGES:
                changed += [("stage_id", stage, STAGES[place])] if stage and stage != STAGES[place] else []
                stage = STAGES[place]
            changed += [("status", status, new)] if status != new else []
            status = new
            for part, (key, old, value) in enumerate(changed):
                data = {"id": 1000 * id_ + 10 * number + part, "item_id": id_, "field_key": key,
                        "old_value": str(old), "new_value": str(value), "log_time": old_stamp(at),
                        "additional_data": []}  # fmt: skip
                rows.insert(0, {"object": "dealChange", "timestamp": old_stamp(at), "data": data})
        start = int(asked.get("start", 0))
        more = len(rows) > start + FLOW
        pages = {"start": start, "limit": FLOW, "more_items_in_collection": more}
        if more:
            pages["next_start"] = start + FLOW
        return _json(
            {"success": True, "data": rows[start : start + FLOW], "additional_data": {"pagination": pages}}
        )

    def _pipelines(self, asked: dict) -> Answer:
        rows = [{"id": id_, "name": name, "order_nr": id_, "is_deleted": False} for name, id_ in IDS.items()]
        return _json({"success": True, "data": rows, "additional_data": {"next_cursor": None}})

    def _stages(self, asked: dict) -> Answer:
        rows = [
            {"id": id_, "name": stage, "order_nr": id_, "pipeline_id": IDS[pipeline], "is_deleted": False}
            for (pipeline, stage), id_ in STAGES.items()
        ]
        return _json({"success": True, "data": rows, "additional_data": {"next_cursor": None}})

    def _fields(self, asked: dict) -> Answer:
        options = [{"id": id_, "label": SOURCES[source]} for source, id_ in OPTIONS.items()]
        rows = [
            {"field_name": "Title", "field_code": "title", "field_type": "varchar", "is_custom_field": False},
            {"field_name": "Source", "field_code": CHANNEL, "field_type": "enum", "is_custom_field": True,
             "options": options},
        ]  # fmt: skip
        return _json({"success": True, "data": rows, "additional_data": {"next_cursor": None}})

    def _users(self, asked: dict) -> Answer:
        rows = [{"id": id_, "name": name, "email": f"{id_}@acme.example"} for id_, name in USERS.items()]
        return _json({"success": True, "data": rows})

    def _me(self, asked: dict) -> Answer:
        me = {"id": 11, "company_id": 77, "default_currency": "RUB", "timezone_name": "Europe/Moscow"}
        return _json({"success": True, "data": {**me, "email": "boss@acme.example"}})


def _seconds(value: object) -> float:
    try:
        return dt.datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        return 1e18


def _json(content: object) -> Answer:
    return 200, "application/json", json.dumps(content).encode()


def _error(status: int, text: str) -> Answer:
    content = {"success": False, "error": text, "error_info": "https://developers.pipedrive.com"}
    return status, "application/json", json.dumps(content).encode()


MAPPING = {
    "pipelines": {
        "Sales": {"New": "lead", 11: "qualified", "Proposal": "proposal"},
        4: {40: "lead", 41: "proposal"},
    },
    "attributes": {"manager": "responsible", "channel": "field:Source"},
}
ODD = {  # what the account says of a deal -> the field that is named
    "value 10^17": ({"value": 1e17}, "value"),
    "value below 0": ({"value": -5}, "value"),
    "value in words": ({"value": "Anna"}, "value"),
    "value true": ({"value": True}, "value"),
    "added null": ({"add_time": None}, "add_time"),
    "added in seconds": ({"add_time": 1700000000}, "add_time"),
    "edited in words": ({"update_time": "yesterday"}, "update_time"),
    "stage null": ({"stage_id": None}, "stage_id"),
    "status unknown": ({"status": "paused"}, "status"),
    "pipeline nested": ({"pipeline_id": [1]}, "pipeline_id"),
}
IN = {  # odd, and in all the same
    "half a character": ({"title": "a\ud800b"}, ""),
    "owner nested": ({"owner_id": {"a": 1}}, "owner_id"),
    "a control character": ({"custom_fields": {CHANNEL: "P\x01"}}, "channel"),
}
STRANGE = [{"id": 2**64}, {"id": None}, "no object", None]
"""Rows without an id that can be read."""
