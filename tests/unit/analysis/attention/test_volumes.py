"""How far a rush of leads stands out: counted by hand."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from funnel.analysis.attention.shapes import VOLUME_WEEKS, _volumes


def test_two_weeks_side_by_side_are_held_against_the_quarter_before() -> None:
    quarter = np.resize([8.0, 12.0], VOLUME_WEEKS)
    leads = np.array([[*quarter, 9.0, 30.0, 34.0, 11.0]])
    table: Any = SimpleNamespace(arrived=lambda: leads, weeks=np.arange(leads.shape[1]))
    times, score = _volumes(table)
    assert times.tolist() == pytest.approx([32 / quarter.mean()])
    spread = max(quarter.var(ddof=1), quarter.mean())
    assert score.tolist() == pytest.approx(
        [(32 - quarter.mean()) / np.sqrt(spread / 2 + spread / VOLUME_WEEKS)]
    )
