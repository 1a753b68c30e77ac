"""What proposed projects may bring: the same numbers as the command tells, the most profitable first."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from funnel.analysis.initiatives.prospects import prospects
from funnel.edition.proposed import PROPOSED_COLUMNS, proposed
from funnel.logbook import Initiative
from funnel.present.initiatives.proposed import proposed_grid
from funnel.present.parts.texts import Texts
from funnel.settings import Settings, Stage

D = dt.date(2022, 9, 26)
STEPS = ("lead", "target", "sale")
SETTINGS = Settings(stages=tuple(Stage(key=key) for key in STEPS[1:]), currency="RUB")


def initiative(name: str, start: dt.date, cost: int, change: float = 0.2) -> Initiative:
    return Initiative.model_validate(
        {
            "id": name, "title": name, "owner": "sales", "start": start, "cost": {"money": cost},
            "hypotheses": [{"metric": "target_rate", "change": change}],
        }
    )  # fmt: skip


def cube() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A steady company: 100 leads a week, half of them target at once, ten sales a week later."""
    blank = {"attribute": "", "value": "", "attribute2": "", "value2": "", "stamped": 0, "concluded": 0}
    weeks = pd.date_range("2021-09-06", "2022-09-19", freq="7D")
    rows = [
        {**blank, "cohort_week": week, "stage": stage, "lag": lag, "leads": leads + number % 3}
        for number, week in enumerate(weeks)
        for stage, lag, leads in (("lead", 0, 100), ("target", 0, 50), ("sale", 1, 10))
        if week + pd.Timedelta(weeks=lag) < pd.Timestamp(D)
    ]
    paid = [{**blank, "cohort_week": week, "lag": 1, "payments": 10, "amount": 1000.0} for week in weeks[:-1]]
    return pd.DataFrame(rows), pd.DataFrame(paid)


def test_what_has_not_begun_is_ranked_by_its_return() -> None:
    reached, paid = cube()
    items = (
        initiative("runs", D - dt.timedelta(weeks=20), 100),
        initiative("dear", D + dt.timedelta(weeks=2), 90_000),
        initiative("cheap", D, 100),
    )
    frame = proposed(reached, paid, STEPS, D, items)
    assert frame["initiative"].tolist() == ["cheap", "dear"]
    worth, seen = prospects(reached, STEPS, D, items[2], [items[0], items[1]], paid)
    row = frame.iloc[0]
    assert row["return_in_a_year"] == worth.return_in_a_year
    assert row["extra_sales"] == worth.extra_sales
    told = ["power", "readable_from", "reason"]
    pd.testing.assert_series_equal(row[told], seen[told].iloc[0], check_names=False, check_dtype=False)
    for language in ("en", "ru"):
        grid = proposed_grid(frame, items, SETTINGS, Texts(language))
        assert [line.cells[0].text for line in grid.rows] == ["cheap", "dear"]


def test_nothing_proposed_says_how_to_propose() -> None:
    frame = proposed(*cube(), STEPS, D, ())
    assert list(frame.columns) == list(PROPOSED_COLUMNS) and frame.empty
    assert "funnel initiative new" in proposed_grid(frame, (), SETTINGS, Texts("en")).empty
