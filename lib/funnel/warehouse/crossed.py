"""The cross of all attributes by cohort week: the flat data of the workbook. No single leads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import ibis
import pandas as pd

from funnel.dates import AsOf
from funnel.settings import ReachRule, Settings
from funnel.warehouse.currency import in_own_currency
from funnel.warehouse.known import Tables, days_of, instant, monday
from funnel.warehouse.reach import cohort_leads, reached_when, with_entries
from funnel.warehouse.slices import named
from funnel.warehouse.waiting import standing_now


def crossed(
    tables: Tables,
    settings: Settings,
    as_of: AsOf,
    attributes: Sequence[str],
    *,
    rule: ReachRule = "any-later",
) -> pd.DataFrame:
    """Count leads, stages and payments for every combination of cohort week and attributes that occurs.

    Args:
        tables: the canonical tables.
        settings: stages in order, currency and rates.
        as_of: the two clocks.
        attributes: what to cross; '' stands for no value.
        rule: of reaching a stage.

    Returns:
        One row per combination, in order of the keys: `cohort_week` (Monday), `attr_0`, `attr_1`, ... (values
        of the attributes in the order asked for; their names are free text and could be those of other
        columns), `leads`, the count of each stage, `payments`, `revenue` (Decimal).

    Raises:
        InputError: an attribute is not in the leads, or a currency has no rate.
    """
    values = [f"attr_{number}" for number in range(len(attributes))]
    keys = ["week", *values]
    leads = cohort_leads(tables, as_of, tuple(attributes), {}).mutate(week=lambda t: monday(t.created_at))
    joined = with_entries(leads, reached_when(tables, settings, as_of, rule))
    counts = (
        joined.group_by(keys)
        .aggregate(
            leads=ibis._.count(),
            **{
                f"reached_{number}": joined[f"t_{number}"].notnull().sum()
                for number in range(len(settings.stages))
            },
        )
        .to_pyarrow()
        .to_pandas()
    )
    payments = tables.at("payments", as_of)
    sums = (
        leads.inner_join(payments.select("lead_id", "amount", "currency"), "lead_id")
        .mutate(currency=ibis.coalesce(ibis._.currency, ibis.literal(settings.currency)))
        .group_by([*keys, "currency"])
        .aggregate(payments=ibis._.count(), amount=ibis._.amount.sum())
        .to_pyarrow()
        .to_pandas()
    )
    paid = in_own_currency(sums, settings, [*keys, "payments", "amount"], "payments")
    frame = counts.merge(paid, how="left", on=keys).sort_values(keys, ignore_index=True)
    result = pd.DataFrame({"cohort_week": days_of(frame["week"])})
    for name in values:
        result[name] = frame[name]
    result["leads"] = frame["leads"].astype("int64")
    for number, key in enumerate(settings.stage_keys):
        result[key] = frame[f"reached_{number}"].astype("int64")
    result["payments"] = frame["payments"].fillna(0).astype("int64")
    result["revenue"] = frame["amount"].where(frame["amount"].notna(), Decimal(0))
    return result


def combinations(tables: Tables, as_of: AsOf, attributes: Sequence[str], since: dt.date) -> int:
    """Count the combinations of cohort week and attributes that occur: the rows of `crossed` from a week on.

    Raises:
        InputError: an attribute is not in the leads.
    """
    leads = cohort_leads(tables, as_of, tuple(attributes), {})
    shown = leads.filter(leads.created_at >= instant(dt.datetime.combine(since, dt.time())))
    cells = shown.mutate(week=monday(shown.created_at)).drop("lead_id", "created_at").distinct()
    return int(cells.count().to_pyarrow().as_py())


def standing(
    tables: Tables,
    settings: Settings,
    as_of: AsOf,
    attributes: Sequence[str],
    *,
    rule: ReachRule = "any-later",
) -> pd.DataFrame:
    """Count the open leads of every combination by where they stand: the open ones of the cube `moved`.

    Args:
        tables: the canonical tables.
        settings: stages in order.
        as_of: the two clocks.
        attributes: what to cross; '' stands for no value.
        rule: of reaching a stage.

    Returns:
        One row per combination, stage and week: `cohort_week`, `attr_0`, `attr_1`, ... (as `crossed` has
        them), `stage` (the furthest reached), `entered` (whole weeks from the cohort's to the one in which
        it was reached), `leads`.

    Raises:
        InputError: an attribute is not in the leads.
    """
    values = [f"attr_{number}" for number in range(len(attributes))]
    leads = standing_now(tables, settings, as_of, attributes, rule)
    week = monday(leads.created_at)
    keys = ["week", *values, "stage", "entered"]
    frame: pd.DataFrame = (
        leads.select(*values, "stage", week=week, entered=(monday(leads.since) - week).cast("int32"))
        .group_by(keys)
        .aggregate(leads=ibis._.count())
        .to_pyarrow()
        .to_pandas()
        .sort_values(keys, ignore_index=True)
    )
    frame.insert(0, "cohort_week", days_of(frame.pop("week")))
    frame["stage"] = named(frame["stage"], settings.steps)
    frame["entered"] //= 7
    return frame
