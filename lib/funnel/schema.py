"""The tables everyone shares: what goes into the warehouse and what comes out of it.

Canonical tables are Arrow tables with exactly the types below. Timestamps are the funnel's local wall
clock without offset; ids are text; money is decimal. Frames that leave the warehouse are pandas frames
and described by the `*_COLUMNS` constants.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from funnel.stored import Rows, Runs

MONEY = pa.decimal128(18, 2)
INSTANT = pa.timestamp("us")
Kind = Literal["text", "instant", "day", "money", "count", "choice"]
TableName = Literal["leads", "stage_entries", "payments", "spend"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a canonical table.

    Attributes:
        name: as in the file.
        kind: how its values are read.
        required: the column must be there and every value filled.
        choices: the allowed values of a `choice`.
    """

    name: str
    kind: Kind = "text"
    required: bool = False
    choices: tuple[str, ...] = ()

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type its values have in the warehouse."""
        return {
            "text": pa.string(),
            "choice": pa.string(),
            "instant": INSTANT,
            "day": pa.date32(),
            "money": MONEY,
            "count": pa.int64(),
        }[self.kind]


@dataclass(frozen=True, slots=True)
class Table:
    """A canonical table: its columns, the key that makes a row itself, and whether it takes more columns."""

    name: TableName
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    open_ended: bool = False

    def column(self, name: str) -> Column:
        """Return a column by name; in an open-ended table every other name is a text attribute."""
        return next((column for column in self.columns if column.name == name), Column(name))

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that must be there."""
        return tuple(column.name for column in self.columns if column.required)


LEADS = Table(
    "leads",
    (Column("lead_id", required=True), Column("created_at", "instant", required=True), Column("customer_id")),
    key=("lead_id",),
    open_ended=True,
)
STAGE_ENTRIES = Table(
    "stage_entries",
    (
        Column("lead_id", required=True),
        Column("stage", required=True),
        Column("entered_at", "instant", required=True),
        Column("reason"),
        Column("precision", "choice", choices=("day", "second")),
        Column("origin", "choice", choices=("event", "wide", "current", "snapshot")),
    ),
    key=("lead_id", "stage", "entered_at"),
)
PAYMENTS = Table(
    "payments",
    (
        Column("lead_id", required=True),
        Column("paid_at", "instant", required=True),
        Column("amount", "money", required=True),
        Column("currency"),
    ),
    key=("lead_id", "paid_at", "amount"),
)
SPEND = Table(
    "spend",
    (
        Column("date", "day", required=True),
        Column("channel", required=True),
        Column("campaign"),
        Column("cost", "money", required=True),
        Column("currency"),
        Column("vat_included", "choice", choices=("yes", "no", "unknown")),
        Column("impressions", "count"),
        Column("clicks", "count"),
        Column("platform"),
        Column("account"),
        Column("campaign_id"),
    ),
    key=("date", "channel", "campaign", "platform", "account", "campaign_id"),
)
TABLES: Mapping[TableName, Table] = {table.name: table for table in (LEADS, STAGE_ENTRIES, PAYMENTS, SPEND)}

SYNCED = ("amocrm ", "bitrix24 ", "hubspot ", "pipedrive ")
"""How the name of a source begins that is asked only for what changed: all its imports together are what it
gave, and each names all that is set aside still."""

