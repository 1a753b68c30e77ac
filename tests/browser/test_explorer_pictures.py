"""The explorer as a picture: small ones are kept, so that a page without its style, or dark on dark, is seen.

`FUNNEL_PICTURES=keep` keeps those of today. They are so small that another machine's fonts do not matter.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.browser.test_explorer import READY, look
from tests.browser.test_explorer_values import page
from tests.chromium import Tab, needs_browser

pytestmark = [pytest.mark.browser, needs_browser]
KEPT = Path(__file__).parent / "pictures"
VALUES = ("Anna", "Boris", "Denis", "")
MOST = 14
"""Mean difference of a point of a small picture, of 255; light and dark differ by more than 150."""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    folder = tmp_path_factory.mktemp("pictures")
    with Tab(folder) as found:
        found.open(page(folder, VALUES, plain=True))
        found.until(READY)
        yield found


def small(tab: Tab, path: Path) -> Image.Image:
    tab.picture(path, whole=False)
    shot = Image.open(path).convert("RGB")
    return shot.resize((shot.width // 15, shot.height // 15), Image.Resampling.BOX)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("show", ["table", "pivot", "triangle", "lines"])
def test_it_looks_as_it_did(tab: Tab, tmp_path: Path, show: str, lang: str, width: int, dark: bool) -> None:
    tab.size(width, 1050, dark=dark)
    look(tab, ("show", show), ("by", "channel"), ("lang", lang), ("last", 0))
    seen = small(tab, tmp_path / "shot.png")
    kept = KEPT / f"{show}-{lang}-{width}-{'dark' if dark else 'light'}.png"
    if os.environ.get("FUNNEL_PICTURES") == "keep":
        kept.parent.mkdir(exist_ok=True)
        seen.quantize(32).save(kept, optimize=True)
    was = Image.open(kept).convert("RGB")
    assert was.size == seen.size
    apart = np.abs(np.asarray(was, dtype=float) - np.asarray(seen, dtype=float)).mean()
    assert apart < MOST
