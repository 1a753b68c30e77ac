"""The page in a real browser: it opens from disk, asks for nothing, and is fit for a phone and for all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from PIL import Image

from tests.chromium import Tab, needs_browser
from tests.conftest import ROOT, Demo

pytestmark = [pytest.mark.browser, needs_browser, pytest.mark.xdist_group("edition")]
AXE = ROOT / "explorer" / "node_modules" / "axe-core" / "axe.min.js"
PAGES = ("report.html", "report.ru.html")
KEPT = Path(__file__).parent / "pictures"
MOST = 14
"""Mean difference of a point of a small picture, of 255, as for the explorer."""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with Tab(tmp_path_factory.mktemp("page")) as found:
        yield found


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [1440, 390])
def test_the_page_opens_whole_and_loads_nothing(demo: Demo, tab: Tab, name: str, width: int) -> None:
    tab.size(width)
    tab.asked.clear()
    tab.open(demo.edition / name)
    assert [one for one in tab.asked if not one.endswith(name)] == []
    assert tab.said == []
    assert tab.run("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert tab.run("document.querySelectorAll('.chart svg').length") >= 8
    assert tab.run("document.querySelectorAll('table').length") >= 6
    assert tab.run("document.documentElement.scrollWidth") <= width


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (make explorer)")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(demo: Demo, tab: Tab, name: str, width: int, dark: bool) -> None:
    tab.size(width, dark=dark)
    tab.open(demo.edition / name)
    tab.run("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    tab.run(AXE.read_text(encoding="utf-8") + "; 0")
    asked = "axe.run(document, {resultTypes: ['violations']}).then(told => JSON.stringify(told.violations))"
    bad = [
        (one["id"], [node["html"][:200] for node in one["nodes"][:3]], one["nodes"][0]["any"][:1])
        for one in json.loads(tab.run(asked))
        if one["impact"] in ("serious", "critical")
    ]
    assert bad == []


def test_the_values_of_a_chart_are_said_under_the_pointer_and_by_keys(demo: Demo, tab: Tab) -> None:
    tab.size(1440)
    tab.open(demo.edition / "report.html")
    tab.run("const box = document.querySelector('#fig-leads'), how = {block: 'center', behavior: 'instant'};")
    tab.run("box.scrollIntoView(how)")
    table = tab.run(
        "[...box.querySelectorAll('tbody tr')].map(row => [...row.cells].map(cell => cell.textContent))"
    )
    assert len(table) >= 26
    place = tab.run(
        "(() => { const row = box.querySelectorAll('tbody tr')[5],"
        " [x, y] = row.dataset.at.split(',').map(Number),"
        " p = new DOMPoint(x + 1, y + 5).matrixTransform(box.querySelector('svg').getScreenCTM());"
        " return [p.x, p.y]; })()"
    )
    tab("Input.dispatchMouseEvent", type="mouseMoved", x=place[0], y=place[1])
    said = "box.querySelector('.said').hidden ? '' : box.querySelector('.said').innerText"
    assert tab.run(said) == f"{table[5][0]}\nleads: {table[5][1]}"
    tab.run("box.querySelector('.wide').focus()")
    tab.press("ArrowRight", 39)
    aloud = "box.querySelector('[role=status]').textContent"
    assert tab.run(aloud) == f"leads; {table[6][0]}; leads: {table[6][1]}"
    tab.press("End", 35)
    assert tab.run(aloud).endswith(f"{table[-1][0]}; leads: {table[-1][1]}")
    tab.press("Escape", 27)
    assert tab.run(said) == ""


def test_a_bar_stands_where_its_row_says(demo: Demo, tab: Tab) -> None:
    tab.size(1440)
    tab.open(demo.edition / "report.html")
    far = tab.run(
        "(() => { const box = document.querySelector('#fig-leads'), svg = box.querySelector('svg'),"
        " rows = [...box.querySelectorAll('tbody tr')],"
        " bars = [...svg.querySelectorAll('path')].map(bar => bar.getBBox())"
        " .filter(b => b.width > 1 && b.width < 12);"
        " return Math.max(...rows.map(row => { const [x, y] = row.dataset.at.split(',').map(Number);"
        " return Math.min(...bars.map(b => Math.hypot(b.x + b.width / 2 - x, b.y - y))); })); })()"
    )
    assert far < 0.5  # of a point of the drawing, 504 of which are its width


def test_head_and_first_column_stay_and_the_contents_say_where_one_is(demo: Demo, tab: Tab) -> None:
    tab.size(390)
    tab.open(demo.edition / "report.html")
    moved = tab.run(
        "(() => { const box = [...document.querySelectorAll('#tbl-cohorts .scroll')].pop();"
        " const at = cell => { const r = cell.getBoundingClientRect(); return [r.left, r.top]; };"
        " const cells = ['thead th', 'tbody td'].map(one => box.querySelector(one)), before = cells.map(at);"
        " box.scrollLeft = 200; return [box.scrollLeft, before, cells.map(at)]; })()"
    )
    assert moved[0] == 200
    assert moved[1] == moved[2]
    tab.size(1440, 500)
    moved = tab.run(
        "(() => { const box = [...document.querySelectorAll('#tbl-triangle .scroll')].pop();"
        " const head = box.querySelector('thead th'), before = head.getBoundingClientRect().top;"
        " box.scrollTop = 150; return [box.scrollTop, before, head.getBoundingClientRect().top]; })()"
    )
    assert moved[0] == 150
    assert abs(moved[1] - moved[2]) <= 1.5  # of a point: the line above the head goes
    for name in ("sec-revenue", "sec-costs"):
        tab.run(f"document.getElementById('{name}').scrollIntoView()")
        tab.until(f"document.querySelector('nav.toc a[aria-current]')?.hash === '#{name}'")


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_to_a_file_or_a_place(demo: Demo, tab: Tab, name: str) -> None:
    tab.open(demo.edition / name)
    links = tab.run("[...document.querySelectorAll('a[href]')].map(link => link.href)")
    files = {Path(unquote(urlsplit(link).path)) for link in links if link.startswith("file:")}
    assert {path for path in files if not path.is_file()} == set()
    suffix = ".ru" if ".ru" in name else ""
    beside = {f"workbook{suffix}.xlsx", f"report{suffix}.pdf", f"report-full{suffix}.pdf", "explorer.html"}
    assert beside | set(PAGES) <= {path.name for path in files}
    assert demo.edition.parent / "index.html" in files
    inside = tab.run("[...document.querySelectorAll('a[href^=\"#\"]')].map(link => link.hash.slice(1))")
    ids = set(tab.run("[...document.querySelectorAll('[id]')].map(one => one.id)"))
    assert {unquote(one) for one in inside} - ids == set()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("at", ["tbl-cohorts", "fig-history", "tbl-triangle"])
def test_it_looks_as_it_did(demo: Demo, tab: Tab, tmp_path: Path, at: str, width: int, dark: bool) -> None:
    """`FUNNEL_PICTURES=keep` keeps the pictures of today; they are small, so that fonts do not matter."""
    tab.size(width, 900, dark=dark)
    tab.open(demo.edition / "report.html")
    tab.run("document.documentElement.style.scrollBehavior = 'auto'")
    tab.run(f"document.getElementById('{at}').scrollIntoView()")
    tab.picture(tmp_path / "shot.png", whole=False)
    shot = Image.open(tmp_path / "shot.png").convert("RGB")
    seen = shot.resize((shot.width // 15, shot.height // 15), Image.Resampling.BOX)
    kept = KEPT / f"report-{at}-{width}-{'dark' if dark else 'light'}.png"
    if os.environ.get("FUNNEL_PICTURES") == "keep":
        seen.quantize(32).save(kept, optimize=True)
    was = Image.open(kept).convert("RGB")
    assert was.size == seen.size
    assert np.abs(np.asarray(was, dtype=float) - np.asarray(seen, dtype=float)).mean() < MOST
