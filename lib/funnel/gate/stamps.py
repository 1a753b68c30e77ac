"""History that was stamped at once: moments at which more happened than people can enter.

A migrated CRM dates the history it brought to the day of the migration, or every step to its lead's creation.
Such an entry says that the stage was reached by then; it does not say when.

A day or second is stamped when at least `FEW` entries bear it, most of them of leads older than `OLD_DAYS`
(those of a campaign, or of a manager who enters the month at its end, are younger), and when they are at
least half of all entries, or `SHARE` of them and `TIMES` as many as the largest day of a usual month. A
cohort is stamped when of its leads that went two steps or more at least `CREATED` did as they came. Leads
count as imported that were created on a day with `FEW`, `SHARE` and `TIMES` of all leads.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.dates import WEEK
from funnel.schema import STAMPED, require

FEW = 30
OLD_DAYS = 28
SHARE = 0.02
TIMES = 10.0
MOST = 0.5
CREATED = 0.8
EDGE = 0.2
"""The same of a week beside a stamped one, in which the stamping began or ended."""
SEEN_TWICE = 10
"""Leads of neighbouring cohorts that went two steps or more; from so many a cohort's share is told."""
UNTOLD = 0.05
"""Where more of a cohort's ends than this are stamped, what is left of it is no fair sample of its times."""

COUNT_COLUMNS = ("moment", "rows", "old")
"""One row per day or second (datetime64): rows dated so, and how many of them lie more than `OLD_DAYS` after
the creation of their lead."""
USUAL_COLUMNS = ("month", "most")
"""One row per month (its first day): the rows of its largest day, or second."""
CREATION_COLUMNS = ("cohort_week", "advanced", "at_once")
"""One row per cohort week: leads that entered two stages or more, and of them those that entered two or more
at the moment of their own creation (of its day, where only days are known)."""


@dataclass(frozen=True, slots=True)
class Stamps:
    """What is stamped. It says nothing of entries of leads that were created on the stamped day itself.

    Attributes:
        days: of stage entries.
        seconds: of stage entries, on other days.
        payment_days: of payments.
        weeks: Mondays of the cohorts whose leads have their history at the moment of their creation.
        lead_days: on which leads were imported that had come before.
    """

    days: tuple[dt.date, ...] = ()
    seconds: tuple[dt.datetime, ...] = ()
    payment_days: tuple[dt.date, ...] = ()
    weeks: tuple[dt.date, ...] = ()
    lead_days: tuple[dt.date, ...] = ()

    def __bool__(self) -> bool:
        return any((self.days, self.seconds, self.payment_days, self.weeks, self.lead_days))

    def at_once(self) -> Stamps:
        """Return the moments alone at which history was stamped."""
        return replace(self, weeks=(), lead_days=())

    def at_creation(self) -> Stamps:
        """Return the cohorts alone whose history is dated at creation."""
        return Stamps(weeks=self.weeks)


NO_STAMPS = Stamps()


