"""Stage history from events, case by case; expectations by hand."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.sources.api.history import Entry, Move, Now, _chained, entries, lost_last, visits, won_at
from funnel.sources.api.mapping import StageMap
from standin.server import Api
from standin.world import Lead, World

NEW, TARGET, QUALIFIED, PAUSE, OFFER, WON, LOST = (
    (1, 10), (1, 20), (1, 30), (1, 35), (1, 40), (1, 142), (1, 143),
)  # fmt: skip
OUTSIDE, PARTNER_WON = (9, 142), (2, 142)
MAP = StageMap(
    {NEW: "lead", TARGET: "target", QUALIFIED: "qualified", OFFER: "proposal", WON: "sale", LOST: "lost",
     PARTNER_WON: "qualified"},
    frozenset({1, 2}),
)  # fmt: skip


def came(place, *moves, created=100, updated=None, closed=None, whole=True):
    steps = [Move(at, before, after) for at, before, after in moves]
    updated = updated if updated is not None else max([created, *(move.at for move in steps)])
    return [
        (entry.stage, entry.at, entry.origin)
        for entry in entries(visits(Now(created, updated, closed, place, whole), steps), MAP)
    ]


def test_the_first_stage_is_what_the_first_move_left_and_dates_from_creation() -> None:
    assert came(QUALIFIED, (200, TARGET, QUALIFIED)) == [
        ("target", 100, "event"),
        ("qualified", 200, "event"),
    ]


def test_a_lead_that_never_moved_stands_where_it_was_created() -> None:
    assert came(TARGET) == [("target", 100, "event")]
    assert came(NEW) == []


def test_skips_returns_and_places_that_mean_nothing() -> None:
    moves = [
        (200, NEW, OFFER),
        (300, OFFER, TARGET),
        (400, TARGET, PAUSE),
        (500, PAUSE, TARGET),
        (600, TARGET, OFFER),
    ]
    assert came(OFFER, *moves) == [
        ("proposal", 200, "event"), ("target", 300, "event"), ("proposal", 600, "event")
    ]  # fmt: skip


def test_142_means_what_its_pipeline_says() -> None:
    moves = [(200, NEW, PARTNER_WON), (300, PARTNER_WON, OFFER), (400, OFFER, WON)]
    assert [stage for stage, _, _ in came(WON, *moves)] == ["qualified", "proposal", "sale"]


def test_moves_of_one_second_are_chained_whatever_their_ids_say() -> None:
    moves = [(200, QUALIFIED, OFFER), (200, NEW, TARGET), (200, TARGET, QUALIFIED)]
    assert came(OFFER, *moves, updated=900) == [
        ("target", 200, "event"), ("qualified", 200, "event"), ("proposal", 200, "event")
    ]  # fmt: skip


def test_a_gap_is_bridged_and_marked_as_concluded() -> None:
    assert came(WON, (200, NEW, TARGET), (500, OFFER, WON)) == [
        ("target", 200, "event"), ("proposal", 500, "current"), ("sale", 500, "event")
    ]  # fmt: skip


def test_a_lead_that_stands_elsewhere_than_its_moves_end_came_there_at_its_closing() -> None:
    assert came(LOST, (200, NEW, TARGET), updated=900, closed=700)[-1] == ("lost", 700, "current")
    assert came(OFFER, (200, NEW, TARGET), updated=900)[-1] == ("proposal", 900, "current")
    # but a lead read before its last move is merely stale
    assert came(NEW, (200, NEW, TARGET), updated=150) == [("target", 200, "event")]


def test_an_old_lead_without_any_event_was_won_when_it_closed() -> None:
    assert came(WON, closed=700, updated=900, whole=False) == [("sale", 700, "current")]
    assert came(TARGET, updated=900, whole=False) == [("target", 100, "current")]


def test_an_edited_creation_moves_the_first_stage_alone() -> None:
    assert came(QUALIFIED, (200, TARGET, QUALIFIED), created=50)[0] == ("target", 50, "event")
    assert came(QUALIFIED, (200, TARGET, QUALIFIED), created=250)[1] == ("qualified", 200, "event")


def test_who_is_won_and_who_is_lost_now() -> None:
    sale, lost = Entry("sale", 500, "event"), Entry("lost", 600, "event")
    assert won_at([sale], WON, MAP, "sale") == 500
    assert won_at([sale], OUTSIDE, MAP, "sale") == 500  # on its way through production
    assert won_at([sale], OFFER, MAP, "sale") is None
    assert won_at([sale, lost], LOST, MAP, "sale") is None
    assert lost_last([sale, lost], LOST, MAP) and not lost_last([lost], NEW, MAP)


@pytest.mark.parametrize("zone", ["Europe/Berlin"])
def test_two_entries_an_hour_apart_when_clocks_go_back_are_one_wall_clock_time(account, zone) -> None:
    """31.10.2021 02:30 happens twice in Berlin; the key of an entry is its wall-clock time."""
    first = int(dt.datetime(2021, 10, 31, 0, 30, tzinfo=dt.UTC).timestamp())
    world = World()
    world.add(Lead(1, 7001, 60002, first - 99, first - 99), first - 99)
    world.move(1, first, 7001, 60003)
    world.move(1, first + 60, 7001, 60002)
    world.move(1, first + 3600, 7001, 60003)
    here = account(Api(world))
    here.funnel = here.funnel.model_copy(update={"timezone": zone})
    table = here.sync(first + 9999).batch.tables["stage_entries"]
    assert table["entered_at"].to_pylist() == [dt.datetime(2021, 10, 31, 2, 30)]


def slowly(moves):
    """The order of moves of one second, found by looking through all that are left."""
    result, left = [], list(moves)
    while left:
        tied = [move for move in left if move.at == left[0].at]
        ends = {move.after for move in tied}
        outer = next((move.before for move in tied if move.before not in ends), None)
        place = result[-1].after if result else outer
        chosen = tied[0] if len(tied) == 1 else next((m for m in tied if m.before == place), tied[0])
        left.remove(chosen)
        result.append(chosen)
    return result


@given(
    st.lists(
        st.tuples(
            st.integers(1, 3),
            st.sampled_from((None, NEW, TARGET, OFFER)),
            st.sampled_from((NEW, TARGET, OFFER)),
        ),
        max_size=12,
    )
)
def test_moves_of_one_second_are_put_into_the_same_order_at_once(moves):
    given_ = sorted((Move(*move) for move in moves), key=lambda move: move.at)
    assert _chained(given_) == slowly(given_)


def test_a_lead_that_a_robot_moved_a_hundred_thousand_times_takes_no_longer_than_its_moves():
    """Eight times the moves may take 24 times as long on a busy machine; what is quadratic takes 64 times."""

    def seconds(count, at):
        moves = [
            Move(at(number), (NEW, TARGET)[number % 2], (TARGET, NEW)[number % 2]) for number in range(count)
        ]
        start = time.process_time()
        assert len(_chained(moves)) == count
        return time.process_time() - start

    for at in (lambda number: 5, lambda number: number):
        assert seconds(64_000, at) < 24 * max(seconds(8_000, at), 0.005)
