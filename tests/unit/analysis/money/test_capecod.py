"""How ripe a log of payments is, by hand."""

import numpy as np
import pytest

from funnel.analysis.money.capecod import PaymentTriangle, ripening


def steadily(oldest: int, horizon: int) -> PaymentTriangle:
    """Every lead pays 1 a week for as long as anybody has looked."""
    ages = np.arange(oldest, -1, -1)
    increments = (np.arange(horizon + 1)[None, :] <= ages[:, None]) * 10.0
    return PaymentTriangle(ages, np.full(len(ages), 10.0), increments)


@pytest.mark.parametrize(("horizon", "share"), [(104, 1.0), (10, 1.0), (9, 0.5), (8, 0.0)])
def test_what_ripens_in_the_next_quarter_counts_up_to_the_horizon(horizon: int, share: float) -> None:
    # Of nine payments by age 8 seven were there by age 6; a quarter is two weeks.
    assert ripening(steadily(8, horizon)) == pytest.approx(2 / 9 * share)
