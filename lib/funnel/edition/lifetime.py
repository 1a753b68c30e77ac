"""What contacts and leads are worth, beside what they cost."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from funnel.analysis.cohorts.table import select
from funnel.analysis.forecast.apart import Apart
from funnel.analysis.money import costs, ltv
from funnel.analysis.money.costs import SPEND_KEYS
from funnel.edition.costs import known_weeks
from funnel.gate.stamps import untold_weeks
from funnel.settings import Settings

SEED = 0
_WORTH = {"per_head": "per_lead", "ltv": "lead_ltv", "ltv_p05": "lead_ltv_p05", "ltv_p95": "lead_ltv_p95"}
_AT_THE_END = ["ltv", "ltv_p05", "ltv_p95", "lead_ltv", "lead_ltv_p05", "lead_ltv_p95", "seen"]
_WORDS = ("unit", "attribute", "value", "paid")
_ASIDE = ["final", "final_p05", "final_p10", "final_p90", "final_p95", "ripening"]
RIPENING = 0.05
"""Share of what was paid by the oldest age that came in its last quarter: beyond it no end is told."""


def worth(
    customers: pd.DataFrame,
    reached: pd.DataFrame,
    paid: pd.DataFrame,
    spend: pd.DataFrame,
    settings: Settings,
    report_date: dt.date,
    apart: Apart | None = None,
) -> dict[str, pd.DataFrame]:
    """Return `ltv` and `payback`.

    Args:
        customers: the cube, by the attributes to show.
        reached: the cube with the same slices; by attributes that spend does not have, with their pairs with
            the channel too, or the acquisition cost stays unknown.
        paid: the cube with the same slices.
        spend: in the settings' currency.
        settings: the horizon.
        report_date: D.
        apart: how leads are forecast apart, if they are: what they have to pay yet is told so too.

    Returns:
        `ltv`: one row per `attribute` ('' for the total) and `value`: `customers` (contacts, by their first
        lead), `paid` (Decimal, so far), `per_customer` (so far), `ltv`, `ltv_p05`, `ltv_p95` (at the
        horizon), `seen`, `buyers`, `repeats_per_buyer`, `leads`, `per_lead`, `lead_ltv`, `lead_ltv_p05`,
        `lead_ltv_p95`, `cost_per_customer` (NaN without spend), `payback_weeks`, `payback_low`,
        `payback_high`, `expected_return` (ltv / cost). What is of the horizon is NaN where fewer than
        `ltv.SHORT` weeks of history or `ltv.FEW` buyers are known, or where payments by the
        oldest cohorts' age have not all but ceased (`RIPENING`).
        `payback`: one row per `unit` (customer, lead), `attribute`, `value` and `age` (weeks): `number`,
        `per_head`, `low`, `high`, `cost_per_head`.
    """
    customers, reached, paid = _timed(customers, reached, paid)
    tables, curves, mixed = [], [], None
    if apart is not None:
        cubes = ltv.of_leads(reached, paid, apart.attribute)
        mixed = ltv.by_groups(*cubes, apart.groups, report_date, settings.horizon_weeks, SEED)
    for name in dict.fromkeys(("", *customers["attribute"])):
        cost = spend_by_week(spend, reached, settings, report_date, name)
        by = None if apart is not None and name == apart.attribute else mixed
        table, curve = _one(*ltv.of_customers(customers, name), cost, settings, report_date, by)
        table = table.rename(
            columns={
                "number": "customers",
                "per_head": "per_customer",
                "cost_per_head": "cost_per_customer",
            }
        )
        again = ltv.repeats(customers, name)[["value", "buyers", "repeats_per_buyer"]]
        leads, lead_curve = _one(*ltv.of_leads(reached, paid, name), cost, settings, report_date, by)
        leads = leads.rename(columns={"number": "leads", **_WORTH})[["value", "leads", *_WORTH.values()]]
        table = table.merge(again, on="value").merge(leads, how="left", on="value")
        tables.append(_told(table, customers, report_date).assign(attribute=name))
        curves += [
            curve.assign(unit="customer", attribute=name),
            lead_curve.assign(unit="lead", attribute=name),
        ]
    table = _numeric(pd.concat([one for one in tables if len(one)] or tables[:1], ignore_index=True))
    price = table["cost_per_customer"]
    table["expected_return"] = (table["ltv"] / price.where(price > 0)).astype("float64")
    payback = _numeric(pd.concat([one for one in curves if len(one)] or curves[:1], ignore_index=True))
    return {
        "ltv": _first(table.drop(columns=_ASIDE), ["attribute", "value"]),
        "payback": _first(payback, ["unit", "attribute", "value"]),
    }


def _numeric(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep numbers that nobody knows as numbers: a column of nothing else comes back from a file as None."""
    loose = [name for name in frame.columns if frame[name].dtype == object and name not in _WORDS]
    return frame.astype(dict.fromkeys(loose, "float64"))


