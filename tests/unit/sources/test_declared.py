"""What a declaration says of files of deals, and what cells of all countries are read as."""

from __future__ import annotations

import datetime as dt
import time
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
import yaml

from crms import hubspot, salesforce, world
from funnel.errors import InputError
from funnel.schema import Batch, Known
from funnel.settings import Settings
from funnel.sources import proposal, read
from funnel.sources.exports.identity import lengthened
from funnel.sources.header_text import currency_of
from funnel.sources.instants import read_instants
from funnel.sources.tabular import Cells

KNOWN = pa.schema([("lead_id", pa.string()), ("stage", pa.string()), ("entered_at", pa.timestamp("us"))])
HEAD = "Record ID,Deal Stage,Pipeline,Create Date,Close Date,Amount,Currency,Closed Lost Reason,Deal owner\n"
STAGES = {"New": "lead", "Qualified": "target", "Closed Won": "sale", "Closed Lost": "lost"}
RULES: dict[str, Any] = {
    "pipelines": {
        "Sales": {"New": "lead", "Qualified": "target", "Closed Won": "sale", "Closed Lost": "lost"}
    }
}


def settings(exports: dict[str, Any] | None = None, **more: Any) -> Settings:
    content = {"stages": [{"key": "target"}, {"key": "sale"}], "currency": "EUR", "rates": {"RUB": "0.01"}}
    return Settings.model_validate({**content, "exports": {**RULES, **(exports or {})}, **more})


def deals(folder: Path, *rows: str, name: str = "all-deals-2026-09-22.csv", head: str = HEAD) -> Path:
    path = folder / name
    path.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def paid(batch: Batch) -> list[tuple[str, str, str | None]]:
    rows = batch.tables["payments"].to_pylist() if "payments" in batch.tables else []
    return [(row["lead_id"], str(row["amount"]), row["currency"]) for row in rows]


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ('"€ 3.500,00"', "3500.00", "EUR"),
        ('"1 234,50 ₽"', "1234.50", "RUB"),
        ('"1\u00a0234,50\u00a0руб."', "1234.50", "RUB"),
        ('"EUR 1,234.00"', "1234.00", "EUR"),
        ('"1,234.00 RUB"', "1234.00", "RUB"),
        ('"(1,000.00)"', "-1000.00", None),
        ("1'234.50", "1234.50", None),
        ("100-", "-100.00", None),
        ("€99", "99.00", "EUR"),
        ('"RUB\u00a01,234.50"', "1234.50", "RUB"),
        ('"EUR1,234.50"', "1234.50", "EUR"),
        ("1234.50RUB", "1234.50", "RUB"),
        ('"1 234,50 ?"', "1234.50", None),
        ('"? 3.500,00"', "3500.00", None),
        ('"12,34,567.00"', "1234567.00", None),
    ],
)
def test_amounts_of_all_countries(tmp_path: Path, text: str, amount: str, currency: str | None) -> None:
    row = f"1,Closed Won,Sales,2026-09-01 10:00,2026-09-05 10:00,{text},,,Anna"
    assert paid(read([deals(tmp_path, row)], settings())) == [("1", amount, currency)]


def test_a_sign_of_currency_that_the_encoding_lost_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    rows = [f"{n},Closed Won,Sales,2026-09-01 10:00,2026-09-05 10:00,? 5.5,,,Anna" for n in range(3)]
    read([deals(tmp_path, *rows)], settings(), told.append)
    (text,) = [text for text in told if "lost (?)" in text]
    assert "3 amounts" in text and "set exports.currency" in text


def test_a_column_names_the_currency_of_each_row_by_code_sign_or_name(tmp_path: Path) -> None:
    rows = [
        f"{n},Closed Won,Sales,2026-09-01 10:00,2026-09-05 10:00,5,{word},,Anna"
        for n, word in enumerate(("RUB", "Российский рубль", "₽", "eur", "Euro", "Тугрики"))
    ]
    batch = read([deals(tmp_path, *rows)], settings())
    assert [currency for _, _, currency in paid(batch)] == ["RUB", "RUB", "RUB", "EUR", "EUR"]
    assert "a currency without a rate" in next(row.reason for row in batch.rejected)
    assert currency_of("US Dollar") == "USD"


