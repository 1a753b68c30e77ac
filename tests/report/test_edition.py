"""The whole job on the demo, as a stranger does it: import, report, edit, report again, verify."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.conftest import ROOT, Demo

pytestmark = pytest.mark.xdist_group("edition")
D = "2022-09-26"
REFERENCE = {"leads": 558, "target": 236, "qualified": 126, "proposal": 53, "sale": 23}


def pdf_text(path: Path) -> str:
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext (poppler-utils) is not installed")
    done = subprocess.run(
        ["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True, text=True
    )
    return done.stdout


def page_text(path: Path) -> str:
    body = re.sub(r"<(style|script)\b.*?</\1>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", body))


def narrow(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\u00a0", " "))


@pytest.fixture
def project(demo: Demo) -> Path:
    return demo.project


@pytest.fixture
def edition(demo: Demo) -> Path:
    return demo.edition


@pytest.fixture
def run(funnel: Any, project: Path) -> Any:
    return lambda *words: funnel("--config", project / "funnel.yml", *words)


def test_the_reference_reading_stands_in_the_archived_table(edition: Path) -> None:
    table = pd.read_csv(edition / "tables" / "cohorts.csv").set_index("cohort_week")
    row = table.loc["2022-09-12"]
    assert row[list(REFERENCE)].to_dict() == REFERENCE
    assert round(row["overall_rate"] * 100, 2) == 4.12
    assert round(row["overall_change"] * 100) == 22


@pytest.mark.parametrize(
    ("suffix", "sentences"),
    [
        (
            "",
            [
                "558 leads.",
                "42 % of them (236) were target",
                "of these 53 % (126) were qualified",
                "of these 42 % (53) got a proposal",
                "of these 43 % (23) bought",
                "4.12 %, 22 % above the previous cohort",
            ],
        ),
        (".ru", ["558 лидов", "42 % из них (236)", "53 % (126)", "42 % (53)", "43 % (23)", "4,12 %"]),
    ],
    ids=["en", "ru"],
)
def test_the_narrative_reads_like_the_reference(edition: Path, suffix: str, sentences: list[str]) -> None:
    drafted = narrow((edition / f"narrative{suffix}.md").read_text(encoding="utf-8"))
    shown = narrow(page_text(edition / f"report{suffix}.html"))
    for sentence in sentences:
        assert sentence in drafted
        assert sentence in shown


@pytest.mark.parametrize("suffix", ["", ".ru"], ids=["en", "ru"])
def test_every_header_and_number_of_the_cohort_table_is_in_the_text_of_the_pdf(
    edition: Path, suffix: str
) -> None:
    text = narrow(pdf_text(edition / f"report{suffix}.pdf"))
    table = pd.read_csv(edition / "tables" / "cohorts.csv")
    comma = "," if suffix else "."
    for row in table.to_dict("records"):
        cells = [str(row["leads"])]
        for stage in ("target", "qualified", "proposal", "sale"):
            cells += [str(row[stage]), f"{row[stage + '_rate'] * 100:.0f} %"]
        cells.append(f"{row['overall_rate'] * 100:.2f} %".replace(".", comma))
        assert " ".join(cells) in text, cells
    headers = {
        "": ["Cohort", "Leads", "Target", "Qualified", "Proposal", "Sale", "Overall", "change"],
        ".ru": ["Когорта", "Лиды", "Целевые", "Квалифицированные", "Предложение", "Продажа"],
    }[suffix]
    for header in headers:
        assert header in text


def test_sizes(edition: Path) -> None:
    for path in edition.glob("report*"):  # the meeting's PDF is sent about, the full one is looked up
        small = 500_000 if path.name.startswith("report.") else 3_000_000
        limit = 4_000_000 if path.suffix == ".html" else small
        assert path.stat().st_size < limit, path.name


@pytest.mark.parametrize("suffix", ["", ".ru"], ids=["en", "ru"])
def test_the_page_loads_nothing_from_outside(edition: Path, suffix: str) -> None:
    page = (edition / f"report{suffix}.html").read_text(encoding="utf-8")
    assert not re.search(
        r"""(?:src|srcset|poster)\s*=\s*["']?\s*(?!data:)""", page.replace('src="data:', "S")
    )
    assert not re.search(r"<link\b[^>]*href=|@import|url\(\s*['\"]?(?!data:|#)", page)
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL)
    (script,) = [content for attributes, content in scripts if not attributes]  # the page's own, and no other
    assert len(scripts) == 1
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{allowed}'" in page


