"""Limits are looked up before a file takes memory; the message names the limit and how to raise it."""

from __future__ import annotations

import io
import random
import string
import subprocess
import sys
import textwrap
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from funnel.errors import InputError
from funnel.settings import Settings, Stage
from funnel.settings_files import Limits
from funnel.sources import read

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACK = "http://schemas.openxmlformats.org/package/2006"


def config(**limits: int) -> Settings:
    return Settings(stages=(Stage(key="sale"),), limits=Limits(**limits))


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def book(path: Path, rows: list[str], more: dict[str, str] | None = None) -> Path:
    """Write a workbook by hand, with a sheet `leads`."""
    form = "application/vnd.openxmlformats-"
    kinds = "".join(
        f'<Override PartName="/xl/{part}" ContentType="{form}officedocument.spreadsheetml.{kind}+xml"/>'
        for part, kind in (("workbook.xml", "sheet.main"), ("worksheets/sheet1.xml", "worksheet"))
    )
    default = f'<Default Extension="rels" ContentType="{form}package.relationships+xml"/>'

    def related(kind: str, target: str) -> str:
        one = f'<Relationship Id="r" Type="{REL}/{kind}" Target="{target}"/>'
        return f'<Relationships xmlns="{PACK}/relationships">{one}</Relationships>'

    sheets = '<sheets><sheet name="leads" sheetId="1" r:id="r"/></sheets>'
    data = f"<sheetData>{''.join(rows)}</sheetData>"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACK}/content-types">{default}{kinds}</Types>',
        "_rels/.rels": related("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{REL}">{sheets}</workbook>',
        "xl/_rels/workbook.xml.rels": related("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}">{data}</worksheet>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**parts, **(more or {})}.items():
            archive.writestr(name, text)
    return path


HEAD = f'<row r="1">{cell("A1", "lead_id")}{cell("B1", "created_at")}</row>'


def row(number: int, *more: str) -> str:
    own = cell(f"A{number}", str(number)) + cell(f"B{number}", "2022-09-05")
    return f'<row r="{number}">{own}{"".join(more)}</row>'


def noise(size: int) -> str:
    """Text that does not pack well."""
    return "".join(random.Random(1).choices(string.ascii_letters, k=size))


def huge_cell(folder: Path) -> None:
    book(folder / "leads.xlsx", [HEAD, row(2, cell("C2", noise(5_000_000)))])


def far_columns(folder: Path) -> None:
    book(folder / "leads.xlsx", [HEAD, *(row(n, cell(f"XFD{n}", "x")) for n in range(2, 500))])


def long_shared_text(folder: Path) -> None:
    text = f'<sst xmlns="{MAIN}"><si><t>{noise(5_000_000)}</t></si></sst>'
    book(folder / "leads.xlsx", [HEAD, row(2)], {"xl/sharedStrings.xml": text})


def big_styles(folder: Path) -> None:
    text = f"<styleSheet>{noise(1_000_000) * 60}</styleSheet>"
    book(folder / "leads.xlsx", [HEAD, row(2)], {"xl/styles.xml": text})


def wide_csv(folder: Path) -> None:
    names = ",".join(f"c{n}" for n in range(20_000))
    (folder / "leads.csv").write_text(f"lead_id,created_at,{names}\n1,2022-09-05{',x' * 20_000}\n")


def wide_parquet(folder: Path) -> None:
    pq.write_table(pa.table({f"c{n}": ["x"] for n in range(5_000)}), folder / "leads.parquet")


def packed_parquet(folder: Path) -> None:
    zeros = pa.array(np.zeros(10_000_000, np.int8))
    table = pa.table({"lead_id": pa.DictionaryArray.from_arrays(zeros, pa.array(["1"])), "created_at": zeros})
    pq.write_table(table, folder / "leads.parquet", compression="zstd")


def folded_parquet(folder: Path) -> None:
    """A text of 100,000 letters that is stored once stands in 20,000 cells."""
    schema = pa.schema([("lead_id", pa.string()), ("created_at", pa.string())])
    with pq.ParquetWriter(folder / "leads.parquet", schema) as file:
        for _ in range(20):
            file.write_table(
                pa.table({"lead_id": ["x" * 100_000] * 1_000, "created_at": [""] * 1_000}), 1_000
            )


def long_parquet(folder: Path) -> None:
    table = pa.table({"lead_id": ["1"], "created_at": ["x" * 5_000_000]})
    pq.write_table(table, folder / "leads.parquet", use_dictionary=False)


def many_attributes(folder: Path) -> None:
    names = ",".join(f"a{n}" for n in range(301))
    (folder / "leads.csv").write_text(f"lead_id,created_at,{names}\n1,2022-09-05{301 * ',x'}\n")


def endless_quote(folder: Path) -> None:
    (folder / "leads.csv").write_text('lead_id,created_at\n1,"' + "x" * 1_200_000)


@pytest.mark.parametrize(
    ("make", "limit"),
    [
        (huge_cell, "limits.cell_characters"),
        (far_columns, "limits.columns"),
        (long_shared_text, "limits.cell_characters"),
        (big_styles, "without its formats"),
        (wide_csv, "limits.columns"),
        (many_attributes, "limits.attributes allows 300"),
        (wide_parquet, "limits.columns"),
        (packed_parquet, "limits.unpacked_ratio"),
        (folded_parquet, "limits.unpacked_ratio"),
        (long_parquet, "limits.cell_characters"),
        (endless_quote, "limits.cell_characters"),
    ],
)
def test_too_much_is_refused_with_little_memory(
    tmp_path: Path, make: Callable[[Path], None], limit: str
) -> None:
    make(tmp_path)
    script = f"""
        import resource, sys
        from pathlib import Path
        from funnel.errors import InputError
        from funnel.settings import Settings, Stage
        from funnel.sources import read
        read_ = read
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            read([Path({str(tmp_path)!r})], Settings(stages=(Stage(key="sale"),)))
        except InputError as error:
            print(error)
        print("memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=100
    )
    assert limit in done.stdout, done.stdout + done.stderr
    assert int(done.stdout.split()[-1]) < 100_000, "kilobytes beside the program itself"


def test_a_limit_can_be_raised(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(
        "lead_id,created_at," + ",".join(f"c{n}" for n in range(20)) + "\n1,2022-09-05" + ",x" * 20
    )
    with pytest.raises(InputError, match=r"22 columns; limits\.columns allows 10"):
        read([tmp_path], config(columns=10))
    assert read([tmp_path], config(columns=22)).tables["leads"].num_rows == 1
    with pytest.raises(InputError, match=r"limits\.unpacked_mb"):
        (tmp_path / "leads.csv").write_text("lead_id,created_at\n" + "1,2022-09-05\n" * 30_000)
        read([tmp_path], config(unpacked_mb=1))


@pytest.mark.parametrize("name", ["leads.xlsx", "costs.xlsx"])
def test_a_row_beyond_all_and_cells_without_an_end_are_told_soon(tmp_path: Path, name: str) -> None:
    head = f'<row r="1">{cell("A1", "Date")}{cell("B1", "Campaign")}{cell("C1", "Cost")}</row>'
    head = HEAD if name == "leads.xlsx" else head
    far = f'<row r="{10**20}">{cell(f"A{10**20}", "5")}</row>'
    unclosed = '<row r="2">' + '<c r="A2">' * 60_000 + "</row>"
    for number, rows in enumerate((far, unclosed)):
        folder = tmp_path / str(number)
        folder.mkdir()
        book(folder / name, [head, rows])
        start = time.process_time()
        with pytest.raises(InputError):
            read([folder], config())
        assert time.process_time() - start < 20


def test_a_page_of_marks_without_an_end_is_told_soon(tmp_path: Path) -> None:
    (tmp_path / "costs.xls").write_text("<table>" + "<!--" * 100_000)
    start = time.process_time()
    with pytest.raises(InputError):
        read([tmp_path / "costs.xls"], config())
    assert time.process_time() - start < 10


def csv_of(rows: int) -> bytes:
    return (
        "lead_id,created_at,channel\n" + "".join(f"{n},2022-09-05 10:00,web\n" for n in range(rows))
    ).encode()


def xlsx_of(rows: int, folder: Path) -> bytes:
    return book(folder / "made.xlsx", [HEAD, *map(row, range(2, rows))]).read_bytes()


def parquet_of(rows: int) -> bytes:
    buffer = io.BytesIO()
    table = pa.table({"lead_id": [str(n) for n in range(rows)], "created_at": ["2022-09-05 10:00"] * rows})
    pq.write_table(table, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet", "ragged", "costs"])
def test_time_grows_as_the_input_does(tmp_path: Path, kind: str) -> None:
    """Eight times the rows may not take more than thirty times as long: squares would take sixty-four."""

    def seconds(rows: int) -> float:
        folder = tmp_path / f"{kind}{rows}"
        folder.mkdir()
        content = {
            "csv": lambda: csv_of(rows),
            "xlsx": lambda: xlsx_of(rows, tmp_path),
            "parquet": lambda: parquet_of(rows),
            "ragged": lambda: b"lead_id,created_at\n" + b"1,2022-09-05,x,y\n" * rows,
            "costs": lambda: b"date,channel,cost\n" + b"2022-09-05,web,1.50\n" * rows,
        }[kind]()
        suffix = kind if kind in ("xlsx", "parquet") else "csv"
        (folder / f"{'spend' if kind == 'costs' else 'leads'}.{suffix}").write_bytes(content)
        best = 1e9
        for _ in range(3):
            start = time.process_time()
            read([folder], config())
            best = min(best, time.process_time() - start)
        return best

    few = 4_000 if kind in ("xlsx", "ragged") else 20_000
    seconds(100)  # what is loaded and compiled once
    assert seconds(8 * few) < 30 * max(seconds(few), 0.01)
