"""Bad weather: refusals, half answers, and an account that changes while it is read."""

from __future__ import annotations

import datetime as dt
import email.utils
import random

import pytest

from funnel.errors import InputError
from standin.company import DAY, LOST, SALES, Company, company, expected
from standin.connected import NOW
from standin.server import Answer, Drop

SIZES = {"bitrix24": 900, "hubspot": 900, "pipedrive": 120}
"""Deals: Pipedrive is asked for the history of each by itself, the others page by page."""
HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


class Weather:
    """Before each request: perhaps an answer that is none, perhaps a change of the account."""

    def __init__(self, made: Company, seed: int) -> None:
        self.made, self.dice, self.new = made, random.Random(seed), 900_000
        self.counts: dict[str, int] = {}

    def __call__(self, number: int) -> Answer | None:
        kind = self.dice.choices(
            ["busy", "later", "date", "broken", "page", "half", "empty", "drop", "change", ""],
            [4, 4, 3, 6, 4, 4, 4, 4, 25, 42],
        )[0]
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if kind == "drop":
            raise Drop
        if kind == "change":
            self._change()
        wait = email.utils.format_datetime(dt.datetime.fromtimestamp(NOW + 2, dt.UTC), usegmt=True)
        answers: dict[str, Answer] = {
            "busy": (429, "text/html", b""),
            "later": (429, "application/json", b"{}", {"Retry-After": "3"}),
            "date": (503, "text/html", b"", {"Retry-After": wait}),
            "broken": (self.dice.choice([500, 502, 503]), "text/html", HTML),
            "page": (200, "text/html", HTML),
            "half": (200, "application/json", b'{"results": [{"id": "1"'),
            "empty": (200, "application/json", b""),
        }
        return answers.get(kind)

    def _change(self) -> None:
        there = [deal for deal in self.made.there if deal.place[0] == SALES]
        what = self.dice.choice(["new", "move", "delete"])
        if what == "new":
            self.new += 1
            self.made.add(self.new, NOW - 1, amount="10", customer=501)
        elif what == "move":
            deal = self.dice.choice([deal for deal in there if deal.place[1] != LOST])
            self.made.move(deal.id, max(deal.updated, NOW - 1), (SALES, LOST))
        else:
            self.made.delete(self.dice.choice(there).id, NOW - 1)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_sync_through_bad_weather_and_the_next_plain_one_have_all_there_is(connect, crm, seed) -> None:
    made = company(SIZES[crm], seed=seed)
    here = connect(crm, made)
    weather = Weather(made, seed)
    here.api.before = weather
    for _ in range(20):
        try:
            here.sync(NOW)
            break
        except InputError as error:
            assert "tries" in str(error) or "cannot be read" in str(error)
    else:
        pytest.fail("no sync came through")
    assert len(weather.counts) > 6
    here.api.before = lambda number: None
    made.add(990_000, NOW + 60)
    here.sync(NOW + DAY // 2, check_now=False)
    reasons = crm != "bitrix24"
    assert here.warehouse.tables() == expected(made, reasons)
    assert "990000" in here.ids()
