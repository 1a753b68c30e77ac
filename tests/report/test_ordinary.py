"""An analyst's own notebook: ordinary figures and frames, two lines in report.qmd, no Python of ours."""

from __future__ import annotations

import base64
import html
import io
import re
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from funnel.errors import NotebookError
from funnel.publish import notebooks
from funnel.publish.render import render

PARAMETERS = {"report_date": "2022-09-26", "language": "en", "config": "funnel.yml"}
START = """
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
frame = pd.DataFrame({"channel": ["Avito", "<b>Яндекс</b>", "{{< var x >}}"], "leads": [1203, 7, 45], "rate": [0.125, 0.5, None]})
"""  # noqa: E501
CELLS = {
    "fig-plot": "#| fig-cap: Leads *by* pyplot\n#| fig-alt: 'leads: one line'\nplt.plot(frame['leads'])",
    "fig-show": "#| fig-cap: A figure that is shown\nplt.plot(frame['leads'])\nplt.show()",
    "fig-axes": "#| fig-cap: Axes kept in a name\nax = sns.lineplot(frame, x='channel', y='leads')",
    "fig-end": "#| fig-cap: A cell that ends in axes\nsns.lineplot(frame, x='channel', y='leads')",
    "fig-two": "#| fig-cap: Two figures\nfor at in (1, 2):\n    plt.plot([0, at])\n    plt.show()",
    "fig-bare": "#| fig-cap: A Figure\nfigure = Figure()\nfigure.subplots().plot([1, 3])\nfigure",
    "tbl-frame": "#| tbl-cap: A frame\nframe",
    "tbl-series": "#| tbl-cap: A Series\nframe.set_index('channel')['leads']",
    "tbl-pivot": "#| tbl-cap: Two levels\nframe.groupby('channel').agg({'leads': ['sum', 'max']})",
    "tbl-styler": "#| tbl-cap: A Styler\n"
    "frame.style.format(precision=2).highlight_max(subset=['leads'], color='yellow')",
    "words": "print('printed words')\n6 * 7",
}


def book(path: Path, cells: dict[str, str]) -> Path:
    start = new_code_cell("\n".join(f"{key} = {value!r}" for key, value in PARAMETERS.items()))
    start.metadata["tags"] = ["parameters"]
    made = [new_code_cell(f"#| label: {label}\n{code}") for label, code in cells.items()]
    whole = new_notebook(cells=[start, new_code_cell(START), *made])
    whole.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.parent.mkdir(exist_ok=True)
    nbformat.write(whole, path)
    return path


def run(path: Path, project: Path, language: str = "en") -> dict[str, list[Any]]:
    notebooks.run_notebooks([path], project / "run", {**PARAMETERS, "language": language}, project)
    return outputs(project / "run" / path.name)


def outputs(path: Path) -> dict[str, list[Any]]:
    """The outputs of each labelled cell."""
    found = {}
    for cell in nbformat.read(path, 4).cells:
        if label := re.search(r"#\| label: (\S+)", cell.source):
            found[label[1]] = cell.outputs
    return found


def kinds(shown: list[Any]) -> list[tuple[str, set[str]]]:
    return [(output.output_type, set(output.get("data", {}))) for output in shown]


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.poppler
def test_two_lines_in_the_report_show_any_figure_and_any_frame(
    project: Path, kit: Any, language: str
) -> None:
    kit.set_language(project, language)
    run(book(project / "notebooks/own.ipynb", CELLS), project, language)
    lines = "\n\n".join(f"{{{{< embed run/own.ipynb#{label} >}}}}" for label in CELLS)
    (project / "report.qmd").write_text(f"See @fig-plot and @tbl-frame.\n\n{lines}\n")
    render(project, report_date=kit.day, out=project / "out", renderer="builtin")
    page, pdf = kit.page(project / "out/report.html"), kit.pdf_text(project / "out/report.pdf")
    figure, table = ("Figure", "Table") if language == "en" else ("Рисунок", "Таблица")
    for words in [
        f"See {figure} 1 and {table} 1.",
        f"{figure} 1: Leads by pyplot",
        f"{figure} 6: A Figure",
        f"{table} 1: A frame",
        f"{table} 4: A Styler",
        "<b>Яндекс</b>",
        "{{< var x >}}",
        "0.12" if language == "en" else "0,12",
        "1203",
        "printed words",
        "42",
    ]:
        assert words in page.words.replace("\xa0", " "), words
        assert words in pdf.replace("\xa0", " "), words
    assert "matplotlib" not in page.words
    assert "AxesSubplot" not in page.words
    source = (project / "out/report.html").read_text(encoding="utf-8")
    assert source.count("<img ") == 7
    assert 'alt="leads: one line"' in source
    assert 'alt="A figure that is shown"' in source
    assert "background-color:#ffff00" in source
    assert "<script" not in source


