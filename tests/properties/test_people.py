"""Managers over time and reasons of loss against a plain recount; bands against sums of chances."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.analysis.cohorts import losses, managers
from funnel.analysis.cohorts.beside import beside, judged
from funnel.analysis.cohorts.table import counts

STEPS = ("lead", "target", "sale")
FIRST, WEEK = dt.date(2022, 1, 3), dt.timedelta(days=7)
DAY = dt.date(2022, 8, 1)
WEEKS = [FIRST + WEEK * number for number in range(30)]
# week, manager, lag of target, lag of sale; then for losses: reason and its lag
LEAD = st.tuples(
    st.integers(0, 29), st.sampled_from(["Anna", "Boris"]), st.none() | st.integers(0, 9),
    st.none() | st.integers(0, 9),
)  # fmt: skip
REASON = st.sampled_from(["dear", "Dear ", " DEAR", "far", "", "late", *(f"rare {n}" for n in range(9))])


def cube(leads: list[tuple]) -> pd.DataFrame:
    rows = []
    for number, value, *lags in leads:
        for stage, lag in zip(STEPS, [0, *lags], strict=True):
            if lag is not None and number + lag < 30:
                for attribute, name in (("", ""), ("manager", value)):
                    rows.append((attribute, name, "", "", pd.Timestamp(FIRST + WEEK * number), stage, lag, 1))
    names = ["attribute", "value", "attribute2", "value2", "cohort_week", "stage", "lag", "leads"]
    return pd.DataFrame(rows, columns=names)


@settings(max_examples=40, deadline=None)
@given(st.lists(LEAD, min_size=1, max_size=50), st.integers(0, 6))
def test_a_managers_step_is_that_of_his_leads_at_the_age_beside_all_leads(leads, age):
    found = managers.over_time(cube(leads), STEPS, DAY, WEEKS, "manager", "month", age)
    for row in found.to_dict("records"):
        month = row["period_start"].date()
        inside = [n for n, week in enumerate(WEEKS) if (week.year, week.month) == (month.year, month.month)]
        assert (DAY - WEEKS[inside[-1]]).days // 7 - 1 >= age
        at = STEPS.index(row["stage"])

        def reached(step: int, who: str | None, inside: list[int] = inside) -> int:
            mine = [one for one in leads if one[0] in inside and who in (None, one[1])]
            return sum(
                step == 0
                or (one[step + 1] is not None and one[step + 1] <= age and one[0] + one[step + 1] < 30)
                for one in mine
            )

        assert (row["base"], row["reached"]) == (reached(at - 1, row["value"]), reached(at, row["value"]))
        if row["base"]:
            assert row["expected"] == pytest.approx(reached(at, None) / reached(at - 1, None))
        else:
            assert math.isnan(row["rate"]) and not row["outside"]


def chance_below(count: int, number: int, share: float) -> float:
    return sum(math.comb(number, k) * share**k * (1 - share) ** (number - k) for k in range(count + 1))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.floats(0.01, 0.99))
def test_the_band_holds_what_chance_makes_in_nine_of_ten_cases(number: int, share: float):
    row = beside(pd.Series([number]), pd.Series([0]), pd.Series([share])).iloc[0]
    low, high = round(row["low"] * number), round(row["high"] * number)
    assert chance_below(low, number, share) >= 0.05 - 1e-9
    assert low == 0 or chance_below(low - 1, number, share) < 0.05 + 1e-9
    assert chance_below(high, number, share) >= 0.95 - 1e-9
    assert (
        chance_below(high, number, share) - (chance_below(low - 1, number, share) if low else 0) >= 0.9 - 1e-9
    )


def test_a_manager_who_differs_is_told_and_a_small_one_is_not_judged():
    each = (("a", 100, 40), ("b", 100, 42), ("bad", 100, 20), ("new", 4, 4))
    rows = [(week, who, base, won) for week in range(6) for who, base, won in each]
    counts_ = pd.DataFrame(rows, columns=["cohort_week", "value", "base", "reached"])
    found = judged(counts_.assign(stage="sale"), ["value"], ["stage"]).set_index("value")
    assert found.loc["bad", "differs"]
    assert not found.loc["new", "differs"]
    assert found.loc["new", "few"] and found.loc["bad", "base"] == 600
    assert found.loc["bad", "due"] == pytest.approx(600 * (40 + 42 + 20 + 4) / 304)


def lost_cube(leads: list[tuple]) -> pd.DataFrame:
    rows = [
        (attribute, value, pd.Timestamp(FIRST + WEEK * number), stage, reason, lag, 1, 0)
        for number, who, stage, reason, lag in leads
        for attribute, value in (("", ""), ("manager", who))
    ]
    return pd.DataFrame(
        rows, columns=["attribute", "value", "cohort_week", "stage", "reason", "lag", "leads", "untimed"]
    )


LOSS = st.tuples(
    st.integers(0, 29), st.sampled_from(["Anna", "Boris"]), st.sampled_from(["lead", "target"]), REASON,
    st.integers(0, 9),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(LOSS, min_size=1, max_size=60), st.integers(0, 9))
def test_reasons_are_counted_in_one_writing_and_the_rare_ones_together(leads, age):
    found = losses.told(lost_cube(leads), WEEKS)
    table = losses.by_stage(found, STEPS)
    word = [" ".join(one[3].split()).casefold() for one in leads]
    often = sorted(Counter(filter(None, word)).items(), key=lambda item: (-item[1], item[0]))
    frequent = [name for name, _ in often[:8]]
    for stage in ("", "lead", "target"):
        mine = [w for w, one in zip(word, leads, strict=True) if stage in ("", one[2])]
        part = table[table["stage"] == stage]
        assert part["lost"].sum() == len(mine) and set(part["of"]) <= {len(mine)}
        for row in part.to_dict("records"):
            if row["reason"] == losses.OTHER:
                expected = sum(w != "" and w not in frequent for w in mine)
            else:
                expected = sum(w == row["reason"].casefold() for w in mine)
            assert row["lost"] == expected
    segments = losses.by_segment(found)
    anna = [w for w, one in zip(word, leads, strict=True) if one[1] == "Anna"]
    dear = segments[(segments["value"] == "Anna") & (segments["reason"].str.casefold() == "dear")]
    if anna and "dear" in word:
        assert dear["reached"].sum() == anna.count("dear") and set(dear["base"]) == {len(anna)}

    whole = pd.DataFrame({"lead": 3}, index=pd.DatetimeIndex(WEEKS, name="cohort_week"))
    lines = losses.over_time(found, whole, DAY, "month", age)
    for row in lines.to_dict("records"):
        month = row["period_start"].date()
        inside = [n for n, week in enumerate(WEEKS) if (week.year, week.month) == (month.year, month.month)]
        assert row["base"] == 3 * len(inside)
        if row["reason"] not in (losses.OTHER, ""):
            expected = sum(
                w == row["reason"].casefold() and one[0] in inside and one[4] <= age
                for w, one in zip(word, leads, strict=True)
            )
            assert row["reached"] == expected


def test_losses_without_a_known_moment_are_not_followed_over_time():
    lost = lost_cube([(n, "Anna", "lead", "dear", 1) for n in range(20)])
    whole = counts(cube([(n, "Anna", None, None) for n in range(20)]), STEPS[:1], WEEKS)
    assert len(losses.over_time(losses.told(lost, WEEKS), whole, DAY, "month", 2))
    lost["untimed"] = [1, 1] * 3 + [0] * 34
    assert losses.over_time(losses.told(lost, WEEKS), whole, DAY, "month", 2).empty
