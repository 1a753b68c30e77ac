"""Why leads were lost: by reason, the stage they had reached, and when."""

from __future__ import annotations

import ibis
import pandas as pd

from funnel.dates import AsOf
from funnel.settings import LOST, ReachRule, Settings
from funnel.warehouse.known import Tables, days_of, indicator, monday
from funnel.warehouse.reach import filled, journeys
from funnel.warehouse.slices import By, Slices, named
from funnel.warehouse.stamped import is_stamped

LOST_COLUMNS = ("attribute", "value", "cohort_week", "stage", "reason", "lag", "leads", "untimed")
"""One row: leads of a cohort week (Monday) and slice that were lost when `stage` was the furthest they had
reached ('lead' for none), for a `reason` as it was written ('' if none was given), in the lag-th calendar
week after the cohort's own. Of them the moment of those `untimed` is not known: it was stamped, or concluded
from where a lead stood."""


def lost(
    tables: Tables, settings: Settings, as_of: AsOf, by: By = ((),), *, rule: ReachRule = "any-later"
) -> pd.DataFrame:
    """Count the lost leads: those whose last entry of all is a loss, and that did not reach the last stage.

    The reason is that of the last loss.

    Args:
        tables: the canonical tables.
        settings: stages in order.
        as_of: the two clocks.
        by: () for all leads, or one attribute.
        rule: of reaching a stage.

    Returns:
        `LOST_COLUMNS`, by slice, value, week, stage, reason and lag.

    Raises:
        InputError: an attribute is not in the leads.
    """
    slices, last = Slices(by), len(settings.stages)
    ways = journeys(tables, settings, as_of, slices.attributes, rule, {}, seen=True)
    entries = tables.at("stage_entries", as_of)
    losses = entries.filter(entries.stage == LOST)
    losses = losses.select("lead_id", "entered_at", reason=filled(losses.reason))
    newest = ibis.window(group_by="lead_id", order_by=[ibis.desc("entered_at"), ibis.desc("reason")])
    losses = losses.mutate(place=ibis.row_number().over(newest)).filter(ibis._.place == 0)
    gone = ways.filter(ways.lost_at.notnull(), ways[f"at_{last}"].isnull())
    gone = gone.inner_join(losses.select("lead_id", "reason"), "lead_id")
    there = [(gone[f"at_{number}"].notnull(), number) for number in reversed(range(1, last))]
    keys = [*slices.carried, "week", "stage", "reason", "lag"]
    each: pd.DataFrame = (
        gone.select(
            *slices.carried,
            "reason",
            week=monday(gone.created_at),
            stage=ibis.cases(*there, else_=0) if there else ibis.literal(0),
            lag=(monday(gone.lost_at) - monday(gone.created_at)).cast("int32"),
            untimed=indicator(is_stamped(tables.stamps, gone.lost_at, gone.created_at) | gone.concluded_lost),
        )
        .group_by(keys)
        .aggregate(leads=ibis._.count(), untimed=ibis._.untimed.sum())
        .to_pyarrow()
        .to_pandas()
    )
    parts = []
    for names in slices.by:
        value = slices.columns(names)
        own = [*value, *keys[len(slices.carried) :]]
        part = each.groupby(own, as_index=False)[["leads", "untimed"]].sum()
        part = part.rename(columns=dict.fromkeys(value, "value"))
        parts.append(part.assign(attribute=names[0] if names else "", **({} if names else {"value": ""})))
    frame = pd.concat(parts, ignore_index=True)
    frame["cohort_week"] = days_of(frame.pop("week"))
    frame["stage"] = named(frame["stage"], settings.steps)
    frame["lag"] //= 7
    counts = dict.fromkeys(("lag", "leads", "untimed"), "int64")
    return frame[list(LOST_COLUMNS)].astype(counts)