def test_every_figure_has_words_for_those_who_cannot_see_it(edition: Path) -> None:
    for suffix in ("", ".ru"):
        page = (edition / f"report{suffix}.html").read_text(encoding="utf-8")
        drawings = re.findall(r"<svg\b[^>]*>", page)
        assert len(drawings) >= 3
        assert all(re.search(r'role="img" aria-label="[^"]{20,}"', drawing) for drawing in drawings)
        images = re.findall(r"<img\b[^>]*>", page)
        assert all(re.search(r'\balt="[^"]{20,}"', image) for image in images)


@pytest.mark.parametrize(
    ("suffix", "captions"),
    [
        ("", ["as a share of all leads of the cohort, 4 weeks after", "steps 4 weeks after"]),
        (".ru", ["как доля всех лидов когорты, через 4 недели", "менеджера через 4 недели"]),
    ],
)
def test_what_is_drawn_over_time_says_its_age(edition: Path, suffix: str, captions: list[str]) -> None:
    shown = narrow(page_text(edition / f"report{suffix}.html"))
    assert [words for words in captions if words not in shown] == []


def test_dates_in_drawings_are_whole(edition: Path) -> None:
    page = (edition / "report.ru.html").read_text(encoding="utf-8")
    said = re.findall(r"<text\b[^>]*>([\d.]+\.[\d.]+)</text>", page)
    assert [one for one in said if re.fullmatch(r"\d\d\.\d\d\.\d{4}", one)]
    assert [one for one in said if one.count(".") > 1 and not re.fullmatch(r"\d\d\.\d\d\.\d{4}", one)] == []


def test_the_russian_page_holds_no_english_heading(edition: Path) -> None:
    page = (edition / "report.ru.html").read_text(encoding="utf-8")
    headings = [
        html.unescape(re.sub(r"<[^>]+>", "", text))
        for text in re.findall(r"<h[12][^>]*>(.*?)</h[12]>", page, re.DOTALL)
    ]
    assert len(headings) >= 7
    english = [text for text in headings if re.search(r"[A-Za-z]{3,}", text.replace("Demo company", ""))]
    assert english == []


