"""Politeness: the pace, the retries, and what is never tried again. Judged by the server's own log."""

from __future__ import annotations

import pytest

from funnel.errors import InputError
from funnel.sources.amocrm import Pace
from funnel.sources.api import bounded
from funnel.sources.api.client import TRIES
from standin.account import lifted
from standin.server import HTML_429, Api, Drop
from standin.truth import Player


def full_world(told):
    player = Player(told.stories)
    player.advance(told.end)
    return player.world


class Clock:
    """A clock that moves only when someone sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_no_second_holds_more_than_five_requests(account, told) -> None:
    """Twenty requests against the real clock; the server would answer a sixth within a second with 429."""
    api = Api(full_world(told), rate=5)
    here = account(api)
    left = 15

    def stop(stream: str, rows: int) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        here.pull(told.end, pace=Pace(), progress=stop)
    times = [entry[0] for entry in api.log]
    assert len(times) == 20
    assert all(later - earlier >= 1.0 for earlier, later in zip(times, times[5:], strict=False))
    assert {entry[4] for entry in api.log} <= {200, 204}


def test_the_pace_is_even_even_after_a_rest() -> None:
    clock = Clock()
    pace = Pace(5, clock=lambda: clock.now, sleep=clock.sleep)
    went = []
    for number in range(30):
        if number == 10:
            clock.now += 60  # a long answer, or a back-off
        pace.wait()
        went.append(clock.now)
        pace.done()
    assert all(later - earlier > 1 - 1e-9 for earlier, later in zip(went, went[5:], strict=False))
    assert went[-1] - went[10] < 4.2  # and not slower than it must be


def test_slow_answers_are_counted_from_their_end() -> None:
    """A request that took long may have been counted late: what follows keeps away from its answer."""
    clock = Clock()
    pace = Pace(5, clock=lambda: clock.now, sleep=clock.sleep)
    sent, answered = [], []
    for number in range(20):
        pace.wait()
        sent.append(clock.now)
        clock.now += 0.9 if number % 4 == 0 else 0.01
        answered.append(clock.now)
        pace.done()
    assert all(later - earlier > 1 - 1e-9 for earlier, later in zip(answered, sent[5:], strict=False))


def test_429_with_html_is_backed_off_with_growing_pauses(account, told) -> None:
    api = Api(full_world(told))
    api.before = lambda number: (429, "text/html", HTML_429.encode()) if 7 <= number <= 10 else None
    clock = Clock()
    here = account(api)
    here.sync(told.end, pace=Pace(0, clock=lambda: clock.now, sleep=clock.sleep))
    assert clock.slept == [1, 2, 4, 8]


def test_a_server_that_never_answers_is_given_up_and_what_was_read_is_kept(account, told) -> None:
    api = Api(full_world(told))
    here = account(api)

    def dead(number: int) -> None:
        if number > 8:
            raise Drop

    api.before = dead
    with pytest.raises(
        InputError, match=rf"no answer after {TRIES} tries \(RemoteProtocolError\); to do: try again"
    ):
        here.pull(told.end)
    before = len(api.log)
    api.before = lambda number: None
    here.sync(told.end)
    listed = [entry for entry in api.log[before:] if entry[2].endswith("/leads")]
    assert all(any(key.startswith("filter[id]") for key in entry[3]) for entry in listed)  # none read again


def test_after_a_403_nothing_is_asked_again(account, told) -> None:
    """The server blocks the account after repeated 429, as the real one does."""
    api = Api(full_world(told), rate=3)
    here = account(api)
    with pytest.raises(InputError, match="access is refused \\(403\\)") as caught:
        here.pull(told.end, pace=lifted())
    statuses = [entry[4] for entry in api.log]
    assert statuses.count(429) == 3
    assert statuses.count(403) == 1 and statuses[-1] == 403
    assert "romashka" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "the token is not accepted"),
        (402, "the account is not paid for"),
        (302, "set amocrm.host to the account's own host"),
        (400, r"the request to account is not understood \(400: Bad \[personal\]\)"),
    ],
)
def test_what_cannot_be_helped_is_told_once(account, told, status, message) -> None:
    api = Api(full_world(told))
    body = b'{"title": "x", "detail": "Bad boss@romashka.example"}'
    api.before = lambda number: (status, "application/problem+json", body)
    here = account(api)
    with pytest.raises(InputError, match=message):
        here.pull(told.end)
    assert len(api.log) == 1


def test_an_answer_that_is_no_api_answer_is_told_without_its_text(account, told) -> None:
    api = Api(full_world(told))
    api.before = lambda number: (200, "text/html", b"<html>login: boss@romashka.example</html>")
    here = account(api)
    with pytest.raises(InputError, match="the answer to account cannot be read") as caught:
        here.pull(told.end)
    assert "romashka" not in str(caught.value)


def test_an_answer_without_end_is_not_taken_in(account, told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "LONGEST", 2_000)
    here = account(Api(full_world(told)))
    with pytest.raises(InputError, match="an answer has more than"):
        here.pull(told.end)
