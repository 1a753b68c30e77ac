"""A sync through bad weather, of an account that changes while it is read, has all there is in the end."""

from __future__ import annotations

import random

import pytest

from funnel.errors import InputError
from standin.server import Api
from standin.truth import local
from standin.weather import Weather, through
from standin.world import Lead, World

NOW, DAY = 1_700_000_000, 86_400


def changing(made: World):
    """Adds, moves and deletes leads, a second before now."""

    def change(dice: random.Random) -> None:
        there = [lead.id for lead in made.leads.values() if lead.there and lead.status != 60004]
        what = dice.choice(["new", "move", "delete"])
        if what == "new":
            id_ = 900_000 + len(made.leads)
            made.add(Lead(id_, 7001, 60003, NOW - 1, NOW - 1), NOW - 1)
        elif what == "move":
            made.move(dice.choice(there), NOW - 1, 7001, 60004)
        else:
            made.delete(dice.choice(there), NOW - 1)

    return change


@pytest.mark.parametrize("seed", [1, 2])
def test_a_sync_through_bad_weather_and_the_next_plain_one_have_all_there_is(account, seed) -> None:
    made = World()
    for number in range(900):
        at = NOW - 40 * DAY + 3600 * number
        made.add(Lead(1000 + number, 7001, 60003, at, at), at)
    here = account(Api(made))
    weather = Weather(seed, NOW, changing(made))
    here.api.before = weather
    through(lambda: here.sync(NOW), InputError)
    here.api.before = lambda number: None
    made.add(Lead(990_000, 7001, 60003, NOW + 60, NOW + 60), NOW + 60)
    here.sync(NOW + DAY // 2, check_now=False)
    tables = here.warehouse.tables()
    alive = {str(lead.id): lead for lead in made.leads.values() if lead.there}
    assert {row[0] for row in tables["leads"]} == set(alive)
    moved = {row[0]: row[2] for row in tables["stage_entries"] if row[1] == "qualified"}
    assert moved == {id_: local(NOW - 1) for id_, lead in alive.items() if lead.status == 60004}
    assert len(weather.counts) > 6 and moved
