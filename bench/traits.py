"""What is true of an invented company: how many leads come, how they go on, how its people keep records."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

AHEAD = 14
"""Weeks of leads after the newest report date: those are the future leads of a revenue forecast."""
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Line:
    """A product line.

    Attributes:
        name: value of the attribute `product`.
        share: of the leads at the beginning; shares are relative to each other.
        share_end: at the newest report date and later; between them it moves in a straight line.
        steps: chance of each step.
        weeks: median weeks of each step.
        sigma: standard deviation of the logarithm of those times.
        price: mean of a payment.
    """

    name: str = "all"
    share: float = 1.0
    share_end: float | None = None
    steps: tuple[float, ...] = (0.42, 0.53, 0.42, 0.43)
    weeks: tuple[float, ...] = (0.3, 1.0, 3.0, 6.0)
    sigma: float = 0.8
    price: float = 1000.0


@dataclass(frozen=True, slots=True)
class Company:
    """What is true of a company.

    Attributes:
        name: what the tables call it.
        leads: mean leads a week at the beginning.
        lines: product lines, all with the same number of stages.
        weeks: weeks of log at the newest report date.
        start: first Monday.
        closed: share of all leads that end as sold or are marked as lost; the others stay open for ever.
        lost_weeks: mean weeks until a lead that goes no further is marked as lost (0: as long as its line's
            median steps take together).
        spread: standard deviation of the logit of each step between cohorts.
        volume_spread: standard deviation of the logarithm of a week's expected leads.
        growth: leads a week at the newest report date over those at the beginning.
        season: amplitude of a yearly season of the leads, 0..1.
        weekend: leads of a day at the weekend over those of a working day.
        burst: factor on the leads of every 20th week; those of a burst take each step half as often.
        pause: weeks without any lead in the middle of the log.
        quick: share of leads that take a tenth of the time, the others three times (0: all as said).
        rise: by how much prices rise a month.
        pay_weeks: mean weeks from a sale to its payment.
        base: from which cohort on, and by which factor, the last step is taken.
        pace: from which cohort on, and by which factor, every step takes longer.
        country: whose holidays slow decisions ("": nothing does): `bookkeeping.HOLIDAYS`.
        month_end: share of sales that are signed on the last two days of their month.
        quarter_end: share of sales that are signed in the last two weeks of their quarter.
        monthly: how many managers enter everything on the last two days of its month.
        monthly_after: they do so on the first three days of the next month instead.
        exported_at: week of the first export from a CRM that keeps no history; one follows every week (None:
            every entry is an event).
        friday: every entry is written down on the next Friday.
        cleaned: losses are written down on one day every so many weeks (0: when they happen).
        skips: share of the passed stages that nobody writes down.
        reopened: share of the sold leads that were marked as lost on the way.
        migration: "stamped": what came before was entered on one day; "created": it bears the creation's
            time; "" none.
        migrated_at: week of that.
        begun_at: week before which nothing is on record of what had ended: only open leads were taken over.
        leaves_at: week in which the first manager leaves and the last one inherits the open leads.
        report_at: weeks at which reports are made; () for the newest.
        steady: whether nothing changes, so that bars of steady worlds apply and the law of its leads can be
            told from a larger company of the same kind.
    """

    name: str
    leads: float
    lines: tuple[Line, ...] = (Line(),)
    weeks: int = 104
    start: dt.date = dt.date(2020, 9, 28)
    closed: float = 0.9
    lost_weeks: float = 0.0
    spread: float = 0.15
    volume_spread: float = 0.06
    growth: float = 1.0
    season: float = 0.0
    weekend: float = 1.0
    burst: float = 1.0
    pause: int = 0
    quick: float = 0.0
    rise: float = 0.0
    pay_weeks: float = 1.0
    base: tuple[int, float] | None = None
    pace: tuple[int, float] | None = None
    country: str = ""
    month_end: float = 0.0
    quarter_end: float = 0.0
    monthly: int = 0
    monthly_after: bool = False
    exported_at: int | None = None
    friday: bool = False
    cleaned: int = 0
    skips: float = 0.0
    reopened: float = 0.0
    migration: str = ""
    migrated_at: int = 0
    begun_at: int = 0
    leaves_at: int | None = None
    report_at: tuple[int, ...] = ()
    steady: bool = True

    @property
    def stages(self) -> tuple[str, ...]:
        """Keys of the stages; the last one is the sale."""
        count = len(self.lines[0].steps)
        return (*(f"stage_{number}" for number in range(1, count)), "sale")

    @property
    def dates(self) -> tuple[dt.date, ...]:
        """The report dates."""
        return tuple(self.start + dt.timedelta(weeks=week) for week in self.report_at or (self.weeks,))

    def volume(self) -> Floats:
        """Return expected leads by week, those after the newest report date too."""
        week = np.arange(self.weeks + AHEAD)
        result = self.leads * self.growth ** (week / self.weeks)
        result *= 1 + self.season * np.sin(2 * np.pi * week / 52)
        result = np.where(self.bursts(), result * self.burst, result)
        middle = self.weeks // 2
        return np.where((week >= middle) & (week < middle + self.pause), 0.0, result)

    def bursts(self) -> Flags:
        """Tell of every week whether it is a burst."""
        return (self.burst != 1) & (np.arange(self.weeks + AHEAD) % 20 == 13)

    def shares(self) -> Floats:
        """Return the share of each line by week: week by line."""
        done = np.minimum(np.arange(self.weeks + AHEAD) / self.weeks, 1)[:, None]
        first = np.array([line.share for line in self.lines])
        last = np.array([line.share if line.share_end is None else line.share_end for line in self.lines])
        result = first + (last - first) * done
        return result / result.sum(axis=1, keepdims=True)
