"""Payments and ad spend."""

from __future__ import annotations

import decimal
from collections.abc import Mapping
from decimal import Decimal

import ibis
import pandas as pd

from funnel.dates import AsOf
from funnel.errors import InputError, Problem
from funnel.schema import PAID_COLUMNS
from funnel.settings import Settings
from funnel.warehouse.known import Tables, monday
from funnel.warehouse.reach import cohort_leads
from funnel.warehouse.slices import By, Slices, cube

_EXACT = decimal.Context(prec=80)


def paid(
    tables: Tables,
    settings: Settings,
    as_of: AsOf,
    by: By = ((),),
    *,
    where: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return number and sum of payments by cohort week and lag; see `schema.PAID_COLUMNS`.

    Amounts in another currency are multiplied with the configured rate, exactly; nothing is rounded.

    Raises:
        InputError: an attribute of `by` or `where` is not in the leads, or a currency has no rate.
    """
    slices = Slices(by)
    leads = cohort_leads(tables, as_of, slices.attributes, where or {})
    payments = tables.at("payments", as_of)
    joined = leads.inner_join(payments.select("lead_id", "paid_at", "amount", "currency"), "lead_id")
    week = monday(joined.created_at)
    rows = joined.select(
        *slices.carried,
        "amount",
        week=week,
        lag=ibis.greatest(monday(joined.paid_at) - week, 0),
        currency=ibis.coalesce(joined.currency, ibis.literal(settings.currency)),
    )
    frame = cube(
        rows,
        slices,
        ("week", "lag", "currency"),
        {"payments": ibis._.count(), "amount": ibis._.amount.sum()},
    )
    frame["lag"] //= 7
    rates = {settings.currency: Decimal(1), **settings.rates}
    _require_rates(set(frame["currency"]), rates, settings)
    amounts = [
        _EXACT.multiply(amount, rates[currency])
        for amount, currency in zip(frame["amount"], frame["currency"], strict=True)
    ]
    frame["amount"] = pd.Series(amounts, dtype=object)
    keys = [name for name in PAID_COLUMNS if name not in ("payments", "amount")]
    if frame["currency"].nunique() > 1:
        frame = frame.groupby(keys, sort=False, as_index=False).agg(
            payments=("payments", "sum"), amount=("amount", _exact_sum)
        )
    return frame[list(PAID_COLUMNS)]


def spend(tables: Tables, settings: Settings, as_of: AsOf) -> pd.DataFrame:
    """Return the ad spend of the days before the report date, as it was given.

    Returns:
        One row per key of `schema.SPEND`: `date` (datetime64), `channel`, `campaign` ('' if not given),
        `cost` (Decimal, in `currency`, not converted), `currency`, `vat_included` (yes, no, unknown),
        `impressions`, `clicks` (Int64, empty if not given).
    """
    table = tables.at("spend", as_of)
    frame: pd.DataFrame = (
        table.select(
            "date",
            "channel",
            "cost",
            "impressions",
            "clicks",
            campaign=ibis.coalesce(table.campaign, ibis.literal("")),
            currency=ibis.coalesce(table.currency, ibis.literal(settings.currency)),
            vat_included=ibis.coalesce(table.vat_included, ibis.literal("unknown")),
        )
        .order_by("date", "channel", "campaign", "cost", "impressions", "clicks")
        .to_pyarrow()
        .to_pandas()
    )
    frame["date"] = pd.to_datetime(frame["date"])
    for name in ("impressions", "clicks"):
        frame[name] = frame[name].astype("Int64")
    order = ["date", "channel", "campaign", "cost", "currency", "vat_included", "impressions", "clicks"]
    return frame[order]


def _exact_sum(amounts: pd.Series) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total


def _require_rates(found: set[str], rates: Mapping[str, Decimal], settings: Settings) -> None:
    problems = [
        Problem(
            f"payments, currency {currency!r}",
            f"no rate to {settings.currency}",
            ", ".join(rates),
            f"add it to funnel.yml, such as rates: {{{currency}: 90.5}}",
        )
        for currency in sorted(found - set(rates))
    ]
    if problems:
        raise InputError("Payments cannot be added up.", problems)
