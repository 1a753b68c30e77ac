"""The command line on what companies really have: weekly exports, and a token for amoCRM."""

import datetime as dt
import importlib
import io
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from funnel.sources.api import client
from funnel.sources.api.state import State
from standin import truth
from standin.company import company
from standin.server import TOKEN, Api, serve
from standin.world import Lead

SETTINGS = """
timezone: Europe/Moscow
currency: RUB
stages: [{key: target}, {key: sale}]
attributes: {manager: {}}
slices: [manager]
exports:
  pipelines:
    Основная: {Новая: lead, В работе: target, Успешно реализовано: sale, Закрыто и не реализовано: lost}
  attributes: {manager: responsible}
"""
HEAD = (
    "ID,Название сделки,Бюджет ,Ответственный,Дата создания сделки,Дата редактирования,Дата закрытия,"
    "Этап сделки,Воронка,Мобильный телефон"
)


@pytest.fixture
def run(funnel: Any, tmp_path: Path) -> Callable[..., Any]:
    (tmp_path / "funnel.yml").write_text(SETTINGS, encoding="utf-8")
    return lambda *words: funnel("--config", tmp_path / "funnel.yml", *words)


def export(folder: Path, day: str, *rows: str) -> Path:
    path = folder / f"amocrm_export_leads_{day}.csv"
    path.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    return path


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def reached(run: Any, date: str) -> list[int]:
    table = pd.read_csv(io.StringIO(run("cohorts", "--date", date, "--weeks", "1", "--format", "csv").out))
    return table[["leads", "target", "sale"]].iloc[0].tolist()


def test_weekly_exports_build_up_the_dates_of_stages(run: Any, tmp_path: Path) -> None:
    new = "Сделка,,Иван,12.09.2022 10:00:00,{edited},{closed},{stage},Основная,+79990000001"
    first = export(
        tmp_path, "2022-09-19",
        "1," + new.format(edited="13.09.2022 10:00:00", closed="не закрыта", stage="В работе"),
        "2," + new.format(edited="12.09.2022 10:00:00", closed="не закрыта", stage="Новая"),
    )  # fmt: skip
    won, lost = "22.09.2022 10:00:00", "21.09.2022 10:00:00"
    second = export(
        tmp_path, "2022-09-26",
        "1," + new.format(edited=won, closed=won, stage="Успешно реализовано"),
        "2," + new.format(edited=lost, closed=lost, stage="Закрыто и не реализовано (Дорого (очень))"),
    )  # fmt: skip
    assert run("import", first).code == 0
    assert run("import", second).code == 0
    assert reached(run, "2022-09-19") == [2, 1, 0]  # as it stood then
    assert reached(run, "2022-09-24") == [2, 1, 1]
    result = run("check", "--format", "csv")
    found = pd.read_csv(io.StringIO(result.out)).set_index("problem")
    assert found.loc["reached_at_least", "rows"] >= 1


def test_a_dry_run_says_what_columns_are_taken_for_and_imports_nothing(run: Any, tmp_path: Path) -> None:
    row = "1,Сделка,,Иван,12.09.2022 10:00:00,13.09.2022 10:00:00,не закрыта,В работе,Основная,+79990000001"
    result = run("import", "--dry-run", "--format", "csv", export(tmp_path, "2022-09-19", row))
    assert result.code == 0
    found = pd.read_csv(io.StringIO(result.out), keep_default_na=False).set_index("column")
    assert found.loc["Этап сделки", "status"] == "recognised"
    assert found.loc["Мобильный телефон", "status"] == "personal"
    assert "+7999" not in result.out + result.err
    assert "Nothing was imported." in result.err
    assert not (tmp_path / "data" / "warehouse.duckdb").exists()


def test_a_stage_that_is_not_mapped_stops_the_import_and_is_named(run: Any, tmp_path: Path) -> None:
    row = "1,Сделка,,Иван,12.09.2022 10:00:00,13.09.2022 10:00:00,не закрыта,Переговоры,Основная,"
    result = run("import", export(tmp_path, "2022-09-19", row))
    assert result.code == 2
    assert "Переговоры" in result.err


