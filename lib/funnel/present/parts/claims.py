"""The conditions under which what the report claims is true: every claim asks here before it is made.

| claim | true if |
|---|---|
| a value converts best or worst; a colour on it | `standing_out`: it has enough leads, the values of its attribute differ by more than chance, and so does it from all leads of the same weeks, however many are looked at |
| it converts best or worst of all, not just better or worse than the rest | `first_of`: by its own share and by that of the leads of the same weeks |
| most of a difference comes from a step | it is more than half of it (`MOST`); else it is called the largest part |
| so many counts have changed | `moved_counts`: counts of a cohort and stage, not edits |
| no value differs | `comparable` values are there, and none stands out |
| the rate changed a number | `beyond_chance`: the part is larger than chance alone makes it in nine of ten cases |
| some, or all, of the young cohorts are doubtful | `doubtful_young` counts them |
| a channel is cheapest, another dearest | `costs_apart`: their 90 % intervals do not touch; and `gaps`: spend of both is known in every shown week with leads |
| spend met no lead | `leads_have`: the leads bear what spend is matched by |
| the cohort that is read may be read | `too_young`: its age lets expect anything of the last stage |
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from funnel.analysis.cohorts.compare import CHANCE, chi_square
from funnel.analysis.forecast.ahead import YOUNG
from funnel.analysis.money.costs import NO_SPEND
from funnel.analysis.statistics import laws
from funnel.settings import Settings

READABLE, RIPE = 0.1, 0.5
"""A cohort that has had less than the first of its sales cannot be read; one that has had the second can."""
MOST = 0.5
"""Share of a whole from which a part is most of it."""


def comparable(values: pd.DataFrame) -> pd.DataFrame:
    """Return the values that have leads enough to be compared; none where there is only one value at all.

    Args:
        values: `analysis.cohorts.table.slices` or `analysis.cohorts.breakdown.slices_by`.
    """
    return values[~values["small"].astype(bool)] if len(values) > 1 else values.head(0)


def differ(values: pd.DataFrame, last: str) -> bool:
    """Tell whether the values of an attribute differ by more than chance explains."""
    chi2, df = chi_square(values[last], values["due"], values["due_variance"])
    return df > 0 and laws.chi2_above(chi2, df) < CHANCE


def standing_out(values: pd.DataFrame, last: str) -> pd.DataFrame:
    """Return the values that convert otherwise than all leads of the same weeks, by more than chance.

    Args:
        values: `analysis.cohorts.table.slices` or `analysis.cohorts.breakdown.slices_by`.
        last: the last stage.
    """
    some = comparable(values)
    return some[some["p_value"] * len(some) < CHANCE] if differ(values, last) else some.head(0)


def furthest(told: pd.DataFrame, *, better: bool) -> pd.Series | None:
    """Return the value that is furthest above all leads of the same weeks, or below; None for none."""
    side = told[told["against_total"] > 0] if better else told[told["against_total"] < 0]
    if side.empty:
        return None
    end = side["against_total"].max() if better else side["against_total"].min()
    row: pd.Series = side[side["against_total"] == end].iloc[0]
    return row


def first_of(row: pd.Series, some: pd.DataFrame, *, better: bool) -> bool:
    """Tell whether no other value is better (or worse), be it beside its weeks or by its share alone.

    A reader who looks at the shares in the table must find the same value in front.
    """
    ends = [some[name].max() if better else some[name].min() for name in ("against_total", "overall_rate")]
    return [row["against_total"], row["overall_rate"]] == ends


def moved_counts(restated: pd.DataFrame) -> int:
    """Return how many counts, of a cohort and stage, are not what they were (`schema.RESTATED_COLUMNS`)."""
    cells = restated.drop_duplicates(["cohort_week", "stage"])
    return int((cells["cohort_before"] != cells["cohort_after"]).sum())


def gaps(costs: pd.DataFrame, weeks: Sequence[pd.Timestamp]) -> dict[str, int]:
    """Return the channels with spend in some weeks and with leads but no spend in others: in how many.

    Either nothing was spent then, or it is not known; such costs are not compared.

    Args:
        costs: `analysis.money.costs.costs` by channel.
        weeks: the shown ones.
    """
    shown = costs[costs["cohort_week"].isin(list(weeks))]
    without = shown[shown["match"] == NO_SPEND].groupby("value").size()
    paid = set(shown.loc[shown["match"] != NO_SPEND, "value"])
    return {str(name): int(n) for name, n in without.items() if name in paid}


def chance_makes(spread: float, among: int = 1) -> float:
    """Return how large chance makes the largest of so many amounts at most, in nine of ten cases.

    >>> round(chance_makes(10.0), 1), round(chance_makes(10.0, among=20), 1)
    (16.4, 28.1)
    """
    return float(laws.normal_quantile(1 - 0.05 / max(among, 1))) * spread


def beyond_chance(amount: float, spread: float, among: int = 1) -> bool:
    """Tell whether an amount is larger than chance makes the largest of so many in nine of ten cases.

    >>> beyond_chance(-10.8, 13.0), beyond_chance(-30.0, 13.0), beyond_chance(-30.0, 13.0, among=20)
    (False, True, False)
    """
    return abs(amount) > chance_makes(spread, among)


def doubtful_young(forecast: pd.DataFrame, settings: Settings) -> tuple[pd.Series, int]:
    """Return why young cohorts are doubtful, one reason for each that is, and how many young ones there are.

    Args:
        forecast: `analysis.forecast.final.FORECAST_COLUMNS`.
        settings: the stages; the last one counts.
    """
    young = (forecast["stage"] == settings.stage_keys[-1]) & (forecast["age_weeks"] < YOUNG)
    mine = forecast[young]
    return mine.loc[~mine["reliable"].astype(bool), "reason"], len(mine)


def costs_apart(low: Mapping[Hashable, Any], high: Mapping[Hashable, Any]) -> bool:
    """Tell whether a channel's expected cost of a sale is lower than another's by more than their intervals.

    Args:
        low: a row of `edition.costs.Spending.summary`.
        high: the dearer one; it may have no upper end.
    """
    return float(low["projected_high"]) < float(high["projected_low"])


def leads_have(total: Mapping[Hashable, Any]) -> bool:
    """Tell whether any lead of the shown weeks met spend, so that spend without leads means something.

    Args:
        total: the row `total` of the account of the spend.
    """
    return float(total["matched"]) > 0


def too_young(maturity: pd.DataFrame, settings: Settings, read: int) -> int:
    """Return the reading age to propose where at the set one hardly anything has come yet; 0 for none.

    Args:
        maturity: `analysis.forecast.maturity.MATURITY_COLUMNS`.
        settings: the stages; the last one counts.
        read: the age that is read.
    """
    curve = maturity[maturity["stage"] == settings.stage_keys[-1]].set_index("age_weeks")["maturity"]
    now = curve[curve.index <= read]
    if curve.empty or (len(now) and float(now.iloc[-1]) >= READABLE):
        return 0
    ripe = curve[curve >= RIPE]
    return int(str(ripe.index[0])) if len(ripe) else 0
