"""What holds of a printed forecast in every company, however small, large, tidy, quick or slow."""

import datetime as dt
from dataclasses import replace

import cuts
import numpy as np
import pandas as pd
import pytest
from catalogue import WORLDS
from companies import Company, History, Line, draw
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from printed_history import ask, broken

from funnel.analysis.cohorts import table as cohorts
from funnel.analysis.forecast.ahead import LIMITS, ahead
from funnel.analysis.forecast.final import QUANTILES, forecast_stages
from funnel.analysis.forecast.slices_forecast import slice_forecasts
from funnel.analysis.revenue.revenue_slices import revenue_slices
from funnel.analysis.revenue.weeks import forecast_revenue
from funnel.edition.results import Cubes

# A single forecast takes seconds: what is found is told as it is, not made smaller.
SLOWLY = {
    "deadline": None,
    "derandomize": True,
    "phases": (Phase.explicit, Phase.generate),
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}


SEEDS = st.integers(0, 2**32 - 1)


def companies(most_leads: float = 3000, most_weeks: int = 200) -> st.SearchStrategy[Company]:
    """5 to 3,000 leads a week, 10 to 100 % closed, 1 to 7 stages, a day to a year, 10 to 200 weeks of log.

    All of it follows from one number: numbers drawn one by one are at their edges, or repeated, every other
    time, and few forecasts can be afforded.
    """
    return SEEDS.map(lambda seed: _company(np.random.default_rng(seed), most_leads, most_weeks))


def _company(rng: np.random.Generator, most_leads: float, most_weeks: int) -> Company:
    def spread(low: float, high: float) -> float:
        return float(low * (high / low) ** rng.random())

    stages = int(rng.integers(1, 8))
    parts, waits = rng.dirichlet(np.ones(stages)), rng.dirichlet(np.ones(stages))
    sold, took = spread(0.005, 0.5), spread(1 / 7, 52)
    steps = tuple(float(sold**part) for part in parts)
    line = Line(steps=steps, weeks=tuple(float(took * part) for part in waits))
    other = replace(line, name="other", share=0.5, price=5000.0, weeks=line.weeks[::-1])
    return Company(
        "any",
        spread(5, most_leads),
        (line, other) if rng.random() < 0.3 else (line,),
        weeks=round(spread(10, most_weeks)),
        closed=float(rng.uniform(0.1, 1)),
        cleaned=int(rng.choice([0, 0, 13])),
        quick=float(rng.choice([0.0, 0.0, 0.5])),
    )


DAYS = st.integers(0, 6)
"""Of the week of the report date; most reports are of a Monday."""


def history(company: Company, seed: int) -> History:
    return draw(company, np.random.default_rng(seed))


def date_of(company: Company, day: int) -> dt.date:
    return company.dates[0] + dt.timedelta(days=day)


def printed(cubes: Cubes) -> tuple[pd.DataFrame, pd.DataFrame]:
    whole = cubes.forecast()
    return whole.frame(), forecast_revenue(whole, cohorts.select(cubes.paid), plan=cubes.plan()).frame()


def alike(one: tuple[pd.DataFrame, ...], other: tuple[pd.DataFrame, ...]) -> None:
    for mine, theirs in zip(one, other, strict=True):
        # sums of the same amounts in another order differ in the last digits
        pd.testing.assert_frame_equal(mine, theirs, rtol=1e-9, atol=1e-9)


def keeps_the_order(table: pd.DataFrame, keys: list[str], columns: list[str]) -> None:
    """Assert that no stage is told to have more leads than the one before it; rows are in their order."""
    # Limits of counts are read between whole ones, so that they may be off by a part of one.
    slack = [1e-6 if name in ("reached", "mean", "final_mean") else 0.5 for name in columns]
    more = table.groupby(keys)[columns].diff().fillna(0.0)
    assert (more <= slack).all().all(), table[(more > slack).any(axis=1)]


@pytest.mark.slow
@settings(max_examples=12, **SLOWLY)
@given(company=companies(), seed=SEEDS, day=st.sampled_from([0, 0, 0, 3]))
@example(company=Company("tidy and small", 15.0, closed=0.97), seed=1, day=0)
@example(company=Company("tidy", 150.0, closed=0.97), seed=2, day=0)
@example(company=Company("open", 60.0, closed=0.1), seed=3, day=0)
@example(company=Company("short", 5.0, weeks=10), seed=4, day=0)
@example(company=_company(np.random.default_rng(5), 300, 120), seed=5, day=0)  # a mark on the sale alone
@example(company=_company(np.random.default_rng(10), 300, 120), seed=10, day=0)  # steps that nearly all pass
def test_a_forecast_lies_between_what_is_there_and_the_leads(company: Company, seed: int, day: int) -> None:
    cubes = ask(history(company, seed), date_of(company, day))
    whole = cubes.forecast()
    assert broken(whole) == 0
    keeps_the_order(whole.frame(), ["cohort_week"], ["final_mean", *(f"final_{name}" for name in QUANTILES)])
    keeps_the_order(ahead(whole), ["cohort_week", "weeks"], ["reached", "mean", *LIMITS])
    money = forecast_revenue(whole, cohorts.select(cubes.paid), plan=cubes.plan()).frame()
    means = money.pivot(index="week", columns="source", values="mean")
    assert np.isfinite(money.drop(columns=["week", "source"]).to_numpy(float)).all()
    if len(means):
        assert np.allclose(means["existing"] + means["future"], means["total"], rtol=1e-9)


