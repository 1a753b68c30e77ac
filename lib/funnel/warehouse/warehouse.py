"""The warehouse as everyone else sees it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from funnel.dates import AsOf
from funnel.errors import MissingError
from funnel.gate.attributes import meant
from funnel.gate.feeds import usual_end
from funnel.schema import Batch, Known, Loaded, Rejected
from funnel.settings import ReachRule
from funnel.warehouse import (
    came,
    crossed,
    crossed_lags,
    cubes,
    customers,
    fingerprint,
    gated,
    journeys,
    keeping,
    load,
    lost,
    problems,
    restated,
    values,
    waiting,
    written,
)
from funnel.warehouse import paid as money
from funnel.warehouse.lacks import Lack, lacks
from funnel.warehouse.opened import Opened, Where
from funnel.warehouse.slices import By

_IMPORTS = (
    "time", "files", "table", "read", "accepted", "rejected", "inserted", "changed", "unchanged", "closed",
)  # fmt: skip
_TOTAL: By = ((),)
_NOTHING = "Nothing has been imported yet. To do: run `funnel import` first."


class Warehouse(Opened):
    """Canonical tables with two clocks, and the cubes made from them. A context manager.

    All cubes count as of an `AsOf`, and take `by` (what to slice by: `()` the total, `("channel",)` alone,
    `("channel", "manager")` a pair), `rule` (default: the settings' `reach`) and `where` (attribute and
    value; '' means no value). They raise `InputError` for an attribute that the leads do not have.
    """

    def _where(self, as_of: AsOf, where: Where) -> Where:
        """Return the filter with the values as they are shown."""
        known = self.attributes()
        return {n: self.meant(as_of, n, v) if n in known else v for n, v in (where or {}).items()}

    def load(
        self, batch: Batch, known_at: dt.datetime, *, full: bool = False, keep: bool = True
    ) -> tuple[tuple[Loaded, ...], tuple[Rejected, ...]]:
        """Take in a batch as a whole or not at all; nothing that stood is overwritten.

        A row with a new key is added; one with other content closes the version that stood and opens a new
        one; columns the batch does not have keep their values; the same again changes nothing. Entries and
        payments of leads never seen, and keys with several contents, are set aside.

        Args:
            batch: what the reader gave.
            known_at: now; UTC, or with an offset. Moved behind the last change where a clock went back.
            full: the batch holds everything: rows of its tables that it no longer has are closed as deleted.
            keep: keep the rows beside the warehouse, so that it can be made again.

        Returns:
            What happened to each table, and the rows set aside here (`row` is 0 where no file gave them).

        Raises:
            InputError: a column has a reserved name, or one that differs only in case from a known one.
            FunnelError: the disk is full or failed; the message says whether the import is done.
        """
        self._own = None
        self._stamps.clear()
        self._shown.clear()
        self._totals.clear()
        self._held = None
        kept = self._kept if keep else None
        return load.load(self._connection, batch, known_at, root=self._settings.root, full=full, kept=kept)

    def prune(self) -> int:
        """Join the kept imports into one; return how many that were.

        Raises:
            MissingError: nothing has been imported.
        """
        self.known_at()
        if self._kept is None:
            return 0
        before = len(self._kept.entries()[0])
        self._kept.write(keeping.base(self._connection, self._kept))
        return before

    def known_at(self) -> dt.datetime:
        """Return the time of the last import that changed something (UTC without offset).

        Of foreign tables the last time at which a row became known or ceased to be; those without these
        columns are known from the beginning.

        Raises:
            MissingError: nothing has been imported.
        """
        if self._foreign:
            return self._foreign.last_known()
        moment = load.last_known(self._connection)
        if moment is None:
            raise MissingError(_NOTHING)
        return moment

    def known(self) -> Known:
        """Return what is known now, for files that say only how things stand (`funnel.sources.read`)."""
        now = self._tables.now("leads")
        entries = self._tables.now("stage_entries").select("lead_id", "stage", "entered_at")
        return Known(entries.to_pyarrow(), now.select("lead_id").to_pyarrow()["lead_id"].combine_chunks())

    def imports(self) -> pd.DataFrame:
        """Return the log of imports, oldest first.

        Returns:
            One row per import and table: `time` (UTC), `files`, `table`, `read`, `accepted`, `rejected`,
            `inserted`, `changed`, `unchanged`, `closed` (numbers of rows). Of foreign tables there is none.
        """
        if self._foreign:
            return pd.DataFrame(columns=list(_IMPORTS))
        return self._connection.execute(
            'SELECT moment AS time, files, table_name AS "table", read, read - rejected AS accepted, '
            "rejected, inserted, changed, unchanged, closed FROM funnel_imports ORDER BY number, rowid"
        ).df()

    def files(self) -> frozenset[str]:
        """Return every file, or account, that has ever been imported."""
        return frozenset(name for names in self.imports()["files"] for name in names.split("; "))

    def first_day(self) -> dt.date:
        """Return the day the first lead known now was created.

        Raises:
            MissingError: there are no leads.
        """
        created = self._tables.now("leads").created_at
        first: dt.date | None = created.min().cast("date").to_pyarrow().as_py()
        if first is None:
            raise MissingError(_NOTHING)
        return first

    def last_day(self, as_of: AsOf | None = None) -> dt.date:
        """Return the last day of the usual volume.

        What is dated in the future does not count, nor do stray rows far ahead of everything.

        Args:
            as_of: what was known and had happened by then; by default all that is known now.

        Raises:
            MissingError: there are no leads.
        """
        first, tables = self.first_day(), self._tables
        known = gated.daily(tables, as_of.known_at if as_of else None)
        if as_of:
            known = known[known["day"] < pd.Timestamp(as_of.report_date)]
        end = usual_end(known)
        return max(first, end) if end else first

    def attributes(self) -> tuple[str, ...]:
        """Return the names of the attribute columns the leads have."""
        return self._tables.attributes

    def values(self, as_of: AsOf, attribute: str) -> list[str]:
        """Return the values leads have of an attribute; see `values.values`."""
        return values.values(self._read(as_of, [attribute]), as_of, attribute)

    def meant(self, as_of: AsOf, attribute: str, value: str) -> str:
        """Return the value that leads have of an attribute and somebody means who writes it so.

        Raises:
            InputError: the leads do not have this attribute.
        """
        names = self._settings.values.get(attribute, {})
        return meant(value, self.values(as_of, attribute), names)

    def stages(self, as_of: AsOf) -> list[str]:
        """Return the stages that leads entered, configured or not."""
        return values.stages(self._tables, as_of)

    def fingerprint(self, as_of: AsOf) -> dict[str, str]:
        """Return a hash per table of what was known and had happened, whatever the order of rows."""
        return fingerprint.fingerprint(self._whole, as_of)

    def reached(
        self, as_of: AsOf, by: By = _TOTAL, rule: ReachRule | None = None, where: Where = None
    ) -> pd.DataFrame:
        """Return how many leads reached which stage in which week; see `schema.REACHED_COLUMNS`."""
        return self._counted(cubes.reached, as_of, by, rule, where)

    def reached_since(
        self, as_of: AsOf, since: dt.date, by: By, rule: ReachRule | None = None
    ) -> pd.DataFrame:
        """Return the same of the cohorts from a Monday on alone: pairs of attributes are many."""
        tables = self._timed(as_of, by)
        return cubes.reached(tables, self._settings, as_of, by, rule=self._rule(rule), since=since)

    def moved(
        self, as_of: AsOf, by: By = _TOTAL, rule: ReachRule | None = None, where: Where = None
    ) -> pd.DataFrame:
        """Return where leads went from each stage, and after how long; see `schema.MOVED_COLUMNS`."""
        return self._counted(cubes.moved, as_of, by, rule, where)

    def paid(self, as_of: AsOf, by: By = _TOTAL, where: Where = None) -> pd.DataFrame:
        """Return number and sum of payments by cohort week and lag; see `schema.PAID_COLUMNS`.

        Raises:
            InputError: also for a currency without a configured rate.
        """
        return money.paid(
            self._timed(as_of, by, where), self._settings, as_of, by, where=self._where(as_of, where)
        )

    def came(self, as_of: AsOf, since: dt.date, by: By = _TOTAL) -> pd.DataFrame:
        """Return leads, sales and revenue by day; see `schema.CAME_COLUMNS`."""
        return came.came(self._timed(as_of), self._settings, as_of, since, by, rule=self._settings.reach)

    def spend(self, as_of: AsOf) -> pd.DataFrame:
        """Return the ad spend by day, channel and campaign; see `schema.SPEND_COLUMNS`."""
        return written.blotted(money.spend(self._tables, self._settings, as_of), "channel", "campaign")

    def spend_names(self, as_of: AsOf) -> pd.DataFrame:
        """Return the channels and campaigns that leads bear; see `money.spend_names`."""
        return money.spend_names(self._read(as_of), as_of)

    def waits(
        self, as_of: AsOf, by: By = _TOTAL, rule: ReachRule | None = None, where: Where = None
    ) -> pd.DataFrame:
        """Return how long leads took to each stage, or wait for it; see `journeys.WAITS_COLUMNS`."""
        return self._counted(journeys.waits, as_of, by, rule, where)

    def long_waiting(
        self,
        as_of: AsOf,
        limits: Mapping[str, float],
        attributes: Sequence[str] = (),
        rule: ReachRule | None = None,
    ) -> pd.DataFrame:
        """List the open leads that wait too long, for the workbook; see `waiting.long_waiting`."""
        listed = waiting.long_waiting(
            self._read(as_of, attributes), self._settings, as_of, limits, attributes, rule=self._rule(rule)
        )
        return written.blotted(listed, "lead_id")

    def waiting_counts(
        self, as_of: AsOf, limits: Mapping[str, float], by: By = _TOTAL, rule: ReachRule | None = None
    ) -> pd.DataFrame:
        """Count the open leads that wait too long, by stage; see `waiting.WAITING_COLUMNS`."""
        read, rule = self._read(as_of, [name for names in by for name in names]), self._rule(rule)
        return waiting.waiting_counts(read, self._settings, as_of, limits, by, rule=rule)

    def lost(self, as_of: AsOf, by: By = _TOTAL, rule: ReachRule | None = None) -> pd.DataFrame:
        """Return why leads were lost, by stage; see `lost.LOST_COLUMNS`."""
        counted = lost.lost(self._timed(as_of, by), self._settings, as_of, by, rule=self._rule(rule))
        return written.blotted(counted, "reason")

    def customers(self, as_of: AsOf, by: By = _TOTAL, where: Where = None) -> pd.DataFrame:
        """Return customers and their payments; see `customers.CUSTOMER_COLUMNS`.

        Raises:
            InputError: also for a currency without a configured rate.
        """
        return customers.customers(
            self._timed(as_of, by, where), self._settings, as_of, by, where=self._where(as_of, where)
        )

    def crossed(self, as_of: AsOf, attributes: Sequence[str], rule: ReachRule | None = None) -> pd.DataFrame:
        """Return the cross of attributes by cohort week, for the workbook; see `crossed.crossed`."""
        return crossed.crossed(
            self._read(as_of, attributes), self._settings, as_of, attributes, rule=self._rule(rule)
        )

    def combinations(self, as_of: AsOf, attributes: Sequence[str], since: dt.date) -> int:
        """Count the rows that the cross of attributes has from a week on; see `crossed.combinations`."""
        return crossed.combinations(self._read(as_of, attributes), as_of, attributes, since)

    def crossed_lags(self, as_of: AsOf, attributes: Sequence[str]) -> pd.DataFrame:
        """Return the cross of attributes by cohort week, stage and lag; see `crossed_lags.crossed_lags`."""
        tables, rule = self._read(as_of), self._rule(None)
        return crossed_lags.crossed_lags(tables, self._settings, as_of, attributes, rule=rule)

    def standing(self, as_of: AsOf, attributes: Sequence[str], rule: ReachRule | None = None) -> pd.DataFrame:
        """Return where the open leads of the cross stand, for the workbook; see `crossed.standing`."""
        return crossed.standing(
            self._read(as_of, attributes), self._settings, as_of, attributes, rule=self._rule(rule)
        )

    def findings(self, as_of: AsOf) -> pd.DataFrame:
        """Return what the gate finds: `schema.FINDING_COLUMNS`, the gravest first."""
        connection = None if self._foreign else self._connection
        return gated.find(self._timed(as_of), self._settings, as_of, connection)

    def problems(self, as_of: AsOf) -> pd.DataFrame:
        """Return the data problems; see `problems.problems`."""
        return written.blotted(problems.problems(self._timed(as_of), self._settings, as_of), "example")

    def lacks(self) -> list[Lack]:
        """Return what a database lacks of what a file of our own has; see `lacks.lacks`."""
        return list(lacks(self._tables, self._settings)) if self._foreign else []

    def restated(
        self, report_date: dt.date, before: dt.datetime, after: dt.datetime, rule: ReachRule | None = None
    ) -> pd.DataFrame:
        """Return what changed between two knowledge times for one report date; see `restated.restated`."""
        tables = self._read(AsOf(report_date, after))
        return restated.restated(tables, self._settings, report_date, before, after, rule=self._rule(rule))

    def _counted(
        self, cube: Callable[..., pd.DataFrame], as_of: AsOf, by: By, rule: ReachRule | None, where: Where
    ) -> pd.DataFrame:
        chosen = {"rule": self._rule(rule), "where": self._where(as_of, where)}
        asked = (cube.__name__, id(self._settings), as_of, chosen["rule"], str(chosen["where"]))
        if tuple(by) == _TOTAL and asked in self._totals:
            return self._totals[asked].copy()
        frame = cube(self._timed(as_of, by, where), self._settings, as_of, by, **chosen)
        if () in by:  # what the attributes add up to is asked again by other chapters
            self._totals[asked] = frame[frame["attribute"] == ""].reset_index(drop=True)
        return frame

    def _rule(self, rule: ReachRule | None) -> ReachRule:
        return rule or self._settings.reach
