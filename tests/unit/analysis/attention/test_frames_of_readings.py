"""A reading laid out, and a target that does not hold for all of it: by hand."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from funnel.analysis.attention import deviations
from funnel.analysis.attention.readings import SETTLED, Reading, old_levels


def reading(base: list[float], reached: list[float]) -> Reading:
    many = np.array(base)
    return Reading(
        "sale", (5, 6), (0, 1, 2), 3, many, np.array(reached), many, 0.2 * many, 0.16 * many, 0 * many, 1.0
    )


def test_one_lead_has_a_share_and_none_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deviations, "_effect", lambda table, reading, *_: np.zeros(len(reading.base)))
    weeks = list(pd.date_range("2022-08-01", periods=7, freq="7D"))
    table: Any = SimpleNamespace(keys=[("", ""), ("channel", "a"), ("channel", "b")], weeks=weeks)
    one = reading([4.0, 1.0, 0.0], [2.0, 1.0, 0.0])
    frame = deviations._frame(table, one, np.full(3, 0.2), np.zeros((1, 1)))
    assert frame["observed"].tolist() == pytest.approx([0.5, 1.0, np.nan], nan_ok=True)
    assert frame["change"].tolist() == pytest.approx([1.5, 4.0, np.nan], nan_ok=True)


def test_a_target_is_read_only_where_it_holds_for_the_whole_window() -> None:
    weeks = [dt.date(2022, 8, 1) + dt.timedelta(weeks=number) for number in range(7)]
    table: Any = SimpleNamespace(keys=[("", "")], weeks=weeks)
    target: Any = SimpleNamespace(stage="sale", since=weeks[6], relative=None, minimum=0.4, tolerance=0.0)
    one = reading([10.0], [2.0])
    assert list(deviations._targets(table, np.zeros((1, 1)), [target], {"sale": [(one, 1.0)]})) == []


def test_an_initiative_ends_the_old_level_of_the_cells_that_it_reached_alone() -> None:
    weeks = [dt.date(2022, 1, 3) + dt.timedelta(weeks=number) for number in range(10 + SETTLED)]
    keys = [("", ""), ("channel", "vk"), ("channel", "radio"), ("manager", "vk")]
    table: Any = SimpleNamespace(keys=keys, weeks=weeks, index=weeks.index)

    def marked(start: dt.date, scope: dict[str, tuple[str, ...]], **rollout: dt.date) -> list[int]:
        one: Any = SimpleNamespace(start=start, scope=scope, rollout=rollout)
        found = old_levels(table, [one])
        assert all(row[: row.sum()].all() for row in found)  # the weeks before it, and no others
        return [int(count) for count in found.sum(axis=1)]

    assert marked(weeks[10], {}) == [10, 10, 10, 10]
    assert marked(weeks[11], {}) == [0, 0, 0, 0]  # it has not run for long enough
    assert marked(weeks[10], {"channel": ("vk",)}) == [0, 10, 0, 0]
    assert marked(weeks[4], {"channel": ("vk", "radio")}, radio=weeks[8]) == [0, 4, 8, 0]
    assert marked(weeks[4], {"channel": ("vk",), "manager": ("vk",)}) == [0, 0, 0, 0]  # of no cell the whole
    assert marked(weeks[0], {}) == [0, 0, 0, 0]
