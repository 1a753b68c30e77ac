import numpy as np
import pandas as pd
import pytest

from funnel.analysis.cohorts.durations import curves, durations, waiting_limits

NAMES = [
    "attribute",
    "value",
    "attribute2",
    "value2",
    "cohort_month",
    "start",
    "stage",
    "outcome",
    "days",
    "leads",
]


def waits(*rows, quarter="2022-01-01"):
    """Rows of outcome, days, leads on the way from the lead to the sale."""
    base = ("", "", "", "", pd.Timestamp(quarter), "lead", "sale")
    return pd.DataFrame([(*base, *row) for row in rows], columns=NAMES)


def test_aalen_and_johansen_by_hand():
    # 10 leads. Day 1: 2 bought. Day 2: 4 lost. Day 3: 2 of the 4 left are too young. Day 4: 1 of 2 bought.
    frame = waits(
        ("reached", 1.0, 2), ("lost", 2.0, 4), ("open", 3.0, 2), ("reached", 4.0, 1), ("open", 5.0, 1)
    )
    row = durations(frame, 104).iloc[0]
    # S before day 4 = 8/10 * 4/8 = 0.4; the hazard there is pooled from the same leads, 1 of 2.
    assert row["share"] == pytest.approx(0.2 + 0.4 * 0.5)
    shown = curves(frame, 104)
    late = shown[shown["days"] > 10].iloc[0]
    assert (late["reached"], late["lost"]) == (pytest.approx(0.4), pytest.approx(0.4))


def test_the_median_is_that_of_those_who_buy_not_of_all():
    frame = waits(("reached", 1.0, 40), ("reached", 10.0, 41), ("lost", 2.0, 1000))
    row = durations(frame, 104).iloc[0]
    assert row["median_days"] == pytest.approx(10.0, rel=0.006)
    assert (row["reached"], row["lost"], row["open"], row["borrowed"]) == (81, 1000, 0, 0.0)


def test_a_young_quarter_borrows_the_tail_of_the_older_ones():
    old = waits(("reached", 1.0, 500), ("reached", 100.0, 500), ("open", 600.0, 9000))
    young = waits(("reached", 1.0, 50), ("open", 20.0, 950), quarter="2022-10-01")
    found = durations(pd.concat([old, young], ignore_index=True), 104)
    row = found[found["cohort_quarter"] == pd.Timestamp("2022-10-01")].iloc[0]
    assert row["share"] == pytest.approx(0.1, rel=0.01)
    assert row["p80_days"] == pytest.approx(100.0, rel=0.01)
    assert row["borrowed"] == pytest.approx(0.5, rel=0.02)


def test_young_months_that_convert_better_do_not_make_the_whole_look_quicker():
    # Both take a day or 100 days, half and half; the old convert 20 %, the young, seen for 50 days, 40 %.
    old = waits(("reached", 1.0, 100), ("lost", 2.0, 800), ("reached", 100.0, 100))
    young = waits(("reached", 1.0, 200), ("lost", 2.0, 600), ("open", 50.0, 200), quarter="2022-02-01")
    found = durations(pd.concat([old, young], ignore_index=True), 104)
    whole = found[found["cohort_quarter"].isna()].iloc[0]
    assert whole["share"] == pytest.approx(0.3)
    assert whole["borrowed"] == pytest.approx(1 / 3)
    assert whole["p80_days"] == pytest.approx(100.0, rel=0.01)
    late = curves(pd.concat([old, young], ignore_index=True), 104).iloc[-1]
    assert (late["reached"], late["lost"]) == (pytest.approx(0.3), pytest.approx(0.7))


def test_a_month_with_few_arrivals_takes_the_law_of_its_slice():
    old = waits(("reached", 1.0, 500), ("reached", 100.0, 500), ("lost", 2.0, 9000))
    young = waits(("reached", 1.0, 19), ("open", 20.0, 81), quarter="2022-10-01")
    found = durations(pd.concat([old, young], ignore_index=True), 104)
    row = found[found["cohort_quarter"] == pd.Timestamp("2022-10-01")].iloc[0]
    assert row["share"] == pytest.approx(0.38)  # alone in its quarter: its own 19, and as many to come
    whole = found[found["cohort_quarter"].isna()].iloc[0]
    merged = 0.1 * 10_000 / 10_100 + 0.1 * 100 / 10_100
    assert whole["share"] == pytest.approx(merged, rel=0.01)


def test_nobody_who_reached_it_gives_no_median():
    row = durations(waits(("lost", 2.0, 5), ("open", 3.0, 5)), 104).iloc[0]
    assert np.isnan(row["median_days"]) and row["share"] == 0.0
    assert waiting_limits(waits(("lost", 2.0, 5)), 104) == {}


def test_an_empty_cube_gives_empty_tables():
    empty = waits()
    assert durations(empty, 104).empty
    assert curves(empty, 104).empty


def test_what_takes_longer_than_the_horizon_is_not_reached_by_then():
    row = durations(waits(("reached", 1.0, 30), ("reached", 40.0, 70)), 4).iloc[0]
    assert row["share"] == pytest.approx(0.3)


def test_of_fewer_than_twenty_arrivals_nothing_is_told():
    few = durations(waits(("reached", 5.0, 19), ("lost", 40.0, 200)), 104).iloc[0]
    assert np.isnan(few["median_days"]) and np.isnan(few["p80_days"]) and few["reached"] == 19
    enough = durations(waits(("reached", 5.0, 20), ("lost", 40.0, 200)), 104).iloc[0]
    assert enough["median_days"] == pytest.approx(5.0, rel=0.01)
    assert waiting_limits(waits(("reached", 5.0, 19), ("lost", 40.0, 200)), 104) == {}


@pytest.mark.parametrize(("days", "short"), [(200, True), (700, False)])
def test_a_log_shorter_than_the_way_tells_only_that_it_is_longer(days, short):
    # Leads that take 120 days in the middle, seen for 200 and for 700 days; who has not arrived waits on.
    taken = np.random.default_rng(2).lognormal(np.log(120), 0.6, 2000)
    steps, counts = np.unique(np.floor(taken[taken < days]) + 0.5, return_counts=True)
    rows = [("reached", float(step), int(count)) for step, count in zip(steps, counts, strict=True)]
    frame = waits(*rows, ("open", float(days), int((taken >= days).sum()) + 1000))
    row = durations(frame, 104).iloc[0]
    assert row["at_least"] == short
    if short:
        assert row["median_days"] < np.median(taken)
        assert waiting_limits(frame, 104) == {}
    else:
        assert row["median_days"] == pytest.approx(np.median(taken), rel=0.03)
