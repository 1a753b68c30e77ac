"""What is set aside, kept until it is mended: the account still holds it, so every sync names it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence

from funnel.schema import Rejected
from funnel.sources.api.records import Aside, Fault
from funnel.sources.api.state import State

LEADS, VALUES, LISTS = "leads", "values", "lists"
"""Streams besides the kinds of events: leads set aside; fields of leads that got in; the account's lists."""
AHEAD = "ahead"
"""Events that got in, at another time than the one they bear."""
LATER = "is later than the server's own time; the event is dated by its lead's last edit"
MARKED = "the account marks it as deleted"


def keep(state: State, stream: str, found: Sequence[Aside], number: int) -> None:
    """Keep what is set aside; what was known of the same record is replaced."""
    rows = [
        (stream, one.key, number, json.dumps([[[f.field, f.value, f.reason] for f in one.faults], one.cells]))
        for one in found
    ]
    state.change("INSERT OR REPLACE INTO aside VALUES (?,?,?,?)", rows)


def mended(state: State, stream: str, keys: Iterable[object]) -> None:
    """Forget what was set aside: it was read now, or is no longer in the account."""
    if any(state.rows("SELECT 1 FROM aside WHERE stream = ? LIMIT 1", (stream,))):
        state.change("DELETE FROM aside WHERE stream = ? AND key = ?", [(stream, str(key)) for key in keys])


def unseen(state: State, number: int) -> None:
    """Forget what a pass over everything no longer met."""
    state.change("DELETE FROM aside WHERE pass < ?", [(number,)])


def standing(state: State) -> Iterator[tuple[str, Aside]]:
    """Return all that is set aside now, with its stream."""
    for stream, key, body in state.rows("SELECT stream, key, body FROM aside ORDER BY stream, key"):
        faults, cells = json.loads(str(body))
        yield str(stream), Aside(str(key), tuple(Fault(*fault) for fault in faults), cells)


def rejected(state: State, source: str, moved: str) -> tuple[Rejected, ...]:
    """Return all that is set aside as rejected rows: `leads`, `stage_entries`, `events`, `values`, `lists`.

    Args:
        state: what was read.
        source: whom it was asked of.
        moved: the kind of event that makes stage entries.
    """
    made = []
    tables = {LEADS: LEADS, VALUES: VALUES, AHEAD: VALUES, LISTS: LISTS, moved: "stage_entries"}
    for stream, one in standing(state):
        table = tables.get(stream, "events")
        first, *others = one.faults
        more = "".join(f"; also {fault.field}: {fault.reason}" for fault in others)
        cells = {name: _told(name, cell) for name, cell in one.cells.items() if name != "id"}
        reason = f"{first.field} {first.reason}" if first.field else first.reason
        made.append(
            Rejected(
                table, source, 0, first.field, first.value, reason + more,
                {"id": one.key, **cells}, copy=first.reason == MARKED,
            )
        )  # fmt: skip
    return tuple(made)


def _told(name: str, cell: str) -> str:
    """Write a time so that a person can read it."""
    if name.endswith("_at") and cell.isascii() and cell.isdigit() and 5 <= len(cell) <= 10:
        return dt.datetime.fromtimestamp(int(cell), dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    return cell
