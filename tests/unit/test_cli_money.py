"""`funnel costs`, and what bad input does to money: said, sensible, nothing lost."""

from __future__ import annotations

import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from funnel import settings
from funnel.analysis.money.ltv import SHORT
from funnel.dates import AsOf
from funnel.edition.compute import ask
from funnel.edition.logbook import read_registers
from funnel.edition.money import ask_money, money
from funnel.present.cohorts import duration_charts, duration_tables
from funnel.present.money import charts as money_charts
from funnel.present.money import cost_tables
from funnel.present.money import tables as money_tables
from funnel.present.money.words import money as sentences
from funnel.present.parts import rows as money_rows
from funnel.present.parts.grid import Grid
from funnel.present.parts.texts import Texts
from funnel.settings import LANGUAGES, Language, Settings
from funnel.warehouse import Warehouse
from tests.steps import step

ROOT = Path(__file__).parents[2]
SETTINGS = """
timezone: Europe/Moscow
currency: RUB
stages: [{key: target}, {key: sale}]
attributes: {channel: {}, manager: {}, product: {}}
slices: [channel]
"""
LEADS = """lead_id,created_at,channel,manager,product,customer_id
a1,2022-09-05 10:00,web,Anna,Start,k1
a2,2022-09-06 10:00,web,Boris,Start,k2
a3,2022-09-12 10:00,web,Anna,Team,k3
f1,2022-09-12 11:00,free,Anna,Team,k4
z1,2022-09-13 10:00,zero,Boris,Start,k5
"""
ENTRIES = """lead_id,stage,entered_at
a1,target,2022-09-06 09:00
a1,sale,2022-09-08 09:00
a3,target,2022-09-14 12:00
f1,sale,2022-09-15 12:00
z1,lost,2022-09-16 12:00
"""
REFUND_AND_EARLY = """lead_id,paid_at,amount
a1,2022-09-09 10:00,300.00
a1,2022-09-20 10:00,-500.00
f1,2022-09-01 10:00,200.00
"""
SPEND = """date,channel,campaign,cost,vat_included
2022-08-01,web,old,20.00,yes
2022-09-05,web,brand,100.01,yes
2022-09-12,web,brand,50.00,yes
2022-09-12,fair,stand,7.50,no
2022-09-13,zero,trial,0.00,yes
"""
DATE = ("--date", "2022-09-26")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "funnel.yml").write_text(SETTINGS)
    (tmp_path / "_brand.yml").write_text((ROOT / "_brand.yml").read_text(encoding="utf-8"))
    data = tmp_path / "in"
    data.mkdir()
    for name, text in (
        ("leads", LEADS),
        ("stage_entries", ENTRIES),
        ("payments", REFUND_AND_EARLY),
        ("spend", SPEND),
    ):
        (data / f"{name}.csv").write_text(text)
    return tmp_path


@pytest.fixture
def run(funnel: Any, project: Path) -> Any:
    return lambda *words: funnel("--config", project / "funnel.yml", *words)


@pytest.fixture
def loaded(run: Any, project: Path) -> Any:
    assert run("import", project / "in").code == 0
    return run


def shown(result: Any) -> pd.DataFrame:
    assert result.code == 0, result.err
    return pd.read_csv(io.StringIO(result.out), dtype={"spend": str})


def frames_of(project: Path) -> tuple[dict[str, pd.DataFrame], Settings]:
    chosen = settings.load(project / "funnel.yml")
    with Warehouse.open(chosen.path("warehouse"), chosen) as warehouse:
        as_of = AsOf(dt.date(2022, 9, 26), warehouse.known_at())
        cubes = ask(warehouse, chosen, as_of, read_registers(chosen))
        asked = ask_money(warehouse, chosen, as_of)
    return money(cubes, asked, cubes.forecast()), chosen


