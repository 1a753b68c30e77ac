"""Leads, sales and revenue by calendar day: what a plan is held against."""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir
import pandas as pd

from funnel.dates import AsOf
from funnel.schema import CAME_COLUMNS
from funnel.settings import ReachRule, Settings
from funnel.warehouse.currency import in_own_currency
from funnel.warehouse.known import FIRST_MONDAY, Tables, day, instant
from funnel.warehouse.reach import cohort_leads, not_before, reached_when
from funnel.warehouse.slices import By, Slices, cube


def came(
    tables: Tables, settings: Settings, as_of: AsOf, since: dt.date, by: By = ((),), *, rule: ReachRule
) -> pd.DataFrame:
    """Return leads, sales and revenue of each day from `since` on; see `schema.CAME_COLUMNS`.

    Raises:
        InputError: an attribute of `by` is not in the leads, or a currency has no rate.
    """
    slices = Slices(by)
    leads = cohort_leads(tables, as_of, slices.attributes, {})
    firsts = reached_when(tables, settings, as_of, rule)
    sold = leads.inner_join(firsts, "lead_id")
    last = sold[f"t_{len(settings.stages) - 1}"]
    payments = tables.at("payments", as_of).select("lead_id", "paid_at", "amount", "currency")
    paid = leads.inner_join(payments, "lead_id")
    begin = instant(dt.datetime.combine(since, dt.time()))
    counted = {"leads": (leads, leads.created_at), "sales": (sold, not_before(last, sold.created_at))}
    parts = []
    for measure, (rows, moment) in counted.items():
        chosen = rows.filter(moment >= begin).select(*slices.carried, week=_number(moment))
        parts.append(cube(chosen, slices, ("week",), {"count": ibis._.count()}).assign(measure=measure))
    moment = not_before(paid.paid_at, paid.created_at)
    chosen = paid.filter(moment >= begin).select(
        *slices.carried,
        "amount",
        week=_number(moment),
        currency=ibis.coalesce(paid.currency, ibis.literal(settings.currency)),
    )
    money = cube(chosen, slices, ("week", "currency"), {"amount": ibis._.amount.sum()})
    keys = ("attribute", "value", "cohort_week", "amount")
    revenue = in_own_currency(money, settings, keys).rename(columns={"amount": "count"})
    parts.append(revenue.assign(measure="revenue"))
    whole = pd.concat(parts, ignore_index=True).rename(columns={"cohort_week": "day"})
    whole["count"] = whole["count"].astype(float)
    return whole[list(CAME_COLUMNS)]


def _number(moment: ir.TimestampValue) -> ir.IntegerValue:
    """Return the days from the first Monday to a moment's day."""
    return moment.date().delta(day(FIRST_MONDAY), unit="day").cast("int32")
