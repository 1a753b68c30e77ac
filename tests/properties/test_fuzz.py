"""Whatever a file holds, it is read or told: no traceback, no hang; ten minutes of each by `make fuzz`."""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st

from funnel.errors import InputError
from funnel.logbook import Initiative, Investigation
from funnel.schema import Batch
from funnel.settings import Settings, Stage, load
from funnel.sources import read
from funnel.sources.html_table import read_html
from funnel.sources.register import read_register
from funnel.yaml_file import read_yaml
from tests.properties.fuzzing import CELLS, HITS, damaged, fuzzed, tried

CONFIG = Settings(stages=(Stage(key="target"), Stage(key="sale")))
HEADS = ("lead_id", "created_at", "channel", "stage", "entered_at", "amount", "paid_at", "date", "cost", "ID")
HEADS += (
    "Этап сделки",
    "Дата создания сделки",
    "Бюджет",
    "Record ID",
    "Deal - ID",
    "Campaign",
    "Day",
    "Cost",
    "",
)
ROWS = st.lists(st.lists(CELLS, max_size=6), max_size=6)
TABLES = st.tuples(st.lists(st.sampled_from(HEADS), min_size=1, max_size=6), ROWS)
NAMES = ("leads", "stage_entries", "payments", "spend", "amocrm_export_leads", "costs")


@fuzzed(
    st.sampled_from(NAMES),
    TABLES,
    st.sampled_from(",;\t"),
    st.sampled_from(("utf-8", "utf-16", "cp1251")),
    HITS,
)
def test_csv(name: str, table: tuple[list[str], list[list[str]]], mark: str, code: str, hits: list) -> None:
    text = "\n".join(mark.join(row) for row in (table[0], *table[1]))
    tried(f"{name}.csv", damaged(text.encode(code, "replace"), hits), lambda path: read([path], CONFIG))


@fuzzed(st.sampled_from(NAMES), st.binary(max_size=300))
def test_bytes_under_every_name(name: str, content: bytes) -> None:
    for suffix in (".csv", ".xlsx", ".parquet", ".xls", ".html"):
        for head in (b"", b"PK\x03\x04", b"PAR1", b"<table>", b"\xff\xfe"):
            tried(name + suffix, head + content, lambda path: read([path], CONFIG))


@fuzzed(st.sampled_from(NAMES), TABLES, HITS, st.booleans())
def test_workbooks(name: str, table: tuple[list[str], list[list[str]]], hits: list, numbers: bool) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (table[0], *table[1]):
        with contextlib.suppress(openpyxl.utils.exceptions.IllegalCharacterError):
            sheet.append([float(cell) if numbers and cell.strip("-").isdecimal() else cell for cell in row])
    for cells in sheet.iter_rows(min_row=2):
        for cell in cells:
            if isinstance(cell.value, float):
                cell.number_format = "dd.mm.yyyy"
    stream = io.BytesIO()
    book.save(stream)
    tried(f"{name}.xlsx", damaged(stream.getvalue(), hits), lambda path: read([path], CONFIG))


KINDS = (
    pa.string(),
    pa.int64(),
    pa.float64(),
    pa.bool_(),
    pa.date32(),
    pa.timestamp("ns"),
    pa.binary(),
    pa.null(),
)


@fuzzed(
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(HEADS[:10]), min_size=1, max_size=5, unique=True),
    st.data(),
    HITS,
)
def test_parquet(name: str, heads: list[str], data: st.DataObject, hits: list) -> None:
    columns = {}
    for head in heads:
        kind = data.draw(st.sampled_from(KINDS))
        given_ = data.draw(
            st.lists(st.one_of(st.none(), st.integers(-(2**31), 2**31 - 1)), min_size=3, max_size=3)
        )
        texts = pa.array([None if one is None else str(one) for one in given_])
        try:
            columns[head] = (
                texts if pa.types.is_string(kind) else pa.array(given_, pa.int64()).cast(kind, safe=False)
            )
        except (pa.ArrowException, ValueError):
            columns[head] = texts
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    tried(f"{name}.parquet", damaged(stream.getvalue(), hits), lambda path: read([path], CONFIG))


KEYS = (
    "stages",
    "timezone",
    "currency",
    "rates",
    "attributes",
    "slices",
    "values",
    "targets",
    "plan",
    "gate",
    "limits",
)
KEYS += (
    "exports",
    "wide",
    "events",
    "files",
    "amocrm",
    "ad_costs",
    "spend_mapping",
    "what_if",
    "country",
    "schema",
)
KEYS += (
    "name",
    "start",
    "end",
    "cost",
    "hypotheses",
    "metric",
    "change",
    "owner",
    "question",
    "opened",
    "stage",
)
SCALARS = st.one_of(
    CELLS, st.none(), st.booleans(), st.integers(), st.floats(), st.dates().map(str), st.sampled_from(KEYS)
)
THINGS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)


@fuzzed(st.dictionaries(st.sampled_from(KEYS), THINGS, max_size=8), HITS, st.text(max_size=60))
def test_settings_and_registers(content: dict, hits: list, more: str) -> None:
    import yaml

    text = yaml.safe_dump({"stages": [{"key": "sale"}], **content}, allow_unicode=True) + more
    raw = damaged(text.encode("utf-8", "replace"), hits)
    tried("funnel.yml", raw, load)
    tried("x.yml", raw, lambda path: read_register(path.parent, Initiative, lambda *_: ()))
    tried("x.yml", raw, lambda path: read_register(path.parent, Investigation, lambda *_: ()))
    tried("x.yml", raw, lambda path: read_yaml(path, Initiative, id="x"))


def once(name: str, content: bytes) -> Batch:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return read([path], CONFIG)


FOUND = {
    "a date beyond all calendars in a workbook": ("leads", [["lead_id", "created_at"], ["1", 99999999]]),
    "a date before all calendars": ("leads", [["lead_id", "created_at"], ["1", -99999999]]),
    "a date of an export beyond all calendars": (
        "amocrm_export_leads",
        [["ID", "Этап сделки", "Дата создания сделки"], ["1", "x", 99999999]],
    ),
}


@pytest.mark.parametrize("what", FOUND)
def test_what_was_found_stays_mended(what: str) -> None:
    name, rows = FOUND[what]
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cell in book.active[2]:
        if not isinstance(cell.value, str):
            cell.number_format = "dd.mm.yyyy"
    stream = io.BytesIO()
    book.save(stream)
    tried(f"{name}.xlsx", stream.getvalue(), lambda path: read([path], CONFIG))


def test_names_of_a_parquet_file_that_are_no_text_are_told() -> None:
    stream = io.BytesIO()
    pq.write_table(pa.table({"lead_id": ["1"], "created_at": ["2022-09-05"]}), stream, store_schema=False)
    content = stream.getvalue().replace(b"created_at", b"\x80reated_at")
    with pytest.raises(InputError, match="it cannot be read as Parquet"):
        once("leads.parquet", content)


@pytest.mark.parametrize("charset", ["undefined", "idna", "punycode", "base64", "none-of-this-name"])
def test_a_page_may_name_any_writing(charset: str) -> None:
    head = f"<html><meta charset={charset}><table><tr><td>lead_id</td><td>created_at</td></tr>"
    row = "<tr><td>1</td><td>2022-09-05</td></tr></table>"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.xls"
        path.write_text(head + row)
        assert read_html(path).names == ("lead_id", "created_at")
