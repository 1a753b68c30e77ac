"""The sample report says when it is older than the numbers, and is small."""

import datetime as dt
import importlib.util
import io
import json
from pathlib import Path

import pytest
from PIL import Image

from funnel.publish.builtin.pages import compile_first_page, compile_pdf
from funnel.publish.methods import CHANGES

ROOT = Path(__file__).parents[2]
NOON = dt.datetime(2022, 9, 26, tzinfo=dt.UTC)
found = importlib.util.spec_from_file_location("sample", ROOT / "docs" / "sample.py")
assert found and found.loader
sample = importlib.util.module_from_spec(found)
found.loader.exec_module(sample)


@pytest.mark.parametrize(("known", "late"), [(len(CHANGES), 0), (len(CHANGES) - 1, 1), (0, len(CHANGES))])
def test_a_change_of_method_makes_it_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: int, late: int
) -> None:
    path = tmp_path / "made-of.json"
    path.write_text(json.dumps({"methods": [change.key for change in CHANGES[:known]]}))
    monkeypatch.setattr(sample, "MADE_OF", path)
    assert len(sample.newer()) == late


def test_what_is_kept_is_small() -> None:
    files = [path for path in sample.FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= sample.MOST


def test_the_first_page_is_a_picture_of_the_first_page_alone() -> None:
    source = "#set page(width: 100pt, height: 50pt, margin: 0pt)\n#rect(width: 100%, height: 100%, fill: red)"
    source += "\n#pagebreak()\n#rect(width: 100%, height: 100%, fill: blue)"
    picture = Image.open(io.BytesIO(compile_first_page(source, {}, NOON, ppi=72))).convert("RGB")
    assert picture.size == (100, 50)
    red, _, blue = picture.getpixel((50, 25))  # type: ignore[misc]
    assert red > 200 and blue < 100


def test_a_pdf_without_tags_is_smaller() -> None:
    source = "\n".join(f"= Heading {n}\nText" for n in range(50))
    assert len(compile_pdf(source, {}, NOON, tagged=False)) < 0.8 * len(compile_pdf(source, {}, NOON))
