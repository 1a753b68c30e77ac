"""Where leads stood and when they moved on: the cube `moved` as arrays, to be cut at any earlier Monday."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.calendar.clock import Clock
from funnel.schema import STAMPED
from funnel.settings import LEAD, LOST

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

GONE = -1
"""The number of a loss among the next stages."""
OPEN = -2
"""The number of 'still there' among the next stages."""


@dataclass(frozen=True, slots=True)
class Moves:
    """Stays of leads in stages: each element is so many leads of one cohort with one and the same stay.

    Attributes:
        cohort: index of the cohort; week 0 is that of the first one.
        stage: where they stayed; 0 = lead.
        next: where they went; `GONE`, or `OPEN` for those still there.
        came: week in which they came into the stage.
        went: week in which they left it; for the open ones `week`.
        leads: how many they are.
        timed: of these, how many it is known of when they came and went.
        stages: how many stages there are after the lead.
        week: the report date's own week, in which `fraction` has been lived.
        fraction: 0 for a Monday.
    """

    cohort: Counts
    stage: Counts
    next: Counts
    came: Counts
    went: Counts
    leads: Floats
    timed: Floats
    stages: int
    week: int
    fraction: float

    def as_of(self, back: int) -> Moves:
        """Return the moves as of the Monday `back` weeks before, without cohorts not complete by then.

        A lead that was lost then and has come back since counts as open then: of its losses the cube knows
        none.
        """
        week = self.week - back
        keep = (self.cohort < week) & (self.came < week)
        still = self.went[keep] >= week
        return Moves(
            self.cohort[keep],
            self.stage[keep],
            np.where(still, OPEN, self.next[keep]),
            self.came[keep],
            np.minimum(self.went[keep], week),
            self.leads[keep],
            self.timed[keep],
            self.stages,
            week,
            0.0,
        )

    def standing(self, cohorts: int, waits: int, clocks: Sequence[Clock], age: int | None = None) -> Floats:
        """Return where leads stand: cohort by stage by lag since they came.

        Args:
            cohorts: how many there are.
            waits: how many lags are told apart; longer waits count as the last.
            clocks: of the steps out of each stage. Who stands between two lags counts in both, in proportion.
            age: whole weeks after the end of each cohort's own week at which it is looked at; None: now.
        """
        week = self.week + self.fraction if age is None else self.cohort + age + 1.0
        there = (self.came < week) & ((self.went >= week) | (self.next == OPEN)) & (week <= self.week)
        if age is None:
            there = self.next == OPEN
        result = np.zeros((cohorts, self.stages, waits))
        for stage, clock in enumerate(clocks):
            here = there & (self.stage == stage)
            came = self.came[here]
            since = (np.broadcast_to(week, self.came.shape)[here] - came)[:, None]
            lag = np.clip(clock.lag(came, since)[:, 0], 0, waits - 1)
            before = np.minimum(lag.astype(np.int64), waits - 2)
            share = lag - before
            for step, part in ((0, 1 - share), (1, share)):
                np.add.at(result[:, stage], (self.cohort[here], before + step), self.leads[here] * part)
        return result


def moves(
    moved: pd.DataFrame, stages: Sequence[str], first: pd.Timestamp, cohorts: int, fraction: float
) -> Moves:
    """Read the cube `moved` (one slice of it, `MOVED_COLUMNS`).

    Args:
        moved: the cube.
        stages: configured stages in their order.
        first: Monday of the first cohort.
        cohorts: how many cohorts there are up to the report date, its own week among them if it has begun.
        fraction: share of the report date's own week that has been lived.
    """
    number = {name: n for n, name in enumerate([LEAD, *stages])}
    cohort = np.asarray((moved["cohort_week"] - first).dt.days // 7, dtype=np.int64)
    stage = moved["stage"].map(number).fillna(-1).to_numpy(np.int64)
    following = moved["next_stage"].map({**number, LOST: GONE, "": OPEN}).fillna(GONE).to_numpy(np.int64)
    keep = (cohort >= 0) & (cohort < cohorts) & (stage >= 0) & (stage < len(stages))
    came, went = (cohort + moved[name].to_numpy(np.int64) for name in ("entered", "left"))
    leads = moved["leads"].to_numpy(np.float64)
    stamped = moved[STAMPED].to_numpy(np.float64) if STAMPED in moved else 0.0
    return Moves(
        cohort[keep],
        stage[keep].astype(np.int64),
        following[keep].astype(np.int64),
        came[keep],
        went[keep],
        leads[keep],
        (leads - stamped)[keep],
        len(stages),
        cohorts - (1 if fraction else 0),
        fraction,
    )
