"""From the cube to arrays: one stage's conversions by cohort and lag, and which weeks have been lived."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel import dates
from funnel.gate.stamps import untold_weeks
from funnel.schema import STAMPED

Floats = npt.NDArray[np.float64]

UNTOLD = 0.1
"""Where more of a cohort's events than this were stamped, the others are no fair sample of its delays."""


@dataclass(frozen=True, slots=True)
class Triangle:
    """What a report date has seen of one stage. Cohorts are consecutive weeks, oldest first.

    Attributes:
        weeks: Mondays of the cohorts.
        ages: whole weeks since the end of each cohort's week; -1 for the week that is not complete.
        leads: leads by cohort.
        events: leads that reached the stage, by cohort and lag 0..horizon.
        lived: share of each week that the cohort has lived, 0..1: a report in mid-week has part of the last.
        stamped: of the events those stamped at once: they happened by then, nobody knows when.
        known: 1 for the lags of a cohort of which the record tells when things happened, else 0.
        imported: cohorts whose leads an import created: nobody knows when these came.
    """

    weeks: pd.DatetimeIndex
    ages: npt.NDArray[np.int64]
    leads: Floats
    events: Floats
    lived: Floats
    stamped: Floats | None = None
    known: Floats | None = None
    imported: npt.NDArray[np.bool_] | None = None

    @property
    def reached(self) -> Floats:
        """Leads that reached the stage so far, by cohort."""
        result: Floats = self.events.sum(axis=1)
        return result

    @property
    def horizon(self) -> int:
        """The last lag that counts."""
        return int(self.events.shape[1]) - 1

    def told(self) -> Floats:
        """Return the events of which it is known when they happened, by cohort and lag."""
        if self.stamped is None or self.known is None:
            return self.events
        result: Floats = (self.events - self.stamped) * self.known
        return result

    def at_risk(self) -> Floats:
        """Return lead-weeks at risk by cohort and lag; who gets there in a week counts half of it.

        Where it is not known when things happened nobody is at risk.
        """
        before = np.cumsum(self.events, axis=1) - self.events
        result: Floats = np.maximum(self.leads[:, None] - before - self.events / 2, 0) * self.lived
        return result if self.known is None else result * self.known

    def as_of(self, back: int) -> Triangle:
        """Return the triangle as of the Monday `back` weeks before, without cohorts not complete by then."""
        keep = self.ages - back >= 0
        ages = self.ages[keep] - back
        lived = _lived(ages, 0.0, self.horizon)
        stamped = None if self.stamped is None else self.stamped[keep] * lived
        known = None if self.known is None else self.known[keep]
        imported = None if self.imported is None else self.imported[keep]
        seen = self.weeks[keep], ages, self.leads[keep], self.events[keep] * lived, lived
        return Triangle(*seen, stamped, known, imported)


def _lived(ages: npt.NDArray[np.int64], fraction: float, horizon: int) -> Floats:
    lags = np.arange(horizon + 1)[None, :]
    whole = (lags <= ages[:, None]).astype(float)
    result: Floats = np.where(lags == ages[:, None] + 1, fraction, whole)
    return result


def triangle(
    reached: pd.DataFrame, stage: str, report_date: dt.date, horizon: int, first: pd.Timestamp | None = None
) -> Triangle:
    """Return a stage's triangle from the cube `reached` (one slice of it: `REACHED_COLUMNS`).

    Weeks without leads inside the history are cohorts of 0 leads. Lags beyond the horizon are left out. The
    history begins with `first`, or with the first week that has leads.

    Raises:
        ValueError: the frame holds more than one slice.
    """
    slices = reached[["attribute", "value", "attribute2", "value2"]].drop_duplicates()
    if len(slices) > 1:
        raise ValueError(f"one slice is needed, found {len(slices)}")
    monday = dates.week_of(report_date)
    fraction = (report_date - monday).days / 7
    last = pd.Timestamp(monday) - pd.Timedelta(days=0 if fraction else 7)
    leads = reached[(reached["stage"] == "lead") & (reached["cohort_week"] <= last)]
    if first is None:
        first = leads["cohort_week"].min() if len(leads) else last + pd.Timedelta(days=7)
    weeks = pd.date_range(first, last, freq="7D")
    count = len(weeks)
    ages: npt.NDArray[np.int64] = np.asarray((pd.Timestamp(monday) - weeks).days // 7 - 1, dtype=np.int64)
    size = np.zeros(count)
    events = np.zeros((count, horizon + 1))
    if count:
        np.add.at(size, _index(leads, first), leads["leads"].to_numpy(float))
        got = reached[
            (reached["stage"] == stage) & (reached["lag"] <= horizon)
            & (reached["cohort_week"] <= last) & (reached["cohort_week"] >= first)
        ]  # fmt: skip
        np.add.at(events, (_index(got, first), got["lag"].to_numpy(int)), got["leads"].to_numpy(float))
    lived = _lived(ages, fraction, horizon)
    imported = weeks.isin(untold_weeks(leads)) if count else None
    if not count or STAMPED not in got or not got[STAMPED].sum():
        return Triangle(weeks, ages, size, events, lived, imported=imported)
    stamped = np.zeros_like(events)
    np.add.at(stamped, (_index(got, first), got["lag"].to_numpy(int)), got[STAMPED].to_numpy(float))
    return Triangle(weeks, ages, size, events, lived, stamped, _known(events, stamped), imported)


def _known(events: Floats, stamped: Floats) -> Floats:
    """Tell of which lags of which cohorts the record says when things happened.

    Of a cohort that was stamped for the most part nothing is known until the week of the last stamp: what it
    shows later is as good as of any other. Where only some of its events were stamped the others speak.
    """
    cohorts, lags = events.shape
    blind = stamped.sum(axis=1) > UNTOLD * np.maximum(events.sum(axis=1), 1)
    week = np.arange(cohorts)[:, None] + np.arange(lags)[None, :]
    until = int(week[blind][stamped[blind] > 0].max(initial=-1))
    until = max(until, int(np.flatnonzero(blind).max(initial=-1)))
    return np.where(blind[:, None] & (week <= until), 0.0, 1.0)


def _index(frame: pd.DataFrame, first: pd.Timestamp) -> npt.NDArray[np.int64]:
    return np.asarray((frame["cohort_week"] - first).dt.days // 7, dtype=np.int64)


def calendar_sum(events: Floats, weeks: int, lags: slice = slice(None)) -> Floats:
    """Return events by calendar week of the history: cohort index + lag.

    Args:
        events: by cohort and lag.
        weeks: how many, from the first cohort's own on; later ones are left out.
        lags: those that count; default all.
    """
    cohorts, count = events.shape
    lags = lags or slice(None)
    week = (np.arange(cohorts)[:, None] + np.arange(count)[None, :])[:, lags]
    total = np.bincount(week.ravel(), weights=events[:, lags].ravel(), minlength=weeks)
    return total[:weeks].astype(np.float64)
