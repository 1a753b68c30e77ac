"""The figures of what needs attention: flagged steps over time, an initiative before and after."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from funnel.present.attention.words import metric_name, segment, stage_name
from funnel.present.parts import theme as look
from funnel.present.parts.drawing import figure_of, nothing, over_time, share_axis
from funnel.present.parts.marks import day_number
from funnel.present.parts.picture import Picture, finish
from funnel.present.parts.texts import Texts
from funnel.present.parts.theme import Theme
from funnel.schema import Initiative
from funnel.settings import Settings

SMOOTHED = 4
"""Cohorts put together for a line; single weeks are points."""
_MIDDLE = 3.5


def flags_over_time(lines: pd.DataFrame, flags: pd.DataFrame, settings: Settings, texts: Texts) -> Picture:
    """Draw the flagged steps over the cohorts at equal age, and the level before and since the change.

    Args:
        lines: `edition.attention.FLAG_LINE_COLUMNS`.
        flags: `analysis.attention.deviations.COLUMNS` with `name`.
        settings: stages and attributes.
        texts: the language.
    """
    theme = look.load(settings)
    with look.style(theme):
        if lines.empty:
            return nothing(theme, texts, "empty_flag_lines")
        names = list(dict.fromkeys(lines["name"]))
        panels, _ = over_time(len(names), 1.5, lines["cohort_week"], (), theme, texts)
        for axes, name in zip(panels, names, strict=True):
            flag = flags[flags["name"] == name].iloc[0].to_dict()
            part = lines[lines["name"] == name]
            hue = theme.stage(flag["stage"], settings)
            days = _days(part)
            axes.fill_between(days, part["low"], part["high"], color=hue, alpha=0.15, linewidth=0)
            axes.plot(days, part["rate"], color=hue)
            begun = flag["since"] if not pd.isna(flag["since"]) else flag["first_week"]
            axes.axvline(day_number(begun.date()), color=theme.down, linewidth=0.9, linestyle=(0, (4, 2)))
            for rows, right in ((part["cohort_week"] < begun, False), (part["cohort_week"] >= begun, True)):
                _level(axes, part[rows], theme.ink, texts, right)
            words = f"{segment(flag, settings, texts)} · {stage_name(flag['stage'], settings, texts)}"
            since = texts.t("chart_since", date=texts.date(begun.date()))
            axes.set_title(f"{words} · {since}", color=hue)
            axes.set_ylim(bottom=0)
            share_axis(axes, texts)
        return finish(figure_of(panels[0]), texts.t("alt_flags"))


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
                _smooth(axes, part, colour, points)
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


def _days(part: pd.DataFrame) -> list[float]:
    return [day_number(week.date()) + _MIDDLE for week in part["cohort_week"]]


def _level(axes: Axes, part: pd.DataFrame, colour: str, texts: Texts, right: bool) -> None:
    """Draw the share of all these cohorts together, and write it at the right edge or above the line."""
    if part["base"].sum() == 0:
        return
    rate = float(part["reached"].sum() / part["base"].sum())
    days = _days(part)
    axes.plot([days[0] - _MIDDLE, days[-1] + _MIDDLE], [rate, rate], color=colour, linewidth=1.2)
    if right:
        _beside(axes, days[-1] + _MIDDLE, rate, texts.percent(rate), colour, "center")
    else:
        _above(axes, days[0], rate, texts.percent(rate), colour)


def _above(axes: Axes, day: float, y: float, words: str, colour: str) -> None:
    axes.annotate(
        words, (day, y), (0, 4), textcoords="offset points", fontsize=9, fontweight=700, color=colour,
        bbox={"facecolor": axes.get_facecolor(), "edgecolor": "none", "pad": 0.8, "alpha": 0.8},
    )  # fmt: skip


def _beside(axes: Axes, day: float, y: float, words: str, colour: str, va: str) -> None:
    axes.annotate(
        words, (day, y), (4, 0), textcoords="offset points", va=va, fontsize=9, fontweight=700, color=colour,
        annotation_clip=False,
    )  # fmt: skip


def _smooth(axes: Axes, part: pd.DataFrame, colour: str, points: bool) -> None:
    """Draw single weeks as points and the cohorts of four weeks together as a line, broken at the start."""
    for _, period in part.groupby("period", sort=False):
        if points:
            axes.plot(_days(period), period["rate"], "o", color=colour, markersize=2, alpha=0.35)
        sums = period[["reached", "base"]].rolling(SMOOTHED, min_periods=min(SMOOTHED, 2)).sum()
        rate = sums["reached"] / sums["base"].where(sums["base"] > 0)
        axes.plot(_days(period), rate, color=colour, linewidth=1.4 if points else 1.1, alpha=0.9)


def _result(axes: Axes, treated: pd.DataFrame, row: pd.Series, hue: str, theme: Theme, texts: Texts) -> None:
    """Draw the levels before and after, and dashed where the level would have been without the initiative."""
    digits = 2 if row["metric"] == "overall_rate" else 1
    ends = {
        period: (_days(part)[0] - _MIDDLE, _days(part)[-1] + _MIDDLE)
        for period, part in treated.groupby("period", sort=False)
    }
    if "before" in ends:
        axes.plot(ends["before"], [row["before"]] * 2, color=hue, linewidth=2.6, solid_capstyle="butt")
        _above(axes, ends["before"][0], row["before"], texts.percent(row["before"], digits), hue)
    if "after" in ends and pd.notna(row["after"]):
        for level, colour, style in ((row["after"], hue, "-"), (row["without"], theme.ink, (0, (2, 1)))):
            axes.plot(ends["after"], [level] * 2, color=colour, linewidth=2.6, linestyle=style)
        upper = row["after"] >= row["without"]
        for level, colour, above in ((row["after"], hue, upper), (row["without"], theme.ink, not upper)):
            place = "bottom" if above else "top"
            _beside(axes, ends["after"][1], level, texts.percent(level, digits), colour, place)


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


@dataclass(frozen=True, slots=True)
class ShapeMark:
    """A known shape, to be marked on the pictures over time: its name, first and last day."""

    title: str
    start: dt.date
    end: dt.date | None


def shape_marks(shapes: pd.DataFrame, texts: Texts) -> list[ShapeMark]:
    """Return the shapes of `analysis.attention.shapes.COLUMNS` as the pictures mark what happened."""
    return [
        ShapeMark(
            texts.t(f"shape_{row['shape']}"),
            row["first_week"].date(),
            row["last_week"].date() + dt.timedelta(days=6),
        )
        for row in shapes.to_dict("records")
    ]
