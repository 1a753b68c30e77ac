"""Nothing personal gets through a file: planted telephone numbers and addresses are looked for everywhere."""

import re
import time
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as settings_
from hypothesis import strategies as st

from funnel.errors import InputError
from funnel.gate.contacts import addresses
from funnel.gate.personal import BLOT, blot, blot_id
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


NUMBERS = (
    "+7 (999) 123-45-67", "+7\u00a0999\u00a0123\u201145\u201167", "+7 999 123\u201345\u201367",
    "+7_916_123_45_67", "+７９９９１２３４５６７", "＋7 999 1234567", "８９１６１２３４５６７",
    "٨٩١٦١٢٣٤٥٦٧", "𝟴𝟵𝟭𝟲𝟭𝟮𝟯𝟰𝟱𝟲𝟳", "+7/916/123/45/67", "8\u202f916\u202f123\u202f45\u202f67",
    "8\u200b916\u200b123\u200b4567", "8\u2060916\u206012345 67", "8－916－123－45－67", "8−916−123−45−67",
    "8\ufe0f\u20e39\ufe0f\u20e3161234567", "7916123-4567", "8-800-555-35-35", "8 800 555 35 35",
    "8 495 123-45-67", "8(495)123-45-67", "84951234567", "74951234567", "87011234567", "916 123-45-67",
    "916-123-45-67", "050 123 45 67", "(495) 123-45-67", "(11) 91234-5678", "(34345) 2-34-56",
    "(8352) 12-34-56", "555-123-4567", "555.123.4567", "(555) 123-4567", "+1 555 123 4567",
    "0044 20 7946 0958", "375291234567", "380501234567", "998901234567", "+971 50 123 4567",
    "(4\u200b95) 123\u200b4567",
)  # fmt: skip
ADDRESSES = (
    "ivan@mail.example", "ivan＠mail.example", "ivan﹫mail.example", "ivan%40mail.example",
    "ivan&#64;mail.example", '"ivan petrov"@mail.example', "ivan(home)@mail.example", "ivan@ mail.example",
    "ivan @ mail.example", "ivan@mail.xn--p1ai", "ivan@mail。example", "iv\u00adan@mail.example",
    "ivan@\u200bmail.example", "ivan@mail.ｒu", "иван@почта.рф", "ivan+tag@mail.example",
    "utm=ivan%40mail.example",
)  # fmt: skip
NEITHER = (
    "campaign 1234567890", "campaign 12345678901", "1 234 567 890", "2022-09-26", "26.09.2022 10:15",
    "20220926101500", "192.168.100.101", "yandex (2022) 2022-09-26", "(123) 2022-09-26", "(11) 20.09.2022",
    "ИНН 7701234567", "120-001-0001", "12 000 000", "7 000 000 000", "8 500 000 000", "850 000 - 1 200 000",
    "1663660800000", "8 9 10 11 12 13", "iPhone 14 (128)", "iPhone 15 256 2023", "+20%", "@home",
    "Instagram @shop.example", "retarget@lookalike", "user@host", "1.234.567.890", "12:34:56 8 900",
    "8/9/2022 12:34:56", "A-101-2020-12", "№ 4951234567 от 2022", "100% 40 60", "R&B 2022",
    "телевизор 55 2022", "t.me/ivan_petrov",
)  # fmt: skip


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
        *((number, "[personal]") for number in NUMBERS),
        *((address, "[personal]") for address in ADDRESSES),
        *((text, None) for text in NEITHER),
        ("wa.me/15551234567", "wa.me/[personal]"),
        ("https://wa.me/79991234567?text=x", "https://wa.me/[personal]?text=x"),
        ("viber://chat?number=%2B79991234567", "viber://chat?number=[personal]"),
        ("api.whatsapp.com/send?phone=15551234567", "api.whatsapp.com/send?phone=[personal]"),
        ("tel:0501234567", "tel:[personal]"),
        ("Тел. 9161234567, моб: 123-45-67", "Тел. [personal], моб: [personal]"),
        ("WhatsApp 916 123 45 67", "WhatsApp [personal]"),
        ("mailto:ivan@mail.example", "mailto:[personal]"),
        ("<ivan@mail.example>", "<[personal]>"),
        ("8 300 000–9 000 000", None),
        ("Ромашка ８９１６１２３４５６７, ｉｖａｎ＠ｍａｉｌ．ｒｕ", "Ромашка [personal], [personal]"),
    ],
)
def test_numbers_and_addresses_are_told_from_what_only_looks_like_them(text: str, shown: str | None) -> None:
    assert blot(text) == (text if shown is None else shown)


