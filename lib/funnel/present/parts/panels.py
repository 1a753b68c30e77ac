"""Small multiples: a share over cohorts, beside the usual one and what chance alone makes of so few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from funnel.present.parts.drawing import new, share_axis
from funnel.present.parts.periods import period_name
from funnel.present.parts.picture import Picture, finish
from funnel.present.parts.texts import Texts
from funnel.present.parts.theme import Theme


@dataclass(frozen=True, slots=True)
class Panel:
    """A line of `analysis.cohorts.beside.BESIDE_COLUMNS` with `period` and `period_start`.

    `row` and `title` stand at its left and above it, '' for nothing.
    """

    line: pd.DataFrame
    colour: str
    title: str = ""
    row: str = ""


def panels(
    given: Sequence[Panel],
    columns: int,
    alt: str,
    lines: tuple[str, str],
    theme: Theme,
    texts: Texts,
    *,
    together: bool,
) -> Picture:
    """Draw the panels, row by row.

    Args:
        given: from left to right, then down; not empty.
        columns: in a row.
        alt: what the picture shows, in words.
        lines: what the line is of, and what it is held against.
        theme: the colours.
        texts: the language.
        together: the panels of a column share their scale.
    """
    rows = -(-len(given) // columns)
    figure = new(rows * (0.82 if together else 1.1) + 0.75)
    grid = figure.subplots(rows, columns, squeeze=False, sharey="col" if together else False, sharex=True)
    for number, panel in enumerate(given):
        axes: Axes = grid[number // columns][number % columns]
        _draw(axes, panel, theme)
        last = number + columns >= len(given)
        _dates(axes, panel.line, texts, shown=last)
        share_axis(axes, texts, 3)
        axes.tick_params(labelsize=7.5)
        if panel.title:
            axes.set_title(panel.title, color=panel.colour, fontsize=9)
        if panel.row and not number % columns:
            axes.set_ylabel(panel.row, rotation=0, ha="right", va="center", fontsize=8.5, color=theme.ink)
    for empty in grid.ravel()[len(given) :]:
        empty.set_visible(False)
    keys = [
        (Line2D([], [], color=theme.ink, linewidth=1.4), lines[0]),
        (Line2D([], [], color=theme.muted, linewidth=0.9, linestyle=(0, (3, 2))), lines[1]),
        (Patch(facecolor=theme.line, alpha=0.7), texts.t("chart_by_chance")),
        (
            Line2D([], [], color=theme.ink, marker="o", linestyle="none", markersize=4),
            texts.t("chart_outside"),
        ),
    ]
    figure.legend(
        [mark for mark, _ in keys], [words for _, words in keys], loc="outside lower center", ncols=4,
        frameon=False, fontsize=8, labelcolor=theme.muted, handlelength=1.6, columnspacing=1.2,
    )  # fmt: skip
    return finish(figure, alt)


def _draw(axes: Axes, panel: Panel, theme: Theme) -> None:
    line = panel.line
    at = np.arange(len(line))
    axes.fill_between(at, line["low"], line["high"], color=theme.line, alpha=0.7, linewidth=0, step="mid")
    axes.plot(at, line["expected"], color=theme.muted, linewidth=0.9, linestyle=(0, (3, 2)))
    axes.plot(at, line["rate"], color=panel.colour, linewidth=1.4)
    out = line["outside"].to_numpy(bool)
    axes.plot(at[out], line["rate"].to_numpy(float)[out], "o", color=panel.colour, markersize=3.6)
    most = np.nanmax([*line["rate"].dropna(), *line["expected"].dropna(), 0.0])
    if axes.get_ylim()[1] < most * 1.25 or axes.get_ylim()[1] == 1.0:
        axes.set_ylim(0, max(float(most) * 1.25, 0.01))
    axes.set_ylim(bottom=0)


def _dates(axes: Axes, line: pd.DataFrame, texts: Texts, *, shown: bool) -> None:
    """Name the first and the last cohort under the lowest panel."""
    if not len(line):
        return
    ends = [0, len(line) - 1] if len(line) > 1 else [0]
    names = [_short(line.iloc[at], texts) for at in ends]
    axes.set_xticks(ends, names if shown else [""] * len(ends))
    for number, label in enumerate(axes.get_xticklabels()):
        label.set_horizontalalignment("right" if number else "left")
    if shown:
        axes.tick_params(labelbottom=True)


def _short(record: pd.Series, texts: Texts) -> str:
    start = record["period_start"].date()
    if record["period"] in ("week", "4weeks"):
        return texts.date(start)
    return period_name(start, record["period"], texts)
