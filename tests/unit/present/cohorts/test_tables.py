from __future__ import annotations

import datetime as dt
import math
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import font_source_sans_pro
import pandas as pd
import pytest
import typst

from funnel.present.cohorts import charts, tables
from funnel.present.cohorts.headline import headline, read_at
from funnel.present.parts.grid import Grid
from funnel.present.parts.texts import EMPTY, Texts
from funnel.present.quality import tables as data_tables
from funnel.settings import LANGUAGES, Settings
from funnel.warehouse.problems import PROBLEMS
from funnel.warehouse.restated import KINDS
from tests.steps import step

NBSP = "\xa0"
FONTS = [str(Path(font_source_sans_pro.__file__).parent / "files")]


def by_age(triangle: pd.DataFrame) -> Any:
    edition = SimpleNamespace(shown_triangle=lambda: triangle)
    return step("cohorts", "by_age", edition=edition, charts=charts, tables=tables)


def row(grid: Grid, start: str) -> list[str]:
    return next(
        [cell.text for cell in line.cells] for line in grid.rows if line.cells[0].text.startswith(start)
    )


def test_the_reference_cohort(cohorts: pd.DataFrame, settings: Settings) -> None:
    english = row(tables.cohort_grid(cohorts, settings, Texts("en")), "12–18 Sep")
    assert " | ".join(english).replace(NBSP, " ") == (
        "12–18 Sep 2022 * | 1 | 558 | 236 | 42 % | 126 | 53 % | 53 | 42 % | 23 | 43 % | 4.12 % | –"
    )
    russian = row(tables.cohort_grid(cohorts, settings, Texts("ru")), "12.09")
    assert " | ".join(russian).replace(NBSP, " ") == (
        "12.09–18.09.2022 * | 1 | 558 | 236 | 42 % | 126 | 53 % | 53 | 42 % | 23 | 43 % | 4,12 % | –"
    )


