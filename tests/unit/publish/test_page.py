"""A page, dressed: charts in place of their pictures, colours by name, links that lead somewhere."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from funnel.present.parts.texts import Texts
from funnel.publish.page.beside import Beside
from funnel.publish.page.charts import found, in_place
from funnel.publish.page.dress import dress
from funnel.publish.page.terms import defined
from funnel.publish.policy import policy

PALETTE = {"ink": "#1f2937", "paper": "#ffffff", "stage-1": "#2f6fab"}
PICTURE = base64.b64encode(b"a picture").decode()
OTHER = base64.b64encode(b"another").decode()
CHART = {
    "svg": '<svg viewBox="0 0 9 9"><style>*{x}</style><path style="stroke: #2f6fab; fill: #123456"/></svg>',
    "notes": ["<b>note</b>"],
    "panels": [
        {
            "title": "A & B",
            "along": "",
            "lying": False,
            "every": 1,
            "box": [1, 2, 3, 4],
            "columns": [{"name": "", "band": False}, {"name": "<i>", "band": True}],
            "levels": [["mean", 4.25]],
            "rows": [
                {"at": [1.5, 2], "along": {"day": "2022-09-26"}, "cells": [1234.5, [1, 2]]},
                {"at": [2, 2], "along": {"day": "2022-10-03"}, "cells": [None, [0.5, 1]]},
            ],
        }
    ],
}
PAGE = (
    f'<html><head><meta http-equiv="Content-Security-Policy" content="{policy()}"></head><body>'
    f'<header><h1>T</h1></header><main><img src="data:image/png;base64,{PICTURE}" alt="What &amp; why">'
    f'<img src="data:image/png;base64,{OTHER}" alt="stays"><p style="color:#1F2937">#1f2937</p></main></body>'
    "</html>"
)


@pytest.fixture
def charts(tmp_path: Path):
    data = {"image/png": PICTURE, "application/vnd.funnel.chart+json": CHART}
    bare = {"data": {"image/png": OTHER}}
    book = {"cells": [{"cell_type": "markdown"}, {"outputs": [{"data": data}, bare, {"text": "x"}]}]}
    (tmp_path / "a.ipynb").write_text(json.dumps(book))
    return found([tmp_path / "a.ipynb"])


def test_a_chart_stands_for_its_picture_with_its_values_in_the_readers_language(charts) -> None:
    page = in_place(PAGE, charts, {"#2f6fab": "stage-1"}, Texts("ru"))
    assert PICTURE not in page
    assert OTHER in page
    assert 'aria-label="What &amp; why"' in page
    assert "stroke: var(--stage-1,#2f6fab); fill: #123456" in page
    assert "*{x}" not in page  # a style of the drawing would be one of the page
    cells = re.findall(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", page)
    assert cells == [
        "место", "значение", "&lt;i&gt;", "26.09.2022", "1\u00a0234,5", "1,00 – 2,00", "03.10.2022", "",
        "0,50 – 1,00",
    ]  # fmt: skip
    assert "<caption>A &amp; B</caption>" in page
    assert "&lt;b&gt;note&lt;/b&gt;" in page
    assert "mean: 4,25" in page


def test_the_page_runs_its_own_script_alone_and_names_its_colours(charts) -> None:
    page = dress(PAGE, charts, "<nav>links</nav>", PALETTE, Texts("en"))
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in page
    assert "'none'; style" not in page.split("script-src")[1]
    assert "</header>\n<nav>links</nav>" in page
    assert '<p style="color:var(--ink,#1F2937)">#1f2937</p>' in page  # words stay words
    assert "@font-face" in page and "prefers-color-scheme: dark" in page
    assert re.search(r"@media print {\s*\.beside, \.values:not\(\[open\]\)[^{}]*{ display: none; }", page)


def test_the_font_that_was_kept_is_taken_where_the_signs_are_the_same(charts, tmp_path: Path) -> None:
    kept = tmp_path / "font.css"
    made = [dress(PAGE, charts, "", PALETTE, Texts("en"), kept=kept) for _ in range(2)]
    assert made[0] == made[1] == dress(PAGE, charts, "", PALETTE, Texts("en"))
    was = kept.read_bytes()
    more = PAGE.replace("</main>", "Ω</main>")
    assert dress(more, charts, "", PALETTE, Texts("en"), kept=kept).count("@font-face") == 2
    assert kept.read_bytes() != was


def test_heads_lead_to_what_they_mean_where_it_stands() -> None:
    page = (
        "<th>Age, weeks</th><th>Age, weeks, of it</th><td>Age, weeks</td>"
        "<p><strong>Age.</strong> Whole weeks &lt; 104\nof a <em>cohort</em>.</p>"
    )
    assert defined(page, Texts("en")) == (
        '<th><a class="term" href="#def-age" title="Whole weeks &lt; 104 of a cohort.">Age, weeks</a></th>'
        "<th>Age, weeks, of it</th><td>Age, weeks</td>"
        '<p id="def-age"><strong>Age.</strong> Whole weeks &lt; 104\nof a <em>cohort</em>.</p>'
    )
    assert defined("<th>Age, weeks</th>", Texts("en")) == "<th>Age, weeks</th>"


def test_links_lead_to_what_is_there_and_to_nothing_else(tmp_path: Path) -> None:
    made = frozenset({"report.pdf", "report.ru.html", "report.html", "tables/cohorts.csv", "narrative.md"})
    beside = Beside(tmp_path / "archive" / "2022-09-26", made, tmp_path / "archive", None, draft=False)
    links = re.findall(r'href="([^"]*)">([^<]*)<', beside.links("", [(".ru", "По-русски")], Texts("en")))
    assert links == [
        ("report.pdf", "Report for the meeting (PDF)"),
        ("report.ru.html", "По-русски"),
        ("../index.html", "All editions"),
        ("tables/cohorts.csv", "cohorts.csv"),
    ]
    draft = Beside(tmp_path / "run" / "report", made, tmp_path / "archive", None, draft=True)
    assert "index.html" not in draft.links("", [], Texts("en"))  # nothing is archived yet