def ordered(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return step("money", "account", frames=frames)


def said(frames: dict[str, pd.DataFrame], chosen: Settings, language: Language) -> str:
    """Everything about money that the report would hold, drawn and written."""
    texts = Texts(language)
    grids: list[Grid] = [
        cost_tables.costs_grid(frames["costs"], chosen, texts),
        cost_tables.costs_summary_grid(frames["costs_summary"], chosen, texts),
        cost_tables.account_grid(ordered(frames), chosen, texts),
        money_tables.ltv_grid(frames["ltv"], chosen, texts),
        duration_tables.durations_grid(frames["durations"], chosen, texts),
        duration_tables.durations_grid(frames["durations"], chosen, texts, between=True),
        money_tables.telling_grid(frames["telling_slices"], frames["telling"], chosen, texts),
    ]
    payback = step("money", "payback", frames=frames, charts=money_charts)
    curves = step("cohorts", "curves", frames=frames)
    pictures = [
        money_charts.cost_per_sale(frames["costs_channel"], chosen, texts),
        money_charts.payback(payback, chosen, texts),
        duration_charts.duration_curves(curves, frames["durations"], chosen, texts),
    ]
    words = [grid._repr_mimebundle_()["text/markdown"] for grid in grids]
    written = [one for chapter in sentences(frames, chosen, texts).values() for one in chapter]
    return "\n".join([*words, *(picture.alt for picture in pictures), *written])


def test_the_columns_stand_as_promised_and_the_total_meets_all_leads(loaded: Any) -> None:
    table = shown(loaded("costs", *DATE, "--format", "csv"))
    first = ["cohort_week", "spend", "cost_per_target", "cost_per_sale", "projected_cost_per_sale"]
    assert table.columns[:5].tolist() == first
    assert table["cohort_week"].tolist() == ["2022-09-05", "2022-09-12"]
    assert table["spend"].tolist() == ["100.01", "57.50"]
    assert table["cost_per_sale"].tolist() == pytest.approx([100.01, 57.50])
    assert table["cost_per_target"].tolist() == pytest.approx([100.01, 57.50 / 2])


def test_by_channel_unmatched_spend_and_unmatched_leads_stay_in_the_table_and_are_said(loaded: Any) -> None:
    result = loaded("costs", *DATE, "--by", "channel", "--format", "csv")
    table = shown(result).set_index(["cohort_week", "channel"])
    assert table["match"].to_dict() == {
        ("2022-09-05", "web"): "matched",
        ("2022-09-12", "fair"): "no leads",
        ("2022-09-12", "free"): "no spend",
        ("2022-09-12", "web"): "matched",
        ("2022-09-12", "zero"): "matched",
    }
    assert table.loc[("2022-09-12", "zero"), "cost_per_lead"] == 0.0
    assert table.loc[("2022-09-12", "free"), ["cost_per_lead", "cost_per_sale"]].isna().all()
    assert (
        "Ad spend 177.51 RUB = with leads 150.01 + without leads 7.50 + weeks not shown 20.00" in result.err
    )
    assert "leads that met no spend: 1" in result.err
    assert "Unmatched: 4.8 % of the spend of the weeks shown, 20.0 % of their leads." in result.err
    assert "without VAT 7.50, with VAT 170.01" in result.err


def test_by_manager_the_spend_of_a_channel_is_shared_over_its_leads(loaded: Any) -> None:
    table = shown(loaded("costs", *DATE, "--by", "manager", "--format", "csv"))
    first = table[table["cohort_week"] == "2022-09-05"].set_index("manager")["spend"]
    assert first.to_dict() == {"Anna": "50.01", "Boris": "50.00"}
    assert sum(map(Decimal, table["spend"])) == Decimal("157.51")


def test_as_json_and_as_a_table_for_people(loaded: Any) -> None:
    rows = json.loads(loaded("costs", *DATE, "--weeks", "1", "--by", "channel", "--format", "json").out)
    assert rows == []  # nobody came in the last week, and nothing was spent
    text = loaded("costs", *DATE).out
    assert "100.01" in text
    assert "nan" not in text.lower()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("costs", "--date", "26.09.2022"), "a date as YYYY-MM-DD"),
        (("costs", "--date", "2999-01-01"), "it lies in the future"),
        (("costs", "--date", "2022-09-11"), "no cohort is complete by then"),
        (("costs", *DATE, "--by", "chanel"), "did you mean 'channel'?"),
        (("costs", *DATE, "--weeks", "0"), "allowed: at least 1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_wrong_use_is_told_with_exit_code_2(loaded: Any, words: tuple[str, ...], message: str) -> None:
    result = loaded(*words)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert "Traceback" not in result.err


def test_a_name_that_leads_bear_in_several_writings_is_said_to_be_so(run: Any, project: Path) -> None:
    (project / "in" / "leads.csv").write_text(LEADS.replace("2022-09-06 10:00,web", "2022-09-06 10:00,w%65b"))
    (project / "in" / "spend.csv").write_text(SPEND.replace("2022-09-05,web", "2022-09-05,WEB"))
    run("import", project / "in")
    result = run("costs", *DATE, "--by", "channel", "--format", "csv")
    assert "WEB / brand 100.01 (leads bear it in several writings)" in result.err
    table = shown(result).set_index(["cohort_week", "channel"])
    assert table.loc[("2022-09-12", "web"), "spend"] == "50.00"


def test_leads_without_a_channel_cannot_share_spend_by_another_attribute(run: Any, project: Path) -> None:
    (project / "in" / "leads.csv").write_text(LEADS.replace("channel", "source"))
    assert run("import", project / "in").code == 0
    result = run("costs", *DATE, "--by", "manager")
    assert result.code == 2
    assert "no lead has the attribute 'channel'" in result.err
    frames, chosen = frames_of(project)
    assert frames["spend_account"]["spend"].iloc[0] == Decimal("177.51")
    assert "nan" not in said(frames, chosen, "en").lower()


def test_several_currencies_without_a_rate_are_set_aside_with_the_reason_or_all_named(
    run: Any, project: Path
) -> None:
    text = SPEND.replace("vat_included\n", "vat_included,currency\n").replace("yes\n", "yes,\n")
    text = text.replace("no\n", "no,KZT\n") + "2022-09-13,web,brand,1.00,no,USD\n"
    (project / "in" / "spend.csv").write_text(text)
    assert "spend: read 6 = accepted 4 + rejected 2" in run("import", project / "in").err
    rejected = pd.read_csv(project / "run" / "rejected" / "spend.csv")
    assert rejected["value"].tolist() == ["KZT", "USD"]
    assert rejected["reason"].str.contains("a currency without a rate").all()

    (project / "funnel.yml").write_text(SETTINGS + "rates: {KZT: 0.2, USD: 60}\n")
    assert "rejected 0" in run("import", project / "in" / "spend.csv").err
    assert shown(run("costs", *DATE, "--format", "csv"))["spend"].map(float).tolist() == [
        100.01,
        50 + 1.5 + 60,
    ]
    (project / "funnel.yml").write_text(SETTINGS)
    result = run("costs", *DATE)
    assert result.code == 2
    assert "'KZT': no rate to RUB" in result.err
    assert "'USD': no rate to RUB" in result.err


def test_what_cannot_be_told_reliably_yet_has_an_interval_and_no_number(loaded: Any, project: Path) -> None:
    result = loaded("costs", *DATE, "--format", "csv")
    assert "empty where the forecast is not reliable yet" in result.err
    table = shown(result)
    spent = table["spend"].map(float) > 0
    assert table["projected_cost_per_sale"].isna().all() and table.loc[spent, "projected_low"].notna().all()
    frames, chosen = frames_of(project)
    for language, words in (("en", "cannot be told reliably yet"), ("ru", "надёжно сказать нельзя")):
        assert words in said(frames, chosen, language)
        worth = money_tables.ltv_grid(frames["ltv"], chosen, Texts(language))
        assert {row.cells[5].text for row in worth.rows if row.cells[1].text} == {money_rows.DOUBT}
        assert any(f" {SHORT} " in note and note.startswith(money_rows.DOUBT) for note in worth.notes)
        grids = [
            cost_tables.costs_grid(frames["costs"], chosen, Texts(language)),
            cost_tables.costs_summary_grid(frames["costs_summary"], chosen, Texts(language)),
        ]
        for grid in grids:
            assert any(cell.text == money_rows.DOUBT for row in grid.rows for cell in row.cells)
            assert any(note.startswith(money_rows.DOUBT) for note in grid.notes)


def test_refunds_beyond_the_sales_and_payments_before_the_first_lead_are_counted(
    loaded: Any, project: Path
) -> None:
    frames, _ = frames_of(project)
    worth = frames["ltv"].set_index(["attribute", "value"])
    assert worth.loc[("", ""), "paid"] == Decimal("0.00")  # 300 - 500 + 200
    assert worth.loc[("channel", "web"), "paid"] == Decimal("-200.00")
    assert worth.loc[("channel", "web"), "per_customer"] == pytest.approx(-200 / 3)
    assert worth.loc[("channel", "free"), "paid"] == Decimal("200.00")
    assert worth.loc[("channel", "free"), "per_customer"] == 200.0
    assert frames["payback"].empty  # five contacts carry no curve
    table = shown(loaded("costs", *DATE, "--by", "channel", "--format", "csv"))
    web = table[(table["channel"] == "web") & (table["cohort_week"] == "2022-09-05")].iloc[0]
    assert web["roas"] == pytest.approx(-200 / 100.01)


def test_the_account_of_the_report_adds_up_to_the_cent_and_names_every_channel(
    loaded: Any, project: Path
) -> None:
    account = frames_of(project)[0]["spend_account"].set_index(["level", "value"])
    parts = account[["matched", "no_leads", "outside"]].sum(axis=1)
    assert (parts == account["spend"]).all()
    assert account.loc[("total", ""), "spend"] == Decimal("177.51")
    assert account.loc[("total", ""), "vat"] == "mixed"
    assert account.loc[("channel", "fair"), "no_leads"] == Decimal("7.50")
    assert account.loc[("total", ""), ["leads", "leads_no_spend"]].tolist() == [5, 1]
    assert {value for level, value in account.index if level == "channel"} == {"fair", "free", "web", "zero"}


def test_spend_meets_leads_by_name_id_or_the_mapping_and_the_rest_is_named(run: Any, project: Path) -> None:
    leads = [*LEADS.splitlines()]
    marks = ("campaign", "brand+msk", "77", "brand+msk", "", "")
    (project / "in" / "leads.csv").write_text("\n".join(map(",".join, zip(leads, marks, strict=True))) + "\n")
    (project / "in" / "spend.csv").write_text(
        "date,channel,campaign,campaign_id,cost,vat_included\n"
        "2022-09-05,Web,Brand MSK,5,100.00,yes\n"
        "2022-09-06,Web,Autumn,77,30.00,yes\n"
        "2022-09-12,ads [x],Spring,6,20.00,yes\n"
        "2022-09-12,Web,=cmd()\u202e,,7.50,yes\n"
    )
    words = SETTINGS.replace("product: {}", "product: {}, campaign: {}")
    (project / "funnel.yml").write_text(words)
    run("import", project / "in")
    result = run("costs", *DATE, "--by", "channel", "--format", "csv")
    assert "Of it 27.50 (17.5 %) bears names that no lead bears: " in result.err
    assert "ads [x] / Spring 20.00; web / =cmd()\\u202e 7.50." in result.err
    assert "spend_mapping" in result.err
    table = shown(result).set_index(["channel", "cohort_week"])
    assert float(table.loc[("web", "2022-09-05"), "spend"]) == 130

    mapping = (
        "spend_mapping: [{channel: 'ads [x]', campaign: spr*, lead_channel: web, lead_campaign: brand msk}]\n"
    )
    (project / "funnel.yml").write_text(words + mapping)
    result = run("costs", *DATE, "--by", "channel", "--format", "csv")
    assert "Of it 7.50 (4.8 %) bears names" in result.err
    frames, chosen = frames_of(project)
    summary = frames["costs_summary"].set_index(["level", "value", "value2"])["spend"]
    assert summary[("campaign", "web", "brand+msk")] == Decimal("120.00")
    assert summary[("campaign", "web", "77")] == Decimal("30.00")
    account = frames["spend_account"].set_index(["level", "value"])
    assert account.loc[("total", ""), ["no_leads", "unknown_names"]].tolist() == [Decimal("7.50")] * 2
    for language in LANGUAGES:
        grid = cost_tables.account_grid(ordered(frames), chosen, Texts(language))
        assert "spend_mapping" in grid.notes[-1]


@pytest.mark.parametrize(
    "rule, wrong",
    [
        ("{channel: web}", "lead_channel, lead_campaign or both"),
        ("{channel: web, lead_chanel: x}", "did you mean 'lead_channel'?"),
        ("{channel: '', lead_channel: x}", "channel: is empty; allowed: a text"),
    ],
)
def test_a_mapping_that_says_nothing_is_refused(run: Any, project: Path, rule: str, wrong: str) -> None:
    (project / "funnel.yml").write_text(f"{SETTINGS}spend_mapping: [{rule}]\n")
    result = run("costs", *DATE)
    assert result.code == 2
    assert "spend_mapping.0" in result.err
    assert wrong in result.err


@pytest.mark.parametrize(
    "without", [(), ("spend",), ("payments",), ("spend", "payments", "stage_entries")], ids="-".join
)
def test_the_report_holds_no_nan_and_no_lead_by_id_whatever_is_missing(
    run: Any, project: Path, without: tuple[str, ...]
) -> None:
    for name in without:
        path = project / "in" / f"{name}.csv"
        path.write_text(path.read_text().splitlines()[0] + "\n")
    assert run("import", project / "in").code == 0
    frames, chosen = frames_of(project)
    for language in LANGUAGES:
        text = said(frames, chosen, language)
        assert "nan" not in text.lower()
        assert not any(f">{lead}<" in text for lead in ("a1", "a2", "a3", "f1", "z1"))
        assert ("spend" in without) == (Texts(language).t("empty_costs") in text)


def test_a_channel_named_like_code_stays_text(run: Any, project: Path) -> None:
    for name in ("leads", "spend"):
        path = project / "in" / f"{name}.csv"
        path.write_text(path.read_text().replace("web", "<script>#let x"))
    assert run("import", project / "in").code == 0
    frames, chosen = frames_of(project)
    text = said(frames, chosen, "en")
    assert "<script>" not in text.replace("&lt;script&gt;", "")
