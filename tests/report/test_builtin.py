"""The built-in renderer: what a reader finds in the page and in the PDF."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from funnel.errors import RenderError
from funnel.publish.builtin.config import MEETING, load
from funnel.publish.builtin.pages import TYPST, write
from funnel.publish.builtin.problems import Problems
from funnel.publish.builtin.read import read
from funnel.publish.render import render


def make(project: Path, kit, **options) -> Path:
    return (
        render(project, report_date=kit.day, out=project / "out", renderer="builtin", **options)
        .files[0]
        .parent
    )


def typst_of(project: Path) -> str:
    """The meeting's page as Typst reads it."""
    source, problems = project / "report.qmd", Problems()
    document = read(project, source, problems)
    (page,) = write(document, [(TYPST, load(project, source, problems, MEETING)[0])], "funnel")
    return page


def test_the_page_holds_every_construct(project, kit):
    page = kit.page(make(project, kit, formats={"html"}) / "report.html")
    for text in [
        "Read Table 1, Figure 1, see 3 and Table 2, Figure 2",
        "The total is 558. The title is Weekly report. “Quoted” text",
        "Table 1: Cohorts as of the date",
        "Figure 1: Leads by week",
        "The cohort has 558 leads, see Table 1.",
        "More prose from a nested file, see Section 1.",
        "Table 2: A small table",
        "Figure 2: Two side by side",
        "Note A note without a title.",
        "Young cohorts They look bad because they are young.",
        "A title from a heading",
        "The wider column The narrower column",
        "First tab Shown first Second tab Shown second",
        "Folded What is folded away",
        "Only in the page.",
        "Raw for the page",
        "Table 3: A wide table",
        "The footnote.",
        "Defined here.",
        "Demo & Co · September 26, 2022",
    ]:
        assert text in page.words, text
    assert "Only in the PDF" not in page.words
    assert "Raw for the PDF" not in page.words
    assert {"tbl-cohorts", "fig-leads", "tbl-small", "fig-pair", "tbl-wide", "sec-last"} <= set(page.ids)
    assert [heading.replace("\xa0", " ") for heading in page.headings] == [
        "Weekly report",
        "1 Summary",
        "2 What we read",
        "2.1 Smaller things",
        "3 Last",
    ]


def test_the_page_loads_nothing_and_its_links_arrive(project, kit):
    path = make(project, kit, formats={"html"}) / "report.html"
    page = kit.page(path)
    assert page.loads
    assert all(load.startswith("data:image/") for load in page.loads)
    assert "url(" not in path.read_text()
    assert "@import" not in path.read_text()
    assert [link for link in page.links if not link.startswith("#")] == ["https://example.org/a"]
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


@pytest.mark.poppler
def test_the_pdf_holds_the_same_and_what_is_for_it_alone(project, kit):
    text = kit.pdf_text(make(project, kit) / "report.pdf")
    for piece in [
        "Read Table 1, Figure 1, see 3 and Table 2, Figure 2",
        "Table 1: Cohorts as of the date",
        "Figure 1: Leads by week",
        "The cohort has 558 leads, see Table 1.",
        "More prose from a nested file, see Section 1.",
        "2.1 Smaller things",
        "Table 2: A small table",
        "Figure 2: Two side by side",
        "Table 3: A wide table",
        "The footnote.",
        "First tab Shown first Second tab Shown second",
        "Folded What is folded away",
        "The wider column The narrower column",
    ]:
        assert piece in text, piece
    assert "Only in the PDF." in text
    assert "Raw for the PDF" in text
    assert "Only in the page" not in text
    assert "Demo & Co · funnel (pandoc" in text
    assert "1/4" in text.replace(" / ", "/")


@pytest.mark.poppler
def test_a_wide_table_is_whole_in_the_pdf(project, kit):
    text = kit.pdf_text(make(project, kit, formats={"pdf"}) / "report.pdf").split()
    for cell in [*kit.headers, *(cell for row in kit.rows for cell in row)]:
        assert cell in text, cell
    done = subprocess.run(["pdfinfo", "-l", "9", project / "out/report.pdf"], capture_output=True, text=True)
    sizes = re.findall(r"Page +\d+ size: +([\d.]+) x ([\d.]+)", done.stdout)
    assert sum(float(wide) > float(high) for wide, high in sizes) == 1


