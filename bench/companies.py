"""Invented companies, lead by lead, with everything that will happen to their leads.

A `Company` (`traits`) says what is true of one: how many leads come, of which product lines, how far and
how fast they go, what they pay, and how its people keep their records. `draw` makes one history of it, in
whole arrays, so that hundreds can be made; `History` knows what no report can know yet. Times are whole
seconds from the first Monday on; `NEVER` stands for what does not happen. Source of the funnel: every
step is taken or not, with a chance that differs a little from cohort to cohort, after a lognormal time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from bookkeeping import batches, clock, exported, monthly, recorded
from traits import AHEAD, Company, Line

DAY = 86_400
WEEK = 7 * DAY
NEVER = np.int64(2**60)
HORIZON = 104
CHANNELS = ("call", "fair", "search", "social")
MANAGERS = ("Anna", "Boris", "Clara", "David", "Elena", "Felix")
__all__ = ["Company", "History", "Line", "draw"]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class History:
    """One history of a company; a row of every array is a lead, the oldest first.

    Attributes:
        company: whose.
        cohort: number of its week.
        created: when it came.
        true: when it reached each stage, those passed over too; lead by stage.
        entered: when the record says that it entered each stage; lead by stage.
        lost: when the record says that it was lost.
        codes: by attribute, the number of its value.
        inherited: leads that have another manager from `leaves_at` on.
        payer: of a payment: the row of its lead.
        paid_at: when it was paid.
        amount: in cents.
        looked: when it was first seen in an export (`Company.exported_at`); before all time for events.
    """

    company: Company
    cohort: Ints
    created: Ints
    true: Ints
    entered: Ints
    lost: Ints
    codes: Mapping[str, Ints]
    inherited: Flags
    payer: Ints
    paid_at: Ints
    amount: Ints
    looked: Ints | None = None

    def moment(self, date: dt.date) -> int:
        """Return the midnight that begins a day, in seconds."""
        return (date - self.company.start).days * DAY

    def values(self, attribute: str, date: dt.date) -> npt.NDArray[np.object_]:
        """Return the value of each lead as the record has it on a day."""
        names = np.array(
            {
                "product": [line.name for line in self.company.lines],
                "channel": CHANNELS,
                "manager": MANAGERS,
            }[attribute],
            dtype=object,
        )
        codes = self.codes[attribute]
        leaves = self.company.leaves_at
        if attribute == "manager" and leaves is not None and self.moment(date) > leaves * WEEK:
            codes = np.where(self.inherited, len(MANAGERS) - 1, codes)
        return names[codes]

    def final(self, date: dt.date, horizon: int = HORIZON) -> Ints:
        """Return how many leads of each complete cohort reach each stage within the horizon."""
        count = self.moment(date) // WEEK
        lag = self.true // WEEK - self.cohort[:, None]
        inside = (lag <= horizon) & (self.cohort < count)[:, None]
        columns = [np.bincount(self.cohort[here], minlength=count) for here in inside.T]
        return np.stack(columns, axis=1).astype(np.int64)

    def revenue(self, date: dt.date, weeks: int = 13) -> tuple[Floats, Floats]:
        """Return what is paid in each of the next weeks: by leads that are there, and by later ones.

        Raises:
            ValueError: leads of those weeks were not drawn.
        """
        first = self.moment(date)
        if first // WEEK + weeks > self.company.weeks + AHEAD:
            raise ValueError(f"leads are known for {AHEAD} weeks after the newest report date alone")
        week = (self.paid_at - first) // WEEK
        inside = (week >= 0) & (week < weeks)
        there = self.created[self.payer] < first
        parts = [
            np.bincount(week[some], weights=self.amount[some] / 100, minlength=weeks)
            for some in (inside & there, inside & ~there)
        ]
        return parts[0], parts[1]

    def worth(self, date: dt.date, attribute: str = "product", horizon: int = HORIZON) -> dict[str, float]:
        """Return what a lead of each value pays within the horizon, over the cohorts complete on a day."""
        whole = self.cohort < self.moment(date) // WEEK
        values = self.values(attribute, date)
        inside = whole[self.payer] & (self.paid_at // WEEK - self.cohort[self.payer] <= horizon)
        return {
            str(value): float(self.amount[inside & (values[self.payer] == value)].sum() / 100)
            / max(int((whole & (values == value)).sum()), 1)
            for value in np.unique(values)
        }


def draw(company: Company, rng: np.random.Generator) -> History:
    """Draw one history."""
    expected = company.volume() * np.exp(rng.normal(0, company.volume_spread, company.weeks + AHEAD))
    cohort = np.repeat(np.arange(company.weeks + AHEAD), rng.poisson(expected))
    size = len(cohort)
    days = np.array([1.0] * 5 + [company.weekend] * 2)
    created = cohort * WEEK + rng.choice(7, size, p=days / days.sum()) * DAY + rng.integers(0, DAY, size)
    order = np.argsort(created, kind="stable")
    cohort, created = cohort[order], created[order]
    edges = np.cumsum(company.shares(), axis=1)[cohort]
    line = (rng.random(size)[:, None] >= edges[:, :-1]).sum(axis=1)
    true, stopped, end = _go(company, cohort, created, line, rng)
    true, lost = batches(company, true, _lose(company, line, stopped, end, rng), rng)
    entered, lost = recorded(company, created, true, lost, rng)
    if company.begun_at:
        there = np.minimum(true[:, -1], lost) >= company.begun_at * WEEK
        cohort, created, line, true, entered, lost = (
            each[there] for each in (cohort, created, line, true, entered, lost)
        )
        size = len(cohort)
    sold = np.flatnonzero(true[:, -1] < NEVER)
    wait = rng.exponential(company.pay_weeks, len(sold)) * WEEK
    price = np.array([one.price for one in company.lines])[line[sold]]
    months = true[sold, -1] / (365.25 / 12 * DAY)
    amount = price * (1 + company.rise) ** months * rng.lognormal(-0.18, 0.6, len(sold))
    codes = {
        "product": line,
        "channel": rng.integers(len(CHANNELS), size=size),
        "manager": rng.integers(len(MANAGERS) - 1, size=size),
    }
    inherited = np.zeros(size, dtype=bool)
    if company.leaves_at is not None:
        gone = company.leaves_at * WEEK
        codes["manager"] = np.where(
            (created >= gone) & (codes["manager"] == 0), 1 + np.arange(size) % 4, codes["manager"]
        )
        inherited = (codes["manager"] == 0) & (lost >= gone) & (entered[:, -1] >= gone)
    entered, lost = monthly(company, codes["manager"], entered, lost)
    looked = None
    if company.exported_at is not None:
        entered, looked = exported(company, created, entered, lost)
    return History(
        company, cohort, created, true, entered, lost, codes, inherited,
        sold, true[sold, -1] + wait.astype(np.int64), np.round(amount * 100).astype(np.int64),
        looked,
    )  # fmt: skip


def _go(
    company: Company, cohort: Ints, created: Ints, line: Ints, rng: np.random.Generator
) -> tuple[Ints, Flags, Floats]:
    """Send every lead as far as it goes.

    Returns:
        When it reaches each stage; whether it stops before the last one; when its last step ended, by the
        clock of working time.
    """
    size, count = len(cohort), len(company.stages)
    of_work, of_day = clock(company)
    with np.errstate(divide="ignore"):
        steps = np.array([one.steps for one in company.lines])
        logit = np.log(steps) - np.log1p(-steps)
    medians = np.array([one.weeks for one in company.lines])
    sigma = np.array([one.sigma for one in company.lines])[line]
    shock = rng.normal(0, company.spread, (company.weeks + AHEAD, count))
    factor = np.where(company.bursts(), 0.5, 1.0)[cohort]
    pace = np.where(rng.random(size) < company.quick, 0.1, 3.0) if company.quick else np.ones(size)
    if company.pace is not None:
        pace = np.where(cohort >= company.pace[0], pace * company.pace[1], pace)
    now, alive = of_work(created.astype(float)), np.ones(size, dtype=bool)
    true = np.full((size, count), NEVER)
    for number in range(count):
        chance = factor / (1 + np.exp(-(logit[line, number] + shock[cohort, number])))
        if company.base is not None and number == count - 1:
            chance = np.where(cohort >= company.base[0], chance * company.base[1], chance)
        alive &= rng.random(size) < chance
        taken = pace * medians[line, number] * np.exp(sigma * rng.standard_normal(size)) * WEEK
        now = np.where(alive, now + taken, now)
        true[alive, number] = np.minimum(of_day(now[alive]), 2**58).astype(np.int64)
    return true, ~alive, now


def _lose(company: Company, line: Ints, stopped: Flags, end: Floats, rng: np.random.Generator) -> Ints:
    """Return when those who go no further are marked as lost."""
    sold = np.array([float(np.prod(one.steps)) for one in company.lines])
    share = np.clip((company.closed - sold) / np.maximum(1 - sold, 1e-9), 0, 1)[line]
    mean = np.array([company.lost_weeks or sum(one.weeks) for one in company.lines])[line]
    when = clock(company)[1](end + rng.exponential(mean) * WEEK)
    marked = stopped & (rng.random(len(line)) < share)
    return np.where(marked, np.minimum(when, 2**58).astype(np.int64), NEVER)
