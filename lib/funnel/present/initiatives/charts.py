"""The figure of an initiative: before and after."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from funnel.logbook import Initiative
from funnel.present.attention.words import metric_name
from funnel.present.parts import theme as look
from funnel.present.parts.drawing import MIDDLE, above, beside, days_of, figure_of, over_time, share_axis
from funnel.present.parts.marks import day_number
from funnel.present.parts.picture import Picture, finish
from funnel.present.parts.texts import Texts
from funnel.present.parts.theme import Theme
from funnel.present.parts.values import LEVEL
from funnel.settings import Settings

SMOOTHED = 4
"""Cohorts put together for a line; single weeks are points."""


def before_after(
    lines: pd.DataFrame, measured: pd.DataFrame, item: Initiative, settings: Settings, texts: Texts
) -> Picture:
    """Draw an initiative's headline metric and the whole: treated leads and the others, before and after.

    Args:
        lines: the initiative's rows of `edition.attention.LINE_COLUMNS`, not empty.
        measured: its rows of `analysis.initiatives.impact.COLUMNS`.
        item: for its start and end.
        settings: the stages.
        texts: the language.
    """
    theme = look.load(settings)
    with look.style(theme):
        metrics = list(dict.fromkeys(lines["metric"]))
        panels, _ = over_time(len(metrics), 1.6, lines["cohort_week"], (), theme, texts)
        for axes, metric in zip(panels, metrics, strict=True):
            hue = theme.stage(metric.removesuffix("_rate").removesuffix("_per_lead"), settings)
            mine = lines[lines["metric"] == metric]
            treated, control = (mine[mine["group"] == name] for name in ("treated", "control"))
            for part, colour, points in ((control, theme.muted, False), (treated, hue, True)):
                name = metric_name(metric, settings, texts) if points else texts.t("chart_others")
                _smooth(axes, part, colour, points, name, texts)
            _result(axes, treated, measured[measured["metric"] == metric].iloc[0], hue, theme, texts)
            axes.set_title(metric_name(metric, settings, texts), color=hue)
            axes.set_ylim(0, _top(axes))
            for day in (item.start, item.end):
                if day is not None:
                    axes.axvline(day_number(day), color=theme.ink, linewidth=0.8, linestyle=(0, (4, 2)))
            share_axis(axes, texts)
        _key(panels[0], bool((lines["group"] == "control").any()), theme, texts)
        return finish(figure_of(panels[0]), texts.t("alt_before_after"))


def _top(axes: Axes) -> float:
    """Return the upper end of the axis: lines must fit, a single wild week need not."""
    lines = [
        np.asarray(line.get_ydata(), dtype=float)
        for line in axes.get_lines()
        if line.get_linestyle() != "None"
    ]
    highest = float(np.nanmax(np.concatenate(lines))) if lines else 0.0
    return highest * 1.3 or 1.0


def _smooth(axes: Axes, part: pd.DataFrame, colour: str, points: bool, name: str, texts: Texts) -> None:
    """Draw single weeks as points and the cohorts of four weeks together as a line, broken at the start."""
    for _, period in part.groupby("period", sort=False):
        if points:
            axes.plot(
                days_of(period), period["rate"], "o", color=colour, markersize=2, alpha=0.35,
                label=texts.t("chart_single_weeks"),
            )  # fmt: skip
        sums = period[["reached", "base"]].rolling(SMOOTHED, min_periods=min(SMOOTHED, 2)).sum()
        rate = sums["reached"] / sums["base"].where(sums["base"] > 0)
        label = texts.t("chart_together", name=name, n=SMOOTHED)
        width = 1.4 if points else 1.1
        axes.plot(days_of(period), rate, color=colour, linewidth=width, alpha=0.9, label=label)


def _result(axes: Axes, treated: pd.DataFrame, row: pd.Series, hue: str, theme: Theme, texts: Texts) -> None:
    """Draw the levels before and after, and dashed where the level would have been without the initiative."""
    digits = 2 if row["metric"] == "overall_rate" else 1
    ends = {
        period: (days_of(part)[0] - MIDDLE, days_of(part)[-1] + MIDDLE)
        for period, part in treated.groupby("period", sort=False)
    }
    if "before" in ends:
        axes.plot(
            ends["before"], [row["before"]] * 2, color=hue, linewidth=2.6, solid_capstyle="butt",
            label=texts.t("chart_level_before"), gid=LEVEL,
        )  # fmt: skip
        above(axes, ends["before"][0], row["before"], texts.percent(row["before"], digits), hue)
    if "after" in ends and pd.notna(row["after"]):
        for name, colour, style in (("after", hue, "-"), ("without", theme.ink, (0, (2, 1)))):
            label = texts.t("chart_without" if name == "without" else "chart_level_after")
            axes.plot(
                ends["after"], [row[name]] * 2, color=colour, linewidth=2.6, linestyle=style, label=label,
                gid=LEVEL,
            )  # fmt: skip
        upper = row["after"] >= row["without"]
        for level, colour, upward in ((row["after"], hue, upper), (row["without"], theme.ink, not upper)):
            place = "bottom" if upward else "top"
            beside(axes, ends["after"][1], level, texts.percent(level, digits), colour, place)


def _key(axes: Axes, control: bool, theme: Theme, texts: Texts) -> None:
    """Explain the lines above the first panel, at the right."""
    lines = [(Line2D([], [], color=theme.ink, linewidth=2.2, linestyle=(0, (2, 1))), "chart_without")]
    if control:
        lines.append((Line2D([], [], color=theme.muted, linewidth=1.1), "chart_others"))
    axes.legend(
        [line for line, _ in lines], [texts.t(key) for _, key in lines], loc="lower right",
        bbox_to_anchor=(1, 1), frameon=False, fontsize=8, labelcolor=theme.muted, borderaxespad=0.2,
        handlelength=2.2, ncols=2, columnspacing=1.2,
    )  # fmt: skip
