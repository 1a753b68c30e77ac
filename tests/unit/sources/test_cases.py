"""Small inputs that failed once, each with the right outcome."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from funnel.errors import InputError
from funnel.schema import Batch
from funnel.settings import Settings
from funnel.sources import read

STAGES = ("target", "qualified", "proposal", "sale")


def settings(text: str = "", **more: Any) -> Settings:
    content = yaml.safe_load(text) or {}
    stages = [{"key": key} for key in STAGES]
    return Settings.model_validate({"stages": stages, "timezone": "Europe/Moscow", **content, **more})


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def entries(batch: Batch) -> set[tuple[str, str]]:
    return {(row["lead_id"], row["stage"]) for row in batch.tables["stage_entries"].to_pylist()}


def test_ids_are_any_text(tmp_path: Path) -> None:
    text = (
        "Id,Created Time,Stage,Closing Date\n5805028000056864695,21.06.2026 15:30,New Lead,\n"
        "5805028000056832357,21.06.2026 14:45,Lost,21.06.2026\n006QxAbCd12+/=é,21.06.2026 14:45,New Lead,\n"
    )
    path = write(tmp_path, "deals_2026-06-22.csv", text)
    aliases = {
        "lead_id": ["Id"],
        "created_at": ["Created Time"],
        "stage": ["Stage"],
        "closed_at": ["Closing Date"],
    }
    names = write(tmp_path, "aliases.yml", yaml.safe_dump(aliases))
    rules = {"aliases": str(names), "pipelines": {"Deals": {"New Lead": "lead", "Lost": "lost"}}}
    batch = read([path], settings(exports=rules))
    assert batch.tables["leads"].num_rows == 3
    assert not batch.rejected
    assert entries(batch) == {("5805028000056832357", "lost")}


@pytest.mark.parametrize("id_", ["5.80503E+18", "5,80503E+18", "1.6E13", "7E+12"])
@pytest.mark.parametrize("kind", ["leads", "export"])
def test_an_id_that_a_spreadsheet_rounded_is_refused_with_the_way_out(
    tmp_path: Path, id_: str, kind: str
) -> None:
    if kind == "leads":
        path = write(tmp_path, "leads.csv", f"lead_id;created_at\n{id_};2026-09-01\n")
    else:
        path = write(tmp_path, "x.csv", f"Record Id;Created Time;Stage\n{id_};2026-09-01;New\n")
    batch = read([path], settings(exports={"pipelines": {"P": {"New": "lead"}}}))
    (row,) = batch.rejected
    assert "without opening it in a spreadsheet" in row.reason
    assert batch.tables["leads"].num_rows == 0


def test_an_id_longer_than_any_is_refused(tmp_path: Path) -> None:
    path = write(
        tmp_path, "leads.csv", f"lead_id;created_at\n{'a' * 128};2026-09-01\n{'b' * 129};2026-09-01\n"
    )
    batch = read([path], settings())
    assert batch.tables["leads"].num_rows == 1
    assert "longer than 128" in batch.rejected[0].reason


def test_the_lines_that_are_printed_are_accepted_as_pasted(tmp_path: Path) -> None:
    text = (
        "ID;Дата создания сделки;Этап сделки;Дата закрытия;Бюджет\n"
        "1;01.09.2026 10:00:00;Новая заявка;не закрыта;100\n"
        "2;01.09.2026 10:00:00;Взят в работу;не закрыта;100\n"
    )
    path = write(tmp_path, "amocrm_export_leads_2026-09-05.csv", text)
    with pytest.raises(InputError) as caught:
        read([path], settings())
    lines = str(caught.value).split("check each line:\n")[1]
    batch = read([path], settings(lines))
    assert batch.tables["leads"].num_rows == 2
    assert entries(batch) == {("2", "target")}


def test_a_row_of_totals_is_set_aside_with_its_number(tmp_path: Path) -> None:
    text = (
        "ID;Дата создания сделки;Этап сделки;Воронка;Дата закрытия;Бюджет\n"
        "1;01.09.2026 10:00:00;Новая заявка;Основная;не закрыта;100\n"
        "2;01.09.2026 10:00:00;Взят в работу;Основная;не закрыта;100\n;;;;;200\n"
    )
    path = write(tmp_path, "amocrm_export_leads_2026-09-05.csv", text)
    rules = "exports: {pipelines: {Основная: {Новая заявка: lead, Взят в работу: target}}}"
    batch = read([path], settings(rules))
    assert batch.tables["leads"]["lead_id"].to_pylist() == ["1", "2"]
    (row,) = batch.rejected
    assert (row.row, row.column) == (3, "lead_id")
    assert row.reason.startswith("it is empty, and every row needs it")
    assert batch.read["leads"] == 3


def test_digits_inside_an_id_are_no_telephone_number(tmp_path: Path) -> None:
    path = write(tmp_path, "w.csv", "ID,Created,Won\na7c89161234567fe,2026-09-01,\nb1,2026-09-01,\n")
    rules = "wide: {files: ['w*'], lead_id: ID, created_at: Created, stages: {sale: Won}}"
    batch = read([path], settings(rules))
    assert batch.tables["leads"]["lead_id"].to_pylist() == ["a7c89161234567fe", "b1"]


DEALS = """Record ID,Deal Stage,Create Date,Date entered Qualified,Close Date,Closed Lost Reason
1,Closed won,2026-09-01 10:00,2026-09-02 10:00,2026-09-20 10:00,
2,Closed lost,2026-09-01 10:00,2026-09-02 10:00,2026-09-21 10:00,Price
3,Qualified,2026-09-01 10:00,2026-09-02 10:00,2026-10-15 10:00,
4,Qualified,2026-09-01 10:00,2026-09-02 10:00,2027-03-31 10:00,
5,Closed lost,2026-09-01 10:00,2026-09-02 10:00,2026-09-22 10:00,
"""
WIDE = {
    "files": ["w*"], "lead_id": "Record ID", "created_at": "Create Date",
    "stages": {"target": "Date entered Qualified"}, "closed": "Close Date",
    "lost_reason": "Closed Lost Reason",
}  # fmt: skip


@pytest.mark.parametrize(
    "more",
    [
        {},  # the column is found, and told
        {"outcome": "Deal Stage", "won_words": "Closed won", "lost_words": ["Closed lost"]},
        {"stage": "Deal Stage", "won_words": "Closed won", "lost_words": ["Closed lost"]},
    ],
)
def test_the_expected_date_of_an_open_deal_is_no_sale(tmp_path: Path, more: dict[str, object]) -> None:
    told: list[str] = []
    batch = read([write(tmp_path, "w.csv", DEALS)], settings(wide={**WIDE, **more}), told.append)
    assert {pair for pair in entries(batch) if pair[1] != "target"} == {
        ("1", "sale"),
        ("2", "lost"),
        ("5", "lost"),
    }
    assert any("won 1, lost 2, open 2" in line for line in told) == (not more)


def test_the_line_sep_is_understood(tmp_path: Path) -> None:
    for sign in ";,\t":
        text = f"sep={sign}\n" + "lead_id;created_at;channel\n1;2026-09-01;web\n2;2026-09-02;web\n".replace(
            ";", sign
        )
        batch = read([write(tmp_path, "leads.csv", text)], settings())
        assert batch.tables["leads"]["lead_id"].to_pylist() == ["1", "2"]


def test_a_date_format_can_be_named_for_a_file(tmp_path: Path) -> None:
    text = "lead_id,created_at\n1,02/03/26 08:55 PM\n2,02/04/2026 8:55 PM\n3,20-10-2026\n"
    path = write(tmp_path, "leads.csv", text)
    expected = [dt.datetime(2026, 2, 3, 20, 55), dt.datetime(2026, 2, 4, 20, 55), dt.datetime(2026, 10, 20)]
    for dates in ("month-first", ["MM/DD/YY hh:mm A", "MM/DD/YYYY h:mm A", "DD-MM-YYYY"]):
        batch = read([path], settings(files={"lead*": {"dates": dates}}))
        assert batch.tables["leads"]["created_at"].to_pylist() == expected, batch.rejected
    reasons = [row.reason for row in read([path], settings()).rejected]
    assert len(reasons) == 2
    assert "set files.leads.csv.dates to day-first or month-first" in reasons[0]


def test_a_file_has_a_time_zone_of_its_own(tmp_path: Path) -> None:
    times = ("2026-09-06 22:30:00", "2026-09-06 20:30:00", "2026-09-06", "2026-09-06T22:30+03:00")
    text = "lead_id,created_at\n" + "".join(f"{n},{time}\n" for n, time in enumerate(times))
    path = write(tmp_path, "leads.csv", text)
    batch = read([path], settings(files={"leads.csv": {"timezone": "UTC"}}))
    assert batch.tables["leads"]["created_at"].to_pylist() == [
        dt.datetime(2026, 9, 7, 1, 30),  # a Monday in Moscow
        dt.datetime(2026, 9, 6, 23, 30),
        dt.datetime(2026, 9, 6),  # a day is never shifted
        dt.datetime(2026, 9, 6, 22, 30),
    ]


def test_a_stage_may_have_several_columns_of_dates_and_the_earliest_counts(tmp_path: Path) -> None:
    text = (
        "ID,Created,Won A,Won B\n1,2026-09-01,2026-09-05,\n2,2026-09-01,,2026-09-06\n"
        "3,2026-09-01,2026-09-09,2026-09-07\n"
    )
    rules = "wide: {files: ['w*'], lead_id: ID, created_at: Created, stages: {sale: [Won A, Won B]}}"
    batch = read([write(tmp_path, "w.csv", text)], settings(rules))
    days = {row["lead_id"]: row["entered_at"].day for row in batch.tables["stage_entries"].to_pylist()}
    assert days == {"1": 5, "2": 6, "3": 7}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_index_that_pandas_writes_is_no_attribute(tmp_path: Path, suffix: str) -> None:
    frame = pd.DataFrame({"lead_id": ["1", "2", "3"], "created_at": ["2026-09-01"] * 3, "city": list("abc")})
    path = tmp_path / f"leads.{suffix}"
    if suffix == "csv":
        frame.to_csv(path)
    else:
        frame[frame["lead_id"] != "2"].to_parquet(path)
    told: list[str] = []
    leads = read([path], settings(), told.append).tables["leads"]
    assert set(leads.column_names) == {"lead_id", "created_at", "customer_id", "city"}
    assert any("columns not used" in line for line in told)


def test_characters_that_cannot_be_decoded_cost_no_lead_and_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    good = "".join(f"{n},2026-09-01,Тверь и Орёл\n" for n in range(50))
    path.write_bytes(
        f"lead_id,created_at,city\n{good}".encode() + b"x,2026-09-01,Tv\xd0er\ny\xff,2026-09-01,z\n"
    )
    told: list[str] = []
    batch = read([path], settings(), told.append)
    assert batch.tables["leads"].num_rows == 51
    assert [row.column for row in batch.rejected] == ["lead_id"]
    assert any("2 characters in it are broken" in line for line in told)
    assert any("column city: 1 cells" in line for line in told)
