"""The explorer as a reader has it: it asks for nothing, obeys keys, fits a phone, is fit for all."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from funnel.publish.sizes import too_large
from tests.browser.test_explorer import READY, look
from tests.chromium import Tab, needs_browser
from tests.conftest import ROOT, Demo

pytestmark = [pytest.mark.browser, needs_browser, pytest.mark.xdist_group("edition")]
AXE = ROOT / "explorer" / "node_modules" / "axe-core" / "axe.min.js"
DRAWN = "document.documentElement.dataset.view === location.hash"
SHOWS = ("table", "pivot", "triangle", "lines")


@pytest.fixture(scope="module")
def tab(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    folder = tmp_path_factory.mktemp("explorer")
    shutil.copyfile(demo.edition / "explorer.html", folder / "explorer.html")
    with Tab(folder) as found:
        found.size(1440)
        found.open(folder / "explorer.html")
        found.until(READY)
        yield found


@pytest.mark.parametrize("show", SHOWS)
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_it_asks_for_nothing_and_says_nothing_wrong(tab: Tab, show: str, lang: str) -> None:
    tab.said.clear()
    for count in ("raw", "equal-age", "expected"):
        look(tab, ("show", show), ("by", "manager"), ("count", count), ("lang", lang))
    assert tab.said == []
    assert [one for one in tab.asked if not one.endswith("/explorer.html")] == []
    words = tab.run("document.body.innerText")
    assert not re.search(
        r"\bexplorer_|undefined|NaN|\{\w+\}(?! in funnel| в funnel)", words.replace("{min_cell: 5}", "")
    )
    assert ("Часто" in words) == (lang == "ru")
    assert tab.run("document.documentElement.lang") == lang


@pytest.mark.parametrize("show", SHOWS)
@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_is_wider_than_the_screen(tab: Tab, show: str, width: int) -> None:
    tab.size(width)
    for lang in ("en", "ru"):
        look(tab, ("show", show), ("by", "manager"), ("by", "channel"), ("lang", lang), ("last", 26))
        assert tab.run("document.documentElement.scrollWidth") <= width
    tab.size(1440)


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (make explorer)")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("show", SHOWS)
def test_axe_finds_nothing_serious(tab: Tab, show: str, dark: bool) -> None:
    tab.size(1440, dark=dark)
    look(tab, ("show", show), ("by", "manager"), ("count", "equal-age"), ("only.channel", "chat"))
    tab.run(AXE.read_text(encoding="utf-8") + "; 0")
    found = tab.run(
        "axe.run(document, {resultTypes: ['violations']}).then(told => JSON.stringify(told.violations))"
    )
    bad = [
        (one["id"], [node["html"][:200] for node in one["nodes"][:3]], one["nodes"][0]["any"][:1])
        for one in json.loads(found)
        if one["impact"] in ("serious", "critical")
    ]
    assert bad == []
    tab.size(1440)


def test_a_manager_finds_his_answer_with_the_keyboard_alone(tab: Tab) -> None:
    """How did each manager's step to Qualified move over the quarters, at equal age? One link, one key."""
    look(tab)
    for _ in range(20):
        tab.press("Tab", 9)
        if (
            "Manager" in tab.run("document.activeElement.textContent")
            and tab.run("document.activeElement.tagName") == "A"
        ):
            break
    tab.press("Enter", 13, "\r")
    tab.until("location.hash.includes('show=pivot')")
    tab.until(DRAWN)
    heads = tab.run("[...document.querySelectorAll('thead th')].map(one => one.innerText)")
    assert [one.split(" (")[0] for one in heads[-3:]] == ["Q1 2022", "Q2 2022", "Q3 2022"]
    assert "Boris" in tab.run("document.querySelector('tbody').innerText")
    assert "Qualified, share of “Target” · at the age of 4 weeks" in tab.run(
        "document.querySelector('h2').innerText"
    )


def test_arrow_keys_walk_the_table_and_say_what_is_behind_a_number(tab: Tab) -> None:
    look(
        tab,
        ("show", "pivot"),
        ("by", "manager"),
        ("period", "quarter"),
        ("stage", "qualified"),
        ("of", "before"),
    )
    tab.run("document.querySelector('tbody td[tabindex=\"0\"]').focus()")
    first = tab.run("document.activeElement.textContent")
    tab.press("ArrowRight", 39)
    tab.press("ArrowDown", 40)
    assert tab.run("document.activeElement.tagName") == "TD"
    assert tab.run("document.activeElement.textContent") != first
    assert re.match(
        r"\d[\d,]* of \d[\d,]*90 % interval: ", tab.run("document.getElementById('tip').textContent")
    )
    assert tab.run("!document.getElementById('tip').hidden")
    tab.press("Escape", 27)
    assert tab.run("document.getElementById('tip').hidden")


def test_choices_make_the_address_and_the_address_makes_the_choices(tab: Tab) -> None:
    look(tab)
    tab.run("document.querySelector('[data-show=lines]').click()")
    tab.until("location.hash.includes('show=lines')")
    tab.run("document.querySelector('[data-by=channel]').click()")
    tab.until("location.hash.includes('by=channel')")
    assert tab.run("document.activeElement.tagName") in ("BODY", "BUTTON")
    tab.run(
        "{ const one = document.getElementById('choose-period'); one.value = 'month';"
        " one.dispatchEvent(new Event('change')); }"
    )
    tab.until("location.hash.includes('period=month')")
    assert tab.run("location.hash") == "#show=lines&period=month&by=channel"
    tab.run("history.back()")
    tab.until("location.hash === '#show=lines&by=channel'")
    tab.until("document.getElementById('choose-period').value === 'week'")
    assert tab.run("document.querySelector('[data-by=channel]').getAttribute('aria-pressed')") == "true"
    assert tab.run("document.querySelectorAll('figure').length") > 3


