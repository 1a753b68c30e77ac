"""The way of all files of one import, from paths to a `Batch`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from funnel.errors import InputError, Problem
from funnel.schema import STAGE_ENTRIES, TABLES, Batch, Known, Origin, Rejected, TableName
from funnel.settings import Settings
from funnel.sources import headers
from funnel.sources.kinds import Item, sources
from funnel.sources.recognise import Found, recognise
from funnel.sources.shares import Brought, Part, make, together, writing_of
from funnel.sources.spend_rows import added_up, covered
from funnel.sources.stage_words import translated
from funnel.sources.streamed import NOTHING, NotSettledError, Streamed, is_large, stored
from funnel.sources.tabular import Cells, Sheet
from funnel.stored import Rows

Sheets = dict[TableName, list[tuple[Sheet, Mapping[str, Cells]]]]
"""The canonical files: table -> each sheet with its cells by column."""


def read(
    paths: Sequence[Path],
    settings: Settings,
    progress: Callable[[str], None] | None = None,
    known: Known | Callable[[], Known | None] | None = None,
    scratch: Path | None = None,
) -> Batch:
    """Read files into one batch: canonical ones, exports, wide sheets, ad costs.

    A path is a file or a folder. A row that cannot be used is rejected with its reason; for each table
    accepted + rejected = read. An exact copy of a row is rejected as such; rows that share their key but not
    their content are all rejected. Ad spend is added up instead, within a file; of two files that
    speak for the same days of a platform and account the later one counts.

    Args:
        paths: files named ``leads``, ``stage_entries``, ``payments``, ``spend`` (.csv, .parquet, .xlsx),
            workbooks with sheets of these names, files of a foreign kind, or folders of them.
        settings: time zone, stages and currencies.
        progress: is told what is being read, and what the user should know of it.
        known: what the warehouse knows already; exports say only how things stand, and add what is new. A
            function is called where there are such files: all that is known takes its time and memory.
        scratch: a folder for the rows of tables too large to be held, which the batch then names; whoever
            gives it removes it. Without one everything is held.

    Returns:
        the tables that were found, with all their canonical columns and the leads' attributes.

    Raises:
        InputError: a file is missing, empty or unreadable, or lacks a column; all problems of all files.
    """
    tell = progress or (lambda _: None)
    found, passed_over, problems = recognise(paths, settings)
    for file in passed_over:
        tell(f"{file}: passed over, since its name is not that of a table")
    items = [item for item in found if isinstance(item, Item)]
    canonical = [item for item in found if isinstance(item, Found)]
    streamed = _streamed(canonical, settings, tell, problems, None if items else scratch)
    canonical = [item for item in canonical if item.table not in streamed]
    sheets = _canonical(canonical, settings, tell, problems)
    already = (known() if items else None) if callable(known) else known
    brought = _foreign(items, settings, already, tell, problems)
    if problems:
        raise InputError("The input cannot be used; nothing was imported.", problems)

    every = {
        name: [
            make(TABLES[name], sheet, columns, settings, (), writing_of(sheet.where, settings))
            for sheet, columns in sheets[name]
        ]
        for name in TABLES
        if name in sheets
    }
    for part in [part for group in brought for part in group.parts]:
        every.setdefault(part.table.name, []).append(part)
    _tidy(every, tell)
    for one in streamed.values():
        _tell_of_replaced(one.replaced, tell)
    return _batch(every, streamed, brought, tuple(dict.fromkeys(str(item.path) for item in found)))


def _streamed(
    found: Sequence[Found],
    settings: Settings,
    tell: Callable[[str], None],
    problems: list[Problem],
    scratch: Path | None,
) -> dict[TableName, Streamed]:
    """Read the tables that are too large to be held; of ad costs all is added up, so they are."""
    done: dict[TableName, Streamed] = {}
    for name in TABLES:
        files = [item for item in found if item.table == name]
        if scratch is None or name == "spend" or not files or not is_large(files):
            continue
        try:
            done[name] = stored(name, files, settings, scratch, tell)
        except NotSettledError:
            continue
        except InputError as error:
            problems += error.problems
            done[name] = NOTHING
    return done


def _canonical(
    found: Sequence[Found], settings: Settings, tell: Callable[[str], None], problems: list[Problem]
) -> Sheets:
    """Read the canonical files, table by table."""
    sheets: Sheets = {}
    for item in found:
        tell(f"Reading {item.path}")
        try:
            sheet = item.read()
        except InputError as error:
            problems += error.problems
            continue
        if sheet.notice:
            tell(f"{sheet.where}: {sheet.notice}")
        columns, passed, wrong = headers.match(sheet, TABLES[item.table])
        problems += wrong or headers.too_many(sheet.where, columns, TABLES[item.table], settings.limits)
        if item.table == STAGE_ENTRIES.name and "stage" in columns:
            sheet, columns = translated(sheet, columns, settings, tell)
        if passed:
            tell(f"{sheet.where}: columns not used: {', '.join(passed)}")
        sheets.setdefault(item.table, []).append((sheet, columns))
    for group in sheets.values():
        problems += headers.same_but_for_case({sheet.where: columns for sheet, columns in group})
    return sheets


def _tidy(every: Mapping[TableName, Sequence[Part]], tell: Callable[[str], None]) -> None:
    """Add up spend, and tell of characters that were replaced."""
    for part in every.get("spend", []):
        _add_up(part, tell)
    for part in [part for group in every.values() for part in group]:
        _tell_of_replaced({part.sheet.where: part.replaced}, tell)


def _tell_of_replaced(replaced: Mapping[str, Mapping[str, int]], tell: Callable[[str], None]) -> None:
    for where, counts in replaced.items():
        for column, count in counts.items():
            tell(
                f"{where}, column {column}: {count:,} cells hold characters that cannot be read "
                "or printed; each is shown as \ufffd"
            )


def _batch(
    every: Mapping[TableName, Sequence[Part]],
    streamed: Mapping[TableName, Streamed],
    brought: Sequence[Brought],
    paths: tuple[str, ...],
) -> Batch:
    """Put the parts of each table together."""
    tables: dict[TableName, Rows] = {}
    origins: dict[TableName, Origin] = {}
    rejected: list[Rejected] = []
    for name in [name for name in TABLES if name in every or name in streamed]:
        if name in streamed:
            one = streamed[name]
            tables[name], origins[name] = one.rows, one.origin
            rejected += one.rejected
            continue
        tables[name], copies, origins[name] = together(every[name], TABLES[name])
        rejected += [row for part in every[name] for row in part.rejected] + copies
    pa.default_memory_pool().release_unused()
    replaces = {
        name: pa.concat_tables([group.replaces[name] for group in brought if name in group.replaces])
        for name in TABLES
        if any(name in group.replaces for group in brought)
    }
    if "spend" in every:
        replaces["spend"] = pa.concat_tables([covered(part.good) for part in every["spend"]])
    return Batch(
        tables,
        tuple(rejected),
        {
            name: streamed[name].read if name in streamed else sum(part.read for part in every[name])
            for name in tables
        },
        paths,
        replaces,
        frozenset(name for group in brought for name in group.additions),
        origins,
    )


def _add_up(part: Part, tell: Callable[[str], None]) -> None:
    """Add up what a file says of one day, channel and campaign in several rows."""
    before = part.good.num_rows
    part.good, part.positions, equal = added_up(part.good, part.positions)
    if part.good.num_rows < before:
        more = f", {equal} of them equal to another in everything" if equal else ""
        tell(
            f"{part.sheet.where}: {before} rows added up to {part.good.num_rows}, "
            f"one for each day, channel and campaign{more}"
        )


def _foreign(
    found: Sequence[Item],
    settings: Settings,
    known: Known | None,
    tell: Callable[[str], None],
    problems: list[Problem],
) -> list[Brought]:
    """Read the files of other kinds, a kind at a time; what a log dates is known to an export beside it."""
    brought: list[Brought] = []
    for source in sources():
        items = [item for item in found if item.kind == source.name]
        try:
            brought += [source.read(items, settings, _with(known, brought), tell)] if items else []
        except InputError as error:
            problems += error.problems
    return brought


def _with(known: Known | None, brought: Sequence[Brought]) -> Known | None:
    """Return what is known, with the entries that this import itself brings."""
    rows = [part.good for group in brought for part in group.parts if part.table is STAGE_ENTRIES]
    if not rows:
        return known
    names = ["lead_id", "stage", "entered_at"]
    entries = pa.concat_tables(
        [*([known.entries.select(names)] if known else []), *(part.select(names) for part in rows)]
    )
    return Known(entries, known.leads if known else pa.array([], pa.string()))
