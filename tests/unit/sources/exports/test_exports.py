"""Exports of amoCRM as people get them: every trap of the format, and what becomes of it."""

import datetime as dt
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
import yaml

from funnel.errors import InputError
from funnel.schema import Batch, Known
from funnel.settings import Settings
from funnel.sources import describe, read

STAGES = ["target", "qualified", "proposal", "sale"]
PIPELINE = {
    "Новая заявка": "lead",
    "В работе": "target",
    "-4": "qualified",
    "Договор (оплата)": "proposal",
    "Успешно реализовано": "sale",
    "Закрыто и не реализовано": "lost",
}
HEAD = (
    "ID,Название сделки,Бюджет ,Ответственный,Дата создания сделки,Дата редактирования,Дата закрытия,Теги,"
    "Примечание,Этап сделки,Воронка,Рабочий телефон,Источник,Источник,utm_source,utm_source"
)
DAY = dt.datetime(2026, 9, 1)


def settings(**exports: object) -> Settings:
    attributes = {"manager": "responsible", "origin": "field:Источник", "channel": "utm_source"}
    given = {"pipelines": {"Основная": PIPELINE}, "attributes": attributes} | exports
    return Settings.model_validate(
        {
            "stages": [{"key": key} for key in STAGES],
            "currency": "RUB",
            "timezone": "Europe/Moscow",
            "exports": given,
        }
    )


def row(
    id_: object = 1,
    stage: str = "В работе",
    edited: str = "03.09.2026 10:00:00",
    closed: str = "не закрыта",
    budget: str = "",
    pipeline: str = "Основная",
    created: str = "01.09.2026 09:30:15",
    sources: str = ",,,",
) -> str:
    note = '"две строки,\nс кавычками ""так"""'
    return f"{id_},Заявка,{budget},Иван,{created},{edited},{closed},опт,{note},{stage},{pipeline},,{sources}"


def export(
    folder: Path, *rows: str, day: str = "2026-09-05", head: str = HEAD, encoding: str = "utf-8"
) -> Path:
    path = folder / f"amocrm_export_leads_{day}.csv"
    path.write_bytes("\n".join([head, *rows, ""]).encode(encoding))
    return path