def test_an_address_of_another_edition_says_what_is_not_known(tab: Tab) -> None:
    look(tab, ("only.manager", "Nobody"), ("by", "planet"), ("period", "decade"))
    assert "manager: Nobody, planet, decade" in tab.run("document.querySelector('[role=alert]').textContent")
    assert tab.run("document.querySelectorAll('tbody tr').length") == 13


def test_a_column_sorts_both_ways(tab: Tab) -> None:
    look(tab, ("by", "manager"), ("period", "all"))
    order = "[...document.querySelectorAll('tbody tr')].map(row => row.cells[1].textContent.replace(',', ''))"
    tab.run("document.querySelector('[data-sort=leads]').click()")
    tab.until("location.hash.includes('sort=leads')")
    assert tab.run("document.querySelector('[aria-sort]').getAttribute('aria-sort')") == "ascending"
    rows = [int(one) for one in tab.run(order)]
    assert rows[1:] == sorted(rows[1:]) and rows[0] == sum(rows[1:]), "the total stays on top"
    tab.run("document.querySelector('[data-sort=leads]').click()")
    tab.until("location.hash.includes('order=desc')")
    assert [int(one) for one in tab.run(order)][1:] == sorted(rows[1:], reverse=True)


def test_the_marks_of_the_report_stand_in_it_too(tab: Tab) -> None:
    look(tab)
    rows = tab.run("[...document.querySelectorAll('tbody tr')].map(row => row.cells[0].textContent)")
    assert [row.endswith("*") for row in rows] == [False] * 9 + [True] * 4
    notes = tab.run("document.querySelector('.result').innerText")
    assert "* Unripe: younger than 4 weeks." in notes
    look(tab, ("only.manager", ""), ("period", "month"))
    assert "°" in tab.run("document.querySelector('tbody').textContent")
    assert "mostly chance" in tab.run("document.querySelector('.result').innerText")


def test_a_mark_stands_only_where_it_is_true(tab: Tab) -> None:
    heads = "[...document.querySelectorAll('thead th')].map(one => one.textContent).join(' ')"
    look(tab, ("show", "pivot"), ("stage", "sale"))
    assert "*" in tab.run(heads), "sales of young cohorts are still to come"
    look(tab, ("show", "pivot"), ("stage", "lead"))
    assert "*" not in tab.run(heads), "their leads are all there"
    look(tab, ("show", "pivot"), ("stage", "sale"), ("count", "equal-age"))
    assert "*" not in tab.run(heads), "at equal age nobody is younger"
    look(
        tab,
        ("show", "pivot"),
        ("stage", "sale"),
        ("of", "before"),
        ("by", "manager"),
        ("only.channel", "chat"),
    )
    shares = tab.run("[...document.querySelectorAll('tbody tr:first-child td')].map(one => one.textContent)")
    assert any("°" in one for one in shares), "of fewer than 30 proposals a share is mostly chance"
    assert "Fewer than 30 leads" in tab.run("document.querySelector('.result').innerText")


def test_it_shows_initiatives_and_says_for_whom_it_is(tab: Tab) -> None:
    look(tab, ("show", "lines"), ("last", 52))
    assert "Training of the managers" in tab.run("document.querySelector('figure').textContent")
    foot = tab.run("document.querySelector('footer').innerText")
    assert "For whom" in foot and "min_cell" in foot


def test_its_words_and_numbers_are_those_of_the_report(tab: Tab, demo: Demo) -> None:
    look(tab)
    page = (demo.edition / "report.html").read_text(encoding="utf-8")
    table = page[page.index('id="cohorts"') :]
    table = table[: table.index("</table>")]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)[2:]
    told = [
        [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row)]
        for row in rows
    ]
    mine = tab.run(
        "[...document.querySelectorAll('tbody tr')].map(row => [...row.cells].map(cell => cell.textContent))"
    )
    assert len(mine) == len(told) == 13
    for own, other in zip(mine, told, strict=True):
        assert own[:11] == other[:11]
        assert own[11] == other[11], "the overall share"
        assert own[13] == other[12], "its change"


def test_the_report_leads_to_it_and_it_knows_every_view(tab: Tab, demo: Demo) -> None:
    for name, lang in (("report.html", "en"), ("report.ru.html", "ru")):
        page = (demo.edition / name).read_text(encoding="utf-8")
        views = {html.unescape(one) for one in re.findall(r'href="explorer\.html(#[^"]*)"', page)}
        shown = {part for view in views for part in view[1:].split("&")}
        assert f"#lang={lang}" in views
        assert {"by=channel", "show=lines", "of=before", "only.manager=Boris"} <= shown, (
            "cohorts, flags, segments"
        )
        assert len(views) > 30
        for view in sorted(views):
            tab.run(f"location.hash = {json.dumps(view)}; 0")
            tab.until(f"document.documentElement.dataset.view === {json.dumps(view)}")
            assert tab.run("document.querySelector('[role=alert]')?.textContent ?? ''") == "", view
            assert tab.run("document.querySelectorAll('tbody tr, figure').length") > 0, view
            assert tab.run("document.documentElement.lang") == lang


def test_a_large_cube_is_told(tmp_path: Path) -> None:
    assert too_large(tmp_path) == ""
    (tmp_path / "explorer.html").write_bytes(b"x" * 2_600_000)
    assert too_large(tmp_path) == ""
    (tmp_path / "explorer.html").write_bytes(b"x" * 3_000_000)
    assert re.match(r"explorer.html has 2\.\d MB of cells.*min_cell", too_large(tmp_path))
