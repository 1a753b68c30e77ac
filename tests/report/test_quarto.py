"""Quarto and the built-in renderer show the same report; and what happens around the program.

Seen with Quarto 1.7.34 and 1.10.18; `make quarto` brings the newest 1.10.
"""

import datetime as dt
import json
import re
import shutil
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest

from funnel.errors import MissingError, RenderError
from funnel.publish import quarto
from funnel.publish.builtin import pandoc
from funnel.publish.order import Order
from funnel.publish.render import render
from funnel.publish.weekly import make_edition
from funnel.settings import load
from tests.chromium import Tab, needs_browser
from tests.quarto import needs_quarto

HIDING = """
See @tbl-aside. Or [see @tbl-aside; @tbl-shown; @sec-aside].

::: {#tbl-shown}
| b |
|---|
| 2 |

Shown
:::

:::: {.content-hidden when-profile="meeting"}
## Aside {#sec-aside}

Nobody asks this on Monday.

::: {#tbl-aside}
| a |
|---|
| 1 |

Aside
:::
::::
"""


def both(project, kit, lang: str, formats: set[str]) -> None:
    kit.set_language(project, lang)
    for name in ("builtin", "quarto"):
        done = render(project, report_date=kit.day, out=project / name, renderer=name, formats=formats)
        assert done.renderer == name


class TestReport:
    """The report itself, of the demo, with every notebook's outputs."""

    pytestmark = needs_quarto

    @pytest.mark.xdist_group("edition")
    def test_all_sections_tables_and_figures_are_there_in_both(self, demo, kit, tmp_path):
        project = tmp_path / "project"
        shutil.copytree(demo.project, project, symlinks=True)
        for name in ("builtin", "quarto"):
            render(project, report_date=kit.day, out=project / name, renderer=name, formats={"html"})
        ours, theirs = (kit.page(project / name / "report.html") for name in ("builtin", "quarto"))
        pattern = r"(?:Table|Figure)\s\d+"
        spaced = [page.words.replace("\xa0", " ") for page in (ours, theirs)]
        assert re.findall(pattern, spaced[0]) == re.findall(pattern, spaced[1])
        assert len(set(re.findall(pattern, spaced[0]))) > 30
        pictures = re.findall(r"<img [^>]*>", (project / "quarto" / "report.html").read_text("utf-8"))
        assert len(pictures) > 10
        assert not [tag[-200:] for tag in pictures if 'alt="' not in tag]

    @needs_browser
    @pytest.mark.xdist_group("edition")
    def test_tables_fit_a_screen_as_wide_as_for_the_built_in_page(self, demo, kit, tmp_path):
        project = tmp_path / "project"
        shutil.copytree(demo.project, project, symlinks=True)
        render(project, report_date=kit.day, out=project / "out", renderer="quarto", formats={"html"})
        with Tab(tmp_path) as tab:
            tab.size(1440)
            tab.open(project / "out/report.html")
            fits = tab.run("[...document.querySelectorAll('#tbl-cohorts .scroll')].map(one => "
                           "one.clientWidth - one.scrollWidth)")  # fmt: skip
            assert fits == [0]
            tab.size(390)
            assert tab.run("document.documentElement.scrollWidth <= innerWidth")


