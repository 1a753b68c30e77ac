"""Managers, reasons and long waits as a reader sees them: what is marked, what is told, what is harmless."""

import pandas as pd
import pytest

from funnel.analysis.cohorts.beside import beside, judged
from funnel.analysis.cohorts.losses import OTHER
from funnel.present.attention.waiting import waiting_grid
from funnel.present.cohorts import people_charts, people_tables
from funnel.present.parts.texts import Texts
from funnel.settings import Settings, Stage

WEEKS = pd.date_range("2022-01-03", periods=6, freq="28D")
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def company(settings: Settings) -> Settings:
    stages = (Stage(key="target"), Stage(key="sale"))
    return settings.model_copy(update={"stages": stages, "attributes": {"manager": {}}})


@pytest.fixture
def lines() -> pd.DataFrame:
    parts = []
    for name, base, target, sale in (("Anna", 60, 30, 12), (EVIL, 60, 10, 2), ("New", 3, 1, 0)):
        for stage, whole, part in (("target", base, target), ("sale", target, sale)):
            counts = (
                pd.Series([whole] * 6),
                pd.Series([part] * 6),
                pd.Series([0.4 if stage == "target" else 0.35] * 6),
            )
            told = beside(*counts).assign(
                value=name,
                stage=stage,
                cohort_week=WEEKS,
                period="4weeks",
                period_start=WEEKS,
                weeks=4,
                at_age=4,
            )
            parts.append(told)
    return pd.concat(parts, ignore_index=True)


def wide(lines: pd.DataFrame) -> pd.DataFrame:
    found = judged(lines, ["value"], ["stage"])
    table = found.pivot(index="value", columns="stage", values=["rate", "expected", "differs", "few"])
    table.columns = [f"{stage}_{fact}" for fact, stage in table.columns]
    leads = found[found["stage"] == "target"].set_index("value")["base"].rename("leads")
    return table.join(leads).sort_values("leads", ascending=False, kind="stable").reset_index()


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_manager_who_differs_has_an_arrow_and_one_with_few_leads_is_named_alone(company, lines, language):
    grid = people_tables.managers_grid(wide(lines), 4, company, Texts(language))
    rows = {row.cells[0].text: [cell.text for cell in row.cells] for row in grid.rows}
    assert rows["Anna"][2].startswith("▲") and rows[EVIL][2].startswith("▼")
    assert set(rows) == {"Anna", EVIL}
    assert any("New" in note and "30" in note for note in grid.notes)
    assert "<script>" not in str(grid._repr_mimebundle_())


def test_managers_and_reasons_are_drawn(company, lines):
    summary = judged(lines, ["value"], ["stage"])
    assert people_charts.drawn(summary, company) == sorted(["Anna", EVIL], key=lambda name: name)
    people_charts.managers_over_time(lines, summary, company, Texts("ru"))
    reasons = lines[lines["stage"] == "target"].rename(columns={"value": "reason"})
    people_charts.reasons_over_time(
        reasons.replace({"reason": {"New": OTHER}}), ["New"], company, Texts("en")
    )
    assert people_charts.reason_name(OTHER, Texts("en")) == "other reasons"
    assert people_charts.reason_name("", Texts("en")) == "not given"


@pytest.mark.parametrize(("language", "other"), [("en", "other reasons"), ("ru", "другие причины")])
def test_unknown_reasons_are_told(company, language, other):
    table = pd.DataFrame(
        {"reason": ["dear", OTHER, ""], "lost": [70, 18, 12], "of": 100, "share": [0.7, 0.18, 0.12],
         "low": [0.6, 0.1, 0.08], "high": [0.8, 0.2, 0.2], "lead_lost": [70, 18, 12],
         "lead_share": [0.7, 0.18, 0.12]}
    )  # fmt: skip
    grid = people_tables.losses_grid(table, company, Texts(language))
    assert [row.cells[0].text for row in grid.rows] == ["dear", other, Texts(language).t("not_given")]
    assert any("12\u00a0%" in note for note in grid.notes)
    empty = people_tables.losses_grid(table.head(0), company, Texts(language))
    assert not empty.rows and not empty.notes


def test_who_waits_more_than_others_has_an_arrow(company):
    rows = [("", "", 100, 40, 0.4, float("nan"), False), ("manager", "Anna", 60, 40, 0.67, 0.4, True),
            ("manager", "Boris", 40, 0, 0.0, 0.4, True)]  # fmt: skip
    frame = pd.DataFrame(
        rows, columns=["attribute", "value", "base", "reached", "rate", "expected", "differs"]
    )
    frame = frame.assign(lead_open=frame["base"], lead_waiting=frame["reached"])
    grid = waiting_grid(frame, {"lead": 1.9}, company, Texts("en"))
    texts = [[cell.text for cell in row.cells] for row in grid.rows]
    assert texts[0][:5] == ["All leads", "100", "40", "40\u00a0%", ""]
    assert texts[1][3].startswith("▲") and texts[2][3].startswith("▼")
    assert any("1.9" in note for note in grid.notes)


def test_nothing_to_show_is_no_error(company):
    columns = ["value", "stage", "cohort_week", "base", "reached"]
    nothing = judged(pd.DataFrame(columns=columns), ["value"], ["stage"])
    grid = people_tables.managers_grid(pd.DataFrame(columns=["value", "leads"]), 0, company, Texts("en"))
    assert not grid.rows
    assert not grid.notes
    people_charts.managers_over_time(pd.DataFrame(columns=["value"]), nothing, company, Texts("en"))
    people_charts.reasons_over_time(pd.DataFrame(columns=["reason"]), [], company, Texts("en"))
    empty = pd.DataFrame(columns=["attribute", "value", "base", "reached", "rate", "expected", "differs"])
    assert not waiting_grid(empty, {}, company, Texts("ru")).rows


@pytest.mark.parametrize("language", ["en", "ru"])
def test_each_emptiness_has_its_own_reason(company, lines, language):
    texts = Texts(language)
    few = wide(lines).assign(target_few=True, sale_few=True)
    assert not people_tables.managers_grid(few, 4, company, texts).rows
    nobody = company.model_copy(update={"attributes": {}})
    none = pd.DataFrame(columns=["value", "leads"])
    assert people_tables.managers_grid(none, 0, nobody, texts).empty == texts.t("empty_no_manager")
    assert people_tables.managers_grid(none, 0, company, texts).empty == texts.t("empty_managers")
    segments = pd.DataFrame(columns=["attribute", "value", "reason"])
    alike = people_tables.segments_grid(segments, ["dear", ""], company, texts)
    untold = people_tables.segments_grid(segments, [""], company, texts)
    assert (alike.empty, untold.empty) == (texts.t("empty_losses_segments"), texts.t("empty_losses"))
    unknown = pd.DataFrame({"reason": [""], "lost": [9], "of": 9, "share": 1.0, "low": 0.7, "high": 1.0})
    assert not people_tables.losses_grid(unknown, company, texts).rows, "a table of no reason tells nothing"
    drawn = [people_charts.reasons_over_time(segments, given, company, texts) for given in (["dear"], [])]
    assert [one.alt for one in drawn] == [texts.t("empty_losses_untimed"), texts.t("empty_losses")]
