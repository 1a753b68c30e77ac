"""The reader of big sheets reads what the one of small sheets reads, in every form a workbook can have."""

import datetime as dt
import random
import zipfile
from pathlib import Path

import openpyxl
import pytest

from funnel.errors import InputError
from funnel.sources import xlsx_package
from funnel.sources.workbook import read_sheet
from funnel.sources.xlsx_columns import first_rows, read_columns, sheet_names

MAIN = 'xmlns{0}="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
KINDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def everything(names: tuple[str, ...]) -> range:
    return range(len(names))


def book(path: Path, sheet: str, strings: str = "") -> Path:
    """Write a workbook from raw XML."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook {MAIN.format("")} xmlns:r="{KINDS}"><sheets><sheet name="S" r:id="a"/></sheets>'
            "</workbook>",
        )
        parts = [("a", "worksheet", "worksheets/s.xml"), ("b", "sharedStrings", "/xl/strings.xml")]
        links = "".join(f'<Relationship Id="{i}" Type="{KINDS}/{t}" Target="{p}"/>' for i, t, p in parts)
        archive.writestr("xl/_rels/workbook.xml.rels", f"<Relationships>{links}</Relationships>")
        archive.writestr("xl/worksheets/s.xml", sheet)
        if strings:
            archive.writestr("xl/strings.xml", strings)
    return path


def test_it_reads_what_the_other_reader_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_package, "_CHUNK", 700)  # rows and strings cut anywhere
    dice = random.Random(1)
    values = [
        None, "", "текст & <знаки>", "две\nстроки", "'+7", 5, 1234567890123, 0.1, 1e-7, 1.5e20, True,
        dt.datetime(2026, 9, 1, 9, 30, 15), dt.datetime(2026, 9, 1), dt.date(2026, 9, 2),
    ]  # fmt: skip
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    sheet.append([f"c{place}" for place in range(30)])
    for _ in range(60):
        sheet.append([dice.choice(values) for _ in range(30)] if dice.random() < 0.9 else [])
    path = tmp_path / "b.xlsx"
    workbook.save(path)
    expected = read_sheet(path, "Sheet")
    chosen = [0, 3, 4, 17, 29]
    got = read_columns(path, "Sheet", lambda names: chosen)
    assert sheet_names(path) == ("Sheet",)
    assert got.names == tuple(expected.names[place] for place in chosen)
    assert got.rows.tolist() == expected.rows.tolist()
    for mine, place in zip(got.columns, chosen, strict=True):
        assert mine.text().to_pylist() == expected.columns[place].text().to_pylist()
        filled = [value is not None for value in mine.text().to_pylist()]
        assert mine.kinds is not None and expected.columns[place].kinds is not None
        assert mine.kinds[filled].tolist() == expected.columns[place].kinds[filled].tolist()


@pytest.mark.parametrize(
    "cells",
    [
        '<{p}c r="A2" t="inlineStr"><{p}is><{p}t>x</{p}t></{p}is></{p}c><{p}c r="C2"><{p}v>3</{p}v></{p}c>',
        '<{p}c t="str"><{p}f>A1</{p}f><{p}v>x</{p}v></{p}c><{p}c/><{p}c><{p}v>3</{p}v></{p}c>',
        '<{p}c s="0" r="A2" t="inlineStr"><{p}is><{p}r><{p}t>x</{p}t></{p}r></{p}is></{p}c>'
        '<{p}c r="B2" s="0"/><{p}c r="C2" s="0"><{p}v>3.0</{p}v></{p}c>',
        '<{p}c r="A2" t="s"><{p}v>1</{p}v></{p}c><!-- <{p}c r="B2"/> --><{p}c r="C2"><{p}v>3</{p}v></{p}c>',
    ],
)
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_every_way_to_write_a_cell(tmp_path: Path, cells: str, prefix: str) -> None:
    declared = MAIN.format(f":{prefix[:-1]}" if prefix else "")
    header = "".join(
        f'<{{p}}c r="{letter}1" t="inlineStr"><{{p}}is><{{p}}t>{letter}</{{p}}t></{{p}}is></{{p}}c>'
        for letter in "ABC"
    )
    rows = f'<{{p}}row r="1">{header}</{{p}}row><{{p}}row r="2">{cells}</{{p}}row><{{p}}row r="3"/>'
    text = f"<{{p}}worksheet {declared}><{{p}}sheetData>{rows}</{{p}}sheetData></{{p}}worksheet>"
    strings = f"<sst {MAIN.format('')}><si><t>no</t></si><si><r><t>x</t></r><rPh><t>hint</t></rPh></si></sst>"
    path = book(tmp_path / "b.xlsx", text.format(p=prefix), strings)
    for chosen in ([0, 1, 2], [2, 0]):
        sheet = read_columns(path, "S", lambda names, chosen=chosen: chosen)
        texts = {
            name: cells.text().to_pylist() for name, cells in zip(sheet.names, sheet.columns, strict=True)
        }
        assert texts == {
            name: {"A": ["x"], "B": [None], "C": ["3"]}[name] for name in ("ABC"[p] for p in chosen)
        }
    assert first_rows(path, "S", 5) == [("A", "B", "C"), ("x", "", "3")]


def test_a_row_without_a_wanted_cell_is_no_blank_row(tmp_path: Path) -> None:
    rows = "".join(
        f'<row r="{n}"><c r="{c}{n}"><v>{n}</v></c><c r="D{n}" s="1"/></row>'
        for n, c in ((1, "A"), (2, "B"), (4, "A"))
    )
    path = book(
        tmp_path / "b.xlsx", f"<worksheet {MAIN.format('')}><sheetData>{rows}</sheetData></worksheet>"
    )
    sheet = read_columns(path, "S", lambda names: [0])
    assert sheet.rows.tolist() == [1, 3]
    assert sheet.columns[0].text().to_pylist() == [None, "4"]


@pytest.mark.parametrize("cut", [0, 30, 200, 400])
def test_a_damaged_workbook_is_an_error_in_words(tmp_path: Path, cut: int) -> None:
    path = book(tmp_path / "b.xlsx", f"<worksheet {MAIN.format('')}><sheetData><row r='1'>")
    with pytest.raises(InputError, match="cannot be read as an XLSX workbook"):
        read_columns(path, "S", everything)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError, match="cannot be read as an XLSX workbook"):
        read_columns(path, "S", everything)
