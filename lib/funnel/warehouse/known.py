"""The canonical tables as Ibis expressions, and what of them was known and had happened at an `AsOf`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.dates import AsOf
from funnel.errors import InputError, Problem, nearest
from funnel.gate.stamps import NO_STAMPS, Stamps
from funnel.schema import LEADS, TableName
from funnel.warehouse.held import Held

BEGINNING = dt.datetime(1, 1, 1)  # noqa: DTZ001 - known from the beginning; UTC without offset like all known times
_PAST = dt.datetime(1700, 1, 1)  # noqa: DTZ001 - nobody knew anything before
KNOWN = ("known_from", "known_to")
EVENT: Mapping[TableName, str] = {
    "leads": "created_at",
    "stage_entries": "entered_at",
    "payments": "paid_at",
    "spend": "date",
}
FIRST_MONDAY = dt.date(1, 1, 1)
"""Inside the engine a week is the number of days from this Monday to its own Monday."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The four canonical tables of any Ibis engine; without `known_from` a table counts as always known.

    `first_import` is when the rows known from the beginning were really read; None where nobody knows.
    `stamps` are the moments that are no times. `engine` is Ibis's name of the engine. `held` makes rows
    once that many questions name, in our own engine alone; None where that is not wanted.
    """

    leads: ir.Table
    stage_entries: ir.Table
    payments: ir.Table
    spend: ir.Table
    first_import: dt.datetime | None = None
    stamps: Stamps = NO_STAMPS
    engine: str = "duckdb"
    held: Held | None = None

    def once(self, table: ir.Table, *, keep: bool = False) -> ir.Table:
        """Return the same rows, made now where that is wanted; see `held.Held.made`."""
        return table if self.held is None else self.held.made(table, keep=keep)

    def known(self, name: TableName, known_at: dt.datetime) -> ir.Table:
        """Return the rows of a table in the version that was known at a time."""
        table = self.versions(name, known_at)
        return table.drop(*KNOWN) if "known_from" in table.columns else table

    def now(self, name: TableName) -> ir.Table:
        """Return the rows known now, with their `known_from`."""
        table: ir.Table = getattr(self, name)
        return table.filter(table.known_to.isnull()) if "known_to" in table.columns else table

    def ahead(self, name: TableName, known_at: dt.datetime) -> ir.Table:
        """Return the rows dated more than a day after they were read: mistyped, or from a wrong clock."""
        table = self.versions(name, known_at)
        return table.filter(self.is_ahead(table, name))

    def is_ahead(self, table: ir.Table, name: TableName) -> ir.BooleanValue:
        """Tell of each version of a row whether it is dated more than a day after it was read."""
        if self.first_import is None:
            return ibis.literal(False)
        read = ibis.greatest(table.known_from, instant(self.first_import))
        return table[EVENT[name]].cast("timestamp(6)") > read + ibis.interval(days=1)

    def versions(self, name: TableName, known_at: dt.datetime) -> ir.Table:
        """Return the rows of a table in the version that was known at a time, with since when."""
        table: ir.Table = getattr(self, name)
        if "known_from" not in table.columns:
            return table
        moment = instant(known_at)
        still = table.known_to.isnull() | (table.known_to > moment)
        return table.filter(table.known_from <= moment, still)

    def at(self, name: TableName, as_of: AsOf) -> ir.Table:
        """Return the rows of a table that were known and had happened at an `AsOf`."""
        table = self.known(name, as_of.known_at)
        happened = table[EVENT[name]]
        cutoff = day(as_of.report_date) if happened.type().is_date() else instant(as_of.cutoff)
        return table.filter(happened < cutoff)

    def last_known(self) -> dt.datetime:
        """Return the last time at which a row became known or ceased to be; else the beginning."""
        found = [BEGINNING]
        past = instant(_PAST)  # not every engine hands out the year 1
        for table in (self.leads, self.stage_entries, self.payments, self.spend):
            for name in KNOWN:
                if name in table.columns:
                    last = table.filter(table[name] > past)[name].max().to_pyarrow().as_py()
                    found += [last] if last else []
        return max(found)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the attribute columns of the leads."""
        fixed = {*(column.name for column in LEADS.columns), *KNOWN}
        return tuple(name for name in self.leads.columns if name not in fixed)

    def require_attributes(self, names: Sequence[str], where: str) -> None:
        """Raise if a name is no attribute.

        Raises:
            InputError: every unknown name, with the nearest known one.
        """
        known = self.attributes
        problems = [
            Problem(
                where, f"no attribute {name!r} in the leads{nearest(name, known)}", ", ".join(known) or "none"
            )
            for name in dict.fromkeys(names)
            if name not in known
        ]
        if problems:
            raise InputError("The leads cannot be sliced so.", problems)


def instant(moment: dt.datetime) -> ir.TimestampScalar:
    """Return a timestamp for the engine; through text, because a float of seconds would lose microseconds."""
    return ibis.literal(moment.isoformat(sep=" ")).cast("timestamp(6)")


def day(date: dt.date) -> ir.DateScalar:
    """Return a day for the engine."""
    return ibis.literal(date.isoformat()).cast("date")


def indicator(test: ir.BooleanValue) -> ir.IntegerValue:
    """Return 1 where a test holds and 0 elsewhere; not every engine casts a truth value to a number."""
    found: ir.IntegerValue = ibis.ifelse(test, 1, 0).cast("int8")
    return found


def days_of(numbers: pd.Series) -> npt.NDArray[np.datetime64]:
    """Return the days that numbers of days from `FIRST_MONDAY` stand for: what `monday` is undone by."""
    days = np.datetime64(FIRST_MONDAY, "D") + numbers.to_numpy().astype("int64")
    return days.astype("datetime64[ns]")


def monday(moment: ir.TimestampValue) -> ir.IntegerValue:
    """Return the days from `FIRST_MONDAY` to the Monday of a moment's week.

    Not the engine's own week difference: DuckDB's counts whole seven days, not Mondays passed. Not a
    division either: that would go through a float, and a remainder is faster.
    """
    days = moment.date().delta(day(FIRST_MONDAY), unit="day").cast("int32")
    return days - days % 7
