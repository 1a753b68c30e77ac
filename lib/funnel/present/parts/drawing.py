"""What the figures share: panels over one time axis, and labels that stand beside what they name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, MaxNLocator

from funnel.present.parts import marks
from funnel.present.parts.marks import Happening
from funnel.present.parts.picture import Picture
from funnel.present.parts.texts import Texts
from funnel.present.parts.theme import Theme

WIDTH = 7.0
"""Inches: the text width of an upright A4 page."""
_ROOM = 0.09
"""Share of the time axis kept free at the right for labels."""
_TICKS = 14
_LABEL_WIDTH = 110.0
"""Points: labels further apart than this cannot cover each other."""
_LARGE = 0.095
"""Shares from which on one digit after the point tells enough."""
MIDDLE = 3.5
"""Days from the Monday of a week to its middle."""
WORDS_WIDE = 105
"""Characters in a line of words below a figure."""
Label = tuple[float, float, str, str]
"""x, y, words, colour."""


def new(height: float) -> Figure:
    """Return an empty figure of the report's width; the height is in inches."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def figure_of(axes: Axes) -> Figure:
    """Return the figure that holds these axes."""
    figure = axes.get_figure()
    if not isinstance(figure, Figure):
        raise TypeError("the axes are not in a figure")
    return figure


def nothing(texts: Texts, key: str = "empty_history") -> Picture:
    """Return the words that say that there is nothing to draw yet, and why, in place of a picture."""
    return Picture(b"", texts.t(key), 0.0, 0.0)


def over_time(
    count: int, height: float, weeks: pd.Series, happenings: Sequence[Happening], theme: Theme, texts: Texts
) -> tuple[list[Axes], Callable[[], None]]:
    """Return panels that share one axis of weeks, and what to call when they are drawn: it adds the marks.

    Args:
        count: how many panels.
        height: of each, in inches.
        weeks: the Mondays shown.
        happenings: what to mark; those outside the axis are left out.
        theme: the colours.
        texts: the language.
    """
    first, last = weeks.min().date(), weeks.max().date() + dt.timedelta(days=7)
    seen = marks.shown(happenings, first, last)
    strip_height = len(seen) * marks.LANE_INCHES
    figure = new(count * height + strip_height + 0.45)
    ratios = [*([strip_height] if seen else []), *[height] * count]
    rows = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios, squeeze=False)[:, 0].tolist()
    panels = rows[-count:]
    for axes in panels:
        axes.fmt_xdata = lambda day: _week(day, texts)
        axes.xaxis.set_gid(texts.t("chart_week"))
    left, right = marks.day_number(first), marks.day_number(last)
    panels[0].set_xlim(left - (right - left) * 0.01, right + (right - left) * _ROOM)
    months = [day.date() for day in pd.date_range(first, last, freq="MS")]
    months = months[:: len(months) // _TICKS + 1]
    panels[0].xaxis.set_major_locator(FixedLocator([marks.day_number(day) for day in months]))
    panels[0].xaxis.set_major_formatter(FixedFormatter(_month_labels(months, texts)))

    def finish_marks() -> None:
        if seen:
            figure.draw_without_rendering()
            marks.label(seen, rows[0], panels, theme)

    return panels, finish_marks


def share_axis(axes: Axes, texts: Texts, ticks: int = 4) -> None:
    """Write the y axis in per cent, with as many digits as its ticks need."""
    axes.yaxis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: _per_cent(share, texts)))
    axes.fmt_ydata = lambda share: texts.percent(share, 1 if abs(share) >= _LARGE else 2)


def _week(day: float, texts: Texts) -> str:
    """Return the week in which a place on the time axis lies."""
    found = dt.date.fromordinal(int(day))
    return texts.compact_week(found - dt.timedelta(days=found.weekday()))


