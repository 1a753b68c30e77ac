"""Once a day: the account's whole list beside the saved state, for what the windows of time cannot show.

A lead whose time of edit was written behind (an integration with a wrong zone, an import with old dates) is
in no window; one that went without an event is in none either. So all leads are listed by id, page by
page, and each page is compared with what is saved: a lead that is missing or stands there otherwise is
taken in, and its events are asked for by its id; one that is saved and was not listed is asked for by its id.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from funnel.sources.api import records
from funnel.sources.api.reader import Reader
from funnel.sources.api.rounds import Round
from funnel.sources.api.state import LEAD, LeadRow

DAY = 86_400
STREAM = "check"


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found.

    Attributes:
        listed: leads of the account, counted on its pages.
        missed: of these, those that were not saved or stood there otherwise, though the windows were read.
        gone: saved leads that are no longer in the account.
    """

    listed: int
    missed: int
    gone: int


def check(reader: Reader, upto: int, bound: int) -> Found:
    """Compare the account's list with the saved state, and mend the state.

    Args:
        reader: after the streams of its pass are read.
        upto: unix seconds; what was edited later belongs to the next pass and is no miss.
        bound: unix seconds; the first pass left out on purpose what was edited before.
    """
    state = reader.state
    cursor = state.cursor(STREAM)
    if cursor is None:
        state.change("DELETE FROM listed", [()])
    turn = Round(reader.client, "leads")
    while cursor is None or not cursor.done:
        rows, cursor = reader.listing(cursor)
        turn.look(rows)
        with state.transaction():
            _compare(reader, rows, upto, bound)
            state.move(STREAM, cursor)
        reader.tell(STREAM, len(rows))
    missed = state.ids("SELECT id FROM listed WHERE missed = 1 ORDER BY id")
    reader.histories(missed)
    gone = reader.probe(
        state.ids("SELECT id FROM leads WHERE gone = 0 AND id NOT IN (SELECT id FROM listed)")
    )
    state.change("DELETE FROM aside WHERE stream IN ('leads', 'values') AND key NOT IN "
                 "(SELECT CAST(id AS TEXT) FROM listed) AND key NOT LIKE 'no id%'", [()])  # fmt: skip
    return Found(state.ids("SELECT count(*) FROM listed")[0], len(missed), len(gone))


def _compare(reader: Reader, rows: Iterable[object], upto: int, bound: int) -> None:
    """Take in what differs from the saved state, and note what was listed."""
    state, missed = reader.state, set[int]()
    by_id = {id_: raw for raw in rows if (id_ := records.id_of(raw, reader.id_field)) is not None}
    marks = ",".join("?" * len(by_id))
    query = f"SELECT {LEAD}, gone FROM leads WHERE id IN ({marks})"
    saved = {int(str(row[0])): row for row in state.rows(query, tuple(by_id))}

    def same(row: LeadRow) -> bool:
        known = saved.get(row[0])
        if known == (*row, 0) or (known is None and row[2] < bound):
            return True
        if row[2] <= upto:
            missed.add(row[0])
        return False

    reader.add_leads(list(by_id.values()), same)
    state.change(
        "INSERT INTO listed VALUES (?, ?) "
        "ON CONFLICT (id) DO UPDATE SET missed = max(missed, excluded.missed)",
        [(id_, int(id_ in missed)) for id_ in by_id],
    )
