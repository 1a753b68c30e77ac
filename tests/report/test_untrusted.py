"""A hostile narrative: shown as text, never run, nothing fetched, nothing lost."""

import json

import pypandoc
import pytest

from funnel.errors import RenderError
from funnel.publish.builtin.inert import inert
from funnel.publish.builtin.problems import Problems
from funnel.publish.builtin.reach import Reach
from funnel.publish.render import render

HOSTILE = """## <script>alert(1)</script> heading

A <script>alert(2)</script> and <img src=x onerror=alert(3)> in a paragraph.

<div onclick="alert(4)">
block
</div>

```{=html}
<script>alert(5)</script>
```

```{=typst}
#read("/etc/hostname")
```

``` {.funnel-raw format="html"}
<script>alert(6)</script>
```

`<b onclick=alert(7)>`{=html} and `#panic()`{=typst}

\\input{/etc/passwd} and #panic("typst") and $x$ and $#panic()$

[click](javascript:alert(8)) and [data](data:text/html,x) and [file](file:///etc/passwd)

[shift](JaVaScRiPt:alert(9)) <javascript:alert(10)> [before it](&#1;javascript:alert(11))

![far](https://example.org/pixel.png) and ![far](//example.org/pixel.png)

<!-- a comment nobody shall see -->

| a | <b>x</b> |
|---|----------|
| #let | `]` ) ) |

"quote" \\u202e evil
"""


def make(project, kit, text=HOSTILE):
    (project / "narrative/more.md").write_text(text)
    return render(project, report_date=kit.day, out=project / "out", renderer="builtin")


def test_nothing_of_it_acts_in_the_page(project, kit):
    make(project, kit)
    source = (project / "out/report.html").read_text()
    page = kit.page(project / "out/report.html")
    assert "<script" not in source.lower()
    assert "onclick=alert(7)>`" not in source
    assert all(load.startswith("data:image/") for load in page.loads)
    assert all(link.startswith(("#", "https://example.org/a")) for link in page.links)
    for number in range(1, 12):
        assert f"alert({number})" in page.words, number
    for text in ["<img src=x onerror=alert(3)>", '<div onclick="alert(4)">', "https://example.org/pixel.png"]:
        assert text in page.words.replace("“", '"').replace("”", '"')
    assert "nobody shall see" not in source


@pytest.mark.poppler
def test_all_of_it_is_text_in_the_pdf(project, kit):
    make(project, kit)
    text = kit.pdf_text(project / "out/report.pdf")
    for piece in ["alert(2)", "alert(6)", '#read("/etc/hostname")', "#panic()", '#panic("typst")', "#let"]:
        assert piece in text.replace("“", '"').replace("”", '"'), piece
    assert "\\input{/etc/passwd}" in text
    assert "javascript:alert(8)" in text


def test_values_of_variables_are_text_too(project, kit):
    variables = project / "_variables.yml"
    hostile = "'<b>x</b> `]` #panic()'"
    variables.write_text(variables.read_text().replace("Cohorts *as of* the date", hostile))
    make(project, kit)
    assert "Table 1: <b>x</b> ] #panic()" in kit.page(project / "out/report.html").words


def test_a_file_outside_the_project_is_not_shown(project, kit):
    (project.parent / "secret.png").write_bytes(b"x")
    with pytest.raises(
        RenderError, match=r"narrative/more\.md:1: there is no image \.\./secret\.png in the project"
    ):
        make(project, kit, "![x](../secret.png)\n")


def test_for_quarto_the_narrative_is_written_again_so_that_nothing_in_it_acts(tmp_path):
    reach = Reach(tmp_path, Problems(), ["n"])
    calm = HOSTILE.replace("<!-- a comment nobody shall see -->", "\\`<script>alert(12)</script>\\`")
    (tmp_path / "a.md").write_text("Before\n\n{{< include n/b.md >}}\n\n{{< var t.x >}} and @tbl-x\n")
    (tmp_path / "n").mkdir()
    (tmp_path / "n/b.md").write_text(calm)
    again = inert(tmp_path / "a.md", reach)
    assert reach.problems.found == []
    assert "{{< var t.x >}} and @tbl-x" in again
    # What Quarto's reader, plain Pandoc Markdown, finds in it: no raw node of any kind.
    seen = pypandoc.convert_text(again, "json", format="markdown")
    assert '"RawBlock"' not in seen
    assert '"RawInline"' not in seen
    shown = pypandoc.convert_text(again, "plain", format="markdown", extra_args=["--wrap=none"])
    pieces = [f"alert({number})" for number in (1, 2, 3, 4, 5, 6, 7, 12)]
    for piece in [*pieces, '#read("/etc/hostname")', "{=html}", "Before"]:
        assert piece in shown, piece


@pytest.mark.parametrize("above", ["- a list", "1. a list", "Term\n: a list"])
def test_for_quarto_a_table_behind_a_list_stays_a_table(tmp_path, above):
    (tmp_path / "a.md").write_text(f"{above}\n\n| x |\n|---|\n| 1 |\n\n: Caption {{#tbl-x}}\n")
    again = inert(tmp_path / "a.md", Reach(tmp_path, Problems()))
    blocks = json.loads(pypandoc.convert_text(again, "json", format="markdown"))["blocks"]
    assert blocks[-1]["t"] == "Table"
    assert len(blocks) == 3  # a comment parts them


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("---\nexecute: {enabled: true}\n---\n", "a.md:1: front matter in an included file"),
        ("```{python}\nprint(1)\n```\n", "a.md:1: a code cell {python}"),
        ("x\n\n{{< env HOME >}}\n", "a.md:3: the shortcode env in a narrative"),
        ("{{< include ../secret.md >}}\n", "a.md:1: there is no file ../secret.md in the project"),
        ("{{< include narrative/a.md >}}\n", "narrative/a.md:1: narrative/a.md includes itself"),
        ("[x]{onclick='alert(1)'}\n", "a.md:1: onclick= on a span"),
    ],
)
def test_what_could_reach_out_of_the_narrative_is_refused_for_quarto(tmp_path, text, message):
    reach = Reach(tmp_path / "in", Problems())
    (tmp_path / "in/narrative").mkdir(parents=True)
    (tmp_path / "secret.md").write_text("secret")
    (tmp_path / "in/narrative/a.md").write_text(text)
    assert "secret" not in inert(tmp_path / "in/narrative/a.md", reach).replace("../secret.md", "")
    assert message in "\n".join(str(problem) for problem in reach.problems.found)
