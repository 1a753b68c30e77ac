"""Whatever a file holds, it is read or told: no traceback, no hang; ten minutes of it by `make fuzz`."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funnel.errors import FunnelError
from funnel.schema import Initiative, Investigation
from funnel.settings import Settings, Stage, load
from funnel.sources import read
from funnel.sources.register import read_register
from funnel.yaml_file import read_yaml

SECONDS = float(os.environ.get("FUNNEL_FUZZ_SECONDS", "8"))
EXAMPLES = 60 if SECONDS < 60 else 1_000_000
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
ODD = (
    "",
    "1",
    "2022-09-05",
    "05.09.2022",
    "99999999",
    "1e999999999",
    "-0",
    "nan",
    "\x00",
    "\ue000",
    "=1+1",
    '"',
    "'",
)
ODD += (
    "+7 916 123-45-67",
    "@" * 50,
    "1,234",
    "(5)",
    "2022-02-30",
    "0001-01-01",
    "9999-12-31T23:59:59+14:00",
    "٣",
)
CELLS = st.one_of(st.sampled_from(ODD), st.text(max_size=12), st.floats().map(str), st.integers().map(str))
ROWS = st.lists(st.lists(CELLS, max_size=6), max_size=6)
TABLES = st.tuples(st.lists(st.sampled_from(HEADS), min_size=1, max_size=6), ROWS)
NAMES = ("leads", "stage_entries", "payments", "spend", "amocrm_export_leads", "costs")
fuzzed = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


class Clock:
    """Ends a test in time: what comes after is passed over."""

    def __init__(self) -> None:
        self.started: dict[str, float] = {}

    def over(self, name: str) -> bool:
        return time.monotonic() - self.started.setdefault(name, time.monotonic()) > SECONDS


CLOCK = Clock()


def tried(name: str, content: bytes, use: Callable[[Path], object]) -> None:
    """Use a file of some bytes; only what is told to a user may come of it."""
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(FunnelError):
        path = Path(folder) / name
        path.write_bytes(content)
        use(path)


def damaged(content: bytes, hits: list[tuple[int, int]]) -> bytes:
    changed = bytearray(content)
    for place, byte in hits:
        if changed:
            changed[place % len(changed)] = byte
    return bytes(changed)


HITS = st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=4)


@fuzzed
@given(
    st.sampled_from(NAMES),
    TABLES,
    st.sampled_from(",;\t"),
    st.sampled_from(("utf-8", "utf-16", "cp1251")),
    HITS,
)
def test_csv(name: str, table: tuple[list[str], list[list[str]]], mark: str, code: str, hits: list) -> None:
    if CLOCK.over("csv"):
        return
    text = "\n".join(mark.join(row) for row in (table[0], *table[1]))
    tried(f"{name}.csv", damaged(text.encode(code, "replace"), hits), lambda path: read([path], CONFIG))


@fuzzed
@given(st.sampled_from(NAMES), st.binary(max_size=300))
def test_bytes_under_every_name(name: str, content: bytes) -> None:
    if CLOCK.over("bytes"):
        return
    for suffix in (".csv", ".xlsx", ".parquet", ".xls", ".html"):
        for head in (b"", b"PK\x03\x04", b"PAR1", b"<table>", b"\xff\xfe"):
            tried(name + suffix, head + content, lambda path: read([path], CONFIG))


@fuzzed
@given(st.sampled_from(NAMES), TABLES, HITS, st.booleans())
def test_workbooks(name: str, table: tuple[list[str], list[list[str]]], hits: list, numbers: bool) -> None:
    if CLOCK.over("xlsx"):
        return
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


@fuzzed
@given(
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(HEADS[:10]), min_size=1, max_size=5, unique=True),
    st.data(),
    HITS,
)
def test_parquet(name: str, heads: list[str], data: st.DataObject, hits: list) -> None:
    if CLOCK.over("parquet"):
        return
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


@fuzzed
@given(st.dictionaries(st.sampled_from(KEYS), THINGS, max_size=8), HITS, st.text(max_size=60))
def test_settings_and_registers(content: dict, hits: list, more: str) -> None:
    if CLOCK.over("yaml"):
        return
    import yaml

    text = yaml.safe_dump({"stages": [{"key": "sale"}], **content}, allow_unicode=True) + more
    raw = damaged(text.encode("utf-8", "replace"), hits)
    tried("funnel.yml", raw, load)
    tried("x.yml", raw, lambda path: read_register(path.parent, Initiative, lambda *_: ()))
    tried("x.yml", raw, lambda path: read_register(path.parent, Investigation, lambda *_: ()))
    tried("x.yml", raw, lambda path: read_yaml(path, Initiative, id="x"))


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
