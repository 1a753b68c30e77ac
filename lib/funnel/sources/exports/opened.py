"""A file of deals, open: its clean cells, and what they say."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from funnel.schema import INSTANT
from funnel.settings import LOST
from funnel.settings_exports import ColumnField, Export
from funnel.sources.exports import outcome as outcomes
from funnel.sources.exports.columns import Columns
from funnel.sources.exports.layout import Layout
from funnel.sources.instants import Instants, Writing
from funnel.sources.profiles import Profile
from funnel.sources.tabular import Mask, Sheet


@dataclass(slots=True)
class Opened:
    """One file, for the rows of the funnel's pipelines.

    Attributes:
        sheet: where it is, and its ragged rows.
        layout: what stood where.
        rules, profile: the settings, and whose export it is.
        writing: how dates and amounts are written.
        columns: the clean cells.
        changed_ids: rows whose id was spoilt on the way.
        currency: ISO codes from the amounts; null where they say nothing.
        times: meaning -> times.
        stages: stage key -> the columns of its dates.
        stands: the stage each lead stands in: stage key, `lead`, `lost` or null (not known).
        outcome: won, lost, open or null (only the stage tells).
        reason: why it was lost.
        closed: when it was closed; null while it is open.
        seen_at: when the file was made.
    """

    sheet: Sheet
    layout: Layout
    rules: Export
    profile: Profile
    writing: Writing
    columns: Columns
    changed_ids: Mask
    currency: pa.Array
    times: dict[ColumnField, Instants]
    stages: dict[str, tuple[Instants, ...]]
    stands: pa.Array
    outcome: pa.Array
    reason: pa.Array
    closed: pa.Array
    seen_at: dt.datetime

    def __len__(self) -> int:
        return len(self.columns)

    def state(self, last: str) -> pa.Array:
        """Return the stage of each lead: the last of the funnel for a won one, `lost` for a lost one."""
        lost = pc.if_else(pc.equal(self.outcome, outcomes.LOST_STATE), LOST, self.stands)
        known = pc.if_else(pc.equal(self.outcome, outcomes.WON), last, lost)
        return pc.if_else(self.outcome.is_valid(), known, self.stands)

    def at(self, name: ColumnField) -> pa.Array:
        """Return the times of a meaning; nulls where the file does not have it."""
        return self.times[name].values if name in self.times else pa.nulls(len(self), INSTANT)


def kept(opened: Opened, mask: Mask) -> Opened:
    """Return a file with some of its rows."""
    chosen = pa.array(mask)
    return replace(
        opened,
        columns=opened.columns.keep(mask),
        changed_ids=opened.changed_ids[mask],
        currency=opened.currency.filter(chosen),
        times={name: times.keep(mask) for name, times in opened.times.items()},
        stages={key: tuple(times.keep(mask) for times in several) for key, several in opened.stages.items()},
        stands=opened.stands.filter(chosen),
        outcome=opened.outcome.filter(chosen),
        reason=opened.reason.filter(chosen),
        closed=opened.closed.filter(chosen),
    )
