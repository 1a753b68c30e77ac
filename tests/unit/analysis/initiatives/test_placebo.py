"""How far errors are widened by what placebo dates show: counted by hand."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from funnel.analysis.initiatives import power


def test_overlapping_dates_count_as_so_many_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """15 dates, 4 weeks apart, of a span of 8: worth 7.5, beside 3 for the calculated errors."""
    fit: Any = SimpleNamespace(effect=3.0, error=1.0, spare=1000.0)
    monkeypatch.setattr(power, "_fit_at", lambda *_: fit)
    table: Any = SimpleNamespace(
        weeks=np.arange(100), ages=np.full(100, 50), known=lambda *_: np.full(100, True)
    )
    found: Any = SimpleNamespace(first=60, start=80, last=88, year_on_year=False)
    step: Any = SimpleNamespace(age=4, before="lead", after="sale")
    told = power.placebo(table, found, step, frozenset())
    assert told.dates == 15
    wanted = (3 + 7.5 * (9 - np.sqrt(2 / 7.5))) / 10.5
    assert told.inflate == pytest.approx(np.sqrt(wanted))
    # 3 standard errors are beyond 1.645 widened errors of 2.53 at none of the dates.
    assert (told.found, told.times) == (0.0, 0)
