"""What somebody can tell who knows the law of a company's leads: the floor, and what is due at all.

The law is read off a much larger company of the same kind, whose weeks do not differ by luck, cut at many
dates: what became of the leads of each product line that stood in a stage for so many weeks.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from catalogue import rng_of
from companies import HORIZON, NEVER, WEEK, Company, History, draw

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LEADS = 1_000_000
"""Of the larger company: some 40,000 sales, so that the law errs by half a per cent."""
EVERY = 6
"""Weeks between the dates at which it is cut."""
WAITED = 80
"""Weeks of waiting that are told apart."""
SPAN = 6
"""Where things change, cohorts of so many weeks around a week stand for it."""


@dataclass(frozen=True, slots=True)
class Law:
    """The law of a company's sales.

    Attributes:
        company: the larger one.
        due: share of the leads of a cohort that buy later than in a lag, within the horizon: cohort by age.
        chance: of buying within the horizon, by line, stage (0 = lead, last = marked as lost) and weeks
            waited there.
    """

    company: Company
    due: Floats
    chance: Floats

    def expected(self, leads: Floats, ages: Ints) -> Floats:
        """Return the sales still to come of cohorts, oldest first, for one who sees their leads alone."""
        result: Floats = leads * self.due[np.arange(len(ages)), np.clip(ages, 0, HORIZON)]
        return result

    def floor(self, history: History, date: dt.date) -> Floats:
        """Return the same for one who sees where every lead stands."""
        line, cohort, stage, waited = states(history, date)
        weeks = history.moment(date) // WEEK
        chance = self.chance[line, stage, waited]
        result: Floats = np.bincount(cohort, weights=chance, minlength=weeks)[:weeks]
        return result


def states(history: History, date: dt.date) -> tuple[Ints, Ints, Ints, Ints]:
    """Return line, cohort, stage and weeks waited of each lead that is there and not sold.

    A stage is 0 for the lead, 1, 2, ... for the furthest that was entered; one more than there are for those
    whose last entry is a loss.
    """
    at = history.moment(date)
    there = (history.created < at) & (history.entered[:, -1] >= at)
    entered = np.where(history.entered[there] < at, history.entered[there], -1)
    count = entered.shape[1]
    furthest = np.where(entered >= 0, np.arange(1, count + 1), 0).max(axis=1)
    since = np.maximum(entered.max(axis=1), history.created[there])
    gone = history.lost[there]
    is_lost = (gone < at) & (gone >= entered.max(axis=1))
    waited = np.where(is_lost, at - gone, at - since) // WEEK
    stage = np.where(is_lost, count, furthest)
    return history.codes["product"][there], history.cohort[there], stage, np.clip(waited, 0, WAITED)


def learn(company: Company) -> Law:
    """Read the law of a company off a larger one."""
    mean = float(company.volume().sum())
    larger = replace(company, leads=company.leads * LEADS / mean, spread=0.0, volume_spread=0.0)
    history = draw(larger, rng_of(f"law of {company.name}", 0))
    size = np.zeros((len(company.lines), len(company.stages) + 1, WAITED + 1))
    sold = np.zeros_like(size)
    lag = history.true[:, -1] // WEEK - history.cohort
    buys = (history.true[:, -1] < NEVER) & (lag <= HORIZON)
    for week in range(max(company.weeks // 4, 1), company.weeks + 1, EVERY):
        date = company.start + dt.timedelta(weeks=week)
        at = history.moment(date)
        there = (history.created < at) & (history.entered[:, -1] >= at)
        line, _, stage, waited = states(history, date)
        np.add.at(size, (line, stage, waited), 1)
        np.add.at(sold, (line, stage, waited), buys[there])
    return Law(
        larger, _due(history, lag, buys), np.divide(sold, size, out=np.zeros_like(size), where=size > 0)
    )


def _due(history: History, lag: Ints, buys: npt.NDArray[np.bool_]) -> Floats:
    company, weeks = history.company, len(history.company.volume())
    leads = np.bincount(history.cohort, minlength=weeks).astype(float)
    later = np.zeros((weeks, HORIZON + 1))
    np.add.at(later, (history.cohort[buys], lag[buys]), 1)
    later = later.sum(axis=1, keepdims=True) - np.cumsum(later, axis=1)
    if company.steady:
        around = np.ones((weeks, weeks))
    else:
        around = (np.abs(np.subtract.outer(np.arange(weeks), np.arange(weeks))) <= SPAN).astype(float)
    result: Floats = (around @ later) / np.maximum(around @ leads, 1)[:, None]
    return result
