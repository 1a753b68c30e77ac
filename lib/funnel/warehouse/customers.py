"""Who comes again: customers by the week of their first lead, and what they pay."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import ibis
import ibis.expr.types as ir
import pandas as pd

from funnel.dates import AsOf
from funnel.schema import STAMPED
from funnel.settings import Settings
from funnel.warehouse.currency import in_own_currency
from funnel.warehouse.known import Tables, indicator, monday
from funnel.warehouse.reach import filled
from funnel.warehouse.slices import By, Slices, cube, named
from funnel.warehouse.stamped import is_payment_stamped

CUSTOMER_COLUMNS = (
    "attribute", "value", "attribute2", "value2", "cohort_week", "kind", "lag", "number", "amount",
)  # fmt: skip
"""The cube `customers`. One row: for the customers whose first lead came in one cohort week, with the slice
of that first lead: how many there are (`kind` 'customer', lag 0, amount 0), their first payments ('first'),
later ones ('repeat') and refunds ('refund', negative) in the lag-th calendar week after: `number` and
`amount` (Decimal, in the settings' currency). A lead without `customer_id` is a customer of its own; a
payment before the first lead counts at lag 0. Of the payments `STAMPED` were dated at once."""

_MONEY = "decimal(18, 2)"
_ALONE = "\x01"
"""Before the id of a lead that is a customer of its own; no id from a file has such a character."""
_KINDS = ("customer", "first", "repeat", "refund")


def customers(
    tables: Tables,
    settings: Settings,
    as_of: AsOf,
    by: By = ((),),
    *,
    where: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return customers and their payments by cohort week of their first lead; see `CUSTOMER_COLUMNS`.

    Args:
        tables: the canonical tables.
        settings: currency and rates.
        as_of: the two clocks.
        by: what to slice by, by the values of the first lead.
        where: only customers whose first lead has these values.

    Raises:
        InputError: an attribute of `by` or `where` is not in the leads, or a currency has no rate.
    """
    slices = Slices(by)
    owned = _owned(tables, as_of, slices, where or {})
    firsts = owned.filter(owned.first)
    paid = _payments(tables, settings, as_of, owned)
    joined = paid.inner_join(firsts, paid.payer == firsts.customer)
    zero = ibis.literal(Decimal("0.00"), type=_MONEY)
    own = ibis.literal(settings.currency)
    counted = firsts.select(
        *slices.carried,
        week=firsts.week,
        kind=_code(0),
        lag=ibis.literal(0, type="int32"),
        currency=own,
        amount=zero,
        stamped=_code(0),
    )
    payments = joined.select(
        *slices.carried,
        week=joined.week,
        kind=ibis.cases((joined.amount < 0, 3), (joined.nth == 0, 1), else_=2).cast("int8"),
        lag=ibis.greatest(joined.paid_week - joined.week, 0).cast("int32"),
        currency=joined.currency,
        amount=joined.amount.cast(_MONEY),
        stamped=joined.stamped,
    )
    frame = cube(
        ibis.union(counted, payments, distinct=False),
        slices,
        ("week", "kind", "lag", "currency"),
        {"number": ibis._.count(), "amount": ibis._.amount.sum(), STAMPED: ibis._.stamped.sum()},
    )
    frame["lag"] //= 7
    frame["kind"] = named(frame["kind"], _KINDS)
    return in_own_currency(frame, settings, (*CUSTOMER_COLUMNS, STAMPED), "number", STAMPED)


def _owned(tables: Tables, as_of: AsOf, slices: Slices, where: Mapping[str, str]) -> ir.Table:
    """Return each lead: `lead_id`, `customer`, `created_at`, `week`, `attr_*`, whether it is the `first`."""
    tables.require_attributes([*slices.attributes, *where], "attribute")
    leads = tables.at("leads", as_of)
    customer = ibis.coalesce(leads.customer_id.nullif(""), _ALONE + leads.lead_id)
    values = {f"attr_{number}": filled(leads[name]) for number, name in enumerate(slices.attributes)}
    kept = ibis.literal(True)
    for name, value in where.items():
        kept = kept & (filled(leads[name]) == value)
    order = ibis.window(group_by=customer, order_by=[leads.created_at, leads.lead_id])
    return leads.select(
        "lead_id",
        **values,
        customer=customer,
        created_at=leads.created_at,
        week=monday(leads.created_at),
        first=(ibis.row_number().over(order) == 0) & kept,
    )


def _payments(tables: Tables, settings: Settings, as_of: AsOf, owned: ir.Table) -> ir.Table:
    """Return each payment: `payer`, `paid_week`, `amount`, `currency`, `nth` of its sign, `stamped`."""
    payments = tables.at("payments", as_of)
    whose = owned.select(of_lead=owned.lead_id, payer=owned.customer, created=owned.created_at)
    joined = payments.inner_join(whose, payments.lead_id == whose.of_lead)
    order = ibis.window(
        group_by=[joined.payer, joined.amount < 0], order_by=[joined.paid_at, joined.lead_id, joined.amount]
    )
    return joined.select(
        "payer",
        "amount",
        paid_week=monday(joined.paid_at),
        currency=ibis.coalesce(joined.currency, ibis.literal(settings.currency)),
        nth=ibis.row_number().over(order),
        stamped=indicator(is_payment_stamped(tables.stamps, joined.paid_at, joined.created)),
    )


def _code(number: int) -> ir.IntegerScalar:
    return ibis.literal(number, type="int8")
