"""The same table as CSV, Parquet or XLSX is the same batch."""

import csv
import datetime as dt
import tempfile
import zoneinfo
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.schema import MONEY
from funnel.settings import Settings
from funnel.sources import read

SETTINGS = Settings.model_validate({"currency": "RUB", "stages": [{"key": "target"}, {"key": "sale"}]})
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8).map(str.strip)
IDS = st.from_regex(r"[A-Z0-9]{1,19}", fullmatch=True)
SECONDS = st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2100, 1, 1)).map(
    lambda t: t.replace(microsecond=0)
)
MONEYS = st.decimals(-(10**9), 10**9, places=2)
Row = tuple[object, ...]

leads = st.lists(st.tuples(IDS, SECONDS, TEXT), max_size=8, unique_by=lambda row: row[0])
payments = st.lists(st.tuples(IDS, SECONDS, MONEYS), max_size=8, unique_by=lambda row: row[0])


def write_csv(path: Path, header: list[str], rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


def write_parquet(path: Path, header: list[str], rows: list[Row]) -> None:
    types = {"created_at": pa.timestamp("us"), "paid_at": pa.timestamp("ns"), "amount": MONEY}
    columns = [
        pa.array([row[n] for row in rows], types.get(name, pa.string())) for n, name in enumerate(header)
    ]
    pq.write_table(pa.table(columns, names=header), path)


def write_xlsx(path: Path, header: list[str], rows: list[Row]) -> None:
    book = openpyxl.Workbook()
    book.active.append(header)
    for number, row in enumerate(rows, start=2):
        for place, value in enumerate(row, start=1):
            cell = book.active.cell(number, place, value)
            if isinstance(value, str):
                cell.data_type = "s"  # else a text that begins with = becomes a formula
    book.save(path)


WRITERS = {"csv": write_csv, "parquet": write_parquet, "xlsx": write_xlsx}


@settings(max_examples=40, deadline=None)
@given(leads, payments)
def test_the_format_of_a_file_makes_no_difference(lead_rows: list[Row], payment_rows: list[Row]) -> None:
    for suffix, write in WRITERS.items():
        with tempfile.TemporaryDirectory() as name:
            write(Path(name, f"leads.{suffix}"), ["lead_id", "created_at", "note"], lead_rows)
            write(Path(name, f"payments.{suffix}"), ["lead_id", "paid_at", "amount"], payment_rows)
            batch = read([Path(name)], SETTINGS)
        assert batch.rejected == ()
        got = batch.tables["leads"].select(["lead_id", "created_at", "note"]).to_pylist()
        assert [tuple(row.values()) for row in got] == [(i, t, text or None) for i, t, text in lead_rows], (
            suffix
        )
        paid = batch.tables["payments"].select(["lead_id", "paid_at", "amount"]).to_pylist()
        assert [tuple(row.values()) for row in paid] == payment_rows, suffix


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["1", "2", " ", "3"]),
            st.sampled_from(["2026-01-01", "01.01.2026", "03/04/2026", "no", ""]),
            st.sampled_from(["1", "1,00", "2", "1,234", "x"]),
        ),
        max_size=12,
    )
)
def test_no_row_is_lost_and_none_is_used_twice(rows: list[tuple[str, str, str]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        write_csv(Path(name, "payments.csv"), ["lead_id", "paid_at", "amount"], list(rows))
        batch = read([Path(name)], SETTINGS)
    usable = [
        (lead, Decimal(amount.replace(",", ".")))
        for lead, day, amount in rows
        if lead.strip() and day in ("2026-01-01", "01.01.2026") and amount in ("1", "1,00", "2")
    ]
    accepted = batch.tables["payments"].to_pylist()
    assert [(row["lead_id"], row["amount"]) for row in accepted] == list(dict.fromkeys(usable))
    assert batch.read == {"payments": len(rows)}
    assert len(accepted) + len({row.row for row in batch.rejected}) == len(rows)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC)),
            st.integers(-12 * 4, 14 * 4).map(
                lambda quarters: dt.timezone(quarters * dt.timedelta(minutes=15))
            ),
        ),
        max_size=20,
    )
)
def test_offsets_become_local_time_across_clock_changes(
    moments: list[tuple[dt.datetime, dt.timezone]],
) -> None:
    berlin = Settings.model_validate({"timezone": "Europe/Berlin", "stages": [{"key": "sale"}]})
    rows: list[Row] = [(str(n), at.astimezone(zone).isoformat()) for n, (at, zone) in enumerate(moments)]
    with tempfile.TemporaryDirectory() as name:
        write_csv(Path(name, "leads.csv"), ["lead_id", "created_at"], rows)
        got = read([Path(name)], berlin).tables["leads"]["created_at"].to_pylist()
    expected = [at.astimezone(zoneinfo.ZoneInfo("Europe/Berlin")).replace(tzinfo=None) for at, _ in moments]
    assert got == expected
