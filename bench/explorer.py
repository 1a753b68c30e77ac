"""The explorer of a large company: its bars (a change of view within 100 ms, program 600 KB).

    python bench/explorer.py [--leads 200000] [--views 40]

An invented company of two years; the page is made from its files as in a report, but for the forecast, and
opened in Chromium. A change of view is timed in the page, from the new address to the picture that follows,
and in processor time of the page's thread (script, style, layout), so that a busy machine does not matter.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import resource
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from funnel.analysis.cube.cross import cross, merged  # noqa: E402
from funnel.analysis.forecast.expected import EXPECTED_COLUMNS  # noqa: E402
from funnel.calendar import NO_CALENDAR  # noqa: E402
from funnel.dates import AsOf, age_weeks, complete_weeks  # noqa: E402
from funnel.present.explorer import Contents, write_page  # noqa: E402
from funnel.present.explorer.page import BUILT  # noqa: E402
from funnel.publish.policy import policy  # noqa: E402
from funnel.settings import load  # noqa: E402
from funnel.simulate import World, simulate, write  # noqa: E402
from funnel.warehouse import Warehouse  # noqa: E402
from tests.chromium import Tab  # noqa: E402

WEEKS = 104
SHOWS = ("table", "pivot", "triangle", "lines")
TIMED = """new Promise(done => {{
  const begun = performance.now();
  addEventListener('hashchange', () => {{
    document.body.getBoundingClientRect();
    const drawn = performance.now() - begun;
    requestAnimationFrame(() => setTimeout(() => done([drawn, performance.now() - begun])));
  }}, {{once: true}});
  location.hash = {address};
}})"""


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def views(count: int, names: list[str], values: dict[str, list[str]]) -> list[list[tuple[str, object]]]:
    """Return changes of view as a reader makes them: of every kind, over all cohorts or the newest."""
    dice = random.Random(7)
    found: list[list[tuple[str, object]]] = []
    for number in range(count):
        facts: list[tuple[str, object]] = [("show", SHOWS[number % len(SHOWS)])]
        facts += [("by", name) for name in dice.sample(names, dice.choice((0, 1, 1, 2)))]
        name = dice.choice(names)
        facts += [(f"only.{name}", dice.choice(values[name]))] if dice.random() < 0.4 else []
        facts += [("period", dice.choice(("week", "4weeks", "month", "quarter")))]
        facts += [("last", dice.choice((13, 26, 0)))]
        facts += [("count", "equal-age"), ("age", dice.choice((1, 4, 8)))] if dice.random() < 0.5 else []
        found.append([*facts, ("stage", dice.choice(("target", "qualified", "sale"))), ("of", "before")])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=200_000)
    parser.add_argument("--views", type=int, default=40)
    asked = parser.parse_args()
    settings = load(ROOT / "funnel.yml")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(simulate(World(weeks=WEEKS, leads_per_week=asked.leads / WEEKS), 1), folder)
        leads = pd.read_parquet(folder / "leads.parquet")
        last = leads["created_at"].max().date()
        report = last - dt.timedelta(days=last.weekday()) + dt.timedelta(days=7)
        weeks = complete_weeks(report, WEEKS)
        names = [one for one in settings.attributes if one in leads.columns]
        with Warehouse.attach_parquet(folder, settings) as warehouse:
            begun = cpu()
            frame = warehouse.crossed_lags(AsOf(report, dt.datetime(2100, 1, 1)), names)  # noqa: DTZ001
            table = merged(cross(frame, names, settings.steps, weeks), 1)
            counted = cpu() - begun
        contents = Contents(
            report, table, [age_weeks(week, report) for week in weeks], (),
            pd.DataFrame(columns=list(EXPECTED_COLUMNS)), (), NO_CALENDAR, 1, {}, (), {"en": "report.html"},
        )  # fmt: skip
        begun = cpu()
        page = folder / "explorer.html"
        page.write_text(write_page(contents, settings, policy), encoding="utf-8")
        written = cpu() - begun
        program = sum(path.stat().st_size for path in BUILT.iterdir())
        size = page.stat().st_size - program
        values = {one: sorted(leads[one].dropna().unique()) for one in names}
        ready, times = opened(page, folder, views(asked.views, names, values))
        begun = time.perf_counter()
        for _ in range(5):
            by_hand(leads)
        pandas = (time.perf_counter() - begun) / 5
    rows = {
        "leads": f"{len(leads):,}",
        "cells": f"{len(table.leads):,}",
        "counted, processor s": f"{counted:.2f}",
        "packed and written, processor s": f"{written:.2f}",
        "program, KB": f"{program / 1000:.0f}",
        "cube, MB": f"{size / 1e6:.2f}",
        "opened, ms": f"{ready:.0f}",
    }
    drawn, painted, used = np.array(times).T
    for what, some in (("drawn", drawn), ("painted", painted), ("processor", used)):
        middle, high, most = (*np.quantile(some, (0.5, 0.95)), some.max())
        rows[f"a change of view, {what}, ms: median, 95 %, most"] = f"{middle:.0f}, {high:.0f}, {most:.0f}"
    for number, show in enumerate(SHOWS):
        rows[f"  of it {show}, processor, ms: median"] = f"{np.median(used[number :: len(SHOWS)]):.0f}"
    rows["one sum of leads by week and manager by pandas, ms"] = f"{1000 * pandas:.0f}"
    for what, value in rows.items():
        print(f"{what:<62} {value:>16}")


def opened(
    page: Path, folder: Path, asked: list[list[tuple[str, object]]]
) -> tuple[float, list[tuple[float, float, float]]]:
    """Open a page, and change its view; return when it was ready, and the times of each change."""
    with Tab(folder) as tab:
        tab.size(1440)
        begun = time.perf_counter()
        tab.open(page)
        tab.until("document.documentElement.dataset.view !== undefined")
        ready = 1000 * (time.perf_counter() - begun)
        tab("Performance.enable", timeDomain="threadTicks")

        def used() -> float:
            told = {one["name"]: one["value"] for one in tab("Performance.getMetrics")["metrics"]}
            return 1000 * float(told["TaskDuration"])

        times = []
        for number, facts in enumerate(asked):
            address = json.dumps("#" + urlencode([*facts, ("order", ("asc", "desc")[number % 2])]))
            before = used()
            drawn, painted = tab.run(TIMED.format(address=address))
            times.append((drawn, painted, used() - before))
    return ready, times


def by_hand(leads: pd.DataFrame) -> pd.Series:
    week = leads["created_at"].dt.to_period("W-SUN")
    return leads.groupby([week, "manager"]).size()


if __name__ == "__main__":
    main()
