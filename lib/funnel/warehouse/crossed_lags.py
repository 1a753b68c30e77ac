"""The cross of all attributes by cohort week, stage and lag, for the explorer. No single leads."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import pandas as pd

from funnel.dates import AsOf
from funnel.settings import ReachRule, Settings
from funnel.warehouse.known import Tables, days_of, monday
from funnel.warehouse.reach import cohort_leads, lag_of, reached_when
from funnel.warehouse.slices import named


def crossed_lags(
    tables: Tables,
    settings: Settings,
    as_of: AsOf,
    attributes: Sequence[str],
    *,
    rule: ReachRule = "any-later",
) -> pd.DataFrame:
    """Count the leads of every combination of cohort week and attributes by stage and lag.

    Args:
        tables: the canonical tables.
        settings: stages in order.
        as_of: the two clocks.
        attributes: what to cross; '' stands for no value.
        rule: of reaching a stage.

    Returns:
        One row per combination, stage and lag that occurs, in order of the keys: `cohort_week` (Monday),
        `attr_0`, `attr_1`, ... (values of the attributes in the order asked for, categories in order),
        `stage` (categories: `lead` and the stages in order), `lag` (whole weeks, 0 of `lead`), `leads`. It
        sums to the cube `reached` of each attribute.

    Raises:
        InputError: an attribute is not in the leads.
    """
    values = [f"attr_{number}" for number in range(len(attributes))]
    leads = cohort_leads(tables, as_of, tuple(attributes), {})
    joined = leads.inner_join(reached_when(tables, settings, as_of, rule), "lead_id")
    per_lead = joined.select(
        *values,
        week=monday(joined.created_at),
        **{
            f"lag_{number}": lag_of(joined[f"t_{number}"], joined.created_at)
            for number in range(len(settings.stages))
        },
    )
    code = [ibis.literal(number, type="int8") for number in range(len(settings.steps))]
    rows = [
        leads.select(*values, week=monday(leads.created_at), stage=code[0], lag=ibis.literal(0, type="int32"))
    ]
    for number in range(len(settings.stages)):
        lag = per_lead[f"lag_{number}"]
        rows.append(per_lead.filter(lag.notnull()).select(*values, "week", stage=code[number + 1], lag=lag))
    keys = ["week", *values, "stage", "lag"]
    counted = ibis.union(*rows, distinct=False).group_by(keys).aggregate(leads=ibis._.count()).to_pyarrow()
    frame = pd.DataFrame({name: counted[name].to_numpy() for name in ("week", "stage", "lag", "leads")})
    for name in values:
        frame[name] = _category(counted[name].to_pandas())
    frame = frame.sort_values(keys, ignore_index=True)
    result = pd.DataFrame({"cohort_week": days_of(frame["week"])})
    for name in values:
        result[name] = frame[name]
    steps = list(settings.steps)
    result["stage"] = pd.Categorical(named(frame["stage"], steps), categories=steps)
    result["lag"] = frame["lag"].to_numpy() // 7
    result["leads"] = frame["leads"].to_numpy().astype("int64")
    return result


def _category(values: pd.Series) -> pd.Categorical:
    """Return texts as categories in the order of their characters."""
    return pd.Categorical(values, categories=sorted(values.unique()), ordered=True)