class TestOrdinary:
    """What one does with any Quarto project works here too."""

    pytestmark = needs_quarto

    @pytest.mark.xdist_group("edition")
    @pytest.mark.parametrize(("target", "table"), [("docx", "<w:tbl>"), ("pptx", "<a:tbl>")])
    def test_word_and_powerpoint_hold_the_tables_and_the_pictures(self, demo, tmp_path, target, table):
        project = tmp_path / "project"
        shutil.copytree(demo.project, project, symlinks=True)
        said = run_quarto(project, "render", "report.qmd", "--to", target)
        assert "WARN" not in said
        (made,) = (project / "run/quarto").glob(f"*.{target}")
        with zipfile.ZipFile(made) as packed:
            names = packed.namelist()
            text = "".join(packed.read(name).decode() for name in names if name.endswith(".xml"))
        assert text.count(table) >= 25
        assert not re.search("<w:tbl>(?:(?!</w:tbl>).)*<w:tbl>", text, re.DOTALL)  # no box round a table
        assert target != "docx" or 'w:orient="landscape"' in text
        assert re.search(r"<[wa]:tbl>(?:(?!</[wa]:tbl>).)*236.of.558", text, re.DOTALL)  # the tiles of page 1
        assert len([name for name in names if "/media/" in name]) >= 12

    @pytest.mark.xdist_group("edition")
    def test_the_project_can_be_inspected_and_its_root_is_the_report(self, demo, tmp_path):
        project = tmp_path / "project"
        shutil.copytree(demo.project, project, symlinks=True)
        shutil.copy(Path(__file__).parents[2] / ".gitignore", project)
        before = (project / ".gitignore").read_text()
        seen = json.loads(run_quarto(project, "inspect", "."))
        watched = [Path(name).name for name in seen["files"]["configResources"]]
        assert "2022-09-26.md" in watched
        run_quarto(project, "render", "--to", "html")
        assert [path.name for path in (project / "run/quarto").glob("*.html")] == ["index.html"]
        assert (project / ".gitignore").read_text() == before


def run_quarto(project: Path, *words: str) -> str:
    command = [quarto.find(), *words]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout if words[0] == "inspect" else done.stderr


class TestSame:
    pytestmark = needs_quarto

    @pytest.mark.parametrize("lang", ["en", "ru"])
    def test_headings_captions_numbers_and_references(self, project, kit, lang):
        both(project, kit, lang, {"html"})
        ours, theirs = (kit.page(project / name / "report.html") for name in ("builtin", "quarto"))
        for page in (ours, theirs):
            page.headings = [heading.replace("\xa0", " ") for heading in page.headings]
        assert [
            h for h in theirs.headings if h not in ("Contents", "Содержание", "Footnotes", "Сноски")
        ] == ours.headings
        pattern = r"(?:Table|Figure|Таблица|Рисунок)\s\d+"
        spaced = [page.words.replace("\xa0", " ") for page in (ours, theirs)]
        assert re.findall(pattern, spaced[0]) == re.findall(pattern, spaced[1])
        assert len(re.findall(pattern, spaced[0])) == 10
        for text in ["see 3", "Only in the page.", "Young cohorts", "The cohort has 558 leads"]:
            assert text in spaced[0]
            assert text in spaced[1]
        assert {"tbl-cohorts", "fig-leads", "tbl-small", "fig-pair", "tbl-wide", "sec-last"} <= set(
            theirs.ids
        )

    def test_the_page_loads_nothing_and_names_no_folder(self, project, kit):
        both(project, kit, "en", {"html"})
        source = (project / "quarto/report.html").read_text()
        assert all(load.startswith("data:") for load in kit.page(project / "quarto/report.html").loads)
        assert str(project) not in source

    def test_a_hostile_narrative_is_text(self, project, kit):
        hostile = "<script>alert(1)</script> [a](javascript:alert(2)) ![b](https://example.org/c.png)\n"
        (project / "run/narrative.md").write_text(hostile)
        both(project, kit, "en", {"html"})
        assert (project / "run/narrative.md").read_text() == hostile
        page = kit.page(project / "quarto/report.html")
        assert "<script>alert(1)</script> a (javascript:alert(2)) b (https://example.org/c.png)" in page.words
        assert not any("javascript" in link for link in page.links)
        assert all(load.startswith("data:") for load in page.loads)

    @pytest.mark.parametrize(
        "text", ["{{< var t.none >}}", "See @tbl-none.", "{{< meta none >}}", "{{< none x >}}"]
    )
    def test_what_quarto_only_warns_about_is_an_error(self, project, kit, text):
        (project / "report.qmd").write_text(text + "\n")
        with pytest.raises(RenderError, match="left something out"):
            render(project, report_date=kit.day, out=project / "out", renderer="quarto", formats={"pdf"})

    @pytest.mark.poppler
    def test_a_reference_to_what_the_meeting_hides_names_the_full_report(self, project, kit):
        (project / "report.qmd").write_text(HIDING)
        both(project, kit, "ru", {"pdf"})
        for name in ("builtin", "quarto"):
            meeting, full = (
                kit.pdf_text(project / name / page).replace("\xa0", " ")
                for page in ("report.pdf", "report-full.pdf")
            )
            assert "See Таблица (report-full.pdf)." in meeting, name
            assert "Or see Таблица (report-full.pdf), Таблица 1, Раздел (report-full.pdf)." in meeting, name
            assert "Nobody asks" not in meeting
            assert "Or see 2, Таблица 1, Раздел 1." in full, name
            assert "report-full" not in full

    @pytest.mark.poppler
    def test_one_caption_stands_under_all_pictures_of_a_cell(self, project, kit):
        (project / "report.qmd").write_text(
            "See @fig-two and @fig-last.\n\n{{< embed run/own.ipynb#fig-two >}}\n\n"
            "::: {#fig-last}\n{{< embed run/cohorts.ipynb#leads >}}\n\nLast\n:::\n"
        )
        cells = json.loads((project / "run/cohorts.ipynb").read_text())
        (cell,) = [one for one in cells["cells"] if "label: leads" in one["source"]]
        cell |= {"source": "#| label: fig-two\n#| fig-cap: Two *figures*", "outputs": cell["outputs"] * 2}
        (project / "run/own.ipynb").write_text(json.dumps(cells | {"cells": [cell]}))
        both(project, kit, "en", {"html", "pdf"})
        for name in ("builtin", "quarto"):
            words = [
                kit.page(project / name / "report.html").words,
                kit.pdf_text(project / name / "report.pdf"),
            ]
            for shown in (one.replace("\xa0", " ") for one in words):
                assert "See Figure 1 and Figure 2." in shown, name
                assert shown.count("Figure 1") == 2, name
                assert "Figure 1: Two figures" in shown, name
                assert "Figure 2: Last" in shown, name
                assert "(a)" not in shown, name

    @pytest.mark.poppler
    def test_the_pdf_is_whole(self, project, kit):
        both(project, kit, "ru", {"pdf"})
        ours, theirs = (kit.pdf_text(project / name / "report.pdf") for name in ("builtin", "quarto"))
        for text in [
            "Таблица 1: Cohorts as of the date",
            "Рисунок 2: Two side by side",
            "Примечание",
            "«Quoted»",
        ]:
            assert text in ours, text
            assert text in theirs, text
        for cell in [*kit.headers, *(cell for row in kit.rows for cell in row)]:
            assert cell in theirs.split(), cell
        assert "Quarto " in theirs


