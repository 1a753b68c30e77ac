"""What a history tells of what is still to come: today, and by the same function as of any earlier Monday.

What is printed is what is scored: the forecast, its marks, the backtest and the track record all ask here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.calendar.clock import Clock, clocks_of
from funnel.analysis.cube.triangles import Triangle, triangle
from funnel.analysis.forecast.apart import Apart
from funnel.analysis.forecast.carry import CUTS
from funnel.analysis.forecast.conversion import Promises, StageFit, fit_stage
from funnel.analysis.forecast.draws import draw_coming
from funnel.analysis.forecast.moves import Moves, moves
from funnel.analysis.forecast.order import within
from funnel.analysis.forecast.states import States, fit_states, told, worth
from funnel.calendar import NO_CALENDAR, Calendar

Floats = npt.NDArray[np.float64]

DRAWS = 500


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one stage.

    Attributes:
        fit: the model of the stage, and its triangle.
        coming: expected arrivals of leads that are there now, by cohort and calendar week from the report
            date's on.
        factor: draws of the factor on all that is to come, cohort by draw; its mean is 1.
        parts: the same of the groups that are forecast apart, by group; `coming` is then their sum.
    """

    fit: StageFit
    coming: Floats
    factor: Floats
    parts: Mapping[str, Told] = field(default_factory=dict)

    def maturity(self) -> tuple[Floats, Floats]:
        """Return the share of its final number each cohort has reached: expected; drawn (cohort by draw)."""
        if not self.parts:
            return self.fit.maturity()
        each = [part.maturity() for part in self.parts.values()]
        weight = self._weights()
        mean = np.sum([share * one[0] for share, one in zip(weight, each, strict=True)], axis=0)
        drawn = np.sum([share[:, None] * one[1] for share, one in zip(weight, each, strict=True)], axis=0)
        return mean, drawn

    def tail_share(self) -> Floats:
        """Return by cohort how much of its final number rests on the curve alone, not on events seen."""
        if not self.parts:
            return self.fit.tail_share()
        each = [part.tail_share() for part in self.parts.values()]
        result: Floats = np.sum(
            [share * one for share, one in zip(self._weights(), each, strict=True)], axis=0
        )
        return result

    def _weights(self) -> list[Floats]:
        """Return the share of each group in what the cohorts will have in the end."""
        finals = [part.fit.triangle.reached + part.coming.sum(axis=1) for part in self.parts.values()]
        total = np.sum(finals, axis=0)
        even = np.full_like(total, 1 / len(finals))
        return [np.divide(final, total, out=even.copy(), where=total > 0) for final in finals]

    def by(self, weeks: int) -> Floats:
        """Return expected arrivals in the next `weeks` calendar weeks, by cohort."""
        result: Floats = self.coming[:, :weeks].sum(axis=1)
        return result


@dataclass(frozen=True)
class History:
    """What a report date has seen.

    Attributes:
        stages: configured stages in their order.
        triangles: of every stage, on the same cohorts.
        stays: of the leads; None if only ages are known.
        draws: how many draws the intervals rest on.
        seed: of the draws.
        calendar: of the company's country.
        apart: how leads are forecast apart, if they are.
        parts: the history of each group, on the same cohorts.
        timed_by: of a group, the history of all leads.
    """

    stages: tuple[str, ...]
    triangles: tuple[Triangle, ...]
    stays: Moves | None
    draws: int = DRAWS
    seed: int = 0
    calendar: Calendar = NO_CALENDAR
    apart: Apart | None = None
    parts: Mapping[str, History] = field(default_factory=dict)
    timed_by: History | None = None
    _told: dict[tuple[str, int], Told] = field(default_factory=dict, repr=False)
    _states: dict[int, States | None] = field(default_factory=dict, repr=False)
    _clocks: dict[int, list[Clock]] = field(default_factory=dict, repr=False)

    def told(self, stage: str, back: int = 0) -> Told:
        """Return what is told of a stage today, or as of the Monday `back` weeks before.

        It keeps within what is told of the stage before it (`order`).
        """
        if (stage, back) not in self._told:
            fit = self._fit(stage, back)
            parts = {group: part.told(stage, back) for group, part in self.parts.items()}
            self._told[stage, back] = _together(fit, parts) if parts else self._alone(stage, back, fit)
        return self._told[stage, back]

    def states(self, back: int = 0) -> States | None:
        """Return where the open leads stood, if it is known."""
        if back not in self._states:
            stays, seen = self._stays(back), self.seen(self.stages[0], back)
            self._states[back] = (
                fit_states(stays, seen.ages, seen.horizon, self.clocks(back)) if stays is not None else None
            )
        return self._states[back]

    def seen(self, stage: str, back: int = 0) -> Triangle:
        """Return the triangle of a stage today, or as of the Monday `back` weeks before."""
        now = self.triangles[self.stages.index(stage)]
        return now.as_of(back) if back else now

    def clocks(self, back: int = 0) -> list[Clock]:
        """Return the clock of every stage; a group that is forecast apart lives by that of all leads."""
        if self.timed_by is not None:
            return self.timed_by.clocks(back)
        if back not in self._clocks:
            then = [one.as_of(back) for one in self.triangles] if back else list(self.triangles)
            self._clocks[back] = clocks_of(then, self.calendar)
        return self._clocks[back]

    def _stays(self, back: int) -> Moves | None:
        return self.stays.as_of(back) if self.stays is not None and back else self.stays

    def _fit(self, stage: str, back: int) -> StageFit:
        """Return the model of a stage by all leads together.

        Where groups are forecast apart, it tells of earlier Mondays what has been learnt and no more: what
        was still to come then follows from where the leads of each group stood.
        """
        number, seen, clocks = self.stages.index(stage), self.seen(stage, back), self.clocks(back)
        states, stays = (None, None) if self.parts and back else (self.states(back), self._stays(back))
        asked = (
            promises(worth(states, number), stays, seen, number, clocks)
            if states is not None and stays is not None
            else None
        )
        return fit_stage(seen, seed=self.seed + number, promises=asked, clock=clocks[number])

    def _alone(self, stage: str, back: int, fit: StageFit) -> Told:
        """Return what the model of a stage tells."""
        number = self.stages.index(stage)
        one = Told(fit, *draw_coming(fit, self.draws, self.seed + number))
        if not number:
            return one
        coming, factor = within(one, self.told(self.stages[number - 1], back))
        return replace(one, coming=coming, factor=factor)


