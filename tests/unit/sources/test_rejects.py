"""The files of rejected rows."""

import csv
from pathlib import Path

from funnel.schema import Rejected
from funnel.sources import write_rejected


def row(table: str, **cells: str) -> Rejected:
    return Rejected(table, f"{table}.csv", 7, "stage", "=1+1", "why", cells)


def test_rejected_rows_are_written_with_their_own_cells_and_cannot_run(tmp_path: Path) -> None:
    rows = [
        row("stage_entries", lead_id="-5", reason="@sum", remark='Тверь, "A"\nB'),
        row("stage_entries", lead_id="+1", extra="a=b"),
    ]
    (path,) = write_rejected(rows, tmp_path / "rejected")
    assert path == tmp_path / "rejected" / "stage_entries.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")  # so that a spreadsheet reads Cyrillic
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header, first, second = csv.reader(stream)
    assert header == [
        "file",
        "row",
        "column",
        "value",
        "reason",
        "lead_id",
        "reason (own)",
        "remark",
        "extra",
    ]
    assert first == ["stage_entries.csv", "7", "stage", "'=1+1", "why", "'-5", "'@sum", 'Тверь, "A"\nB', ""]
    assert second[5:] == ["'+1", "", "", "a=b"]


def test_files_of_an_earlier_import_do_not_stay(tmp_path: Path) -> None:
    write_rejected([row("leads"), row("spend")], tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    assert write_rejected([row("leads")], tmp_path) == [tmp_path / "leads.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["leads.csv", "notes.txt"]


def test_nothing_personal_and_nothing_that_a_terminal_obeys_is_written(tmp_path: Path) -> None:
    one = Rejected(
        "leads", "in/leads.csv", 7, "created_at", "8 (916) 123-45-67", "not a date; also x ('a@b.example')",
        {"lead_id": "84951234567", "created_at": "8 (916) 123-45-67", "client_name": "Anna",
         "paid": "\x1b[31m\x9bA"},
    )  # fmt: skip
    (path,) = write_rejected([one], tmp_path)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header, cells = csv.reader(stream)
    assert dict(zip(header, cells, strict=True)) == {
        "file": "in/leads.csv", "row": "7", "column": "created_at", "value": "[personal]",
        "reason": "not a date; also x ('[personal]')",
        "lead_id": "84951234567", "created_at": "[personal]", "client_name": "[personal]",
        "paid": "\ufffd[31m\ufffdA",
    }  # fmt: skip
