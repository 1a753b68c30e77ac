"""Every notebook runs on the demo, and every labelled cell shows something both renderers can show."""

import re

import nbformat
import pytest

from funnel.present.parts.vector import KIND
from tests.conftest import ROOT, Demo

pytestmark = pytest.mark.xdist_group("edition")
NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("name", NAMES)
def test_labelled_cells_show_markdown_or_a_picture_and_nothing_that_loads_scripts(
    demo: Demo, name: str
) -> None:
    book = nbformat.read(demo.project / "run" / f"{name}.ipynb", 4)
    labelled = [cell for cell in book.cells if re.search(r"^#\| label: ", cell.source, re.MULTILINE)]
    assert labelled
    for cell in labelled:
        kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
        assert kinds, cell.source
        assert kinds <= {"text/markdown", "image/png", "text/plain", KIND}
        assert not [output for output in cell.outputs if output.output_type in ("error", "stream")]


@pytest.mark.parametrize("name", NAMES)
def test_every_labelled_cell_is_in_the_report(name: str) -> None:
    report = (ROOT / "report.qmd").read_text(encoding="utf-8")
    book = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", 4)
    labels = re.findall(r"#\| label: (\S+)", "\n".join(cell.source for cell in book.cells))
    missing = [label for label in labels if f"embed run/{name}.ipynb#{label} >}}" not in report]
    assert missing == []
