"""A company that imports no payments: sales are told, and of money only that it is not known."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from funnel import settings
from funnel.dates import AsOf
from funnel.edition.compute import ask
from funnel.edition.logbook import read_registers
from funnel.edition.money import ask_money
from funnel.edition.results import Cubes, Earlier, results
from funnel.present.cohorts.headline import Headline
from funnel.present.forecast.words import forecast_said
from funnel.present.initiatives import blocks as initiative_blocks
from funnel.present.parts.texts import Texts
from funnel.present.revenue import charts as revenue_charts
from funnel.present.revenue import tables as revenue_tables
from funnel.settings import LANGUAGES, Language
from funnel.warehouse import Warehouse
from tests.steps import step

ROOT = Path(__file__).parents[3]
SETTINGS = """
timezone: Europe/Moscow
currency: RUB
stages: [{key: target}, {key: qualified}, {key: proposal}, {key: sale}]
attributes: {channel: {}}
slices: [channel]
"""
DATE = "2022-01-31"
SAID = {
    "en": "No payments are imported, so revenue is not known.",
    "ru": "Платежи не загружены, поэтому выручка неизвестна.",
}
INITIATIVE = """
title: Chat
owner: head of sales
start: 2021-06-07
weeks_after: 8
hypotheses: [{metric: overall_rate, change: 0.2}]
cost: {money: 100000}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpaid")
    (folder / "funnel.yml").write_text(SETTINGS)
    (folder / "_brand.yml").write_text((ROOT / "_brand.yml").read_text(encoding="utf-8"))
    (folder / "data" / "initiatives").mkdir(parents=True)
    (folder / "data" / "initiatives" / "chat.yml").write_text(INITIATIVE)
    return folder


@pytest.fixture
def run(funnel: Any, project: Path) -> Any:
    command = lambda *words: funnel("--config", project / "funnel.yml", *words)  # noqa: E731
    if not (project / "made").exists():
        made = project / "made"
        command("simulate", "--out", made, "--seed", "5", "--weeks", "70", "--leads", "80")
        tables = [next(made.glob(f"{name}.*")) for name in ("leads", "stage_entries")]
        assert command("import", *tables).code == 0
    return command


def test_the_command_line_leaves_the_revenue_out_and_says_why(run: Any) -> None:
    words = ("forecast", "--date", DATE, "--revenue", "--format", "csv")
    result = run(*words)
    assert result.code == 0 and SAID["en"] in result.err
    assert pd.read_csv(io.StringIO(result.out)).empty
    by = run(*words, "--by", "channel")
    assert by.code == 0 and SAID["en"] in by.err and pd.read_csv(io.StringIO(by.out)).empty
    asked = run(*words, "--what-if", "sale=+10%")
    rows = pd.read_csv(io.StringIO(asked.out))
    assert rows["sales"].gt(0).all() and rows[["revenue", "revenue_p10", "revenue_p90"]].isna().all().all()
    new = run(
        "initiative", "new", "faq", "--title", "Answers", "--owner", "head of sales", "--start", "2022-02-07",
        "--hypothesis", "sale_rate=+20%", "--cost", "50000", "--date", DATE,
    )  # fmt: skip
    assert new.code == 0 and "sales; +20.0% is" in new.err
    assert "No payments are imported, so revenue is not known; cost: 50,000 RUB." in new.err
    assert "Extra revenue" not in new.err and "In a year" not in new.err


@pytest.fixture
def cubes(run: Any, project: Path) -> tuple[Cubes, dict[str, pd.DataFrame]]:
    chosen = settings.load(project / "funnel.yml")
    with Warehouse.open(chosen.path("warehouse"), chosen) as warehouse:
        as_of = AsOf(dt.date.fromisoformat(DATE), warehouse.known_at())
        known = ask(warehouse, chosen, as_of, read_registers(chosen))
        asked = ask_money(warehouse, chosen, as_of)
    # An edition archived when such zeros were still taken for a forecast.
    weeks = pd.date_range("2021-12-06", periods=26, freq="7D")
    levels = ["mean", "p05", "p10", "p25", "p50", "p75", "p90", "p95"]
    zeros = pd.DataFrame({"week": weeks, "source": "total", **dict.fromkeys(levels, 0.0)})
    frames = results(known, asked, [])
    then = Earlier("2021-12-06", dt.date(2021, 12, 6), frames["forecast"], zeros, frames["forecast_ahead"])
    return known, {**frames, "revenue_track": results(known, asked, [then])["revenue_track"]}


def test_the_report_says_that_revenue_is_not_known(cubes: tuple[Cubes, dict[str, pd.DataFrame]]) -> None:
    known, frames = cubes
    chosen = known.settings
    for name in ("revenue", "revenue_months", "revenue_sum", "revenue_slices", "revenue_track"):
        assert frames[name].empty, name
    whole = frames["impact"].query("metric == 'overall_rate'")
    seen = (whole["low"] > 0) | (whole["high"] < 0)
    # Sales are told where a change was seen; what they bring is not known without payments.
    assert whole["extra_sales"].notna().eq(seen & whole["verdict"].ne("")).all()
    assert whole["extra_revenue"].isna().all() and whole["roi"].isna().all()
    chat = whole.index[whole["initiative"] == "chat"]
    told = frames["impact"].copy()
    told.loc[chat, ["measured_change", "low", "high", "extra_sales"]] = [0.2, 0.1, 0.3, 12.0]
    told.loc[chat, "verdict"] = "confirmed"
    frames = {**frames, "impact": told}
    for language in LANGUAGES:
        _says(frames, known, language, Texts(language))
    assert chosen.currency not in " ".join(forecast_said(frames, chosen, Texts("en")))


def _says(frames: dict[str, pd.DataFrame], known: Cubes, language: Language, texts: Texts) -> None:
    chosen = known.settings
    assert texts.t("empty_revenue") == SAID[language]
    fan = revenue_charts.revenue_fan(frames["revenue"], frames["forecast"], chosen, texts)
    assert fan.alt == SAID[language]
    by_month, (by_value, weeks) = (
        step("revenue", *names, frames=frames, tables=revenue_tables)
        for names in (("by_month",), ("by_value", "weeks"))
    )
    months = revenue_tables.revenue_grid(by_month, frames["forecast"], chosen, texts)
    slices = revenue_tables.revenue_slices_grid(by_value, len(weeks), chosen, texts)
    assert not months.rows and not slices.rows and months.empty == slices.empty == SAID[language]
    better = revenue_tables.what_if_grid(frames["what_if"], frames["forecast"], chosen, texts)
    assert len(better.rows) == 4 and better.notes[-1] == SAID[language]
    assert {len(row.cells) for row in better.rows} == {4}
    items = [item for item in known.initiatives if item.id == "chat"]
    parts = initiative_blocks.blocks(frames, items, items, (), chosen, texts)
    (tiles,) = (part for part in parts if isinstance(part, Headline))
    money = {tile.title: tile for tile in tiles.tiles}
    assert money[texts.t("tile_extra_revenue")].number == "–"
    assert [line.text for line in money[texts.t("tile_extra_revenue")].lines] == [SAID[language]]
    assert texts.t("tile_return") not in money and texts.t("tile_cost") in money
    # The record of the revenue is not spoken of.
    assert texts.t("say_revenue_track", n=8, inside=8) not in forecast_said(frames, chosen, texts)
