"""Texts that are nested without end, or hold the renderer's own marks: refused or shown, and soon."""

import time

import pytest

from funnel.errors import RenderError
from funnel.publish.builtin import scan
from funnel.publish.builtin.depth import Depth
from funnel.publish.builtin.inert import inert_includes
from funnel.publish.builtin.problems import Problems
from funnel.publish.render import render

DEEP = {
    ">" * 3000 + " a": "narrative/more.md:3: quotes and lists more than 40 levels deep",
    "> " * 3000 + "a": "narrative/more.md:3: quotes and lists more than 40 levels deep",
    "- " * 3000 + "a": "narrative/more.md:3: quotes and lists more than 40 levels deep",
    "1. " * 3000 + "a": "narrative/more.md:3: quotes and lists more than 40 levels deep",
    "::: {.callout-note}\n" * 300: "::: blocks more than 40 levels deep",
    "[" * 3000: "narrative/more.md:3: more than 8 open brackets",
    "[" * 40 + "a" + "](x)" * 40: "narrative/more.md:3: more than 8 open brackets",
    "^[" * 1000 + "a": "narrative/more.md:3: more than 8 open brackets",
    "[a](" * 400: "narrative/more.md:3: more than 40 links that do not end",
    "[a](\n" * 400: "narrative/more.md:43: more than 40 links that do not end",
    "[a\n" * 30: "narrative/more.md:11: more than 8 open brackets",
    " ".join("`" * ticks for ticks in range(1, 400)): "narrative/more.md:3: 40 back-ticks or more in a row",
    "*_" * 1500 + "a" + "_*" * 1500: "something in it is nested too deeply",
    "<!--" * 501: "narrative/more.md: more than 500 <!--",
    "{{<" * 501: "narrative/more.md: more than 500 {{<",
    "a" * 300_001: "narrative/more.md: a text of more than 300,000 characters",
}


def page(project, kit) -> str:
    render(project, report_date=kit.day, out=project / "out", renderer="builtin", formats={"html"})
    return kit.page(project / "out/report.html").words


@pytest.mark.parametrize("text", DEEP, ids=[message[-40:] for message in DEEP.values()])
def test_a_narrative_that_is_nested_without_end_is_told_with_its_line(project, kit, text):
    (project / "narrative/more.md").write_text(f"First\n\n{text}\n")
    with pytest.raises(RenderError) as caught:
        page(project, kit)
    assert DEEP[text] in str(caught.value)
    assert len(str(caught.value)) < 2000
    with (
        pytest.raises(RenderError),
        inert_includes(project, project / "report.qmd", project / "run"),
    ):
        pass


def test_what_people_nest_is_shown(project, kit):
    (project / "narrative/more.md").write_text(
        "> > > Quoted\n\n- a\n  - b\n    - c\n\n"
        "[A [link] with](#sec-first) \\[\\[\\[\\[\\[\\[\\[\\[\\[\\[ and `[[[[[[[[[[[[` in code\n\n"
        "```\n[[[[[[[[[[[[[[[[[[[[\n```\n"
    )
    words = page(project, kit)
    assert "Quoted" in words
    assert "[[[[[[[[[[ and [[[[[[[[[[[[ in code [[[[[[[[[[[[[[[[[[[[" in words


MARKS = "\ue0000\ue001 \ue00099\ue001 &#xE000;0&#xE001; &#57344;1&#57345; [x](%EE%80%8099)"


def test_the_renderers_own_marks_in_a_narrative_are_only_text(project, kit):
    (project / "narrative/more.md").write_text(f"First {MARKS} last\n")
    assert "First \ufffd0\ufffd \ufffd99\ufffd \ufffd0\ufffd \ufffd1\ufffd x last" in page(project, kit)


def test_they_are_only_text_in_a_value_and_in_what_a_notebook_shows(project, kit):
    variables = project / "_variables.yml"
    variables.write_text(variables.read_text().replace("Cohorts *as of* the date", "As \ue0001\ue001 of"))
    book = project / "run/cohorts.ipynb"
    shown = "Defined \\ue0000\\ue001 [here](https://example.org/#a=%EE%80%801%EE%80%81)."
    book.write_text(book.read_text().replace("Defined **here**.", shown))
    words = page(project, kit)
    assert "As \ufffd1\ufffd of" in words
    assert "Defined \ufffd0\ufffd here." in words


@pytest.mark.parametrize(
    "piece", ["a ", "> ", "[a] ", "\\[", "`a` ", "- a\n", "[a\n\n", "]", "\ue000", "&#xE000;", "<!--", "{{<"]
)
def test_looking_takes_time_as_the_text_is_long(piece):
    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        start = time.perf_counter()
        for line in scan.unmarked(text).split("\n"):
            Depth().wrong(line, 0)
        scan.scan("a.md", text, 1, False, [], Problems())
        return time.perf_counter() - start

    assert min(seconds(240_000) for _ in range(3)) < 24 * max(min(seconds(30_000) for _ in range(3)), 0.002)
