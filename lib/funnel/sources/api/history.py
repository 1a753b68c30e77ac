"""From events to stage entries: pure, one lead at a time."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from funnel.settings import LEAD, LOST
from funnel.sources.api.mapping import Place, StageMap

Origin = Literal["event", "current"]


@dataclass(frozen=True, slots=True)
class Move:
    """A `lead_status_changed` event: when (unix seconds), from where, to where."""

    at: int
    before: Place | None
    after: Place


@dataclass(frozen=True, slots=True)
class Visit:
    """A lead came to a place. `origin`: `event` where the time is told, `current` where it is concluded."""

    at: int
    place: Place
    origin: Origin


@dataclass(frozen=True, slots=True)
class Entry:
    """A lead entered a stage (or `lost`) at a time (unix seconds)."""

    stage: str
    at: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Now:
    """A lead as it is now; times in unix seconds.

    Attributes:
        created_at: as the account says, which may be edited.
        updated_at: when anything of it changed last.
        closed_at: when it was won or lost.
        place: where it stands.
        whole: its `lead_added` event is there, so its history is.
    """

    created_at: int
    updated_at: int
    closed_at: int | None
    place: Place
    whole: bool


def visits(now: Now, moves: Sequence[Move]) -> list[Visit]:
    """Rebuild where a lead has been.

    It began, at its creation, where its earliest move left from, or where it stands if it never moved. A gap
    in the chain of moves (an event that is gone) is bridged at the time of the next move. A lead that stands
    elsewhere than its moves end, and was edited after them, came there at its closing or at that edit.

    Args:
        now: the lead.
        moves: its moves, by time and id.

    >>> lead = Now(100, 300, None, (1, 12), whole=True)
    >>> [(visit.at, visit.place[1]) for visit in visits(lead, [Move(200, (1, 11), (1, 12))])]
    [(100, 11), (200, 12)]
    """
    ordered = _chained(moves)
    first = ordered[0].before if ordered else now.place
    begun = now.created_at
    if not ordered and not now.whole and now.closed_at is not None:
        begun = now.closed_at  # an old lead whose events are gone: it was not won on the day it came
    result = [] if first is None else [Visit(begun, first, "event" if now.whole else "current")]
    for move in ordered:
        if move.before is not None and result and result[-1].place != move.before:
            result.append(Visit(move.at, move.before, "current"))
        result.append(Visit(move.at, move.after, "event"))
    if result and result[-1].place != now.place and now.updated_at > result[-1].at:
        closed = now.closed_at if now.closed_at is not None and now.closed_at >= result[-1].at else None
        result.append(Visit(closed or now.updated_at, now.place, "current"))
    return result


def _chained(moves: Sequence[Move]) -> list[Move]:
    """Put moves of the same second into the order in which each begins where the one before it ended."""
    result: list[Move] = []
    for _, group in groupby(moves, lambda move: move.at):
        tied = list(group)
        if len(tied) == 1:
            result += tied
            continue
        leaving: dict[Place | None, deque[int]] = defaultdict(deque)
        for number, move in enumerate(tied):
            leaving[move.before].append(number)
        taken = [False] * len(tied)
        first = 0
        while first < len(tied):
            if taken[first]:
                first += 1
                continue
            following = leaving[result[-1].after if result else _outer_start(tied)]
            while following and taken[following[0]]:
                following.popleft()
            chosen = following[0] if following else first
            taken[chosen] = True
            result.append(tied[chosen])
    return result


def _outer_start(tied: Sequence[Move]) -> Place | None:
    """Return the place that some of these moves leave and none of them enters."""
    ends = {move.after for move in tied}
    return next((move.before for move in tied if move.before not in ends), tied[0].before)


def entries(came: Sequence[Visit], stage_map: StageMap) -> list[Entry]:
    """Turn visits into entries of the funnel's stages.

    Two places in a row that mean the same stage are one entry; a place that means nothing to the funnel is
    passed over; a return to an earlier stage is an entry again.
    """
    result: dict[tuple[str, int], Entry] = {}
    before = LEAD
    for visit in came:
        stage = stage_map.of(visit.place)
        if stage is None or stage == before:
            continue
        before = stage
        if stage != LEAD:
            result.setdefault((stage, visit.at), Entry(stage, visit.at, visit.origin))
    return list(result.values())


def won_at(came: Sequence[Entry], place: Place, stage_map: StageMap, last_stage: str) -> int | None:
    """Return when a lead got to the last stage for the last time; None when it is not there (any more).

    A lead that went on to a pipeline outside the funnel (delivery, support) still counts as won.
    """
    here = stage_map.of(place)
    if not came or came[-1].stage != last_stage or here not in (None, last_stage):
        return None
    return came[-1].at


def lost_last(came: Sequence[Entry], place: Place, stage_map: StageMap) -> bool:
    """Whether the lead is lost now, so that its loss reason belongs to its last entry."""
    return bool(came) and came[-1].stage == LOST and stage_map.of(place) == LOST