@pytest.mark.parametrize(
    ("amounts", "decimal", "expected"),
    [
        (["1,234", "2,500.50"], None, ["1234.00", "2500.50"]),
        (["1.234", "2.500,50"], None, ["1234.00", "2500.50"]),
        (["1.234"], ",", ["1234.00"]),
        (["1.234"], ".", ["1.23"]),
    ],
)
def test_what_stands_before_the_cents(
    tmp_path: Path, amounts: list[str], decimal: str | None, expected: list[str]
) -> None:
    rows = [
        f'{n},Closed Won,Sales,2026-09-01 10:00,2026-09-05 10:00,"{text}",,,Anna'
        for n, text in enumerate(amounts)
    ]
    batch = read([deals(tmp_path, *rows)], settings({"decimal": decimal}))
    assert [amount for _, amount, _ in paid(batch)] == expected


def test_rows_left_out_joined_values_and_their_numbers(tmp_path: Path) -> None:
    rows = [
        "1,New,Sales,2026-09-01 10:00,,,,,anna",
        "2,Closed Lost,Sales,2026-09-01 10:00,2026-09-02 10:00,,,Duplicate,ANNA O.",
        "3,Closed Lost,Sales,2026-09-01 10:00,2026-09-02 10:00,,,Price,Boris",
        "4,New,Partners,2026-09-01 10:00,,,,,Boris",
    ]
    rules = {
        "attributes": {"manager": "responsible"},
        "drop": {"lost_reason": "duplicate"},
        "where": {"Pipeline": ["Sales"]},
        "join": {"manager": {"Anna Orlova": ["anna", "Anna O."]}},
    }
    told: list[str] = []
    leads = read([deals(tmp_path, *rows)], settings(rules), told.append).tables["leads"]
    assert leads.select(["lead_id", "manager"]).to_pylist() == [
        {"lead_id": "1", "manager": "Anna Orlova"},
        {"lead_id": "3", "manager": "Boris"},
    ]
    assert any("1 rows left out by where.Pipeline" in line for line in told)
    assert any("1 rows left out by drop.lost_reason" in line for line in told)


def test_a_reason_behind_the_stage_can_leave_a_lead_out(tmp_path: Path) -> None:
    head = "ID,Дата создания,Этап сделки,Дата закрытия\n"
    rows = ["1,01.09.2026,Новая,", "2,01.09.2026,Закрыто и не реализовано (Дубль (тест)),02.09.2026"]
    rules = {"pipelines": {"P": {"Новая": "lead"}}, "drop": {"lost_reason": ["Дубль (тест)"]}}
    batch = read([deals(tmp_path, *rows, head=head)], settings(rules))
    assert batch.tables["leads"]["lead_id"].to_pylist() == ["1"]


def test_dates_that_can_be_read_two_ways_stop_the_file_and_the_setting_is_named(tmp_path: Path) -> None:
    path = deals(tmp_path, "1,New,Sales,03/04/2026 10:00 AM,,,,,Anna")
    with pytest.raises(InputError, match=r"created_at: 1 dates .* set exports\.dates"):
        read([path], settings())
    found = proposal(path, None)
    assert found is not None
    assert any("exports.dates" in note for note in found.notes)
    created = read([path], settings({"dates": "month-first"})).tables["leads"]["created_at"]
    assert created.to_pylist() == [dt.datetime(2026, 3, 4, 10)]
    both = deals(tmp_path, "1,New,Sales,03/04/2026,,,,,A", "2,New,Sales,04/25/2026,,,,,A")
    with pytest.raises(InputError, match="do not fit the order"):
        read([both], settings({"dates": "day-first"}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9/25/26 3:05 PM", dt.datetime(2026, 9, 25, 15, 5)),
        ("25-09-2026, 12:00:07 a.m.", dt.datetime(2026, 9, 25, 0, 0, 7)),
        ("2026/09/25 15:05", dt.datetime(2026, 9, 25, 15, 5)),
        ("25 сентября 2026 г. 15:05", dt.datetime(2026, 9, 25, 15, 5)),
        ("Sep 25, 2026 03:05 pm", dt.datetime(2026, 9, 25, 15, 5)),
        ("25.09.26", dt.datetime(2026, 9, 25)),
        ("25-Sep-2026", dt.datetime(2026, 9, 25)),
        ("2026-09-25 15:05:00 +0300", dt.datetime(2026, 9, 25, 12, 5)),
        ("9/25/2026, 3:05\u202fPM", dt.datetime(2026, 9, 25, 15, 5)),
        ("25/09/2026 3:05:07 p.\u00a0m.", dt.datetime(2026, 9, 25, 15, 5, 7)),
        ("Friday, September 25, 2026 at 3:05 PM", dt.datetime(2026, 9, 25, 15, 5)),
        ("Fri, 25 Sep 2026 15:05:00 GMT", dt.datetime(2026, 9, 25, 15, 5)),
        ("пт 25.09.2026 в 15:05", dt.datetime(2026, 9, 25, 15, 5)),
        ("\u200e25.09.2026\u00a015:05", dt.datetime(2026, 9, 25, 15, 5)),
        ("25-сен-26", dt.datetime(2026, 9, 25)),
        ("25 вересня 2026 р. о 15:05", dt.datetime(2026, 9, 25, 15, 5)),
        ("2026-09-25 15:05 UTC+3", dt.datetime(2026, 9, 25, 12, 5)),
        ("20260925", dt.datetime(2026, 9, 25)),
    ],
)
def test_dates_of_all_countries(text: str, expected: dt.datetime) -> None:
    assert read_instants(Cells(pa.array([text])), "UTC").values.to_pylist() == [expected]


