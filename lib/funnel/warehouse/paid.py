"""Payments and ad spend."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import pandas as pd

from funnel.dates import AsOf
from funnel.schema import PAID_COLUMNS, SPEND_COLUMNS, STAMPED
from funnel.settings import Settings
from funnel.warehouse.currency import in_own_currency
from funnel.warehouse.known import Tables, indicator, monday
from funnel.warehouse.reach import cohort_leads, filled
from funnel.warehouse.slices import By, Slices, cube
from funnel.warehouse.stamped import is_payment_stamped


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
        stamped=indicator(is_payment_stamped(tables.stamps, joined.paid_at, joined.created_at)),
    )
    frame = cube(
        rows,
        slices,
        ("week", "lag", "currency"),
        {"payments": ibis._.count(), "amount": ibis._.amount.sum(), STAMPED: ibis._.stamped.sum()},
    )
    frame["lag"] //= 7
    return in_own_currency(frame, settings, (*PAID_COLUMNS, STAMPED), "payments", STAMPED)


def spend(tables: Tables, settings: Settings, as_of: AsOf) -> pd.DataFrame:
    """Return the ad spend of the days before the report date, as it was given.

    Returns:
        One row per key of `schema.SPEND`: `date` (datetime64), `channel`, `campaign` ('' if not given),
        `campaign_id` ('' if not given), `cost` (Decimal, in `currency`, not converted), `currency`,
        `vat_included` (yes, no, unknown), `impressions`, `clicks` (Int64, empty if not given).
    """
    table = tables.at("spend", as_of)
    frame: pd.DataFrame = (
        table.select(
            "date",
            "channel",
            "cost",
            "impressions",
            "clicks",
            campaign=filled(table.campaign),
            campaign_id=filled(table.campaign_id),
            currency=ibis.coalesce(table.currency, ibis.literal(settings.currency)),
            vat_included=ibis.coalesce(table.vat_included, ibis.literal("unknown")),
        )
        .to_pyarrow()
        .to_pandas()
        .sort_values(["date", "channel", "campaign", "campaign_id", "cost", "impressions", "clicks"])
        .reset_index(drop=True)  # not in the engine: how texts are ordered differs between them
    )
    frame["date"] = pd.to_datetime(frame["date"])
    for name in ("impressions", "clicks"):
        frame[name] = frame[name].astype("Int64")
    return frame[list(SPEND_COLUMNS)]


def spend_names(tables: Tables, as_of: AsOf) -> pd.DataFrame:
    """Return the channels and campaigns that leads bear, for `analysis.money.spend_match`.

    Returns:
        One row per `channel` and, where leads have that attribute, `campaign`; no row where they have no
        channel.
    """
    names = [name for name in ("channel", "campaign") if name in tables.attributes]
    if "channel" not in names:
        return pd.DataFrame(columns=["channel"], dtype=object)
    leads = tables.at("leads", as_of)
    values = leads.select(**{name: filled(leads[name]) for name in names}).distinct()
    frame: pd.DataFrame = values.to_pyarrow().to_pandas().sort_values(names, ignore_index=True)
    return frame
