"""From the account's words to the funnel's: settings, mapping, the proposal, attributes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import yaml

from funnel.errors import SettingsError
from funnel.settings import Settings, load
from funnel.sources.amocrm import AmoSettings, Credentials, Source, suggest_mapping
from funnel.sources.amocrm.attributes import plan
from funnel.sources.amocrm.wire import Lead
from funnel.sources.api.mapping import resolve
from funnel.sources.api.references import Field, Names
from standin.account import lifted
from standin.server import TOKEN, Api
from standin.truth import STAGES
from standin.world import World

NAMES = Names(
    pipelines={1: "Продажи", 2: "Опт", 3: "опт "},
    statuses={1: {10: "Новый", 11: "Новый", 142: "Договор", 143: "Отказ"}, 2: {20: "Новый"}},
    ends={1: {142: "won", 143: "lost"}, 2: {142: "won", 143: "lost"}},
)
HOST = "acme.amocrm.ru"


def test_won_and_lost_have_a_meaning_in_every_mapped_pipeline_and_may_have_another() -> None:
    amo = AmoSettings.model_validate(
        {"host": HOST, "pipelines": {1: {"Договор": "qualified"}, 2: {"новый ": "lead"}}}
    )
    found = resolve(amo, NAMES, STAGES)
    assert found.stages == {
        (1, 142): "qualified", (1, 143): "lost", (2, 142): "sale", (2, 143): "lost", (2, 20): "lead"
    }  # fmt: skip
    assert found.of((9, 142)) is None


def test_names_that_are_there_twice_need_the_id() -> None:
    amo = AmoSettings.model_validate({"host": HOST, "pipelines": {"Опт": {}, 1: {"Новый": "lead"}}})
    with pytest.raises(SettingsError) as caught:
        resolve(amo, NAMES, STAGES)
    assert "pipelines.Опт: 2 of them bear this name; allowed: the id: 2, 3" in str(caught.value)
    assert "pipelines.1.Новый: 2 of them bear this name; allowed: the id: 10, 11" in str(caught.value)


def test_an_empty_mapping_says_how_to_get_one() -> None:
    with pytest.raises(SettingsError, match="funnel sync amocrm --suggest-mapping"):
        resolve(AmoSettings.model_validate({"host": HOST}), NAMES, STAGES)


def message(folder: Path, amocrm: object) -> str:
    """What is said of settings with this under `amocrm:`."""
    path = folder / "funnel.yml"
    content = {"stages": [{"key": key} for key in STAGES], "amocrm": amocrm}
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(path)
    return str(caught.value)


def test_settings_that_cannot_be_used_are_told_all_at_once(tmp_path: Path) -> None:
    text = message(
        tmp_path,
        {"host": "https://acme.amocrm.ru/", "pipeline": {}, "attributes": {"Lead_ID": "tags", "x": "phone"}},
    )
    assert "amocrm.host: 'https://acme.amocrm.ru/' is not the address of an account" in text
    assert "amocrm.pipeline: unknown key; did you mean 'pipelines'?" in text
    assert "'Lead_ID' is a column of its own" in text
    assert "'phone' says not where the attribute comes from" in text
    text = message(tmp_path, {"host": HOST, "pipelines": {1: {2: "targett"}}, "personal": ["y"]})
    assert "amocrm.pipelines.1.2: 'targett' is no stage; did you mean 'target'?" in text
    assert "amocrm.personal: 'y' is no attribute" in text
    assert "key amocrm" in message(tmp_path, "acme.amocrm.ru")


def test_an_empty_account_is_none() -> None:
    for empty in ({}, None):  # older editions keep {} in their manifests
        assert Settings.model_validate({"stages": [{"key": "sale"}], "amocrm": empty}).amocrm is None


@pytest.mark.parametrize(
    "host", ["www.amocrm.ru", "acme", "acme.amocrm.ru/api", "acme.amocrm.ru:80", "user@acme.kommo.com"]
)
def test_only_an_accounts_own_host_is_taken_and_only_by_https(tmp_path: Path, host: str) -> None:
    assert "is not the address of an account" in message(tmp_path, {"host": host})
    assert AmoSettings(host="acme.kommo.com").base_url == "https://acme.kommo.com"


def test_the_proposal_is_settings_that_fit_the_account(account) -> None:
    api = Api(World())
    here = account(api)
    named = {"target": ["Target", "Целевой"], "qualified": ["Qualified", "Квалифицированный"],
             "proposal": ["Proposal", "Предложение"], "sale": ["Sale", "Продажа"]}  # fmt: skip
    funnel = Settings.model_validate(
        {"stages": [{"key": key, "name": {"en": en, "ru": ru}} for key, (en, ru) in named.items()]}
    )
    bare = AmoSettings.model_validate({"host": here.host})
    now = dt.datetime(2022, 1, 1, tzinfo=dt.UTC)
    text = suggest_mapping(funnel, Source(bare, Credentials(TOKEN)), now, pace=lifted())
    proposed = yaml.safe_load(text)
    assert proposed["pipelines"][7001] == {
        60001: "lead", 60002: "lead", 60003: "target", 60004: "qualified", 60005: "qualified", 60006:
            "proposal",
        60007: "proposal", 142: "sale", 143: "lost",
    }  # fmt: skip
    assert "60005: qualified # Встреча проведена" in text
    amo = here.amo(pipelines=proposed["pipelines"])
    assert here.pull(int(now.timestamp()), amo=amo).batch.tables["leads"].num_rows == 0


FIELDS = [
    Field(1, name="utm_source", kind="text"),
    Field(2, name="Источник", code="UTM_SOURCE", kind="tracking_data"),
    Field(3, name="Товар", kind="multiselect"),
    Field(4, name=" товар ", kind="text"),
    Field(5, name="Дата КП", kind="date_time"),
    Field(6, name="Старт", kind="date"),
    Field(7, name="VIP", kind="checkbox"),
    Field(8, name="Вес", kind="numeric"),
]


def lead(**values: list) -> Lead:
    """A lead with values by field id (`f5=[...]`)."""
    types = {field.id: field.kind for field in FIELDS}
    fields = [
        {
            "field_id": int(key[1:]),
            "field_type": types[int(key[1:])],
            "values": [{"value": value} for value in given],
        }
        for key, given in values.items()
    ]
    return Lead.model_validate(
        {"id": 1, "status_id": 1, "pipeline_id": 1, "created_at": 1, "updated_at": 1,
         "custom_fields_values": fields or None,
         "_embedded": {"tags": [{"id": 1, "name": "Опт"}, {"id": 2, "name": "vip"}]}}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("source", "values", "expected"),
    [
        ("utm_source", {"f1": ["text"], "f2": ["tracked"]}, "tracked"),  # by code before by name
        ("utm_source", {"f1": ["text"], "f2": [" "]}, "text"),  # coalesced
        ("field:Товар", {"f3": ["Окна", "Двери"], "f4": ["x"]}, "Окна, Двери"),
        ("field:4", {"f3": ["Окна"], "f4": ["x"]}, "x"),
        ("field:Дата КП", {"f5": [1735900000]}, "2025-01-03 13:26:40"),
        ("field:Дата КП", {"f5": ["2025-01-03"]}, "2025-01-03"),
        ("field:Старт", {"f6": [1664139600]}, "2022-09-26"),
        ("field:VIP", {"f7": [True]}, "yes"),
        ("field:Вес", {"f8": [12.0]}, "12"),
        ("field:Вес", {"f8": [{"odd": 1}, None]}, None),
        ("field:Вес", {}, None),
        ("tags", {}, "vip, Опт"),
        ("tags:розница|опт", {}, "Опт"),
        ("tags:розница", {}, None),
        ("utm_campaign", {}, None),
    ],
)
def test_attributes_are_read_from_where_the_settings_say(source, values, expected) -> None:
    amo = AmoSettings.model_validate({"host": HOST, "attributes": {"x": source}})
    assert plan(amo, FIELDS, "Europe/Moscow").of(lead(**values)).get("x") == expected
