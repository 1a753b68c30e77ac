"""Which deals are won, lost and open, and when they were closed."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from funnel.schema import INSTANT
from funnel.settings import LOST, Settings
from funnel.settings_exports import ColumnField, Export
from funnel.sources.exports import outcome as outcomes
from funnel.sources.exports.columns import Columns
from funnel.sources.exports.stage_guess import known_words
from funnel.sources.instants import Instants


def outcome_of(
    columns: Columns,
    words: outcomes.Words,
    times: dict[ColumnField, Instants],
    reason: pa.Array,
    stands: pa.Array,
    rules: Export,
    settings: Settings,
    where: str,
    tell: Callable[[str], None],
) -> pa.Array:
    """Say which deals are won, lost and open: by a column, by yes and no, by the stage or the reason."""
    if "is_won" in columns.fields:
        closed = columns.text("is_closed") if "is_closed" in columns.fields else None
        return outcomes.by_flags(columns.text("is_won"), closed)
    if "outcome" in columns.fields:
        return outcomes.by_words(columns.text("outcome"), words)[0]
    if rules.pipelines:
        last = settings.stage_keys[-1]
        ended = pc.if_else(pc.equal(stands, LOST), outcomes.LOST_STATE, outcomes.OPEN)
        return pc.if_else(pc.equal(stands, last), outcomes.WON, ended)
    if "stage" in columns.fields:
        return outcomes.by_words(columns.text("stage"), words)[0]
    if "closed" not in times:
        return pa.nulls(len(columns), pa.string())
    for values in columns.guesses:
        found, _ = outcomes.by_words(values, known_words())
        if pc.any(pc.not_equal(found, outcomes.OPEN)).as_py():
            counts = {one["values"]: one["counts"] for one in found.value_counts().to_pylist()}
            listed = ", ".join(f"{state} {counts.get(state, 0):,}" for state in ("won", "lost", "open"))
            tell(
                f"{where}: a column tells which deals are won, lost and open, so that a date of closing "
                f"counts "
                f"only for those: {listed}; to be sure, name it as {rules.key}.outcome"
            )
            return found
    return outcomes.by_reason(times["closed"].values, reason)


def closed_at(times: dict[ColumnField, Instants], outcome: pa.Array, size: int) -> pa.Array:
    """Return when each deal was closed: by the date of its own end, else that of closing."""
    none = pa.nulls(size, INSTANT)

    def at(name: ColumnField) -> pa.Array:
        return times[name].values if name in times else none

    won = pc.if_else(pc.equal(outcome, outcomes.WON), pc.coalesce(at("won"), at("closed")), none)
    lost = pc.if_else(pc.equal(outcome, outcomes.LOST_STATE), pc.coalesce(at("lost"), at("closed")), none)
    return pc.coalesce(won, lost)
