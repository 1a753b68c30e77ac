"""A stand-in HubSpot, written from the vendor's documentation (see docs/sources/hubspot.md).

Values are strings; lists go on at `paging.next.after`; a search shows no more than 10,000 results, and asking
on behind them is 400; archived deals are in a list of their own; history is told newest first.
"""

from __future__ import annotations

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

SECRET = "pat-eu1-0d5e-standin"
IDS = dict(zip(PIPELINES, ("default", "758201", "758202"), strict=True))
STAGES = {
    (pipeline, stage): stage.lower().replace(" ", "")
    if IDS[pipeline] == "default"
    else f"{IDS[pipeline]}{place}"
    for pipeline, stages in PIPELINES.items()
    for place, stage in enumerate((*stages, WON, LOST), start=10)
}
STAGES |= {("Sales", WON): "closedwon", ("Sales", LOST): "closedlost"}


def stamp(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.123Z")


@dataclass
class Portal:
    """One account's API.

    Attributes:
        company: whose deals.
        rate: requests a second before 429; 0 is without limit.
        cap: how many results a search shows.
        before: called with the number of each request; may return an answer of its own.
        now: the server's own clock (`Date`), unix seconds; 0 is the machine's.
        odd: properties of a deal instead: id -> property -> value.
        strange: rows that are in every first page of deals besides.
        merged: id of a deal -> ids that were merged into it.
        details: whether the token may read the account's details.
        log: time (monotonic), path, body or query, status of every request.
    """

    company: Company
    rate: int = 0
    cap: int = 10_000
    before: Callable[[int], Answer | None] = lambda number: None
    now: int = 0
    odd: dict[int, dict[str, object]] = field(default_factory=dict)
    strange: list[object] = field(default_factory=list)
    merged: dict[int, str] = field(default_factory=dict)
    details: bool = True
    log: list[tuple[float, str, dict, int]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clock(self) -> dict[str, str]:
        return {"Date": email.utils.formatdate(self.now or time.time(), usegmt=True)}

    def answer(self, method: str, target: str, bearer: str, body: bytes) -> Answer:
        with self._lock:
            at, url = time.monotonic(), urllib.parse.urlsplit(target)
            asked = json.loads(body) if body else dict(urllib.parse.parse_qsl(url.query))
            answer = self._answer(at, url.path, asked, bearer)
            self.log.append((at, url.path, asked, answer[0]))
            return answer

    def _answer(self, at: float, path: str, asked: dict, bearer: str) -> Answer:
        if self.rate and sum(at - entry[0] < 1 for entry in self.log[-self.rate :]) >= self.rate:
            return _error(429, "You have reached your secondly limit.")
        own = self.before(len(self.log) + 1)
        if own is not None:
            return own
        if bearer != f"Bearer {SECRET}":
            return _error(401, f"Authentication credentials not found: {bearer}")
        routes = {
            "/crm/v3/objects/deals": self._list, "/crm/v3/objects/deals/search": self._search,
            "/crm/v3/objects/deals/batch/read": self._batch, "/crm/v3/pipelines/deals": self._pipelines,
            "/crm/v3/owners": self._owners, "/crm/v3/properties/deals": self._properties,
            "/account-info/v3/details": self._details,
        }  # fmt: skip
        return routes[path](asked) if path in routes else _error(404, "Not found")

    def _list(self, asked: dict) -> Answer:
        archived = asked.get("archived") == "true"
        rows = [deal for _, deal in sorted(self.company.deals.items()) if bool(deal.gone) == archived]
        limit, after = int(asked.get("limit", 10)), int(asked.get("after", 0))
        assert limit <= 100
        rows = [deal for deal in rows if deal.id > after]
        shown: list[object] = [self._deal(deal, asked["properties"].split(",")) for deal in rows[:limit]]
        last = str(rows[limit - 1].id) if len(rows) > limit else ""
        return _page(shown + ([] if after or archived else self.strange), last)

    def _search(self, asked: dict) -> Answer:
        limit, after = int(asked.get("limit", 10)), int(asked.get("after", 0))
        if limit > 200 or after + limit > self.cap:
            return _error(400, "paging is beyond the results that are shown")
        assert asked["sorts"] == ["hs_object_id"]
        names = [*asked["properties"], "hs_object_id", "hs_lastmodifieddate"]
        rows = [(deal, self._deal(deal, names)) for deal in self.company.there]
        for one in asked["filterGroups"][0]["filters"]:
            rows = [row for row in rows if _fits(row[1]["properties"], one)]  # type: ignore[index]
        shown = [row for _, row in rows[after : after + limit]]
        more = str(after + limit) if len(rows) > after + limit else ""
        first = any(
            one["operator"] == "GT" and one["value"] == "0" for one in asked["filterGroups"][0]["filters"]
        )
        return _page(shown + (self.strange if first else []), more, total=min(len(rows), self.cap))

    def _batch(self, asked: dict) -> Answer:
        wanted = [int(one["id"]) for one in asked["inputs"]]
        history = asked.get("propertiesWithHistory", [])
        if len(wanted) > (50 if history else 100):
            return _error(400, "too many inputs")
        alive = {deal.id: deal for deal in self.company.there}
        rows = [self._deal(alive[id_], asked["properties"]) for id_ in wanted if id_ in alive]
        if history:
            for row in rows:
                steps = alive[int(row["id"])].steps  # type: ignore[call-overload]
                row["propertiesWithHistory"] = {
                    "dealstage": [{"value": STAGES[place], "timestamp": stamp(at), "sourceType": "CRM_UI"}
                                  for at, place in reversed(steps)][:20]
                }  # fmt: skip
        lost = [id_ for id_ in wanted if id_ not in alive]
        content = {"status": "COMPLETE", "results": rows, "errors": [{"status": "error"}] * bool(lost)}
        return 207 if lost else 200, "application/json", json.dumps(content).encode()

    def _deal(self, deal: Deal, names: list[str]) -> dict[str, object]:
        properties = {
            "hs_object_id": str(deal.id), "createdate": stamp(deal.created),
            "hs_lastmodifieddate": stamp(deal.updated), "dealname": f"Deal of +7 916 555 {deal.id}",
            "pipeline": IDS[deal.place[0]], "dealstage": STAGES[deal.place],
            "amount": deal.amount, "deal_currency_code": deal.currency, "hubspot_owner_id": str(deal.owner),
            "hs_primary_associated_company": str(deal.customer) if deal.customer else None,
            "closed_lost_reason": deal.reason if deal.place[1] == LOST else None,
            "lead_source": deal.source or None,
            "hs_merged_object_ids": self.merged.get(deal.id), **self.odd.get(deal.id, {}),
        }  # fmt: skip
        shown = {name: value for name, value in properties.items() if name in names}
        return {"id": str(deal.id), "properties": shown, "archived": bool(deal.gone)}

    def _pipelines(self, asked: dict) -> Answer:
        rows = []
        for order, (pipeline, stages) in enumerate(PIPELINES.items()):
            parts = [
                {"id": STAGES[pipeline, stage], "label": stage, "displayOrder": place, "archived": False,
                 "metadata": {"probability": {WON: "1.0", LOST: "0.0"}.get(stage, "0.4"),
                              "isClosed": "true" if stage in (WON, LOST) else "false"}}
                for place, stage in enumerate((*stages, WON, LOST))
            ]  # fmt: skip
            rows.append(
                {
                    "id": IDS[pipeline],
                    "label": pipeline,
                    "displayOrder": order,
                    "stages": parts,
                    "archived": False,
                }
            )
        return _page(rows, "")

    def _owners(self, asked: dict) -> Answer:
        rows = [
            {
                "id": str(id_),
                "firstName": name.split()[0],
                "lastName": name.split()[1],
                "email": f"{id_}@acme.example",
            }
            for id_, name in USERS.items()
            if (id_ == 12) == (asked.get("archived") == "true")  # one has left
        ]
        return _page(rows, "")

    def _properties(self, asked: dict) -> Answer:
        options = [{"value": value, "label": label} for value, label in SOURCES.items()]
        return _page(
            [{"name": "lead_source", "label": "Source", "type": "enumeration", "options": options}], ""
        )

    def _details(self, asked: dict) -> Answer:
        if not self.details:
            return _error(403, "This app hasn't been granted all required scopes")
        return _json({"portalId": 62515, "timeZone": "Europe/Moscow", "companyCurrency": "RUB"})


def _fits(properties: dict, one: dict) -> bool:
    value = str(properties.get(one["propertyName"]))
    if one["propertyName"].endswith("date"):
        try:
            value = str(int(dt.datetime.fromisoformat(value).timestamp() * 1000))
        except ValueError:
            return False
    return {"GT": int(value) > int(one["value"]), "GTE": int(value) >= int(one["value"])}[one["operator"]]


def _page(rows: list, after: str, **more: object) -> Answer:
    paging = {"paging": {"next": {"after": after, "link": "https://api.hubapi.com/..."}}} if after else {}
    return _json({"results": rows, **paging, **more})


def _json(content: object) -> Answer:
    return 200, "application/json", json.dumps(content).encode()


def _error(status: int, text: str) -> Answer:
    content = {"status": "error", "message": text, "category": "VALIDATION_ERROR"}
    return status, "application/json", json.dumps(content).encode()


MAPPING = {
    "pipelines": {
        "Sales": {"New": "lead", "Qualified": "qualified", "proposal": "proposal"},
        758201: {75820110: "lead", "Proposal": "proposal"},
    },
    "attributes": {"manager": "responsible", "channel": "field:Source"},
}
ODD = {  # what the account says of a deal -> the field that is named
    "amount 10^17": ({"amount": "1e17"}, "amount"),
    "amount below 0": ({"amount": "-5"}, "amount"),
    "amount in words": ({"amount": "Anna"}, "amount"),
    "created null": ({"createdate": None}, "createdate"),
    "created in digits": ({"createdate": "1700000000000"}, "createdate"),
    "edited in words": ({"hs_lastmodifieddate": "yesterday"}, "hs_lastmodifieddate"),
    "stage null": ({"dealstage": None}, "dealstage"),
    "pipeline nested": ({"pipeline": ["default"]}, "pipeline"),
}
IN = {  # odd, and in all the same
    "half a character": ({"closed_lost_reason": "a\ud800b"}, ""),
    "owner nested": ({"hubspot_owner_id": {"a": 1}}, "hubspot_owner_id"),
    "a control character": ({"lead_source": "P\x01"}, "channel"),
}
STRANGE = [{"id": "2" * 20, "properties": {}}, {"id": None}, "no object", None]
"""Rows without an id that can be read."""
