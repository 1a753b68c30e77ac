"""The cohort table against numbers worked out by hand."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from funnel.analysis.cohorts import table as cohorts

STEPS = ("lead", "target", "sale")
W1, W2, W3 = dt.date(2022, 9, 5), dt.date(2022, 9, 12), dt.date(2022, 9, 19)
D = dt.date(2022, 9, 26)


def cube(rows: list[tuple[str, str, dt.date, str, int, int]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["attribute", "value", "cohort_week", "stage", "lag", "leads"])
    frame["cohort_week"] = pd.to_datetime(frame["cohort_week"])
    return frame.assign(attribute2="", value2="")


@pytest.fixture
def reached() -> pd.DataFrame:
    total = [
        ("", "", W1, "lead", 0, 10),
        ("", "", W1, "target", 0, 4),
        ("", "", W1, "target", 2, 1),
        ("", "", W1, "sale", 1, 1),
        ("", "", W1, "sale", 3, 1),
        ("", "", W1, "lost", 0, 2),
        ("", "", W2, "lead", 0, 20),
        ("", "", W2, "target", 1, 5),
        ("", "", W2, "sale", 1, 3),
    ]
    by_channel = [
        ("channel", "a", W1, "lead", 0, 10),
        ("channel", "a", W1, "target", 0, 5),
        ("channel", "a", W1, "sale", 1, 2),
        ("channel", "a", W2, "lead", 0, 5),
        ("channel", "", W2, "lead", 0, 15),
        ("channel", "", W2, "target", 1, 5),
        ("channel", "", W2, "sale", 1, 3),
    ]
    return cube(total + by_channel)


def test_the_table_counts_rates_and_changes(reached: pd.DataFrame) -> None:
    table = cohorts.cohort_table(reached, STEPS, D, [W1, W2])
    expected = pd.DataFrame(
        {
            "cohort_week": pd.to_datetime([W1, W2]),
            "age_weeks": [2, 1],
            "leads": [10, 20],
            "target": [5, 5],
            "sale": [2, 3],
            "target_rate": [0.5, 0.25],
            "sale_rate": [0.4, 0.6],
            "overall_rate": [0.2, 0.15],
            "overall_change": [np.nan, -0.25],
        }
    )
    pd.testing.assert_frame_equal(table, expected, check_dtype=False)


def test_equal_age_counts_only_what_was_reached_by_then(reached: pd.DataFrame) -> None:
    table = cohorts.cohort_table(reached, STEPS, D, [W1, W2], age=1)
    assert table["sale"].tolist() == [1, 3]
    assert table["target"].tolist() == [4, 5]
    assert table["overall_change"].round(6).tolist()[1] == pytest.approx(0.15 / 0.1 - 1)
    assert table["at_age"].tolist() == [1, 1]


def test_equal_age_leaves_out_cohorts_that_are_younger(reached: pd.DataFrame) -> None:
    table = cohorts.cohort_table(reached, STEPS, D, [W1, W2, W3], age=2)
    assert [week.date() for week in table["cohort_week"]] == [W1]


def test_an_empty_week_gives_zeros_and_empty_rates_never_zero_or_infinite(reached: pd.DataFrame) -> None:
    table = cohorts.cohort_table(reached, STEPS, D, [W2, W3])
    last = table.iloc[-1]
    assert (last["leads"], last["target"], last["sale"]) == (0, 0, 0)
    assert np.isnan(
        [last["target_rate"], last["sale_rate"], last["overall_rate"], last["overall_change"]]
    ).all()


def test_slices_add_up_to_the_total_and_keep_the_leads_without_a_value(reached: pd.DataFrame) -> None:
    table = cohorts.slices(reached, STEPS, [W1, W2], "channel")
    assert table["value"].tolist() == ["", "a"]
    assert table["leads"].sum() == 30
    assert table["sale"].sum() == 5
    assert table["small"].tolist() == [True, True]
    # Of the first week's leads 2 of 10 bought, of the second's 3 of 20; "a" had 10 and 5 of them.
    assert table["due"].tolist() == pytest.approx([15 * 3 / 20, 10 * 2 / 10 + 5 * 3 / 20])
    assert table["against_total"].tolist() == pytest.approx([3 / 2.25 - 1, 2 / 2.75 - 1])


def test_a_cohort_and_value_row_is_compared_with_the_same_value(reached: pd.DataFrame) -> None:
    table = cohorts.cohort_table(reached, STEPS, D, [W1, W2], attribute="channel")
    a = table[table["channel"] == "a"]
    assert a["overall_rate"].tolist() == [0.2, 0.0]
    assert a["overall_change"].tolist()[1] == -1.0


def test_the_triangle_shows_only_ages_a_cohort_has_lived(reached: pd.DataFrame) -> None:
    table = cohorts.triangle(reached, STEPS, D, [W1, W2])
    assert table["age"].tolist() == [0, 1, 2, 0, 1]
    assert table["reached"].tolist() == [0, 1, 1, 0, 3]
    assert table["rate"].tolist() == [0.0, 0.1, 0.1, 0.0, 0.15]


def test_history_has_every_step_and_the_whole_with_intervals_around_it(reached: pd.DataFrame) -> None:
    table = cohorts.history(reached, STEPS, D, [W1, W2], age=1)
    assert table["stage"].unique().tolist() == ["target", "sale", "overall"]
    sale = table[(table["stage"] == "sale")].iloc[1]
    assert (sale["base"], sale["reached"], sale["rate"]) == (5, 3, 0.6)
    assert (table["low"] <= table["rate"]).all()
    assert (table["rate"] <= table["high"]).all()


def test_wilson_agrees_with_the_quadratic_it_solves() -> None:
    """Its limits are the roots of (p - x)^2 = z^2 x (1 - x) / n."""
    for k, n in [(0, 5), (1, 7), (50, 90), (7, 7)]:
        low, high = cohorts.wilson(pd.Series([k]), pd.Series([n]))
        z2, p = cohorts.Z90**2, k / n
        roots = np.sort(np.roots([1 + z2 / n, -(2 * p + z2 / n), p * p]).real)
        assert [low[0], high[0]] == pytest.approx(roots, abs=1e-9)


def test_a_pair_of_attributes_gives_a_row_for_every_pair_that_occurs_in_every_week() -> None:
    rows = [
        ("channel", "a", W1, "lead", 0, 4),
        ("channel", "a", W2, "lead", 0, 2),
        ("channel", "b", W2, "lead", 0, 6),
    ]
    frame = cube(rows).assign(attribute2="region", value2=["x", "x", "y"])
    table = cohorts.cohort_table(frame, STEPS, D, [W1, W2], attribute="channel", attribute2="region")
    found = table[["channel", "region", "leads"]].to_numpy().tolist()
    assert found == [["a", "x", 4], ["b", "y", 0], ["a", "x", 2], ["b", "y", 6]]


def test_a_value_of_thirty_leads_is_no_small_one() -> None:
    rows = [("channel", value, W1, "lead", 0, leads) for value, leads in (("a", 30), ("b", 29))]
    table = cohorts.slices(cube(rows), STEPS, [W1, W2], "channel")
    assert table.set_index("value")["small"].to_dict() == {"a": False, "b": True}
