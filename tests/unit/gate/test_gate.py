"""What did not get in, stopped or lies ahead: import, check, report and page 1 tell it in the same words."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from funnel import settings as settings_file
from funnel.dates import AsOf
from funnel.edition.compute import compute
from funnel.gate.attributes import FILLED_COLUMNS, filled, writings
from funnel.gate.feeds import stopped, usual_end
from funnel.gate.rules import finding, findings
from funnel.present.money.tables import telling_grid
from funnel.present.parts.gate_words import sentences
from funnel.present.parts.texts import Texts
from funnel.present.quality.tables import caveats
from funnel.publish import workbook
from funnel.warehouse import Warehouse
from tests.conftest import new_project

SETTINGS = """
timezone: Europe/Moscow
stages: [{key: target}, {key: sale}]
attributes: {channel: {}}
schema: 2
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "funnel.yml").write_text(SETTINGS)
    return tmp_path


@pytest.fixture
def run(funnel: Any, project: Path) -> Any:
    return lambda *words: funnel("--config", project / "funnel.yml", *words)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A project that could make a report."""
    return new_project(tmp_path, SETTINGS)


def leads(folder: Path, days: pd.DatetimeIndex, each: int = 5, *, prefix: str = "L", **columns: str) -> Path:
    folder.mkdir(exist_ok=True)
    created = days.repeat(each)
    frame = pd.DataFrame({"lead_id": [f"{prefix}{number}" for number in range(len(created))]})
    frame["created_at"] = created.strftime("%Y-%m-%d 10:00")
    frame.assign(**columns).to_csv(folder / "leads.csv", index=False)
    return folder


def entries(folder: Path, days: pd.DatetimeIndex, stage: str = "target", prefix: str = "L") -> Path:
    frame = pd.DataFrame({"lead_id": [f"{prefix}{number}" for number in range(len(days))], "stage": stage})
    frame["entered_at"] = days.strftime("%Y-%m-%d 12:00")
    frame.to_csv(folder / "stage_entries.csv", index=False)
    return folder


DAYS = pd.date_range("2026-06-01", "2026-10-18", freq="D")


def page_one(project: Path, day: dt.date) -> tuple[str, ...]:
    chosen = settings_file.load(project / "funnel.yml")
    with Warehouse.open(chosen.path("warehouse"), chosen) as house:
        edition = compute(house, chosen, day)
    told = caveats(
        edition.problems,
        edition.data_end,
        Texts("en"),
        sentences(edition.findings, chosen, Texts("en"), page=True),
    )
    return tuple(line.replace("\u00a0", " ") for line in told)  # a terminal knows no no-break space


def test_case_04_a_file_of_which_no_row_could_be_used_is_no_success(
    run: Any, whole: Path, project: Path
) -> None:
    assert run("import", leads(project / "one", DAYS)).code == 0
    second = project / "two"
    second.mkdir()
    (second / "leads.csv").write_text("lead_id,created_at\n1,20 of October\n2,21 of October\n")
    result = run("import", second)
    assert result.code == 1
    last = result.err.strip().splitlines()[-1]
    assert "none of the 2 rows of" in last and "No report is made of this" in last
    checked = run("check")
    assert checked.code == 1 and last in checked.err
    report = run("report", "--date", "2026-10-19", "--no-import")
    assert report.code == 1 and last in report.err
    assert not (project / "archive").exists()
    (second / "leads.csv").write_text("lead_id,created_at\n1,2026-10-20\n2,2026-10-21\n")
    assert run("import", second).code == 0
    assert "none of the 2 rows" not in run("check").err


def test_a_first_import_without_one_usable_row_ends_with_1(run: Any, project: Path) -> None:
    folder = project / "in"
    folder.mkdir()
    (folder / "leads.csv").write_text("lead_id,created_at\n1,20 of October\n")
    for words in (("import", folder), ("check",)):
        result = run(*words)
        assert result.code == 1 and "none of the 1 rows" in result.err, result.err


def test_case_19_more_than_one_per_cent_set_aside_is_told_on_page_one(run: Any, project: Path) -> None:
    folder = leads(project / "in", DAYS)
    with (folder / "leads.csv").open("a") as file:
        file.writelines(f"X{number},\n" for number in range(40))
    imported = run("import", folder)
    assert imported.code == 0
    share = 40 / (40 + 5 * len(DAYS))
    (told,) = (line for line in page_one(project, dt.date(2026, 10, 19)) if "set aside" in line)
    assert f"40 rows ({share * 100:.1f} %) were set aside" in told
    assert "reason: an empty cell that every row needs (column created_at). To do" in told
    assert told.startswith("‡ ")  # the mark that numbers bear which rest on it
    assert told[2:] in imported.err and told[2:] in run("check").err


def test_less_than_one_per_cent_is_not(run: Any, project: Path) -> None:
    folder = leads(project / "in", DAYS)
    with (folder / "leads.csv").open("a") as file:
        file.write("X,\n")
    run("import", folder)
    assert not [line for line in page_one(project, dt.date(2026, 10, 19)) if "set aside" in line]


def test_the_workbook_marks_what_rests_on_a_table_with_gaps(run: Any, whole: Path, tmp_path: Path) -> None:
    folder = entries(leads(whole / "in", DAYS, channel="vk"), DAYS)
    cost = ["x" if number % 50 == 0 else "10" for number in range(len(DAYS))]
    spend = pd.DataFrame({"date": DAYS.strftime("%Y-%m-%d"), "channel": "vk", "cost": cost})
    spend.to_csv(folder / "spend.csv", index=False)
    assert run("import", folder).code == 0
    chosen = settings_file.load(whole / "funnel.yml")
    with Warehouse.open(chosen.path("warehouse"), chosen) as house:
        edition = compute(house, chosen, dt.date(2026, 10, 19))
        gathered = workbook.gather(house, edition)
    workbook.write(tmp_path / "w.xlsx", gathered, edition, Texts("en"))
    book = openpyxl.load_workbook(tmp_path / "w.xlsx")
    marked = [sheet.title for sheet in book if str(sheet["A2"].value).startswith("‡ Ad spend: 3 rows")]
    assert marked[:3] == ["Pivot", "channel by stage", "Formulas"], book.sheetnames
    assert not {"Cohorts", "Forecast"} & set(marked)
    heads, meaning = marked_heads(book)
    assert heads == ["Ad spend"] and meaning.startswith("‡ Ad spend: 3 rows")
    gap = finding("rejected", "stage_entries", rows=7, of=90, share=0.08)
    short = findings([pd.DataFrame([gap])], chosen.gate, dt.date(2026, 10, 19))
    workbook.write(tmp_path / "v.xlsx", gathered, replace(edition, findings=short), Texts("en"))
    book = openpyxl.load_workbook(tmp_path / "v.xlsx")
    bare = [
        name for name in book.sheetnames if not str(book[name]["A2"].value).startswith("‡ Stage entries: 7")
    ]
    assert bare == ["Definitions", "Data"], book.sheetnames
    heads, meaning = marked_heads(book)
    assert heads == ["target", "sale"] and meaning.startswith("‡ Stage entries: 7 rows")
    calm = replace(edition, findings=edition.findings.iloc[:0])
    workbook.write(tmp_path / "u.xlsx", gathered, calm, Texts("en"))
    assert marked_heads(openpyxl.load_workbook(tmp_path / "u.xlsx")) == ([], "None")


def marked_heads(book: openpyxl.Workbook) -> tuple[list[str], str]:
    """Return the heads of the flat data that show the mark, and what stands beside the table."""
    first = list(book["Data"][1])
    width = next(n for n, cell in enumerate([*first, None]) if cell is None or cell.value is None)
    heads = [str(cell.value) for cell in first[:width] if cell.number_format == '@" ‡"']
    assert {cell.value for cell in first[width:-1]} <= {None}
    return heads, str(first[-1].value if len(first) > width else None)


def test_a_fifth_of_the_newest_weeks_is_refused_and_of_old_ones_told(run: Any, project: Path) -> None:
    folder = leads(project / "in", DAYS)
    text = (folder / "leads.csv").read_text()
    old = "".join(f"X{number},2025-06-0{1 + number % 9} 25:00\n" for number in range(120))
    (folder / "leads.csv").write_text(text + old)
    assert run("import", folder).code == 0
    (folder / "leads.csv").write_text(text + old.replace("2025-06-", "2026-10-"))
    refused = run("import", folder)
    assert refused.code == 1 and "No report is made of this" in refused.err


def test_stages_that_are_not_configured_are_told_as_such(run: Any, project: Path) -> None:
    folder = entries(leads(project / "in", DAYS), DAYS, stage="Target!")
    result = run("import", folder)
    assert result.code == 1 and "none of the 140 rows" in result.err
    good = entries(project / "in", DAYS)
    with (good / "stage_entries.csv").open("a") as file:
        file.writelines(f"L{number},Won,2026-06-0{1 + number % 9} 12:00\n" for number in range(20))
    told = run("import", folder)
    assert told.code == 0 and "20 rows (12.5 %) bear a stage that is not configured" in told.err


def test_an_accepted_gap_is_told_with_its_reason_and_refuses_nothing(run: Any, project: Path) -> None:
    run("import", leads(project / "one", DAYS))
    (project / "two").mkdir()
    (project / "two" / "leads.csv").write_text("lead_id,created_at\n1,20 of October\n")
    accepted = "gate: {accepted: [{table: leads, reason: a test list, until: 2026-10-31}]}\n"
    (project / "funnel.yml").write_text(SETTINGS + accepted)
    result = run("import", project / "two")
    assert result.code == 0 and "Accepted in funnel.yml: a test list" in result.err
    assert any(
        "Accepted in funnel.yml: a test list" in line for line in page_one(project, dt.date(2026, 10, 19))
    )
    (project / "funnel.yml").write_text(SETTINGS + accepted.replace("2026-10-31", "2026-10-01"))
    assert run("check").code == 1


def test_case_16_leads_that_stopped_are_the_first_line_and_fail_the_check(run: Any, project: Path) -> None:
    folder = entries(leads(project / "in", DAYS[:-21]), DAYS)
    assert run("import", folder).code == 0
    checked = run("check")
    assert checked.code == 1
    first = page_one(project, dt.date(2026, 10, 19))[0]
    assert first.startswith("‡ Leads: none since 27 Sep 2026, although other data go on until 18 Oct 2026")
    assert first[2:] in checked.err


def test_stray_rows_far_ahead_do_not_move_the_end_of_the_data(run: Any, project: Path) -> None:
    folder = entries(leads(project / "in", DAYS), DAYS)
    with (folder / "stage_entries.csv").open("a") as file:
        file.writelines(f"L{number},sale,2027-04-10 12:00\n" for number in range(3))
    run("import", folder)
    chosen = settings_file.load(project / "funnel.yml")
    with Warehouse.open(chosen.path("warehouse"), chosen) as house:
        assert house.last_day() == dt.date(2026, 10, 18)
    assert "3 rows are dated after 18 Oct 2026" in run("check").err


def test_a_holiday_of_three_weeks_and_a_company_of_two_leads_a_week_have_not_stopped() -> None:
    days = DAYS[DAYS.dayofweek < 2]
    kept = days[(days < "2026-08-01") | (days > "2026-08-22")]
    daily = pd.DataFrame({"table": "leads", "day": kept, "rows": 1})
    other = pd.DataFrame({"table": "stage_entries", "day": DAYS, "rows": 3})
    both = pd.concat([daily, other])
    assert usual_end(both) == dt.date(2026, 10, 18)
    for day in pd.date_range("2026-08-03", "2026-10-19", freq="7D"):
        past = both[both["day"] < day]
        assert stopped(past, day.date()).empty, day


@pytest.mark.parametrize("a_week, weeks", [(150.0, 6), (5.0, 6), (5.0, 7), (1.0, 6), (150.0, 7)])
def test_a_pause_of_weeks_moves_no_default_date_on_any_day_after_it(a_week: float, weeks: int) -> None:
    rng = np.random.default_rng(int(a_week) + weeks)
    days = pd.date_range("2024-01-01", "2026-06-30", freq="D")
    rows = rng.poisson(a_week / 7, len(days)) * (
        (days < "2026-03-02") | (days >= _after("2026-03-02", weeks))
    )
    daily = pd.DataFrame({"table": "leads", "day": days, "rows": rows})
    daily = daily[daily["rows"] > 0]
    for day in pd.date_range(_after("2026-03-02", weeks), "2026-06-30", freq="D"):
        known = daily[daily["day"] < day]
        assert usual_end(known) == known["day"].max().date(), day


def _after(day: str, weeks: int) -> pd.Timestamp:
    return pd.Timestamp(day) + pd.Timedelta(weeks=weeks)


@pytest.mark.parametrize("a_week", [150.0, 5.0])
def test_after_a_season_of_five_months_the_end_is_found_again_within_the_first_weeks(a_week: float) -> None:
    rng = np.random.default_rng(2)
    days = pd.date_range("2024-01-01", "2026-06-30", freq="D")
    rows = rng.poisson(a_week / 7, len(days)) * ((days < "2025-10-01") | (days >= "2026-03-02"))
    daily = pd.DataFrame({"table": "leads", "day": days, "rows": rows})
    daily = daily[daily["rows"] > 0]
    for day in pd.date_range("2026-03-23" if a_week < 10 else "2026-03-05", "2026-06-30", freq="D"):
        known = daily[daily["day"] < day]
        assert usual_end(known) == known["day"].max().date(), day


@pytest.mark.parametrize("a_week", [150.0, 5.0])
def test_three_rows_of_mistyped_years_are_stray_for_a_small_company_too(a_week: float) -> None:
    rng = np.random.default_rng(3)
    days = pd.date_range("2024-01-01", "2025-12-31", freq="D")
    daily = pd.DataFrame({"table": "leads", "day": days, "rows": rng.poisson(a_week / 7, len(days))})
    daily = daily[daily["rows"] > 0]
    end = daily["day"].max().date()
    for _ in range(50):
        far = pd.Timestamp("2026-03-10") + pd.to_timedelta(np.sort(rng.integers(0, 280, 3)), unit="D")
        stray = pd.DataFrame({"table": "leads", "day": far, "rows": 1}).drop_duplicates("day")
        assert usual_end(pd.concat([daily, stray])) == end, far


def test_stages_at_creation_that_are_real_are_said_to_be_so(run: Any, project: Path) -> None:
    folder = leads(project / "in", DAYS, channel="vk")
    frame = pd.read_csv(folder / "leads.csv")
    bought = frame.iloc[::3].rename(columns={"created_at": "entered_at"})[["lead_id", "entered_at"]]
    both = pd.concat([bought.assign(stage=stage) for stage in ("target", "sale")])
    both.to_csv(folder / "stage_entries.csv", index=False)
    told = run("import", folder).err.replace("\n", " ")
    assert "gate: {at_creation: real}" in told
    checked = run("check")
    assert checked.code == 1 and "gate: {at_creation: real}" in checked.err.replace("\n", " ")
    (project / "funnel.yml").write_text(SETTINGS + "gate: {at_creation: real}\n")
    assert run("check").code == 0
    chosen = settings_file.load(project / "funnel.yml")
    with Warehouse.open(chosen.path("warehouse"), chosen) as house:
        as_of = AsOf(dt.date(2026, 10, 19), house.known_at())
        assert house.reached(as_of)["stamped"].sum() == 0
        assert "created" not in set(house.findings(as_of)["kind"])


def test_a_report_is_refused_before_anything_is_computed(
    run: Any, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("computed")

    run("import", leads(whole / "one", DAYS))
    (whole / "two").mkdir()
    (whole / "two" / "leads.csv").write_text("lead_id,created_at\n1,20 of October\n")
    run("import", whole / "two")
    monkeypatch.setattr("funnel.edition.compute.compute", never)
    monkeypatch.setattr("funnel.publish.kernels.warm", never)
    report = run("report", "--date", "2026-10-19", "--no-import")
    assert report.code == 1 and "No report is made: too much" in report.err


def test_when_everything_ends_no_feed_has_stopped() -> None:
    tables = [pd.DataFrame({"table": name, "day": DAYS, "rows": 9}) for name in ("leads", "payments")]
    assert stopped(pd.concat(tables), dt.date(2026, 12, 1)).empty


def test_case_20_the_writings_of_one_value_are_named(run: Any, project: Path) -> None:
    folder = project / "in"
    folder.mkdir()
    (folder / "leads.csv").write_text(
        "lead_id,created_at,channel\n1,2026-06-01,Avito\n2,2026-06-02,avito\n3,2026-06-05,AVITO\n4,2026-06-06,Авито\n"
        "5,2026-06-06,Avito\n6,2026-06-07,Yandex\n"
    )
    run("import", folder)
    found = json.loads(run("check", "--format", "json").out)
    (told,) = (row["problem"] for row in found if "one value in several writings" in str(row["problem"]))
    assert re.search("several writings: Avito = ", told) and "Авито" in told and "Yandex" not in told


def test_what_is_known_only_of_leads_that_advanced_is_a_leak() -> None:
    ways = {
        "manager": [(200, 162), (40, 2), (20, 0)],  # given at acceptance: of 162 without one 2 were accepted
        "region": [(200, 100), (40, 21), (20, 9)],  # leads without one go on like the others
        "shop": [(200, 196), (40, 39), (20, 19)],
        "city": [(200, 185), (40, 25), (20, 0)],  # filled in for buyers
    }
    rows = [(name, leads, empty, *steps[0]) for name, steps in ways.items() for leads, empty in steps]
    found = filled(pd.DataFrame(rows, columns=list(FILLED_COLUMNS)), ("lead", "target", "sale"))
    assert found[["kind", "column", "example"]].values.tolist() == [
        ["leak", "manager", "target"],
        ["empty", "shop", ""],
        ["leak", "city", "sale"],
    ]


def test_a_leak_that_new_leads_have_no_more_is_none_and_without_new_leads_it_is() -> None:
    past = [("manager", 200, 162), ("manager", 40, 2)]
    for newest, kinds in (((30, 0), []), ((30, 9), ["leak"]), ((0, 0), ["leak"])):
        rows = [(*one, *newest) for one in past]
        found = filled(pd.DataFrame(rows, columns=list(FILLED_COLUMNS)), ("lead", "target"))
        assert (found["kind"].tolist() if len(found) else []) == kinds


def test_an_attribute_that_tells_the_outcome_is_named_and_tells_nothing_most(run: Any, whole: Path) -> None:
    folder = leads(whole / "in", DAYS, 8)
    frame = pd.read_csv(folder / "leads.csv")
    came = frame.index[frame.index % 4 == 0]
    later = pd.to_datetime(frame["created_at"][came]) + pd.Timedelta(days=2)
    entered = later.dt.strftime("%Y-%m-%d 12:00")
    ways = {"lead_id": frame["lead_id"][came], "entered_at": entered}
    steps = [pd.DataFrame(ways | {"stage": stage}) for stage in ("target", "sale")]
    pd.concat([steps[0], steps[1][::2]]).to_csv(folder / "stage_entries.csv", index=False)
    frame["manager"] = ["" if number % 4 else "Ann" if number % 8 else "Bob" for number in frame.index]
    frame["channel"] = ["vk" if number % 3 else "" for number in frame.index]
    frame.to_csv(folder / "leads.csv", index=False)
    (whole / "funnel.yml").write_text(SETTINGS.replace("{channel: {}}", "{channel: {}, manager: {}}"))
    run("import", folder)
    told = run("check").err.replace("\n", " ")
    assert "manager: leads without a value hardly ever reach target" in told
    assert "values: {manager: {'...': ['']}}" in told and "channel: leads without" not in told
    chosen = settings_file.load(whole / "funnel.yml")
    with Warehouse.open(chosen.path("warehouse"), chosen) as house:
        results = compute(house, chosen, dt.date(2026, 10, 19)).results
    assert set(results["telling_slices"]["attribute"]) <= {"channel"}
    last = results["telling"].iloc[-1]
    assert last["attribute"] == "manager" and pd.isna(last["effect"])
    grid = telling_grid(results["telling_slices"], results["telling"], chosen, Texts("en"))
    assert grid.notes[-1].endswith(": manager.")
    assert "manager" not in set(results["change"]["attribute"])
    named = SETTINGS.replace("{channel: {}}", "{channel: {}, manager: {}}")
    (whole / "funnel.yml").write_text(named + "values: {manager: {nobody: ['']}}\n")
    assert "manager: leads without" not in run("check").err


def test_values_that_only_resemble_each_other_are_not_one() -> None:
    values = pd.DataFrame(
        {"attribute": "channel", "value": ["Ann", "Anna", "Web 1", "Web 2", "web  1"], "leads": 3}
    )
    found = writings(values, {})
    assert found["example"].tolist() == ["Web 1 = web  1"]


def test_the_gate_knows_what_was_missing_at_any_knowledge_time(run: Any, project: Path) -> None:
    run("import", leads(project / "one", DAYS))
    chosen = settings_file.load(project / "funnel.yml")
    with Warehouse.open(chosen.path("warehouse"), chosen) as house:
        before = house.known_at()
    (project / "two").mkdir()
    (project / "two" / "leads.csv").write_text("lead_id,created_at\n1,20 of October\n")
    run("import", project / "two")
    with Warehouse.open(chosen.path("warehouse"), chosen) as house:
        day = dt.date(2026, 10, 19)
        assert "unusable" not in set(house.findings(AsOf(day, before))["kind"])
        assert "unusable" in set(house.findings(AsOf(day, house.known_at()))["kind"])
