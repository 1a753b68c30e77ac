import dataclasses
import datetime as dt
import re
import zipfile
from decimal import Decimal

import openpyxl
import pandas as pd
import pytest

from funnel.logbook import Initiative
from funnel.present.parts.final import Expected
from funnel.present.parts.texts import Texts
from funnel.present.workbook import Contents, Listing, Shown, listings
from funnel.present.workbook.cells import sheet_name

REPORT = dt.date(2022, 9, 26)
STAGES = ("target", "qualified", "proposal", "sale")


def texts_of(path):
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name).decode("utf-8") for name in package.namelist()}


def test_the_same_contents_give_the_same_bytes(contents, write):
    assert write(contents, name="a.xlsx").read_bytes() == write(contents, name="b.xlsx").read_bytes()


def test_the_document_says_the_report_date_and_not_today(contents, write):
    properties = openpyxl.load_workbook(write(contents)).properties
    assert properties.created == properties.modified == dt.datetime(2022, 9, 26)
    assert "26 Sep 2022" in properties.subject


def test_there_is_no_macro_and_no_link_to_the_outside(contents, write):
    for name, text in texts_of(write(contents)).items():
        assert not re.search(r"vba|external|macro|connections|hyperlink", name, re.I), name
        assert "TargetMode" not in text, name
        if name.endswith(".rels"):
            assert all(
                not target.startswith(("http", "file", "\\"))
                for target in re.findall('Target="([^"]+)"', text)
            )