def test_unripe_cohorts_carry_a_mark_a_tone_and_a_note(cohorts: pd.DataFrame, settings: Settings) -> None:
    grid = tables.cohort_grid(cohorts, settings, Texts("en"))
    assert [line.tone for line in grid.rows] == ["plain"] * 9 + ["muted"] * 4
    assert [line.cells[0].text.endswith("*") for line in grid.rows] == [False] * 9 + [True] * 4
    assert not any(cell.colour for line in grid.rows[9:] for cell in line.cells)
    (note,) = (note for note in grid.notes if note.startswith("* Unripe: younger than 4 weeks."))
    assert "do not compare them with older cohorts" in note and "change is left out" in note
    assert [line.cells[-1].text == EMPTY for line in grid.rows] == [True] + [False] * 8 + [True] * 4
    ripe = tables.cohort_grid(cohorts.head(9), settings, Texts("en"))
    assert not any("Unripe" in note for note in ripe.notes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_cohort_of_imported_leads_is_marked_and_compared_with_none(
    cohorts: pd.DataFrame, equal_age: pd.DataFrame, triangle: pd.DataFrame, settings: Settings, language: str
) -> None:
    texts = Texts(language)
    alien = frozenset([cohorts["cohort_week"][4]])
    note = {"en": "§ Created in one day", "ru": "§ Созданы за один день"}[language]
    for whole, make in ((cohorts, tables.cohort_grid), (equal_age, tables.equal_age_grid)):
        frame = whole.copy()
        frame.loc[[3, 4, 6], "sale"] = [10, 90, 200]  # more than chance
        grid = make(frame, settings, texts, imported=alien)
        assert [at for at, line in enumerate(grid.rows) if line.cells[0].text.endswith(" §")] == [4]
        assert [bool(line.cells[-1].colour) for line in grid.rows][4:7] == [False, False, True]
        assert sum(note in line for line in grid.notes) == 1
        assert not any("§" in line for line in make(frame, settings, texts).notes)
    grid = tables.triangle_grid(by_age(triangle), settings, texts, alien)
    assert sum(line.cells[0].text.endswith(" §") for line in grid.rows) == 1
    assert any(note in line for line in grid.notes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_cohort_of_few_leads_is_marked_and_no_change_of_it_coloured(
    cohorts: pd.DataFrame, equal_age: pd.DataFrame, triangle: pd.DataFrame, settings: Settings, language: str
) -> None:
    texts = Texts(language)
    few = dict.fromkeys(("leads", "target"), 29)
    note = {"en": "° Fewer than 30 leads", "ru": "° Меньше 30 лидов"}[language]
    for whole, make in ((cohorts, tables.cohort_grid), (equal_age, tables.equal_age_grid)):
        frame = whole.copy()
        frame.loc[4, list(few)] = list(few.values())
        frame.loc[[3, 6], "sale"] = 90  # more than chance
        grid = make(frame, settings, texts)
        assert [line.cells[0].text.endswith(" °") for line in grid.rows] == [
            at == 4 for at in range(len(frame))
        ]
        assert [bool(line.cells[-1].colour) for line in grid.rows][3:7] == [True, False, False, True]
        assert sum(note in line for line in grid.notes) == 1
        assert not any("°" in line for line in make(whole, settings, texts).notes)
    newest = cohorts.copy()
    newest.loc[12, "leads"] = 29
    assert tables.cohort_grid(newest, settings, texts).rows[12].cells[0].text.endswith(" * °")
    small = tables.triangle_grid(by_age(triangle.assign(leads=29)), settings, texts)
    assert all(line.cells[0].text.endswith(" °") for line in small.rows) and note in small.notes[-1]


def test_the_tiles_say_that_a_cohort_has_few_leads(
    cohorts: pd.DataFrame, equal_age: pd.DataFrame, settings: Settings
) -> None:
    few = cohorts.copy()
    few.loc[few.index[read_at(few, settings)], "leads"] = 29
    texts = Texts("en")
    assert (
        headline(few, equal_age, settings, texts).tiles[0].lines[-1].text
        == "fewer than 30 leads: mostly chance"
    )
    assert "mostly chance" not in str(headline(cohorts, equal_age, settings, texts))


@pytest.mark.poppler
def test_every_number_of_a_wide_report_is_inside_the_page(
    cohorts: pd.DataFrame, channels: pd.DataFrame, triangle: pd.DataFrame, settings: Settings, tmp_path: Path
) -> None:
    """Also with the largest counts that occur and with Russian names: nothing is cut, nothing runs out."""
    big = cohorts.copy()
    big[["leads", "target", "qualified", "proposal", "sale"]] *= 1000
    texts = Texts("ru")
    for grid in (
        tables.cohort_grid(big, settings, texts),
        tables.slices_grid(channels, "channel", settings, texts),
        tables.triangle_grid(by_age(triangle), settings, texts),
    ):
        code = grid._repr_mimebundle_()["text/markdown"].split("```{=typst}\n")[1].rsplit("\n```", 1)[0]
        head = '#set page(paper: "a4", margin: 1.6cm)\n#set text(font: "Source Sans Pro", lang: "ru")\n'
        (tmp_path / "t.typ").write_text(head + code, encoding="utf-8")
        typst.compile(tmp_path / "t.typ", output=tmp_path / "t.pdf", font_paths=FONTS)
        words = subprocess.run(
            ["pdftotext", "-bbox", str(tmp_path / "t.pdf"), "-"], capture_output=True, check=True, text=True
        ).stdout
        places = re.findall(r'xMin="([\d.]+)".*?xMax="([\d.]+)"', words)
        assert min(float(left) for left, _ in places) >= 45.3
        assert max(float(right) for _, right in places) <= 595.3 - 45.3
        plain = subprocess.run(
            ["pdftotext", "-layout", str(tmp_path / "t.pdf"), "-"], capture_output=True, check=True, text=True
        ).stdout
        lines = [re.sub(r"\s+", "", line) for line in plain.splitlines()]
        for made in grid.rows:
            assert "".join(re.sub(r"\s+", "", cell.text) for cell in made.cells) in lines
        joined = "".join(lines)
        for title in {head.title for head in grid.heads} | {head.group for head in grid.heads}:
            assert re.sub(r"\s+", "", title) in joined


def test_equal_age_says_the_age(equal_age: pd.DataFrame, settings: Settings) -> None:
    grid = tables.equal_age_grid(equal_age, settings, Texts("en"))
    assert grid.notes[0].startswith("Every cohort is counted as it stood 1 week after")
    assert row(grid, "12–18 Sep")[-1] == f"△ +36{NBSP}%"  # 23/558 against 17/562
    assert len(grid.rows) == 12


def test_a_triangle_shows_only_lived_ages_darker_for_more(triangle: pd.DataFrame, settings: Settings) -> None:
    grid = tables.triangle_grid(by_age(triangle), settings, Texts("en"))
    assert [head.title for head in grid.heads[2:]] == ["0", "1", "2", "3", "4", "6", "8", "13", "25"]
    assert len(grid.rows) == 26
    assert "The newest 26 cohorts are shown" in grid.notes[1]
    youngest, oldest = grid.rows[-1].cells[2:], grid.rows[0].cells[2:]
    assert [bool(cell.text) for cell in youngest] == [True] + [False] * 8
    shades = [cell.shade for cell in oldest]
    assert shades == sorted(shades, key=lambda shade: shade or 0)
    assert max(cell.shade or 0 for line in grid.rows for cell in line.cells) == 1


def test_a_triangle_without_sales(triangle: pd.DataFrame, settings: Settings) -> None:
    grid = tables.triangle_grid(by_age(triangle.assign(reached=0, rate=0.0)), settings, Texts("en"))
    assert {cell.shade for line in grid.rows for cell in line.cells} == {None}


def test_slices_show_the_largest_and_count_the_rest(channels: pd.DataFrame, settings: Settings) -> None:
    many = pd.concat([channels.assign(value=f"m{at}", leads=1000 - at) for at in range(4)])
    many = many.sort_values("leads", ascending=False)
    grid = tables.slices_grid(many, "channel", settings, Texts("en"))
    assert len(grid.rows) == 20
    assert grid.notes[-1] == "8 more values with 7,977 leads in all are not shown."  # 998 + 7 x 997


def test_slices_mark_small_and_missing_values(channels: pd.DataFrame, settings: Settings) -> None:
    grid = tables.slices_grid(channels, "channel", settings, Texts("ru"))
    assert grid.heads[0].title == "Канал"
    assert row(grid, "expo")[0] == "expo *"
    assert grid.rows[-1].tone == "muted"
    assert row(grid, "не указано")[1] == "180"
    assert any("Меньше 30 лидов" in note for note in grid.notes)


def test_zero_is_not_nothing(cohorts: pd.DataFrame, settings: Settings) -> None:
    frame = cohorts.tail(1).assign(sale=0, sale_rate=0.0, overall_rate=0.0, overall_change=math.nan)
    frame = frame.assign(proposal=0, proposal_rate=0.0, sale_rate=math.nan)
    cells = [
        cell.text.replace(NBSP, " ")
        for cell in tables.cohort_grid(frame, settings, Texts("en")).rows[0].cells
    ]
    assert cells[-6:] == ["0", "0 %", "0", "–", "0.00 %", "–"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_empty_frames_become_a_sentence(
    cohorts: pd.DataFrame, equal_age: pd.DataFrame, triangle: pd.DataFrame, channels: pd.DataFrame,
    problems: pd.DataFrame, imports: pd.DataFrame, restated: pd.DataFrame, settings: Settings, language: str,
) -> None:  # fmt: skip
    texts = Texts("en" if language == "en" else "ru")
    grids = [
        tables.cohort_grid(cohorts.head(0), settings, texts),
        tables.equal_age_grid(equal_age.head(0), settings, texts),
        tables.triangle_grid(by_age(triangle).head(0), settings, texts),
        tables.slices_grid(channels.head(0), "channel", settings, texts),
        data_tables.problems_grid(problems.head(0), settings, texts),
        data_tables.quality_grid(imports.head(0), settings, texts),
        data_tables.restatement_grid(restated.head(0), settings, texts),
        data_tables.restatement_grid(None, settings, texts),
    ]
    assert all(grid.empty and not grid.rows and not grid.notes for grid in grids)
    assert len({grid.empty for grid in grids[4:]}) == 4


def test_read_is_accepted_plus_rejected(imports: pd.DataFrame, settings: Settings) -> None:
    grid = data_tables.quality_grid(imports, settings, Texts("en"))
    assert row(grid, "Stage entries")[:4] == ["Stage entries", "101,223", "101,211", "12"]
    assert "run/rejected/" in grid.notes[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_problem_and_edit_has_words(settings: Settings, language: str) -> None:
    texts = Texts("en" if language == "en" else "ru")
    names = [f"{name}:manager" if name == "missing_value" else name for name in PROBLEMS]
    words = [data_tables.problem(name, settings, texts) for name in names]
    words += [data_tables.kind(name, texts) for name in KINDS]
    assert len(set(words)) == len(PROBLEMS) + len(KINDS)
    assert not any("_" in word for word in words)


def test_restatements_show_the_difference_with_its_sign(restated: pd.DataFrame, settings: Settings) -> None:
    grid = data_tables.restatement_grid(restated, settings, Texts("en"))
    assert [[cell.text for cell in line.cells[1:6]] for line in grid.rows] == [
        ["Leads", "lead deleted", "573", "561", "−12"],
        ["Sale", "stage entry added", "20", "23", "+3"],
        ["Qualified", "lead reassigned", "126", "126", "0"],
    ]


def test_the_headline_reads_the_reference_cohort(
    cohorts: pd.DataFrame, equal_age: pd.DataFrame, settings: Settings
) -> None:
    shown = headline(cohorts, equal_age, settings, Texts("en"))
    assert shown.title == "Cohort 12 Sep 2022 – 18 Sep 2022, 1 week old at the report date"
    assert [tile.number.replace(NBSP, " ") for tile in shown.tiles] == [
        "558",
        "42 %",
        "53 %",
        "42 %",
        "43 %",
        "4.12 %",
    ]
    assert [line.text.replace(NBSP, " ") for line in shown.tiles[-1].lines] == [
        "△ +36 % at equal age",
    ]
    assert (
        shown._repr_mimebundle_() == headline(cohorts, equal_age, settings, Texts("en"))._repr_mimebundle_()
    )


def test_a_change_of_the_headline_that_may_be_chance_has_no_colour(
    cohorts: pd.DataFrame, equal_age: pd.DataFrame, settings: Settings
) -> None:
    at = len(equal_age) - 1
    colours, signs = [], []
    for sold in (24, 80):  # after 22 of about as many leads
        frame = equal_age.copy()
        frame.loc[frame.index[at - 1 : at + 1], "sale"] = [22, sold]
        frame.loc[frame.index[at], "overall_change"] = sold / 22 - 1
        (line,) = headline(cohorts, frame, settings, Texts("en")).tiles[-1].lines
        colours.append(line.colour)
        signs.append(line.text[0])
    assert not colours[0] and colours[1]
    assert signs == ["△", "▲"]  # for who sees no colour


def test_the_headline_of_a_first_and_of_no_cohort(
    cohorts: pd.DataFrame, equal_age: pd.DataFrame, settings: Settings
) -> None:
    first = headline(cohorts.head(1), equal_age.head(1), settings, Texts("en"))
    assert first.tiles[0].lines == first.tiles[-1].lines == ()
    none = headline(cohorts.head(0), equal_age.head(0), settings, Texts("en"))
    assert none.tiles == ()
    assert "no cohort to show" in none._repr_mimebundle_()["text/markdown"]


def test_the_cohort_that_is_read_is_old_enough(cohorts: pd.DataFrame, settings: Settings) -> None:
    assert read_at(cohorts, settings) == 11
    assert read_at(cohorts, settings.model_copy(update={"reading_age": 4})) == 8
    assert read_at(cohorts.tail(1), settings) == 0


def test_data_from_exports_say_on_the_first_page_that_stages_are_reached_at_least(
    cohorts: pd.DataFrame, settings: Settings
) -> None:
    kinds = ["skipped_stage", "reached_at_least"]
    found = pd.DataFrame(
        {"table": "stage_entries", "problem": kinds, "rows": [3, 12], "leads": 1, "example": "x"}
    )
    caveats = data_tables.caveats(found, None, Texts("en"))
    grid = tables.cohort_grid(cohorts, settings, Texts("en"), None, caveats)
    assert grid.notes[0].startswith("Reached at least: 12 stage entries")
    assert "first seen lost counts in none" in grid.notes[0]
    assert data_tables.caveats(found[:1], None, Texts("en")) == ()


def test_data_that_end_early_are_told_first() -> None:
    none = pd.DataFrame(columns=["table", "problem", "rows", "leads", "example"])
    said = data_tables.caveats(none, dt.date(2022, 10, 23), Texts("en"))
    assert said[0].startswith("The data end on 23 Oct 2022")
    russian = data_tables.caveats(none, dt.date(2022, 10, 23), Texts("ru"))
    assert russian[0].startswith("Данные кончаются 23.10.2022")


def test_without_slices_the_report_says_so(settings: Settings) -> None:
    (only,) = tables.slices_grids({}, settings, Texts("en"))
    assert "slices in funnel.yml is empty" in only._repr_mimebundle_()["text/markdown"]


def test_a_change_that_may_be_chance_has_no_colour(cohorts: pd.DataFrame, settings: Settings) -> None:
    """Sales of about 30 to 40 of 550 leads a week do not differ by more than chance; 90 beside 30 do."""
    frame = cohorts.head(9).copy()
    calm = tables.cohort_grid(frame, settings, Texts("en"))
    assert not any(line.cells[-1].colour for line in calm.rows)
    frame.loc[4, "sale"] = 90
    loud = tables.cohort_grid(frame, settings, Texts("en"))
    assert [bool(line.cells[-1].colour) for line in loud.rows] == [at in (4, 5) for at in range(9)]
    assert any(note.startswith("Full arrow (▲▼), coloured: the 90 % interval") for note in loud.notes)
