"""Bad weather before an account: refusals, half answers, dropped lines, and changes meanwhile."""

from __future__ import annotations

import datetime as dt
import email.utils
import random
from collections.abc import Callable

from standin.server import Answer, Drop

HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
KINDS = {"busy": 4, "later": 4, "date": 3, "broken": 6, "page": 4, "half": 4, "empty": 4, "drop": 4}
CHANGE, FAIR = 25, 42


def through(sync: Callable[[], object], told: type[Exception]) -> None:
    """Sync until it comes through, at most twenty times; each failure must be told as an account's."""
    for _ in range(20):
        try:
            sync()
        except told as error:
            assert "tries" in str(error) or "cannot be read" in str(error)
        else:
            return
    raise AssertionError("no sync came through")


class Weather:
    """Called before each request: an answer that is none, a change of the account, or nothing.

    Args:
        seed: of the weather.
        now: the server's time, unix seconds.
        change: changes the account, given dice.
    """

    def __init__(self, seed: int, now: int, change: Callable[[random.Random], None]) -> None:
        self.dice, self.now, self.change = random.Random(seed), now, change
        self.counts: dict[str, int] = {}

    def __call__(self, number: int) -> Answer | None:
        kind = self.dice.choices([*KINDS, "change", "fair"], [*KINDS.values(), CHANGE, FAIR])[0]
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if kind == "drop":
            raise Drop
        if kind == "change":
            self.change(self.dice)
        wait = email.utils.format_datetime(dt.datetime.fromtimestamp(self.now + 2, dt.UTC), usegmt=True)
        answers: dict[str, Answer] = {
            "busy": (429, "text/html", b""),
            "later": (429, "application/json", b"{}", {"Retry-After": "3"}),
            "date": (503, "text/html", b"", {"Retry-After": wait}),
            "broken": (self.dice.choice([500, 502, 503]), "text/html", HTML),
            "page": (200, "text/html", HTML),
            "half": (200, "application/json", b'{"results": [{"id": "1"'),
            "empty": (200, "application/json", b""),
        }
        return answers.get(kind)
