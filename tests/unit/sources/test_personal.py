"""Nothing personal gets through a file: planted telephone numbers and addresses are looked for everywhere."""

import re
from pathlib import Path

import openpyxl
import pytest

from funnel.errors import InputError
from funnel.schema import Batch
from funnel.settings import Settings
from funnel.sources import describe, read, write_rejected

PHONE, MAIL, PERSON = "+7 916 123-45-67", "petrova@mail.example", "Петрова Анна Ильинична"
PLANTED = re.compile(r"916|123.?45.?67|petrova|mail\.example|Петрова")
HEAD = [
    "ID", "Название сделки", "Дата создания сделки", "Дата закрытия", "Этап сделки", "Воронка", "Примечание",
    "Полное имя контакта", "Рабочий телефон", "Рабочий email", "Источник",
]  # fmt: skip
ROWS = [
    [
        "1",
        PERSON,
        "01.09.2026",
        "не закрыта",
        "В работе",
        "A",
        f"звонить {PHONE}",
        PERSON,
        f"'{PHONE}",
        MAIL,
        f"от {MAIL}",
    ],
    [
        "2",
        PERSON,
        "01.09.2026",
        "02.09.2026",
        f"Потерян ({PHONE} {MAIL})",
        "A",
        "",
        PERSON,
        PHONE,
        MAIL,
        PHONE,
    ],
    [PHONE, PERSON, f"{PHONE} {MAIL}", "", "В работе", "A", "", PERSON, PHONE, MAIL, MAIL],
    ["3", PERSON, MAIL, "", "В работе", "A", "", PERSON, PHONE, MAIL, MAIL],
]


def settings(**more: object) -> Settings:
    exports = {
        "pipelines": {"A": {"В работе": "target", "Потерян": "lost"}},
        "attributes": {"origin": "field:Источник"},
    }
    wide = {
        "files": ["wide*"],
        "lead_id": "ID",
        "created_at": "Дата создания сделки",
        "lost_reason": "Примечание",
        "stages": {"target": "Дата закрытия"},
        "attributes": {"origin": "Источник"},
    }
    given = {"stages": [{"key": "target"}], "exports": exports | more, "wide": wide}
    return Settings.model_validate(given)


def write(path: Path, rows: list[list[str]]) -> Path:
    if path.suffix == ".csv":
        path.write_text("\n".join(";".join(cells) for cells in [HEAD, *rows]), encoding="utf-8")
        return path
    book = openpyxl.Workbook()
    for cells in [HEAD, *rows]:
        book.worksheets[0].append(cells)
    book.save(path)
    return path


def everything(batch: Batch, told: list[str], folder: Path) -> str:
    files = write_rejected(batch.rejected, folder)
    tables = [str(table.to_pydict()) for table in batch.tables.values()]
    return "\n".join([*told, *tables, str(batch.rejected), *(file.read_text("utf-8") for file in files)])


@pytest.mark.parametrize("name", ["export.csv", "export.xlsx", "wide.csv", "wide.xlsx"])
def test_no_table_log_or_rejected_file_holds_a_planted_one(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, [*ROWS, ["4", PHONE, MAIL]] if name.endswith("csv") else ROWS)
    told: list[str] = []
    batch = read([path], settings(), told.append)
    text = everything(batch, told, tmp_path / "rejected")
    assert batch.tables["leads"].num_rows == 2
    assert len(batch.rejected) >= 2
    assert not PLANTED.search(text), PLANTED.search(text)
    assert not PLANTED.search(str(describe([path], settings())))


@pytest.mark.parametrize("name", ["export.csv", "export.xlsx"])
def test_no_error_holds_a_planted_one(tmp_path: Path, name: str) -> None:
    rows = [["1", "", "01.09.2026", "", f"Этап {PHONE} {MAIL}", "A", *[MAIL] * 5]]
    with pytest.raises(InputError) as caught:
        read([write(tmp_path / name, rows)], settings())
    assert "which is not mapped" in str(caught.value)
    assert not PLANTED.search(str(caught.value))


def test_what_the_settings_name_is_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "export.csv", ROWS[:1])
    own = settings(attributes={"phone": "field:Рабочий телефон"}, personal=["phone"])
    assert read([path], own).tables["leads"]["phone"].to_pylist() == [PHONE]
    blotted = settings(attributes={"phone": "field:Рабочий телефон"})
    assert read([path], blotted).tables["leads"]["phone"].to_pylist() == ["[personal]"]
