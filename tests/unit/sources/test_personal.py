"""Nothing personal gets through a file: planted telephone numbers and addresses are looked for everywhere."""

import re
import time
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.errors import InputError
from funnel.gate.personal import _without_addresses, blot
from funnel.schema import Batch
from funnel.settings import Settings
from funnel.sources import describe, read, write_rejected
from funnel.sources.clean import blotted

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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a7c89161234567fe", None),  # a hash
        ("89161234567fe01", None),
        ("c0ffee89161234567", None),
        ("ab89161234567", None),
        ("k3x89161234567", None),
        ("x89161234567z", None),
        ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", None),
        ("тел89161234567", "тел[personal]"),
        ("WhatsApp89161234567", "WhatsApp[personal]"),
        ("89161234567Иван", "[personal]Иван"),
        ("т.89161234567", "т.[personal]"),
        ("id_89161234567", "id_[personal]"),
        ("a7c+79161234567fe", "a7c[personal]fe"),
        ("8 916 123 45 67 или 8(916)1234568", "[personal] или [personal]"),
        ("a@b.example1x@c.example", "[personal][personal]"),
        ("a@b.example/x@c.example", "[personal][personal]"),
        ("one,two@mail.example;three@mail.example", "one,[personal];[personal]"),
        ("@mail.example a@ a@b a@b.c1 a@.example", None),
        ("x@y@z.example", "x@[personal]"),
        ("имя@почта.рф", "[personal]"),
    ],
)
def test_numbers_and_addresses_are_told_from_what_only_looks_like_them(text: str, shown: str | None) -> None:
    assert blot(text) == (text if shown is None else shown)


def old_addresses(text: str) -> str:
    """The rule as one expression: slow, and what the fast way must agree with."""
    return re.sub(r"[^\s@<>,;:\"'()]+@[^\s@<>,;:\"'()]+\.[^\W\d_]{2,}", "[personal]", text)


@given(st.text(alphabet="ab1.@ ,_-", max_size=40))
def test_addresses_are_found_as_one_expression_finds_them(text: str) -> None:
    assert _without_addresses(text) == old_addresses(text)


@pytest.mark.parametrize(
    "piece",
    ["a", "a@", "@", "a@b.", "a.b@c", "+", "+1 ", "8 ", "8 9 ", "(495)", "7 9 1", "89161234567a", " ", "-"],
)
def test_time_grows_as_the_text_does(piece: str) -> None:
    """Eight times the text may take 24 times as long on a busy machine; what is quadratic takes 64 times."""

    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        best = 9.0
        for _ in range(3):
            start = time.perf_counter()
            blot(text)
            best = min(best, time.perf_counter() - start)
        return best

    assert seconds(240_000) < 24 * max(seconds(30_000), 0.002)


def test_a_lead_whose_id_is_a_hash_with_such_digits_is_read(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("ID,Created,Won\na7c89161234567fe,2026-09-01,\nb1,2026-09-01,\n")
    own = Settings.model_validate(
        {
            "stages": [{"key": "sale"}],
            "wide": {"files": ["wide*"], "lead_id": "ID", "created_at": "Created", "stages": {"sale": "Won"}},
        }
    )
    batch = read([path], own)
    assert batch.tables["leads"]["lead_id"].to_pylist() == ["a7c89161234567fe", "b1"]
    assert batch.rejected == ()


@given(st.text(alphabet="0123456789+()-. \u00a0\u2009@abя._", max_size=40))
def test_a_column_is_blotted_as_its_texts_are(text: str) -> None:
    """What only looks suspicious is looked at alone, and nothing else is told."""
    assert blotted(pa.array([text, None])).to_pylist() == [blot(text), None]
