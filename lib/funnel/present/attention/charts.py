"""The figure of what needs attention: flagged steps over time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from funnel.present.attention.tables import nothing_flagged
from funnel.present.attention.words import segment, stage_name
from funnel.present.parts import theme as look
from funnel.present.parts.drawing import (
    MIDDLE,
    above,
    band,
    beside,
    days_of,
    figure_of,
    over_time,
    share_axis,
)
from funnel.present.parts.marks import day_number
from funnel.present.parts.picture import Picture, finish
from funnel.present.parts.texts import Texts
from funnel.present.parts.values import LEVEL
from funnel.settings import Settings


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
            return Picture(b"", nothing_flagged(flags, texts), 0.0, 0.0)
        names = list(dict.fromkeys(lines["name"]))
        panels, _ = over_time(len(names), 1.5, lines["cohort_week"], (), theme, texts)
        for axes, name in zip(panels, names, strict=True):
            flag = flags[flags["name"] == name].iloc[0].to_dict()
            part = lines[lines["name"] == name]
            hue = theme.stage(flag["stage"], settings)
            days = days_of(part)
            band(axes, days, part["low"], part["high"], hue, texts.t("chart_band"))
            axes.plot(days, part["rate"], color=hue, label=texts.t("chart_rate"))
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


def _level(axes: Axes, part: pd.DataFrame, colour: str, texts: Texts, right: bool) -> None:
    """Draw the share of all these cohorts together, and write it at the right edge or above the line."""
    if part["base"].sum() == 0:
        return
    rate = float(part["reached"].sum() / part["base"].sum())
    days = days_of(part)
    name = texts.t("chart_level_since" if right else "chart_level_before")
    ends = [days[0] - MIDDLE, days[-1] + MIDDLE]
    axes.plot(ends, [rate, rate], color=colour, linewidth=1.2, label=name, gid=LEVEL)
    if right:
        beside(axes, days[-1] + MIDDLE, rate, texts.percent(rate), colour, "center")
    else:
        above(axes, days[0], rate, texts.percent(rate), colour)


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
