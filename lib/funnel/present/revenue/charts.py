"""The figure of the revenue to come."""

from __future__ import annotations

import textwrap

import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from funnel.present.parts import theme as look
from funnel.present.parts.amounts import unit_for
from funnel.present.parts.drawing import WORDS_WIDE, band, figure_of, legend, nothing, over_time, tick
from funnel.present.parts.final import revenue_doubt
from funnel.present.parts.marks import day_number
from funnel.present.parts.picture import Picture, finish
from funnel.present.parts.texts import Texts
from funnel.settings import Settings


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
            return nothing(texts, "empty_revenue")
        total, existing = (revenue[revenue["source"] == name] for name in ("total", "existing"))
        (axes,), finish_marks = over_time(1, 2.9, total["week"], [], theme, texts)
        doubt = " ".join(revenue_doubt(forecast, settings, texts))
        hue, middle = theme.muted if doubt else theme.stage(settings.stage_keys[-1], settings), 3.5
        days = [day_number(week.date()) + middle for week in total["week"]]
        axes.plot(days, total["mean"], color=hue, label=texts.t("chart_total"))
        axes.plot(
            days, existing["mean"], color=theme.ink, linewidth=1.4, linestyle=(0, (4, 2)),
            label=texts.t("chart_existing"),
        )  # fmt: skip
        bands = ((90, "p05", "p95", 0.13), (80, "p10", "p90", 0.16), (50, "p25", "p75", 0.22))
        for level, low, high, alpha in bands:
            band(axes, days, total[low], total[high], hue, f"{level}\u00a0%", alpha)
        unit = unit_for(float(total["p95"].max()), settings.currency, texts)
        axes.set_ylim(min(0.0, float(total["p05"].min())), float(total["p95"].max()) * 1.08)
        axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda amount, _: tick(amount / unit.size, texts)))
        axes.fmt_ydata = lambda amount: unit.number(amount, texts)
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
        legend(axes, keys, theme, above=True)
        axes.set_xlabel(textwrap.fill(doubt, WORDS_WIDE), color=theme.down, loc="left", fontsize=8.5)
        finish_marks()
        return finish(figure_of(axes), " ".join([texts.t("alt_revenue"), *([doubt] if doubt else [])]))
