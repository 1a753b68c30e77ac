"""The cohort table by one or two attributes, and which of them tell most."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

import pandas as pd

from funnel.analysis.cohorts.compare import CHANCE, chi_square, due
from funnel.analysis.cohorts.table import SMALL, select, share, wilson, with_rates
from funnel.analysis.statistics import laws
from funnel.schema import REACHED_COLUMNS, require

VALUES = ("value", "value2")


def counts_by(
    reached: pd.DataFrame, steps: Sequence[str], weeks: Sequence[dt.date], attributes: Sequence[str] = ()
) -> pd.DataFrame:
    """Count how many leads of each cohort and value, or pair of values, reached each step.

    Args:
        reached: the cube, holding this slice.
        steps: 'lead' and the stages in order.
        weeks: the Mondays wanted.
        attributes: none, one or two, in the order in which the cube was asked for them.

    Returns:
        One row per cohort week and combination that has leads: `cohort_week`, [`value`, [`value2`]], `leads`,
        the count of each stage.
    """
    require(reached, REACHED_COLUMNS, "reached")
    keys = ["cohort_week", *VALUES[: len(attributes)]]
    part = select(reached, *attributes)
    part = part[part["cohort_week"].isin(pd.DatetimeIndex(list(weeks)))]
    table = part.pivot_table(index=keys, columns="stage", values="leads", aggfunc="sum", fill_value=0)
    table = table.reindex(columns=list(steps), fill_value=0).astype("int64")
    table.columns.name = None
    return table.reset_index().rename(columns={"lead": "leads"})


def slices_by(
    reached: pd.DataFrame, steps: Sequence[str], weeks: Sequence[dt.date], attributes: Sequence[str]
) -> pd.DataFrame:
    """Compare the values of one attribute, or the pairs of two, over the shown cohorts together.

    Returns:
        One row per value or pair, most leads first: `value`, [`value2`], `leads`, the count of each stage,
        `<stage>_rate`, `overall_rate`, `low`, `high` (90 % Wilson, of the overall rate),
        `compare.DUE_COLUMNS`, `against_total` (relative to all leads of the same weeks), `small` (fewer than
        30 leads). The counts sum to the total's.
    """
    keys = list(VALUES[: len(attributes)])
    stages = list(steps[1:])
    by_week = counts_by(reached, steps, weeks, attributes)
    table = by_week.groupby(keys, as_index=False)[["leads", *stages]].sum()
    rates = with_rates(table.rename(columns={"leads": steps[0]}), steps).rename(columns={steps[0]: "leads"})
    rates["low"], rates["high"] = wilson(rates[stages[-1]], rates["leads"])
    rates = rates.join(due(by_week, keys, stages[-1]), on=keys)
    rates["against_total"] = share(rates[stages[-1]], rates["due"]) - 1
    rates["small"] = rates["leads"] < SMALL
    order = [False] + [True] * len(keys)
    return rates.sort_values(["leads", *keys], ascending=order, ignore_index=True)


def telling(
    reached: pd.DataFrame,
    steps: Sequence[str],
    weeks: Sequence[dt.date],
    candidates: Sequence[Sequence[str]],
) -> pd.DataFrame:
    """Rank attributes and pairs by how much the overall conversion differs between their values.

    The effect is Cohen's w less what chance alone gives: sqrt((chi2 - df) / leads), chi2 comparing sales of
    the values with those due if they converted like all leads of the same weeks; 0 where chance gives as much
    in more than one of 20 cases. For a pair only what it adds to its two attributes counts.

    Args:
        reached: the cube, holding the total and every candidate.
        steps: 'lead' and the stages in order.
        weeks: the cohorts compared.
        candidates: single attributes and pairs.

    Returns:
        One row per candidate, the most telling first: `attribute`, `attribute2` ('' for a single one),
        `effect`, `chi2`, `df`, `p_value`.
    """
    singles = {name for names in candidates for name in names}
    found: dict[tuple[str, ...], tuple[float, int, int]] = {
        (name,): _chi2(reached, steps, weeks, (name,)) for name in sorted(singles)
    }
    rows = []
    for names in candidates:
        chi2, df, leads = found.get(tuple(names)) or _chi2(reached, steps, weeks, names)
        if len(names) == 2:
            chi2 -= sum(found[(name,)][0] for name in names)
            df -= sum(found[(name,)][1] for name in names)
        p_value = laws.chi2_above(chi2, df) if df > 0 else 1.0
        effect = math.sqrt(max(chi2 - df, 0.0) / leads) if p_value < CHANCE else 0.0
        rows.append(([*names, ""][0], [*names, "", ""][1], effect, chi2, df, p_value))
    frame = pd.DataFrame(rows, columns=["attribute", "attribute2", "effect", "chi2", "df", "p_value"])
    return frame.sort_values(
        ["effect", "attribute", "attribute2"], ascending=[False, True, True], ignore_index=True
    )


def _chi2(
    reached: pd.DataFrame, steps: Sequence[str], weeks: Sequence[dt.date], names: Sequence[str]
) -> tuple[float, int, int]:
    """Return chi2, its degrees of freedom and the number of leads."""
    table = slices_by(reached, steps, weeks, names)
    chi2, df = chi_square(table[steps[-1]], table["due"], table["due_variance"])
    return chi2, df, int(table["leads"].sum())