REJECTED_COLUMNS = ("file", "row", "column", "value", "reason")
"""One row per rejected input row: file, row number in the file (1 = first data row), the offending column
and value, why. The CSV written to `run/rejected/` adds the row's own cells behind these."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An input row that is not used, with why, and with all its cells so that nothing is lost.

    A `copy` says what another row says too, so that without it nothing is missing.
    """

    table: str
    file: str
    row: int
    column: str
    value: str
    reason: str
    cells: Mapping[str, str] = field(default_factory=dict)
    copy: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the rows of a table of a batch stood, for messages.

    Attributes:
        files: of the runs of rows, in order; of a workbook also the sheet.
        starts: where each run begins in the table.
        rows: for each row of the table its number in its file (1 = first data row).
    """

    files: tuple[str, ...]
    starts: tuple[int, ...]
    rows: npt.NDArray[np.int64] | Runs

    def at(self, place: int) -> tuple[str, int]:
        """Return file and row number of a row of the table."""
        return self.files[bisect.bisect_right(self.starts, place) - 1], int(self.rows[place])


@dataclass(frozen=True, slots=True)
class Batch:
    """What one import brings.

    Attributes:
        tables: canonical tables by name, held (Arrow) or in a file; a table no file gave is absent.
        rejected: rows that cannot be used. read = accepted + rejected for every table.
        read: rows read, by table.
        files: the files read, in order.
        replaces: what the batch holds wholly. For a table, rows that say of what: `lead_id`, or `platform`,
            `account`, `first`, `last` (days, both included) of spend. A known row that one of them covers and
            that is not in the batch is closed.
        additions: tables of which the batch holds only what is new: a `full` import closes nothing there.
        origins: where the rows of `tables` stood, by table; a table no file gave has none.
    """

    tables: Mapping[TableName, Rows]
    rejected: tuple[Rejected, ...] = ()
    read: Mapping[TableName, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    replaces: Mapping[TableName, pa.Table] = field(default_factory=dict)
    additions: frozenset[TableName] = frozenset()
    origins: Mapping[TableName, Origin] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known already when files come that say only how things stand now.

    Attributes:
        entries: one row per known entry: `lead_id`, `stage`, `entered_at`.
        leads: ids of the known leads.
    """

    entries: pa.Table
    leads: pa.Array


@dataclass(frozen=True, slots=True)
class Loaded:
    """What an import did to one table of the warehouse.

    read = accepted + rejected, and accepted = inserted + changed + unchanged.

    Attributes:
        table: its name.
        read: rows read from the files.
        rejected: rows set aside, by the reader or by the warehouse.
        inserted: rows with a new key.
        changed: rows whose key stood already with other content; the old version is closed, not lost.
        unchanged: rows that stood already exactly so.
        closed: rows that are no longer in a `--full` import, and are closed as deleted.
    """

    table: TableName
    read: int
    rejected: int
    inserted: int
    changed: int
    unchanged: int
    closed: int = 0


STAMPED = "stamped"
"""The cubes of the warehouse have this column besides: how many of what a row counts rest on a moment that
was stamped at once (`funnel.gate.stamps`), so that it is known to have happened by then, not when. A cube
without it has none."""

CONCLUDED = "concluded"
"""The cube `reached` has this column besides: how many of what a row counts were concluded from where a lead
stood when it was first looked at, a week or more after it came. Of a loss: those of whose way nothing else is
known. A cube without it has none."""

REACHED_COLUMNS = ("attribute", "value", "attribute2", "value2", "cohort_week", "stage", "lag", "leads")
"""The cube `reached`. One row: how many leads of one cohort week (Monday, datetime64) and one slice first
reached a stage in the lag-th calendar week after the cohort's own. `attribute` and `value` are '' for the
total; `attribute2` and `value2` are '' unless a pair was asked for. `stage` is 'lead' (lag 0), a configured
stage, or 'lost' (first loss; not a step of the order). A lead without a value for an attribute has the
value '' (shown as 'not given'). The lag of the `STAMPED` leads tells no delay."""

PAID_COLUMNS = ("attribute", "value", "attribute2", "value2", "cohort_week", "lag", "payments", "amount")
"""The cube `paid`. One row: number and sum (Decimal, in the settings' currency) of the payments of one
cohort week and slice made in the lag-th calendar week after the cohort's own."""

SPEND_COLUMNS = (
    "date", "channel", "campaign", "campaign_id", "cost", "currency", "vat_included", "impressions", "clicks",
)  # fmt: skip
"""Ad spend as analyses take it. One row: what a day, channel and campaign cost, as it was given."""

CAME_COLUMNS = ("attribute", "value", "day", "measure", "count")
"""The cube `came`. One row: how many leads came ('leads'), how many reached the last stage ('sales') or how
much was paid in the settings' currency ('revenue') on a day, of all (`attribute` '') or of a segment."""

