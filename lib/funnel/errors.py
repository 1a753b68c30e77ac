"""What can go wrong, in the words a user can act on.

Every error a user can cause is a `FunnelError`. Each class also inherits the built-in that a
programmer would expect to catch, and carries the exit code of the command line.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_BREAK = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def one_line(text: str) -> str:
    r"""Return text whose line breaks are in sight, so that a value in a message begins no line of its own.

    >>> print(one_line("a name\nError: none"))
    a name\u000aError: none
    """
    return _BREAK.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the input.

    Attributes:
        where: file, row, column: as exact as known, e.g. ``leads.csv, row 12, column created_at``.
        wrong: what is wrong and what was found.
        allowed: what would have been right.
        todo: what to do next.
    """

    where: str
    wrong: str
    allowed: str = ""
    todo: str = ""

    def __str__(self) -> str:
        parts = [f"{one_line(self.where)}: {one_line(self.wrong)}"]
        if self.allowed:
            parts.append(f"allowed: {one_line(self.allowed)}")
        if self.todo:
            parts.append(f"to do: {self.todo}")
        return "; ".join(parts)


class FunnelError(Exception):
    """Base of every error that a user can cause; its text is shown as it is, without a traceback."""

    exit_code = 2


class InputError(FunnelError, ValueError):
    """Something given to us cannot be used; `problems` lists all of it, not only the first."""

    def __init__(self, headline: str, problems: Sequence[Problem] = ()) -> None:
        self.headline = headline
        self.problems = tuple(problems)
        super().__init__("\n".join([headline, *(f"  - {problem}" for problem in self.problems)]))


class SettingsError(InputError):
    """`funnel.yml` (or another file of settings) cannot be used."""


class DamagedError(InputError):
    """The warehouse file cannot be read any more."""


class MissingError(FunnelError, LookupError):
    """Something asked for is not there: a file, an archived edition, a table."""


class BusyError(FunnelError, TimeoutError):
    """Another run holds the lock."""


class NotebookError(FunnelError, RuntimeError):
    """A notebook stopped; the message names it and where its last state is kept."""


class RenderError(FunnelError, RuntimeError):
    """The report could not be rendered; the message gives file and line."""


class CheckFailed(FunnelError, AssertionError):
    """A check ran to its end and found a difference (exit code 1)."""

    exit_code = 1


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the nearest known name, or an empty string.

    >>> nearest("chanel", ["channel", "manager"])
    "; did you mean 'channel'?"
    >>> nearest("xyz", ["channel"])
    ''
    """
    match = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean '{match[0]}'?" if match else ""
