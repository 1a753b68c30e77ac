"""Ad-cost files in, parts of the table `spend` out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from funnel.errors import InputError, Problem
from funnel.schema import MONEY, SPEND, Column
from funnel.settings import Settings
from funnel.settings_sources import AdFile
from funnel.sources import shares as parts
from funnel.sources.adcost import figures
from funnel.sources.adcost.figures import AdCostFile
from funnel.sources.adcost.platforms import PREAMBLE, Field, find_header, is_total
from funnel.sources.adcost.spread import spread
from funnel.sources.clean import blotted
from funnel.sources.convert import Fault
from funnel.sources.csv_file import encoding_notice, read_lines
from funnel.sources.header_text import DOLLARS
from funnel.sources.instants import READABLE
from funnel.sources.rejects import faulty
from funnel.sources.tabular import Cells, Mask, Sheet
from funnel.sources.workbook import read_sheet


def first_lines(path: Path, sheet: str) -> list[Sequence[str]]:
    """Return the rows in which the header is looked for.

    Raises:
        InputError: the file cannot be read.
    """
    return list(all_lines(path, sheet)[:PREAMBLE] if sheet else read_lines(path, PREAMBLE))


def all_lines(path: Path, sheet: str) -> list[Sequence[str]]:
    """Return all rows as text.

    Raises:
        InputError: the file cannot be read.
    """
    if not sheet:
        return list(read_lines(path))
    read = read_sheet(path, sheet)
    columns = [["" if cell is None else cell for cell in cells.values.to_pylist()] for cells in read.columns]
    return [read.names, *zip(*columns, strict=True)]


def read_ad_costs(
    files: Sequence[tuple[Path, str]], settings: Settings, tell: Callable[[str], None]
) -> parts.Brought:
    """Read ad-cost files.

    Args:
        files: paths, with the sheet's name of a workbook ('' for CSV).
        settings: `ad_costs`, currency.
        tell: is told what the user should know.

    Raises:
        InputError: a file cannot be used; all problems at once.
    """
    brought = parts.Brought()
    problems: list[Problem] = []
    for path, sheet in files:
        tell(f"Reading {path}")
        try:
            if notice := "" if sheet else encoding_notice(path):
                tell(f"{path}: {notice}")
            brought.parts.append(_one(path, sheet, settings, tell))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError("The ad costs cannot be used; nothing was imported.", problems)
    return brought


def _one(path: Path, sheet: str, settings: Settings, tell: Callable[[str], None]) -> parts.Part:
    rules = settings.ad_file(path.name) or AdFile()
    where = f"{path}, sheet {sheet}" if sheet else str(path)
    lines = all_lines(path, sheet)
    header = find_header(lines, rules.platform)
    if header is None:
        what = "no row of it is the header of an ad-cost file"
        raise InputError(
            "", [Problem(where, what, "a date and a cost", "name its columns as in data/amocrm.md")]
        )
    filled = [
        (n, row) for n, row in enumerate(lines[header.row + 1 :], start=1) if any(c.strip() for c in row)
    ]
    rows = [(number, row) for number, row in filled if not is_total(row, header)]
    if len(rows) < len(filled):
        tell(f"{where}: {len(filled) - len(rows)} rows of totals left out")
    return _part(AdCostFile(where, path.name, header, len(lines[header.row]), rows, rules), settings, tell)


def _part(file: AdCostFile, settings: Settings, tell: Callable[[str], None]) -> parts.Part:
    text = {name: Cells(figures.column(file, place)) for name, place in file.header.places.items()}
    starts, ends = figures.periods(text)
    first, last = (figures.days(cells, file, settings) for cells in (starts, ends))
    cents, bad_cost = figures.cost(text, file)
    frame = pd.DataFrame({"date": first, "end": last.fillna(first), "cost": cents})
    counted: tuple[Field, ...] = ("impressions", "clicks")
    faults: list[Fault] = []
    for name in counted:
        frame[name], wrong = figures.whole(
            text[name].text() if name in text else pa.nulls(len(frame), pa.string())
        )
        faults += [Fault(name, wrong, _says("not a whole number from 0 up"))] if wrong.any() else []
    frame["place"] = np.arange(len(frame))
    days = (frame["end"] - frame["date"]).dt.days + 1
    faults += _faults(file, frame, bad_cost, days)
    bad = np.zeros(len(frame), bool)
    for fault in faults:
        bad |= fault.mask
    spreading = frame[~bad].astype({"cost": "Int64"}) if len(frame) else frame
    made = spread(spreading) if file.rules.spread else spreading.drop(columns="end").reset_index(drop=True)
    described = _summed(_described(file, text, made, settings, tell))
    if len(described) < len(made):
        tell(f"{file.where}: {len(made)} rows added up to {len(described)}, one for each day and campaign")
    columns = {column.name: Cells(_arrow(described[column.name], column)) for column in SPEND.columns}
    numbers = np.array([number for number, _ in file.rows], np.int64)
    shown = Sheet(
        file.where, tuple(columns), tuple(columns.values()), numbers[described["place"].to_numpy(np.int64)]
    )
    part = parts.make(SPEND, shown, columns, settings)
    raw = {name: Cells(blotted(cells.text())) for name, cells in text.items()}
    raw.setdefault("cost", raw.get("micros", raw["date"]))
    aside = Sheet(file.where, tuple(raw), tuple(raw.values()), numbers)
    part.rejected += list(faulty(SPEND, aside, faults))
    return part


def _faults(file: AdCostFile, frame: pd.DataFrame, bad_cost: Mask, days: pd.Series) -> list[Fault]:
    """Say which rows cannot be used, and why."""
    none = frame["date"].isna().to_numpy()
    backward = (days < 1).fillna(False).to_numpy(bool)
    longer = (days > 1).fillna(False).to_numpy(bool) & (not file.rules.spread)
    empty = frame["cost"].isna().to_numpy() & ~bad_cost
    wide = np.array([any(cell.strip() for cell in row[file.width :]) for _, row in file.rows], bool)
    reasons = [
        (
            "date",
            wide,
            f"it has more than the {file.width} cells of the header; quote cells that hold the delimiter",
        ),
        ("date", none, f"not a date; readable: {READABLE}"),
        ("date", backward, "the period ends before it begins"),
        (
            "date",
            longer,
            "it spans several days; export it by day, or set spread: true for this file under ad_costs",
        ),
        ("cost", bad_cost, "not an amount that can be read one way only"),
        ("cost", empty, "it is empty, and every row needs it"),
    ]
    return [Fault(name, mask, _says(why)) for name, mask, why in reasons if mask.any()]


def _says(why: str) -> Callable[[str], str]:
    return lambda _: why


def _described(
    file: AdCostFile,
    text: dict[Field, Cells],
    made: pd.DataFrame,
    settings: Settings,
    tell: Callable[[str], None],
) -> pd.DataFrame:
    """Add platform, account, campaign, currency and VAT to days and costs."""
    places = pa.array(made["place"], pa.int64())
    rules, header = file.rules, file.header

    def given(name: Field, otherwise: str | None) -> list[str | None]:
        if name not in text:
            return [otherwise] * len(made)
        words: list[str | None] = blotted(text[name].text()).take(places).to_pylist()
        return [word or otherwise for word in words]

    platform = given("platform", rules.platform or header.platform)
    channel = given("channel", rules.channel or None)
    own_currency = rules.currency if "currency" in text else _currency(file, settings, tell)
    vat = rules.vat if rules.vat != "unknown" else header.vat or "unknown"
    columns = {
        "platform": platform,
        "channel": [word or other for word, other in zip(channel, platform, strict=True)],
        "account": given("account", rules.account or None),
        "campaign_id": given("campaign_id", None),
        "campaign": given("campaign", None),
        "currency": given("currency", own_currency),
        "vat_included": given("vat_included", vat),
    }
    return made.assign(**{name: pd.Series(words, made.index, object) for name, words in columns.items()})


def _currency(file: AdCostFile, settings: Settings, tell: Callable[[str], None]) -> str:
    """Return the currency of a file that has no column for it."""
    sign = file.header.currency or file.rules.currency
    if sign:
        return sign
    if file.header.currency == "" and settings.currency not in DOLLARS:
        what = "the dollar sign in its header is that of many currencies"
        raise InputError(
            "", [Problem(file.where, what, ", ".join(DOLLARS), "set currency for it under ad_costs")]
        )
    if file.header.currency is None:
        tell(
            f"{file.where}: it names no currency; taken as {settings.currency}; "
            "set currency for it under ad_costs if that is wrong"
        )
    return settings.currency


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    """Add up rows of one day and campaign, such as those of its ads or of two overlapping periods."""
    keys = ["date", "channel", "campaign", "platform", "account", "campaign_id", "currency", "vat_included"]
    grouped = rows.groupby(keys, dropna=False, sort=False, as_index=False)
    return grouped.agg(
        cost=pd.NamedAgg("cost", "sum"),
        impressions=pd.NamedAgg("impressions", _sum),
        clicks=pd.NamedAgg("clicks", _sum),
        place=pd.NamedAgg("place", "first"),
    )


def _sum(numbers: pd.Series) -> object:
    return numbers.sum(min_count=1)


def _arrow(given: pd.Series, column: Column) -> pa.Array:
    if column.kind == "money":
        return pa.array([Decimal(int(cents)) / 100 for cents in given], MONEY)
    if column.kind == "day":
        return pa.array(given.dt.date, pa.date32())
    return pa.array([None if pd.isna(value) else value for value in given], column.arrow)