def test_the_manifest_says_what_it_was_made_of(edition: Path) -> None:
    manifest = json.loads((edition / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["as_of"] == [D, "2022-10-24T06:00:00"]
    assert manifest["renderer"]["name"] == "builtin"
    assert set(manifest["inputs"]) == {"leads", "stage_entries", "payments", "spend"}
    assert set(manifest["outputs"]) == {
        path.relative_to(edition).as_posix()
        for path in edition.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert str(ROOT.parent) not in json.dumps(manifest)


def test_a_second_run_gives_the_same_bytes_and_archives_nothing(edition: Path, run: Any) -> None:
    result = run("report", "--date", D, "--lang", "en,ru", "--renderer", "builtin")
    assert result.code == 0, result.err
    assert "Unchanged edition" in result.err
    assert [path.name for path in edition.parent.iterdir() if path.is_dir()] == [D]


def test_an_edited_narrative_is_kept_shown_and_runs_no_notebook(
    edition: Path, run: Any, project: Path
) -> None:
    assert run("report", "--date", D, "--renderer", "builtin", "--draft").code == 0
    narrative = project / "narrative" / f"{D}.md"
    drafted = narrative.read_text(encoding="utf-8")
    narrative.write_text(drafted + "\nThe analyst <b>adds</b> this.\n", encoding="utf-8")
    try:
        result = run("report", "--date", D, "--renderer", "builtin", "--draft")
        assert result.code == 0, result.err
        assert result.err.count("unchanged)") == len(list((project / "notebooks").glob("*.ipynb")))
        assert narrative.read_text(encoding="utf-8").endswith("adds</b> this.\n")
        page = (project / "run" / "report" / "report.html").read_text(encoding="utf-8")
        assert "&lt;b&gt;adds&lt;/b&gt;" in page
    finally:
        narrative.write_text(drafted, encoding="utf-8")


def test_verify_finds_the_same_tables_and_notices_a_changed_file(edition: Path, run: Any) -> None:
    assert run("verify", D).code == 0
    table = edition / "tables" / "cohorts.csv"
    good = table.read_bytes()
    table.write_bytes(good.replace(b"558", b"559"))
    try:
        result = run("verify", D)
    finally:
        table.write_bytes(good)
    assert result.code == 1
    assert "tables/cohorts.csv: changed since it was archived" in result.err
    assert "tables/cohorts.csv, line 13" in result.err


def test_verify_says_what_of_the_archive_it_cannot_read(edition: Path, run: Any) -> None:
    path = edition / "manifest.json"
    good = path.read_text(encoding="utf-8")
    try:
        path.write_text(good.replace('"key": "target"', '"key": "1 target"'), encoding="utf-8")
        settings = run("verify", D)
        path.write_text(good[:40], encoding="utf-8")
        manifest = run("verify", D)
    finally:
        path.write_text(good, encoding="utf-8")
    assert (settings.code, manifest.code) == (2, 2)
    assert "today's program cannot read its settings" in settings.err
    assert "manifest.json, settings, key stages.0.key: " in settings.err
    assert "The archive is damaged. To do: restore it" in manifest.err
    assert "Traceback" not in settings.err + manifest.err


def test_a_notebook_that_raises_leaves_the_archive_as_it_was(edition: Path, run: Any, project: Path) -> None:
    path = project / "notebooks" / "quality.ipynb"
    good = path.read_text(encoding="utf-8")
    path.write_text(good.replace("tables.quality_grid(", "1 / 0 or tables.quality_grid("), encoding="utf-8")
    before = sorted(item.name for item in edition.parent.iterdir())
    try:
        result = run("report", "--date", "2022-10-03", "--renderer", "builtin")
    finally:
        path.write_text(good, encoding="utf-8")
    assert result.code == 2
    assert "quality.ipynb: cell 'imports': ZeroDivisionError: division by zero" in result.err
    assert (project / "run" / "failed" / "quality.ipynb").is_file()
    assert sorted(item.name for item in edition.parent.iterdir()) == before


def test_later_edits_are_told_as_restatements_and_the_old_edition_still_verifies(
    edition: Path, run: Any, project: Path, tmp_path: Path
) -> None:
    """Leads edited, backdated, reassigned and deleted after the edition."""
    leads = pd.read_parquet(ROOT / "data" / "demo" / "leads.parquet")
    entries = pd.read_parquet(ROOT / "data" / "demo" / "stage_entries.parquet")
    week = leads[leads["created_at"].between("2022-08-15", "2022-08-21 23:59")]["lead_id"].tolist()
    deleted, moved, reassigned = week[0], week[1], week[2]
    leads.loc[leads["lead_id"] == moved, "created_at"] = pd.Timestamp("2022-08-08 12:00")
    leads.loc[leads["lead_id"] == reassigned, "manager"] = "Somebody else"
    leads = leads[leads["lead_id"] != deleted]
    entries = entries[entries["lead_id"] != deleted]
    leads.to_parquet(tmp_path / "leads.parquet")
    entries.to_parquet(tmp_path / "stage_entries.parquet")
    assert run("import", "--full", tmp_path).code == 0
    assert run("verify", D).code == 0
    result = run("report", "--date", "2022-10-03", "--renderer", "builtin", "--formats", "html")
    assert result.code == 0, result.err
    restated = pd.read_csv(project / "archive" / "2022-10-03" / "tables" / "restated.csv")
    leads_rows = restated[restated["stage"] == "lead"].set_index(["cohort_week", "kind"])
    gone = leads_rows.loc[("2022-08-15", "deleted")]
    assert gone["before"] - gone["after"] == 1
    assert (
        leads_rows.xs("creation moved", level="kind")["after"].sum()
        - leads_rows.xs("creation moved", level="kind")["before"].sum()
        == 0
    )
    assert run("verify", D).code == 0
    assert run("verify", "2022-10-03").code == 0
    index = (project / "archive" / "index.html").read_text(encoding="utf-8")
    assert index.index("2022-10-03/report.html") < index.index(f"{D}/report.html")


def test_verify_says_which_change_of_method_moved_which_number_of_an_older_edition(
    edition: Path, run: Any
) -> None:
    manifest, table = edition / "manifest.json", edition / "tables" / "durations.csv"
    kept = {path: path.read_bytes() for path in (manifest, table)}
    frame = pd.read_csv(table, dtype=str, keep_default_na=False)
    frame.loc[0, "median_days"] = "1"
    try:
        frame.to_csv(table, index=False, lineterminator="\n")
        content = json.loads(kept[manifest])
        content["outputs"]["tables/durations.csv"] = hashlib.sha256(table.read_bytes()).hexdigest()
        manifest.write_text(json.dumps(content), encoding="utf-8")
        today = run("verify", D)
        for name in ("schema", "methods"):  # as a program before them wrote it
            del content[name]
        manifest.write_text(json.dumps(content), encoding="utf-8")
        older = run("verify", D)
        content["inputs"]["leads"] = "0" * 64
        manifest.write_text(json.dumps(content), encoding="utf-8")
        other_data = run("verify", D)
    finally:
        for path, good in kept.items():
            path.write_bytes(good)
    assert (today.code, older.code, other_data.code) == (1, 0, 1)
    assert "tables/durations.csv, line 2" in today.err
    assert "tables/durations.csv, column median_days, 1 cells: entries stamped at once" in older.err
    assert "inputs: the leads known then are not what they were" in other_data.err
