"""Known shapes of trouble: overload, a market-wide drop, a hidden launch, a data fault.

A shape is a pattern of the last four cohorts beside their history: what volume did, what conversions did, and
whether everywhere or in one segment. Conversions of several steps are put together as the sum of their
standard scores over the root of their number (Stouffer et al. 1949).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.attention.readings import Flags, Reading, left_out, pairs, read
from funnel.analysis.calendar.shown import Rhythm, rhythm
from funnel.analysis.cube.cells import TOTAL, Cells, cells, ripening
from funnel.analysis.cube.segments import leaks
from funnel.analysis.statistics.dispersion import tails
from funnel.calendar import NO_CALENDAR, Calendar
from funnel.logbook import Initiative

Floats = npt.NDArray[np.float64]

WIDTH = 4
"""Cohorts read together."""
VOLUME_WEEKS = 13
UP, LAUNCHED = 1.2, 1.4
"""Volume beside the last quarter's that counts as up: of everything; of a segment, relative to the others."""
DOWN = -2.5
"""Standard score from which conversions count as down."""
EVERYWHERE = 0.75
"""Share of an attribute's values that go the same way."""
ENOUGH = 8.0
"""Conversions expected from which none at all is a fault."""
SURELY = 1e-4
"""Chance from which it is none that everybody who reached a step had reached the next one too."""
ONE_WEEK = ("data_fault", "skipped_stage")
COLUMNS = ("shape", "attribute", "value", "first_week", "last_week", "volume", "change", "score", "seen")


@dataclass(frozen=True, slots=True)
class Shape:
    """A named pattern.

    Attributes:
        name: overload, market, hidden_launch, data_fault or skipped_stage.
        cell: position of the slice.
        stage: for a data fault or a skipped stage the stage in question; else ''.
        volume: leads beside the last quarter's, 1.3 for +30 %.
        change: of the overall conversion, relative, as the product of the steps'.
        score: standard score of the conversions.
    """

    name: str
    cell: int
    stage: str
    volume: float
    change: float
    score: float


def shapes(
    reached: pd.DataFrame,
    steps: Sequence[str],
    report_date: dt.date,
    weeks: int = 26,
    initiatives: Sequence[Initiative] = (),
    calendar: Calendar = NO_CALENDAR,
) -> pd.DataFrame:
    """Name the known shapes of the last weeks, each as it could be seen at the end of its weeks.

    Args:
        reached: the cube, with the attributes to look at.
        steps: `lead` and the stages in order.
        report_date: D.
        weeks: how many weeks to look back over.
        initiatives: known changes, as in `deviations.deviations`.
        calendar: working days of the company's country.

    Returns:
        One row per shape, newest first: `shape` (overload, market, hidden_launch, data_fault: nobody reached
        the stage, skipped_stage: all who did had reached the next one too), `attribute` and `value` (of a
        hidden launch; else empty; for the last two `attribute` is 'stage' and `value` the stage), `seen`
        (Monday of the report that could name it first), `first_week` and `last_week` (cohort Mondays),
        `volume` (1.3 is 30 % more leads than in the quarter before), `change` (relative, of the overall
        conversion), `score` (standard score of the conversions). Weeks that overlap are one row.
    """
    table = cells(reached, steps, report_date)
    rows: list[dict[str, object]] = []
    for back in range(min(weeks, len(table.weeks) - VOLUME_WEEKS - WIDTH) - 1, -1, -1):
        seen = table.as_of(back)
        for shape in look(seen, initiatives, calendar):
            _add(rows, seen, shape)
    return pd.DataFrame(rows[::-1], columns=list(COLUMNS))


def _add(rows: list[dict[str, object]], seen: Cells, shape: Shape) -> None:
    """Add a shape, or prolong the same one if it was seen in the weeks just before."""
    width = 1 if shape.name in ONE_WEEK else WIDTH
    attribute, value = ("stage", shape.stage) if shape.stage else seen.keys[shape.cell][:2]
    first, last = pd.Timestamp(seen.weeks[-width]), pd.Timestamp(seen.weeks[-1])
    for row in rows:
        same = (row["shape"], row["attribute"], row["value"]) == (shape.name, attribute, value)
        if same and pd.Timestamp(str(row["last_week"])) >= first - pd.Timedelta(days=7):
            row["last_week"] = last
            if abs(shape.score) > abs(float(str(row["score"]))):
                row |= {
                    "volume": shape.volume,
                    "change": shape.change,
                    "score": shape.score,
                    "first_week": first,
                }
            return
    reported = last + pd.Timedelta(days=7)
    values = (shape.name, attribute, value, first, last, shape.volume, shape.change, shape.score, reported)
    rows.append(dict(zip(COLUMNS, values, strict=True)))