def test_a_weekly_export_grows_into_dated_history_as_with_any_crm(tmp_path: Path) -> None:
    head = HEAD.replace("Closed Lost Reason", "Last Modified Date")
    one = deals(tmp_path, "1,New,Sales,2026-09-01 10:00,2026-12-31 10:00,5,,2026-09-02 10:00,A",
                name="a-2026-09-07.csv", head=head)  # fmt: skip
    two = deals(tmp_path, "1,Qualified,Sales,2026-09-01 10:00,2026-12-31 10:00,5,,2026-09-10 11:00,A",
                name="a-2026-09-14.csv", head=head)  # fmt: skip
    three = deals(tmp_path, "1,Closed Won,Sales,2026-09-01 10:00,2026-09-17 12:00,5,,2026-09-18 11:00,A",
                  name="a-2026-09-21.csv", head=head)  # fmt: skip
    entries: list[dict[str, Any]] = []
    for path in (one, two, three):
        known = Known(
            pa.Table.from_pylist(entries, KNOWN),
            pa.array(["1"] if path != one else [], pa.string()),
        )  # fmt: skip
        entries += read([path], settings(), known=known).tables["stage_entries"].to_pylist()
    assert [(e["stage"], e["entered_at"], e["origin"]) for e in entries] == [
        ("target", dt.datetime(2026, 9, 10, 11), "snapshot"),
        ("sale", dt.datetime(2026, 9, 17, 12), "snapshot"),
    ]


def test_columns_of_dates_count_beside_where_a_deal_stands(tmp_path: Path) -> None:
    """Every stage that HubSpot dates is reached on its date; the open deals' own stage adds nothing to it."""
    made = world.deals(60, seed=5)
    path = tmp_path / hubspot.file_name(".csv")
    path.write_bytes(hubspot.csv(made, history=True))
    found = proposal(path, None)
    assert found is not None
    stages = [{"key": key} for key in found.stages]
    chosen = Settings.model_validate({"stages": stages, "currency": "EUR", **yaml.safe_load(found.lines)})
    entries = read([path], chosen).tables["stage_entries"].to_pylist()
    names = {name: key for key, name in found.stages.items()}
    expected = {
        (str(57_156_923_000 + deal.number), names[stage], at.replace(second=0))
        for deal in made
        for stage, at in deal.stages
        if stage != "New"
    }
    expected |= {
        (str(57_156_923_000 + deal.number), "sale" if deal.outcome == "won" else "lost", deal.closed)
        for deal in made
        if deal.closed
    }
    assert {(e["lead_id"], e["stage"], e["entered_at"]) for e in entries} == expected


def test_salesforce_ids_are_one_and_spoilt_capitals_are_told(tmp_path: Path) -> None:
    short, long_ = salesforce.short_id(2), salesforce.long_id(2)
    assert lengthened(short) == long_
    spoilt = long_.upper()
    assert spoilt != long_
    head = "Opportunity ID,Stage,Created Date\n"
    path = deals(tmp_path, f"{short},New,2026-09-01", f"{spoilt},New,2026-09-01", head=head)
    batch = read([path], settings({"pipelines": {"P": {"New": "lead"}}}))
    assert batch.tables["leads"]["lead_id"].to_pylist() == [long_]
    assert "capitals were changed" in batch.rejected[0].reason


