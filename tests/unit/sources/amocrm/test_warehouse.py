"""The account's life in the real warehouse: every report stays what it was, and what changed is named."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from funnel.dates import AsOf, week_of
from funnel.warehouse import Warehouse
from standin.account import Account
from standin.server import Api
from standin.truth import DAY, STAGES, Player, Story, expected, local, stories
from standin.world import WON


@pytest.fixture
def house(account, tmp_path: Path) -> Iterator[Warehouse]:
    with Warehouse.open(tmp_path / "w.duckdb", account(Api(Player([]).world)).funnel, write=True) as opened:
        yield opened


def utc(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).replace(tzinfo=None)


def sync(here: Account, house: Warehouse, now: int) -> AsOf:
    """Sync as the command does; return the clocks of a report made then."""
    pulled = here.pull(now)
    house.load(pulled.batch, utc(now))
    pulled.commit()
    return AsOf(local(now).date(), house.known_at())


def counted(house: Warehouse, as_of: AsOf) -> Counter:
    frame = house.reached(as_of)
    frame = frame[frame["stage"] != "lost"].groupby(["cohort_week", "stage"])["leads"].sum()
    return Counter({(week.date(), stage): int(leads) for (week, stage), leads in frame.items()})


def plainly(told: list[Story], now: int) -> Counter:
    """The same from the stories themselves: a lead reached a stage if it entered it or a later one."""
    tables, cutoff = expected(told, now), dt.datetime.combine(local(now).date(), dt.time())
    furthest: dict[str, int] = {}
    for lead, stage, at, *_ in tables["stage_entries"]:
        if stage != "lost" and at < cutoff:
            furthest[lead] = max(furthest.get(lead, 0), STAGES.index(stage) + 1)
    found: Counter = Counter()
    for lead, created, *_ in tables["leads"]:
        if created < cutoff:
            for stage in ("lead", *STAGES)[: furthest.get(lead, 0) + 1]:
                found[(week_of(created.date()), stage)] += 1
    return found


def test_every_report_between_two_syncs_equals_the_truth_and_stays_so(account, house) -> None:
    told = stories(250, seed=11, days=100)
    player = Player(told)
    here = account(Api(player.world))
    reports: list[tuple[AsOf, Counter]] = []
    end = player.times[-1]
    for now in [*range(player.times[0] + 30 * DAY, end, 40 * DAY), end]:
        player.advance(now)
        as_of = sync(here, house, now)
        reports.append((as_of, plainly(told, now)))
        assert counted(house, as_of) == reports[-1][1]
    assert len(reports) > 3
    assert all(counted(house, as_of) == truth for as_of, truth in reports)


def test_a_lead_deleted_after_a_report_is_restated_as_such_and_the_report_can_be_made_again(
    account, house
) -> None:
    told = [story for story in stories(120, seed=3, days=60) if not story.ends and not story.redated]
    gone = next(story for story in told if story.steps[-1][1:] == (7001, WON))
    then = max(when for story in told for when, *_ in story.steps) + DAY
    gone.ends = [(then + 3 * DAY, "deleted")]
    player = Player(told)
    here = account(Api(player.world))
    player.advance(then)
    before = sync(here, house, then)
    report = counted(house, before)
    player.advance(then + 7 * DAY)
    after = sync(here, house, then + 7 * DAY)

    assert counted(house, before) == report == plainly(told, then)
    changed = house.restated(before.report_date, before.known_at, after.known_at)
    week = pd.Timestamp(week_of(local(gone.created).date()))
    assert set(changed["kind"]) == {"deleted"}
    assert set(changed["cohort_week"]) == {week}
    assert set(changed["stage"]) == {"lead", *STAGES}
    assert (changed["before"] - changed["after"]).tolist() == [1] * 5
    now = counted(house, AsOf(before.report_date, after.known_at))
    assert report - now == Counter({(week.date(), stage): 1 for stage in ("lead", *STAGES)})
