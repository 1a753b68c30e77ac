"""Which entries of an invented history are stamped, as the warehouse finds them: days and seconds alone.

Losses that are all written down on one day (`Company.cleaned`) are such; a history dated by a migration is
asked for by `cuts.from_warehouse`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from companies import DAY, NEVER, History

from funnel.gate import stamps
from funnel.schema import STAMPED

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Stamped:
    """The stamped days and seconds of the entries known at a date."""

    def __init__(self, history: History, created: Ints, every: Ints) -> None:
        """Find them.

        Args:
            history: whose.
            created: of the leads known.
            every: when they entered each stage and when they were lost (`NEVER`: not by then).
        """
        lead, _ = np.nonzero(every < NEVER)
        self.start = np.datetime64(history.company.start, "s")
        self.days = self.seconds = np.zeros(0, np.int64)
        moment = every[every < NEVER]
        old = moment > created[lead] + stamps.OLD_DAYS * DAY
        days = self._counts(moment, old, DAY)
        found = stamps.may_be_stamped(days)
        if len(found):
            total = int(days["rows"].sum())
            whole = stamps.stamped_moments(found, stamps.usual_days(days), total)
            self.days = self._numbers(whole) // DAY
            left = self._numbers(found.loc[~found["moment"].isin(whole), "moment"]) // DAY
            counts = self._counts(moment, old, 1)
            large = counts[
                (counts["rows"] >= stamps.FEW) & np.isin(self._numbers(counts["moment"]) // DAY, left)
            ]
            if len(left):
                usual = stamps.usual_days(counts)
                self.seconds = self._numbers(stamps.stamped_moments(large, usual, total))

    def of(self, moment: Ints, created: Ints) -> Ints:
        """Tell (1) which moments are stamped; one of a lead created on a stamped day itself is not."""
        day = np.isin(moment // DAY, self.days) & (created // DAY < moment // DAY)
        return ((day | np.isin(moment, self.seconds)) & (moment < NEVER)).astype(np.int64)

    def _counts(self, moment: Ints, old: Flags, unit: int) -> pd.DataFrame:
        names, place = np.unique(moment // unit, return_inverse=True)
        rows, late = np.bincount(place), np.bincount(place, old)
        when = self.start + (names * unit).astype("timedelta64[s]")
        return pd.DataFrame({"moment": when, "rows": rows, "old": late.astype(np.int64)})

    def _numbers(self, moments: Sequence[pd.Timestamp] | pd.Series) -> Ints:
        since = np.asarray(moments, dtype="datetime64[s]") - self.start
        return since.astype(np.int64)


def with_untold(moved: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Count all moves as stamped where too many of those that came to an end are (`stamps.with_untold`)."""
    if not totals[STAMPED].any():
        return moved
    ended = totals[totals["next_stage"] != ""]
    return stamps.with_untold(moved, ended, ["cohort_week", "stage"])
