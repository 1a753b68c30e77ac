"""A sync through bad weather, of an account that changes while it is read, has all there is in the end."""

from __future__ import annotations

import random

import pytest

from funnel.errors import InputError
from standin.company import DAY, LOST, SALES, Company, company, expected
from standin.connected import NOW
from standin.weather import Weather, through

SIZES = {"bitrix24": 900, "hubspot": 900, "pipedrive": 120}
"""Deals: Pipedrive is asked for the history of each by itself, the others page by page."""


def changing(made: Company):
    """Adds, moves and deletes deals, a second before now."""

    def change(dice: random.Random) -> None:
        there = [deal for deal in made.there if deal.place[0] == SALES]
        what = dice.choice(["new", "move", "delete"])
        if what == "new":
            made.add(900_000 + len(made.deals), NOW - 1, amount="10", customer=501)
        elif what == "move":
            deal = dice.choice([deal for deal in there if deal.place[1] != LOST])
            made.move(deal.id, max(deal.updated, NOW - 1), (SALES, LOST))
        else:
            made.delete(dice.choice(there).id, NOW - 1)

    return change


@pytest.mark.parametrize("seed", [1, 2])
def test_a_sync_through_bad_weather_and_the_next_plain_one_have_all_there_is(connect, crm, seed) -> None:
    made = company(SIZES[crm], seed=seed)
    here = connect(crm, made)
    weather = Weather(seed, NOW, changing(made))
    here.api.before = weather
    through(lambda: here.sync(NOW), InputError)
    assert len(weather.counts) > 6
    here.api.before = lambda number: None
    made.add(990_000, NOW + 60)
    here.sync(NOW + DAY // 2, check_now=False)
    assert here.warehouse.tables() == expected(made, crm != "bitrix24")
    assert "990000" in here.ids()
