"""A small project with every construct the built-in renderer supports, made anew for a test."""

import base64
import datetime as dt
import json
import re
import shutil
import struct
import subprocess
import zlib
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from funnel.present.parts.texts import Texts

ROOT = Path(__file__).parents[2]
DAY = dt.date(2022, 9, 26)
HEADERS = ["Cohort", "Age", *(f"Column{n}" for n in range(1, 15))]
ROWS = [
    [f"{12 + i:02d}.09.2022", str(9 - i), *(str(1000 + 97 * i + 13 * n) for n in range(14))] for i in range(6)
]


def png(width: int = 40, height: int = 20) -> bytes:
    """A picture of one colour, written by hand from the PNG specification."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\x2f\x6f\xab" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def table(headers: list[str], rows: list[list[str]]) -> str:
    """The Markdown a table of funnel.present emits: the same cells for both formats."""
    cells = "".join(f"<th>{text}</th>" for text in headers)
    body = "".join("<tr>" + "".join(f"<td>{text}</td>" for text in row) + "</tr>" for row in rows)
    kept = 'data-quarto-disable-processing="true"'
    html = f"<table {kept}><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
    flat = ", ".join(f'"{text}"' for row in [headers, *rows] for text in row)
    typst = f"#table(columns: {len(headers)}, ..({flat}).map(it => text(size: 8pt, it)))"
    return f"```{{=html}}\n{html}\n```\n\n```{{=typst}}\n{typst}\n```\n"


def display(**data: str) -> dict:
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {k.replace("_", "/"): v for k, v in data.items()},
    }


def notebook(**cells: list[dict]) -> str:
    made = [
        {
            "cell_type": "code",
            "execution_count": 1,
            "id": name,
            "metadata": {},
            "source": f"#| label: {name.replace('_', '-')}\nshow()",
            "outputs": outputs,
        }
        for name, outputs in cells.items()
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


REPORT = """---
company: "Demo & Co"
---

## {{< var t.heading >}} {#sec-first}

