"""What a figure draws, read back from it: the values of each of its panels, whoever drew them.

Lines, bars, points and bands are read. A figure that draws anything else in its data's coordinates (a pie, an
image, a mesh) cannot be told as values, and nothing is told of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import matplotlib.dates as days
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FixedFormatter, LogFormatter, NullFormatter, ScalarFormatter

if TYPE_CHECKING:
    from matplotlib.axis import Axis

Told = str | float | Mapping[str, str] | None
"""A finished text, a number still to be written, a day (``{"day": "2022-09-26"}``), or nothing."""
Pair = tuple[float, float]
UNTOLD, LEVEL = "untold", "level"
"""What a chart's artist carries as its `gid` where it is no value, or one value for the whole panel."""
_DAYS = (days.DateFormatter, days.AutoDateFormatter, days.ConciseDateFormatter)
_PLAIN = (ScalarFormatter, LogFormatter, NullFormatter)


@dataclass(slots=True)
class Series:
    """One line, row of bars, cloud of points or band.

    Attributes:
        name: as the figure calls it; '' where it does not.
        points: (along, value) of each point; the value of a band is its two ends.
        band: whether it is one.
        lying: whether its bars lie, so that the values run across.
        level: whether it is one value for the whole panel.
    """

    name: str
    points: list[tuple[float, float | Pair]]
    band: bool = False
    lying: bool = False
    level: bool = False


@dataclass(slots=True)
class Panel:
    """The axes of a figure with what is drawn in them."""

    axes: Axes
    series: list[Series] = field(default_factory=list)

    @property
    def lying(self) -> bool:
        """Whether the values run across."""
        return any(one.lying for one in self.series)


def panels(figure: Figure) -> list[Panel] | None:
    """Return what each panel shows; None where something is drawn that cannot be read."""
    keys = list(_keys(figure))
    found: list[Panel] = []
    for axes in figure.axes:
        if not axes.get_visible():
            continue
        if axes.name != "rectilinear" or axes.images or axes.tables or not _known(axes):
            return None
        if axes.axison:
            mine = [one for one in _series(axes, keys) if one.points]
            found += [Panel(axes, _together(mine))] if mine else []
    return found or None


def written(panel: Panel, value: float, *, along: bool) -> Told:
    """Return a value as its axis writes it, or as the axes were told to (`fmt_xdata`, `fmt_ydata`)."""
    axes, across = panel.axes, along != panel.lying
    own = axes.fmt_xdata if across else axes.fmt_ydata
    if own is not None:
        return str(cast(Any, own)(value))
    axis: Axis = axes.xaxis if across else axes.yaxis
    formatter = axis.get_major_formatter()
    if isinstance(formatter, _DAYS):
        day = days.num2date(value)  # type: ignore[no-untyped-call]
        return {"day": day.date().isoformat()}
    if across and getattr(axes, "freq", None):  # pandas counts periods there
        import pandas as pd  # who draws with it has loaded it

        freq: Any = axes.freq  # type: ignore[attr-defined]
        period = pd.Period(ordinal=int(value), freq=freq)
        day = period.end_time if str(freq).startswith("W") else period.start_time
        return {"day": day.date().isoformat()}
    if isinstance(formatter, FixedFormatter):
        ticks = dict(zip(axis.get_majorticklocs(), formatter.seq, strict=False))
        return str(ticks.get(value, "")) or float(value)
    if isinstance(formatter, _PLAIN):
        return float(value)
    return str(formatter(value)).strip() or float(value)


def _keys(figure: Figure) -> Iterator[tuple[tuple[float, ...], str, str]]:
    """Yield colour, dashes and words of what the legends explain."""
    for legend in [*(axes.get_legend() for axes in figure.axes), *figure.legends]:
        if legend is not None:
            for handle, words in zip(legend.legend_handles, legend.get_texts(), strict=False):
                if handle is not None:
                    yield _colour(handle), _dashes(handle), words.get_text()


def _known(axes: Axes) -> bool:
    """Tell whether everything drawn in the data's coordinates is of a kind that is read."""
    bars = {id(bar) for row in axes.containers if isinstance(row, BarContainer) for bar in row.patches}
    loose = [patch for patch in axes.patches if id(patch) not in bars and _stands(patch, axes)]
    kinds = (LineCollection, PathCollection, PolyCollection)
    return not loose and all(isinstance(one, kinds) for one in axes.collections)


def _stands(patch: Patch, axes: Axes) -> bool:
    """Tell whether a shape is drawn in the data's coordinates; seaborn leaves some without a size there."""
    empty = isinstance(patch, Rectangle) and not (patch.get_width() or patch.get_height())
    return not empty and all(_in_data(patch, axes))


