"""How the revenue of the whole is shared out among values, one of which is forecast apart, by hand."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from funnel.analysis.revenue.revenue_slices import _means, _shrink


def test_a_value_told_apart_keeps_its_own_and_the_others_share_what_is_left() -> None:
    own: Any = SimpleNamespace(existing=np.array([[3.0, 5.0], [0.0, 2.0]]))  # week by draw: means 4 and 1
    revenue: Any = SimpleNamespace(existing=np.array([[9.0, 11.0], [5.0, 5.0]]), parts={"vk": own})
    shares = np.array([[0.5, 0.5], [0.25, 0.5], [0.25, 0.0]])
    found = _means("existing", shares, revenue, ["vk", "radio", "tv"], [0])
    assert found.sum(axis=0).tolist() == pytest.approx([10, 5])
    assert found[0].tolist() == pytest.approx([4, 1])
    assert found[1:, 0].tolist() == pytest.approx([3, 3])
    assert found[1:, 1].tolist() == pytest.approx([4, 0])


def test_mean_payments_are_shrunk_by_what_lies_between_them_beyond_their_errors() -> None:
    # Apart: (10 ** 2 + 10 ** 2) / 2 - 6 ** 2 = 64; weight 64 / (64 + 36); the third, not known, is the whole.
    shrunk, error = _shrink(np.array([10.0, 30.0, np.nan]), np.array([6.0, 6.0, np.nan]), 20.0)
    assert shrunk.tolist() == pytest.approx([20 - 6.4, 20 + 6.4, 20])
    assert error.tolist() == pytest.approx([(64 * 0.36) ** 0.5] * 2 + [8])