FILTER = """
FORMAT = {format!r}
quarto = {{
  json = pandoc.json,
  base64 = {{ decode = function(text) return text end }},
  log = {{ warning = function(text) io.stderr:write(text) end }},
  doc = {{ is_format = function(name) return name == FORMAT end }},
  utils = {{ resolve_path = function(name) return {folder!r} .. "/" .. name end }},
  variables = {{ get = function(name) return "Nothing to show here yet" end }},
}}
return dofile({folder!r} .. "/report.lua")
"""


def filtered(folder, text: str, shown_in: str = "typst", **settings) -> str:
    """A text as Markdown, after the filter that Quarto runs; of Quarto itself only what it asks for."""
    wrapped = folder / "filter.lua"
    wrapped.write_text(FILTER.format(folder=str(pandoc.TEMPLATES), format=shown_in))
    words = {"crossref-tbl-title": "Table", "crossref-sec-prefix": "Section", **settings}
    done = subprocess.run(
        [
            pandoc.program(),
            "--from=markdown-table_attributes",
            "--to=markdown-raw_attribute",
            f"--lua-filter={wrapped}",
        ],
        env={"QUARTO_FILTER_PARAMS": json.dumps(words), "PATH": ""},
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    return " ".join(done.stdout.replace("\xa0", " ").split())


def test_the_filter_names_the_full_report_for_what_the_profile_hides(tmp_path):
    meeting = filtered(tmp_path, HIDING, quarto_profile=["meeting"])
    assert "See Table (report-full.pdf). Or see Table (report-full.pdf), [@tbl-shown], Section" in meeting
    for profiles in ([], ["other"]):
        assert "See @tbl-aside. Or [see @tbl-aside; @tbl-shown" in filtered(
            tmp_path, HIDING, quarto_profile=profiles
        )


def test_the_filter_takes_the_id_of_a_table_from_its_caption(tmp_path):
    """Quarto does so after the filter: a table that the meeting does not show could not be referred to."""
    text = "See @tbl-own and [it](#tbl-own).\n\n::: {.content-hidden when-profile=meeting}\n"
    text += "| a |\n|---|\n| 1 |\n\n: Own *table* {#tbl-own}\n:::\n"
    assert "Own *table* :::" in filtered(tmp_path, text)
    assert "::: {#tbl-own}" in filtered(tmp_path, text)
    meeting = filtered(tmp_path, text, quarto_profile=["meeting"])
    assert meeting == "See Table (report-full.pdf) and it (report-full.pdf)."


def test_the_filter_puts_one_caption_under_all_pictures_of_a_cell(tmp_path):
    """The cell as Quarto 1.10.18 hands it to the filter: the first picture has the words."""
    cell = "::: {#fig-two .cell}\n::: {.cell-output}\n![Two *words*](a.png){#fig-two-1}\n:::\n\n"
    cell += "::: {.cell-output}\n![](b.png){#fig-two-2}\n:::\n:::\n"
    shown = filtered(tmp_path, cell)
    assert "#fig-two-" not in shown
    assert shown.index("a.png") < shown.index("b.png") < shown.rindex("Two *words*")
    assert shown.rindex("Two *words*") > shown.rindex("![")


def test_the_filter_lets_a_card_stay_with_its_picture_on_paper(tmp_path):
    """A block of Typst that sticks to the next one does so within the same box only."""
    cell = "::: {.quarto-embed-nb-cell}\n::: {#cell-x .cell}\n::: {.cell-output .cell-output-display}\n"
    cell += "A card\n:::\n\n::: {.cell-output .cell-output-display}\nA picture\n:::\n:::\n:::\n"
    assert filtered(tmp_path, cell) == "A card A picture"
    assert "quarto-embed-nb-cell" in filtered(tmp_path, cell, "html")


def test_the_filter_gives_word_tables_of_their_own_as_wide_as_their_texts(tmp_path):
    """Quarto would put each into a box that no page parts, Pandoc would make all columns alike."""
    rows = f"<tr><td>{'long ' * 9}</td><td>1</td></tr>" * 2
    text = f"See @tbl-a.\n\n::: {{#tbl-a}}\n```{{=html}}\n<table>{rows}</table>\n```\n\nWho\n:::\n"
    shown = filtered(tmp_path, text, "docx")
    assert shown.startswith("See [Table 1](#tbl-a).")
    assert '::: {custom-style="Table Caption"} [Table 1: Who]{#tbl-a} :::' in shown
    assert len(re.search(" (-{4,}) -", shown)[1]) == 17  # 37 signs of 150, of a line of 72


def test_the_filter_gives_word_the_tiles_of_page_1_as_a_table(tmp_path):
    tiles = "".join(
        f"<div><p>{name}</p><p>{number}</p><p>of all</p></div>" for name, number in (("A", 1), ("B", 2))
    )
    text = f'```{{=html}}\n<div><div style="display:flex;gap:1rem">{tiles}</div></div>\n```\n'
    shown = filtered(tmp_path, text, "docx")
    assert re.search(r" -+ A B -+ -+ \*\*1\*\* \*\*2\*\* of all of all -+", shown), shown


def program(folder, script: str) -> str:
    """A stand-in for Quarto that does what a test needs."""
    path = folder / "quarto-stand-in"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_auto_takes_quarto_if_it_is_there_and_its_words_are_shown(project, kit, monkeypatch):
    found = program(
        project, 'if [ "$1" = --version ]; then echo 1.9.9; else echo "no such filter" >&2; exit 3; fi'
    )
    monkeypatch.setenv("QUARTO_PATH", found)
    with pytest.raises(RenderError, match=r"Quarto stopped \(exit code 3\):\nno such filter"):
        render(project, report_date=kit.day, out=project / "out")


def test_quarto_is_told_the_date_and_its_pages_are_moved(project, kit, monkeypatch):
    script = """
if [ "$1" = --version ]; then echo 1.9.9; exit; fi
case "$4" in html) end=html;; typst) end=pdf;; esac
echo "$SOURCE_DATE_EPOCH $(pwd) ${10}" > "$6/report.$end"
"""
    monkeypatch.setenv("QUARTO_PATH", program(project, script))
    done = render(project, report_date=kit.day, out=project / "out")
    assert (done.renderer, done.versions) == ("quarto", {"quarto": "1.9.9"})
    assert {path.name for path in done.files} == {"report.html", "report.pdf", "report-full.pdf"}
    # 2022-09-26T00:00:00Z is 1664150400 seconds after 1970
    assert {path.read_text().split()[0] for path in done.files} == {"1664150400"}
    told = {path.name: path.read_text().split()[2:] for path in done.files}
    assert told == {"report.html": [], "report.pdf": ["meeting"], "report-full.pdf": []}
    assert list((project / "run").glob("quarto-*")) == []


def test_a_quarto_that_makes_nothing_or_hangs_is_an_error(project, kit, monkeypatch):
    monkeypatch.setenv("QUARTO_PATH", program(project, "exit 0"))
    with pytest.raises(RenderError, match=r"Quarto made no report\.html"):
        render(project, report_date=kit.day, out=project / "out")
    monkeypatch.setattr(quarto, "SECONDS", 0.2)
    monkeypatch.setenv("QUARTO_PATH", program(project, "exec sleep 5"))
    with pytest.raises(RenderError, match=r"did not finish within 0\.2 seconds"):
        render(project, report_date=kit.day, out=project / "out", renderer="quarto")


def executable(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\necho 1.10.19\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_quarto_is_looked_for_in_its_variable_then_the_environment_then_the_path(tmp_path, monkeypatch):
    monkeypatch.delenv("QUARTO_PATH", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path / "environment" / "bin"))
    monkeypatch.setattr("sys.prefix", str(tmp_path / "environment"))
    assert quarto.find() is None
    on_path = executable(tmp_path / "path" / "quarto")
    assert quarto.find() == on_path
    unpacked = executable(tmp_path / "environment" / "quarto" / "bin" / "quarto")
    assert quarto.find() == unpacked
    installed = executable(tmp_path / "environment" / "bin" / "quarto")
    assert quarto.find() == installed
    named = executable(tmp_path / "named" / "quarto")
    monkeypatch.setenv("QUARTO_PATH", named)
    assert quarto.find() == named


@pytest.mark.parametrize(
    ("renderer", "script", "said"),
    [
        ("quarto", None, "The program quarto was not found"),
        ("quarto", "echo no deno >&2; exit 9", "Quarto stopped (exit code 9):\nno deno"),
        ("auto", "echo no deno >&2; exit 9", "Quarto stopped (exit code 9):\nno deno"),
    ],
)
def test_a_renderer_that_is_missing_or_fails_is_told_before_anything_is_computed(
    tmp_path, monkeypatch, renderer, script, said
):
    path = program(tmp_path, script) if script else str(tmp_path / "nothing-here")
    monkeypatch.setenv("QUARTO_PATH", path)
    (tmp_path / "funnel.yml").write_text("stages: [{key: sale}]\n")  # no data, no notebooks: it never looks
    order = Order(dt.date(2022, 9, 26), ["en"], renderer=renderer)
    with pytest.raises((MissingError, RenderError)) as told:
        make_edition(load(tmp_path / "funnel.yml"), "funnel.yml", order, dt.datetime(2022, 9, 26), None)
    assert said in str(told.value)
    assert "use --renderer builtin" in str(told.value)


def test_without_quarto(project, kit, monkeypatch):
    monkeypatch.setenv("QUARTO_PATH", str(project / "nothing-here"))
    assert render(project, report_date=kit.day, out=project / "out", formats={"html"}).renderer == "builtin"
    with pytest.raises(MissingError, match="QUARTO_PATH"):
        render(project, report_date=kit.day, out=project / "out", renderer="quarto")


def test_quarto_is_not_run_without_the_settings_of_the_report(project, kit, monkeypatch):
    monkeypatch.setenv("QUARTO_PATH", program(project, "exit 0"))
    (project / "run/report.yml").unlink()
    with pytest.raises(RenderError, match=r"there is no run/report\.yml; to do: run `funnel report`"):
        render(project, report_date=kit.day, out=project / "out")
