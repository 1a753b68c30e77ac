"""One value in several writings is one value wherever leads are counted; nothing stored is changed for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from funnel import settings as settings_file
from funnel.analysis.money.spend_match import match_spend
from funnel.dates import AsOf
from funnel.edition.compute import ask, compute
from funnel.edition.logbook import read_registers
from funnel.edition.money import ask_money
from funnel.edition.unmet import unmet
from funnel.errors import SettingsError
from funnel.publish.workbook import gather
from funnel.settings import Settings
from funnel.warehouse import Warehouse

SETTINGS = """
timezone: Europe/Moscow
stages: [{key: target}, {key: sale}]
attributes: {channel: {}, manager: {}}
slices: [channel]
targets: [{stage: sale, attribute: channel, value: AVITO, minimum: 0.1}]
schema: 2
"""
JOINED = SETTINGS + "values: {channel: {Avito: [Авито, avito.ru], VK: [], '': ['-']}}\n"
DAY = AsOf(pd.Timestamp("2026-07-06").date(), pd.Timestamp("2026-12-31").to_pydatetime())
WRITINGS = ("Avito", " avito", "AVITO", "Авито", "avito.ru", "Avito", "vk", "VK ", "vk", "-", "  ")


@pytest.fixture
def project(tmp_path: Path, funnel: Any) -> Path:
    (tmp_path / "funnel.yml").write_text(SETTINGS)
    folder = tmp_path / "in"
    folder.mkdir()
    rows = [(f"L{n}", f"2026-06-{1 + n:02d} 10:00", word, "Ann") for n, word in enumerate(WRITINGS)]
    leads = pd.DataFrame(rows, columns=["lead_id", "created_at", "channel", "manager"])
    leads.to_csv(folder / "leads.csv", index=False)
    entries = leads.assign(stage="target", entered_at="2026-06-20 10:00")
    entries[["lead_id", "stage", "entered_at"]].to_csv(folder / "stage_entries.csv", index=False)
    spend = {"date": "2026-06-02", "channel": ["авито", "Vk", "Radio", "radio", "RADIO "], "cost": "10"}
    pd.DataFrame(spend).to_csv(folder / "spend.csv", index=False)
    (tmp_path / "data" / "initiatives").mkdir(parents=True)
    (tmp_path / "data" / "initiatives" / "chat.yml").write_text(
        "title: Chat\nowner: Ann\nstart: 2026-06-01\nscope: {channel: [aVITO, vk]}\n"
        "hypotheses: [{metric: target_rate, change: 0.1}]\ncost: {money: 1}\n"
    )
    assert funnel("--config", tmp_path / "funnel.yml", "import", folder).code == 0
    return tmp_path


def opened(project: Path, text: str = SETTINGS) -> tuple[Settings, Warehouse]:
    (project / "funnel.yml").write_text(text)
    chosen = settings_file.load(project / "funnel.yml")
    return chosen, Warehouse.open(chosen.path("warehouse"), chosen)


def by_channel(house: Warehouse) -> dict[str, int]:
    cube = house.reached(DAY, [("channel",)])
    return cube[cube["stage"] == "lead"].groupby("value")["leads"].sum().to_dict()


def test_case_and_blanks_never_make_two_values(project: Path) -> None:
    _, house = opened(project)
    with house:
        assert by_channel(house) == {"": 1, "-": 1, "Avito": 4, "Авито": 1, "avito.ru": 1, "vk": 3}
        assert house.values(DAY, "channel") == ["", "-", "Avito", "avito.ru", "vk", "Авито"]


def test_the_setting_joins_them_and_nothing_stored_moves(project: Path) -> None:
    _, house = opened(project)
    with house:
        before = house.fingerprint(DAY)
    _, house = opened(project, JOINED)
    with house:
        assert by_channel(house) == {"": 2, "Avito": 6, "VK": 3}
        assert house.fingerprint(DAY) == before
        assert house.reached(DAY, where={"channel": "авито"})["leads"].sum() == 12
        pair = house.reached(DAY, [("channel", "manager")])
        assert set(pair["value"]) == {"", "Avito", "VK"}
        assert house.crossed(DAY, ["channel"]).groupby("attr_0")["leads"].sum().to_dict() == by_channel(house)
        assert set(house.customers(DAY, [("channel",)])["value"]) == {"", "Avito", "VK"}
        assert set(house.long_waiting(DAY, {"target": 0.5}, ["channel"])["channel"]) == {"", "Avito", "VK"}
        later = DAY.known_at
        moved = house.restated(DAY.report_date, house.known_at(), later)
        assert moved.empty


def test_spend_targets_and_scopes_meet_the_leads_in_any_writing(project: Path) -> None:
    chosen, house = opened(project, JOINED)
    with house:
        assert ask_money(house, chosen, DAY).spend.groupby("channel")["cost"].sum().astype(int).to_dict() == {
            "Avito": 10,
            "RADIO": 30,
            "VK": 10,
        }
        registers = read_registers(chosen)
        cubes = ask(house, chosen, DAY, registers)
        assert cubes.initiatives[0].scope == {"channel": ("Avito", "VK")}
        assert cubes.settings.targets[0].value == "Avito"
        told = [str(problem) for _, problem in unmet(house, chosen, registers, DAY)]
        assert not [line for line in told if "channel" in line and "no lead" in line], told


def test_the_workbook_and_the_filter_of_the_command_line(project: Path, funnel: Any) -> None:
    chosen, house = opened(project, JOINED)
    with house:
        flat = gather(house, compute(house, chosen, DAY.report_date)).flat
        assert set(flat["attr_0"]) <= {"", "Avito", "VK", "RADIO"}
    command = ("cohorts", "--date", "2026-06-29", "--where", "channel=AVITO.RU", "--format", "json")
    result = funnel("--config", project / "funnel.yml", *command)
    assert result.code == 0, result.err
    assert sum(row["leads"] for row in json.loads(result.out)) == 6
    wrong = funnel("--config", project / "funnel.yml", *command[:-3], "channel=avitto")
    assert wrong.code == 2 and "no lead has the channel 'avitto'" in wrong.err


def test_check_says_what_to_write_and_is_silent_once_it_is_written(project: Path, funnel: Any) -> None:
    config = project / "funnel.yml"
    told = funnel("--config", config, "check").err
    assert "values: {channel: {Avito: [Авито]}}" in told.replace("\n", " "), told
    for values in ("{Avito: [Авито]}", "{Avito: [], Авито: []}"):
        config.write_text(SETTINGS + f"values: {{channel: {values}}}\n")
        assert "several writings" not in funnel("--config", config, "check").err


def test_a_writing_cannot_mean_two_values_and_an_attribute_must_be_known(tmp_path: Path) -> None:
    text = SETTINGS + "values: {channel: {Avito: [Авито], Ads: [АВИТО ]}, chanel: {A: []}}\n"
    (tmp_path / "funnel.yml").write_text(text)
    with pytest.raises(SettingsError) as found:
        settings_file.load(tmp_path / "funnel.yml")
    assert "is a writing of both 'Avito' and 'Ads'" in str(found.value)
    assert "'chanel' is not among" in str(found.value) and "channel" in str(found.value)


def test_spend_that_no_lead_bears_is_one_value_too() -> None:
    spend = pd.DataFrame(
        {"channel": ["Radio", "radio ", "RADIO", "radio"], "campaign": "", "campaign_id": ""}
    )
    names = pd.DataFrame({"channel": ["vk"]})
    assert set(match_spend(spend, names)["channel"]) == {"radio"}


def test_the_name_shown_is_that_of_most_leads_at_the_time(project: Path, funnel: Any) -> None:
    rows = "".join(f"N{number},2026-06-15 10:00,VK\n" for number in range(5))
    (project / "in" / "leads.csv").write_text("lead_id,created_at,channel\n" + rows)
    _, house = opened(project)
    with house:
        before = AsOf(DAY.report_date, house.known_at())
    (project / "in" / "stage_entries.csv").unlink()
    assert funnel("--config", project / "funnel.yml", "import", project / "in").code == 0
    _, house = opened(project)
    with house:
        assert by_channel(house)["VK"] == 8
        assert "vk" in house.values(before, "channel")
