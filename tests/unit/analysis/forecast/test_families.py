"""Slopes are those of differences, and a planted curve is found."""

import numpy as np
import pytest

from funnel.analysis.forecast import families


def counts(name: str, theta: np.ndarray, lags: int = 105) -> tuple[np.ndarray, np.ndarray]:
    exposure = np.linspace(30_000, 500, lags)
    return exposure * families.hazard_of(name, theta, lags), exposure


@pytest.mark.parametrize("name", families.FAMILIES)
def test_slopes_are_those_of_differences(name: str) -> None:
    events, exposure = counts("lognormal", np.array([-2.0, 2.1, 0.1]), lags=40)
    both = families._residuals(name, events, exposure, np.zeros(3))
    at = np.array([-1.7, 1.9, 0.3])
    found = both(at)[1]
    steps = 1e-5 * np.eye(3)
    other = np.stack([(both(at + step)[0] - both(at - step)[0]) / 2e-5 for step in steps], axis=1)
    assert found == pytest.approx(other, abs=1e-3)
    hazard, _ = families._with_slopes(name, at, np.log(np.maximum(np.arange(41.0), 1e-300)))
    assert hazard == pytest.approx(families.hazard_of(name, at, 40), rel=1e-6)


@pytest.mark.parametrize("name", families.FAMILIES)
def test_a_planted_curve_is_found_from_anywhere(name: str) -> None:
    planted = np.array([-1.5, 1.8, 0.2])
    events, exposure = counts(name, planted)
    for known in (None, np.array([-3.0, 3.0, 0.5])):
        fit = families.fit_family(name, events, exposure, known)
        assert fit.centre == pytest.approx(planted, abs=0.02)
        assert fit.log_likelihood > -1.0
