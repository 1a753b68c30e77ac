"""Spend beside the leads it was for: by week alone, or by week and values."""

from decimal import Decimal

import pandas as pd

from funnel.analysis.money.flat import _with_spend

FRAME = pd.DataFrame({"cohort_week": ["a", "a", "b"], "channel": ["x", "y", "x"], "leads": [1, 3, 2]})


def test_spend_finds_its_rows_by_one_column_and_by_two() -> None:
    by_week = pd.DataFrame({"cohort_week": ["a"], "spend": [Decimal("8.00")]})
    told = _with_spend(FRAME, by_week, ["cohort_week"])["spend"].tolist()
    assert told == [Decimal("2.00"), Decimal("6.00"), None]
    both = pd.DataFrame(
        {"cohort_week": ["a", "b"], "channel": ["y", "z"], "spend": [Decimal("5.00"), Decimal(1)]}
    )
    told = _with_spend(FRAME, both, ["cohort_week", "channel"])
    assert told["spend"].tolist() == [None, Decimal("5.00"), None, Decimal(1)]
    assert told["channel"].tolist() == ["x", "y", "x", "z"]
