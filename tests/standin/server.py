"""The stand-in's API v4 on loopback: paging, filters, 204, 429, 403, 504, tokens that end.

`Api.answer` is the whole behaviour, without a socket; `serve` puts it behind one.
"""

from __future__ import annotations

import bisect
import contextlib
import email.utils
import json
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standin.world import FIELDS, PIPELINES, REASONS, USERS, Lead, World

TOKEN = "standin-long-lived-token-5d41402abc"
MAX_LEADS, MAX_EVENTS = 250, 100
HTML_429 = "<html><head><title>429 Too Many Requests</title></head><body>nginx</body></html>"
Answer = tuple[int, str, bytes] | tuple[int, str, bytes, dict[str, str]]
"""Status, kind, body, and headers where it needs some."""


class Drop(Exception):
    """Close the connection without an answer."""


@dataclass
class Api:
    """One account's API.

    Attributes:
        world: the account.
        rate: requests a second before 429; 0 is without limit. Three 429 in a row block the account (403).
        before: called with the number of each request; may change the world, or raise `Drop`, or return an
            answer of its own.
        largest_leads: a page of more leads than this is given up with 504; 0 never.
        largest_fields: the most custom fields a page holds, whatever limit is asked for.
        obeys: whether filters and order are obeyed (they are not in every account).
        newest_first: the order of events, which is not documented.
        now: the server's own clock (header `Date`), unix seconds; 0 is the machine's, None tells none.
        odd: what the API says of a lead instead of what the world knows: lead id -> field -> value.
        odd_events: likewise of events: event id -> field -> value.
        strange: rows that are in every first page of a list besides: name of the list -> rows.
        grants: OAuth: client id, secret and the refresh token that is valid now.
        access_uses: requests an OAuth access token is good for; 0 is without limit.
        log: time (monotonic), method, path, query, status of every request.
    """

    world: World
    rate: int = 0
    before: Callable[[int], Answer | None] = lambda number: None
    largest_leads: int = 0
    largest_fields: int = 250
    obeys: bool = True
    newest_first: bool = True
    now: int | None = 0
    odd: dict[int, dict[str, object]] = field(default_factory=dict)
    odd_events: dict[str, dict[str, object]] = field(default_factory=dict)
    strange: dict[str, list[object]] = field(default_factory=dict)
    account: int = 42
    currency: str = "RUB"
    grants: dict[str, str] = field(default_factory=dict)
    access_uses: int = 0
    tokens: dict[str, int] = field(default_factory=lambda: {TOKEN: 0})
    log: list[tuple[float, str, str, dict[str, str], int]] = field(default_factory=list)
    blocked: bool = False
    _sorted: dict[str, tuple[int, list[Lead]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _excess: int = 0

    def answer(self, method: str, target: str, bearer: str, body: bytes) -> Answer:
        """Answer one request, one at a time."""
        with self._lock:
            at = time.monotonic()
            url = urllib.parse.urlsplit(target)
            query = dict(urllib.parse.parse_qsl(url.query))
            status = 0
            try:
                answer = self._answer(at, method, url.path, query, bearer, body)
                status = answer[0]
                return answer
            finally:
                self.log.append((at, method, url.path, query, status))

    def _answer(
        self, at: float, method: str, path: str, query: dict[str, str], bearer: str, body: bytes
    ) -> Answer:
        if self.blocked:
            return _problem(403, "Forbidden")
        if self.rate and sum(1 for entry in self.log[-self.rate :] if at - entry[0] < 1) >= self.rate:
            self._excess += 1
            self.blocked = self._excess >= 3
            return 429, "text/html", HTML_429.encode()
        own = self.before(len(self.log) + 1)
        if own is not None:
            return own
        if method == "POST" and path == "/oauth2/access_token":
            return self._token(json.loads(body))
        token = bearer.removeprefix("Bearer ")
        if token not in self.tokens or (token != TOKEN and 0 < self.access_uses <= self.tokens[token]):
            return _problem(401, "Unauthorized")
        self.tokens[token] += 1
        routes = {
            "/api/v4/account": self._account,
            "/api/v4/leads": self._leads,
            "/api/v4/leads/pipelines": self._pipelines,
            "/api/v4/leads/custom_fields": self._fields,
            "/api/v4/leads/loss_reasons": lambda query: self._page(
                "loss_reasons", _named(REASONS), query, 250
            ),
            "/api/v4/users": self._users,
            "/api/v4/events": self._events,
        }
        return routes[path](query) if path in routes else _problem(404, "Not Found")

    def _token(self, body: dict[str, str]) -> Answer:
        right = all(body.get(name) == self.grants.get(name) for name in ("client_id", "client_secret"))
        kind = "code" if body.get("grant_type") == "authorization_code" else "refresh_token"
        if not right or not body.get(kind) or body[kind] != self.grants.get(kind):
            return _problem(400, "Invalid grant")
        number = len(self.tokens) + 1
        access, self.grants["refresh_token"] = f"access-secret-{number}", f"refresh-secret-{number}"
        self.grants.pop("code", None)
        self.tokens[access] = 0
        content = {"token_type": "Bearer", "expires_in": 86400, "server_time": 0, "access_token": access,
                   "refresh_token": self.grants["refresh_token"]}  # fmt: skip
        return _json(content)

    def _account(self, query: dict[str, str]) -> Answer:
        zone = {"datetime_settings": {"timezone": "Europe/Moscow", "timezone_offset": "+03:00"}}
        parts = zone if "datetime_settings" in query.get("with", "") else {}
        return _json(
            {"id": self.account, "name": "ООО Ромашка", "currency": self.currency, "_embedded": parts}
        )

    def _pipelines(self, query: dict[str, str]) -> Answer:
        rows = []
        for number, (id_, (name, statuses)) in enumerate(PIPELINES.items(), start=1):
            listed = {**statuses, 142: "Успешно реализовано", 143: "Закрыто и не реализовано"}
            sorts = {142: 10_000, 143: 11_000}
            parts = [
                {"id": status, "name": text, "sort": sorts.get(status, 10 * place), "pipeline_id": id_,
                 "type": int(text == "Неразобранное"), "color": "#fff"}
                for place, (status, text) in enumerate(listed.items(), start=1)
            ]  # fmt: skip
            rows.append(
                {
                    "id": id_,
                    "name": name,
                    "sort": number,
                    "is_archive": False,
                    "_embedded": {"statuses": parts},
                }
            )
        return _json({"_total_items": len(rows), "_embedded": {"pipelines": rows}})

    def _users(self, query: dict[str, str]) -> Answer:
        rows = [{**row, "email": f"user{row['id']}@romashka.example"} for row in _named(USERS)]
        return self._page("users", rows, query, 250)

    def _fields(self, query: dict[str, str]) -> Answer:
        rows = [
            {"id": id_, "name": name, "code": code, "type": kind, "sort": id_}
            for id_, (name, code, kind) in FIELDS.items()
        ]
        return self._page("custom_fields", rows, query, self.largest_fields)

    def _leads(self, query: dict[str, str]) -> Answer:
        limit = int(query.get("limit", 50))
        if limit > MAX_LEADS:
            return _problem(400, "limit")
        order = next((key[6:-1] for key in query if key.startswith("order[")), "id")
        ids = [int(value) for key, value in query.items() if key.startswith("filter[id]")]
        key = (
            (lambda lead: (self._edited(lead), lead.id))
            if order == "updated_at" and self.obeys
            else (lambda lead: lead.id)
        )
        if ids:
            found = [self.world.leads[id_] for id_ in sorted(ids) if id_ in self.world.leads]
            rows = [lead for lead in found if lead.there]
        else:
            rows = self._in_order(order if self.obeys else "id", key)
        if self.obeys and not ids:
            first, last = query.get("filter[updated_at][from]"), query.get("filter[updated_at][to]")
            if order == "updated_at":
                start = bisect.bisect_left(rows, int(first), key=self._edited) if first else 0
                rows = rows[start:] if start else rows
            elif first:
                rows = [lead for lead in rows if self._edited(lead) >= int(first)]
            if last:
                rows = [lead for lead in rows if self._edited(lead) <= int(last)]
        if next(iter([query[name] for name in query if name.startswith("order[")]), "asc") == "desc":
            rows = rows[::-1]
        if self.largest_leads and min(limit, len(rows)) > self.largest_leads:
            return 504, "text/html", b"<html>504 Gateway Time-out</html>"
        return self._page("leads", rows, query, MAX_LEADS, self._lead)

    def clock(self) -> dict[str, str]:
        """Return the header of the server's own time."""
        seconds = time.time() if self.now == 0 else self.now
        return {} if seconds is None else {"Date": email.utils.formatdate(seconds, usegmt=True)}

    def _in_order(self, order: str, key: Callable[[Lead], object]) -> list[Lead]:
        changes, rows = self._sorted.get(order, (-1, []))
        if changes != self.world.changes:
            rows = sorted((lead for lead in self.world.leads.values() if lead.there), key=key)  # type: ignore[arg-type]
            self._sorted[order] = (self.world.changes, rows)
        return rows

    def _events(self, query: dict[str, str]) -> Answer:
        if int(query.get("limit", 50)) > MAX_EVENTS:
            return _problem(400, "limit")
        rows = self.world.events.get(query["filter[type]"], [])
        of = {int(value) for key, value in query.items() if key.startswith("filter[entity_id]")}
        if of and len(of) > 10:
            return _problem(400, "entity_id")
        if of and self.obeys:
            rows = [event for event in rows if event.lead in of]
        if self.obeys:
            first, last = query.get("filter[created_at][from]"), query.get("filter[created_at][to]")
            start = bisect.bisect_left(rows, int(first), key=lambda event: event.at) if first else 0
            end = bisect.bisect_right(rows, int(last), key=lambda event: event.at) if last else len(rows)
            rows = rows[start:end]
        rows = rows[::-1] if self.newest_first else rows
        return self._page("events", rows, query, MAX_EVENTS, self._event)

    def _lead(self, lead: Lead) -> dict[str, object]:
        return {**_lead(lead), **self.odd.get(lead.id, {})}

    def _event(self, event) -> dict[str, object]:
        return {**_event(event), **self.odd_events.get(event.id, {})}

    def _edited(self, lead: Lead) -> int:
        """Return the time of edit that leads are ordered and filtered by."""
        time = self.odd.get(lead.id, {}).get("updated_at", lead.updated_at)
        return time if isinstance(time, int) else lead.updated_at

    def _page(
        self, name: str, rows: list, query: dict[str, str], largest: int, show=lambda row: row
    ) -> Answer:
        limit, page = min(int(query.get("limit", 50)), largest), int(query.get("page", 1))
        shown = [show(row) for row in rows[(page - 1) * limit : page * limit]]
        if page == 1 and not any(key.startswith(("filter[id]", "filter[entity_id]")) for key in query):
            shown += self.strange.get(name, [])
        if not shown:
            return 204, "application/json", b""
        links = {"self": {"href": f"/?page={page}"}}
        if len(rows) > page * limit:
            links["next"] = {"href": f"/?page={page + 1}"}
        return _json({"_page": page, "_links": links, "_embedded": {name: shown}})


def _named(names: dict[int, str]) -> list[dict[str, object]]:
    return [{"id": id_, "name": name, "sort": id_} for id_, name in names.items()]


def _lead(lead: Lead) -> dict[str, object]:
    fields = [
        {"field_id": id_, "field_name": FIELDS[id_][0], "field_code": FIELDS[id_][1],
         "field_type": FIELDS[id_][2], "values": [{"value": value}]}
        for id_, value in lead.fields.items()
    ]  # fmt: skip
    parts: dict[str, object] = {"tags": [{"id": n, "name": name} for n, name in enumerate(lead.tags)]}
    if lead.contact:
        others = {"id": lead.contact + 7_000_000, "is_main": False}
        parts["contacts"] = [others, {"id": lead.contact, "is_main": True}]
    return {
        "id": lead.id, "name": lead.name, "price": lead.price, "responsible_user_id": lead.responsible,
        "group_id": 0, "status_id": lead.status, "pipeline_id": lead.pipeline, "loss_reason_id": lead.reason,
        "created_by": 0, "updated_by": 501, "created_at": lead.created_at, "updated_at": lead.updated_at,
        "closed_at": lead.closed_at, "closest_task_at": None, "is_deleted": False, "account_id": 42,
        "custom_fields_values": fields or None,
        "_embedded": parts,
    }  # fmt: skip


def _event(event) -> dict[str, object]:
    def side(place):
        return [{"lead_status": {"id": place[1], "pipeline_id": place[0]}}] if place else []

    after = [{"note": {"id": 1}}] if event.type == "lead_added" else side(event.after)
    return {
        "id": event.id, "type": event.type, "entity_id": event.lead, "entity_type": "lead", "created_by": 501,
        "created_at": event.at, "account_id": 42, "value_before": side(event.before), "value_after": after,
        "_embedded": {"entity": {"id": event.lead}},
    }  # fmt: skip


def _json(content: object) -> Answer:
    return 200, "application/hal+json", json.dumps(content).encode()


def _problem(status: int, title: str) -> Answer:
    content = {
        "title": title,
        "type": "https://httpstatus.es/",
        "status": status,
        "detail": f"{title}: boss@romashka.example",
    }
    return status, "application/problem+json", json.dumps(content).encode()


@contextlib.contextmanager
def serve(api: Api, port: int = 0) -> Iterator[str]:
    """Serve an API on loopback while the block runs; yields `host:port`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._do("GET", b"")

        def _token(self) -> str:
            return self.headers.get("Authorization") or self.headers.get("x-api-token", "")

        def do_POST(self) -> None:
            self._do("POST", self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def _do(self, method: str, body: bytes) -> None:
            try:
                status, kind, content, *more = api.answer(method, self.path, self._token(), body)
            except Drop:
                self.close_connection = True
                return
            self.send_response_only(status)
            for name, value in {"Content-Type": kind, **api.clock(), **(more[0] if more else {})}.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
