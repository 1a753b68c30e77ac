"""The figures of the forecast: how a stage matures, and the revenue to come."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from funnel.present.parts import theme as look
from funnel.present.parts.amounts import unit_for
from funnel.present.parts.drawing import figure_of, new, nothing, over_time, share_axis
from funnel.present.parts.escape import clean
from funnel.present.parts.final import revenue_doubt
from funnel.present.parts.marks import day_number
from funnel.present.parts.picture import Picture, finish
from funnel.present.parts.texts import EMPTY, Texts
from funnel.present.parts.theme import Theme
from funnel.settings import Settings

RIPE = 0.99
"""The curves are drawn up to the age at which the slowest stage has this share of its final number."""
SEEN = 0.5
"""A step of a curve is drawn solid when at least this share of it rests on conversions seen."""
_DASHES = (0, (2, 1.6))
_WORDS_WIDE = 105
"""Characters in a line of words below a figure."""


def maturity_curves(
    maturity: pd.DataFrame, settings: Settings, texts: Texts, apart: pd.DataFrame | None = None
) -> Picture:
    """Draw which share of its final number each stage has reached by age: solid as far as it was seen.

    Args:
        maturity: `analysis.forecast.maturity.MATURITY_COLUMNS`.
        settings: the stages.
        texts: the language.
        apart: `analysis.forecast.apart.APART_COLUMNS`; if leads are forecast apart, the picture says by what.
    """
    theme = look.load(settings)
    said = _apart_words(apart, settings, texts)
    with look.style(theme):
        curves = {
            stage: part
            for stage in settings.stage_keys
            if len(part := maturity[maturity["stage"] == stage]) and part["maturity"].max() > 0
        }
        if not curves:
            return nothing(theme, texts, "empty_maturity")
        axes = new(3.4).subplots()
        last = max(_age_at(part, RIPE) or int(part["age_weeks"].max()) for part in curves.values())
        keys: list[tuple[Line2D | Patch, str]] = []
        for stage, part in curves.items():
            hue = theme.stage(stage, settings)
            ages, share = part["age_weeks"], part["maturity"]
            axes.fill_between(ages, part["low"], part["high"], color=hue, alpha=0.18, linewidth=0)
            axes.plot(ages, share, color=hue, linestyle=_DASHES, linewidth=1.4)
            axes.plot(ages, share.where(part["seen"] >= SEEN), color=hue)
            words = texts.t(
                "chart_matures",
                stage=clean(texts.stage(stage, settings)),
                half=_age_words(part, 0.5, texts),
                most=_age_words(part, 0.9, texts),
            )
            keys.append((Line2D([], [], color=hue), words))
        if any((part["seen"] < SEEN)[part["age_weeks"] <= last].any() for part in curves.values()):
            tail = Line2D([], [], color=theme.muted, linestyle=_DASHES, linewidth=1.4)
            keys.append((tail, texts.t("chart_tail")))
        keys.append((Patch(facecolor=theme.muted, alpha=0.25), texts.t("chart_band")))
        axes.set_xlim(0, max(last, 13))
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("\n".join([texts.t("axis_age"), *textwrap.wrap(said, _WORDS_WIDE)]))
        axes.set_title(texts.t("axis_maturity"), color=theme.muted)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        share_axis(axes, texts, 6)
        _legend(axes, keys, theme, above=False)
        return finish(figure_of(axes), " ".join(filter(None, [texts.t("alt_maturity"), said])))


def _apart_words(apart: pd.DataFrame | None, settings: Settings, texts: Texts) -> str:
    """Return by what leads are forecast apart, in a sentence; '' where all are forecast together."""
    if apart is None or apart.empty:
        return ""
    names = []
    for _, group in apart.groupby("group", sort=False):
        many = len(group) > 1
        names.append(
            texts.t("other_values", n=len(group))
            if many
            else clean(str(group["value"].iloc[0]), 30) or texts.t("not_given")
        )
    attribute = clean(texts.attribute(str(apart["attribute"].iloc[0]), settings))
    return texts.t("say_apart", attribute=attribute, groups=", ".join(names))


def revenue_fan(revenue: pd.DataFrame, forecast: pd.DataFrame, settings: Settings, texts: Texts) -> Picture:
    """Draw the revenue of the weeks to come: the mean, bands around it, and the part of existing leads.

    Args:
        revenue: `analysis.revenue.weeks.REVENUE_COLUMNS` by week.
        forecast: `analysis.forecast.final.FORECAST_COLUMNS`; where it is not reliable the fan is grey and
            says why.
        settings: the currency.
        texts: the language.
    """
    theme = look.load(settings)
    with look.style(theme):
        if revenue.empty or revenue["p95"].max() <= 0:
            return nothing(theme, texts, "empty_revenue")
        total, existing = (revenue[revenue["source"] == name] for name in ("total", "existing"))
        (axes,), finish_marks = over_time(1, 2.9, total["week"], [], theme, texts)
        doubt = " ".join(revenue_doubt(forecast, settings, texts))
        hue, middle = theme.muted if doubt else theme.stage(settings.stage_keys[-1], settings), 3.5
        days = [day_number(week.date()) + middle for week in total["week"]]
        for low, high, alpha in (("p05", "p95", 0.13), ("p10", "p90", 0.16), ("p25", "p75", 0.22)):
            axes.fill_between(days, total[low], total[high], color=hue, alpha=alpha, linewidth=0)
        axes.plot(days, total["mean"], color=hue)
        axes.plot(days, existing["mean"], color=theme.ink, linewidth=1.4, linestyle=(0, (4, 2)))
        unit = unit_for(float(total["p95"].max()), settings.currency, texts)
        axes.set_ylim(min(0.0, float(total["p05"].min())), float(total["p95"].max()) * 1.08)
        axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda amount, _: tick(amount / unit.size, texts)))
        axes.set_title(texts.t("axis_revenue", unit=unit.name), color=theme.muted)
        keys: list[tuple[Line2D | Patch, str]] = [
            (Line2D([], [], color=hue), texts.t("chart_total")),
            (
                Line2D([], [], color=theme.ink, linewidth=1.4, linestyle=(0, (4, 2))),
                texts.t("chart_existing"),
            ),
            *(
                (Patch(facecolor=hue, alpha=alpha), f"{level}\u00a0%")
                for level, alpha in ((50, 0.51), (80, 0.29), (90, 0.13))
            ),
        ]
        _legend(axes, keys, theme, above=True)
        axes.set_xlabel(textwrap.fill(doubt, _WORDS_WIDE), color=theme.down, loc="left", fontsize=8.5)
        finish_marks()
        return finish(figure_of(axes), " ".join([texts.t("alt_revenue"), *([doubt] if doubt else [])]))


def tick(amount: float, texts: Texts) -> str:
    """Return an amount at an axis with as many digits as it needs, at most two."""
    return texts.number(amount, next((d for d in range(2) if abs(round(amount, d) - amount) < 1e-6), 2))


def _age_at(curve: pd.DataFrame, share: float) -> int | None:
    ripe = curve.loc[curve["maturity"] >= share, "age_weeks"]
    return int(ripe.min()) if len(ripe) else None


def _age_words(curve: pd.DataFrame, share: float, texts: Texts) -> str:
    age = _age_at(curve, share)
    return EMPTY if age is None else texts.number(age)


def _legend(axes: Axes, keys: Sequence[tuple[Line2D | Patch, str]], theme: Theme, *, above: bool) -> None:
    """Explain the lines: in a row above the axes at the right, or inside at the lower right."""
    legend = axes.legend(
        [mark for mark, _ in keys], [words for _, words in keys], loc="lower right",
        bbox_to_anchor=(1, 1) if above else (1, 0), ncols=len(keys) if above else 1, frameon=not above,
        fontsize=8, labelcolor=theme.muted, handlelength=1.6, columnspacing=1.0, borderaxespad=0.3,
        edgecolor="none", facecolor=theme.paper, framealpha=1,
    )  # fmt: skip
    legend.set_zorder(4)