MOVED_COLUMNS = (
    "attribute", "value", "attribute2", "value2",
    "cohort_week", "stage", "next_stage", "entered", "left", "leads",
)  # fmt: skip
"""The cube `moved`. One row: leads of a cohort week that came into `stage` in the `entered`-th calendar week
(0 = the cohort's own) and left it for `next_stage` (a configured stage or 'lost') in the `left`-th;
`next_stage` is '' for those still there at the report date, whose week `left` then is (censored). Where leads
stood at any earlier Monday follows from it. Of the leads `STAMPED` came or left at a
moment that is no time; all of a cohort and stage are where more than `gate.stamps.UNTOLD` of those that left
are, since the others are no fair sample. They count where they stood, and tell nothing by how long.
"""

RESTATED_COLUMNS = (
    "cohort_week", "stage", "kind", "before", "after", "leads", "leads_once", "cohort_before", "cohort_after",
)  # fmt: skip
"""What changed between two knowledge times for one report date. One row: for one cohort week and stage
('lead' or a configured one) and one kind of edit (deleted, added late, creation moved, entry added, entry
removed, entry redated, reassigned) the number of leads counted there `before` and `after` among the leads
that edit touched; `leads` is how many leads it touched. One lead may stand in several rows: `leads_once`
counts it in the first of them alone, so that it adds up to the leads touched. `cohort_before`,
`cohort_after`: all leads that the cohort counts at that stage, then and now."""

PROBLEM_COLUMNS = ("table", "problem", "rows", "leads", "example")
"""Data problems as of a report date. One row: a kind of problem in a table, how many rows and leads have it,
and the id of one lead as an example."""


FINDING_COLUMNS = (
    "kind", "table", "column", "grade", "rows", "of", "share", "first", "last", "example", "reason",
)  # fmt: skip
"""What the gate found. One row: a `kind` (stopped, unusable, unmatched, rejected, ahead, stamped, created,
imported, won, amounts_up, amounts_down, writings, empty, leak) in a table, of an attribute where `column`
names one; its `grade` (stopped, refuse, accepted, tell); `rows` (for stopped: days of silence) of so many
(`of`); the larger `share` of rows set aside, of all or of the newest weeks (for amounts: a usual payment over
one of before); a `first` and a `last` day that it is about; an `example`; the `reason` why it was
accepted."""


INVESTIGATION_COLUMNS = (
    "id", "opened", "closed", "state", "age_weeks", "attribute", "value", "stage", "first_week", "last_week",
    "question", "who", "finding",
)  # fmt: skip
"""One row: an investigation as it stood at a report date. `state` is 'open' or an `EndState`; `age_weeks`:
whole weeks from its opening to its closing or the report date; weeks as Mondays, `last_week` and `closed` NaT
where open."""

MEETING_COLUMNS = ("meeting", "kind", "text", "who", "due", "state", "over", "outcome", "age_weeks")
"""One row: a decision or a question as it stood at a report date. `meeting`: its day; `kind` is 'decision' or
'question'; `due` and `over` (the day on which it was done, dropped or answered) are NaT where there is none;
`state` is an `ItemState`: 'late' is open after `due`; `age_weeks`: whole weeks from the meeting to `over` or
the report date."""

EDIT_COLUMNS = ("initiative", "state", "reason", "edited", "commit", "key", "was", "now")
"""One row: a key of an initiative's file that was changed after its start. All text. `state` is 'edited',
'unchanged' (one row for the initiative, the rest empty) or 'cannot be told' with the `reason` (no_history,
begins_after_start); `edited` is a day, empty with `commit` for what is not committed yet."""


def require(frame: pd.DataFrame, columns: tuple[str, ...], what: str) -> None:
    """Raise if a frame lacks columns of its contract; a programmer's error, not a user's.

    Raises:
        KeyError: which columns are missing and which are there.
    """
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise KeyError(f"{what}: missing {missing}, found {list(frame.columns)}")


def harmless(cell: str) -> str:
    """Return the text of a CSV cell so that no spreadsheet runs it as a formula.

    >>> harmless("=cmd()"), harmless("-5"), harmless("a=b")
    ("'=cmd()", "'-5", 'a=b')
    """
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else cell
