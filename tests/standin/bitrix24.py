"""A stand-in Bitrix24, written from the vendor's documentation (see docs/sources/bitrix24.md).

List methods answer 50 rows; `start=-1` counts nothing and names no next page; a filter's key bears its
operation; values are strings; what was deleted is in no list; `crm.stagehistory.list` nests its rows.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from standin.company import LOST, PIPELINES, SOURCES, USERS, WON, Company, Deal
from standin.server import Answer

SECRET = "k3yk3yk3yk3y"
PAGE = 50
CATEGORIES = dict(zip(PIPELINES, (0, 5, 9), strict=True))
CODES = {
    "New": "NEW",
    "Qualified": "PREPARATION",
    "Proposal": "UC_7XZ",
    "In work": "2",
    WON: "WON",
    LOST: "LOSE",
}
PORTAL = dt.timezone(dt.timedelta(hours=2))  # the server's zone is not the user's


def code(place: tuple[str, str]) -> str:
    category = CATEGORIES[place[0]]
    return f"C{category}:{CODES[place[1]]}" if category else CODES[place[1]]


def semantics(stage: str) -> str:
    return {WON: "S", LOST: "F"}.get(stage, "P")


def stamp(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, PORTAL).isoformat()


@dataclass
class Portal:
    """One portal's REST.

    Attributes:
        company: whose deals.
        rate: requests a second before 503 QUERY_LIMIT_EXCEEDED; 0 is without limit.
        before: called with the number of each request; may return an answer of its own.
        now: the server's own clock (`Date`), unix seconds; 0 is the machine's.
        odd: what the API says of a deal instead: id -> field -> value.
        odd_history: likewise of records of history, by the number of the record.
        strange: rows that are in every first page of deals besides.
        gap: after a move to another pipeline the history tells of the present one alone, as the real one.
        log: time (monotonic), method, body, status of every request.
    """

    company: Company
    rate: int = 0
    before: Callable[[int], Answer | None] = lambda number: None
    now: int = 0
    odd: dict[int, dict[str, object]] = field(default_factory=dict)
    odd_history: dict[int, dict[str, object]] = field(default_factory=dict)
    strange: list[object] = field(default_factory=list)
    gap: bool = False
    log: list[tuple[float, str, dict, int]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clock(self) -> dict[str, str]:
        return {"Date": email.utils.formatdate(self.now or time.time(), usegmt=True)}

    def answer(self, method: str, target: str, bearer: str, body: bytes) -> Answer:
        with self._lock:
            at, asked = time.monotonic(), json.loads(body or b"{}")
            answer = self._answer(at, target.split("?")[0], asked)
            self.log.append((at, target.rpartition("/")[2], asked, answer[0]))
            return answer

    def _answer(self, at: float, path: str, asked: dict) -> Answer:
        if self.rate and sum(at - entry[0] < 1 for entry in self.log[-self.rate :]) >= self.rate:
            return _error(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
        own = self.before(len(self.log) + 1)
        if own is not None:
            return own
        if not path.startswith(f"/rest/1/{SECRET}/"):
            return _error(401, "NO_AUTH_FOUND", f"Wrong authorization data {path}")
        methods = {
            "crm.deal.list": self._deals, "crm.deal.fields": self._fields,
            "crm.lead.list": self._leads, "crm.lead.fields": self._fields,
            "crm.stagehistory.list": self._history, "crm.status.list": self._statuses,
            "crm.category.list": self._categories, "user.get": self._users,
        }  # fmt: skip
        name = path.rpartition("/")[2].removesuffix(".json")
        if name not in methods:
            return _error(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        return methods[name](asked)

    def _deals(self, asked: dict) -> Answer:
        rows = [{**self._deal(deal), **self.odd.get(deal.id, {})} for deal in self.company.there]
        asks = asked.get("filter", {}).items()
        first = not any(key in ("@ID", ">ID") and value not in ("0", 0) for key, value in asks)
        found = _filtered(rows, asked)
        return _page(found, asked, self.strange if first else [])

    def _leads(self, asked: dict) -> Answer:
        """The same records as leads: without pipelines, with a status."""
        rows = [self._deal(deal) for deal in self.company.there]
        for row in rows:
            row["STATUS_ID"] = row.pop("STAGE_ID")
            del row["CATEGORY_ID"], row["IS_RECURRING"]
        return _page(_filtered(rows, asked), asked, [])

    def _deal(self, deal: Deal) -> dict[str, object]:
        return {
            "ID": str(deal.id), "TITLE": f"Deal of +7 916 555 {deal.id}",
            "CATEGORY_ID": str(CATEGORIES[deal.place[0]]),
            "STAGE_ID": code(deal.place), "STAGE_SEMANTIC_ID": semantics(deal.place[1]),
            "OPPORTUNITY": deal.amount, "CURRENCY_ID": deal.currency, "ASSIGNED_BY_ID": str(deal.owner),
            "CONTACT_ID": str(deal.customer) if deal.customer else None, "COMPANY_ID": "0",
            "DATE_CREATE": stamp(deal.created), "DATE_MODIFY": stamp(deal.updated),
            "MOVED_TIME": stamp(deal.steps[-1][0]), "CLOSEDATE": stamp(deal.created + 7 * 86_400),
            "CLOSED": "Y" if deal.place[1] in (WON, LOST) else "N", "IS_RECURRING": "N",
            "SOURCE_ID": deal.source,
            "UF_CRM_1700000000": "7", "COMMENTS": "call +7 916 555 44 33",
        }  # fmt: skip

    def _history(self, asked: dict) -> Answer:
        rows: list[dict] = []
        for deal in self.company.deals.values():
            before = ""
            for number, (at, place) in enumerate(deal.steps):
                kind = 1 if not number else 5 if place[0] != before else 2 + (place[1] in (WON, LOST))
                before = place[0]
                if self.gap and place[0] != deal.place[0]:
                    continue
                rows.append({"TYPE_ID": kind, "OWNER_ID": deal.id, "at": at, "CREATED_TIME": stamp(at),
                             "CATEGORY_ID": CATEGORIES[place[0]], "STAGE_SEMANTIC_ID": semantics(place[1]),
                             "STAGE_ID": code(place)})  # fmt: skip
        rows.sort(key=lambda row: (row.pop("at"), row["OWNER_ID"]))
        rows = [{"ID": id_, **row, **self.odd_history.get(id_, {})} for id_, row in enumerate(rows, start=1)]
        for row in rows if asked["entityTypeId"] == 1 else ():
            row["STATUS_ID"] = row.pop("STAGE_ID")
            del row["CATEGORY_ID"]
        return _page(_filtered(rows, asked), asked, [], "items")

    def _statuses(self, asked: dict) -> Answer:
        rows = [
            {"ID": "1", "ENTITY_ID": "SOURCE", "STATUS_ID": id_, "NAME": name, "SORT": "10"}
            for id_, name in SOURCES.items()
        ]
        for pipeline, stages in PIPELINES.items():
            category = CATEGORIES[pipeline]
            for place, stage in enumerate((*stages, WON, LOST), start=1):
                kind = {"S": "success", "F": "failure"}.get(semantics(stage), "process")
                entity = f"DEAL_STAGE_{category}" if category else "DEAL_STAGE"
                rows.append({"ID": str(100 + place), "ENTITY_ID": entity,
                             "STATUS_ID": code((pipeline, stage)), "NAME": stage, "SORT": str(10 * place),
                             "SEMANTICS": semantics(stage) if kind != "process" else None,
                             "EXTRA": {"SEMANTICS": kind}})  # fmt: skip
        leads = [{**row, "ENTITY_ID": "STATUS"} for row in rows if row["ENTITY_ID"] == "DEAL_STAGE"]
        return _json({"result": [*rows, *leads], "total": len(rows) + len(leads)})

    def _categories(self, asked: dict) -> Answer:
        rows = [
            {"id": id_, "name": name, "sort": 100 + id_, "entityTypeId": 2, "isDefault": "N" if id_ else "Y"}
            for name, id_ in CATEGORIES.items()
        ]
        return _json({"result": {"categories": rows}, "total": len(rows)})

    def _fields(self, asked: dict) -> Answer:
        fields = {
            "SOURCE_ID": {"type": "crm_status", "statusType": "SOURCE", "title": "Source"},
            "UTM_SOURCE": {"type": "string", "title": "UTM Source"},
            "UF_CRM_1700000000": {"type": "enumeration", "title": "UF_CRM_1700000000", "listLabel": "Region",
                                  "items": [{"ID": "7", "VALUE": "Perm"}]},
        }  # fmt: skip
        return _json({"result": fields})

    def _users(self, asked: dict) -> Answer:
        rows = [{"ID": str(id_), "NAME": name.split()[0], "LAST_NAME": name.split()[1],
                 "EMAIL": f"{id_}@acme.example"}
                for id_, name in USERS.items()]  # fmt: skip
        return _page(rows, asked, [])


def _filtered(rows: list[dict], asked: dict) -> list[dict]:
    for key, wanted in asked.get("filter", {}).items():
        name = key.lstrip("<>=!@")
        operation = key[: len(key) - len(name)]
        values = [str(one) for one in wanted] if isinstance(wanted, list) else [wanted]
        rows = [row for row in rows if _fits(row.get(name), operation, values)]
    order = asked.get("order", {"ID": "ASC"})
    assert set(order) == {"ID"}
    return sorted(rows, key=lambda row: _number(row["ID"]), reverse=order["ID"] == "DESC")


def _fits(value: object, operation: str, wanted: list) -> bool:
    if operation in ("@", "", "="):
        return str(value) in [str(one) for one in wanted]
    left, right = _comparable(value), _comparable(wanted[0])
    if left is None or right is None:
        return False
    return {">": left > right, ">=": left >= right, "<": left < right, "<=": left <= right}[operation]


def _comparable(value: object) -> float | None:
    text = str(value)
    try:
        return float(text) if text.isdigit() else dt.datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def _number(value: object) -> int:
    return int(str(value)) if str(value).isdigit() else 0


def _page(rows: list, asked: dict, strange: list, nested: str = "") -> Answer:
    start = int(asked.get("start", 0))
    shown = rows[max(start, 0) : max(start, 0) + PAGE] + strange
    content: dict[str, object] = {"result": {nested: shown} if nested else shown, "time": {"operating": 0.1}}
    if start >= 0:
        content["total"] = len(rows) + len(strange)
        if start + PAGE < len(rows):
            content["next"] = start + PAGE
    return _json(content)


def _json(content: object) -> Answer:
    return 200, "application/json", json.dumps(content).encode()


def _error(status: int, error: str, text: str) -> Answer:
    return status, "application/json", json.dumps({"error": error, "error_description": text}).encode()


MAPPING = {
    "pipelines": {
        "Sales": {"New": "lead", "Qualified": "qualified", "UC_7XZ": "proposal"},
        5: {"C5:NEW": "lead", "C5:UC_7XZ": "proposal"},
    },
    "attributes": {"manager": "responsible", "channel": "field:Source"},
}
ODD = {  # what the portal says of a deal -> the field that is named
    "amount 10^17": ({"OPPORTUNITY": "1e17"}, "OPPORTUNITY"),
    "amount below 0": ({"OPPORTUNITY": "-5"}, "OPPORTUNITY"),
    "amount in words": ({"OPPORTUNITY": "Anna"}, "OPPORTUNITY"),
    "created null": ({"DATE_CREATE": None}, "DATE_CREATE"),
    "created in digits": ({"DATE_CREATE": "1700000000000"}, "DATE_CREATE"),
    "created in 1900": ({"DATE_CREATE": "1900-01-01T00:00:00+00:00"}, "DATE_CREATE"),
    "edited in words": ({"DATE_MODIFY": "yesterday"}, "DATE_MODIFY"),
    "stage null": ({"STAGE_ID": None}, "STAGE_ID"),
    "stage nested": ({"STAGE_ID": ["NEW"]}, "STAGE_ID"),
    "pipeline true": ({"CATEGORY_ID": True}, "CATEGORY_ID"),
    "a template": ({"IS_RECURRING": "Y"}, "IS_RECURRING"),
}
IN = {  # odd, and in all the same
    "half a character": ({"TITLE": "a\ud800b"}, ""),
    "responsible nested": ({"ASSIGNED_BY_ID": {"a": 1}}, "ASSIGNED_BY_ID"),
    "a control character": ({"SOURCE_ID": "P\x01"}, "channel"),
}
STRANGE = [{"ID": "2" * 20, "DATE_CREATE": "2023-01-01T00:00:00+00:00"}, {"ID": None}, "no object", None]
"""Rows without an id that can be read."""
