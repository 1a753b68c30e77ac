"""Where open leads stand and since when; who of them waits too long: counted for the pages, listed by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from funnel.dates import AsOf
from funnel.settings import ReachRule, Settings
from funnel.warehouse.known import Tables, days_of, instant, monday
from funnel.warehouse.reach import journeys
from funnel.warehouse.slices import By, Slices, named

WAITING_COLUMNS = ("attribute", "value", "stage", "open", "waiting", "longest_days", "limit_days")
"""One row: of the leads of one slice that are open and stand at `stage` (the furthest reached, one that has a
limit) the number (`open`), how many of these have waited for longer than `limit_days` (`waiting`), and the
longest wait of any of them."""
_DAY = 86_400_000_000


def standing_now(
    tables: Tables, settings: Settings, as_of: AsOf, attributes: Sequence[str], rule: ReachRule
) -> ir.Table:
    """Return the open leads: neither lost nor at the last stage.

    One row per lead: `lead_id`, `created_at`, `attr_0`, ... (see `reach.cohort_leads`), `stage` (number of
    the furthest reached, 0 for the lead itself), `since` (when it was reached).

    Raises:
        InputError: an attribute is not in the leads.
    """
    leads = journeys(tables, settings, as_of, tuple(attributes), rule, {})
    last = len(settings.stages)
    there = [(leads[f"at_{number}"].notnull(), number) for number in reversed(range(1, last))]
    return leads.filter(leads.lost_at.isnull(), leads[f"at_{last}"].isnull()).select(
        "lead_id",
        "created_at",
        *(f"attr_{number}" for number in range(len(attributes))),
        stage=ibis.cases(*there, else_=0) if there else ibis.literal(0),
        since=ibis.coalesce(*(leads[f"at_{number}"] for number in reversed(range(last)))),
    )


def _waits(leads: ir.Table, steps: Sequence[str], as_of: AsOf, limits: Mapping[str, float]) -> ir.Table:
    """Add `waited_days` and `limit_days`, which is empty at a stage without a limit."""
    cases = [
        (leads.stage == number, ibis.literal(float(limits[step])))
        for number, step in enumerate(steps)
        if step in limits
    ]
    nothing = ibis.null("float64")
    return leads.mutate(
        waited_days=instant(as_of.cutoff).delta(leads.since, unit="microsecond") / _DAY,
        limit_days=ibis.cases(*cases, else_=nothing) if cases else nothing,
    )


def waiting_counts(
    tables: Tables,
    settings: Settings,
    as_of: AsOf,
    limits: Mapping[str, float],
    by: By = ((),),
    *,
    rule: ReachRule = "any-later",
) -> pd.DataFrame:
    """Count the open leads that have waited in their stage longer than a limit, by stage and slice.

    Args:
        tables: the canonical tables.
        settings: stages in order.
        as_of: the two clocks.
        limits: days by stage ('lead' or a configured one, not the last); a stage without one is left out.
        by: () for all leads, or one attribute.
        rule: of reaching a stage.

    Returns:
        `WAITING_COLUMNS`, in the order of the slices, values and stages.

    Raises:
        InputError: an attribute is not in the leads.
    """
    slices = Slices(by)
    leads = standing_now(tables, settings, as_of, slices.attributes, rule)
    waits = _waits(leads, settings.steps, as_of, limits)
    keys = [*slices.carried, "stage"]
    each: pd.DataFrame = (
        waits.filter(waits.limit_days.notnull())
        .group_by(keys)
        .aggregate(
            open=ibis._.count(),
            waiting=(waits.waited_days > waits.limit_days).sum(),
            longest_days=waits.waited_days.max(),
            limit_days=waits.limit_days.max(),
        )
        .to_pyarrow()
        .to_pandas()
    )
    parts = []
    for names in slices.by:
        value = slices.columns(names)
        part = each.groupby([*value, "stage"], as_index=False).agg(
            {"open": "sum", "waiting": "sum", "longest_days": "max", "limit_days": "max"}
        )
        part = part.rename(columns=dict.fromkeys(value, "value"))
        parts.append(part.assign(attribute=names[0] if names else "", **({} if names else {"value": ""})))
    frame = pd.concat(parts, ignore_index=True)
    frame["stage"] = named(frame["stage"], settings.steps)
    return frame[list(WAITING_COLUMNS)].astype({"open": "int64", "waiting": "int64"})


def long_waiting(
    tables: Tables,
    settings: Settings,
    as_of: AsOf,
    limits: Mapping[str, float],
    attributes: Sequence[str] = (),
    *,
    rule: ReachRule = "any-later",
    most: int = 10_000,
) -> pd.DataFrame:
    """List the open leads that have waited in their stage longer than a limit: for the workbook only.

    The list is bounded, and made in the engine: of more leads those furthest in the funnel are listed, and of
    one stage those that have waited longest.

    Args:
        tables: the canonical tables.
        settings: stages in order.
        as_of: the two clocks.
        limits: days by stage ('lead' or a configured one, not the last); a stage without one lists nobody.
        attributes: to show beside.
        rule: of reaching a stage.
        most: leads that are listed at most.

    Returns:
        One row per lead, the longest wait first: `lead_id`, `cohort_week`, `stage` (the furthest reached),
        `since` (when it was reached), `waited_days`, `limit_days`, the attributes ('' if not given), and
        `long_waiting`: how many leads wait too long, listed or not.

    Raises:
        InputError: an attribute is not in the leads.
    """
    steps = settings.steps
    leads = standing_now(tables, settings, as_of, attributes, rule)
    waits = _waits(leads, steps, as_of, limits).mutate(cohort_week=monday(leads.created_at))
    long = waits.filter(waits.waited_days > waits.limit_days).drop("created_at")
    long = long.mutate(long_waiting=long.count().over(ibis.window()))
    first = [ibis.desc("stage"), ibis.desc("waited_days"), "lead_id"]
    frame: pd.DataFrame = long.order_by(first).limit(most).to_pyarrow().to_pandas()
    frame["stage"] = named(frame["stage"], steps)
    frame = frame.sort_values(["waited_days", "lead_id"], ascending=[False, True], ignore_index=True)
    frame["cohort_week"] = days_of(frame["cohort_week"])
    frame["since"] = frame["since"].astype("datetime64[ns]")
    frame = frame.rename(columns={f"attr_{number}": name for number, name in enumerate(attributes)})
    names = ("lead_id", "cohort_week", "stage", "since", "waited_days", "limit_days", *attributes)
    return frame[[*names, "long_waiting"]]