class Clock:
    """Seconds that pass only while somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Requests keep the CRM's pace on a clock of their own, so that no test waits for it."""
    found = Clock()

    def pace(per_second: int) -> client.Pace:
        return paced(per_second, found.read, found.sleep)

    paced = client.Pace
    monkeypatch.setattr(client, "Pace", pace)
    return found


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An account with 60 leads on the stand-in; the settings name it and map its pipelines."""
    player = truth.Player(truth.stories(60, seed=3))
    player.advance(player.times[-1])
    monkeypatch.setenv("FUNNEL_AMOCRM_TOKEN", TOKEN)
    with serve(Api(player.world, rate=1000)) as host:
        text = SETTINGS.replace("sale}]", "sale, name: {ru: Продажа}}]").replace(
            "target}", "target, name: {ru: Целевые}}"
        )
        (tmp_path / "funnel.yml").write_text(text + f"amocrm:\n  host: {host}\n", encoding="utf-8")
        yield player


def test_sync_proposes_a_mapping_then_fills_the_warehouse_and_then_only_adds(
    run: Any, account: Any, tmp_path: Path
) -> None:
    assert "suggest-mapping" in run("sync", "amocrm").err
    proposal = run("sync", "amocrm", "--suggest-mapping")
    assert proposal.code == 0
    assert "142: sale" in proposal.out
    path = tmp_path / "funnel.yml"
    path.write_text(
        path.read_text(encoding="utf-8") + proposal.out + "  attributes: {manager: responsible}\n",
        encoding="utf-8",
    )
    dry = run("sync", "amocrm", "--dry-run")
    assert dry.code == 0
    assert "Nothing was saved." in dry.err
    assert not (tmp_path / "data" / "warehouse.duckdb").exists()
    first = run("sync", "amocrm")
    assert first.code == 0, first.err
    assert "leads: read" in first.err
    again = run("sync", "amocrm")
    assert "new 0" in again.err
    assert TOKEN not in first.err + again.err


@pytest.mark.parametrize("crm", ["bitrix24", "hubspot", "pipedrive"])
def test_an_account_of_any_crm_is_mapped_looked_at_and_synced(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crm: str
) -> None:
    said = importlib.import_module(f"standin.{crm}")
    deals = company(40)
    with serve(said.Portal(deals)) as host:
        webhook = {"FUNNEL_BITRIX24_WEBHOOK": f"http://{host}/rest/1/{said.SECRET}/"}
        token = {f"FUNNEL_{crm.upper()}_TOKEN": said.SECRET}
        for name, value in (webhook if crm == "bitrix24" else token).items():
            monkeypatch.setenv(name, value)
        path = tmp_path / "funnel.yml"
        text = SETTINGS.replace("sale}]", "sale, name: {en: Proposal}}]") + "rates: {EUR: 90}\n"
        path.write_text(text + f"{crm}:\n  host: {host}\n", encoding="utf-8")
        assert f"funnel sync {crm} --suggest-mapping" in run("sync").err
        proposal = run("sync", crm, "--suggest-mapping")
        assert proposal.code == 0, proposal.err
        text = path.read_text(encoding="utf-8") + proposal.out + "  attributes: {manager: responsible}\n"
        path.write_text(text, encoding="utf-8")
        dry = run("sync", crm, "--dry-run")
        assert (dry.code, "Nothing was saved." in dry.err) == (0, True)
        first = run("sync")
        assert first.code == 0, first.err
        assert f"leads: read {len(deals.there):,}" in first.err
        again = run("sync", crm)
        assert again.code == 0 and "new 0" in again.err
        assert said.SECRET not in dry.err + first.err + again.err + proposal.err


def test_a_disk_that_is_full_when_a_sync_is_written_down_takes_nothing_back(
    run: Any, account: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "funnel.yml"
    proposal = run("sync", "amocrm", "--suggest-mapping").out
    path.write_text(path.read_text(encoding="utf-8") + proposal, encoding="utf-8")

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(State, "delivered", full)
        told = run("sync")
    assert told.code == 2
    assert "What the account told is in the warehouse, and stays so" in told.err
    assert "make room on the disk" in told.err
    assert "new 0" in run("sync").err


def test_a_wrong_token_is_told_and_a_missing_one_with_where_it_may_stand(
    run: Any, account: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "funnel.yml"
    path.write_text(
        path.read_text(encoding="utf-8") + "  pipelines: {7001: {142: sale, 143: lost}}\n", encoding="utf-8"
    )
    monkeypatch.setenv("FUNNEL_AMOCRM_TOKEN", "wrong")
    wrong = run("sync", "amocrm")
    assert (wrong.code, "401" in wrong.err) == (2, True)
    monkeypatch.delenv("FUNNEL_AMOCRM_TOKEN")
    missing = run("sync", "amocrm")
    assert missing.code == 2
    assert "FUNNEL_AMOCRM_TOKEN_FILE" in missing.err


def test_without_an_account_in_the_settings_the_guide_is_named(run: Any) -> None:
    result = run("sync", "amocrm")
    assert result.code == 2
    assert "see data/amocrm.md" in result.err


def mapped(path: Path) -> None:
    append(path, "  pipelines: {7001: {60003: target, 142: sale, 143: lost}}\n")


def test_sync_alone_syncs_what_the_settings_name_and_an_empty_source_is_no_error_then(
    run: Any, account: Any, tmp_path: Path
) -> None:
    mapped(tmp_path / "funnel.yml")
    result = run("sync")
    assert result.code == 0, result.err
    assert "leads: read" in result.err
    nothing = run("import")
    assert (nothing.code, "funnel sync" in nothing.err) == (0, True)


def test_without_a_crm_there_is_nothing_to_sync_and_an_empty_source_is_an_error(run: Any) -> None:
    result = run("sync")
    assert (result.code, "nothing to sync" in result.err) == (0, True)
    assert run("import").code == 2


def test_odd_leads_are_named_by_every_sync_and_refuse_no_report_and_a_dry_run_says_what_would_change(
    run: Any, account: Any, tmp_path: Path
) -> None:
    mapped(tmp_path / "funnel.yml")
    world, now = account.world, int(dt.datetime.now(dt.UTC).timestamp())
    for id_, price in ((77, 10**17), (78, 500)):
        world.add(Lead(id_, 7001, 60003, now - 60, now - 60, price=price), now - 60)
    for again in (False, True):  # the second brings nothing new, and the lead is still set aside
        result = run("sync")
        assert result.code == 0, result.err
        assert "Leads that are set aside, 1: 77." in result.err
        if not again:
            numbers = re.search(r"leads: read (\d+) = accepted (\d+) \+ rejected 1;", result.err)
            assert numbers and int(numbers[1]) == int(numbers[2]) + 1
        written = (tmp_path / "run" / "rejected" / "leads.csv").read_text("utf-8-sig")
        assert "price is larger than any amount of 16 digits" in written
    world.add(Lead(79, 7001, 60003, now - 30, now - 30), now - 30)
    world.delete(78, now - 20)
    warehouse = tmp_path / "data" / "warehouse.duckdb"
    before = warehouse.read_bytes()
    dry = run("sync", "--dry-run")
    assert (dry.code, warehouse.read_bytes() == before) == (0, True)
    assert re.search(r"leads: 1 would be new, 0 changed, \d+ unchanged, 1 closed, 1 set aside", dry.err)
    assert "Nothing was saved." in dry.err
    assert "new 1, " in run("sync").err


def test_a_warehouse_put_away_gets_every_lead_again_from_the_saved_state(
    run: Any, account: Any, tmp_path: Path
) -> None:
    mapped(tmp_path / "funnel.yml")
    first = run("sync").err
    new = re.search(r"leads: read .* new (\d+)", first)
    (tmp_path / "data" / "warehouse.duckdb").unlink()
    assert new
    assert int(new[1]) > 10
    assert f"new {new[1]}," in run("sync").err


def test_the_demo_beside_data_of_ones_own_is_warned_of(run: Any, account: Any, tmp_path: Path) -> None:
    mapped(tmp_path / "funnel.yml")
    demo = tmp_path / "data" / "demo"
    demo.mkdir(parents=True)
    (demo / "leads.csv").write_text("lead_id,created_at,manager\nL1,2022-09-05 10:00,Anna\n")
    alone = run("import", demo)
    assert (alone.code, "invented demo" in alone.err) == (0, False)
    assert "holds the invented demo beside your own data" in run("sync").err
    assert "holds the invented demo beside your own data" in run("import", demo).err
    checked = run("check")
    assert checked.code == 1
    assert "take data/demo out of source in funnel.yml" in checked.err
