"""The explorer in a real browser: its numbers are the library's and the files', and it asks for nothing."""

from __future__ import annotations

import datetime as dt
import io
import json
import math
import random
from collections.abc import Iterator
from urllib.parse import urlencode

import pandas as pd
import pytest

from funnel import settings as settings_module
from funnel.analysis.cohorts.table import cohort_table, counts, triangle, with_rates
from funnel.dates import PERIODS, AsOf, Period, age_weeks, complete_weeks, period_start
from funnel.edition.model import Edition, load_edition
from funnel.settings import Settings
from funnel.warehouse import Warehouse
from tests.chromium import Tab, needs_browser
from tests.conftest import ROOT, Demo

pytestmark = [pytest.mark.browser, needs_browser, pytest.mark.xdist_group("edition")]
DATE = dt.date(2022, 9, 26)
STAGES = ("target", "qualified", "proposal", "sale")
STEPS = ("lead", *STAGES)
VIEWS, LEADS = 200, 20
"""Views in all, and choices of leads that they show."""
SPY = "addEventListener('copy', () => window.copied = document.activeElement.value)"
READY = "document.documentElement.dataset.view !== undefined"


@pytest.fixture(scope="module")
def tab(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with Tab(tmp_path_factory.mktemp("browser")) as found:
        found.size(1440)
        found.open(demo.edition / "explorer.html")
        found.until(READY)
        found.run(SPY)
        yield found


@pytest.fixture(scope="module")
def edition(demo: Demo) -> Edition:
    return load_edition(demo.project / "run" / "edition", demo.project)


def look(tab: Tab, *facts: tuple[str, object]) -> None:
    """Go to a view by its address."""
    address = "#" + urlencode([(key, value) for key, value in facts])
    tab.run(
        f"new Promise(done => {{ if (location.hash === {json.dumps(address)}) return done();"
        f" addEventListener('hashchange', done, {{once: true}}); location.hash = {json.dumps(address)}; }})"
    )


def copied(tab: Tab) -> pd.DataFrame:
    """Copy the table that is shown, and read what was copied."""
    tab.run("document.querySelector('.copy').click()", hand=True)
    return pd.read_csv(io.StringIO(tab.run("window.copied")), dtype=str, keep_default_na=False)


def numbers(column: pd.Series) -> list[str]:
    """Return numbers as the archive's tables have them: ten digits, '' for none."""
    return ["" if pd.isna(one) else f"{float(one):.10g}" for one in column]


def shown(column: pd.Series) -> list[str]:
    return ["" if one == "" else f"{float(one):.10g}" for one in column]


class Asked:
    """Some leads by some attributes, as the library counts them."""

    def __init__(self, dice: random.Random, warehouse: Warehouse, settings: Settings) -> None:
        names = list(settings.attributes)
        as_of = AsOf(DATE, warehouse.known_at())
        self.by = dice.sample(names, dice.choice((0, 0, 1, 1, 2)))
        free = [name for name in names if name not in self.by]
        self.where = {
            name: dice.choice(warehouse.values(as_of, name))
            for name in dice.sample(free, dice.choice((0, 1, 2)))
        }
        self.cube = warehouse.reached(as_of, [tuple(self.by)], settings.reach, self.where)

    def table(self, period: Period, last: int, age: int | None) -> pd.DataFrame:
        """Return the cohort table, longer periods as the sums of their weeks."""
        first, second = [*self.by, "", ""][:2]
        starts = {week: period_start(week, period, DATE) for week in complete_weeks(DATE, 104)}
        kept = sorted(set(starts.values()))[-last:]
        weeks = [week for week, start in starts.items() if start in kept]
        if period == "week":
            table = cohort_table(self.cube, STEPS, DATE, weeks, first, age, second)
            table = table.rename(columns={"leads": "lead"})
        else:
            weeks = [week for week in weeks if age_weeks(week, DATE) >= (age or 0)]
            by_week = counts(self.cube, STEPS, weeks, first, age, second).reset_index()
            by_week["cohort_week"] = [pd.Timestamp(starts[week.date()]) for week in by_week["cohort_week"]]
            values = ["value", "value2"][: len(self.by)]
            table = by_week.groupby(["cohort_week", *values], as_index=False)[list(STEPS)].sum()
            table = with_rates(table, STEPS).rename(columns=dict(zip(values, self.by, strict=True)))
        table = table[table["lead"] > 0] if self.by else table
        table = table.assign(cohort_week=pd.to_datetime(table["cohort_week"]).dt.strftime("%Y-%m-%d"))
        return table.sort_values(["cohort_week", *self.by], ignore_index=True)


def test_random_views_have_the_numbers_of_the_library(tab: Tab, demo: Demo) -> None:
    settings = settings_module.load(demo.project / "funnel.yml")
    dice, seen = random.Random(17), 0
    with Warehouse.open(settings.path("warehouse"), settings) as warehouse:
        some = [Asked(dice, warehouse, settings) for _ in range(LEADS)]
    for asked in some:
        for _ in range(VIEWS // LEADS):
            period = dice.choice(PERIODS)
            last, age = dice.choice((3, 8, 13, 26)), dice.choice((None, None, 0, 1, 4, 13))
            facts: list[tuple[str, object]] = [("by", name) for name in asked.by]
            facts += [(f"only.{name}", value) for name, value in asked.where.items()]
            facts += [("period", period), ("last", last)]
            facts += [("count", "equal-age"), ("age", age)] if age is not None else []
            look(tab, *facts)
            page, table = copied(tab), asked.table(period, last, age)
            page = page.sort_values(["cohort_week", *asked.by], ignore_index=True) if asked.by else page
            assert page["cohort_week"].tolist() == table["cohort_week"].tolist(), facts
            for name in asked.by:
                assert page[name].tolist() == table[name].tolist(), facts
            columns = {"leads": "lead", "overall_rate": "overall_rate"}
            columns |= {name: name for stage in STAGES for name in (stage, f"{stage}_rate")}
            columns |= {"overall_change": "overall_change"} if period == "week" and not asked.by else {}
            if "overall_change" in columns and age is None:  # unripe: not to be compared with older ones
                table.loc[table["age_weeks"] < settings.young_weeks, "overall_change"] = math.nan
            for name, own in columns.items():
                assert shown(page[name]) == numbers(table[own]), (facts, name)
            seen += len(page)
    assert seen > 10 * VIEWS


@pytest.fixture(scope="module")
def files() -> pd.DataFrame:
    """One row per lead of the files: attributes, week, and the week it reached each stage (NaT: not)."""
    leads = pd.read_parquet(ROOT / "data/demo/leads.parquet")
    entries = pd.read_parquet(ROOT / "data/demo/stage_entries.parquet")
    leads = leads[leads["created_at"] < pd.Timestamp(DATE)].fillna({"manager": "", "channel": ""})
    entries = entries[entries["entered_at"] < pd.Timestamp(DATE)]
    result = leads.assign(week=leads["created_at"].dt.to_period("W-SUN").dt.start_time).set_index("lead_id")
    for number, stage in enumerate(STAGES):
        first = entries[entries["stage"].isin(STAGES[number:])].groupby("lead_id")["entered_at"].min()
        moment = first.reindex(result.index)
        moment = moment.where(moment.isna() | (moment >= result["created_at"]), result["created_at"])
        result[stage] = moment.dt.to_period("W-SUN").dt.start_time
    return result.fillna(dict.fromkeys(("channel", "manager", "product", "region"), ""))


@pytest.mark.parametrize("seed", range(20))
def test_a_plain_recount_of_the_files_gives_the_same(tab: Tab, files: pd.DataFrame, seed: int) -> None:
    dice = random.Random(seed)
    names = ["channel", "manager", "product", "region"]
    by = dice.sample(names, dice.choice((1, 2, 3)))
    chosen = {
        name: dice.sample(sorted(files[name].unique()), dice.choice((1, 2, 3)))
        for name in dice.sample(names, dice.choice((0, 1, 2)))
    }
    age = dice.choice((None, 0, 2, 8))
    last = 8
    quarter = files["week"].dt.to_period("Q").dt.start_time
    complete = files["week"] + pd.Timedelta(days=7 * (1 + (age or 0))) <= pd.Timestamp(DATE)
    first = sorted(quarter[files["week"] + pd.Timedelta(days=7) <= pd.Timestamp(DATE)].unique())[-last]
    some = files.assign(cohort_week=quarter)[complete & (quarter >= first)]
    some = some[some["week"] >= pd.Timestamp(complete_weeks(DATE, 104)[0])]
    for name, values in chosen.items():
        some = some[some[name].isin(values)]
    horizon = some["week"] + pd.Timedelta(days=7 * (age if age is not None else 10_000 // 7))
    flags = {stage: some[stage].notna() & (some[stage] <= horizon) for stage in STAGES}
    table = (
        some.assign(leads=1, **flags).groupby(["cohort_week", *by])[["leads", *STAGES]].sum().reset_index()
    )
    table["cohort_week"] = table["cohort_week"].dt.strftime("%Y-%m-%d")
    facts: list[tuple[str, object]] = [("by", name) for name in by]
    facts += [(f"only.{name}", value) for name, values in chosen.items() for value in values]
    facts += [("period", "quarter"), ("last", last)]
    facts += [("count", "equal-age"), ("age", age)] if age is not None else []
    look(tab, *facts)
    page = copied(tab).sort_values(["cohort_week", *by], ignore_index=True)
    wanted = table.sort_values(["cohort_week", *by], ignore_index=True)
    assert page["cohort_week"].tolist() == wanted["cohort_week"].tolist()
    for name in by:
        assert page[name].tolist() == wanted[name].tolist()
    for name in ("leads", *STAGES):
        assert page[name].astype(int).tolist() == wanted[name].astype(int).tolist(), (facts, name)


def test_the_triangle_is_the_reports(tab: Tab, edition: Edition) -> None:
    look(tab, ("show", "triangle"), ("last", 26))
    page = copied(tab).set_index("cohort_week")
    wanted = triangle(edition.reached, STEPS, DATE, complete_weeks(DATE, 26))
    seen = 0
    for row in wanted.to_dict("records"):
        if str(row["age"]) in page.columns:
            cell = page.loc[row["cohort_week"].strftime("%Y-%m-%d"), str(row["age"])]
            assert shown(pd.Series([cell])) == numbers(pd.Series([row["rate"]]))
            seen += 1
    assert seen > 100
    assert (page["25"] != "").sum() == 1, "only what a cohort has lived"


def test_what_is_expected_is_the_editions(tab: Tab, demo: Demo, edition: Edition) -> None:
    look(tab, ("count", "expected"), ("last", 0))
    page = copied(tab)
    told = pd.read_csv(demo.edition / "tables" / "forecast.csv")
    told = told[told["cohort_week"].isin(page["cohort_week"])]
    for stage in STAGES:
        rows = told[told["stage"] == stage].reset_index(drop=True)
        mean = (rows["final_mean"] / rows["leads"]).where(rows["reliable"])
        got = [float(one) if one else float("nan") for one in page[f"{stage}_expected_share"]]
        assert got == pytest.approx(mean.tolist(), rel=1e-8, nan_ok=True)
    low = told[told["stage"] == "sale"]["final_p05"] / told[told["stage"] == "sale"]["leads"]
    assert [float(one) for one in page["low"]] == pytest.approx(low.tolist(), rel=1e-8)


def test_a_value_is_expected_to_do_what_the_edition_says_and_else_there_is_a_dash_and_why(
    tab: Tab, edition: Edition
) -> None:
    told = edition.results["expected"]
    part = told[(told["attribute"] == "manager") & (told["value"] == "Boris") & (told["period"] == "month")]
    look(tab, ("count", "expected"), ("only.manager", "Boris"), ("period", "month"), ("last", 0))
    page = copied(tab)
    wanted = {f"{row['start']:%Y-%m-%d}": row["mean"] for row in part.to_dict("records") if not row["reason"]}
    got = {
        row["cohort_week"]: float(row["sale_expected"])
        for row in page.to_dict("records")
        if row["sale_expected"]
    }
    assert len(got) > 20
    assert got == pytest.approx({week: wanted[week] for week in got})
    assert (page["target_expected"] == "").all()
    notes = tab.run("document.querySelector('.result').textContent")
    assert "Of single values the report forecasts the last stage alone: Sale." in notes
    look(tab, ("count", "expected"), ("only.region", "Moscow"))
    assert (copied(tab)["sale_expected"] == "").all()
    assert "forecasts the values of its slices alone" in tab.run("document.body.textContent")
    look(tab, ("count", "expected"), ("only.manager", "Boris"), ("only.channel", "chat"))
    assert (copied(tab)["sale_expected"] == "").all()
    assert "the total and single values alone" in tab.run("document.body.textContent")


def test_a_longer_period_expects_the_sum_of_its_weeks(edition: Edition) -> None:
    told = edition.results["expected"]
    weeks = told[told["period"] == "week"]
    for period in ("4weeks", "month", "quarter"):
        start = [pd.Timestamp(period_start(week.date(), period, DATE)) for week in weeks["start"]]
        keys = ["start", "attribute", "value", "stage"]
        summed = weeks.assign(start=start).groupby(keys)[["leads", "reached", "mean", "low", "high"]].sum()
        longer = told[told["period"] == period].set_index(keys)
        both = summed.join(longer, lsuffix="_sum", how="outer")
        assert both["mean_sum"].tolist() == pytest.approx(both["mean"].tolist())
        assert (both["leads_sum"] == both["leads"]).all()
        assert (both["reached"] <= both["low"] + 1e-9).all()
        assert (both["low"] - 0.5 <= both["mean"]).all() and (both["mean"] <= both["high"] + 0.5).all()
        whole = both.xs(("", "", "sale"), level=("attribute", "value", "stage"))
        widths = (whole["high"] - whole["low"]) / (whole["high_sum"] - whole["low_sum"])
        assert widths.max() < 1.0 + 1e-9, "errors of weeks do not all fall together"