def entries(batch: Batch) -> list[tuple[str, str, str, str, str, str | None]]:
    table = batch.tables["stage_entries"].to_pylist()
    return [
        (e["lead_id"], e["stage"], str(e["entered_at"]), e["precision"], e["origin"], e["reason"])
        for e in table
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_an_export_becomes_leads_and_the_stage_they_stand_in(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    text = f"{HEAD}\n{row()}\n".replace("строки,", "строки").replace(",", delimiter)
    path = tmp_path / "amocrm_export_leads_2026-09-05 (3).csv"
    path.write_bytes(text.encode(encoding))
    batch = read([path], settings())
    assert batch.tables["leads"].to_pylist() == [
        {
            "lead_id": "1",
            "created_at": dt.datetime(2026, 9, 1, 9, 30, 15),
            "customer_id": None,
            "manager": "Иван",
            "origin": None,
            "channel": None,
        }
    ]
    assert entries(batch) == [("1", "target", "2026-09-03 10:00:00", "day", "current", None)]
    assert batch.additions == {"stage_entries"}


@pytest.mark.parametrize(
    ("head", "values"),
    [
        (
            "ID;Lead título;Venda;Data Criada;Etapa do lead;Funil de vendas",
            "7;x;10,50;05.09.2026 10:00:00;В работе;Основная",
        ),
        (
            "ID;Lead venda R$;Criado em;Etapa do lead;Funil de vendas",
            "7;1;05.09.2026 10:00:00;В работе;Основная",
        ),
        (
            "ID;Nombre del lead;Presupuesto $;Fecha de Creación;Estatus del lead",
            "7;x;1;05.09.2026 10:00:00;В работе",
        ),
        (
            "ID;Название сделки;Бюджет ₽;Дата создания;Этап сделки;Воронка",
            "7;x;;05.09.2026 10:00:00;В работе;Основная",
        ),
        ("ID;Created at;Lead status;Pipeline", "7;05.09.2026 10:00:00;В работе;Основная"),
    ],
)
def test_headers_of_other_languages_and_layouts(tmp_path: Path, head: str, values: str) -> None:
    """Any file name: the header says that it is an export. Unverified (English) names are remarked on."""
    path = tmp_path / "what ever.csv"
    path.write_text(f"{head}\n{values}\n", encoding="utf-8")
    told: list[str] = []
    batch = read([path], settings(attributes={}, currency="MXN"), told.append)
    assert batch.tables["leads"]["lead_id"].to_pylist() == ["7"]
    assert batch.tables["stage_entries"]["stage"].to_pylist() == ["target"]
    assert any("never seen in a real export" in line for line in told) == ("Created at" in head)


def test_duplicate_headers_are_coalesced_by_position(tmp_path: Path) -> None:
    path = export(
        tmp_path, row(1, sources="сайт,,,vk"), row(2, sources=",звонок,yandex,vk"), row(3, sources="а,б,,")
    )
    leads = read([path], settings()).tables["leads"]
    assert leads["origin"].to_pylist() == ["сайт", "звонок", "а"]
    assert leads["channel"].to_pylist() == ["vk", "yandex", None]


def test_a_lost_lead_has_its_reason_from_the_stage_with_nested_brackets(tmp_path: Path) -> None:
    closed = "04.09.2026 18:30:00"
    path = export(
        tmp_path,
        row(1, "Закрыто и не реализовано (Дорого (не смог продать))", closed=closed),
        row(2, "Закрыто и не реализовано", closed=closed),
        row(3, "Договор (оплата)"),
        row(4, "'-4"),
    )
    assert entries(read([path], settings())) == [
        ("1", "lost", "2026-09-04 18:30:00", "second", "current", "Дорого (не смог продать)"),
        ("2", "lost", "2026-09-04 18:30:00", "second", "current", None),
        ("3", "proposal", "2026-09-03 10:00:00", "day", "current", None),
        ("4", "qualified", "2026-09-03 10:00:00", "day", "current", None),
    ]


def test_budgets_of_won_leads_are_payments_and_replace_those_known(tmp_path: Path) -> None:
    closed = "04.09.2026 18:30:00"
    path = export(
        tmp_path,
        row(1, "Успешно реализовано", closed=closed, budget="350 000"),
        row(2, "Успешно реализовано", closed=closed, budget="0"),
        row(3, "Договор (оплата)", budget="77"),
    )
    batch = read([path], settings())
    paid = batch.tables["payments"].to_pylist()
    assert [(p["lead_id"], str(p["paid_at"]), str(p["amount"])) for p in paid] == [
        ("1", "2026-09-04 18:30:00", "350000.00")
    ]
    assert batch.replaces["payments"].to_pydict() == {"lead_id": ["1", "2", "3"]}
    assert "payments" not in read([path], settings(payments="none")).tables


def test_a_dollar_sign_needs_to_be_told_of_which_country(tmp_path: Path) -> None:
    path = export(
        tmp_path, row(1, "Успешно реализовано", budget="5"), head=HEAD.replace("Бюджет ", "Presupuesto $")
    )
    with pytest.raises(InputError, match=r"dollar sign .* set exports\.currency"):
        read([path], settings())


def test_rows_that_cannot_be_used_are_set_aside_with_the_reason(tmp_path: Path) -> None:
    path = export(
        tmp_path,
        row(""),
        row("abc"),
        row(1),
        row(1),
        row(2),
        row(2, "'-4"),
        row(3, created="вчера"),
        "9,too,short",
        row(4),
    )
    batch = read([path], settings())
    assert batch.tables["leads"]["lead_id"].to_pylist() == ["abc", "1", "4"]
    assert [e[0] for e in entries(batch)] == ["abc", "1", "4"]
    leads = [r for r in batch.rejected if r.table == "leads"]
    assert batch.read["leads"] == 9 == 3 + len(leads)
    assert {(r.row, r.reason.split(",")[0]) for r in leads} == {
        (1, "it is empty"),
        (4, "exact duplicate of another row"),
        (5, "it stands in several rows with other content"),
        (6, "it stands in several rows with other content"),
        (7, "not a date; readable: 2026-04-03"),
        (8, "it has 3 cells"),
    }


def test_a_stage_without_a_mapping_stops_the_import_and_all_are_told(tmp_path: Path) -> None:
    path = export(tmp_path, row(1, "В роботе"), row(2, "Пауза"), row(3, "Пауза"))
    with pytest.raises(InputError) as caught:
        read([path], settings())
    text = str(caught.value)
    assert "1 leads of the pipeline 'Основная' stand in the stage 'В роботе'" in text
    assert "did you mean 'В работе'?" in text
    assert "2 leads of the pipeline 'Основная' stand in the stage 'Пауза'" in text


def test_without_a_mapping_the_lines_to_fill_in_are_given(tmp_path: Path) -> None:
    path = export(tmp_path, row(1), row(2, "Закрыто и не реализовано (Дубль)"), row(3, pipeline="Сервис"))
    with pytest.raises(InputError) as caught:
        read([path], settings(pipelines={}))
    for line in ("pipelines:", "Основная:", "В работе: target", "Закрыто и не реализовано: lost", "Сервис:"):
        assert line in str(caught.value)
    pasted = yaml.safe_load(str(caught.value).split("check each line:\n")[1])
    assert read([path], settings(**pasted["exports"])).tables["leads"].num_rows == 3


def test_other_pipelines_are_passed_over_and_told(tmp_path: Path) -> None:
    told: list[str] = []
    batch = read([export(tmp_path, row(1), row(2, "Что угодно", pipeline="Сервис"))], settings(), told.append)
    assert batch.tables["leads"]["lead_id"].to_pylist() == ["1"]
    assert any("outside the funnel, passed over: Сервис (1)" in line for line in told)


def test_one_stage_name_in_two_pipelines_means_two_things(tmp_path: Path) -> None:
    both = {"Основная": {"Старт": "lead"}, "Опт": {"Старт": "qualified"}}
    path = export(tmp_path, row(1, "Старт"), row(2, "Старт", pipeline="Опт"))
    batch = read([path], settings(pipelines=both))
    assert [e[:2] for e in entries(batch)] == [("2", "qualified")]
    assert batch.tables["leads"].num_rows == 2


def test_month_first_dates_are_found_out_not_misread(tmp_path: Path) -> None:
    path = export(tmp_path, row(1, created="09.01.2026 10:00:00"), row(2, created="09.25.2026 10:00:00"))
    with pytest.raises(
        InputError, match=r"do not fit the order.*set exports\.dates to day-first or month-first"
    ):
        read([path], settings(dates="day-first"))
    for rules in ({}, {"dates": "month-first"}):  # the column itself tells, too
        leads = read([path], settings(**rules)).tables["leads"]
        assert [str(value) for value in leads["created_at"].to_pylist()] == [
            "2026-09-01 10:00:00",
            "2026-09-25 10:00:00",
        ]


def test_the_users_own_names_of_columns(tmp_path: Path) -> None:
    (tmp_path / "names.yml").write_text("created_at: [Заведена]\nstage: [Где]\n", encoding="utf-8")
    path = tmp_path / "mine.csv"
    path.write_text("ID,Заведена,Где,Воронка\n5,01.09.2026,В работе,Основная\n", encoding="utf-8")
    own = settings(attributes={}, aliases=str(tmp_path / "names.yml"))
    assert read([path], own).tables["leads"]["lead_id"].to_pylist() == ["5"]
    (tmp_path / "names.yml").write_text("create_at: [Заведена]\n", encoding="utf-8")
    with pytest.raises(InputError, match="did you mean 'created_at'"):
        read([path], own)


def test_a_workbook_with_real_dates_numbers_and_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(
        ["ID", "Название сделки", "Бюджет ₽", "Дата создания", "Дата закрытия", "Этап сделки", "Воронка"]
    )
    won = dt.datetime(2026, 9, 4, 18, 30)
    sheet.append(
        [11, "a", 1500.5, dt.datetime(2026, 9, 1, 9, 30, 15), won, "Успешно реализовано", "Основная"]
    )
    sheet.append([12, "b", None, "02.09.2026 10:00:00", "не закрыта", "В работе", "Основная"])
    path = tmp_path / "kommo_export_leads_2026-09-05.xlsx"
    book.save(path)
    batch = read([path], settings(attributes={}))
    created = batch.tables["leads"]["created_at"].to_pylist()
    assert created == [dt.datetime(2026, 9, 1, 9, 30, 15), dt.datetime(2026, 9, 2, 10)]
    assert [e[1:4] for e in entries(batch)] == [
        ("sale", "2026-09-04 18:30:00", "second"),
        ("target", "2026-09-05 00:00:00", "day"),  # no date of editing in this layout: the day of the export
    ]
    assert str(batch.tables["payments"]["amount"][0]) == "1500.50"


def test_two_exports_of_different_days_make_dated_history(tmp_path: Path) -> None:
    first = export(tmp_path, row(1), row(2), row(3, "Новая заявка"), day="2026-09-05")
    second = export(
        tmp_path,
        row(1, "'-4", edited="08.09.2026 12:00:00"),
        row(2, edited="09.09.2026 12:00:00"),  # edited, but where it was
        row(3, "Закрыто и не реализовано (Спам)", closed="10.09.2026 11:00:00"),
        row(4, created="10.09.2026 08:00:00", edited="10.09.2026 09:00:00"),
        day="2026-09-12",
    )
    expected = [
        ("1", "target", "2026-09-03 10:00:00", "day", "current", None),
        ("2", "target", "2026-09-03 10:00:00", "day", "current", None),
        ("1", "qualified", "2026-09-08 12:00:00", "day", "snapshot", None),
        ("3", "lost", "2026-09-10 11:00:00", "second", "snapshot", "Спам"),
        ("4", "target", "2026-09-10 09:00:00", "day", "current", None),
    ]
    together = read([second, first], settings())
    assert entries(together) == expected
    assert sorted(together.tables["leads"]["lead_id"].to_pylist()) == ["1", "2", "3", "4"]

    one = read([first], settings())
    known = Known(one.tables["stage_entries"], one.tables["leads"]["lead_id"].combine_chunks())
    two = read([second], settings(), known=known)
    assert entries(one) + entries(two) == expected

    everything = Known(
        pa.concat_tables([one.tables["stage_entries"], two.tables["stage_entries"]]),
        two.tables["leads"]["lead_id"].combine_chunks(),
    )
    assert entries(read([second], settings(), known=everything)) == []  # importing twice changes nothing
    again = read([first], settings(), known=everything)  # nor does an older one
    assert entries(again) == []
    assert again.tables["leads"].num_rows == 0


def test_a_dry_run_says_what_every_column_is_taken_for(tmp_path: Path) -> None:
    path = export(tmp_path, row(), head=HEAD.replace("Дата редактирования", "Updated at"))
    (tmp_path / "list.csv").write_text("a,b\n1,2\n")
    found = describe([tmp_path], settings(attributes={"origin": "field:Источник", "tag": "field:Тэги"}))
    told = {(f.column, f.status) for f in found}
    assert {
        ("ID", "recognised"),
        ("Updated at", "unverified"),
        ("Источник", "ambiguous"),
        ("Рабочий телефон", "personal"),
        ("Примечание", "personal"),
        ("Название сделки", "not used"),
    } <= told
    assert any(
        f.status == "not recognised" and "no column 'Тэги'; did you mean 'Теги'?" in f.text for f in found
    )
    assert any(f.status == "not recognised" and f.file.endswith("list.csv") for f in found)
    assert path.name in found[1].file
