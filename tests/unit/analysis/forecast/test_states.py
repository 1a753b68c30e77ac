"""Where open leads stand, against sums worked out by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from funnel.analysis.calendar.clock import steady
from funnel.analysis.forecast.moves import moves
from funnel.analysis.forecast.states import States, advance, fit_states, told, worth

WEEKS = 40
FORWARDS, LOST = 0.10, 0.05
"""Weekly hazards of one stage in which leads wait: constant, so every lead is worth 2/3 of a sale whatever
its age."""


def fitted() -> States:
    """Return 40 cohorts of 3000 leads that go forwards or get lost at constant rates, in expectation."""
    rows, weeks = [], pd.date_range("2021-01-04", periods=WEEKS, freq="7D")
    for cohort, week in enumerate(weeks):
        age, here = WEEKS - 1 - cohort, 3000.0
        for lag in range(age + 1):
            # Leads come throughout the week: their own week is on average half over.
            gone = here * -np.expm1(-(FORWARDS + LOST) * (1.0 if lag else 0.5))
            rows.append((week, "lead", "sale", 0, lag, round(gone * 2 / 3)))
            rows.append((week, "lead", "lost", 0, lag, round(gone / 3)))
            here -= gone
        rows.append((week, "lead", "", 0, age + 1, round(here)))
    moved = pd.DataFrame(rows, columns=["cohort_week", "stage", "next_stage", "entered", "left", "leads"])
    stays = moves(moved, ["sale"], weeks[0], WEEKS, 0.0)
    return fit_states(stays, np.arange(WEEKS)[::-1], 104, [steady(WEEKS + 105)])


def test_constant_hazards_bring_their_share() -> None:
    states = fitted()
    share = FORWARDS / (FORWARDS + LOST)
    value = worth(states, 0)[0]
    # An open lead is worth the same however long it has stood there, as far as anybody has lived.
    for waited, weeks in ((1, 4), (5, 4), (15, 4), (1, 25)):
        chance = share * -np.expm1(-weeks * (FORWARDS + LOST))
        assert value[waited, weeks - 1] == pytest.approx(chance, rel=0.03)
    left = states.waiting[:, 0].sum(axis=1)
    assert left[-1] == round(3000 * np.exp(-(FORWARDS + LOST) / 2))
    assert told(states.waiting, worth(states, 0), np.full(WEEKS, 25))[-1] == pytest.approx(
        left[-1] * share * -np.expm1(-25 * (FORWARDS + LOST)), rel=0.03
    )


def test_sums_of_single_weeks_are_the_chances_of_the_convolution() -> None:
    states = fitted()
    weekly = advance(states, 12)[:, 0].cumsum(axis=1)
    value = worth(states, 0)
    for weeks in (1, 4, 12):
        assert weekly[:, weeks - 1] == pytest.approx(
            told(states.waiting, value, np.full(WEEKS, weeks)), rel=1e-6
        )


def test_more_flow_from_a_week_on_is_more_arrivals_from_then_on() -> None:
    states = fitted()
    plain = advance(states, 10)
    more = advance(states, 10, (0, np.full(WEEKS, 1.1), np.full(WEEKS, 3)))
    assert (more / plain)[-1, 0].round(6).tolist() == [1.0] * 3 + [1.1] * 7


def test_nothing_arrives_beyond_the_horizon() -> None:
    assert advance(fitted(), 105)[0, 0, 104 - (WEEKS - 1) :].sum() == 0


def test_of_a_week_that_is_half_over_half_is_still_to_come() -> None:
    states = fitted()
    plain, half = advance(states, 3), advance(replace(states, fraction=0.5), 3)
    stay = np.exp(-(FORWARDS + LOST))  # until the next week
    assert half[-1, 0, 0] == pytest.approx(plain[-1, 0, 0] / 2, rel=1e-9)
    assert half[-1, 0, 1] == pytest.approx(plain[-1, 0, 1] * (1 + stay) / 2 / stay, rel=0.02)


def test_a_lead_that_skips_stages_is_worth_the_sum_over_its_ways() -> None:
    """Each way a lead can go is walked: it waits, or goes to a later stage and may go on that week."""
    rng = np.random.default_rng(3)
    count, lags = 3, 4
    forwards, lost = rng.uniform(0.05, 0.6, (2, count, lags))
    skips = np.array([[0, 0.5, 0.3, 0.2], [0, 0, 0.6, 0.4], [0, 0, 0, 1.0]])
    states = States(np.zeros((1, count, lags)), forwards, lost, skips, np.zeros(1, np.int64), 0.0)

    def reached(at: int, waited: int, ahead: int, stage: int) -> float:
        if ahead < 0 or waited >= lags:
            return 0.0
        leaving = forwards[at, waited] + lost[at, waited]
        gone = 1 - np.exp(-leaving)
        onwards = sum(
            skips[at, to] * (1.0 if to > stage else reached(to, 0, ahead, stage))
            for to in range(at + 1, count + 1)
        )
        stays = (1 - gone) * reached(at, waited + 1, ahead - 1, stage)
        return float(gone * forwards[at, waited] / leaving * onwards + stays)

    for stage in range(count):
        value = worth(states, stage)
        for at, waited, ahead in np.ndindex(stage + 1, lags, lags):
            assert value[at, waited, ahead] == pytest.approx(reached(at, waited, ahead, stage))
