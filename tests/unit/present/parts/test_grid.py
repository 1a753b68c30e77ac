from __future__ import annotations

import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import font_source_sans_pro
import pypandoc
import pytest
import typst

from funnel.present.parts import theme as look
from funnel.present.parts.grid import Cell, Grid, Head, Row
from funnel.present.parts.grid_typst import SMALLEST, parts, text_size
from funnel.settings import Settings

HOSTILE = [
    '<script>alert("1")</script>',
    '#panic("x") $a$ *b*',
    '"] #x ["',
    "a ``` b",
    "```",
    "{{< include x >}}",
    "\\u{41} \\",
    "</td></table>",
    "&amp;",
]
PAGE = '#set page(paper: "a4", margin: 1.6cm)\n#set text(font: "Source Sans Pro", size: 10pt, lang: "ru")\n'
FONTS = [str(Path(font_source_sans_pro.__file__).parent / "files")]


class Cells(HTMLParser):
    """The texts of the cells, and every kind of element seen."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag in ("td", "th"):
            self.cells.append("")
            self.open = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.open = False

    def handle_data(self, data: str) -> None:
        if self.open:
            self.cells[-1] += data.strip("\n ") if not data.strip() else data


def blocks(shown: object) -> tuple[str, str]:
    """Take the output apart as both renderers do: with Pandoc."""
    bundle = shown._repr_mimebundle_(include=None, exclude=None)  # type: ignore[attr-defined]
    assert list(bundle) == ["text/html", "text/markdown"]
    assert bundle["text/html"] in bundle["text/markdown"]  # JupyterLab shows what the page shows
    native = pypandoc.convert_text(bundle["text/markdown"], "json", "markdown")
    found = json.loads(native)["blocks"]
    assert [(block["t"], block["c"][0]) for block in found] == [("RawBlock", "html"), ("RawBlock", "typst")]
    return found[0]["c"][1], found[1]["c"][1]


def pdf_words(code: str, folder: Path) -> str:
    (folder / "t.typ").write_text(PAGE + code, encoding="utf-8")
    typst.compile(folder / "t.typ", output=folder / "t.pdf", font_paths=FONTS)
    command = ["pdftotext", "-bbox", str(folder / "t.pdf"), "-"]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def grid(settings: Settings, rows: list[list[str]], heads: list[Head] | None = None, **more: object) -> Grid:
    heads = heads or [Head("A", align="left"), *(Head(f"h{at}") for at in range(1, len(rows[0])))]
    made = tuple(Row(tuple(Cell(text) for text in row)) for row in rows)
    return Grid("a-grid", tuple(heads), made, look.load(settings), **more)  # type: ignore[arg-type]


def test_untrusted_text_is_shown_as_it_is_in_html(settings: Settings) -> None:
    html, _ = blocks(grid(settings, [[text, "1"] for text in HOSTILE], notes=tuple(HOSTILE)))
    seen = Cells(html)
    assert [text for text in seen.cells if text not in ("A", "h1", "1")] == HOSTILE
    assert seen.tags <= {"div", "style", "table", "thead", "tbody", "tr", "th", "td", "p", "span"}
    assert "{{<" not in html


def test_untrusted_titles_are_shown_as_they_are(settings: Settings) -> None:
    heads = [Head("A"), *(Head("x", group=text) for text in ('<b onclick="x">', "same", '" onload="y'))]
    html, _ = blocks(grid(settings, [["1", "2", "3", "4"]], heads))
    seen = Cells(html)
    assert {'<b onclick="x">', "same", '" onload="y'} <= set(seen.cells)
    assert not {name for name in seen.attributes if name.startswith("on")}
    assert "b" not in seen.tags


@pytest.mark.poppler
def test_untrusted_text_is_shown_as_it_is_in_the_pdf(settings: Settings, tmp_path: Path) -> None:
    _, code = blocks(
        grid(
            settings,
            [[text, "1"] for text in HOSTILE],
            notes=("#n $n$",),
            heads=[Head("#A", "$g$"), Head("*h*", "$g$")],
        )
    )
    pdf_words(code, tmp_path)
    text = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "t.pdf"), "-"], capture_output=True, check=True, text=True
    ).stdout
    for words in (*HOSTILE, "#n $n$", "#A", "$g$", "*h*"):
        assert words in text


@pytest.mark.poppler
def test_a_long_table_repeats_its_head_on_every_page(settings: Settings, tmp_path: Path) -> None:
    _, code = blocks(
        grid(
            settings, [[f"row {at}", "1"] for at in range(120)], [Head("Kopf", "Gruppe"), Head("n", "Gruppe")]
        )
    )
    pages = pdf_words(code, tmp_path).split("<page ")[1:]
    assert len(pages) > 1
    assert all(">Kopf<" in page and ">Gruppe<" in page for page in pages)


def test_the_same_table_is_the_same_bytes(settings: Settings) -> None:
    rows = [["a", "1"], ["b", "2"]]
    assert grid(settings, rows)._repr_mimebundle_() == grid(settings, rows)._repr_mimebundle_()


def test_the_page_loads_nothing_and_quarto_leaves_the_table_alone(settings: Settings) -> None:
    html, _ = blocks(grid(settings, [["a", "1"]]))
    assert not re.search(r"https?://|@import|url\(|<script|<link", html)
    assert 'data-quarto-disable-processing="true"' in html
    assert "overflow:auto" in html


def test_styles_stay_inside_the_table(settings: Settings) -> None:
    html, _ = blocks(grid(settings, [["a", "1"]]))
    css = "".join(re.findall(r"<style>(.*?)</style>", html, re.DOTALL))
    assert all(rule.strip().startswith("#a-grid") for rule in css.split("}") if rule.strip())


def test_a_table_without_rows_says_why(settings: Settings) -> None:
    empty = Grid("none", (Head("A"),), (), look.load(settings), empty="Nothing <yet>.")
    html, code = blocks(empty)
    assert "<table" not in html
    assert "Nothing &lt;yet&gt;." in html
    assert "Nothing" in code


def test_what_does_not_fit_a_page_is_written_as_several_tables_that_begin_alike(settings: Settings) -> None:
    heads = [Head("Cohort"), *(Head(f"h{n}", group=f"Stage {n // 2}") for n in range(40)), Head("Overall")]
    wide = grid(settings, [["12345"] * 42] * 2, heads)
    found = parts(wide)
    assert len(found) > 1
    assert all(part.heads[0].title == "Cohort" and text_size(part) >= SMALLEST for part in found)
    assert [head.title for part in found for head in part.heads[1:]] == [head.title for head in heads[1:]]
    assert all(all(count == 2 for title, count in part.groups() if title) for part in found)
    code = blocks(wide)[1]
    assert code.count("table.header(") == len(found)
    sizes = set(re.findall(r"set text\(size: ([\d.]+)pt, hyphenate", code))
    assert sizes == {f"{min(map(text_size, found)):.2f}"} != {f"{max(map(text_size, found)):.2f}"}


def test_a_row_has_a_cell_for_each_column(settings: Settings) -> None:
    with pytest.raises(ValueError, match="1 cells under 2 columns"):
        grid(settings, [["1"]], [Head("A"), Head("B")])


def test_names_are_not_broken_where_only_heads_are_too_wide(settings: Settings, tmp_path: Path) -> None:
    heads = [Head("", align="left"), *(Head(f"A long head of column {at} to wrap") for at in range(5))]
    names = ["MG Advanced Enterprise", "GTX Plus Professional"]
    (part,) = parts(grid(settings, [[name, *["1,208 – 1,340"] * 5] for name in names], heads))
    words = re.findall(r'yMin="([\d.]+)"[^>]*>([^<]*)<', pdf_words(blocks(part)[1], tmp_path))
    at = {word: top for top, word in words}
    assert at["MG"] == at["Advanced"] == at["Enterprise"] and at["GTX"] == at["Plus"] == at["Professional"]
    assert [word for _, word in words].count("1,208") == 10