def test_an_event_log_alone_brings_leads_entries_and_their_last_attributes(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        [
            ("a", "New", "2026-09-01T08:00:00Z", "web"), ("a", "Qualified", "2026-09-02T08:00:00Z", None),
            ("a", "Qualified", "2026-09-03T08:00:00Z", "call"), ("a", "Won", "2026-09-04T08:00:00Z", None),
            ("b", "New", "2026-09-05T08:00:00Z", "web"), ("b", "Gone", "2026-09-06T08:00:00Z", None),
        ],
        columns=["deal", "stage", "at", "source"],
    )  # fmt: skip
    path = tmp_path / "log.parquet"
    frame.to_parquet(path)
    rules = {
        "files": "log*", "lead_id": "deal", "entered_at": "at", "leads": True,
        "attributes": {"channel": "source"},
        "stages": {"New": "lead", "Qualified": "target", "won": "sale", "Gone": "lost"},
    }  # fmt: skip
    told: list[str] = []
    batch = read([path], settings(events=rules, timezone="Europe/Moscow"), told.append)
    assert batch.tables["leads"].select(["lead_id", "created_at", "channel"]).to_pylist() == [
        {"lead_id": "a", "created_at": dt.datetime(2026, 9, 1, 11), "channel": "call"},
        {"lead_id": "b", "created_at": dt.datetime(2026, 9, 5, 11), "channel": "web"},
    ]
    entries = batch.tables["stage_entries"].to_pylist()
    assert [(e["lead_id"], e["stage"], e["entered_at"].day, e["origin"]) for e in entries] == [
        ("a", "target", 2, "event"), ("a", "sale", 4, "event"), ("b", "lost", 6, "event"),
    ]  # fmt: skip
    assert any("1 rows in which the stage did not change" in line for line in told)
    del rules["stages"]["Gone"]  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="1 rows name the stage 'Gone', which is not mapped"):
        read([path], settings(events=rules))


def test_a_log_that_nothing_names_is_told_which_lines_would_read_it(tmp_path: Path) -> None:
    text = "deal_id,stage,changed_at\n1,New,2026-09-01\n1,Qualified,2026-09-02\n2,New,2026-09-02\n"
    text += "2,Closed Won,2026-09-03\n"
    path = tmp_path / "history.csv"
    path.write_text(text)
    with pytest.raises(InputError, match="looks like an event log") as caught:
        read([path], settings())
    lines = yaml.safe_load(str(caught.value).split("check each line:\n")[1])
    assert lines["events"]["stages"] == {"New": "lead", "Qualified": "target", "Closed Won": "sale"}
    lines["events"]["leads"] = True
    assert read([path], settings(**lines)).tables["leads"].num_rows == 2


def test_a_sheet_that_nothing_names_is_told_which_lines_would_read_it(tmp_path: Path) -> None:
    text = "No;Created on;Target on;Sold on;City\nx1;01.09.2026;02.09.2026;;A\nx2;01.09.2026;;05.09.2026;B\n"
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(InputError, match="looks like a wide sheet") as caught:
        read([path], settings())
    lines = yaml.safe_load(str(caught.value).split("check each line:\n")[1])
    batch = read([path], settings(**lines))
    assert {(e["lead_id"], e["stage"]) for e in batch.tables["stage_entries"].to_pylist()} == {
        ("x1", "target"),
        ("x2", "sale"),
    }


def test_stages_of_full_and_of_no_probability_are_the_ends(tmp_path: Path) -> None:
    head = "Record ID,Deal Stage,Create Date,Deal probability\n"
    rows = [
        "1,First,2026-09-01,0.2",
        "2,Second,2026-09-01,0.6",
        "3,Signed,2026-09-01,1.0",
        "4,Gone,2026-09-01,0",
    ]
    found = proposal(deals(tmp_path, *rows, head=head), None)
    assert found is not None
    stages = yaml.safe_load(found.lines)["exports"]["pipelines"]["all deals"]
    assert stages == {"First": "lead", "Second": "second", "Signed": "sale", "Gone": "lost"}
    assert found.counts == {"rows": 4, "won": 1, "lost": 1, "open": 2}


def test_a_workbook_keeps_every_digit_of_an_id_that_a_program_wrote(tmp_path: Path) -> None:
    ids = ("5805028000056864695", "5805028000056864696", "5.80502800005686E+18")
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Record Id", "Created Time", "Stage", "Deal Owner"])
    for number in range(3):
        sheet.append([111_000 + number, dt.datetime(2026, 9, 1), "New", "A"])
    book.save(tmp_path / "made.xlsx")
    path = tmp_path / "Deals.xlsx"
    with zipfile.ZipFile(tmp_path / "made.xlsx") as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            for number, id_ in enumerate(ids):  # the library would round them, as a spreadsheet does
                text = text.replace(f"<v>{111_000 + number}</v>".encode(), f"<v>{id_}</v>".encode())
            new.writestr(name, text)
    batch = read([path], settings({"pipelines": {"P": {"New": "lead"}}}))
    assert batch.tables["leads"]["lead_id"].to_pylist() == list(ids[:2])
    assert "stored as a number" in batch.rejected[0].reason