def band(axes: Axes, at: Any, low: Any, high: Any, hue: str, name: str, alpha: float = 0.15) -> None:
    """Draw an interval around a line, and name it for the table of the chart's values."""
    axes.fill_between(at, low, high, color=hue, alpha=alpha, linewidth=0, label=name)


def tick(amount: float, texts: Texts) -> str:
    """Return an amount at an axis with as many digits as it needs, at most two."""
    return texts.number(amount, next((d for d in range(2) if abs(round(amount, d) - amount) < 1e-6), 2))


def legend(axes: Axes, keys: Sequence[tuple[Line2D | Patch, str]], theme: Theme, *, above: bool) -> None:
    """Explain the lines: in a row above the axes at the right, or inside at the lower right."""
    made = axes.legend(
        [mark for mark, _ in keys], [words for _, words in keys], loc="lower right",
        bbox_to_anchor=(1, 1) if above else (1, 0), ncols=len(keys) if above else 1, frameon=not above,
        fontsize=8, labelcolor=theme.muted, handlelength=1.6, columnspacing=1.0, borderaxespad=0.3,
        edgecolor="none", facecolor=theme.paper, framealpha=1,
    )  # fmt: skip
    made.set_zorder(4)


def _per_cent(share: float, texts: Texts) -> str:
    digits = next((d for d in range(3) if abs(round(share * 100, d) - share * 100) < 1e-6), 3)
    return texts.percent(share, digits)


def _month_labels(months: Sequence[dt.date], texts: Texts) -> list[str]:
    """The year stands under the first month shown of it."""
    years = [None, *(day.year for day in months)]
    return [
        texts.month(day) + (f"\n{day.year}" if day.year != before else "")
        for day, before in zip(months, years, strict=False)
    ]


def at_right(axes: Axes, y: float, words: str, colour: str) -> None:
    """Write words at the right edge of the axes, at a height in data units."""
    axes.annotate(
        words, (1, y), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=9,
        fontweight=700, color=colour,
    )  # fmt: skip


def spread(axes: Axes, labels: Sequence[Label], gap: float = 11.0) -> None:
    """Write labels right of their points, moved apart vertically so that none covers another.

    Args:
        axes: with its final limits.
        labels: what to write where.
        gap: least distance in points.
    """
    figure = figure_of(axes)
    figure.draw_without_rendering()
    unit = figure.dpi / 72
    placed: list[tuple[float, float]] = []
    for x, y, words, colour in sorted(labels, key=lambda item: item[1]):
        across, height = (float(pixel) / unit for pixel in axes.transData.transform((x, y)))
        level = height
        for other, taken in sorted(placed, key=lambda place: place[1]):
            if abs(other - across) < _LABEL_WIDTH and abs(level - taken) < gap:
                level = taken + gap
        placed.append((across, level))
        axes.annotate(
            words, (x, y), (6, level - height), textcoords="offset points", va="center", fontsize=8.5,
            fontweight=700, color=colour, annotation_clip=False, zorder=5,
        )  # fmt: skip


def days_of(part: pd.DataFrame) -> list[float]:
    """Return where the middle of each row's week stands on a time axis."""
    return [marks.day_number(week.date()) + MIDDLE for week in part["cohort_week"]]


def above(axes: Axes, day: float, y: float, words: str, colour: str) -> None:
    """Write words just above a point, on a ground of their own."""
    axes.annotate(
        words, (day, y), (0, 4), textcoords="offset points", fontsize=9, fontweight=700, color=colour,
        bbox={"facecolor": axes.get_facecolor(), "edgecolor": "none", "pad": 0.8, "alpha": 0.8},
    )  # fmt: skip


def beside(axes: Axes, day: float, y: float, words: str, colour: str, va: str) -> None:
    """Write words right of a point, outside the axes if need be."""
    axes.annotate(
        words, (day, y), (4, 0), textcoords="offset points", va=va, fontsize=9, fontweight=700, color=colour,
        annotation_clip=False,
    )  # fmt: skip
