"""Where leads stood at earlier Mondays: cut from today's cube, and counted lead by lead from older rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.analysis.calendar.clock import Clock, steady
from funnel.analysis.forecast.moves import GONE, OPEN, Moves, moves
from funnel.schema import STAMPED

STAGES = ("target", "qualified", "sale")
NAMES = ("lead", *STAGES)
FIRST = pd.Timestamp("2022-01-03")
LAST = len(STAGES)
WAITS = 6


@dataclass(frozen=True)
class Lead:
    """One lead: the days of its entries, from the creation on, and of its loss (None: it is not lost)."""

    way: tuple[tuple[int, int], ...]
    lost: int | None
    stamped: bool

    @property
    def cohort(self) -> int:
        return self.way[0][1] // 7

    def stays(self, day: int) -> Iterable[tuple[int, int, int, int]]:
        """Return stage, next, week of coming and of going of each stay that had begun before a day."""
        known = [(stage, at) for stage, at in self.way if at < day]
        ends = [*known[1:]]
        if known and self.lost is not None and self.lost < day and len(known) == len(self.way):
            ends.append((GONE, self.lost))
        elif known:
            ends.append((OPEN, day))
        for (stage, at), (following, until) in zip(known, ends, strict=True):
            if stage < LAST:
                yield stage, following, at // 7, until // 7


@st.composite
def some_leads(draw: st.DrawFn) -> list[Lead]:
    made = []
    for _ in range(draw(st.integers(1, 12))):
        at, way = draw(st.integers(0, 62)), []
        for stage in (0, *sorted(draw(st.sets(st.integers(1, LAST), max_size=LAST)))):
            way.append((stage, at))
            at += draw(st.sampled_from([0, 1, 6, 7, 8, 20, 40]))
        lost = at if way[-1][0] < LAST and draw(st.booleans()) else None
        made.append(Lead(tuple(way), lost, draw(st.booleans())))
    return made


def cube(leads: Iterable[Lead], day: int) -> pd.DataFrame:
    """Return the cube `moved` of a day, one row a lead and stay."""
    word = {GONE: "lost", OPEN: "", **dict(enumerate(NAMES))}
    rows = [
        (FIRST + pd.Timedelta(weeks=lead.cohort), NAMES[stage], word[to], came - lead.cohort,
         went - lead.cohort, 1, int(lead.stamped))
        for lead in leads for stage, to, came, went in lead.stays(day)
    ]  # fmt: skip
    names = ["cohort_week", "stage", "next_stage", "entered", "left", "leads", STAMPED]
    return pd.DataFrame(rows, columns=names).astype({"cohort_week": "datetime64[ns]"})


def read(leads: Iterable[Lead], day: int) -> Moves:
    return moves(cube(leads, day), STAGES, FIRST, -(-day // 7), day % 7 / 7)


def counted(stays: Moves) -> tuple[Counter, Counter]:
    columns = (stays.cohort, stays.stage, stays.next, stays.came, stays.went)
    keys = list(zip(*(each.tolist() for each in columns), strict=True))
    every: Counter = Counter()
    timed: Counter = Counter()
    for key, leads, known in zip(keys, stays.leads, stays.timed, strict=True):
        every[key] += int(leads)
        timed[key] += int(known)
    return every, +timed


@settings(max_examples=150, deadline=None, derandomize=True)
@given(leads=some_leads(), day=st.integers(7, 84), back=st.integers(0, 8))
def test_an_earlier_monday_is_what_the_rows_dated_before_it_tell(
    leads: list[Lead], day: int, back: int
) -> None:
    then = read(leads, day).as_of(back)
    monday = day // 7 - back
    every: Counter = Counter()
    timed: Counter = Counter()
    for lead in leads:
        if lead.cohort < monday:
            stays = [(lead.cohort, *stay) for stay in lead.stays(7 * monday)]
            every.update(stays)
            timed.update([] if lead.stamped else stays)
    assert counted(then) == (every, timed)
    assert (then.week, then.fraction, then.stages) == (monday, 0.0, LAST)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(leads=some_leads(), day=st.integers(7, 84), age=st.one_of(st.none(), st.integers(0, 8)))
def test_leads_stand_where_their_last_entry_was_and_have_waited_since(
    leads: list[Lead], day: int, age: int | None
) -> None:
    cohorts = -(-day // 7)
    found = read(leads, day).standing(cohorts, WAITS, [steady(200)] * LAST, age)
    expected = np.zeros((cohorts, LAST, WAITS))
    for lead in leads:
        # Looked at at the end of so many weeks after the cohort's own: only by what is known on the day.
        at = day if age is None else 7 * (lead.cohort + age + 1)
        if lead.cohort >= cohorts or at // 7 > day // 7:
            continue
        for stage, to, came, _ in lead.stays(at):
            if to == OPEN:
                waited = min(at / 7 - came, WAITS - 1)
                below = min(int(waited), WAITS - 2)
                expected[lead.cohort, stage, below] += 1 - (waited - below)
                expected[lead.cohort, stage, below + 1] += waited - below
    assert np.allclose(found, expected)


def test_a_wait_is_counted_by_the_clock_of_its_own_stage() -> None:
    leads = [Lead(((0, 0),), None, False), Lead(((0, 0), (1, 7)), None, False)]
    slow = Clock(np.arange(40) * 0.5)
    found = read(leads, 35).standing(5, 10, [steady(40), slow, steady(40)])
    # The first has waited five weeks; of the second's four each was half a one, and its own a quarter.
    lag = slow.lag(np.array([1]), np.array([[4.0]]))[0, 0]
    assert found[0, 0, 5] == 1 and found[0, 1].sum() == 1
    assert found[0, 1] @ np.arange(10) == lag == 2.25


def test_what_is_no_stage_of_the_settings_or_no_cohort_of_the_history_is_left_out() -> None:
    frame = cube([Lead(((0, 8), (1, 9), (3, 20)), None, False)], 35)
    strange = frame.assign(stage="gone by now")
    early = frame.assign(cohort_week=FIRST - pd.Timedelta(weeks=1))
    late = frame.assign(cohort_week=FIRST + pd.Timedelta(weeks=5))
    every = moves(pd.concat([frame, strange, early, late]), STAGES, FIRST, 5, 0.0)
    assert counted(every)[0] == {(1, 0, 1, 1, 1): 1, (1, 1, 3, 1, 2): 1}
    # A move into a stage that is not configured is none forwards.
    other = moves(frame.assign(next_stage="gone by now"), STAGES, FIRST, 5, 0.0)
    assert set(other.next.tolist()) == {GONE}


def test_a_cube_without_stamps_has_only_known_times() -> None:
    frame = cube([Lead(((0, 8), (1, 9)), 12, True)], 35)
    assert moves(frame, STAGES, FIRST, 5, 0.0).timed.tolist() == [0.0, 0.0]
    plain = moves(frame.drop(columns=STAMPED), STAGES, FIRST, 5, 0.0)
    assert plain.timed.tolist() == plain.leads.tolist() == [1.0, 1.0]
