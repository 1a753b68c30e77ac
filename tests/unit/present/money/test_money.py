"""How money and durations are shown: frames made by hand, expected texts computed by hand."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from funnel.present.cohorts import duration_charts, duration_tables
from funnel.present.money import charts as money_charts
from funnel.present.money import cost_tables
from funnel.present.money import words as money_words
from funnel.present.parts.grid import Grid
from funnel.present.parts.texts import NBSP, Texts
from funnel.settings import Settings
from tests.steps import step

NAN = math.nan
WEEK = pd.Timestamp(2022, 9, 12)
STAGES = ("target", "qualified", "proposal", "sale")


def money(*given: Any) -> list[str]:
    return [one for said in money_words.money(*given).values() for one in said]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"currency": "RUB"})


def cost_row(spend: str, sales: int, vat: str, ends: tuple[float, float, float], **more: object) -> dict:
    per = {f"cost_per_{name}": float(spend) / 10 if vat else NAN for name in ("lead", *STAGES[:-1])}
    sale = float(spend) / sales if vat and sales else NAN
    projected = dict(zip(("projected_cost_per_sale", "projected_low", "projected_high"), ends, strict=True))
    return {
        **more, "leads": 10, "sale": sales, "spend": Decimal(spend), "vat": vat, **per, "cost_per_sale": sale,
        "match": "matched" if vat else "no spend", "roas": 2.5 if vat else NAN, **projected,
    }  # fmt: skip


@pytest.fixture
def costs() -> pd.DataFrame:
    weeks = [WEEK - pd.Timedelta(weeks=back) for back in (8, 1, 0)]
    rows = [
        cost_row("12000.00", 4, "yes", (2000.0, 1500.0, 3000.0), cohort_week=weeks[0]),
        cost_row("9000.00", 0, "yes", (4500.0, 3000.0, NAN), cohort_week=weeks[1]),
        cost_row("0", 1, "", (NAN, NAN, NAN), cohort_week=weeks[2]),
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def summary() -> pd.DataFrame:
    levels = [
        cost_row("21000.00", 5, "mixed", (3000.0, 2500.0, 3500.0), level="total", value="", value2=""),
        cost_row("15000.00", 4, "yes", (2500.0, 2000.0, 3100.0), level="channel", value="web", value2=""),
        cost_row("6000.00", 1, "no", (5000.0, 3000.0, 9000.0), level="channel", value="<b>fair", value2=""),
        cost_row("0", 2, "", (NAN, NAN, NAN), level="channel", value="", value2=""),
        cost_row("15000.00", 3, "yes", (NAN, NAN, NAN), level="campaign", value="web", value2="brand"),
        cost_row("0", 1, "", (NAN, NAN, NAN), level="campaign", value="web", value2=""),
    ]
    return pd.DataFrame(levels)


@pytest.fixture
def durations() -> pd.DataFrame:
    quarter = pd.Timestamp(2022, 7, 1)
    groups = [("", "", pd.NaT, 0.0), ("", "", quarter, 0.4), ("manager", "", pd.NaT, 0.0)]
    rows = [
        (attribute, value, day, start, stage, 100, 20, 70, 10, 0.2, 0.63, 173.7, borrowed, False)
        for attribute, value, day, borrowed in groups
        for start, stage in (("lead", "target"), ("lead", "sale"), ("target", "sale"))
    ]
    names = ["attribute", "value", "cohort_quarter", "start", "stage", "leads", "reached", "lost", "open"]
    return pd.DataFrame(rows, columns=[*names, "share", "median_days", "p80_days", "borrowed", "at_least"])


def texts_of(grid: Grid) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in grid.rows]


def test_a_cohort_shows_its_cost_as_it_stands_and_at_the_end(costs: pd.DataFrame, settings: Settings) -> None:
    grid = cost_tables.costs_grid(costs, settings, Texts("en"))
    rows = texts_of(grid)
    assert rows[0][1:] == [
        "12,000", "1,200", "1,200", "1,200", "1,200", "3,000", "2,000",
        f"1,500{NBSP}–{NBSP}3,000", f"250{NBSP}%",
    ]  # fmt: skip
    assert rows[1][6:9] == ["–", "4,500", "from 3,000"]  # no sale yet, and perhaps never
    assert rows[2][1:] == ["–"] * 9  # no spend is known: not a cost of nothing
    assert [row.tone for row in grid.rows] == ["plain", "muted", "muted"]
    assert any("Unripe" in note for note in grid.notes)
    assert "Spend includes VAT." in grid.notes


def test_the_most_expensive_channel_comes_first_its_campaigns_under_it_and_mixed_vat_is_said(
    summary: pd.DataFrame, settings: Settings
) -> None:
    grid = cost_tables.costs_summary_grid(summary, settings, Texts("en"))
    names = [row[0] for row in texts_of(grid)]
    assert names == ["web", "\u2003brand", "\u2003no campaign", "<b>fair", "not given", "Total"]
    assert any("with and without VAT" in note for note in grid.notes)
    assert "<b>fair" not in grid._repr_mimebundle_()["text/markdown"].split("{=typst}")[0]


def test_the_account_is_written_to_the_cent(settings: Settings) -> None:
    row = {"matched": Decimal("100.01"), "no_leads": Decimal("7.5"), "outside": Decimal("-0.50")}
    total = {**row, "spend": Decimal("107.01"), "unknown_names": Decimal(0), "vat": "mixed"}
    total |= {"leads": 5, "leads_no_spend": 2}
    frame = pd.DataFrame(
        [{"level": "total", "value": "", **total}, {"level": "channel", "value": "web", **total}]
    )
    account = step("money", "account", frames={"spend_account": frame})
    rows = texts_of(cost_tables.account_grid(account, settings, Texts("ru")))
    assert rows[0] == ["web", "107,01", "100,01", "7,50", "−0,50", "по-разному", "5", "2"]
    assert rows[1][0] == "Итого"


def test_a_young_group_is_marked_and_short_times_have_a_digit(
    durations: pd.DataFrame, settings: Settings
) -> None:
    grid = duration_tables.durations_grid(durations, settings, Texts("en"))
    assert texts_of(grid) == [
        ["All cohorts", "100", "20", "0.6", "174", "20", "0.6", "174"],
        ["\u2003Q3 2022 *", "100", "20", "0.6", "174", "20", "0.6", "174"],
        ["Manager", "", "", "", "", "", "", ""],
        ["\u2003not given", "100", "20", "0.6", "174", "20", "0.6", "174"],
    ]
    between = duration_tables.durations_grid(durations, settings, Texts("ru"), between=True)
    assert len(between.heads) == 5
    assert texts_of(between)[1][0] == "\u20033 кв. 2022 *"


def test_a_log_shorter_than_the_way_tells_the_least_and_few_arrivals_a_dash(
    durations: pd.DataFrame, settings: Settings
) -> None:
    few = durations["cohort_quarter"].notna()
    frame = durations.assign(at_least=durations["stage"] == "sale")
    frame = frame.assign(**{name: frame[name].mask(few) for name in ("median_days", "p80_days")})
    grid = duration_tables.durations_grid(frame, settings, Texts("en"))
    assert texts_of(grid)[:2] == [
        ["All cohorts", "100", "20", "0.6", "174", "20", "> 0.6", "> 174"],
        ["\u2003Q3 2022", "100", "20", "–", "–", "20", "–", "–"],
    ]
    assert any("log is too short" in note for note in grid.notes)
    assert "take longer than 0.6 days" in " ".join(money({"durations": frame}, settings, Texts("en")))


def test_sentences_name_the_cheapest_and_the_dearest_channel_at_the_end(
    summary: pd.DataFrame, durations: pd.DataFrame, settings: Settings
) -> None:
    weeks = pd.DataFrame({"cohort_week": pd.date_range("2022-09-05", periods=3, freq="7D")})
    given = {"costs_summary": summary, "durations": durations, "costs": weeks}
    said = " ".join(money(given, settings, Texts("en")))
    assert "The cohorts of the newest 3 weeks cost" in said
    assert "RUB\u00a021,000" in said
    assert "lowest in" not in said  # their intervals touch: which is cheaper cannot be told
    apart = summary.copy()
    apart.loc[apart["projected_cost_per_sale"] == 5000.0, "projected_low"] = 4800.0
    apart.loc[apart["projected_cost_per_sale"] == 2500.0, "projected_high"] = 3100.0
    told = " ".join(money({"costs_summary": apart, "costs": weeks}, settings, Texts("en")))
    assert re.search(r"lowest in “web” \(RUB.2,500\) and highest in “\\<b\\>fair” \(RUB.5,000\)", told)
    assert "within 0.6 days, 80 % within 174 days" in said
    assert "rests on how long older leads took" not in said
    young = durations.assign(borrowed=0.3)
    assert "rests on how long older leads took" in " ".join(
        money({"durations": young}, settings, Texts("en"))
    )
    assert money({}, settings, Texts("en")) == []


@pytest.mark.parametrize(
    ("language", "words"), [("en", "no sale has come of them yet"), ("ru", "продаж из них пока нет")]
)
def test_costs_before_the_first_sale_tell_no_cost_of_a_sale(
    summary: pd.DataFrame, settings: Settings, language: str, words: str
) -> None:
    weeks = pd.DataFrame({"cohort_week": pd.date_range("2022-09-05", periods=3, freq="7D")})
    none = summary.assign(**{f"cost_per_{settings.stage_keys[-1]}": NAN})
    (said, *_) = money({"costs_summary": none, "costs": weeks}, settings, Texts(language))  # type: ignore[arg-type]
    assert words in said and "–" not in said.split("(")[0]


@pytest.mark.parametrize(
    ("weeks", "message"),
    [(6.0, "pays that back by the age of 6 weeks"), (NAN, "payments have not reached that")],
)
def test_payback_is_told_or_that_it_is_not_reached(weeks: float, message: str, settings: Settings) -> None:
    row = {"attribute": "", "value": "", "cost_per_customer": 1000.0, "ltv": 5200.0, "expected_return": 5.2}
    frame = pd.DataFrame([{**row, "payback_weeks": weeks, "paid": True}])
    said = " ".join(money({"ltv": frame}, settings, Texts("en")))
    assert message in said
    assert "a return of 5.2×" in said
    assert money({"ltv": frame.assign(paid=False)}, settings, Texts("en")) == []


@pytest.mark.parametrize("language", ["en", "ru"])
def test_without_anything_to_draw_the_pictures_say_why(language: str, settings: Settings) -> None:
    texts = Texts(language)  # type: ignore[arg-type]
    costs = pd.DataFrame([{**cost_row("0", 0, "", (NAN, NAN, NAN)), "cohort_week": WEEK, "value": "web"}])
    assert money_charts.cost_per_sale(costs, settings, texts).alt == texts.t("empty_costs")
    known = cost_row("900", 0, "yes", (4500.0, 3000.0, NAN), cohort_week=WEEK, value="web")
    without = cost_row(
        "900", 0, "yes", (NAN, NAN, NAN), cohort_week=WEEK - pd.Timedelta(weeks=1), value="web"
    )
    few = pd.DataFrame([known, without, without | {"cohort_week": WEEK - pd.Timedelta(weeks=2)}])
    assert money_charts.cost_per_sale(few, settings, texts).alt == texts.t("empty_costs_chart")
    assert money_charts.cost_per_sale(few.head(2), settings, texts).png
    names = ["unit", "attribute", "value", "age", "number", "per_head", "low", "high", "cost_per_head"]
    nothing = pd.DataFrame(columns=names)
    assert money_charts.payback(nothing, settings, texts).alt == texts.t("few_payments_ltv")
    unpaid = pd.DataFrame([("customer", "", "", 0, 50, 0.0, 0.0, 0.0, NAN)], columns=names)
    assert money_charts.payback(unpaid, settings, texts).alt == texts.t("empty_ltv")
    curves = pd.DataFrame(columns=["start", "stage", "days", "reached", "lost"])
    whole = pd.DataFrame(columns=["attribute", "cohort_quarter", "start", "stage"])
    assert duration_charts.duration_curves(curves, whole, settings, texts).alt == texts.t("empty_durations")
