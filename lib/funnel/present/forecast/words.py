"""What the drafted narrative says about the forecast."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from funnel.analysis.forecast.backtest import OURS
from funnel.analysis.forecast.mix import PARTS
from funnel.analysis.forecast.track import summed
from funnel.analysis.revenue.weeks import SOURCES
from funnel.analysis.statistics import laws
from funnel.present.forecast.tables import signed
from funnel.present.parts.amounts import unit_for
from funnel.present.parts.cite import Cite, typed
from funnel.present.parts.claims import beyond_chance, chance_makes
from funnel.present.parts.escape import clean, for_markdown
from funnel.present.parts.final import TAIL, expected_of, revenue_doubt
from funnel.present.parts.texts import Texts
from funnel.settings import Settings

WEEKS = 13
"""How far ahead the narrative sums the revenue."""
ENOUGH = 20
"""Fewer earlier forecasts than this, or such as are tried at earlier dates, are no record to judge."""
POOR = 0.8
"""A share of forecasts inside their 90 % interval below this is called poor."""


def forecast_said(
    frames: Mapping[str, pd.DataFrame], settings: Settings, texts: Texts, cite: Cite = typed
) -> list[str]:
    """Return sentences: the revenue to come, the explained change, the record of forecasts.

    Args:
        frames: by name, as the edition offers them: `forecast`, `revenue`, `revenue_sum` (one row: the total
            of the first 13 weeks with its quantiles), `change`, `backtest`, `track`, `revenue_track`. What is
            missing or empty is not spoken of.
        settings: stages, currency and names.
        texts: the language.
        cite: how numbers of the catalogue are held, see `present.parts.cite`.
    """
    given = {name: frame for name, frame in frames.items() if not frame.empty}
    said: list[str] = []
    if "revenue" in given:
        said += _revenue(given, settings, texts, cite)
    if "change" in given:
        said += _change(given["change"], settings, texts)
    if "forecast" in given:
        said += _record(given, settings, texts)
    return said


def final(
    read: pd.Series,
    frames: Mapping[str, pd.DataFrame],
    settings: Settings,
    texts: Texts,
    cite: Cite = typed,
) -> list[str]:
    """Return what the read cohort will convert at in the end, and how much of that has come.

    Args:
        read: a row of the cohort table.
        frames: by name: `forecast`, `maturity`, and of longer periods `expected`.
        settings: the stages; the last one counts.
        texts: the language.
        cite: how numbers of the catalogue are held, see `present.parts.cite`.
    """
    item = expected_of(read, frames, settings)
    if item is None:
        return []
    low, high = cite("final_low", texts.percent(item.low, 1)), cite("final_high", texts.percent(item.high, 1))
    if not item.reliable:
        return [texts.t("say_final_doubt", reason=texts.t(f"doubt_{item.doubt}"), low=low, high=high)]
    share = float(read["overall_rate"]) / item.rate if item.rate > 0 else float("nan")
    curve = frames["maturity"]
    ages = range(int(read["age_weeks"]), int(read["age_weeks"] + read.get("weeks", 1)))
    mine = curve[curve["stage"] == settings.stage_keys[-1]].set_index("age_weeks")["maturity"]
    usual = float(mine.reindex(ages, fill_value=0).mean())  # of its weeks
    said = [
        texts.t(
            "say_final",
            rate=cite("final", texts.percent(item.rate, 1)),
            low=low,
            high=high,
            share=texts.percent(share),
            usual=texts.percent(usual),
        )
    ]
    return [*said, texts.t("say_final_tail")] if item.doubt == TAIL else said


def revenue_ahead(
    frames: Mapping[str, pd.DataFrame], settings: Settings, texts: Texts, cite: Cite = typed
) -> dict[str, str | int]:
    """Return in words what the next weeks will bring.

    Args:
        frames: by name: `revenue`, `revenue_sum`, as `forecast_said` takes them.
        settings: the currency.
        texts: the language.
        cite: how numbers of the catalogue are held, see `present.parts.cite`.

    Returns:
        `n` (weeks), `existing`, `future`, `total`, and where a range is known `low`, `high` (80 %); nothing
        where no revenue is expected.
    """
    if frames["revenue"].empty:
        return {}
    weeks = frames["revenue"]["week"].drop_duplicates().nsmallest(WEEKS)
    ahead = frames["revenue"][frames["revenue"]["week"].isin(weeks)]
    sums = ahead.groupby("source")["mean"].sum()
    if sums["total"] <= 0:
        return {}
    unit = unit_for(float(sums["total"]), settings.currency, texts)
    # Rounded first, so that the sentence adds up.
    parts = {name: round(float(sums[name]) / unit.size, unit.digits) * unit.size for name in SOURCES[:2]}
    amounts = {**parts, "total": sum(parts.values())}
    if "revenue_sum" in frames and len(frames["revenue_sum"]):
        row = frames["revenue_sum"].iloc[0]
        amounts |= {"low": float(row["p10"]), "high": float(row["p90"])}
    words = {name: unit.words(amount, texts) for name, amount in amounts.items()}
    cited = {name: cite("revenue" + f"_{name}" * (name != "total"), each) for name, each in words.items()}
    return {"n": len(weeks), **cited}


def _revenue(given: Mapping[str, pd.DataFrame], settings: Settings, texts: Texts, cite: Cite) -> list[str]:
    words = revenue_ahead(given, settings, texts, cite)
    said = [texts.t("say_revenue", **words)] if words else []
    if "low" in words:
        said.append(texts.t("say_revenue_range", **words))
    if not words or "forecast" not in given:
        return said
    return [*said, *revenue_doubt(given["forecast"], settings, texts)]


def _change(change: pd.DataFrame, settings: Settings, texts: Texts) -> list[str]:
    first = change[(change["attribute"] == change["attribute"].iloc[0]) & (change["level"] == "whole")]
    parts, spread = (first.set_index("part")[name] for name in ("reached", "spread"))
    if not parts.any() and not spread.any():
        return []  # nobody has reached it, in either group
    words = {part: signed(float(parts[part]), texts) for part in PARTS}
    last = for_markdown(clean(texts.stage(settings.stage_keys[-1], settings)))
    said = [texts.t("say_change", last=last, change=signed(float(parts.sum()), texts, 0), **words)]
    key = f"say_change_{'beyond' if beyond_chance(float(parts['rate']), float(spread['rate'])) else 'chance'}"
    said.append(texts.t(key, most=texts.number(chance_makes(float(spread["rate"])), 1)))
    values = change[(change["level"] == "value") & change["part"].isin(["mix", "rate"])]
    each = values.groupby(["attribute", "value"], sort=False)[["reached", "spread"]].sum()
    moved = each["reached"]
    at = int(moved.abs().to_numpy().argmax()) if len(moved) else 0
    if len(moved) and beyond_chance(moved.iloc[at], each["spread"].iloc[at], len(moved)):
        attribute, value = moved.index[at]
        said.append(
            texts.t(
                "say_change_value",
                attribute=for_markdown(clean(texts.attribute(attribute, settings))),
                value=for_markdown(clean(value, 40)) or texts.t("not_given"),
                amount=signed(float(moved[(attribute, value)]), texts),
            )
        )
    return said


def _off(off: float, texts: Texts) -> str:
    """Say how far earlier forecasts were off, and to which side."""
    size = texts.percent(abs(off))
    if size == texts.percent(0.0):
        return texts.t("say_track_even")
    return texts.t("say_track_over" if off > 0 else "say_track_under", off=size)


def _record(given: Mapping[str, pd.DataFrame], settings: Settings, texts: Texts) -> list[str]:
    said = []
    last = settings.stage_keys[-1]
    mine = given["track"][given["track"]["stage"] == last] if "track" in given else pd.DataFrame()
    if len(mine):
        _, _, off, judged, _, inside = summed(mine)
        said += [texts.t("say_track", n=judged, inside=inside)] if judged else []
        said += [] if math.isnan(off) else [_off(off, texts)]
        if judged >= ENOUGH and inside < POOR * judged:
            said.append(texts.t("say_track_poor"))
    else:
        said.append(texts.t("say_track_no_cohort" if "revenue_track" in given else "say_track_none"))
    if "revenue_track" in given:
        weeks = given["revenue_track"]
        inside = int(weeks["inside"].sum())
        said.append(texts.t("say_revenue_track", n=len(weeks), inside=inside))
        if laws.binomial_below(inside, len(weeks), 0.8) < 0.05:
            said.append(texts.t("say_revenue_poor"))
    if "backtest" in given:
        youngest = given["backtest"][given["backtest"]["age_from"] == given["backtest"]["age_from"].min()]
        by = youngest.set_index("method")
        tried = OURS in by.index and "old conversion" in by.index and pd.notna(by.at[OURS, "wape"])
        if tried and by.at[OURS, "cells"] >= ENOUGH:
            said.append(
                texts.t(
                    "say_backtest",
                    age=texts.t("of_weeks", n=int(by.at[OURS, "age_to"])),
                    wape=texts.percent(by.at[OURS, "wape"]),
                    simple=texts.percent(by.at["old conversion", "wape"]),
                    coverage=texts.percent(by.at[OURS, "coverage_90"]),
                )
            )
    return said
