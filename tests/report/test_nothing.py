"""What has nothing to show, in both renderers: no caption, no heading; said once, references lead there."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from funnel.publish.render import render
from tests.quarto import RENDERERS

WHY = "Nothing has a cost."
EMPTY = f'```{{=html}}\n<div><p class="empty">{WHY}</p></div>\n```\n\n```{{=typst}}\n#text("{WHY}")\n```\n'
REPORT = """
## Costs {#sec-costs}

::: {#tbl-costs}
{{< embed run/none.ipynb#none >}}

What conversions cost
:::

What does a lead cost?

### By channel {#sec-channel}

::: {#fig-costs}
{{< embed run/none.ipynb#none >}}

Cost by channel
:::

## Losses {#sec-losses}

::: {#tbl-losses}
{{< embed run/none.ipynb#none >}}

Why leads are lost
:::

## The rest {#sec-rest}

See @tbl-costs, @tbl-wide, [costs](#sec-costs) and @sec-channel.

::: {#tbl-wide}
{{< embed run/none.ipynb#some >}}

Numbers
:::

::: {#tbl-other}
{{< embed run/none.ipynb#none >}}

Other costs
:::
"""


@pytest.fixture(params=RENDERERS)
def page(project, kit, request):
    book = (project / "run/cohorts.ipynb").read_text(encoding="utf-8")
    cells = json.loads(book)["cells"]
    none, some = (
        next(one for one in cells if f"label: {name}" in one["source"]) for name in ("words", "cohorts")
    )
    none["source"], some["source"] = "#| label: none", "#| label: some"
    none["outputs"][0]["data"] = {"text/markdown": EMPTY}
    made = {"cells": [none, some], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (project / "run/none.ipynb").write_text(json.dumps(made), encoding="utf-8")
    (project / "report.qmd").write_text(REPORT, encoding="utf-8")
    render(project, report_date=kit.day, out=project / "out", renderer=request.param)
    return (project / "out/report.html").read_text(encoding="utf-8")


def test_it_is_said_once_and_keeps_no_heading(page: str, project, kit) -> None:
    body = page.partition("<main")[2]
    assert body.count(WHY) == 1
    heads = re.findall(r"<h[2-6][^>]*>(?:<span[^>]*>[\d.]+</span>)?\s*(.*?)</h", body)
    assert [re.sub("<[^>]+>|&nbsp;|\xa0", "", head) for head in heads] == [
        "The rest",
        "Nothing to show here yet",
    ]
    assert "What does a lead cost?" not in body, "a question without an answer"
    assert "Cost by channel</fig" not in body and "Other costs</fig" not in body
    assert body.count("<figure") == 1
    pdf = project / "out/report-full.pdf"
    lines = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True)
    assert "Losses" in [line.strip() for line in lines.stdout.splitlines()], "a title has its own line"
    words = " ".join(kit.pdf_text(pdf).split())
    assert words.count(WHY) == 1 and "558" in words


def test_references_lead_to_where_it_is_said(page: str) -> None:
    links = dict(re.findall(r'<a href="#((?:tbl|sec)-[\w-]+)"[^>]*>(.*?)</a>', page.partition("<main")[2]))
    assert links["tbl-costs"] == "«What conversions cost»"
    assert links["tbl-wide"].replace("&nbsp;", " ").replace("\xa0", " ") == "Table 1"
    assert links["sec-channel"] == "«By channel»"
    for name in links:
        assert f'id="{name}"' in page
