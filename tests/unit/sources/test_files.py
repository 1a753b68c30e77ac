"""What happens to whole files: recognised and read, or one error that names every problem."""

import datetime as dt
import os
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from funnel.errors import InputError
from funnel.settings import Settings
from funnel.sources import read

SETTINGS = Settings.model_validate({"stages": [{"key": "sale"}]})
LEADS = "lead_id,created_at,город\n1,2026-01-01,Тверь\n2,2026-01-02,Орёл\n"


def refused(*paths: Path) -> str:
    with pytest.raises(InputError) as caught:
        read(paths, SETTINGS)
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_encodings_and_delimiters_are_found_out(
    tmp_path: Path, encoding: str, delimiter: str, ending: str
) -> None:
    text = LEADS.replace(",", delimiter).replace("\n", ending)
    (tmp_path / "leads.csv").write_bytes(text.encode(encoding))
    told: list[str] = []
    batch = read([tmp_path], SETTINGS, told.append)
    assert batch.tables["leads"]["город"].to_pylist() == ["Тверь", "Орёл"]
    assert any("Windows-1251" in line for line in told) == (encoding == "cp1251")


def test_decimal_commas_do_not_mislead_the_delimiter(tmp_path: Path) -> None:
    text = "lead_id;paid_at;amount\n1;2026-01-01;10,50\n2;2026-01-01;11,50\n"
    (tmp_path / "payments.csv").write_text(text)
    assert [str(x) for x in read([tmp_path], SETTINGS).tables["payments"]["amount"]] == ["10.50", "11.50"]


def test_a_missing_column_names_what_was_found_and_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("leadid,channel\n1,x\n")
    message = refused(tmp_path)
    assert "the column lead_id is missing; found: leadid, channel; did you mean 'leadid'?" in message
    assert "the column created_at is missing; found: leadid, channel" in message
    assert "required: lead_id, created_at" in message


def test_all_problems_of_all_files_come_in_one_error(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("lead_id\n1\n")
    (tmp_path / "payments.csv").write_bytes(b"")
    (tmp_path / "spend.parquet").write_bytes(b"PAR1 no")
    (tmp_path / "stage_entries.xlsx").write_bytes(b"PK\x03\x04 no")
    message = refused(tmp_path, tmp_path / "absent.csv")
    assert message.startswith("The input cannot be used; nothing was imported.")
    for part in (
        "the column created_at is missing",
        "payments.csv: it is empty",
        "spend.parquet: it cannot be read as Parquet",
        "stage_entries.xlsx: it cannot be read as an XLSX workbook",
        "absent.csv: there is no such file or folder",
    ):
        assert part in message


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n", b"\xff\xfe", b"  \r\n", b",,\n,,\n"])
def test_an_empty_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "leads.csv").write_bytes(content)
    assert "leads.csv: it is empty" in refused(tmp_path)


def test_a_header_without_rows_is_an_empty_table(tmp_path: Path) -> None:
    (tmp_path / "payments.csv").write_text("lead_id,paid_at,amount\n")
    batch = read([tmp_path], SETTINGS)
    assert batch.read == {"payments": 0}
    assert str(batch.tables["payments"].schema.field("amount").type) == "decimal128(18, 2)"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04\x00", "it is an XLSX workbook"),
        (b"\xd0\xcf\x11\xe0\x00", "it is an old Excel workbook"),
        (b"PAR1\x00", "it is a Parquet file"),
        (
            "lead_id,created_at\nТверь и Орёл,2026\n".encode() + b"\xd0",
            "UTF-8 with a broken character",
        ),
        (b'lead_id,created_at\n"1,2026-01-01\n', "broken quoting"),
    ],
)
def test_what_is_not_the_text_it_says_is_an_error(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "leads.csv").write_bytes(content)
    assert what in refused(tmp_path)


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("lead_id,created_at,known_from", "column known_from: this name is reserved"),
        ("lead_id,created_at,city,City", "column City: it stands twice"),
        ("lead_id,created_at,LEAD_ID", "column lead_id: it stands twice"),
        ("lead_id,created_at,", "column 3: its cells are filled, but it has no name"),
        ("lead_id,created_at,a\0b", "its name holds a control character"),
    ],
)
def test_headers_that_cannot_be_used(tmp_path: Path, header: str, what: str) -> None:
    (tmp_path / "leads.csv").write_text(f"{header}\n1,2026-01-01,x{',y' * (header.count(',') - 2)}\n")
    assert what in refused(tmp_path)


def test_an_optional_column_with_a_slip_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "payments.csv").write_text("lead_id,paid_at,amount,curency\n1,2026-01-01,5,EUR\n")
    assert "looks like the optional column currency" in refused(tmp_path)
    (tmp_path / "payments.csv").write_text("lead_id,paid_at,amount,invoice\n1,2026-01-01,5,17\n")
    told: list[str] = []
    assert read([tmp_path], SETTINGS, told.append).read == {"payments": 1}
    assert any("columns not used: invoice" in line for line in told)


def test_attributes_of_two_files_must_be_written_one_way(tmp_path: Path) -> None:
    for folder, name in (("a", "city"), ("b", "City")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "leads.csv").write_text(f"lead_id,created_at,{name}\n{folder},2026-01-01,x\n")
    message = refused(tmp_path / "a", tmp_path / "b")
    assert f"column City: it is city in {tmp_path / 'a' / 'leads.csv'}" in message


def test_files_of_one_table_are_joined(tmp_path: Path) -> None:
    for folder, name in (("a", "city"), ("b", "shop")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "leads.csv").write_text(f"lead_id,created_at,{name}\n{folder},2026-01-01,x\n")
    leads = read([tmp_path / "a", tmp_path / "b"], SETTINGS).tables["leads"]
    assert leads.select(["lead_id", "city", "shop"]).to_pydict() == {
        "lead_id": ["a", "b"],
        "city": ["x", None],
        "shop": [None, "x"],
    }


