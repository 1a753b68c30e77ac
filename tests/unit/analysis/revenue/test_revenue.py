"""Revenue: sums that add up, payments that come late, refunds, plans, what-ifs."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import worlds

from funnel.analysis.forecast.final import Forecast, forecast
from funnel.analysis.forecast.reliability import AGE_BANDS, UNSURE, Verdict
from funnel.analysis.revenue.revenue_slices import _alone, revenue_slices
from funnel.analysis.revenue.volume import draw_volume, expected_volume
from funnel.analysis.revenue.weeks import REVENUE_COLUMNS, forecast_revenue
from funnel.analysis.revenue.whatif import (
    CANNOT_RISE,
    CASES,
    WHAT_IF_COLUMNS,
    _rate,
    lift_sales,
    rates,
    what_if,
)
from funnel.errors import MissingError

AT = 80
DAY = dt.date(2020, 1, 6) + dt.timedelta(weeks=AT)
LEADS = worlds.Funnel(leads=200).draw(np.random.default_rng([8, 0]), AT + 13)
REACHED, MOVED = worlds.funnel_cubes(LEADS, AT)


@pytest.fixture(scope="module")
def told() -> Forecast:
    return forecast(REACHED, worlds.STAGES, DAY, moved=MOVED, draws=400, seed=1)


def paid(price: int = 1000, later: int = 0) -> pd.DataFrame:
    """Return a payment for every sale, some weeks later, so far as it is made."""
    frame = REACHED[REACHED["stage"] == "sale"].rename(columns={"leads": "payments"}).drop(columns="stage")
    frame["lag"] += later
    frame = frame[frame["cohort_week"] + pd.to_timedelta(frame["lag"] * 7, unit="D") < pd.Timestamp(DAY)]
    return frame.assign(amount=[Decimal(int(count) * price) for count in frame["payments"]])


def test_existing_and_future_are_the_total_and_weeks_are_the_months(told: Forecast) -> None:
    result = forecast_revenue(told, paid(), weeks=13)
    frame = result.frame()
    assert tuple(frame.columns) == REVENUE_COLUMNS
    assert not frame.isna().any().any()
    wide = frame.pivot(index="week", columns="source", values="mean")
    assert (wide["existing"] + wide["future"] == wide["total"]).all()
    months = result.by_month().groupby("source")["mean"].sum()
    assert months.to_dict() == pytest.approx(wide.sum().to_dict())


def test_the_first_weeks_are_told_the_same_however_many_are_asked(told: Forecast) -> None:
    long = forecast_revenue(told, paid(later=2), weeks=26).frame()
    for weeks in (4, 13):
        short = forecast_revenue(told, paid(later=2), weeks=weeks).frame()
        pd.testing.assert_frame_equal(short, long.head(len(short)))


def test_no_week_brings_less_than_nothing_and_its_mean_is_what_is_expected(told: Forecast) -> None:
    dear = paid()
    dear.loc[dear.index[::7], "amount"] *= 20  # payments of very different sizes
    result = forecast_revenue(told, dear, weeks=13)
    assert result.deals.spread > result.deals.mean
    assert result.existing.min() >= 0 and result.future.min() >= 0
    expected = result.amounts.mean(axis=1)
    assert result.frame().query("source == 'total'")["mean"].to_numpy() == pytest.approx(expected, rel=1e-3)


def test_prices_that_rise_are_followed_to_the_weeks_ahead(told: Forecast) -> None:
    dear = paid()
    week = (dear["cohort_week"] - dear["cohort_week"].min()).dt.days // 7 + dear["lag"]
    dear["amount"] = [
        Decimal(int(count * 1000 * 1.02 ** ((at - AT) / 4.35)))
        for count, at in zip(dear["payments"], week, strict=True)
    ]
    result = forecast_revenue(told, dear, weeks=13)
    true = 1000 * 1.02 ** ((np.arange(13) + 0.5) / 4.35)
    assert result.frame().query("source == 'total'")["mean"].to_numpy() == pytest.approx(
        result.amounts.mean(axis=1) / result.deals.means(13) * true, rel=0.03
    )


def test_the_forecast_is_near_what_came(told: Forecast) -> None:
    came = ((LEADS["sale"] >= AT) & (LEADS["sale"] < AT + 13)).sum() * 1000
    old = ((LEADS["sale"] >= AT) & (LEADS["sale"] < AT + 13) & (LEADS["born"] < AT)).sum() * 1000
    result = forecast_revenue(told, paid(), weeks=13)
    low, high = np.quantile(result.total(13), [0.01, 0.99])
    assert low < came < high
    assert result.existing.sum(axis=0).mean() == pytest.approx(old, rel=0.3)


def test_payments_that_come_late_are_still_expected_from_sales_made(told: Forecast) -> None:
    result = forecast_revenue(told, paid(later=4), weeks=13)
    assert result.deals.pattern[:8].argmax() == 4
    sold = REACHED[REACHED["stage"] == "sale"]
    week = sold["cohort_week"] + pd.to_timedelta(sold["lag"] * 7, unit="D")
    due = sold["leads"][week == pd.Timestamp(DAY) - pd.Timedelta(weeks=4)].sum() * 1000
    assert result.existing[0].mean() == pytest.approx(due, rel=0.35, abs=2000)


def test_refunds_missing_and_no_payments(told: Forecast) -> None:
    full = forecast_revenue(told, paid(), weeks=8).frame()
    half = paid()
    half["payments"] = (half["payments"] / 2).round().astype(int)
    half["amount"] = [Decimal(int(count) * 1000) for count in half["payments"]]
    less = forecast_revenue(told, half, weeks=8).frame()
    back = forecast_revenue(told, paid(price=-1000), weeks=8).frame()
    none = forecast_revenue(told, paid()[:0], weeks=8).frame()
    assert not pd.concat([less, back]).isna().any().any()
    assert none.empty and tuple(none.columns) == REVENUE_COLUMNS
    assert back["mean"].sum() == pytest.approx(-full["mean"].sum(), rel=0.05)
    assert 0 < less["mean"].sum() < full["mean"].sum()


def test_where_the_forecast_is_not_reliable_future_leads_are_as_unsure_as_young_ones(told: Forecast) -> None:
    sale = told.stages["sale"]
    doubted = replace(sale, verdict=Verdict(("few_conversions",) * len(AGE_BANDS), sale.verdict.record[:0]))
    unsure = replace(told, stages={**told.stages, "sale": doubted})
    plain, wide = (forecast_revenue(one, paid(), weeks=26).future.sum(axis=0) for one in (told, unsure))
    # The relative variance gains that of a lognormal factor: exp(0.4^2) - 1 = 0.17.
    gained = (1 + (wide.std() / wide.mean()) ** 2) / (1 + (plain.std() / plain.mean()) ** 2) - 1
    assert gained == pytest.approx(np.exp(UNSURE**2) - 1, rel=0.35)
    assert wide.mean() == pytest.approx(plain.mean(), rel=0.06)
    # Both parts are wide by the same cause.
    assert np.corrcoef(np.log(wide), doubted.shock)[0, 1] > 0.7


def test_a_plan_replaces_the_volume(told: Forecast) -> None:
    weeks = pd.date_range(DAY, periods=13, freq="7D")
    base = forecast_revenue(told, paid(), weeks=13)
    more = forecast_revenue(told, paid(), weeks=13, plan=dict.fromkeys(weeks, 400.0))
    ratio = more.future.sum() / base.future.sum()
    assert ratio == pytest.approx(2.0, rel=0.15)
    assert more.existing.sum() == pytest.approx(base.existing.sum(), rel=0.05)


def test_what_if_more_proposals_from_a_week_on(told: Forecast) -> None:
    start = pd.Timestamp(DAY) + pd.Timedelta(weeks=4)
    existing, future = lift_sales(told, "proposal", 0.1, start, 26)
    assert existing[:, :4] == pytest.approx(1.0)
    # Of a cohort born after the start 42 of 100 qualified leads get a proposal: odds of 42 : 58 become
    # 46.2 : 58, which is 44.3 %, 5.6 % more, of all that comes behind that step.
    assert future[5, 5:] == pytest.approx(1.1 / (1 + 0.1 * 0.42), rel=0.01)
    assert rates(told, "proposal", 0.1) == pytest.approx((0.42, 0.462 / 1.042), abs=0.06)
    assert existing.min() >= 1 and existing.max() <= 1.1 + 1e-9
    base = forecast_revenue(told, paid(), weeks=26)
    more = forecast_revenue(told, paid(), weeks=26, lift=(existing, future))
    assert 1.0 < more.total(26).mean() / base.total(26).mean() < 1.1


def test_the_last_step_adds_its_share_of_all_sales_and_an_earlier_one_of_those_still_before_it(
    told: Forecast,
) -> None:
    now, later = pd.Timestamp(DAY), pd.Timestamp(DAY) + pd.Timedelta(weeks=30)
    asked = [("sale", 0.1, now), ("target", 0.1, now), ("sale", -0.5, now), ("sale", 0.1, later)]
    frame = what_if(told, paid(), asked)
    assert tuple(frame.columns) == WHAT_IF_COLUMNS
    assert frame["case"].tolist() == list(CASES) * 8
    without, changed, extra = (frame[frame["case"] == case].reset_index() for case in CASES)
    assert extra["weeks"].tolist() == [13, 26] * 4
    share = (extra["sales"] / without["sales"]).to_numpy()
    # 43 of 100 proposals are sold: the more of a cohort are still to decide, the nearer to that.
    least, most = 1.1 / 1.043 - 1, 1 - 0.5 / (1 - 0.5 * 0.43)
    assert (least - 0.003 < share[:2]).all() and (share[:2] < 0.1).all()
    assert (share[4:6] > -0.5).all() and (share[4:6] < -most + 0.02).all()
    assert 0 < share[2] < share[3] < 0.1
    assert share[6:] == pytest.approx(0.0)
    for name in ("sales", "revenue"):
        assert (changed[name] - without[name]).to_numpy() == pytest.approx(extra[name].to_numpy(), abs=1e-6)
        for part in (without, changed, extra):
            assert part[name].between(part[f"{name}_p10"] - 1e-9, part[f"{name}_p90"] + 1e-9).all()
    # No payment is known: the sales are told, the money is not.
    unpaid = what_if(told, paid()[:0], asked[:1])
    assert unpaid["sales"].gt(0).all() and unpaid["revenue"].isna().all()


def test_a_step_that_nearly_all_make_cannot_rise_and_says_so() -> None:
    leads = worlds.Funnel(leads=200, share=(0.98, 0.53, 0.42, 0.43)).draw(np.random.default_rng([8, 1]), AT)
    reached, moved = worlds.funnel_cubes(leads, AT)
    full = forecast(reached, worlds.STAGES, DAY, moved=moved, draws=100, seed=1)
    now = pd.Timestamp(DAY)
    frame = what_if(
        full, paid(), [("target", 0.1, now), ("target", -0.1, now), ("sale", 0.1, now)], spans=[13]
    )
    more, less, sale = (frame.iloc[at : at + 3].set_index("case") for at in (0, 3, 6))
    assert set(more["reason"]) == {CANNOT_RISE} and more["rate"].between(0.96, 1).all()
    assert more.loc["without", "sales"] == less.loc["without", "sales"] > 0
    assert more.loc[["with", "difference"], "sales":].isna().all(axis=None) and more["rate_with"].isna().all()
    assert set(less["reason"]) == set(sale["reason"]) == {""}
    assert less.loc["difference", "sales"] < 0 < sale.loc["difference", "sales"]


@pytest.mark.parametrize("change", [2.0, 9.99])
def test_however_much_better_a_step_is_no_more_is_sold_than_there_are_leads(
    told: Forecast, change: float
) -> None:
    now, weeks = pd.Timestamp(DAY), 26
    sale, waiting = told.stages["sale"], told.states.waiting
    open_leads, coming = waiting.sum(axis=(1, 2)), sale.coming[:, :weeks]
    for stage in worlds.STAGES:
        existing, future = lift_sales(told, stage, change, now, weeks)
        assert ((coming * existing).sum(axis=1) <= open_leads + 1e-9).all()
        # 42 x 53 x 42 x 43 of 100 leads buy; if every lead made this step, the other three would be left.
        share = dict(zip(worlds.STAGES, (0.42, 0.53, 0.42, 0.43), strict=True))[stage]
        assert 1 < future.max() < 1 / share
        assert future[0, -1] == pytest.approx((1 + change) / (1 + change * share), rel=0.1)
    # Where the ages expect more of a cohort than its steps do, it still ends with the leads that are there.
    eager = replace(sale, coming=sale.coming * (0.9 * open_leads / sale.coming.sum(axis=1))[:, None])
    existing, _ = lift_sales(replace(told, stages={**told.stages, "sale": eager}), "sale", change, now, weeks)
    assert ((eager.coming[:, :weeks] * existing).sum(axis=1) <= open_leads + 1e-9).all()


def test_what_if_is_the_revenue_forecast_with_and_without_the_lift(told: Forecast) -> None:
    begin = pd.Timestamp(DAY) + pd.Timedelta(weeks=2)
    rows = what_if(told, paid(), [("proposal", 0.2, begin)], spans=[10]).set_index("case")
    without = forecast_revenue(told, paid(), weeks=10)
    lifted = forecast_revenue(told, paid(), weeks=10, lift=lift_sales(told, "proposal", 0.2, begin, 10))
    for case, one in (("without", without), ("with", lifted)):
        assert rows.loc[case, "sales"] == pytest.approx(one.sales.sum(axis=0).mean())
        # What may be paid is that of the revenue forecast itself.
        limits = np.quantile(one.total(10), [0.1, 0.9])
        assert rows.loc[case, ["revenue_p10", "revenue_p90"]].tolist() == pytest.approx(limits.tolist())
        assert rows.loc[case, "revenue"] == pytest.approx(one.total(10).mean(), rel=1e-3)
    extra = (lifted.amounts - without.amounts).sum(axis=0)
    told_extra = rows.loc["difference", ["revenue", "revenue_p10", "revenue_p90"]].tolist()
    assert told_extra == pytest.approx([extra.mean(), *np.quantile(extra, [0.1, 0.9])])


def test_no_change_makes_no_difference(told: Forecast) -> None:
    rows = what_if(told, paid(), [("target", 0.0, pd.Timestamp(DAY))], spans=[8]).set_index("case")
    numbers = rows.loc[:, "sales":]
    assert numbers.loc["difference"].eq(0).all()
    assert numbers.loc["with"].equals(numbers.loc["without"]) and numbers.loc["with"].gt(0).all()


def test_volume_knows_last_year_s_season() -> None:
    season = 100 + 60 * np.sin(2 * np.pi * np.arange(130) / 52)
    ahead = expected_volume(season[:104], 26)
    flat = np.full(26, season[96:104].mean())
    truth = season[104:]
    assert np.abs(ahead - truth).mean() < 0.75 * np.abs(flat - truth).mean()
    assert expected_volume(np.zeros(0), 3).tolist() == [0, 0, 0]


def test_leads_that_an_import_created_are_no_usual_week(told: Forecast) -> None:
    week = DAY - dt.timedelta(weeks=3)
    many = REACHED[(REACHED["cohort_week"] == pd.Timestamp(week)) & (REACHED["stage"] == "lead")]
    many = many.assign(leads=30_000, stamped=30_000)
    cube = pd.concat([REACHED.assign(stamped=0), many], ignore_index=True)
    after = forecast(cube, worlds.STAGES, DAY, draws=400, seed=1)
    flat = forecast(REACHED, worlds.STAGES, DAY, draws=400, seed=1)
    future, usual = (forecast_revenue(one, paid(), weeks=13).future.mean() for one in (after, flat))
    assert future == pytest.approx(usual, rel=0.1)


def test_slices_share_the_whole_and_know_their_deal_size(told: Forecast) -> None:
    channel = LEADS["cohort"].index % 3 == 0
    cubes, payments = [], []
    for value, part, price in (("a", LEADS[channel], 3000), ("b", LEADS[~channel], 1000)):
        cubes.append(worlds.funnel_cubes(part, AT)[0].assign(attribute="channel", value=value))
        sales = cubes[-1][cubes[-1]["stage"] == "sale"].rename(columns={"leads": "payments"})
        payments.append(sales.assign(amount=[Decimal(int(n) * price) for n in sales["payments"]]))
    every = pd.concat(payments, ignore_index=True)
    whole = forecast_revenue(told, every, weeks=13)
    frame = revenue_slices(pd.concat(cubes, ignore_index=True), every, told, whole)
    assert not frame.isna().any().any()
    summed = frame.groupby(["week", "source"])["mean"].sum()
    total = whole.frame().set_index(["week", "source"])["mean"].sort_index()
    assert summed.to_numpy() == pytest.approx(total.to_numpy())
    size = frame.groupby("value")["deal_size"].first()
    assert size["a"] == pytest.approx(3000, rel=0.05)
    assert size["b"] == pytest.approx(1000, rel=0.1)
    # A third of the leads at three times the price: 60 % of the money.
    of_a = frame[(frame["source"] == "total") & (frame["value"] == "a")]["mean"].sum()
    assert of_a / frame[frame["source"] == "total"]["mean"].sum() == pytest.approx(0.6, abs=0.1)


def test_a_what_if_needs_to_know_where_the_leads_stand() -> None:
    by_age = forecast(REACHED, worlds.STAGES, DAY, draws=50)
    with pytest.raises(MissingError, match="where the open leads stand"):
        what_if(by_age, paid(), [("sale", 0.1, pd.Timestamp(DAY))])


def test_a_company_with_few_leads_never_gets_fewer_than_none() -> None:
    leads = np.tile([0.0, 3.0, 0.0, 0.0, 1.0, 0.0], 12)
    drawn = draw_volume(leads, 8, 300, 1, None, pd.Timestamp(DAY))
    assert drawn.min() >= 0
    assert drawn.mean() == pytest.approx(leads.mean(), rel=0.5)


def test_no_step_converts_more_than_all() -> None:
    triangle = SimpleNamespace(ages=np.arange(9)[::-1], leads=np.full(9, 100.0))
    means = {"target": np.full(9, 20.0), "sale": np.full(9, 21.0)}  # each stage is forecast by itself
    stages = {
        key: SimpleNamespace(fit=SimpleNamespace(triangle=triangle), mean=mean) for key, mean in means.items()
    }
    assert [_rate(SimpleNamespace(stages=stages), step) for step in (0, 1)] == [0.2, 1.0]


def test_only_values_of_the_attribute_that_is_forecast_apart_have_a_forecast_of_their_own() -> None:
    apart = SimpleNamespace(attribute="product", groups={"a": ("a",), "rest": ("b", "c")})
    whole, none = (SimpleNamespace(history=SimpleNamespace(apart=one)) for one in (apart, None))
    product, channel = (pd.DataFrame({"attribute": [name]}) for name in ("product", "channel"))
    assert _alone(whole, product) == {"a"}
    assert _alone(whole, channel) == _alone(whole, product.head(0)) == _alone(none, product) == set()
