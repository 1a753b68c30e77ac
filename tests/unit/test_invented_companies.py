"""The invented companies of the bench: their cubes are the warehouse's, and they do what is said of them."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import bookkeeping
import catalogue
import cuts
import numpy as np
import pandas as pd
import pytest
from companies import DAY, NEVER, WEEK, Company, History, Line, draw

from funnel.dates import AsOf
from funnel.settings import Settings, Stage
from funnel.warehouse import Warehouse

COUNTED = ("leads", "payments", "amount", "stamped")
BY = ("", "product", "channel", "manager")
TWO = (
    Line("quick", 0.6, weeks=(0.05, 0.1, 0.2, 0.4)),
    Line("slow", 0.4, weeks=(1.0, 2.0, 3.0, 8.0), price=6e3),
)
SMALL = Company("small", 40.0, TWO, weeks=30)
KINDS = {
    "plain": SMALL,
    "messy": replace(SMALL, month_end=0.7, friday=True, cleaned=5, skips=0.3, reopened=0.5),
    "cleaned": replace(SMALL, leads=60.0, cleaned=9),
    "stamped": replace(SMALL, migration="stamped", migrated_at=20, leaves_at=15),
    "created": replace(SMALL, migration="created", migrated_at=20, weekend=0.2),
    "one stage": replace(SMALL, lines=(Line(steps=(0.3,), weeks=(2.0,)),)),
}


def one(company: Company, seed: int = 0) -> History:
    return draw(company, np.random.default_rng([7, seed]))


def rows(frame: pd.DataFrame) -> list[tuple]:
    assert not frame.duplicated([name for name in frame if name not in COUNTED]).any()
    return sorted(frame.itertuples(index=False, name=None))


@pytest.mark.parametrize("company", KINDS.values(), ids=KINDS.keys())
@pytest.mark.parametrize("date", [dt.date(2021, 4, 26), dt.date(2021, 3, 18)], ids=["Monday", "Thursday"])
def test_the_cubes_are_those_of_the_warehouse(company: Company, date: dt.date, tmp_path: Path) -> None:
    company = replace(company, report_at=((date - company.start).days // 7,))
    history = one(company)
    config = Settings(stages=tuple(Stage(key=key) for key in company.stages), timezone="UTC")
    moment, by = dt.datetime(2024, 1, 1), [(name,) if name else () for name in BY]
    with Warehouse.open(tmp_path / "w.duckdb", config, write=True) as house:
        house.load(cuts.batch(cuts.tables(history)), moment, full=True)
        as_of = AsOf(date, moment)
        asked = (house.reached(as_of, by), house.moved(as_of, by), house.paid(as_of, by))
    made = cuts.cut(history, date, BY)
    for mine, theirs in zip(made, asked, strict=True):
        assert list(mine.columns) == list(theirs.columns)
        if company.migration:
            mine, theirs = mine.drop(columns="stamped"), theirs.drop(columns="stamped")
        assert rows(mine) == rows(theirs)
        assert len(mine) > 50
    if not company.migration:
        assert made[0]["stamped"].any() == made[1]["stamped"].any() == (company.cleaned == 9)


def test_the_truth_of_a_history_counted_lead_by_lead() -> None:
    history = one(replace(SMALL, skips=0.3, leads=8.0))
    date, cohorts = dt.date(2021, 1, 18), 16
    horizon = 9
    final = np.zeros((cohorts, 4), int)
    for cohort, times in zip(history.cohort, history.true, strict=True):
        for stage, when in enumerate(times):
            if cohort < cohorts and when < NEVER and when // WEEK - cohort <= horizon:
                final[cohort, stage] += 1
    assert history.final(date, horizon).tolist() == final.tolist()
    there, later = np.zeros(13), np.zeros(13)
    for lead, when, cents in zip(history.payer, history.paid_at, history.amount, strict=True):
        week = when // WEEK - cohorts
        if 0 <= week < 13:
            (there if history.created[lead] < cohorts * WEEK else later)[week] += cents / 100
    assert history.revenue(date)[0] == pytest.approx(there)
    assert history.revenue(date)[1] == pytest.approx(later)
    assert later.sum() > 0


@pytest.mark.parametrize("name", catalogue.WORLDS)
def test_every_world_has_as_many_sold_or_lost_as_it_says(name: str) -> None:
    company = replace(catalogue.WORLDS[name], leads=300.0, spread=0.0, volume_spread=0.0)
    history = draw(company, catalogue.rng_of(name, 0))
    ended = (history.true[:, -1] < NEVER) | (history.lost < NEVER)
    ended = ended[history.cohort >= company.begun_at]  # of those before it only the open ones are on record
    share = float(ended.mean())
    low = np.sqrt(company.closed * (1 - company.closed) / len(ended))
    assert share == pytest.approx(company.closed, abs=5 * float(low) + 0.002)
    assert (np.diff(history.created) >= 0).all()
    assert (history.created // WEEK == history.cohort).all()
    assert (history.true >= history.created[:, None]).all()
    assert (np.diff(history.true, axis=1) >= 0).all()


def test_the_same_seed_gives_the_same_history_and_another_one_another() -> None:
    company = catalogue.WORLDS["lines"]
    first, again, other = (draw(company, catalogue.rng_of("lines", seed)) for seed in (0, 0, 1))
    assert np.array_equal(first.true, again.true)
    assert np.array_equal(first.amount, again.amount)
    assert len(first.cohort) != len(other.cohort)


def test_two_lines_differ_in_time_and_price_as_planted() -> None:
    history = one(replace(SMALL, lines=(catalogue.QUICK, catalogue.SLOW), leads=3000.0, spread=0.0))
    line, sold = history.codes["product"], history.true[:, -1] < NEVER
    took = (history.true[:, -1] - history.created) / DAY
    quick, slow = (float(np.median(took[sold & (line == number)])) for number in (0, 1))
    assert 5 < quick < 13
    assert 8 < slow / 30.4 < 14
    paid = [float(history.amount[line[history.payer] == number].mean()) for number in (0, 1)]
    assert paid[1] / paid[0] == pytest.approx(6, rel=0.1)
    assert float((line == 0).mean()) == pytest.approx(0.7, abs=0.01)


def test_prices_rise_and_the_mix_drifts_as_planted() -> None:
    history = one(replace(SMALL, leads=1500.0, lines=(Line(),), weeks=104, rise=0.02))
    year = history.paid_at < 52 * WEEK
    second = (history.paid_at >= 52 * WEEK) & (history.paid_at < 104 * WEEK)
    assert history.amount[second].mean() / history.amount[year].mean() == pytest.approx(1.02**10, rel=0.1)
    drifting = one(replace(catalogue.WORLDS["lines-drifting"], leads=500.0))
    slow = drifting.codes["product"] == 1
    first, last = (float(slow[drifting.cohort == week].mean()) for week in (0, 156))
    assert first == pytest.approx(0.15, abs=0.06)
    assert last == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize(("country", "day"), [("DE", (12, 28)), ("RU", (1, 5))])
def test_little_is_decided_on_holidays(country: str, day: tuple[int, int]) -> None:
    company = replace(catalogue.WORLDS[f"holidays-{country.lower()}"], leads=4000.0, volume_spread=0.0)
    decided = one(company).true
    moments = np.datetime64(company.start, "s") + decided[decided < NEVER].astype("timedelta64[s]")
    days = pd.Series(pd.DatetimeIndex(moments).date).value_counts()
    holiday = days.get(dt.date(2021, *day), 0)
    usual = np.mean([days.get(dt.date(2021, 3, number), 0) for number in range(8, 13)])
    assert usual > 100
    assert holiday < 0.2 * usual
    of_work, of_day = bookkeeping.clock(company)
    some = np.linspace(0, 200 * WEEK, 1000)
    assert of_day(of_work(some)) == pytest.approx(some, abs=1)


def test_records_are_kept_as_badly_as_said() -> None:
    company = replace(SMALL, leads=400.0)
    start = np.datetime64(company.start, "s")
    sold = one(replace(company, month_end=0.7)).true[:, -1]
    when = pd.DatetimeIndex(start + sold[sold < NEVER].astype("timedelta64[s]"))
    assert float((when.day > when.days_in_month - 2).mean()) == pytest.approx(0.7 + 0.3 * 2 / 30.4, abs=0.04)
    fridays = one(replace(company, friday=True))
    entered = fridays.entered[fridays.entered < NEVER]
    assert (entered % WEEK == 4 * DAY + 17 * 3600).all()
    cleaned = one(replace(company, cleaned=13)).lost
    assert (cleaned[cleaned < NEVER] % (13 * WEEK) == 10 * 3600).all()
    back = one(replace(company, reopened=0.5))
    reopened = (back.lost < back.true[:, -1]) & (back.true[:, -1] < NEVER)
    assert float(reopened.sum() / (back.true[:, -1] < NEVER).sum()) == pytest.approx(0.5, abs=0.06)
    gaps = one(replace(company, skips=0.3))
    passed = gaps.true[:, 1] < NEVER
    assert float((gaps.entered[passed, 0] == NEVER).mean()) == pytest.approx(0.3, abs=0.03)


def test_what_was_migrated_is_stamped_and_its_truth_stays() -> None:
    company = replace(SMALL, migrated_at=20)
    plain, stamped, created = (one(replace(company, migration=kind)) for kind in ("", "stamped", "created"))
    before = plain.true < 20 * WEEK
    assert np.array_equal(plain.true, stamped.true)
    assert (stamped.entered[before] // DAY == 20 * 7).all()
    assert np.array_equal(stamped.entered[~before], plain.true[~before])
    assert (created.entered == created.created[:, None])[before].all()
    assert before.sum() > 300


def test_who_leaves_hands_on_the_open_leads() -> None:
    history = one(replace(SMALL, leads=200.0, leaves_at=20))
    before, after = (
        history.values("manager", history.company.start + dt.timedelta(weeks=week)) for week in (20, 21)
    )
    changed = before != after
    assert set(before[changed]) == {"Anna"}
    assert set(after[changed]) == {"Felix"}
    gone = 20 * WEEK
    assert ((history.lost[changed] >= gone) & (history.true[changed, -1] >= gone)).all()
    assert not (before[history.created >= gone] == "Anna").any()
    assert 0.1 < changed.sum() / (before == "Anna").sum() < 0.9


def test_volumes_grow_burst_and_pause_as_planted() -> None:
    flat = replace(SMALL, leads=1000.0, volume_spread=0.0, weeks=100)
    grown = np.bincount(one(replace(flat, growth=3.0, weekend=0.1)).cohort)
    assert grown[99] / grown[0] == pytest.approx(3.0, rel=0.2)
    burst = np.bincount(one(replace(flat, burst=6.0)).cohort)
    assert burst[13] / burst[12] == pytest.approx(6.0, rel=0.2)
    paused = np.bincount(one(replace(flat, pause=6)).cohort)
    assert (paused[50:56] == 0).all()
    assert paused[49] > 800


def test_amounts_are_paid_to_the_cent() -> None:
    history = one(SMALL)
    paid = cuts.cut(history, history.company.dates[0])[2]
    at = history.paid_at < history.moment(history.company.dates[0])
    known = history.created[history.payer] < history.moment(history.company.dates[0])
    assert sum(paid["amount"], Decimal(0)) == Decimal(int(history.amount[at & known].sum())) / 100


def test_a_log_that_began_later_holds_of_older_leads_those_that_were_open() -> None:
    company = catalogue.WORLDS["begun"]
    began = company.begun_at * 7 * 86_400
    history = draw(company, catalogue.rng_of("begun", 0))
    older = history.cohort < company.begun_at
    assert 0 < older.sum() < 0.6 * company.leads * company.begun_at
    assert (np.minimum(history.true[:, -1], history.lost) >= began).all()
    assert (history.true[history.payer, -1] < NEVER).all(), "only who bought pays"


def test_half_of_the_sales_of_quarters_come_in_their_last_two_weeks() -> None:
    company = replace(catalogue.WORLDS["quarter-end"], leads=600.0)
    history = draw(company, catalogue.rng_of("quarter-end", 0))
    start = np.datetime64(company.start, "s")
    sold = history.true[:, -1][history.true[:, -1] < 100 * 7 * 86_400]
    day = (start + sold.astype("timedelta64[s]")).astype("datetime64[D]")
    ahead = (day + 14).astype("datetime64[M]").astype(int) // 3
    late = float((ahead > day.astype("datetime64[M]").astype(int) // 3).mean())
    assert late == pytest.approx(0.5 + 0.5 * 14 / 91.3, abs=0.03)