def test_a_folder_passes_over_other_files_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(LEADS)
    (tmp_path / "payment.csv").write_text("x")
    (tmp_path / "truth.json").write_text("{}")
    (tmp_path / "~$leads.xlsx").write_text("lock")
    (tmp_path / "other.xlsx").write_bytes(b"locked")
    told: list[str] = []
    batch = read([tmp_path], SETTINGS, told.append)
    assert batch.files == (str(tmp_path / "leads.csv"),)
    assert [line.split(":")[0] for line in told if "passed over" in line] == [
        str(tmp_path / "other.xlsx"),
        str(tmp_path / "payment.csv"),
    ]


@pytest.mark.parametrize("kind", ["link", "loop", "pipe", "device", "folder"])
def test_what_has_the_name_of_a_table_and_is_no_file_is_told(tmp_path: Path, kind: str) -> None:
    (tmp_path / "leads.csv").write_text("lead_id,created_at\n1,2022-09-05\n")
    path = tmp_path / "payments.csv"
    {
        "link": lambda: path.symlink_to("not-mounted/payments.csv"),
        "loop": lambda: path.symlink_to("payments.csv"),
        "pipe": lambda: os.mkfifo(path),
        "device": lambda: path.symlink_to("/dev/zero"),
        "folder": path.mkdir,
    }[kind]()
    with pytest.raises(InputError, match=r"payments\.csv: it is no file, or a link that leads to none"):
        read([tmp_path], Settings.model_validate({"stages": [{"key": "sale"}]}))


def test_nothing_to_read(tmp_path: Path) -> None:
    (tmp_path / "lead.csv").write_text(LEADS)
    assert "no file was named" in refused()
    assert "no file in it is one we know; found: lead.csv" in refused(tmp_path)
    assert "lead.csv: it is not a file we know; did you mean 'leads'?" in refused(tmp_path / "lead.csv")
    assert "did you mean 'lead.csv'?" in refused(tmp_path / "leads.csv")


def test_a_table_twice_in_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(LEADS)
    pq.write_table(pa.table({"lead_id": ["1"], "created_at": ["2026-01-01"]}), tmp_path / "leads.parquet")
    assert "it holds leads 2 times: leads.csv, leads.parquet" in refused(tmp_path)


def test_an_old_workbook_is_named(tmp_path: Path) -> None:
    (tmp_path / "leads.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    assert "save it as .xlsx" in refused(tmp_path)


def test_a_workbook_with_sheets_named_as_tables(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "notes"
    leads = book.create_sheet("Leads")
    for row in (
        [],
        ["lead_id", "created_at", None],
        [1, dt.datetime(2026, 1, 1, 9, 30), None],
        [],
        ["2", "no"],
    ):
        leads.append(row)
    book.create_sheet("payments").append(["lead_id", "paid_at", "amount"])
    book["payments"].append(["1", dt.date(2026, 1, 5), 10.25])
    book.save(tmp_path / "export.xlsx")
    batch = read([tmp_path / "export.xlsx"], SETTINGS)
    assert batch.tables["leads"]["created_at"].to_pylist() == [dt.datetime(2026, 1, 1, 9, 30)]
    assert str(batch.tables["payments"]["amount"][0]) == "10.25"
    (row,) = batch.rejected
    assert (row.file, row.row) == (f"{tmp_path / 'export.xlsx'}, sheet Leads", 3)


def test_a_workbook_without_such_sheets_is_an_error(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("more")
    book.save(tmp_path / "leads.xlsx")
    assert "none of its sheets is named as a table; found: Sheet, more" in refused(tmp_path)


def test_an_empty_sheet_is_an_error(tmp_path: Path) -> None:
    openpyxl.Workbook().save(tmp_path / "leads.xlsx")
    assert "leads.xlsx, sheet Sheet: it is empty" in refused(tmp_path)


def test_nested_parquet_columns_are_named(tmp_path: Path) -> None:
    table = pa.table({"lead_id": ["1"], "created_at": ["2026-01-01"], "tags": [["a"]], "raw": [b"\xff"]})
    pq.write_table(table, tmp_path / "leads.parquet")
    message = refused(tmp_path)
    assert "column tags: its cells are of type list" in message
    assert "column raw: its cells are of type binary" in message


def test_a_name_that_is_no_text_is_told(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system takes no such name")
    (folder / "leads.csv").write_text("lead_id,created_at\n1,2022-09-05\n")
    assert "no line of text; allowed: UTF-8, one line; to do: rename it" in refused(folder)


@pytest.mark.parametrize("name", ["lea\nds.csv", "\x1b[31m.csv"])
def test_a_name_that_a_terminal_obeys_is_told_and_one_of_no_table_is_passed_over(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "Icon\r").write_text("")
    (tmp_path / "leads.csv").write_text("lead_id,created_at\n1,2022-09-05\n")
    assert read([tmp_path], SETTINGS).read == {"leads": 1}
    (tmp_path / name).write_text("a,b\n1,2\n")
    assert "no line of text" in refused(tmp_path)


def test_what_is_no_ordinary_file_is_told_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "leads.csv")
    assert "it is no file" in refused(tmp_path)
    assert "it is no file or folder, but a device or a pipe" in refused(tmp_path / "leads.csv")
    endless = Path("/proc/kmsg")  # a file by its kind, of 0 bytes, whose reader waits for the next message
    if not endless.is_file():
        pytest.skip("this system has none")
    for name in ("spend.csv", "spend.xlsx", "spend"):
        link = tmp_path / name
        link.symlink_to(endless)
        assert ("it is empty" if link.suffix else "it is not a file we know") in refused(link)
