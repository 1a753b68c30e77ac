"""A look into canonical files: which stages, attributes, currencies and clocks they hold, with counts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from funnel.errors import InputError, Problem
from funnel.schema import LEADS, STAGE_ENTRIES, TABLES, TableName
from funnel.settings import Settings, Stage
from funnel.sources import headers
from funnel.sources.instants import read_instants
from funnel.sources.recognise import Found, recognise
from funnel.sources.tabular import Cells
from funnel.template.proposal import Proposal
from funnel.template.slicing import attributes_of, slices_of
from funnel.template.stage_keys import mapping, stages_of, words_of

_OFFSET = re.compile(r"\d:\d\d\S*\s?(?:Z|[+-]\d\d(?::?\d\d)?)$")
_CLOCK = re.compile(r"\d:\d\d")
MANY = 40
"""More stages than this are no funnel's."""
Columns = Mapping[str, Cells]


def look(folder: Path, root: Path, timezone: str) -> Proposal:
    """Look into canonical files and propose stages, attributes and currency.

    Args:
        folder: the folder of the files, or one file.
        root: the folder of the report repository.
        timezone: the clock of times without an offset.

    Raises:
        InputError: a file cannot be used, or leads or stage entries are missing.
    """
    tables, files, notes = _read(folder)
    problems = [
        Problem(str(folder), f"it holds no {name}", f"{name}.csv, {name}.parquet or {name}.xlsx")
        for name in ("leads", "stage_entries")
        if name not in tables
    ]
    if problems:
        raise InputError("The data cannot be looked into.", problems)
    leads, entries = tables["leads"], tables["stage_entries"]
    said = _first_entries(entries, timezone)
    words = words_of(said, str(folder))
    firsts = said.T.groupby(words.get).min().T
    stages = stages_of(firsts, words)
    ids = leads["lead_id"].text().to_pandas()
    lead = {name: cells.text().to_pandas() for name, cells in leads.items()}
    won = ids.isin(firsts.index[firsts[stages[-1].key].notna()]) if stages else ids.isna()
    own = {column.name for column in LEADS.columns}
    attributes = attributes_of({name: texts for name, texts in lead.items() if name not in own}, won)
    currencies = _currencies(tables)
    block = mapping(files, words, firsts)
    if block:
        notes.append("what the words in the column stage mean is a guess: check it under files in funnel.yml")
    return Proposal(
        stages=stages,
        attributes=attributes,
        slices=slices_of(attributes, lead),
        source=[relative(folder, root)],
        currency=next(iter(currencies), ""),
        rates=list(currencies)[1:],
        block=block,
        notes=[*notes, *_clock_notes(tables, timezone), *_money_notes(currencies)],
    )


def _read(folder: Path) -> tuple[dict[TableName, Columns], list[str], list[str]]:
    """Read every canonical table of a folder; return also the files of stage entries, and notes."""
    found, passed, problems = recognise([folder], Settings(stages=(Stage(key="sale"),)))
    others = ", ".join(Path(file).name for file in passed)
    notes = [f"passed over, since no table has such a name: {others}"] if passed else []
    notes += [f"{item.where}: not canonical ({item.kind})" for item in found if not isinstance(item, Found)]
    tables: dict[TableName, Columns] = {}
    for item in [item for item in found if isinstance(item, Found)]:
        try:
            sheet = item.read()
        except InputError as error:
            problems += error.problems
            continue
        columns, unused, wrong = headers.match(sheet, TABLES[item.table])
        problems += wrong
        tables.setdefault(item.table, columns)
        notes.append(f"{sheet.where}: {len(sheet.rows):,} rows of {item.table}")
        notes += [f"{sheet.where}: columns not used: {', '.join(unused)}"] if unused else []
    if problems:
        raise InputError("The data cannot be looked into.", problems)
    files = [item.path.name for item in found if isinstance(item, Found) and item.table == STAGE_ENTRIES.name]
    return tables, list(dict.fromkeys(files)), notes


def _first_entries(entries: Columns, timezone: str) -> pd.DataFrame:
    """Return when each lead first entered each stage: a row for each lead, a column for each stage."""
    frame = pd.DataFrame(
        {
            "lead_id": entries["lead_id"].text().to_pandas(),
            "stage": entries["stage"].text().to_pandas(),
            "at": read_instants(entries["entered_at"], timezone).values.to_pandas(),
        }
    ).dropna()
    usual = frame["stage"].value_counts().index[:MANY]
    frame = frame[frame["stage"].isin(usual)]
    return frame.groupby(["lead_id", "stage"])["at"].min().unstack("stage")


def relative(folder: Path, root: Path) -> str:
    """Return a path as the settings keep it: relative to the project, so that both can be moved together."""
    try:
        return Path(os.path.relpath(folder.resolve(), root.resolve())).as_posix()
    except ValueError:  # another drive of Windows
        return folder.resolve().as_posix()


def _currencies(tables: Mapping[TableName, Columns]) -> dict[str, int]:
    """Return the currencies of payments and spend with their rows, the most common first."""
    texts: list[pd.Series] = [
        columns["currency"].text().to_pandas().str.upper().dropna()
        for name, columns in tables.items()
        if name in ("payments", "spend") and "currency" in columns
    ]
    counts = pd.concat(texts).value_counts() if texts else pd.Series(dtype=int)
    return {str(code): int(count) for code, count in counts.items() if re.fullmatch(r"[A-Z]{3}", str(code))}


def _money_notes(currencies: Mapping[str, int]) -> Iterator[str]:
    if len(currencies) > 1:
        told = ", ".join(f"{code} {count:,}" for code, count in currencies.items())
        yield f"money stands in several currencies (rows: {told}): give those of `rates` in funnel.yml"


def _clock_notes(tables: Mapping[TableName, Columns], timezone: str) -> Iterator[str]:
    """Say how the times are written, and what they are taken for."""
    for table, column in (("leads", "created_at"), ("stage_entries", "entered_at"), ("payments", "paid_at")):
        cells = tables.get(table, {}).get(column)  # type: ignore[call-overload]
        if cells is None:
            continue
        texts: Sequence[str] = cells.text().drop_null().to_pylist()
        read = read_instants(cells, timezone)
        offset = sum(bool(_OFFSET.search(text)) for text in texts)
        days = sum(not _CLOCK.search(text) for text in texts)
        kinds = {
            "with an offset, converted": offset,
            f"without one, taken as time of {timezone}": len(texts) - offset - days,
            "days alone": days,
            "empty, set aside": len(cells.values) - len(texts),
            "no date that can be read, set aside": int(read.unreadable.sum() + read.implausible.sum()),
            "day/month or month/day, set aside until `files` in funnel.yml says which": int(
                read.ambiguous.sum()
            ),
        }
        yield f"{table}.{column}: " + ", ".join(f"{n:,} {kind}" for kind, n in kinds.items() if n)