def old_addresses(text: str) -> str:
    """The rule as one expression: slow, and what the fast way must agree with."""
    return re.sub(r"[^\s@<>,;:\"'()]+@[^\s@<>,;:\"'()]+\.[^\W\d_]{2,}", "[personal]", text)


@given(st.text(alphabet="ab1.@ ,_-", max_size=40))
def test_addresses_are_found_as_one_expression_finds_them(text: str) -> None:
    wanted = old_addresses(text)
    for first, end in reversed(list(addresses(text))):
        text = text[:first] + BLOT + text[end:]
    assert text == wanted


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a@",
        "@",
        "a@b.",
        "a.b@c",
        "+",
        "+1 ",
        "8 ",
        "8 9 ",
        "(495)",
        "7 9 1",
        "89161234567a",
        " ",
        "-",
        "(11)",
        "(1234) 9",
        "тел 9",
        "tel:1",
        "123 456 ",
        "001 ",
        "\u200b8",
        "a%40",
        '"a"@',
        "(a)@ ",
        "8 300 000 - ",
    ],
)
def test_time_grows_as_the_text_does(piece: str) -> None:
    """Eight times the text may take 24 times as long on a busy machine; what is quadratic takes 64 times."""

    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        best = 9.0
        for _ in range(3):
            start = time.process_time()
            blot(text)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(240_000) < 24 * max(seconds(30_000), 0.002)


def test_an_id_of_digits_alone_is_no_landline(tmp_path: Path) -> None:
    """CRMs count to eleven digits; of a value the same digits are blotted."""
    assert [blot_id(one) for one in ("74951234567", "375291234567", "79161234567", "8 495 123-45-67")] == [
        "74951234567", "375291234567", "[personal]", "[personal]",
    ]  # fmt: skip
    path = tmp_path / "wide.csv"
    path.write_text("ID,Created,Won,Source\n74951234567,2026-09-01,,74951234567\n")
    own = Settings.model_validate(
        {
            "stages": [{"key": "sale"}],
            "wide": {
                "files": ["wide*"], "lead_id": "ID", "created_at": "Created", "stages": {"sale": "Won"},
                "attributes": {"origin": "Source"},
            },
        }
    )  # fmt: skip
    batch = read([path], own)
    assert batch.tables["leads"]["lead_id"].to_pylist() == ["74951234567"]
    assert batch.tables["leads"]["origin"].to_pylist() == ["[personal]"]
    assert batch.rejected == ()


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


SIGNS = st.sampled_from("0123456789+()-. \u00a0\u2009@abя._/\u200b８９＋＠（٨–%&")
PARTS = st.sampled_from(
    (*NUMBERS, *ADDRESSES, *NEITHER, "тел", "Моб. ", "wa.me/", "PHONE=", "%2B", "&#64;", "00")
)


@settings_(max_examples=600)
@given(st.lists(st.one_of(SIGNS, SIGNS, SIGNS, PARTS), max_size=30).map("".join))
def test_a_column_is_blotted_as_its_texts_are(text: str) -> None:
    """What only looks suspicious is looked at alone, and nothing else is told."""
    assert blotted(pa.array([text, None])).to_pylist() == [blot(text), None]
