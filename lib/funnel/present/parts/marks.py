"""What happened to the cohorts, marked on a time axis; labels never cover each other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from matplotlib.axes import Axes

from funnel.present.parts.escape import clean
from funnel.present.parts.theme import Theme

LANE_INCHES = 0.17
_LABEL = 44


def day_number(day: dt.date) -> int:
    """Return a day's place on the time axes."""
    return day.toordinal()


class Happening(Protocol):
    """Anything with a title and a time: an initiative (`edition.Mark`), an episode."""

    @property
    def title(self) -> str:
        """What it is called, in the language of the report."""

    @property
    def start(self) -> dt.date:
        """First day."""

    @property
    def end(self) -> dt.date | None:
        """Last day; None while it goes on."""


def shown(happenings: Sequence[Happening], first: dt.date, last: dt.date) -> list[Happening]:
    """Return those that begin within the axis, oldest first."""
    return sorted((h for h in happenings if first <= h.start <= last), key=lambda h: h.start)


def label(happenings: Sequence[Happening], axes: Axes, below: Sequence[Axes], theme: Theme) -> None:
    """Draw a line for each happening through the axes below, and its name in a strip of lanes above them.

    Args:
        happenings: from `shown`.
        axes: the strip; it shares its x axis with those below and is `lanes_height` high.
        below: where the lines go.
        theme: the colours.
    """
    axes.set_ylim(len(happenings), 0)
    axes.axis("off")
    right_edge = axes.get_xlim()[1]
    for lane, happening in enumerate(happenings):
        start = day_number(happening.start)
        for other in below:
            other.axvline(start, color=theme.ink, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1.5)
            if happening.end is not None:
                other.axvspan(start, day_number(happening.end) + 1, color=theme.line, alpha=0.5, zorder=0.5)
        axes.plot(
            [start, start],
            [lane + 0.5, len(happenings)],
            color=theme.ink,
            linewidth=0.8,
            linestyle=(0, (4, 2)),
        )
        words = axes.annotate(
            clean(happening.title, _LABEL),
            (start, lane + 0.5),
            (3, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=theme.ink,
            bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 0.6},
        )
        extent = words.get_window_extent()
        if axes.transData.inverted().transform((extent.x1, 0))[0] > right_edge:
            words.set_horizontalalignment("right")
            words.xyann = (-3, 0)
