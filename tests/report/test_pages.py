"""The page in a browser, wide and on a phone."""

import re

import pytest

from funnel.publish.render import render
from tests.chromium import needs_browser, opened

MEASURE = """<script>addEventListener("load", () => {
  const box = document.querySelector("#tbl-wide .scroll");
  document.title = JSON.stringify({
    page: document.documentElement.scrollWidth, window: innerWidth,
    table: box.scrollWidth, box: box.clientWidth,
    contents: document.querySelector("nav.toc").getBoundingClientRect().right,
    text: document.querySelector("main").getBoundingClientRect().left,
  });
});</script>"""


@pytest.mark.browser
@needs_browser
@pytest.mark.parametrize("width", [1400, 500])
def test_only_wide_tables_scroll_and_the_contents_stand_beside_the_text(project, kit, width):
    render(project, report_date=kit.day, out=project / "out", renderer="builtin", formats={"html"})
    page = project / "out/report.html"
    # The page's own policy runs no script that was put into it, so the copy that is measured has none.
    free = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text())
    page.write_text(free.replace("</body>", MEASURE + "</body>"))
    dom = opened(page, project, f"--window-size={width},900").stdout
    found = dict(re.findall(r'"(\w+)":([\d.]+)', re.search(r"<title>(.*?)</title>", dom)[1]))
    seen = {key: float(value) for key, value in found.items()}
    assert seen["window"] == width
    assert seen["page"] <= width
    assert seen["table"] > seen["box"]
    assert (seen["contents"] < seen["text"]) == (width > 1100)
