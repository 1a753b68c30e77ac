"""How strong a change must be: twice the gain in likelihood, written out."""

import numpy as np
from scipy import stats

from funnel.analysis.attention.changes import LEAST, change_point


def strength(before: int, after: int, base: int = 100, weeks: int = 4) -> float:
    """Twice the gain of two levels over one, with as many weeks of each."""
    x, n = np.array([before, after]) * weeks, np.array([base, base]) * weeks
    apart, together = (stats.binom.logpmf(x, n, share).sum() for share in (x / n, x.sum() / n.sum()))
    return float(2 * (apart - together))


def test_a_change_counts_from_a_likelihood_ratio_of_ten() -> None:
    assert strength(40, 29) > 10.5 > 10 > strength(40, 30) > 8.5
    for after, found in ((29, True), (30, False)):
        change = change_point(np.array([40.0] * 4 + [float(after)] * 4), np.full(8, 100.0))
        assert (change is not None) is found
    assert LEAST == 10.0
