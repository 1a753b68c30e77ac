"""The drafted narrative's first lines: what the meeting must know in ten seconds, one line each."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence

import pandas as pd

from funnel.columns import OVERALL
from funnel.logbook import Initiative
from funnel.present.attention.meetings import decided
from funnel.present.attention.newest import newest_in_short
from funnel.present.attention.words import (
    counted_days,
    instead,
    quoted,
    segment,
    stage_name,
    verdict_word,
    who_digs,
)
from funnel.present.cohorts.headline import at_equal_age, read_at
from funnel.present.forecast.words import revenue_ahead
from funnel.present.parts.cite import Cite, typed
from funnel.present.parts.escape import for_markdown
from funnel.present.parts.final import expected_of, revenue_doubt
from funnel.present.parts.periods import cohort_name
from funnel.present.parts.texts import Texts
from funnel.present.revenue.plan import plan_in_short
from funnel.settings import Settings


def in_short(
    cohorts: pd.DataFrame,
    equal_age: pd.DataFrame,
    frames: Mapping[str, pd.DataFrame],
    shown: Sequence[Initiative],
    since: dt.date,
    settings: Settings,
    texts: Texts,
    cite: Cite = typed,
) -> str:
    """Return a Markdown list: newest leads, the cohort read, flags, decisions, plan, revenue, initiatives.

    What is not known is left out.

    Args:
        cohorts: `analysis.cohorts.table.cohort_table`.
        equal_age: the same with an age.
        frames: the results of the edition by name.
        shown: the initiatives the report shows in detail.
        since: the date of the previous edition.
        settings: stages, attributes and currency.
        texts: the language.
        cite: how numbers of the catalogue are held, see `present.parts.cite`.
    """
    lines = [
        _arrivals(frames["arrivals"], settings, texts),
        newest_in_short(frames["newest"], frames["deviations"], settings, texts),
        _cohort(cohorts, equal_age, frames, settings, texts, cite),
        _flags(frames["deviations"], frames["investigations"], settings, texts, cite),
        decided(frames["meetings"], since, texts),
        *plan_in_short(frames["plan"], frames["forecast"], since, settings, texts),
        _revenue(frames, settings, texts, cite),
        _tried(frames["scoreboard"], shown, texts),
    ]
    return "".join(f"- {line}\n" for line in lines if line)


def _arrivals(arrivals: pd.DataFrame, settings: Settings, texts: Texts) -> str:
    """Say first where leads no longer come."""
    fallen = arrivals[arrivals["flag"]]
    if fallen.empty:
        return ""
    row = fallen.iloc[0].to_dict()
    said = texts.t(
        "short_arrivals",
        segment=for_markdown(segment(row, settings, texts)),
        leads=texts.number(row["leads"]),
        expected=texts.number(row["expected"]),
        week=texts.date(row["cohort_week"].date()),
    )
    return f"{said} {for_markdown(instead(row, settings, texts))}".strip()


def _cohort(
    cohorts: pd.DataFrame,
    equal_age: pd.DataFrame,
    frames: Mapping[str, pd.DataFrame],
    settings: Settings,
    texts: Texts,
    cite: Cite,
) -> str:
    if cohorts.empty:
        return ""
    read = cohorts.iloc[read_at(cohorts, settings)]
    if read["leads"] == 0:
        return ""
    week = cohort_name(read, texts)
    said = texts.t("short_cohort", week=week, rate=cite("overall", texts.percent(read["overall_rate"], 2)))
    found = at_equal_age(read["cohort_week"], equal_age, settings)
    if found is not None and not math.isnan(found[0]["overall_change"]):
        this, _, chance = found
        change = texts.change(this["overall_change"])
        if change == texts.change(0.0):
            said += texts.t("short_equal_same")
        else:
            key = "short_chance" if chance else "short_equal"
            said += texts.t(key, change=cite("equal_age_change", change))
    item = expected_of(read, frames, settings)
    if item is not None:
        low = cite("final_low", texts.percent(item.low, 1))
        high = cite("final_high", texts.percent(item.high, 1))
        key = "short_final" if item.reliable else "short_final_doubt"
        said += texts.t(key, rate=cite("final", texts.percent(item.rate, 1)), low=low, high=high)
    return said + "."


def _flags(flags: pd.DataFrame, dug: pd.DataFrame, settings: Settings, texts: Texts, cite: Cite) -> str:
    chosen = flags[flags["flag"]]
    if chosen.empty:
        return texts.t("short_no_flag") if len(flags) else ""
    first = chosen.iloc[0].to_dict()
    usual, since = first.get("kind", "history") == "history", first["since"]
    said = texts.t(
        "short_flag_overall" if first["stage"] == OVERALL else "short_flag",
        segment=cite("flag_segment", for_markdown(segment(first, settings, texts))),
        stage=cite("flag_stage", for_markdown(stage_name(first["stage"], settings, texts))),
        observed=cite("flag_now", texts.percent(first["observed"], 1)),
        against=texts.t("short_against_usual" if usual else "short_against_target"),
        expected=cite("flag_usual", texts.percent(first["expected"], 1)),
        began=texts.t("short_counted", days=counted_days(first, texts))
        if pd.isna(since)
        else texts.t("short_began", week=texts.date(since.date())),
    )
    said += " " + who_digs(first, dug, texts)
    more = len(chosen) - 1
    return f"{said} {texts.t('short_more', n=more)}" if more else said


def _tried(scoreboard: pd.DataFrame, shown: Sequence[Initiative], texts: Texts) -> str:
    mine = scoreboard[scoreboard["initiative"].isin([item.id for item in shown])]
    names = {item.id: item.name(texts.language) for item in shown}
    parts = []
    for verdict, rows in mine.groupby("verdict", sort=False):
        own = quoted([names[each] for each in rows["initiative"]], texts)
        parts.append(texts.t("short_verdict", verdict=verdict_word(str(verdict), texts).lower(), names=own))
    return texts.t("short_initiatives", verdicts="; ".join(parts)) if parts else ""


def _revenue(frames: Mapping[str, pd.DataFrame], settings: Settings, texts: Texts, cite: Cite) -> str:
    words = revenue_ahead(frames, settings, texts, cite)
    if "low" not in words:
        return ""
    said = texts.t("short_revenue", **words)
    doubt = revenue_doubt(frames["forecast"], settings, texts)
    return f"{said} {texts.t('short_revenue_doubt')}" if doubt else said