def test_a_workbook_made_to_fill_the_memory_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "leads.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 80_000_000)
    with pytest.raises(InputError, match=r"times as big.*limits\.unpacked_ratio"):
        read([path], settings())
    with pytest.raises(InputError, match=r"80 MB.*limits\.unpacked_mb"):
        read([path], settings(limits={"unpacked_mb": 50}))


def test_a_quotation_mark_that_is_never_closed_does_not_take_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text('lead_id,created_at,note\n1,2026-09-01,"' + "x\n" * 600_000, encoding="utf-8")
    with pytest.raises(InputError, match="more than 1,000,000 characters"):
        read([path], settings())


def test_western_text_is_not_taken_for_russian(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    text = "lead_id,created_at,manager\n1,2026-09-01,Müller-Weiß\n2,2026-09-01,Chloé\n"
    path.write_bytes(text.encode("cp1252"))
    assert read([path], settings()).tables["leads"]["manager"].to_pylist() == ["Müller-Weiß", "Chloé"]
    path.write_bytes("lead_id,created_at,manager\n1,2026-09-01,Иван Петров\n".encode("cp1251"))
    assert read([path], settings()).tables["leads"]["manager"].to_pylist() == ["Иван Петров"]


def test_trailing_delimiters_in_header_or_rows_only(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("lead_id;created_at;\n1;2026-09-01\n2;2026-09-01;\n3;2026-09-01;;\n")
    assert read([path], settings()).tables["leads"]["lead_id"].to_pylist() == ["1", "2", "3"]


def test_a_page_with_a_mark_that_is_never_closed_is_refused_in_little_time(tmp_path: Path) -> None:
    path = tmp_path / "DEAL_1.xls"
    path.write_text("<table><tr><td>ID</td></tr><!-- " + "x" * 30_000_000, encoding="utf-8")
    began = time.process_time()
    with pytest.raises(InputError, match="never closed"):
        read([path], settings())
    assert time.process_time() - began < 20


def test_tables_and_marks_inside_a_cell_are_its_text(tmp_path: Path) -> None:
    path = tmp_path / "DEAL_20260922_x_y.xls"
    inner = "<table><tr><td>in</td><td>side</td></tr></table><b>&amp; &lt;more&gt;</b><br>line"
    head = "<tr><th>ID</th><th>Стадия сделки</th><th>Дата создания</th><th>Тип</th></tr>"
    row = f"<tr><td>1</td><td>Новая</td><td>01.09.2026 10:00:00</td><td>{inner}</td></tr>"
    path.write_text(f'<meta charset="utf-8"><table border="1">{head}{row}</table>', encoding="utf-8")
    rules = {"pipelines": {"P": {"Новая": "lead"}}, "attributes": {"type": "Тип"}}
    (lead,) = read([path], settings(rules)).tables["leads"].to_pylist()
    assert lead["type"] == "inside& <more>\nline"


def test_ends_with_names_of_ones_own_are_found_by_flags_and_words(tmp_path: Path) -> None:
    head = "ID;Название сделки;Стадия сделки;Дата создания;Сделка закрыта\n"
    stages = (
        ("Новая", "Нет"),
        ("Договор", "Нет"),
        ("Сделка успешна", "Да"),
        ("Отказ клиента", "Да"),
        ("Архив", "Да"),
    )
    rows = [f"{n};a;{stage};01.09.2026 10:00:00;{closed}" for n, (stage, closed) in enumerate(stages)]
    found = proposal(deals(tmp_path, *rows, name="DEAL_20260922_a_b.csv", head=head), None)
    assert found is not None
    lines = yaml.safe_load(found.lines)["exports"]["pipelines"]["all deals"]
    assert lines == {
        "Новая": "lead", "Договор": "dogovor", "Сделка успешна": "sale",
        "Отказ клиента": "lost", "Архив": "lost",
    }  # fmt: skip
    assert "Архив: lost # 1 deals; check" in found.lines
    assert found.counts == {"rows": 5, "won": 1, "lost": 2, "open": 2}


def test_a_column_of_amounts_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no column 'Sum' \(amount\).*correct exports\.amount"):
        read([deals(tmp_path, "1,New,Sales,2026-09-01,,5,EUR,,Ann")], settings({"amount": "Sum"}))
