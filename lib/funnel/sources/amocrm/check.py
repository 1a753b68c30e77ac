"""Once a day: the account's whole list beside the saved state, for what the windows of time cannot show.

A lead whose time of edit was written behind (an integration with a wrong zone, an import with old dates) is
in no window; one that went without an event is in none either. So all leads are listed by id, a request for
250 of them, and each page is compared with what is saved: a lead that is missing or stands there otherwise is
taken in, and its events are asked for by its id; one that is saved and was not listed is asked for by its id.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from funnel.sources.amocrm import paging, records
from funnel.sources.amocrm.client import Params
from funnel.sources.amocrm.reading import MANY, Reader
from funnel.sources.amocrm.state import Cursor, LeadRow

DAY = 86_400
STREAM = "check"
ASKED = 10  # ids of leads that one request for events may name
_COLUMNS = (
    "id, created_at, updated_at, closed_at, pipeline_id, status_id, responsible_id, loss_reason_id, "
    "customer_id, price, attributes"
)


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
    cursor = state.cursor(STREAM) or Cursor(limit=paging.LEAD_LIMITS[0], mode=paging.PAGES)
    if not cursor.offset and cursor.mode != paging.AGAIN:
        state.change("DELETE FROM listed", [()])
    while not cursor.done:
        page, cursor = reader.page("leads", paging.lead_params(cursor), cursor, paging.LEAD_LIMITS)
        rows = page.rows.leads if page else ()
        with state.transaction():
            _compare(reader, rows, upto, bound)
            cursor = paging.next_page(cursor, page) or replace(cursor, done=True)
            state.move(STREAM, cursor)
        reader.tell(STREAM, len(rows))
    missed = state.ids("SELECT id FROM listed WHERE missed = 1 ORDER BY id")
    for kind in MANY:
        _events_of(reader, kind, missed)
    gone = reader.probe(
        state.ids("SELECT id FROM leads WHERE gone = 0 AND id NOT IN (SELECT id FROM listed)")
    )
    state.change("DELETE FROM aside WHERE stream IN ('leads', 'values') AND key NOT IN "
                 "(SELECT CAST(id AS TEXT) FROM listed) AND key NOT LIKE 'no id%'", [()])  # fmt: skip
    return Found(state.ids("SELECT count(*) FROM listed")[0], len(missed), len(gone))


def _compare(reader: Reader, rows: Iterable[object], upto: int, bound: int) -> None:
    """Take in what differs from the saved state, and note what was listed."""
    state, missed = reader.state, set[int]()
    by_id = {id_: raw for raw in rows if (id_ := records.id_of(raw)) is not None}
    marks = ",".join("?" * len(by_id))
    query = f"SELECT {_COLUMNS}, gone FROM leads WHERE id IN ({marks})"
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


def _events_of(reader: Reader, kind: str, ids: list[int]) -> None:
    """Ask for all events of a kind of some leads."""
    for start in range(0, len(ids), ASKED):
        asked = ids[start : start + ASKED]
        named = {f"filter[entity_id][{number}]": id_ for number, id_ in enumerate(asked)}
        query: Params = {"filter[type]": kind, "filter[entity]": "lead", **named}
        cursor: Cursor | None = Cursor(limit=paging.EVENT_LIMITS[0])
        while cursor is not None:
            page, cursor = reader.page("events", query, cursor, paging.EVENT_LIMITS)
            rows = page.rows.events if page else ()
            if not all(_of(row) in asked for row in rows):
                return  # the account does not filter by id, and all its events have been read
            with reader.state.transaction():
                reader.add_events(kind, rows)
            cursor = paging.next_page(cursor, page)


def _of(raw: object) -> object:
    return raw.get("entity_id") if isinstance(raw, dict) else None
