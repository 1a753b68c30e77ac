"""What the CRM recorded of the leads: stage entries with skips, returns and losses, as an Arrow table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from funnel.schema import INSTANT, MONEY, TABLES, TableName
from funnel.settings import LOST
from funnel.simulate.leads import DAY, Flags, Floats, Ints, Leads, pick, weeks_of, working_time
from funnel.simulate.world import (
    EARLY_SHARE,
    LOST_DAYS,
    LOST_SHARE,
    REASONS,
    RETURN_SHARE,
    SKIP_SHARE,
    STEPS,
    World,
)

COMPETITOR_SHARE = 0.4
"""Share of the losses in a competitor's weeks whose reason is the competitor, beside the usual ones."""


@dataclass(frozen=True, slots=True)
class Quirks:
    """How many leads have something odd: entry missing, gone back and forth, entry dated before creation."""

    skips: int
    returns: int
    early: int


def ids(prefix: str, numbers: Ints, width: int) -> pa.Array:
    """Return text ids such as ``L000123``.

    >>> ids("L", np.array([123]), 6).to_pylist()
    ['L000123']
    """
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0")
    return pc.binary_join_element_wise(prefix, digits, "")


def words(codes: Ints, values: Sequence[str]) -> pa.Array:
    """Return values by number as text; -1 is null."""
    table = pa.array([*values, None], pa.string())
    return table.take(pa.array(np.where(codes < 0, len(values), codes)))


def instants(seconds: Ints, world: World) -> pa.Array:
    """Return seconds since the first cohort's Monday as timestamps of the local wall clock."""
    origin = np.datetime64(world.first_week, "us")
    return pa.array(origin + seconds.astype("timedelta64[s]"), INSTANT)


def money(kopecks: Ints) -> pa.Array:
    """Return hundredths as decimals with two places.

    >>> money(np.array([-150])).to_pylist()
    [Decimal('-1.50')]
    """
    signed = np.ascontiguousarray(kopecks, dtype="<i8")
    halves = np.stack([signed, signed >> 63], axis=1)  # a decimal128 is a little-endian integer of 16 bytes
    return pa.Array.from_buffers(MONEY, len(signed), [None, pa.py_buffer(halves)])


def table(name: TableName, columns: dict[str, pa.Array]) -> pa.Table:
    """Return a canonical table in the types of the schema."""
    spec = TABLES[name]
    schema = pa.schema([(column, spec.column(column).arrow) for column in columns])
    return pa.table(columns, schema=schema)


def stage_entries(
    world: World, leads: Leads, width: int, rng: np.random.Generator
) -> tuple[pa.Table, Quirks]:
    """Return one row per entry of a lead into a stage or `lost`, known before the world's end.

    Pinned cohorts have no skips, returns or early entries.
    """
    count = len(leads.week)
    pinned = np.isin(leads.week, [world.index(pin.week) for pin in world.pins])
    lost, lost_at = _losses(leads, rng)
    missing = leads.reached.copy()
    missing[:, 2:] = False  # a proposal or a sale is never left out
    missing &= (rng.random(missing.shape) < SKIP_SHARE) & (leads.depth > 2)[:, None] & ~pinned[:, None]
    back, step, stay = _returns(leads, lost, lost_at, pinned, missing, rng)
    early = ~pinned & leads.reached[:, 0] & ~missing[:, 0] & (rng.random(count) < EARLY_SHARE)
    entered = leads.times.copy()
    entered[early, 0] = leads.created[early] - rng.integers(3600, 2 * DAY, early.sum())

    lead, stage = np.nonzero(leads.reached & ~missing)
    rows = np.concatenate([lead, back, back, np.flatnonzero(lost)])
    stages = np.concatenate([stage, step - 1, step, np.full(lost.sum(), len(STEPS))])
    at_step = leads.times[back, step]
    moments = np.concatenate(
        [
            entered[lead, stage],
            at_step + (0.35 * stay).astype(np.int64),
            at_step + (0.70 * stay).astype(np.int64),
            lost_at[lost],
        ]
    )
    reasons = np.full(len(rows), -1)
    reasons[len(rows) - lost.sum() :] = _reasons(world, leads.take(np.flatnonzero(lost)), rng)
    known = moments < world.weeks * 7 * DAY
    order = np.lexsort((stages, moments, rows))
    order = order[known[order]]
    frame = table(
        "stage_entries",
        {
            "lead_id": ids("L", rows[order] + 1, width),
            "stage": words(stages[order], (*STEPS, LOST)),
            "entered_at": instants(moments[order], world),
            "reason": words(reasons[order], tuple(REASONS)),
        },
    )
    return frame, Quirks(int(missing.any(axis=1).sum()), len(back), int(early.sum()))


def _losses(leads: Leads, rng: np.random.Generator) -> tuple[Flags, Ints]:
    """Return which leads are marked lost, and when (only meaningful for those)."""
    lost = (leads.depth < len(STEPS)) & (rng.random(len(leads.depth)) < LOST_SHARE)
    path = np.column_stack([leads.created, leads.times])
    last = path[np.arange(len(path)), leads.depth]
    median = np.array([*LOST_DAYS, 1.0])[leads.depth]
    days = median * np.exp(rng.standard_normal(len(path)))
    return lost, working_time(last + 600 + days * DAY, rng)


def _returns(
    leads: Leads, lost: Flags, lost_at: Ints, pinned: Flags, missing: Flags, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """Return the leads that went back one stage and forth again, from which step, and seconds available."""
    step = np.clip(leads.depth - 1, 1, 2)
    rows = np.arange(len(step))
    until = np.where(lost, lost_at, leads.times[rows, step] + 10 * DAY)
    until = np.where(leads.depth == len(STEPS), leads.times[:, -1], until)
    stay = until - leads.times[rows, step]
    back = (leads.depth >= 2) & (stay > 2 * DAY) & ~pinned & ~missing.any(axis=1)
    chosen = np.flatnonzero(back & (rng.random(len(step)) < RETURN_SHARE))
    return chosen, step[chosen], stay[chosen]


def _reasons(world: World, lost: Leads, rng: np.random.Generator) -> Ints:
    weights: Floats = np.array(list(REASONS.values())).T[lost.depth]
    reason = pick(weights, rng)
    moved = rng.random(len(reason)) < COMPETITOR_SHARE
    for effect in world.episodes:
        if effect.kind == "competitor":
            weeks = weeks_of(effect, world)
            during = (lost.week >= weeks.start) & (lost.week < weeks.stop) & (lost.depth > 0)
            reason[during & moved] = list(REASONS).index("chose a competitor")
    return reason
