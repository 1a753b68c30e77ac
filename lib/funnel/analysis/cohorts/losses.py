"""Why leads are lost: reasons by stage and segment, and over the cohorts at one age.

Reasons are counted as one whatever their case and blanks, under the writing most leads have. The most
frequent ones are told by name, the others together. That none was given is told apart.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from funnel.analysis.cohorts.beside import BESIDE_COLUMNS, beside, judged
from funnel.analysis.cohorts.periods import grown, together
from funnel.analysis.cohorts.table import share, wilson
from funnel.dates import Period
from funnel.validation import one_writing

SHOWN = 8
"""Reasons told by name."""
OTHER = "(other)"
"""Stands for the reasons that are not told by name; one that is written so is one of them."""
UNTOLD = 0.1
"""Share of losses without a known moment beyond which they are not followed over time."""
BY_STAGE_COLUMNS = ("stage", "reason", "lost", "of", "share", "low", "high")
"""One row: leads `lost` at a stage ('' for all of them) for a reason (`OTHER`, or '' where none was given),
`of` all lost there; their share with its 90 % interval (Wilson)."""
LINE_COLUMNS = ("reason", "cohort_week", "period", "period_start", "weeks", "at_age", *BESIDE_COLUMNS)
"""One row: of the leads of a cohort (`base`) those lost for a reason by the age `at_age` (`reached`).
`expected`: the share of all shown cohorts together."""


def told(lost: pd.DataFrame, weeks: Sequence[dt.date]) -> pd.DataFrame:
    """Return the losses of some cohorts with their reasons in one writing, the rare ones as `OTHER`.

    Args:
        lost: the cube `warehouse.lost`.
        weeks: Mondays of the cohorts.
    """
    part: pd.DataFrame = lost[lost["cohort_week"].isin(pd.DatetimeIndex(list(weeks)))]
    word = part["reason"].map(one_writing)
    total = part["attribute"] == ""
    writings = part[total].groupby([word[total], part.loc[total, "reason"]])["leads"].sum()
    writings.index.names = ["word", "reason"]
    ordered = writings.reset_index().sort_values(["leads", "reason"], ascending=[False, True])
    names = (
        ordered.drop_duplicates("word").set_index("word")["reason"].map(lambda name: " ".join(name.split()))
    )
    each = ordered[ordered["word"] != ""].groupby("word")["leads"].sum()
    known = each.reset_index().sort_values(["leads", "word"], ascending=[False, True])
    top = set(known.loc[known["word"] != OTHER, "word"].head(SHOWN))
    shown = word.map(lambda one: names.get(one, one) if one in top or not one else OTHER)
    return part.assign(reason=shown)


def order(losses: pd.DataFrame) -> list[str]:
    """Return the reasons of `told`, the most frequent first, then the others, then none given."""
    sums = losses[losses["attribute"] == ""].groupby("reason")["leads"].sum()
    named = sums.drop(labels=[OTHER, ""], errors="ignore").reset_index()
    named = named.sort_values(["leads", "reason"], ascending=[False, True])
    return [*named["reason"], *(one for one in (OTHER, "") if one in sums.index)]


def by_stage(losses: pd.DataFrame, steps: Sequence[str]) -> pd.DataFrame:
    """Count the reasons of all leads by the stage they were lost at (`BY_STAGE_COLUMNS`).

    Args:
        losses: `told`.
        steps: 'lead' and the stages in order.
    """
    total = losses[losses["attribute"] == ""]
    reasons, parts = order(losses), []
    for stage in ("", *steps[:-1]):
        part = total[total["stage"] == stage] if stage else total
        counts = part.groupby("reason")["leads"].sum().reindex(reasons, fill_value=0)
        whole = pd.Series(int(counts.sum()), index=counts.index)
        low, high = wilson(counts, whole)
        columns = {"lost": counts, "of": whole, "share": share(counts, whole), "low": low, "high": high}
        parts.append(pd.DataFrame(columns).rename_axis("reason").reset_index().assign(stage=stage))
    return pd.concat(parts, ignore_index=True)[list(BY_STAGE_COLUMNS)]


def by_segment(losses: pd.DataFrame) -> pd.DataFrame:
    """Hold the reasons of segments against those of all leads lost at the same stages.

    Args:
        losses: `told`.

    Returns:
        See `beside.judged`, by `attribute`, `reason` and `value`: `base` are the lost leads of the segment,
        `reached` those for the reason.
    """
    mine = losses[losses["attribute"] != ""]
    counts = mine.groupby(["attribute", "value", "stage", "reason"])["leads"].sum()
    if counts.empty:
        return judged(
            counts.reset_index().assign(base=0, reached=0).head(0), ["value"], ["attribute", "reason"]
        )
    wide = counts.unstack("reason", fill_value=0)
    base = pd.Series(wide.sum(axis=1), name="base")
    long = (
        wide.reset_index()
        .melt(["attribute", "value", "stage"], value_name="reached")
        .join(base, on=["attribute", "value", "stage"])
    )
    return judged(long.rename(columns={"stage": "cohort_week"}), ["value"], ["attribute", "reason"])


def over_time(
    losses: pd.DataFrame, leads: pd.DataFrame, report_date: dt.date, period: Period, age: int
) -> pd.DataFrame:
    """Follow the share of all leads lost for each reason over the cohorts, at one age (`LINE_COLUMNS`).

    No row where the moment of more than `UNTOLD` of the losses is not known.

    Args:
        losses: `told`.
        leads: `table.counts` of the leads alone, of the weeks of the cohorts.
        report_date: D.
        period: what weeks are counted together by.
        age: at which all are compared; cohorts with a younger week are left out.
    """
    total = losses[losses["attribute"] == ""]
    if total.empty or total["untimed"].sum() > UNTOLD * total["leads"].sum():
        return pd.DataFrame(columns=list(LINE_COLUMNS))
    weeks = grown([week.date() for week in leads.index], period, report_date, age)
    stamps = pd.DatetimeIndex(weeks, name="cohort_week")
    base, facts = together(leads.loc[stamps], period, report_date)
    seen = total[(total["lag"] <= age) & total["cohort_week"].isin(stamps)]
    each = seen.pivot_table(
        index="cohort_week", columns="reason", values="leads", aggfunc="sum", fill_value=0
    )
    each = each.reindex(index=stamps, columns=order(losses)).fillna(0).astype("int64")
    sums, _ = together(each, period, report_date)
    parts = []
    for reason in sums.columns:
        whole = base.iloc[:, 0]
        usual = pd.Series(float(sums[reason].sum()) / max(float(whole.sum()), 1.0), index=whole.index)
        parts.append(beside(whole, sums[reason], usual).assign(reason=reason))
    frame = pd.concat(parts).reset_index().join(facts, on="cohort_week").assign(at_age=age)
    return frame[list(LINE_COLUMNS)]