@pytest.mark.parametrize("language", ["en", "ru"])
def test_text_that_looks_like_a_formula_is_text_everywhere(contents, write, language):
    frame = pd.DataFrame({"name": ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "plain"]})
    shown = dataclasses.replace(
        contents, listings=[Listing("=List", frame, [Shown("name", "=Head")], "=note")]
    )
    book = openpyxl.load_workbook(write(shown, language))
    formulas = [
        (sheet.title, cell.coordinate)
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    texts = Texts(language)
    assert {title for title, _ in formulas} == {texts.t("wb_sheet_cohorts"), texts.t("wb_sheet_formulas")}
    sheet = book.worksheets[-2]
    assert (
        sheet["A5"].value == "=cmd|' /C calc'!A0" and sheet["A5"].data_type == "s" and sheet["A5"].quotePrefix
    )
    assert not sheet["A9"].quotePrefix


def test_what_cannot_be_seen_or_would_be_decoded_is_made_harmless(contents, write):
    written = texts_of(write(contents))
    data = written["xl/worksheets/sheet5.xml"]
    assert "\u202e" not in "".join(written.values())
    assert "_x005F_x0041_" in data and ">_x0041_" not in data


def test_the_flat_data_are_all_there_as_dates_numbers_and_text(contents, write):
    sheet = openpyxl.load_workbook(write(contents)).worksheets[-1]
    head, *rows = sheet.iter_rows(values_only=True)
    data, flat = pd.DataFrame(rows, columns=head), contents.flat
    assert len(data) == len(flat)
    assert data["Cohort week"].tolist() == flat["cohort_week"].tolist()
    assert data["Leads"].tolist() == flat["leads"].tolist()
    assert data["Ad spend"].sum() == pytest.approx(float(sum(flat["spend"])))
    assert sheet["D2"].number_format == "yyyy\\-mm\\-dd" and sheet["D2"].is_date
    assert set(data["Manager"]) == {"Anna", "Boris", "not given"}
    ages = [(REPORT - week.date()).days // 7 - 1 for week in flat["cohort_week"]]
    assert data["Age, weeks"].tolist() == ages
    assert (data["Ripe"] == "no").tolist() == [age < 4 for age in ages]
    last = set(contents.cohorts["cohort_week"])
    assert (data["Cohorts"] == "last 13 cohorts").tolist() == [week in last for week in flat["cohort_week"]]


def test_the_flat_data_are_a_table_of_which_the_heads_alone_are_printed(contents, write):
    sheet = openpyxl.load_workbook(write(contents))["Data"]
    (table,) = sheet.tables.values()
    assert table.ref == sheet.dimensions and table.autoFilter.ref == table.ref
    assert table.column_names == [cell.value for cell in sheet[1]]
    assert sheet.print_area.endswith(f"$A$1:${sheet.cell(1, sheet.max_column).column_letter}$1")


def test_every_sheet_is_frozen_wide_enough_and_ready_to_print(contents, write):
    for sheet in openpyxl.load_workbook(write(contents)).worksheets:
        assert sheet.freeze_panes is not None
        assert sheet.print_area and sheet.print_title_rows
        assert sheet.page_setup.orientation == "landscape" and sheet.sheet_properties.pageSetUpPr.fitToPage
        assert all(size.width >= 8 for size in sheet.column_dimensions.values())


def test_what_stands_on_the_left_has_its_head_there_and_room_beside_a_number(contents, write):
    long = "It was found out that " * 20
    frame = pd.DataFrame({"leads": [7, 8], "day": [REPORT, REPORT], "finding": ["short", long]})
    columns = [
        Shown("leads", "Leads", "count"),
        Shown("day", "From week", "date"),
        Shown("finding", "Finding"),
    ]
    shown = dataclasses.replace(contents, listings=[Listing("List", frame, columns)])
    book = openpyxl.load_workbook(write(shown))
    assert book["List"].row_dimensions[4].height == 30  # the indent leaves no room for "From week" on a line
    for row in book["List"].iter_rows(min_row=4, max_row=6, min_col=2):
        assert {(cell.alignment.horizontal, cell.alignment.indent) for cell in row} == {("left", 1)}
    assert {cell.alignment.vertical for cell in (*book["List"][5], *book["List"][6])} == {"top"}
    for head, below in zip(book["Data"][1], book["Data"][2], strict=True):
        on_the_left = isinstance(below.value, str | dt.datetime)
        assert head.alignment.horizontal == ("left" if on_the_left else "right")
        assert (below.alignment.horizontal == "left") == on_the_left


def evaluate(sheet, where):
    """Calculate the few kinds of formulas the cohort sheet has."""
    value = sheet[where].value
    if not isinstance(value, str) or not value.startswith("="):
        return value
    if found := re.fullmatch(r"=SUM\((\w+):(\w+)\)", value):
        return sum(cell.value for (cell,) in sheet[f"{found[1]}:{found[2]}"])
    if found := re.fullmatch(r'=IF\((\w+)=0,"",(\w+)/(\w+)\)', value):
        assert found[1] == found[3]
        below = evaluate(sheet, found[1])
        return "" if below == 0 else evaluate(sheet, found[2]) / below
    found = re.fullmatch(r'=IF\(OR\(N\((\w+)\)=0,(\w+)=""\),"",(\w+)/(\w+)-1\)', value)
    assert found and found[1] == found[4] and found[2] == found[3]
    before, own = evaluate(sheet, found[1]), evaluate(sheet, found[2])
    return "" if before in (0, "") or own == "" else own / before - 1


def test_the_live_formulas_of_the_cohort_table_give_the_reports_numbers(contents, write, settings):
    path = write(contents)
    live = openpyxl.load_workbook(path).worksheets[0]
    cached = openpyxl.load_workbook(path, data_only=True).worksheets[0]
    for row, record in enumerate(contents.cohorts.to_dict("records"), start=5):
        expected = {
            f"{column}{row}": record[f"{stage}_rate"] for column, stage in zip("FHJL", STAGES, strict=True)
        }
        expected |= {f"M{row}": record["overall_rate"], f"N{row}": record["overall_change"]}
        for where, value in expected.items():
            unripe = record["age_weeks"] < settings.young_weeks
            if where == "N5" or (where.startswith("N") and unripe):  # nothing to compare with, as on the page
                assert live[where].value is None
                continue
            assert str(live[where].value).startswith("=")
            wanted = "" if pd.isna(value) else pytest.approx(value)
            assert evaluate(live, where) == wanted
            assert (cached[where].value or "") == wanted or cached[where].value == wanted
    total = 5 + len(contents.cohorts)
    assert evaluate(live, f"D{total}") == cached[f"D{total}"].value == contents.cohorts["leads"].sum()
    whole = contents.cohorts["sale"].sum() / contents.cohorts["leads"].sum()
    assert evaluate(live, f"M{total}") == pytest.approx(whole)


def test_the_cohort_table_has_its_heat_map_in_the_palette(contents, write, settings):
    sheet = openpyxl.load_workbook(write(contents)).worksheets[0]
    scales = [
        rule for rules in sheet.conditional_formatting for rule in rules.rules if rule.type == "colorScale"
    ]
    assert len(scales) == 5
    assert {colour.rgb for scale in scales for colour in scale.colorScale.color} == {"FFF7FAFC", "FF8FB8DC"}


def test_sheets_are_named_in_both_languages(contents, write, settings):
    shown = dataclasses.replace(contents, listings=[listings.meanings(settings, Texts("ru"))])
    assert openpyxl.load_workbook(write(contents)).sheetnames == [
        "Cohorts",
        "Pivot",
        "Manager by stage",
        "Formulas",
        "Data",
    ]
    names = openpyxl.load_workbook(write(shown, "ru")).sheetnames
    assert names == ["Когорты", "Сводная", "Менеджер по этапам", "Формулы", "Определения", "Данные"]


def test_a_history_without_leads_gives_a_workbook_without_pivots(contents, write):
    empty = Contents(
        contents.report_date, contents.flat.head(0), contents.attributes, contents.cohorts.head(0)
    )
    book = openpyxl.load_workbook(write(empty))
    assert book.sheetnames == ["Cohorts"]


def test_without_any_attribute_there_is_one_pivot(contents, write):
    bare = dataclasses.replace(contents, attributes=())
    assert openpyxl.load_workbook(write(bare)).sheetnames == ["Cohorts", "Pivot", "Formulas", "Data"]


def test_initiatives_stand_with_what_was_expected_and_what_was_measured(contents, write, settings):
    item = Initiative.model_validate(
        {
            "id": "chat",
            "title": {"en": "=Chat", "ru": "Чат"},
            "owner": "Anna",
            "start": "2021-06-07",
            "hypotheses": [
                {"metric": "target_rate", "change": 0.2},
                {"metric": "overall_rate", "change": 0.1},
            ],
            "cost": {"money": "300000.50", "hours": 12},
        }
    )
    impact = pd.DataFrame(
        {
            "initiative": ["chat"],
            "metric": ["target_rate"],
            "measured_change": [0.17],
            "low": [0.1],
            "high": [0.24],
            "readable_from": [pd.Timestamp(2021, 9, 6)],
            "verdict": ["confirmed"],
        }
    )
    shown = listings.initiatives([item], impact, settings, Texts("en"))
    sheet = openpyxl.load_workbook(write(dataclasses.replace(contents, listings=[shown]))).worksheets[-2]
    head = [cell.value for cell in sheet[4]]
    rows = [dict(zip(head, row, strict=True)) for row in sheet.iter_rows(min_row=5, values_only=True)]
    assert rows[0]["Initiative"] == "=Chat" and rows[0]["Measured change"] == 0.17
    assert sheet["G5"].number_format == "[>=0.005]+0%;[<=-0.005]\\-0%;0%"  # never -0%
    assert rows[0]["From"] == dt.datetime(2021, 6, 7) and rows[0]["Readable from"] == dt.datetime(2021, 9, 6)
    assert (rows[0]["Metric"], rows[0]["Verdict"]) == ("Leads → Target", "Confirmed")
    assert (rows[1]["Metric"], rows[1]["Verdict"]) == ("Lead-to-sale conversion", None)
    russian = listings.initiatives([item], impact, settings, Texts("ru")).frame
    assert russian["metric"].tolist() == ["Лиды → Целевые", "Конверсия из лида в продажу"]
    assert russian["verdict"].tolist() == ["Подтвердилось", ""]
    assert rows[1]["Measured change"] is None and Decimal(str(rows[1]["Cost"])) == Decimal("300000.5")


def test_an_investigation_of_a_stage_that_is_no_more_is_listed(settings):
    row = {
        "opened": dt.date(2022, 9, 19),
        "attribute": "manager",
        "value": "",
        "stage": "contract",
        "first_week": dt.date(2022, 8, 8),
        "last_week": None,
        "question": "Why?",
        "who": "analyst",
        "state": "data defect",
        "closed": dt.date(2022, 9, 20),
        "finding": "A filter.",
    }
    (shown,) = listings.investigations(pd.DataFrame([row]), settings, Texts("ru")).frame.to_dict("records")
    assert (shown["segment"], shown["stage"]) == ("Менеджер: не указано", "contract")
    assert shown["state"] == Texts("ru").t("state_data_defect")


def test_the_waiting_leads_are_listed_by_id(contents, write, settings):
    frame = pd.DataFrame(
        {
            "lead_id": ["1900123456789012345"],
            "cohort_week": [pd.Timestamp(2022, 1, 3)],
            "stage": ["proposal"],
            "since": [pd.Timestamp(2022, 1, 5, 10)],
            "waited_days": [263.6],
            "limit_days": [250.2],
            "manager": ["Anna"],
            "long_waiting": [1],
        }
    )
    shown = listings.waiting(frame, ["manager"], settings, Texts("en"))
    sheet = openpyxl.load_workbook(write(dataclasses.replace(contents, listings=[shown]))).worksheets[-2]
    row = [cell.value for cell in sheet[5]]
    assert row[0] == "1900123456789012345" and row[2] == "Proposal" and row[-1] == "Anna"
    assert sheet["F4"].value == "Nine of ten waited at most, days" and sheet.row_dimensions[4].height >= 45


def test_a_list_that_is_cut_says_how_many_wait_in_all(settings):
    frame = pd.DataFrame(
        {"lead_id": ["1", "2"], "stage": "sale", "manager": "Anna", "long_waiting": 12345, "waited_days": 9.0}
    )
    for language, words in (("en", "2 of 12,345 are listed"), ("ru", "Показаны 2 из 12\xa0345")):
        assert words in listings.waiting(frame, ["manager"], settings, Texts(language)).note
    all_of_them = frame.assign(long_waiting=2)
    assert "are listed" not in listings.waiting(all_of_them, ["manager"], settings, Texts("en")).note


def forecast_rows(rows):
    frame = pd.DataFrame(rows, columns=["maturity", "final_mean", "tail_share", "reliable", "reason"])
    return frame.assign(
        cohort_week=pd.Timestamp(2022, 9, 12),
        age_weeks=1,
        stage="sale",
        reached=23,
        final_p05=40.0,
        final_p95=64.0,
    )


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_forecast_that_is_not_reliable_yet_is_told_so_instead_of_a_number(settings, language):
    frame = forecast_rows(
        [
            (0.45, 51.3, 0.1, True, ""),
            (0.30, 60.0, 0.7, True, ""),
            (0.20, 70.0, 0.1, False, "missed_lately"),
        ]
    )
    texts = Texts(language)
    shown = listings.forecast(frame, settings, texts)
    assert shown.frame["final_mean"].tolist()[:2] == [51.3, 60.0] and pd.isna(shown.frame["final_mean"][2])
    reason = texts.t("doubt_missed_lately")
    said = [
        texts.t("wb_reliable"),
        texts.t("doubt_mostly_tail"),
        texts.t("wb_not_reliable_because", reason=reason),
    ]
    assert shown.frame["trust"].tolist() == said and shown.columns[-1].name == "trust"
    assert reason in said[2] and texts.t("wb_forecast_doubt") in shown.note
    assert texts.t("wb_forecast_doubt") not in listings.forecast(frame.head(2), settings, texts).note


def test_the_forecast_is_shown_with_its_limits(contents, write, settings):
    frame = forecast_rows([(0.45, 51.3, 0.1, True, "")])
    shown = listings.forecast(frame, settings, Texts("ru"))
    sheet = openpyxl.load_workbook(write(dataclasses.replace(contents, listings=[shown]), "ru")).worksheets[
        -2
    ]
    assert [cell.value for cell in sheet[5]] == [
        dt.datetime(2022, 9, 12),
        1,
        "Продажа",
        23,
        0.45,
        51.3,
        40,
        64,
        "надёжно",
    ]
    assert sheet["E5"].number_format == "0.0%"


def test_the_forecast_begins_with_the_newest_cohort(settings):
    frame = forecast_rows([(0.9, 50.0, 0.1, True, ""), (0.4, 51.0, 0.1, True, "")])
    frame["cohort_week"] = pd.to_datetime(["2022-09-05", "2022-09-12"])
    assert listings.forecast(frame, settings, Texts("en")).frame["cohort_week"].dt.day.tolist() == [12, 5]


def test_every_font_has_a_size(contents, write):
    styles = texts_of(write(contents))["xl/styles.xml"]
    fonts = re.findall(r"<font>.*?</font>", styles.split("<fonts")[1].split("</fonts>")[0])
    assert len(fonts) > 3 and all("<sz " in font for font in fonts)


def test_a_lead_leads_to_its_page_and_a_tricky_id_stays_a_text(contents, write, settings):
    ids = ["1900123456789012345", '=1"+1', "3"]
    frame = pd.DataFrame(
        {
            "lead_id": ids,
            "cohort_week": pd.Timestamp(2022, 1, 3),
            "stage": "proposal",
            "since": pd.Timestamp(2022, 1, 5, 10),
            "waited_days": 263.6,
            "limit_days": 250.2,
            "long_waiting": 3,
            "crm_url": ["https://crm.example/leads/1900123456789012345", "https://crm.example/%3D1", ""],
        }
    )
    shown = listings.waiting(frame, [], settings, Texts("en"))
    sheet = openpyxl.load_workbook(write(dataclasses.replace(contents, listings=[shown]))).worksheets[-2]
    assert sheet["A5"].value == f'=HYPERLINK("https://crm.example/leads/{ids[0]}","{ids[0]}")'
    assert sheet["A6"].value == '=HYPERLINK("https://crm.example/%3D1","=1""+1")'
    assert (sheet["A7"].value, sheet["A7"].data_type) == ("3", "s")
    path = write(dataclasses.replace(contents, listings=[shown]))
    cached = openpyxl.load_workbook(path, data_only=True).worksheets[-2]
    assert [cached[f"A{row}"].value for row in (5, 6, 7)] == ids


def test_of_a_long_list_the_first_rows_are_printed_and_it_says_so(contents, write):
    frame = pd.DataFrame({"name": [f"n{number}" for number in range(500)]})
    shown = dataclasses.replace(contents, listings=[Listing("List", frame, [Shown("name", "Name")], "note")])
    sheet = openpyxl.load_workbook(write(shown))["List"]
    assert sheet.print_area.endswith("$A$1:$A$124") and sheet.max_row == 504
    assert sheet["A2"].value == "note The first 120 rows are printed."


def test_beside_the_cohorts_stands_what_is_expected_and_a_chart_of_both(contents, write):
    weeks = list(contents.cohorts["cohort_week"])
    ahead = [Expected(0.05, 0.04, 0.06, "", True)] * (len(weeks) - 2)
    ahead += [Expected(0.05, 0.04, 0.06, "mostly_tail", True), Expected(0.05, 0, 1, "missed_lately", False)]
    shown = dataclasses.replace(contents, expected=ahead)
    sheet = openpyxl.load_workbook(write(shown)).worksheets[0]
    assert [sheet.cell(4, at).value for at in (15, 16)] == [
        "Expected conversion",
        "Reliability of the forecast",
    ]
    rows = [(sheet.cell(4 + at, 15).value, sheet.cell(4 + at, 16).value) for at in (1, 12, 13)]
    assert rows == [
        (0.05, "reliable"), (0.05, "mostly from the fitted curve"), (None, "not reliable yet"),
    ]  # fmt: skip
    (chart,) = sheet._charts
    refs = [series.val.numRef.f for series in chart.series]
    assert refs == ["'Cohorts'!$M$5:$M$17", "'Cohorts'!$O$5:$O$17"]
    unsure = dataclasses.replace(shown, expected=[ahead[-1]] * len(weeks))
    nothing = openpyxl.load_workbook(write(unsure)).worksheets[0]
    assert len(nothing._charts[0].series) == 1  # no line without a number


def test_what_is_short_is_printed_on_one_page(contents, write):
    book = openpyxl.load_workbook(write(contents))
    assert [book[name].page_setup.fitToHeight for name in ("Cohorts", "Pivot", "Formulas")] == [1, 1, 1]


def test_excels_own_names_and_limits_are_kept():
    assert sheet_name("History", []) == "History 2"
    assert sheet_name("a" * 40, []) == "a" * 30 + "…"
    assert len(sheet_name("a" * 40, ["a" * 30 + "…"])) <= 31