def _in_data(artist: Artist, axes: Axes) -> tuple[bool, bool]:
    """Tell whether an artist stands in the data's coordinates, across and up."""
    transform = artist.get_data_transform() if isinstance(artist, Patch) else artist.get_transform()
    across, up = transform.contains_branch_seperately(axes.transData)
    return bool(across), bool(up)


def _series(axes: Axes, keys: Sequence[tuple[tuple[float, ...], str, str]]) -> Iterator[Series]:
    for line in axes.lines:
        if line.get_visible() and line.get_gid() != UNTOLD:
            yield _line(line, axes, _name(line, keys))
    for row in axes.containers:
        if isinstance(row, BarContainer) and row.patches and row.patches[0].get_gid() != UNTOLD:
            lying = row.orientation == "horizontal"
            boxes = row.patches
            points: list[tuple[float, float | Pair]]
            points = [
                (float(bar.get_y() + bar.get_height() / 2), float(bar.get_width()))
                if lying
                else (float(bar.get_x() + bar.get_width() / 2), float(bar.get_height()))
                for bar in boxes
            ]
            yield Series(_name(row, keys, boxes[0]), points, lying=lying)
    for drawn in axes.collections:
        if not drawn.get_visible() or drawn.get_gid() == UNTOLD:
            continue
        name = _name(drawn, keys)
        if isinstance(drawn, PathCollection):
            places: Any = np.ma.filled(np.ma.asarray(drawn.get_offsets(), dtype=float), np.nan)
            yield Series(name, [(float(x), float(y)) for x, y in places if np.isfinite([x, y]).all()])
        else:
            yield _band(name, [path.vertices for path in drawn.get_paths()])


def _line(line: Line2D, axes: Axes, name: str) -> Series:
    across, up = _in_data(line, axes)
    x, y = (
        np.asarray(each, dtype=float) for each in (line.get_xdata(orig=False), line.get_ydata(orig=False))
    )
    if up and (not across or line.get_gid() == LEVEL):
        return Series(name, [(0.0, float(y[0]))] if name and len(y) else [], level=True)
    if not (up and across):
        return Series(name, [])
    if len(x) > 1 and np.ptp(x) == 0:  # a whisker: two ends at one place
        return Series(name, [(float(x[0]), (float(np.nanmin(y)), float(np.nanmax(y))))], band=True)
    return Series(
        name, [(float(a), float(b)) for a, b in zip(x, y, strict=True) if np.isfinite([a, b]).all()]
    )


def _band(name: str, outlines: Sequence[Any]) -> Series:
    """Return the ends of a band at each of its places."""
    ends: dict[float, list[float]] = {}
    for outline in outlines:
        for x, y in np.asarray(outline, dtype=float):
            if np.isfinite([x, y]).all():
                ends.setdefault(round(float(x), 9), []).append(float(y))
    points: list[tuple[float, float | Pair]]
    points = [(x, (min(y), max(y))) for x, y in sorted(ends.items()) if len(y) > 1]
    return Series(name, points, band=True)


def _together(found: Sequence[Series]) -> list[Series]:
    """Return series with those of one name in one, where they do not stand at the same places."""
    kept: list[Series] = []
    for one in found:
        same = [
            other
            for other in kept
            if (other.name, other.band, other.level) == (one.name, one.band, one.level)
            and not {x for x, _ in other.points} & {x for x, _ in one.points}
        ]
        if same and one.name and not one.level:
            same[0].points += one.points
        else:
            kept.append(one)
    return kept


def _name(artist: Any, keys: Sequence[tuple[tuple[float, ...], str, str]], drawn: Any = None) -> str:
    """Return what a figure calls a series: its label, else what the legend says of its colour and dashes."""
    label = str(artist.get_label() or "")
    if label and not label.startswith("_"):
        return label
    colour, dashes = _colour(drawn or artist), _dashes(drawn or artist)
    close = [words for hue, _, words in keys if np.allclose(hue, colour, atol=0.01)]
    same = [words for hue, style, words in keys if np.allclose(hue, colour, atol=0.01) and style == dashes]
    return (same or close or [""])[0] if len(set(same or close)) <= 1 else ""


def _colour(artist: Any) -> tuple[float, ...]:
    """Return the colour of an artist without what shines through it; impossible where it has several."""
    for asked in ("get_color", "get_facecolor", "get_edgecolor"):
        if not hasattr(artist, asked):
            continue
        colour = getattr(artist, asked)()
        if isinstance(colour, np.ndarray) and colour.ndim == 2:
            colour = colour[0] if len(colour) == 1 else None
        if colour is not None:
            return to_rgb(tuple(colour) if isinstance(colour, np.ndarray) else colour)
    return (-1.0, -1.0, -1.0)


def _dashes(artist: Any) -> str:
    if not isinstance(artist, Line2D):
        return ""
    return f"{artist.get_linestyle()} {getattr(artist, '_unscaled_dash_pattern', '')}"