def history(
    reached: pd.DataFrame,
    stages: Sequence[str],
    report_date: dt.date,
    horizon: int,
    *,
    moved: pd.DataFrame | None = None,
    first: pd.Timestamp | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    calendar: Calendar = NO_CALENDAR,
) -> History:
    """Read the cubes of one slice.

    Args:
        reached: the cube `reached` (`REACHED_COLUMNS`), as of the report date.
        stages: configured stages in their order, `lead` not among them.
        report_date: of the cube.
        horizon: weeks after which nothing counts any more.
        moved: the cube `moved` (`MOVED_COLUMNS`).
        first: Monday of the first cohort; default that of the first lead.
        draws: how many draws the intervals rest on.
        seed: of the draws.
        calendar: of the company's country.
    """
    seen = tuple(triangle(reached, stage, report_date, horizon, first) for stage in stages)
    stays = None
    if moved is not None and len(moved) and seen and len(seen[0].weeks):
        stays = moves(moved, stages, seen[0].weeks[0], len(seen[0].weeks), report_date.weekday() / 7)
    return History(tuple(stages), seen, stays, draws, seed, calendar)


def with_parts(
    whole: History, apart: Apart, reached: pd.DataFrame, report_date: dt.date, moved: pd.DataFrame | None
) -> History:
    """Read the groups that are forecast apart.

    Args:
        whole: the history of all leads.
        apart: the groups.
        reached: the cube `reached` of the attribute.
        report_date: of the cube.
        moved: the cube `moved` of the attribute.
    """
    stays = apart.of(moved) if moved is not None else {}
    seen = whole.triangles[0]
    parts = {}
    for number, (group, cube) in enumerate(apart.of(reached).items()):
        own = history(
            cube,
            whole.stages,
            report_date,
            seen.horizon,
            moved=stays.get(group),
            first=seen.weeks[0],
            draws=whole.draws,
            seed=whole.seed + 1000 * (number + 1),
        )
        parts[group] = replace(own, timed_by=whole)
    return replace(whole, apart=apart, parts=parts, _told={}, _states={}, _clocks={})


def _together(whole: StageFit, parts: Mapping[str, Told]) -> Told:
    """Return what the groups tell together."""
    coming = np.sum([part.coming for part in parts.values()], axis=0)
    drawn = np.sum([part.coming.sum(axis=1)[:, None] * part.factor for part in parts.values()], axis=0)
    mean = coming.sum(axis=1)[:, None]
    factor = np.divide(drawn, mean, out=np.ones_like(drawn), where=mean > 0)
    left = np.sum([part.fit.left for part in parts.values()], axis=0)
    return Told(replace(whole, left=left), coming, factor, parts)


def promises(values: Floats, stays: Moves, seen: Triangle, stage: int, clocks: Sequence[Clock]) -> Promises:
    """Return what open leads promise for a stage, now and at the ages at which older cohorts are cut.

    Args:
        values: what open leads are worth (`states.worth`); those of the whole serve for a slice.
        stays: of the leads of the slice.
        seen: the slice's triangle of the stage.
        stage: its number; 0 = the first configured one.
        clocks: of all stages.
    """
    cohorts, waits = len(seen.ages), seen.horizon + 1
    now = stays.standing(cohorts, waits, clocks)
    ahead = told(now, values, seen.horizon - seen.ages)
    past = {cut: told(stays.standing(cohorts, waits, clocks, cut), values, seen.ages - cut) for cut in CUTS}
    left: Floats = now[:, : stage + 1].sum(axis=(1, 2))
    return Promises(left, ahead, past)
