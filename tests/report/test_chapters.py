"""What a narrative says of a chapter: both renderers bring it there, and show the same of it."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from funnel.errors import RenderError
from funnel.publish.render import render
from tests.quarto import either, needs_quarto

CHAPTERS = """
## The week {#sec-week}

{{< include run/words.md >}}

```{=typst}
#v(1pt)
```

Behind the narrative.

## Costs {#sec-costs}

Costs of the company.

:::: {.content-hidden when-profile="meeting"}
## Slices {#sec-slices}

Slices of the company.
::::

## Waits {#sec-waits}

Who waits too long?

::: {#tbl-waits}
| a |
|---|
| 1 |

Waits
:::
"""
WORDS = """
For page 1, see @tbl-own, @tbl-boris, [@tbl-aside; @fig-boris], @tbl-tab and [so @tbl-waits].

### Of costs {#in-sec-costs}

A sale costs 5.

::: {.callout-note}
Note it.
:::

{{< pagebreak >}}

| own |
|-----|
| 7   |

: Own table {#tbl-own}

- one list

* another list

After it.

### Of the rest {#in-sec-rest}

No chapter has this.

### Of slices {#in-sec-slices}

- Boris sells most.

| boris |
|-------|
| 8     |

: Table *of* Boris {#tbl-boris}

::: {#tbl-aside}
| aside |
|-------|
| 9     |

Table aside
:::

![Picture of Boris](narrative/boris.png){#fig-boris}

::: {.panel-tabset}
## First tab

| tab |
|-----|
| 10  |

: Table in a tab {#tbl-tab}

## Second tab
In the second
:::
"""
FREE = """
See @fig-last.

| free |
|------|
| 3    |

: Caption *without* an id

![Picture without an id](narrative/boris.png)

![Last](narrative/boris.png){#fig-last}
"""


@pytest.fixture
def telling(project, picture) -> Path:
    """A report with a narrative of its chapters."""
    (project / "report.qmd").write_text(CHAPTERS)
    (project / "run/words.md").write_text(WORDS)
    (project / "narrative/boris.png").write_bytes(picture)
    return project


def shown(project, kit, renderer: str, formats: set[str]) -> dict[str, str]:
    """The words of each page."""
    out = project / renderer
    done = render(project, report_date=kit.day, out=out, renderer=renderer, formats=formats)
    return {path.name: words(path, kit) for path in done.files}


def text_of(path: Path) -> str:
    """The words of a document or of slides, in their order."""
    with zipfile.ZipFile(path) as packed:
        names = [one for one in packed.namelist() if re.search(r"document\.xml$|slides/slide\d+\.xml$", one)]
        names.sort(key=lambda name: [int(number) for number in re.findall(r"\d+", name)])
        text = " ".join(re.sub("<[^>]*>", "", packed.read(name).decode()) for name in names)
    return text.replace("\xa0", " ")


def words(path: Path, kit) -> str:
    readers = {".html": lambda one: kit.page(one).words, ".pdf": kit.pdf_text}
    text = readers.get(path.suffix, text_of)(path)
    text = " ".join(text.replace("\xa0", " ").replace("report- full", "report-full").split())
    return text[text.index("For page 1") :] if "For page 1" in text else text


def assert_order(text: str, wanted: list[str]) -> None:
    places = [text.index(piece) for piece in wanted]
    assert places == sorted(places), text


WHOLE = [
    "For page 1",
    "Of the rest",
    "No chapter has this",
    "Behind the narrative.",
    "Costs",
    "A sale costs 5.",
    "Note it.",
]
WHOLE += ["Table 1: Own table", "one list", "another list", "After it.", "Costs of the company."]
SLICES = ["Slices", "Boris sells most.", "Table 2: Table of Boris", "Table 3: Table aside", "aside 9"]
SLICES += ["Figure 1: Picture of Boris", "First tab", "Table 4: Table in a tab", "In the second", "Slices of"]


@either
@pytest.mark.poppler
def test_it_stands_there_and_goes_with_the_chapter(telling, kit, renderer):
    pages = shown(telling, kit, renderer, {"html", "pdf"})
    meeting, full, page = (pages[name] for name in ("report.pdf", "report-full.pdf", "report.html"))
    for text in (full, page):
        assert "see Table 1, Table 2, Table 3, Figure 1, Table 4 and so 5." in text
        assert_order(text, [*WHOLE, *SLICES, "Table 5: Waits"])
    away = "Table (report-full.pdf)"
    cited = f"see Table 1, {away}, {away}, Figure (report-full.pdf), {away} and so 2."
    assert cited in meeting
    assert_order(meeting, [*WHOLE, "Table 2: Waits"])
    for text in (meeting, full, page):
        assert "Of costs" not in text
        assert "Of slices" not in text
    assert not re.search("Boris|aside|tab 10|Slices", meeting)


@pytest.mark.poppler
@pytest.mark.parametrize("renderer", [pytest.param("quarto", marks=needs_quarto)])
def test_both_show_the_same_words(telling, kit, renderer):
    theirs, ours = (shown(telling, kit, name, {"html", "pdf"}) for name in (renderer, "builtin"))
    for name in ("report.pdf", "report-full.pdf"):
        assert re.sub(r"Quarto [\d.]+", "", theirs[name]) == re.sub(r"funnel \([^)]*\)", "", ours[name])
    numbered = r"(?:Table|Figure) \d+: \w+"
    assert re.findall(numbered, theirs["report.html"]) == re.findall(numbered, ours["report.html"])
    assert len(re.findall(numbered, ours["report.html"])) == 6


@either
@pytest.mark.poppler
def test_a_link_to_it_leads_to_the_chapter_or_names_the_full_report(telling, kit, renderer):
    moved = "[of costs](#in-sec-costs) and [of slices](#in-sec-slices), [so too](#tbl-boris)"
    (telling / "run/words.md").write_text(WORDS.replace("see @tbl-own", f"{moved}, @tbl-own"))
    pages = shown(telling, kit, renderer, {"html", "pdf"})
    assert (
        "of costs and of slices (report-full.pdf), so too (report-full.pdf), Table 1" in pages["report.pdf"]
    )
    for name in ("report.html", "report-full.pdf"):
        assert "of costs and of slices, so too, Table 1" in pages[name]
    links = kit.page(telling / renderer / "report.html").links
    assert {"#sec-costs", "#sec-slices", "#tbl-boris"} <= set(links)
    assert not [link for link in links if link.startswith("#in-")]


@either
@pytest.mark.parametrize("kind", ["html", "pdf"])
def test_a_link_that_leads_nowhere_is_named(telling, kit, renderer, kind):
    (telling / "run/words.md").write_text("See [there](#sec-none).\n")
    with pytest.raises(RenderError, match=r"link.* #sec-none"):
        shown(telling, kit, renderer, {kind})


@either
def test_word_and_slides_number_it_as_the_page_does(telling, kit, renderer):
    done = render(
        telling, report_date=kit.day, out=telling / "out", renderer=renderer, formats={"docx", "pptx"}
    )
    said = {path.suffix: text_of(path) for path in done.files}
    assert "see Table 1, Table 2, Table 3, Figure 1, Table 4 and so 5" in said[".docx"]
    numbered = r"((?:Table|Figure) \d+): (\w+)"
    first = [("Table 1", "Own"), ("Table 2", "Table"), ("Table 3", "Table"), ("Figure 1", "Picture")]
    assert re.findall(numbered, said[".docx"])[:4] == first
    assert re.findall(numbered, said[".pptx"])[:1] == first[:1]


@either
@pytest.mark.poppler
def test_what_has_no_id_keeps_its_caption_and_takes_no_number(telling, kit, renderer):
    (telling / "report.qmd").write_text("## Free {#sec-free}\n\n{{< include run/words.md >}}\n")
    (telling / "run/words.md").write_text(FREE)
    for name, text in shown(telling, kit, renderer, {"html", "pdf", "pptx"}).items():
        for piece in ("See Figure 1.", "Caption without an id", "Picture without an id", "Figure 1: Last"):
            assert piece in text, name
        assert "Figure 2" not in text