def test_russian_words_numbers_and_quotes(project, kit):
    kit.set_language(project, "ru")
    path = make(project, kit, formats={"html"}) / "report.html"
    page = kit.page(path)
    for text in ["Read Таблица 1, Рисунок 1", "Раздел 1", "Таблица 3: A wide", "Примечание", "«Quoted» text"]:
        assert text in page.words, text
    assert "26 сентября 2022" in page.words
    assert '<html lang="ru">' in path.read_text()


def test_a_second_run_gives_the_same_bytes_also_in_another_folder(project, kit):
    elsewhere = project.parent / "elsewhere"
    shutil.copytree(project, elsewhere)
    first, second = (
        {path.name: path.read_bytes() for path in make(folder, kit).iterdir()}
        for folder in (project, elsewhere)
    )
    assert first.keys() == {"report.html", "report.pdf", "report-full.pdf"}
    assert first == second


@pytest.mark.poppler
def test_the_pdf_says_what_it_is(project, kit):
    path = make(project, kit, formats={"pdf"}) / "report.pdf"
    info = subprocess.run(["pdfinfo", "-isodates", path], capture_output=True, text=True).stdout
    assert re.search(r"Title: +Weekly report", info)
    assert re.search(r"CreationDate: +2022-09-26T00:00:00Z", info)
    assert b"/Lang(en)" in path.read_bytes()
    fonts = subprocess.run(["pdffonts", path], capture_output=True, text=True).stdout
    assert "SourceSansPro" in fonts.replace("-", "")


def test_sections_need_no_numbers(project, kit):
    settings = project / "_quarto.yml"
    settings.write_text(settings.read_text().replace("number-sections: true", "number-sections: false"))
    page = kit.page(make(project, kit, formats={"html"}) / "report.html")
    assert "see Summary" in page.words.replace("«", "").replace("»", "")
    assert page.headings[1] == "Summary"


@pytest.mark.poppler
def test_the_meetings_pdf_leaves_out_what_the_full_one_holds(project, kit):
    report = project / "report.qmd"
    report.write_text(
        report.read_text()
        + """

See @tbl-aside.

:::: {.content-hidden when-profile="meeting"}

{{< pagebreak >}}

Nobody asks this on Monday.

::: {#tbl-aside}
| a |
|---|
| 1 |

Aside
:::
::::

::: {.content-visible when-profile="meeting"}
Short and to the point.
:::
"""
    )
    (project / "_quarto-meeting.yml").write_text("format: {typst: {toc: false}}\n")
    out = make(project, kit)
    meeting, full = (kit.pdf_text(out / name) for name in ("report.pdf", "report-full.pdf"))
    page = kit.page(out / "report.html").words
    assert ["Nobody asks" in text for text in (meeting, full, page)] == [False, True, True]
    assert ["to the point" in text for text in (meeting, full, page)] == [True, False, False]
    assert "(report-full.pdf)" in meeting and "(report-full.pdf)" not in full
    assert "Contents" not in meeting and "Contents" in full


def test_a_question_stays_with_its_table_on_paper(project):
    (project / "report.qmd").write_text(
        "## Waits\n\nWho waits too long?\n\n::: {#tbl-waits}\n| a |\n|---|\n| 1 |\n\nWaits\n:::\n"
    )
    (asks,) = re.findall(r"#block\(sticky: true[^\[]*\)\[([^\]]*)\]", typst_of(project))
    assert asks == "Who waits too long?"


def test_a_profile_with_a_key_that_is_not_known_is_named(project, kit):
    (project / "_quarto-meeting.yml").write_text("format: {typst: {tco: false}}\n")
    with pytest.raises(RenderError, match=r"(?s)_quarto-meeting.yml.*format.typst.tco"):
        make(project, kit, formats={"pdf"})