Read @tbl-cohorts, @fig-leads, [see @sec-last] and [@tbl-small; @fig-pair].
The total is {{< var report.total >}}. The title is {{< meta title >}}.
"Quoted" text, a [link](https://example.org/a), and `code`.

::: {#tbl-cohorts}
{{< embed run/cohorts.ipynb#cohorts >}}

{{< var t.cap_cohorts >}}
:::

::: {#fig-leads}
{{< embed run/cohorts.ipynb#leads >}}

Leads *by* week
:::

{{< include run/narrative.md >}}

{{< pagebreak >}}

### Smaller things {#sec-small}

| a | b |
|---|---|
| 1 | 2 |

: A small table {#tbl-small}

::: {#fig-pair layout-ncol=2}
{{< embed run/cohorts.ipynb#leads >}}

{{< embed run/cohorts.ipynb#leads >}}

Two side by side
:::

::: {layout-ncol=2}
Left cell

Right cell
:::

::: {.callout-note}
A note without a title.
:::

::: {.callout-warning title="Young cohorts"}
They look bad because they are young.
:::

::: {.callout-tip}
## A title from a heading
- one
- two
:::

:::: {.columns}
::: {.column width="60%"}
The wider column
:::
::: {.column}
The narrower column
:::
::::

::: {.panel-tabset}
## First tab
Shown first

## Second tab
Shown second
:::

::: {.callout-caution collapse="true" appearance="simple" icon="false" title="Folded"}
What is folded away
:::

::: {.content-visible when-format="html"}
Only in the page.
:::

::: {.content-hidden when-format="html"}
Only in the PDF.
:::

```{=html}
<p class="raw">Raw for the page</p>
```

```{=typst}
Raw for the PDF
```

::: {.landscape}

::: {#tbl-wide}
{{< embed run/cohorts.ipynb#wide >}}

A wide table
:::

:::

## Last {#sec-last}

Term
: Its meaning.

1. one
2. two

> A quotation.

A note.[^1] Math: $a^2 + b^2$.

[^1]: The footnote.

{{< embed run/cohorts.ipynb#words >}}
"""

NARRATIVE = """## What we read

The cohort has {{< var report.total >}} leads, see @tbl-cohorts.

{{< include narrative/more.md >}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The sample project."""
    for name in ("_quarto.yml", "_brand.yml"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "run").mkdir()
    (tmp_path / "report.qmd").write_text(REPORT)
    (tmp_path / "run/narrative.md").write_text(NARRATIVE)
    (tmp_path / "narrative").mkdir()
    (tmp_path / "narrative/more.md").write_text("More prose from a nested file, see @sec-first.\n")
    picture = base64.b64encode(png()).decode()
    (tmp_path / "run/cohorts.ipynb").write_text(
        notebook(
            cohorts=[
                display(text_markdown=table(["Cohort", "Leads"], [["12.09.2022", "558"]]), text_plain="no")
            ],
            leads=[display(image_png=picture, text_plain="<Figure>")],
            wide=[display(text_markdown=table(HEADERS, ROWS))],
            words=[display(text_markdown="Defined **here**.")],
            stream=[{"output_type": "stream", "name": "stdout", "text": "hello"}],
            failed=[{"output_type": "error", "ename": "ValueError", "evalue": "x", "traceback": []}],
            plain=[display(text_plain="42")],
            nothing=[],
        )
    )
    raw = notebook(drawn=[display(text_html="<b>x</b>")])
    (tmp_path / "run/raw.ipynb").write_text(raw)  # as no report leaves it: Quarto would load scripts for it
    set_language(tmp_path, "en")
    return tmp_path


def set_language(project: Path, lang: str) -> None:
    facts = {
        "lang": lang,
        "title": "Weekly report",
        "subtitle": "Report date 26 September 2022",
        "date": str(DAY),
    }
    texts = {"heading": "Сводка" if lang == "ru" else "Summary", "cap_cohorts": "Cohorts *as of* the date"}
    texts["sec_left_out"] = Texts(lang).t("sec_left_out")
    (project / "run/report.yml").write_text(yaml.safe_dump(facts, allow_unicode=True))
    variables = {"t": texts, "report": {"total": 558}}
    (project / "_variables.yml").write_text(yaml.safe_dump(variables, allow_unicode=True))


class Page(HTMLParser):
    """The parts of a page a reader meets."""

    def __init__(self, path: Path):
        super().__init__(convert_charrefs=True)
        self.loads, self.ids, self.links, self.headings, self.text = [], [], [], [], []
        self._heading = False
        self._silent = 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.loads += [found[key] for key in ("src", "srcset", "data", "poster", "action") if key in found]
        self.loads += [found["href"]] if tag == "link" and "href" in found else []
        self.links += [found["href"] or ""] if tag == "a" and "href" in found else []
        self.ids += [found["id"]] if "id" in found else []
        if re.fullmatch("h[1-6]", tag):
            self._heading = True
            self.headings.append("")
        self._silent += tag in ("style", "script")

    def handle_endtag(self, tag):
        if re.fullmatch("h[1-6]", tag):
            self._heading = False
        self._silent -= tag in ("style", "script")

    def handle_data(self, data):
        if not self._silent:
            self.text.append(data)
        if self._heading:
            self.headings[-1] += data

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())


def pdf_text(path: Path) -> str:
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext (poppler-utils) is not installed")
    done = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True)
    return " ".join(done.stdout.split())


@pytest.fixture
def picture() -> bytes:
    """A picture that a narrative may show."""
    return png()


@pytest.fixture
def kit() -> SimpleNamespace:
    """What the tests of this folder share."""
    return SimpleNamespace(
        day=DAY, headers=HEADERS, rows=ROWS, set_language=set_language, page=Page, pdf_text=pdf_text
    )
