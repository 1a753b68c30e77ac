"""Where open leads stand, against sums worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from funnel.analysis.states import advance, bring, fit_states
from funnel.analysis.triangles import Triangle

WEEKS = 40
FORWARDS, LOST = 0.10, 0.05
"""Weekly hazards of one stage in which leads wait: constant, so every lead is worth 2/3 of a sale whatever
its age."""


def history() -> tuple[Triangle, pd.DataFrame]:
    """Return 40 cohorts of 3000 leads that go forwards or get lost at constant rates, in expectation."""
    rows, weeks = [], pd.date_range("2021-01-04", periods=WEEKS, freq="7D")
    for cohort, week in enumerate(weeks):
        age, here = WEEKS - 1 - cohort, 3000.0
        for waited in range(age + 1):
            # Leads come throughout the week: the last week is on average half over.
            gone = here * -np.expm1(-(FORWARDS + LOST) * (1.0 if waited < age else 0.5))
            rows.append((week, "lead", "sale", waited, round(gone * 2 / 3)))
            rows.append((week, "lead", "lost", waited, round(gone / 3)))
            here -= gone
        rows.append((week, "lead", "", age, round(here)))
    moved = pd.DataFrame(rows, columns=["cohort_week", "stage", "next_stage", "waited", "leads"])
    events = np.zeros((WEEKS, 105))
    ages = np.arange(WEEKS)[::-1]
    lived = (np.arange(105)[None, :] <= ages[:, None]).astype(float)
    return Triangle(weeks, ages, np.full(WEEKS, 3000.0), events, lived), moved


def test_constant_hazards_bring_their_share() -> None:
    seen, moved = history()
    coming = bring(fit_states(moved, ["sale"], seen, 1), 105, 200, 1)
    young = coming.mean[-1, 0]
    share = FORWARDS / (FORWARDS + LOST)
    left = 3000 * np.exp(-(FORWARDS + LOST) / 2)
    assert young.sum() == pytest.approx(left * share, rel=0.03)
    assert young[:4].sum() == pytest.approx(left * share * -np.expm1(-4 * (FORWARDS + LOST)), rel=0.05)
    assert coming.left[-1, 0] == round(left)


def test_more_flow_from_a_week_on_is_more_arrivals_from_then_on() -> None:
    seen, moved = history()
    states = fit_states(moved, ["sale"], seen, 1)
    effects = np.stack([model.levels.effect() for model in states.steps], axis=1)
    laws = [model.rows() for model in states.steps]
    plain = advance(states, effects, laws, 10)
    more = advance(states, effects, laws, 10, (0, np.full(WEEKS, 1.1), np.full(WEEKS, 3)))
    assert (more / plain)[-1, 0].round(6).tolist() == [1.0] * 3 + [1.1] * 7


def test_nothing_arrives_beyond_the_horizon() -> None:
    seen, moved = history()
    coming = bring(fit_states(moved, ["sale"], seen, 1), 105, 50, 1)
    assert coming.mean[0, 0, 104 - (WEEKS - 1) :].sum() == 0
