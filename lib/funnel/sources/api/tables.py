"""From the state to the canonical tables, a part of the leads at a time."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import cast

import pandas as pd
import pyarrow as pa

from funnel import schema
from funnel.settings import Settings
from funnel.settings_accounts import Account
from funnel.sources.api import asides, history
from funnel.sources.api.mapping import Place, StageMap
from funnel.sources.api.references import Names
from funnel.sources.api.state import ADDED, LEAD, MOVED, EventRow, LeadRow, Ref, State

CHUNK = 10_000  # leads turned into Arrow at once
_TABLES = (schema.LEADS, schema.STAGE_ENTRIES, schema.PAYMENTS)
_LEADS = f"SELECT {LEAD} FROM leads WHERE fresh > 0 AND gone = 0 ORDER BY id"
_EVENTS = (
    "SELECT lead_id, at, events.id, type, from_pipeline, from_status, to_pipeline, to_status FROM events "
    f"JOIN leads ON leads.id = lead_id AND fresh > 0 AND gone = 0 WHERE type IN ('{ADDED}', "
    f"'{MOVED}') ORDER BY lead_id, at, events.id"
)


@dataclass(frozen=True, slots=True)
class Tables:
    """What the changed leads of the state make.

    Attributes:
        batch: canonical tables of the leads that are in the account and in the funnel. It replaces all that
            was known of the changed leads: one that it names under `replaces` without a row in `leads` is
            gone.
        gone: how many of them are no longer in the account.
        unmapped: leads that came by a status which the settings do not map, by place.
    """

    batch: schema.Batch
    gone: int
    unmapped: Counter[Place]


@dataclass
class _Rows:
    """Columns being filled."""

    columns: dict[str, list[object]] = field(default_factory=dict)

    def add(self, **values: object) -> None:
        for name, value in values.items():
            self.columns.setdefault(name, []).append(value)


class _Maker:
    """Turns leads with their events into rows of the three tables."""

    def __init__(self, funnel: Settings, account: Account, stage_map: StageMap, names: Names, currency: str):
        self._funnel, self._account, self._map, self._names = funnel, account, stage_map, names
        self._currency = currency
        self.unmapped: Counter[Place] = Counter()
        self.rows = {table.name: _Rows() for table in _TABLES}

    def add(self, lead: LeadRow, events: Sequence[EventRow]) -> None:
        """Add a lead, unless it has never been in one of the funnel's pipelines."""
        id_, created, updated, closed, pipeline, status, responsible, reason = lead[:8]
        customer, price, attributes, currency = lead[8:]
        moves = [
            history.Move(at, _place(from_pipeline, from_status), after)
            for _, at, _, _, from_pipeline, from_status, to_pipeline, to_status in events
            if (after := _place(to_pipeline, to_status)) is not None
        ]
        place = (pipeline, status)
        whole = any(event[3] == ADDED for event in events)
        came = history.visits(history.Now(created, updated, closed, place, whole), moves)
        places = {place, *(visit.place for visit in came)}
        if not any(pipeline_id in self._map.pipelines for pipeline_id, _ in places):
            return
        self.unmapped.update(
            other for other in places if other[0] in self._map.pipelines and self._map.of(other) is None
        )
        at_the_end = {
            "responsible": self._names.users.get(responsible or 0)
            or (f"user {responsible}" if responsible else None),
            "pipeline": self._names.pipelines.get(pipeline) or f"pipeline {pipeline}",
        }
        values = json.loads(attributes)
        self.rows["leads"].add(
            lead_id=str(id_),
            created_at=created,
            customer_id=None if customer is None else str(customer),
            **{
                name: at_the_end.get(source) if source in at_the_end else values.get(name)
                for name, source in self._account.attributes.items()
            },
        )
        entries = history.entries(came, self._map)
        lost = history.lost_last(entries, place, self._map)
        why = None
        if reason is not None and lost:
            why = self._names.reasons.get(reason) or (
                f"reason {reason}" if isinstance(reason, int) else str(reason)
            )
        for number, entry in enumerate(entries, start=1):
            self.rows["stage_entries"].add(
                lead_id=str(id_), stage=entry.stage, entered_at=entry.at,
                reason=why if number == len(entries) else None, precision="second", origin=entry.origin,
            )  # fmt: skip
        paid = history.won_at(entries, place, self._map, self._funnel.stage_keys[-1])
        amount = _money(price)
        if self._account.payments == "won" and paid is not None and amount:
            self.rows["payments"].add(
                lead_id=str(id_), paid_at=paid, amount=amount, currency=currency or self._currency or None
            )

    def take(self) -> dict[schema.TableName, pa.Table]:
        """Return the rows so far as Arrow tables, and begin anew."""
        taken = {table.name: self._arrow(table, self.rows[table.name].columns) for table in _TABLES}
        self.rows = {table.name: _Rows() for table in _TABLES}
        return taken

    def _arrow(self, table: schema.Table, columns: dict[str, list[object]]) -> pa.Table:
        names = [column.name for column in table.columns]
        if table.open_ended:
            names += list(self._account.attributes)
        arrays = []
        for name in names:
            column, values = table.column(name), columns.get(name, [])
            if column.kind == "instant":
                utc = pd.to_datetime(pd.Series(values, dtype="int64"), unit="s", utc=True)
                local = utc.dt.tz_convert(self._funnel.timezone).dt.tz_localize(None)
                arrays.append(pa.array(local.dt.as_unit("us"), type=column.arrow))
            else:
                arrays.append(pa.array(values, type=column.arrow))
        made = pa.table(dict(zip(names, arrays, strict=True)))
        return _distinct(made, table.key) if table.name != "leads" else made