def may_be_stamped(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the moments that hold enough rows to be looked at; what is no such day holds no such second.

    Args:
        counts: `COUNT_COLUMNS` of all moments.
    """
    require(counts, COUNT_COLUMNS, "counts")
    total = int(counts["rows"].sum())
    enough = counts["rows"] >= max(FEW, SHARE * total)
    return counts[enough & (counts["old"] * 2 >= counts["rows"])]


def stamped_moments(some: pd.DataFrame, usual: pd.DataFrame, total: int) -> list[pd.Timestamp]:
    """Return the moments that hold an impossible share of all rows, in order.

    Args:
        some: `COUNT_COLUMNS` of those that `may_be_stamped`.
        usual: `USUAL_COLUMNS` of all months.
        total: all rows.
    """
    require(some, COUNT_COLUMNS, "some")
    require(usual, USUAL_COLUMNS, "usual")
    found = []
    for moment, rows, old in some[list(COUNT_COLUMNS)].itertuples(index=False):
        aged = old * 2 >= rows and rows >= max(FEW, SHARE * total)
        if aged and (_impossible(pd.Timestamp(moment), rows, usual) or rows >= MOST * total):
            found.append(pd.Timestamp(moment))
    return sorted(found)


def imported_days(days: pd.DataFrame) -> list[dt.date]:
    """Return the days on which more leads were created than can come, in order.

    Args:
        days: one row per day with leads: `moment`, `rows`.
    """
    enough = days[days["rows"] >= max(FEW, SHARE * int(days["rows"].sum()))]
    usual = usual_days(days)
    pairs = zip(enough["moment"], enough["rows"], strict=True)
    return sorted(
        pd.Timestamp(day).date() for day, rows in pairs if _impossible(pd.Timestamp(day), rows, usual)
    )


def usual_days(days: pd.DataFrame) -> pd.DataFrame:
    """Return `USUAL_COLUMNS` of the rows (`rows`) of days (`moment`)."""
    month = days["moment"].dt.to_period("M").dt.to_timestamp().rename("month")
    return days.groupby(month)["rows"].max().rename("most").reset_index()


def _impossible(moment: pd.Timestamp, rows: int, usual: pd.DataFrame) -> bool:
    """Tell whether a moment holds `TIMES` as many rows as the largest one of a usual other month."""
    others = usual.loc[usual["month"] != moment.to_period("M").to_timestamp(), "most"]
    return len(others) > 0 and rows >= TIMES * float(others.median())


def stamped_cohorts(creation: pd.DataFrame) -> list[dt.date]:
    """Return the Mondays of the cohorts whose history is dated at creation, in order.

    A week is judged with so many of its neighbours, before it, after it or around it, that `SEEN_TWICE` leads
    speak: few leads then say enough, and the last weeks before a migration are not lost. Weeks between two
    that are stamped are so too, unless leads of theirs say otherwise.

    Args:
        creation: `CREATION_COLUMNS`, one row per cohort week with leads that advanced.
    """
    require(creation, CREATION_COLUMNS, "creation")
    frame = creation.sort_values("cohort_week", ignore_index=True)
    advanced, at_once = frame["advanced"].to_numpy(), frame["at_once"].to_numpy()
    found = [
        _mostly(advanced, at_once, place) and at_once[place] * 2 >= advanced[place]
        for place in range(len(frame))
    ]
    share = at_once / np.maximum(advanced, 1)
    beside = [any(found[max(place - 1, 0) : place + 2]) for place in range(len(frame))]
    found = [one or (near and part >= EDGE) for one, near, part in zip(found, beside, share, strict=True)]
    weeks: list[dt.date] = []
    for place, week in enumerate(frame["cohort_week"].dt.date):
        if found[place]:
            first = weeks[-1] + WEEK if place and found[place - 1] else week
            weeks += [first + WEEK * number for number in range((week - first).days // 7 + 1)]
    return weeks


def _mostly(advanced: npt.NDArray[np.int64], at_once: npt.NDArray[np.int64], place: int) -> bool:
    """Tell whether near a place, as near as enough leads allow, most leads went two steps as they came."""
    for before, after in ((1, 0), (0, 1), (1, 1)):
        for reach in range(len(advanced)):
            near = slice(max(place - before * reach, 0), place + after * reach + 1)
            if advanced[near].sum() >= SEEN_TWICE:
                if at_once[near].sum() >= CREATED * advanced[near].sum():
                    return True
                break
    return False


def with_untold(cube: pd.DataFrame, totals: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Count all leads as stamped where too many of those that came to an end are.

    Who is left there are those for whom it took longest, or who still wait: no fair sample.

    Args:
        cube: its `leads`, and how many of them are `stamped`.
        totals: how many leads of all slices together came to an end, and how many of these are stamped:
            `keys`, `leads`, `stamped`.
        keys: the columns of the cohort and of the way.
    """
    shares = totals.groupby(keys)[["leads", STAMPED]].sum()
    untold = shares.index[shares[STAMPED] > UNTOLD * shares["leads"]]
    all_of_them = pd.MultiIndex.from_frame(cube[keys]).isin(untold)
    return cube.assign(**{STAMPED: cube[STAMPED].where(~all_of_them, cube["leads"]).astype("int64")})


def untold_weeks(cube: pd.DataFrame) -> list[pd.Timestamp]:
    """Return the cohort weeks of which more than `UNTOLD` was stamped: their times are no fair sample.

    Args:
        cube: `cohort_week`, `leads` (or what else is counted), `stamped`; without that column none is.

    >>> week = pd.Timestamp("2022-09-12")
    >>> frame = pd.DataFrame({"cohort_week": [week, week], "leads": [10, 9], "stamped": [1, 0]})
    >>> untold_weeks(frame) == [week]
    True
    """
    if STAMPED not in cube.columns:
        return []
    shares = cube.groupby("cohort_week")[["leads", STAMPED]].sum()
    return shares.index[shares[STAMPED] > UNTOLD * shares["leads"]].tolist()
