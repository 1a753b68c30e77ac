"""Records into the state, each by itself: what every CRM's reader has in common."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

from funnel.sources.api import asides, records
from funnel.sources.api.client import Client, PageTooLarge
from funnel.sources.api.records import Aside, Fault
from funnel.sources.api.state import Cursor, EventRow, LeadRow, State

FIRST, UPDATE, FULL = "first", "update", "full"
"""Kinds of a pass: nothing is known, what changed since, everything again."""
Progress = Callable[[str, int], None]
"""Told after every page: which stream, and how many rows of it were read in this run."""
ReadLead = tuple[LeadRow | None, Sequence[Fault]]
Page = tuple[Sequence[object], Cursor]
"""The rows of a page as they came, and where to read on."""


class Reader(ABC):
    """Reads the lists of one account in one pass. What it asks for, and how it pages, a subclass says.

    Args:
        client: the account.
        state: where pages go.
        number: the pass.
        now: UTC; stands for the server's time where it tells none.
        progress: told after every page.

    Attributes:
        id_field: the field of a lead's id, as the CRM names it.
        telling: fields of a lead that tell a person which one it is.
        probes: how many ids one request may name; where the server gives up, fewer.
    """

    id_field: ClassVar[str] = "id"
    telling: ClassVar[Sequence[str]] = records.TELLING
    probes: ClassVar[Sequence[int]] = (100,)

    def __init__(
        self,
        client: Client,
        state: State,
        number: int,
        now: dt.datetime,
        progress: Progress | None = None,
    ) -> None:
        self.client, self.state, self.number = client, state, number
        self._now, self._progress = now, progress
        self._read: dict[str, int] = {}

    # What a CRM says

    @abstractmethod
    def changes(self, began: int, since: Callable[[str], int]) -> dict[str, int]:
        """Read what changed; return how far each stream is read, in unix seconds, never later than `began`.

        Args:
            began: unix seconds: the server's time when the pass began.
            since: from when on a stream is to be read; 0 reads all.
        """

    @abstractmethod
    def settle(self, kind: str, began: int) -> None:
        """Find out which leads are gone."""

    @abstractmethod
    def listing(self, cursor: Cursor | None) -> Page:
        """Read the next page of the whole list of leads; without a cursor the first."""

    @abstractmethod
    def histories(self, ids: Sequence[int]) -> None:
        """Read where some leads have been."""

    @abstractmethod
    def by_ids(self, ids: Sequence[int], *, shrinkable: bool) -> Sequence[object] | None:
        """Ask for leads by id; None for an empty answer."""

    @abstractmethod
    def lead(self, raw: object) -> ReadLead:
        """Read a lead; None where it has to be set aside, with all that is wrong either way."""

    @abstractmethod
    def sample(self) -> None:
        """Read one page of leads, for a look at an account that was never read."""

    # What all do

    @property
    def present(self) -> int:
        """The server's time, unix seconds: what is dated after it is dated ahead."""
        return int((self.client.server_time or self._now).timestamp())

    def probe(self, ids: Sequence[int]) -> list[int]:
        """Ask for leads by id; keep those that are there, mark the others as gone and return them."""
        gone: list[int] = []
        left, size, again = list(ids), self.probes[0], False
        while left:
            asked = left[:size]
            try:
                rows = self.by_ids(asked, shrinkable=size > self.probes[-1])
            except PageTooLarge:
                size = self.probes[self.probes.index(size) + 1]
                continue
            if rows is None and len(asked) > 1 and not again:
                again = True  # none of many is there: an empty answer is believed the second time
                continue
            left, again, rows = left[size:], False, rows or ()
            there = {records.id_of(row, self.id_field) for row in rows}
            if not there <= set(asked):
                continue  # the account does not filter by id: this tells nothing about who is gone
            missing = sorted(set(asked) - {id_ for id_ in there if id_ is not None})
            with self.state.transaction():
                self.add_leads(rows)
                self.lose(missing)
            gone += missing
            self.tell("leads", len(rows))
        return gone

    def lose(self, ids: Sequence[int]) -> None:
        """Say of leads that they are no longer in the account."""
        self.state.mark_gone(ids, self.number)
        for stream in (asides.LEADS, asides.VALUES):
            asides.mended(self.state, stream, ids)

    def add_leads(self, rows: Sequence[object], unless: Callable[[LeadRow], bool] | None = None) -> int:
        """Take in leads as they came, each by itself; return how many were new in this pass.

        Args:
            rows: of a page.
            unless: leads for which it is true stay as they are.
        """
        good: list[LeadRow] = []
        bad: list[Aside] = []
        odd: list[Aside] = []
        deleted: list[int] = []
        for raw in rows:
            row, faults = self.lead(raw)
            if row is None:
                bad.append(self._aside(raw, faults))
                id_ = records.id_of(raw, self.id_field)
                if id_ is not None and faults[0].reason == asides.MARKED:
                    deleted.append(id_)
                continue
            if faults:
                odd.append(self._aside(raw, faults))
            good.append(row)
        ids = [row[0] for row in good]
        for stream in (asides.LEADS, asides.VALUES):
            asides.mended(self.state, stream, ids)
        asides.keep(self.state, asides.LEADS, bad, self.number)
        asides.keep(self.state, asides.VALUES, odd, self.number)
        self.state.mark_gone(deleted, self.number)
        wanted = [row for row in good if unless is None or not unless(row)]
        return self.save(wanted) if wanted else 0

    def save(self, rows: Sequence[LeadRow]) -> int:
        """Save leads that could be read; return how many were new in this pass."""
        return self.state.add_leads(rows, self.number)

    def keep_events(
        self, stream: str, good: Sequence[EventRow], bad: Sequence[Aside], ahead: Sequence[Aside]
    ) -> int:
        """Keep events of a stream and what is wrong with some; return how many were new."""
        for one in (stream, asides.AHEAD):
            asides.mended(self.state, one, [row[2] for row in good])
        asides.keep(self.state, stream, bad, self.number)
        asides.keep(self.state, asides.AHEAD, ahead, self.number)
        return self.state.add_events(good, self.number)

    def told_by(self, lead: int) -> int:
        """Return when a lead's event that is dated ahead had happened at the latest: a move is an edit."""
        known = self.state.ids("SELECT updated_at FROM leads WHERE id = ?", (lead,))
        return min([self.present, *known])

    def tell(self, stream: str, rows: int) -> None:
        """Tell how far a stream has come."""
        self._read[stream] = self._read.get(stream, 0) + rows
        if self._progress is not None:
            self._progress(stream, self._read[stream])

    def _aside(self, raw: object, faults: Sequence[Fault]) -> Aside:
        return records.aside(raw, faults, self.id_field, self.telling)
