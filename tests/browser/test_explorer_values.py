"""Values of the data that try to be more than text, and small cells that were counted together."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import pytest

from funnel import settings as settings_module
from funnel.analysis.cube.cross import cross, merged
from funnel.analysis.forecast.expected import EXPECTED_COLUMNS
from funnel.calendar import NO_CALENDAR
from funnel.dates import Period, age_weeks, complete_weeks
from funnel.present.explorer import Contents, Marked, write_page
from funnel.publish.policy import policy
from tests.browser.test_explorer import READY, SPY, copied, look
from tests.chromium import Tab, needs_browser
from tests.conftest import ROOT

pytestmark = [pytest.mark.browser, needs_browser]
DATE = dt.date(2024, 4, 1)
HOSTILE = (
    "</script><script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "{{constructor.constructor('document.title=1')()}}",
    "line\u2028separator\u2029and\nbreak",
    "right\u202eto left\u200f",
    "=HYPERLINK(\"http://x\")",
    "__proto__",
    "",
    "x" * 3000,
    "a&only.channel=b#show=lines",
    "\U0001f600 emoji, \"quoted\", comma",
    "100%",
)  # fmt: skip


def page(
    folder: Path,
    values: tuple[str, ...],
    *,
    least: int = 1,
    leads: int = 40,
    plain: bool = False,
    period: Period = "week",
) -> Path:
    """Write an explorer of a company whose attribute has these values, and such names unless it is plain."""
    config = folder / "funnel.yml"
    first, second = ("Company", "Target") if plain else HOSTILE[:2]
    text = {
        "company": first,
        "stages": [{"key": "target", "name": {"en": second}}, {"key": "sale", "name": {"en": "Sale"}}],
        "attributes": {"channel": {"en": second}, "toString": {}},
        "slices": ["channel"],
        "explorer": {"min_cell": least},
    }
    config.write_text(json.dumps(text), encoding="utf-8")
    (folder / "_brand.yml").write_bytes((ROOT / "_brand.yml").read_bytes())
    settings = settings_module.load(config)
    weeks = complete_weeks(DATE, 9)
    rows = [
        {
            "cohort_week": pd.Timestamp(week),
            "attr_0": value,
            "attr_1": "p",
            "stage": stage,
            "lag": lag,
            "leads": many,
        }
        for (at, week), (number, value) in itertools.product(enumerate(weeks), enumerate(values))
        for stage, lag, many in (
            ("lead", 0, leads + number),
            ("target", 0, leads // 2),
            ("sale", 1, max((leads // 4 + at) % 9, 1)),
        )
    ]
    frame = pd.DataFrame(rows)
    frame["attr_0"] = pd.Categorical(frame["attr_0"], sorted(values), ordered=True)
    frame["attr_1"] = pd.Categorical(frame["attr_1"])
    frame["stage"] = pd.Categorical(frame["stage"], list(settings.steps))
    table = merged(cross(frame, ["channel", "toString"], settings.steps, weeks), least)
    contents = Contents(
        DATE,
        table,
        [age_weeks(week, DATE) for week in weeks],
        [pd.Timestamp(weeks[3])],
        pd.DataFrame(columns=list(EXPECTED_COLUMNS)),
        [Marked({"en": first, "ru": second}, weeks[2], None)],
        NO_CALENDAR,
        1,
        {"en": [second], "ru": [second]},
        ["stage_entries"],
        {"en": "report.html"},
        period=period,
    )
    path = folder / "explorer.html"
    path.write_text(write_page(contents, settings, policy), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    folder = tmp_path_factory.mktemp("hostile")
    with Tab(folder) as found:
        found.open(page(folder, HOSTILE))
        found.until(READY)
        found.run(SPY)
        yield found


def test_texts_of_the_data_do_nothing(tab: Tab) -> None:
    for show in ("table", "pivot", "triangle", "lines"):
        for value in HOSTILE:
            look(tab, ("show", show), ("by", "channel"), ("by", "toString"), ("only.channel", value))
            assert "owned" not in tab.run("document.title").replace(HOSTILE[0], "")
    assert tab.said == []
    assert [one for one in tab.asked if not one.endswith("/explorer.html")] == []
    assert tab.run("document.querySelectorAll('img, iframe, main script').length") == 0


def test_every_value_is_a_row_under_its_own_name(tab: Tab) -> None:
    look(tab, ("by", "channel"), ("period", "all"), ("last", 0))
    rows = tab.run("[...document.querySelectorAll('tbody tr')].map(row => row.cells[0].textContent)")
    assert len(rows) == len(HOSTILE) + 1
    assert HOSTILE[0][:20] in " ".join(rows)
    assert "not given" in rows
    assert not any(sign in "".join(rows) for sign in "\u202e\u200f\u2028\n")
    assert max(map(len, rows)) <= 80
    frame = copied(tab)
    kept = {one.replace("'=", "=", 1) if one.startswith("'=") else one for one in frame["channel"][1:]}
    assert kept == {one.replace("\r", "") for one in HOSTILE}
    assert "'=HYPERLINK" in "".join(frame["channel"])


def test_the_page_holds_no_text_of_the_data_but_packed(tmp_path: Path) -> None:
    text = page(tmp_path, HOSTILE).read_text(encoding="utf-8")
    assert "owned" not in text
    assert text.lower().count("<script") - text.lower().count("</script") == 0


def test_marks_of_gaps_and_of_imported_cohorts_stand_in_it(tab: Tab) -> None:
    look(tab, ("last", 0))
    heads = tab.run("[...document.querySelectorAll('thead th')].map(one => one.textContent)")
    assert "Leads" in heads and "number ⚠" in heads
    rows = tab.run("[...document.querySelectorAll('tbody tr')].map(row => row.cells[0].textContent)")
    assert [row.endswith("§") for row in rows] == [at == 3 for at in range(9)]
    assert HOSTILE[1] in tab.run("document.querySelector('.result').textContent")


def test_small_cells_are_counted_together_and_the_totals_stay(tmp_path: Path) -> None:
    values = tuple(f"v{number}" for number in range(8))
    with Tab(tmp_path) as tab:
        tables: dict[int, Mapping[str, object]] = {}
        for least in (1, 6):
            folder = tmp_path / str(least)
            folder.mkdir()
            tab.open(page(folder, values, least=least, leads=4))
            tab.until(READY)
            tab.run(SPY)
            look(tab, ("last", 0))
            tables[least] = copied(tab).to_dict("list")
            look(tab, ("by", "channel"), ("period", "all"), ("last", 0))
            rows = tab.run("[...document.querySelectorAll('tbody tr')].map(row => row.cells[0].textContent)")
            assert ("counted together" in " ".join(rows)) == (least > 1)
            assert ("fewer than 6" in tab.run("document.querySelector('footer').innerText")) == (least > 1)
        assert tables[1] == tables[6]
        look(tab, ("only.channel", "\0"), ("last", 0))
        assert int(copied(tab)["leads"].iloc[0]) == 9, "those of 4 and 5 leads"


def test_it_opens_by_the_cohorts_of_the_report_and_gives_unripe_ones_no_raw_change(tmp_path: Path) -> None:
    with Tab(tmp_path) as found:
        found.open(page(tmp_path, ["a", "b"], leads=400, period="4weeks"))
        found.until(READY)
        found.run(SPY)
        assert found.run("document.querySelector('#choose-period').value") == "4weeks"
        assert len(copied(found)) == 3  # nine weeks
        look(found, ("period", "week"), ("last", 9))
        frame = copied(found)
        assert (frame["overall_change"] == "").tolist() == [True] + [False] * 4 + [True] * 4
        assert "not compared" in found.run("document.body.textContent")
