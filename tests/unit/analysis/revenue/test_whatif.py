"""What a step's odds are changed from: the share that makes it in the end, beside a race worked out."""

import numpy as np
import pytest

from funnel.analysis.forecast.states import States
from funnel.analysis.revenue import whatif

LAGS = 400


def states(forwards: list[float], lost: list[float]) -> States:
    """Ten leads of one cohort who came this week, and constant hazards of both ends in every stage."""
    stages = len(forwards)
    waiting = np.zeros((1, stages, LAGS))
    waiting[0, 0, 0] = 10.0
    flat = np.ones(LAGS)
    return States(
        waiting,
        np.outer(forwards, flat),
        np.outer(lost, flat),
        np.eye(stages, stages + 1, 1),
        np.array([0]),
        0.0,
    )


def test_the_share_of_a_step_is_the_race_of_its_two_ends() -> None:
    seen = states([0.3, 0.05], [0.1, 0.15])
    assert whatif._share(seen, 0) == pytest.approx([0.3 / 0.4], rel=1e-6)
    # Of the second step: of those who will stand before it, who are none of the ten yet.
    assert whatif._share(seen, 1) == pytest.approx([0.05 / 0.2], rel=1e-3)


def test_a_step_that_nobody_comes_to_has_no_share() -> None:
    assert whatif._share(states([0.0, 0.2], [0.5, 0.1]), 1).tolist() == [0.0]
