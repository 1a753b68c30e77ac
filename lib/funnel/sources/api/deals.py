"""CRMs that list what changed since a time, and tell of each deal where it has been when they are asked.

How far an account is read is one time: that of the last edit. A deal's history is asked for when the deal
has changed; which ones are still to be asked for stands in the state, so a pass that was stopped asks for the
rest.
"""

from __future__ import annotations

import datetime as dt
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from funnel.sources.api import asides, records
from funnel.sources.api.attributes import Attributes
from funnel.sources.api.client import Client
from funnel.sources.api.reader import FULL, Page, Progress, Reader
from funnel.sources.api.records import Aside, Fault
from funnel.sources.api.references import References
from funnel.sources.api.rounds import Round
from funnel.sources.api.state import MOVED, Cursor, EventRow, LeadRow, Ref, State
from funnel.sources.api.wire import time_or_none

Raw = dict[str, object]

LEADS, HISTORIES = "leads", "histories"


@dataclass(frozen=True, slots=True)
class Told:
    """What an account tells of where some deals have been.

    Attributes:
        events: in the order in which they happened.
        bad: records that cannot be read.
    """

    events: Sequence[EventRow]
    bad: Sequence[Aside] = ()


class DealReader(Reader):
    """Reads the deals of one account in one pass.

    Args:
        client: the account.
        state: where pages go.
        number: the pass.
        references: the account's own lists.
        attributes: what to keep of a deal.
        now: UTC; stands for the server's time where it tells none.
        progress: told after every page.

    Attributes:
        pipelines: stage -> pipeline.
        asked: of how many deals one request tells the history.
        lost: streams of deals that are no longer there, read in every pass.
        edited: the field of the time of the last edit, as the CRM names it.
    """

    asked: ClassVar[int] = 50
    lost: ClassVar[Sequence[str]] = ()
    edited: ClassVar[str]

    def __init__(
        self,
        client: Client,
        state: State,
        number: int,
        references: References,
        attributes: Attributes[Raw],
        now: dt.datetime,
        progress: Progress | None = None,
    ) -> None:
        super().__init__(client, state, number, now, progress)
        self.references, self.attributes = references, attributes
        self.pipelines: dict[Ref, Ref] = {
            stage: pipeline for pipeline, stages in references.names.statuses.items() for stage in stages
        }

    # What a CRM says

    @abstractmethod
    def page(self, stream: str, cursor: Cursor) -> Page:
        """Read a page of a stream: the deals edited since a time, those that are lost, or the whole list."""

    @abstractmethod
    def told(self, ids: Sequence[int]) -> Iterable[Told]:
        """Ask where some deals have been, page by page."""

    # What all do

    def time_of(self, raw: object) -> int | None:
        """Return when a deal was edited last, unix seconds; None where that cannot be read."""
        return time_or_none(raw.get(self.edited)) if isinstance(raw, dict) else None

    def changes(self, began: int, since: Callable[[str], int]) -> dict[str, int]:
        """Read the deals that changed, those that are gone, and where the changed ones have been.

        How far it is read is the newest edit seen, but never ahead of the server's own time when the pass
        began: a record's own clock alone moves nothing.
        """
        newest = self._walk(LEADS, since(LEADS), self.add_leads)
        for stream in self.lost:
            self._walk(stream, since(LEADS), self._gone)
        self.histories(())
        return {LEADS: min(newest, began)}

    def settle(self, kind: str, began: int) -> None:  # noqa: ARG002
        """Ask for the deals that a pass over everything did not meet."""
        if kind == FULL:
            unseen = "SELECT id FROM leads WHERE gone = 0 AND seen < ? ORDER BY id"
            self.probe(self.state.ids(unseen, (self.number,)))
            self.histories(())

    def listing(self, cursor: Cursor | None) -> Page:
        """Read the next page of the whole list."""
        return self.page(LEADS, cursor or Cursor())

    def histories(self, ids: Sequence[int]) -> None:
        """Read where the deals have been that changed, and some others."""
        self.state.change("INSERT OR IGNORE INTO untold VALUES (?)", [(id_,) for id_ in ids])
        while ids := self.state.ids("SELECT id FROM untold ORDER BY id LIMIT ?", (self.asked,)):
            rows = 0
            for told in self.told(ids):
                with self.state.transaction():
                    self._keep(told)
                rows += len(told.events)
            self.state.change("DELETE FROM untold WHERE id = ?", [(id_,) for id_ in ids])
            self.tell(HISTORIES, rows)

    def save(self, rows: Sequence[LeadRow]) -> int:
        """Save deals, and note those whose history has to be asked for.

        That is not one of which the CRM tells when it came to where it stands, if that is known already.
        """
        saved = {
            row[0]: row[1:]
            for row in self.state.rows(
                "SELECT id, pipeline_id, status_id, closed_at FROM leads WHERE id IN "
                f"({','.join('?' * len(rows))})",
                [row[0] for row in rows],
            )
        }
        untold = [
            (row[0],) for row in rows if row[3] is None or saved.get(row[0]) != (row[4], row[5], row[3])
        ]
        self.state.change("INSERT OR IGNORE INTO untold VALUES (?)", untold)
        return super().save(rows)

    def sample(self) -> None:
        """Read one page of deals, and where they have been."""
        rows, _ = self.page(LEADS, Cursor())
        self.add_leads(rows)
        self.histories(())

    def _walk(self, stream: str, since: int, take: Callable[[Sequence[object]], object]) -> int:
        """Read a stream to its end; return the newest edit seen, never one ahead."""
        cursor = self.state.cursor(stream) or Cursor(since=since)
        turn = Round(self.client, stream)
        while not cursor.done:
            rows, following = self.page(stream, cursor)
            turn.look(rows)
            times = [time for row in rows if (time := self.time_of(row)) is not None and time <= self.present]
            newest = max([cursor.newest, *times, min(1, len(rows))])
            with self.state.transaction():
                take(rows)
                cursor = replace(following, newest=newest)
                self.state.move(stream, cursor)
            self.tell(stream, len(rows))
        return cursor.newest

    def _gone(self, rows: Sequence[object]) -> None:
        self.lose([id_ for row in rows if (id_ := records.id_of(row, self.id_field)) is not None])

    def _keep(self, told: Told) -> None:
        good: list[EventRow] = []
        ahead: list[Aside] = []
        for event in told.events:
            lead, at, id_ = event[:3]
            if at > self.present:
                fault = Fault(MOVED, str(at), asides.LATER)
                ahead.append(Aside(id_, (fault,), {"id": id_, "lead_id": str(lead), "created_at": str(at)}))
                event = (lead, self.told_by(lead), *event[2:])
            good.append(event)
        self.keep_events(MOVED, good, told.bad, ahead)


def by_id(cursor: Cursor, ids: Sequence[int], *, full: bool) -> Cursor:
    """Return where to read on in a list by id: behind the last one, until a page is not full.

    Args:
        cursor: where the page was.
        ids: of its records, those that can be read.
        full: whether it held as many records as a page can.
    """
    last = max(ids, default=cursor.offset)
    return replace(cursor, offset=last, done=not full or last <= cursor.offset)
