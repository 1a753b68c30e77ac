"""Made-up narratives: shown as text by both renderers' readers, or told with their line."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import strategies as st

from funnel.publish.builtin.inert import inert
from funnel.publish.builtin.pages import HTML, TYPST, write
from funnel.publish.builtin.problems import Problems
from funnel.publish.builtin.reach import Reach
from funnel.publish.builtin.read import read
from tests.properties.fuzzing import HITS, damaged, fuzzed, told

PIECES = (
    *("# H", "## H {#sec-a}", "- a", "1. b", "> q", "> > > q", "```", "```{=html}", "~~~ {.python}", ":::"),
    *("::: {.callout-note}", "::: {#tbl-x}", "::: {layout-ncol=2}", "|a|b|\n|-|-|\n|1|2|", "[^1]", "[^1]: n"),
    *(
        "{{< include narrative/b.md >}}",
        "{{< include a.md >}}",
        "{{< var n.x >}}",
        "{{< embed run/x.ipynb >}}",
    ),
    *(
        "{{<",
        ">}}",
        "@tbl-x",
        "[@x; @y]",
        "![i](x.png)",
        "![i](../../x.png)",
        "[l](javascript:x)",
        "<script>",
    ),
    *("<!--", "-->", "$x$", "$$", "\\input{/etc/passwd}", "#panic()", "`", "`x`{=typst}", "---", "***", "\\"),
    *(
        "Term\n: d",
        "{.landscape}",
        "\u202e",
        "\ue000",
        "\x00",
        "\r",
        "&#0;",
        "&lt;",
        "'",
        '"',
        "…",
        "  ",
        "\n",
    ),
)
NESTED = (
    *(
        "> ",
        "- ",
        "1. ",
        "  - ",
        "\t",
        "::: {.callout-note}\n\n",
        ":::: {.columns}\n",
        "*",
        "**",
        "_",
        "~~",
        "[",
        "![",
        "[^",
    ),
    *(
        "(",
        "{",
        "<div>",
        "</div>",
        "<b>",
        "&lt;",
        "`",
        "``",
        "$",
        "\\(",
        "|a",
        "|-",
        "^",
        "~",
        '"',
        "'",
        ": ",
        "# ",
    ),
    *(
        "[a](",
        "[a][",
        "{{< var n.x >}}",
        "{{<",
        "{{{<",
        ">}}",
        "<!--",
        "-->",
        "@tbl-",
        "\ue000",
        "\ue0001\ue001",
        "\u202e",
    ),
    *(
        "[l](java\x01script:x)",
        "[l](\x0bjavascript:x)",
        "[l](data:text/html,x)",
        "<http://a\u2028b>",
        "| a | b |\n",
    ),
    *(
        "+---+\n| a |\n+---+\n",
        "a\n: d\n\n",
        "[x]{.mark}",
        "![](x.png){width=9%}",
        "{#fig-a}",
        "---\n",
        "\r",
        "\x85",
    ),
)
DEEP = st.lists(
    st.tuples(st.sampled_from(NESTED), st.one_of(st.integers(1, 40), st.just(400))), max_size=4
).map(lambda parts: "\n".join(piece * times for piece, times in parts))
TEXTS = DEEP | st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=25).map(
    lambda pieces: "\n".join(pieces)
)


@fuzzed(TEXTS, HITS, st.booleans())
def test_narratives(text: str, hits: list[tuple[int, int]], close: bool) -> None:
    root = Path(__file__).parents[2]
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        for copied in ("_quarto.yml", "_brand.yml"):
            (project / copied).write_bytes((root / copied).read_bytes())
        (project / "run").mkdir()
        (project / "narrative").mkdir()
        (project / "report.qmd").write_text("## A {#sec-a}\n\n{{< include narrative/a.md >}}\n")
        (project / "run" / "report.yml").write_text("{lang: en, title: T, date: '2022-09-26'}")
        (project / "_variables.yml").write_text("n: {x: 1}")
        joined = text.replace("\n", "" if close else "\n\n")
        raw = damaged(joined.encode("utf-8", "surrogatepass"), hits if close else [])
        (project / "narrative" / "a.md").write_bytes(raw)
        (project / "narrative" / "b.md").write_text("B")
        with told():
            problems = Problems()
            inert(project / "narrative" / "a.md", Reach(project, problems))
        with told():
            problems = Problems()
            document = read(project, project / "report.qmd", problems)
            page, _ = write(document, [(HTML, document.config), (TYPST, document.config)])
            assert "<script" not in page.lower()
