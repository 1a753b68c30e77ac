"""When a log began, and the weeks a volume is counted from: by hand."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from funnel.analysis.forecast.conversion import _begun
from funnel.analysis.forecast.told import history
from funnel.analysis.revenue.weeks import _whole


@pytest.mark.parametrize(("silent", "cohorts", "begun"), [(6.5, 12, 2), (6.0, 12, 0), (6.5, 9, 0)])
def test_a_log_began_where_more_than_six_conversions_are_missing_before_the_first(
    silent: float, cohorts: int, begun: int
) -> None:
    """And eight cohorts at least have come since."""
    events, expected = np.zeros((cohorts, 1)), np.zeros((cohorts, 1))
    events[2:], expected[:2], expected[2:] = 3.0, silent / 2, 3.0
    assert _begun(events, expected) == begun


def test_the_last_complete_week_counts_in_the_volume_and_the_one_that_goes_on_does_not() -> None:
    seen = SimpleNamespace(leads=np.array([7.0, 8.0, 9.0]), ages=np.array([1, 0, -1]), imported=None)
    sale: Any = SimpleNamespace(fit=SimpleNamespace(triangle=seen))
    assert _whole(sale).tolist() == [7.0, 8.0]


def test_of_the_week_that_goes_on_so_much_has_been_lived_as_there_are_days() -> None:
    columns = ["attribute", "value", "attribute2", "value2", "cohort_week", "stage", "lag", "leads"]
    week = pd.Timestamp("2024-01-01")
    rows = [("", "", "", "", week, "lead", 0, 9), ("", "", "", "", week, "sale", 1, 2)]
    about = {"cohort_week": week, "stage": "lead", "next_stage": "sale", "entered": 0, "left": 1, "leads": 2}
    moved = pd.DataFrame([about | dict.fromkeys(["attribute", "value", "attribute2", "value2"], "")])
    told = history(pd.DataFrame(rows, columns=columns), ["sale"], dt.date(2024, 2, 7), 52, moved=moved)
    assert told.stays is not None
    assert told.stays.fraction == 2 / 7
