"""The page in a real browser: it opens from disk, and nothing is wider than a phone."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.chromium import needs_browser, opened
from tests.conftest import Demo

pytestmark = [pytest.mark.browser, needs_browser, pytest.mark.xdist_group("edition")]
PROBE = """<!doctype html><iframe id="page" width="{width}" height="900" src="{name}"></iframe>
<pre id="said"></pre><script>
page.onload = () => {{
  const doc = page.contentDocument;
  const seen = [...doc.images].filter(image => image.complete && image.naturalWidth > 0).length;
  said.textContent = JSON.stringify({{
    wide: doc.documentElement.scrollWidth, images: doc.images.length, seen: seen,
    tables: doc.querySelectorAll("table").length, headings: doc.querySelectorAll("h1, h2").length,
    loads: page.contentWindow.performance.getEntriesByType("resource").map(entry => entry.name)
      .filter(name => !name.startsWith("data:")),
  }});
}};
</script>"""


def look(folder: Path, name: str, width: int) -> dict:
    probe = folder / "probe.html"
    probe.write_text(PROBE.format(width=width, name=name), encoding="utf-8")
    done = opened(probe, folder, "--allow-file-access-from-files")
    said = re.search(r'<pre id="said">(.*?)</pre>', done.stdout)
    assert said and said[1], done.stderr[-2000:]
    return json.loads(said[1])


@pytest.mark.parametrize("name", ["report.html", "report.ru.html"])
@pytest.mark.parametrize("width", [1400, 390])
def test_the_page_opens_whole_and_loads_nothing(demo: Demo, tmp_path: Path, name: str, width: int) -> None:
    shutil.copyfile(demo.edition / name, tmp_path / name)
    page = look(tmp_path, name, width)
    assert page["loads"] == []
    assert page["images"] == page["seen"] >= 3
    assert page["tables"] >= 6
    assert page["headings"] >= 8
    assert page["wide"] <= width