def _timed(
    customers: pd.DataFrame, reached: pd.DataFrame, paid: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Leave out the cohorts whose payments were dated at once: they tell no value by age."""
    whole = paid[paid["attribute"] == ""]
    weeks = untold_weeks(whole.rename(columns={"payments": "leads"}))
    bought = customers[(customers["attribute"] == "") & (customers["kind"] != "customer")]
    own = untold_weeks(bought.rename(columns={"number": "leads"}))
    return (
        customers[~customers["cohort_week"].isin(own)],
        reached[~reached["cohort_week"].isin(weeks)],
        paid[~paid["cohort_week"].isin(weeks)],
    )


def _told(table: pd.DataFrame, customers: pd.DataFrame, report_date: dt.date) -> pd.DataFrame:
    """Leave out what cannot be told reliably yet: the end, from too short a history or of few buyers."""
    history = (pd.Timestamp(report_date) - customers["cohort_week"].min()).days // 7
    unsure = (table["buyers"] < ltv.FEW) | (history < ltv.SHORT) | (table["ripening"] > RIPENING)
    return table.assign(**{name: table[name].where(~unsure) for name in _AT_THE_END})


def _one(
    heads: pd.DataFrame,
    amounts: pd.DataFrame,
    cost: pd.DataFrame,
    settings: Settings,
    report_date: dt.date,
    mixed: ltv.Mixed | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the lifetime values of contacts or leads with their cost and payback, and the curve."""
    horizon = settings.horizon_weeks
    values = ltv.lifetime_values(heads, amounts, report_date, horizon, SEED, mixed=mixed)
    curve = ltv.payback_curve(heads, amounts, report_date, horizon, SEED)
    met = heads.merge(cost[["cohort_week", "value"]], on=["cohort_week", "value"])
    number = met.groupby("value")["number"].sum()
    price = cost.groupby("value")["spend"].sum() / number.where(number > 0)
    back = ltv.payback_age(curve, price)
    priced = curve.assign(cost_per_head=curve["value"].map(price).astype("float64"))
    return values.merge(back, how="left", on="value"), priced


def spend_by_week(
    spend: pd.DataFrame, reached: pd.DataFrame, settings: Settings, report_date: dt.date, attribute: str
) -> pd.DataFrame:
    """Return the spend of the complete cohorts of the weeks in which there was any, by value.

    Returns:
        One row per `cohort_week` and `value` with spend: `spend` (float).
    """
    nothing = pd.DataFrame({"cohort_week": pd.to_datetime([]), "value": [], "spend": []}).astype(
        {"value": object, "spend": "float64"}
    )
    known = not attribute or attribute in SPEND_KEYS or len(select(reached, SPEND_KEYS[0], attribute))
    if spend.empty or not known:
        return nothing
    first = spend["date"].min()
    weeks = known_weeks(reached, report_date, settings.horizon_weeks)
    days = [week.date() for week in weeks if week > first - pd.Timedelta(weeks=1)]
    by = (attribute,) if attribute else ()
    table = costs.costs(spend, reached, settings.steps[:1], days, by)
    table = table[table["match"] != costs.NO_SPEND]
    values = table["value"] if by else ""
    return pd.DataFrame(
        {"cohort_week": table["cohort_week"], "value": values, "spend": table["spend"].astype("float64")}
    )


def _first(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    return frame[[*names, *(name for name in frame.columns if name not in names)]]