def source_of(account: Account) -> str:
    """Return what the warehouse calls an account."""
    return f"{account.key} {account.host}"


def build(
    state: State, funnel: Settings, account: Account, stage_map: StageMap, names: Names, currency: str
) -> Tables:
    """Make the canonical tables of all leads that changed since the warehouse last took them.

    Args:
        state: what was read.
        funnel: stages and time zone.
        account: attributes.
        stage_map: what each place means.
        names: of users, pipelines and reasons.
        currency: the account's.
    """
    maker = _Maker(funnel, account, stage_map, names, currency)
    parts: list[dict[schema.TableName, pa.Table]] = []
    for number, (lead, events) in enumerate(_leads_with_events(state), start=1):
        maker.add(lead, events)
        if number % CHUNK == 0:
            parts.append(maker.take())
    parts.append(maker.take())
    tables = {table.name: pa.concat_tables([part[table.name] for part in parts]) for table in _TABLES}
    if account.payments == "none":
        del tables["payments"]
    changed = pa.array(
        [str(id_) for id_ in state.ids("SELECT id FROM leads WHERE fresh > 0 ORDER BY id")], pa.string()
    )
    gone = state.ids("SELECT count(*) FROM leads WHERE fresh > 0 AND gone = 1")[0]
    source = source_of(account)
    aside = asides.rejected(state, source, MOVED)
    batch = schema.Batch(
        tables,
        rejected=aside,
        read={
            name: table.num_rows + sum(one.table == name for one in aside) for name, table in tables.items()
        },
        files=(source,),
        replaces={name: pa.table({"lead_id": changed}) for name in tables},
    )
    return Tables(batch, gone, maker.unmapped)


def _leads_with_events(state: State) -> Iterator[tuple[LeadRow, list[EventRow]]]:
    """Walk leads and events side by side, both by lead id."""
    groups = itertools.groupby(cast(Iterator[EventRow], state.rows(_EVENTS)), key=lambda event: event[0])
    group = next(groups, None)
    for lead in cast(Iterator[LeadRow], state.rows(_LEADS)):
        events: list[EventRow] = []
        if group is not None and group[0] == lead[0]:
            events = list(group[1])
            group = next(groups, None)
        yield lead, events


def _place(pipeline: Ref | None, status: Ref | None) -> Place | None:
    return None if pipeline is None or status is None else (pipeline, status)


def _money(price: str | None) -> Decimal | None:
    try:
        return None if price is None else round(Decimal(price), 2)
    except InvalidOperation:
        return None


def _distinct(table: pa.Table, key: Sequence[str]) -> pa.Table:
    """Drop rows of the same key: two seconds an hour apart are one wall-clock time when clocks go back."""
    double = table.select(list(key)).to_pandas().duplicated()
    return table.filter(pa.array(~double)) if double.any() else table