@pytest.mark.slow
@settings(max_examples=4, **SLOWLY)
@given(company=companies(most_leads=300, most_weeks=80), seed=SEEDS, day=DAYS)
@example(company=replace(WORLDS["lines"], weeks=60), seed=1, day=0)  # forecast apart by product
def test_segments_add_up_to_the_whole_in_means_and_draws(company: Company, seed: int, day: int) -> None:
    cubes = ask(history(company, seed), date_of(company, day))
    whole = cubes.forecast()
    revenue = forecast_revenue(whole, cubes.paid, plan=cubes.plan())
    for stage in (company.stages[0], company.stages[-1]):
        one = whole.stages[stage]
        for name in ("product", "channel", "manager"):
            reached, moved = cohorts.select(cubes.reached, name), cohorts.select(cubes.moved, name)
            told = slice_forecasts(reached, whole, stage, moved)
            parts = list(told.values())
            means = np.sum([part.coming.sum(axis=1) for part in parts], axis=0)
            assert np.allclose(means, one.coming.sum(axis=1), rtol=1e-9, atol=1e-9)
            assert np.array_equal(np.sum([part.draws for part in parts], axis=0), one.draws)
            if stage == company.stages[-1] and revenue.known:
                paid = cohorts.select(cubes.paid, name)
                amounts = revenue_slices(reached, paid, whole, revenue, moved, told=told)
                sums = amounts.groupby(["week", "source"])["mean"].sum()
                every = revenue.frame().set_index(["week", "source"])["mean"]
                pd.testing.assert_series_equal(sums, every.loc[sums.index], rtol=1e-9, atol=1e-6)


@pytest.mark.slow
@settings(max_examples=4, **SLOWLY)
@given(company=companies(most_weeks=80), seed=SEEDS, day=DAYS)
def test_the_order_of_rows_and_the_names_of_values_change_nothing(
    company: Company, seed: int, day: int
) -> None:
    one = ask(history(company, seed), date_of(company, day))
    # The names are in another order too: "call" becomes "xzoo", after "fair", which becomes "uzri".
    renamed = {
        frame: getattr(one, frame).assign(value=getattr(one, frame)["value"].map(_reversed))
        for frame in ("reached", "paid", "moved")
    }
    other = replace(
        one, **{name: frame.sample(frac=1, random_state=seed % 1000) for name, frame in renamed.items()}
    )
    alike(printed(one), printed(other))


def _reversed(value: str) -> str:
    return "".join(chr(ord("a") + ord("z") - ord(letter)) for letter in value.lower())


@pytest.mark.slow
@settings(max_examples=4, **SLOWLY)
@given(company=companies(most_weeks=80), seed=SEEDS, back=st.integers(1, 26))
def test_what_is_scored_as_of_an_earlier_monday_is_what_was_printed_then(
    company: Company, seed: int, back: int
) -> None:
    made, back = history(company, seed), min(back, company.weeks - 4)
    dates = [company.dates[0], company.dates[0] - dt.timedelta(weeks=back)]
    now, then = (ask(made, date).forecast() for date in dates)
    for stage, settled in forecast_stages(now.history, back).items():
        printed_then = then.stages[stage]
        assert np.array_equal(settled.fit.triangle.reached, printed_then.fit.triangle.reached)
        assert settled.reasons() == printed_then.reasons()
        assert np.allclose(settled.coming, printed_then.coming, rtol=1e-9, atol=1e-9)
        assert np.array_equal(settled.draws, printed_then.draws)


@pytest.mark.slow
@settings(max_examples=2, **SLOWLY)
@given(company=companies(most_leads=60, most_weeks=60), seed=SEEDS, day=DAYS)
def test_rows_of_the_report_date_and_later_and_the_ids_change_nothing(
    company: Company, seed: int, day: int
) -> None:
    made, date = history(company, seed), date_of(company, day)
    tables = cuts.tables(made)
    before = {
        name: frame[frame[when] < pd.Timestamp(date)]
        for (name, frame), when in zip(tables.items(), ("created_at", "entered_at", "paid_at"), strict=True)
    }
    early = set(before["leads"]["lead_id"])
    before = {name: frame[frame["lead_id"].isin(early)] for name, frame in before.items()}
    shuffled = {
        name: frame.assign(lead_id="x" + frame["lead_id"].str[::-1]).sample(frac=1, random_state=1)
        for name, frame in tables.items()
    }
    # From the warehouse, which alone sees rows and ids.
    form = ask(made, date).settings
    told = printed(cuts.from_warehouse(tables, form, date))
    for other in (before, shuffled):
        alike(told, printed(cuts.from_warehouse(other, form, date)))


@pytest.mark.slow
def test_a_value_that_another_attribute_has_too_keeps_its_own_revenue() -> None:
    company = replace(WORLDS["lines"], weeks=60)
    cubes = ask(history(company, 1), date_of(company, 0))
    whole = cubes.forecast()
    assert whole.history.apart is not None and whole.history.apart.attribute == "product"
    revenue = forecast_revenue(whole, cubes.paid)
    told = []
    for name in ("call", "quick"):  # a channel, by its name and by that of a product
        parts = [
            cohorts.select(cube, "channel").replace({"value": {"call": name}})
            for cube in (cubes.reached, cubes.paid, cubes.moved)
        ]
        frame = revenue_slices(parts[0], parts[1], whole, revenue, parts[2])
        told.append(frame[frame["value"] == name].groupby("source")["mean"].sum())
    assert told[1].to_numpy() == pytest.approx(told[0].to_numpy(), rel=0.2)