def test_ours_shows_what_plain_papermill_shows(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels that are forked change nothing: only what would not show at all is added, and the look."""
    path = book(project / "notebooks/own.ipynb", CELLS)
    papermill.execute_notebook(str(path), str(project / "plain.ipynb"), PARAMETERS, progress_bar=False)
    monkeypatch.setattr("funnel.publish.outputs.settle", lambda *_: [])
    ours, plain = run(path, project), outputs(project / "plain.ipynb")
    added = {"fig-bare": {"image/png"}, "tbl-series": {"text/html"}}
    for label in CELLS:
        more = added.get(label, set())
        assert kinds(ours[label]) == [(kind, data | more) for kind, data in kinds(plain[label])], label
        for one, other in zip(ours[label], plain[label], strict=True):
            assert one.get("text") == other.get("text")
            if label == "tbl-frame":
                assert one["data"]["text/html"] == other["data"]["text/html"]
    assert "image/png" in plain["fig-plot"][-1]["data"]


def test_the_executed_copies_hold_what_both_renderers_show_and_no_html(project: Path) -> None:
    shown = run(book(project / "notebooks/own.ipynb", CELLS), project)
    for label in CELLS:
        found = [data for _, data in kinds(shown[label])]
        wanted = {"fig": {"image/png"}, "tbl": {"text/markdown"}}.get(label[:3])
        assert all(data == wanted for data in found) if wanted else found == [set(), {"text/plain"}], label
    cells = html.unescape(shown["tbl-frame"][0]["data"]["text/markdown"])
    assert ">–</td>" in cells
    assert ">1203</td>" in cells
    assert ">0</td>" not in cells  # the count of the rows


def test_a_figure_is_drawn_in_the_look_of_the_report(project: Path) -> None:
    shown = run(book(project / "notebooks/own.ipynb", {"fig-plot": CELLS["fig-plot"]}), project)
    picture = Image.open(io.BytesIO(base64.b64decode(shown["fig-plot"][0]["data"]["image/png"])))
    colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20)}
    assert (0x2F, 0x6F, 0xAB) in colours  # stage-1 of _brand.yml
    assert (0x1F, 0x77, 0xB4) not in colours  # matplotlib's own blue
    assert picture.width > 900


@pytest.mark.parametrize(
    ("label", "code", "said"),
    [
        (
            "fig-x",
            "#| fig-capt: x\nplt.plot([1])",
            "the option 'fig-capt' is not followed; did you mean 'fig-cap'?",
        ),
        ("x", "#| fig-cap: x\nplt.plot([1])", "to do: #| label: fig-x"),
        ("fig-x", "#| fig-cap: [a, b]\nplt.plot([1])", "fig-cap is not a text"),
        ("tbl-x", "from IPython.display import HTML\nHTML('<b>x</b>')", "it shows HTML that is no frame"),
        (
            "tbl-x",
            "frame.style.bar(subset=['leads'])",
            "is not shown in the PDF; to do: color, background-color",
        ),
    ],
)
def test_what_a_renderer_cannot_show_is_refused_before_either(
    project: Path, label: str, code: str, said: str
) -> None:
    with pytest.raises(NotebookError) as told:
        run(book(project / "notebooks/own.ipynb", {label: code}), project)
    assert said in str(told.value)
    assert f"own.ipynb: cell '{label}'" in str(told.value)
