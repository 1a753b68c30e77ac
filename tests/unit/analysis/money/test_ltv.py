import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from funnel.analysis.money.ltv import by_groups, lifetime_values, payback_age, payback_curve

FIRST = pd.Timestamp("2021-01-04")


def exposure(*heads, value=""):
    weeks = pd.date_range(FIRST, periods=len(heads), freq="7D")
    return pd.DataFrame({"value": value, "cohort_week": weeks, "number": heads})


def amounts(*rows, value=""):
    """Rows of cohort (from 0), lag, amount."""
    frame = pd.DataFrame(rows, columns=["cohort", "lag", "amount"])
    weeks = FIRST + pd.to_timedelta(frame["cohort"].astype("int64") * 7, unit="D")
    made = [Decimal(str(amount)) for amount in frame["amount"]]
    return pd.DataFrame(
        {"value": value, "cohort_week": weeks, "lag": frame["lag"].astype("int64"), "amount": made}
    )


def lines(replication, weeks=108, drift=1.0):
    """Leads, payments so far and in the end of a line of a week and one of nine months, at 1 : 6.

    With a drift the slow line has so many times as many leads at the end as at the beginning.
    """
    rng = np.random.default_rng([13, replication])
    heads, paid, truth = [], [], {}
    for value, days, price in (("quick", 7, 100), ("slow", 270, 600)):
        more = np.linspace(1, drift, weeks) if value == "slow" else np.ones(weeks)
        cohort = np.repeat(np.arange(weeks), rng.poisson(9 * more))
        lag = ((rng.random(len(cohort)) * 7 + rng.lognormal(np.log(days), 0.5, len(cohort))) // 7).astype(int)
        amount = np.round(price * rng.lognormal(-0.08, 0.4, len(cohort)), 2)
        seen = cohort + lag < weeks
        truth[value] = amount[lag <= 104].sum()
        heads.append(exposure(*np.round(150 * more), value=value))
        paid.append(amounts(*zip(cohort[seen], lag[seen], amount[seen], strict=True), value=value))
    return pd.concat(heads), pd.concat(paid), truth


def test_lines_of_another_pace_and_price_keep_their_own_worth():
    report = FIRST.date() + dt.timedelta(weeks=108)
    errors, inside = {"quick": [], "slow": []}, []
    for replication in range(12):
        heads, paid, truth = lines(replication)
        for row in lifetime_values(heads, paid, report, 104, seed=1).to_dict("records"):
            true = truth[row["value"]]
            errors[row["value"]].append(row["final"] / true - 1)
            inside.append(row["final_p10"] <= true <= row["final_p90"])
    assert abs(np.mean(errors["quick"])) < 0.01  # +22 % where both shared one pattern
    assert abs(np.mean(errors["slow"])) < 0.03
    assert 14 <= sum(inside) <= 23  # of 24 with a chance of 80 %


def test_where_the_mix_drifts_the_total_is_the_sum_of_what_its_lines_have_to_pay():
    report = FIRST.date() + dt.timedelta(weeks=108)
    alike, told, inside = [], [], []
    for replication in range(12):
        heads, paid, truth = lines(replication, drift=4.0)
        mixed = by_groups(heads, paid, {"quick": ("quick",), "slow": ("slow",)}, report, 104, seed=1)
        both = heads.groupby("cohort_week", as_index=False)["number"].sum().assign(value="")
        every, true = paid.assign(value=""), sum(truth.values())
        alike.append(lifetime_values(both, every, report, 104, 1).loc[0, "final"] / true - 1)
        row = lifetime_values(both, every, report, 104, 1, mixed=mixed).iloc[0]
        told.append(row["final"] / true - 1)
        inside.append(row["final_p10"] <= true <= row["final_p90"])
        parts = lifetime_values(heads, paid, report, 104, 1)["final"].sum()
        assert row["final"] == pytest.approx(parts)
        # Another attribute, of which every value has the same mix, is scaled as the total is.
        other = lifetime_values(
            both.assign(value="web"), every.assign(value="web"), report, 104, 1, mixed=mixed
        )
        assert other.loc[0, "final"] == pytest.approx(row["final"])
    assert np.mean(alike) < -0.06
    assert abs(np.mean(told)) < 0.03
    assert 7 <= sum(inside) <= 12


def test_groups_without_payments_to_come_scale_nothing():
    report = FIRST.date() + dt.timedelta(weeks=4)
    assert by_groups(exposure(5, 5, value="a"), amounts(value="a"), {"a": ("a",)}, report, 10, seed=1) is None
    assert by_groups(exposure(), amounts(), {}, report, 10, seed=1) is None


def test_a_log_shorter_than_the_payments_last_is_told_by_a_large_ripening():
    found = {
        weeks: lifetime_values(*lines(1, weeks)[:2], FIRST.date() + dt.timedelta(weeks=weeks), 104, seed=1)
        for weeks in (52, 104)
    }
    ripening = {weeks: frame.set_index("value")["ripening"] for weeks, frame in found.items()}
    assert ripening[52]["slow"] > 0.05 > ripening[52]["quick"]
    assert max(ripening[104]) < 0.01  # a week short of the horizon


def regular(cohorts, horizon, report):
    """Every head pays 10 in its week and 1 in each of the next nine weeks, as far as they have been lived."""
    oldest = (report - FIRST.date()).days // 7 - 1
    rows = [
        (cohort, lag, 1000 if lag == 0 else 100)
        for cohort in range(cohorts)
        for lag in range(min(10, oldest - cohort + 1))
    ]
    return amounts(*rows)


def test_a_regular_history_is_projected_exactly():
    report = FIRST.date() + dt.timedelta(weeks=30)
    found = lifetime_values(exposure(*[100] * 30), regular(30, 20, report), report, 20, seed=1).iloc[0]
    assert found["ltv"] == pytest.approx(19.0)
    assert found["final_p05"] <= found["final"] <= found["final_p95"]
    assert found["seen"] == pytest.approx(float(found["paid"]) / (19 * 3000))


def test_the_interval_holds_the_truth_about_nine_times_of_ten():
    report = FIRST.date() + dt.timedelta(weeks=60)
    inside = []
    for replication in range(40):
        rng = np.random.default_rng([7, replication])
        rows, truth = [], 0.0
        for cohort in range(60):
            lags = np.minimum(rng.exponential(8, rng.poisson(30)).astype(int), 51)
            paid = np.round(rng.lognormal(3, 0.4, len(lags)), 2)
            truth += paid.sum()
            rows += [
                (cohort, lag, amount) for lag, amount in zip(lags, paid, strict=True) if lag <= 59 - cohort
            ]
        found = lifetime_values(exposure(*[400] * 60), amounts(*rows), report, 52, seed=replication).iloc[0]
        inside.append(found["final_p05"] <= truth <= found["final_p95"])
    assert 32 <= sum(inside) <= 40


def test_refunds_larger_than_sales_give_a_negative_value_and_no_share():
    report = FIRST.date() + dt.timedelta(weeks=3)
    found = lifetime_values(exposure(5, 5, 5), amounts((0, 0, 10), (0, 1, -30)), report, 10, seed=1).iloc[0]
    assert found["paid"] == Decimal("-20")
    assert found["per_head"] == pytest.approx(-20 / 15)
    assert np.isfinite(found["ltv"])


def test_a_cohort_that_paid_nothing_and_one_without_leads_do_no_harm():
    report = FIRST.date() + dt.timedelta(weeks=4)
    found = lifetime_values(exposure(5, 0, 5, 5), amounts(), report, 10, seed=1).iloc[0]
    assert (found["number"], found["ltv"], found["ltv_p95"]) == (15, 0.0, 0.0)


def test_no_leads_at_all_give_an_empty_table():
    report = FIRST.date() + dt.timedelta(weeks=4)
    assert lifetime_values(exposure(), amounts(), report, 10, seed=1).empty
    assert payback_curve(exposure(), amounts(), report, 10, seed=1).empty


def test_the_curve_counts_at_each_age_only_the_cohorts_that_lived_it():
    report = FIRST.date() + dt.timedelta(weeks=2)
    curve = payback_curve(
        exposure(100, 300), amounts((0, 0, 200), (0, 1, 100), (1, 0, 600)), report, 10, seed=1
    )
    assert curve["number"].tolist() == [400, 100]
    assert curve["per_head"].tolist() == [pytest.approx(2.0), pytest.approx(3.0)]


def test_the_curve_ends_where_two_payments_would_make_it_jump():
    # 60 cohorts of 40 contacts, two of whom pay 100 on average within nine weeks, so 5 a contact. Of the
    # oldest two more pay in week 59: 5 by each of its contacts, and nobody else is that old.
    rng = np.random.default_rng(1)
    rows = [(c, lag, 100) for c in range(60) for lag in rng.integers(0, 9, rng.poisson(2)) if lag <= 59 - c]
    report = FIRST.date() + dt.timedelta(weeks=60)
    curve = payback_curve(exposure(*[40] * 60), amounts(*rows, (0, 59, 200)), report, 104, seed=1)
    # 20 payments are those of ten cohorts: the curve goes on while about so many have lived.
    assert 45 <= curve["age"].max() <= 54
    assert curve["per_head"].max() == pytest.approx(5, rel=0.25)
    few = payback_curve(exposure(*[40] * 60), amounts(*rows[::12]), report, 104, seed=1)
    assert few.empty


def test_the_payback_age_is_the_first_at_which_the_cost_is_back():
    curve = pd.DataFrame({"value": "web", "age": [0, 1, 2], "per_head": [1.0, 2.0, 3.0]})
    curve = curve.assign(low=curve["per_head"] - 0.5, high=curve["per_head"] + 0.5)
    row = payback_age(curve, pd.Series({"web": 2.4})).iloc[0]
    assert (row["payback_weeks"], row["payback_low"], row["payback_high"]) == (2.0, 1.0, 2.0)
    assert np.isnan(payback_age(curve, pd.Series({"web": 9.0})).loc[0, "payback_weeks"])
    assert np.isnan(payback_age(curve, pd.Series(dtype=float)).loc[0, "payback_weeks"])