def look(
    table: Cells, initiatives: Sequence[Initiative] = (), calendar: Calendar = NO_CALENDAR
) -> Iterator[Shape]:
    """Name what the newest weeks of a table look like; most often nothing."""
    share = ripening(table)
    old = left_out(table, initiatives)
    kept = rhythm(table, share, calendar)
    faults = list(_faults(table, share, old, kept))
    yield from faults
    readings = [read(table, share, pair, WIDTH, old, kept) for pair in pairs(table.steps)[:-1]]
    known = [reading for reading in readings if reading is not None]
    if faults or not known or len(table.weeks) < VOLUME_WEEKS + WIDTH:
        return
    volume, sure = _volumes(table)
    scores, change = _scores(known), _changes(known)
    whole = table.keys.index(TOTAL)
    launched = list(_launches(table, known, volume, sure))
    for cell in launched[:1]:
        yield Shape("hidden_launch", cell, "", float(volume[cell]), float(change[cell]), float(scores[cell]))
    if launched or scores[whole] > DOWN or not _everywhere(table, scores):
        return
    more = volume[whole] >= UP and sure[whole] >= 1.5
    name = "overload" if more else "market"
    yield Shape(name, whole, "", float(volume[whole]), float(change[whole]), float(scores[whole]))


def _faults(table: Cells, share: Floats, old: Flags, kept: Rhythm) -> Iterator[Shape]:
    """Find stages that nobody enters any more, though the history says that many should have."""
    whole = table.keys.index(TOTAL)
    readings = [read(table, share, pair, 1, old, kept) for pair in pairs(table.steps)[:-1]]
    for number, reading in enumerate(readings):
        if reading is None:
            continue
        after = readings[number + 1] if number + 1 < len(readings) else None
        none = reading.reached[whole] == 0 and reading.expected[whole] >= ENOUGH
        if none:
            yield Shape("data_fault", whole, reading.stage, float("nan"), -1.0, float("nan"))
            return
        if after is not None and after.rows == reading.rows and _all_too_many(after, whole):
            yield Shape("skipped_stage", whole, reading.stage, float("nan"), float("nan"), float("nan"))
            return


def _all_too_many(after: Reading, whole: int) -> bool:
    """Tell whether all of a cohort went a step further that should not have, far beyond a good week."""
    base = after.base[[whole]]
    if base[0] < ENOUGH or after.reached[whole] < base[0]:
        return False
    _, above = tails(after.reached[[whole]], base, after.rate[[whole]], after.variance[[whole]])
    return bool(above[0] < SURELY)


def _volumes(table: Cells) -> tuple[Floats, Floats]:
    """Return each cell's leads beside the quarter before, and the standard score of that.

    Of the four weeks the two neighbours with the most leads count: a rush need not fill them all.
    """
    leads = table.arrived()
    best = np.maximum.reduce(
        [leads[:, -WIDTH + k : len(table.weeks) - WIDTH + k + 2].mean(axis=1) for k in range(WIDTH - 1)]
    )
    before = leads[:, -WIDTH - VOLUME_WEEKS : -WIDTH]
    usual = np.maximum(before.mean(axis=1), 0.5)
    spread = np.maximum(before.var(axis=1, ddof=1), usual)
    return best / usual, (best - usual) / np.sqrt(spread * (1 / 2 + 1 / VOLUME_WEEKS))


def _scores(readings: list[Reading]) -> Floats:
    """Return each cell's standard score of all steps together."""
    return np.asarray(
        sum(
            (reading.reached - reading.expected) / np.sqrt(np.maximum(reading.variance, 0.25))
            for reading in readings
        )
        / np.sqrt(len(readings))
    )


def _changes(readings: list[Reading]) -> Floats:
    """Return each cell's change of the whole, relative: the product of the steps'."""
    ratios = [(reading.reached + 0.5) / (reading.expected + 0.5) for reading in readings]
    return np.asarray(np.prod(ratios, axis=0) - 1)


def _everywhere(table: Cells, scores: Floats) -> bool:
    """Say whether most values of every attribute go down."""
    attributes = {key[0] for key in table.keys} - {""}
    down = [
        [scores[number] < 0 for number, key in enumerate(table.keys) if key[0] == name] for name in attributes
    ]
    return all(np.mean(values) >= EVERYWHERE for values in down)


def _launches(table: Cells, readings: list[Reading], volume: Floats, sure: Floats) -> Iterator[int]:
    """Find segments with more leads, and worse ones, while the others are as ever; strongest first."""
    whole = table.keys.index(TOTAL)
    leads = table.arrived()
    first = readings[:2]
    own = _scores(first)
    now, before = leads[:, -WIDTH:].mean(axis=1), leads[:, -WIDTH - VOLUME_WEEKS : -WIDTH].mean(axis=1)
    rest_volume = (now[whole] - now) / np.maximum(before[whole] - before, 0.5)
    rest = np.asarray(
        sum(
            (reading.reached[whole] - reading.reached - reading.expected[whole] + reading.expected)
            / np.sqrt(np.maximum(reading.variance[whole], 0.25))
            for reading in first
        )
        / np.sqrt(len(first))
    )
    told = leaks(table)  # whoever has a value then has advanced: more of them have by now, and fewer on
    for cell in np.argsort(own, kind="stable"):
        if table.keys[cell][0] in told or table.keys[cell][2] in told:
            continue
        alone = volume[cell] >= LAUNCHED * max(rest_volume[cell], 0.9) and rest_volume[cell] < 1.15
        if cell != whole and alone and sure[cell] >= 3 and own[cell] <= -2.5 and rest[cell] > -2.5:
            yield int(cell)
