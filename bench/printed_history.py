"""One invented history, forecast exactly as the report's pages do it, held against what its leads will do."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import cuts
import numpy as np
import pandas as pd
from catalogue import WORLDS, rng_of
from companies import HORIZON, History, draw
from law import Law, learn

from funnel.analysis.cohorts import table as cohorts
from funnel.analysis.cube.triangles import triangle
from funnel.analysis.forecast.chainladder import SIMPLE, simple
from funnel.analysis.forecast.final import QUANTILES, Forecast
from funnel.analysis.revenue.weeks import Revenue, forecast_revenue
from funnel.analysis.statistics import scores
from funnel.calendar import calendar_of
from funnel.edition.lifetime import worth
from funnel.edition.results import Cubes
from funnel.settings import Settings, Stage
from funnel.warehouse.customers import CUSTOMER_COLUMNS

ATTRIBUTES = ("product", "channel", "manager")
SOURCES = ("existing", "future", "total")
WEEKS = 13
COVERED = (50, 80, 90)


@dataclass(frozen=True, slots=True)
class Page:
    """What a report date tells.

    Attributes:
        whole: the forecast of the total.
        revenue: the revenue to come.
        worth: the published table `ltv`.
        reached: the cube of the total that all of it rests on.
    """

    whole: Forecast
    revenue: Revenue
    worth: pd.DataFrame
    reached: pd.DataFrame


def page(history: History, date: dt.date) -> Page:
    """Return what the report of a date prints: as `funnel.edition.results.results` makes it.

    What the pages call has to be called here, with what they give it; nothing else in the bench forecasts.
    """
    cubes = ask(history, date)
    reached, paid = cubes.reached, cubes.paid
    whole = cubes.forecast()
    revenue = forecast_revenue(whole, paid, plan=cubes.plan())
    apart = whole.history.apart
    told = worth(customers(reached, paid), reached, paid, pd.DataFrame(), cubes.settings, date, apart)
    return Page(whole, revenue, told["ltv"], cohorts.select(reached))


def ask(history: History, date: dt.date) -> Cubes:
    """Return the cubes of a date, as `funnel.edition.compute.ask` has them from the warehouse."""
    company = history.company
    settings = Settings(
        stages=tuple(Stage(key=key) for key in company.stages),
        attributes={name: {} for name in ATTRIBUTES},
        horizon_weeks=HORIZON,
        country=company.country,
    )
    if company.migration:
        return cuts.from_warehouse(cuts.tables(history), settings, date)
    reached, moved, paid = cuts.cut(history, date, ("", *ATTRIBUTES))
    last = date + dt.timedelta(weeks=HORIZON + 1)
    calendar = calendar_of(company.country, company.start, last)
    return Cubes(settings, date, reached, paid, moved, (), calendar=calendar)


def customers(reached: pd.DataFrame, paid: pd.DataFrame) -> pd.DataFrame:
    """Return the cube `customers`: every lead is a customer of its own, and pays once."""
    leads = reached[reached["stage"] == "lead"].rename(columns={"leads": "number"})
    firsts = paid.rename(columns={"payments": "number"}).assign(kind="first")
    both = [leads.assign(kind="customer", lag=0, amount=Decimal(0)), firsts]
    return pd.concat(both, ignore_index=True)[list(CUSTOMER_COLUMNS)]


@lru_cache(maxsize=1)
def law_of(name: str) -> Law:
    """Return the law of a world."""
    return learn(WORLDS[name])


def score(job: tuple[str, int]) -> dict[str, pd.DataFrame]:
    """Score all report dates of one history.

    Args:
        job: name of the world, number of the replication.

    Returns:
        Four frames, each with `world`, `replication` and `date`.
        `cells`: a row per complete cohort, the last stage: `age`, `leads`, `reached`, `mean`, `actual`, `due`
        (sales still to come by the law), `floor` and one column for each of `SIMPLE` (means of the final
        number), `reason` (why it is marked, or ''), `c50`, `c80`, `c90` (whether the interval covers, 0..1:
        the mean of a randomised PIT).
        `money`: a row per source: `mean`, `low`, `high` (80 % interval), `came`; none where the report knows
        no revenue.
        `worth`: a row per product: `product`, `mean`, `low`, `high` (lifetime value of a lead, 90 %), `came`;
        none where it is not told.
        `dates`: `seconds`, `broken` (rows of the printed table, all stages, that break an invariant), `error`
        (why there is no forecast, or '').
    """
    name, replication = job
    history = draw(WORLDS[name], rng_of(name, replication))
    parts: dict[str, list[pd.DataFrame]] = {"cells": [], "money": [], "worth": [], "dates": []}
    for date in history.company.dates:
        began = time.perf_counter()
        about = {"world": name, "replication": replication, "date": pd.Timestamp(date)}
        try:
            told = page(history, date)
        except (ArithmeticError, LookupError, ValueError) as problem:
            failed = {"seconds": 0.0, "broken": 0, "error": f"{type(problem).__name__}: {problem}"}
            parts["dates"].append(pd.DataFrame([about | failed]))
            continue
        took = time.perf_counter() - began
        parts["cells"].append(_cells(history, date, told, law_of(name)).assign(**about))
        parts["money"].append(_money(history, date, told.revenue).assign(**about))
        parts["worth"].append(_worth(history, date, told.worth).assign(**about))
        how = {"seconds": took, "broken": broken(told.whole), "error": ""}
        parts["dates"].append(pd.DataFrame([about | how]))
    return {key: pd.concat(frames, ignore_index=True) for key, frames in parts.items() if frames}


def _cells(history: History, date: dt.date, told: Page, law: Law) -> pd.DataFrame:
    stage = history.company.stages[-1]
    table = told.whole.frame()
    table = table[table["stage"] == stage]
    week = ((table["cohort_week"] - pd.Timestamp(history.company.start)).dt.days // 7).to_numpy()
    actual = history.final(date)[week, -1].astype(float)
    one = told.whole.stages[stage]
    draws = one.draws[one.fit.triangle.ages >= 0]
    leads, ages = table["leads"].to_numpy(float), table["age_weeks"].to_numpy(np.int64)
    frame = pd.DataFrame(
        {
            "age": ages,
            "leads": leads,
            "reached": table["reached"].to_numpy(float),
            "mean": table["final_mean"].to_numpy(float),
            "actual": actual,
            "due": leads * law.due[week, np.clip(ages, 0, HORIZON)],
            "reason": table["reason"].to_numpy(str),
        }
    )
    frame["floor"] = frame["reached"] + law.floor(history, date)[week]
    for level in COVERED:
        frame[f"c{level}"] = scores.coverage(draws, actual, level / 100)
    seen = triangle(told.reached, stage, date, HORIZON)
    for name in SIMPLE:
        frame[name] = (seen.reached + simple(name, seen).mean)[seen.ages >= 0]
    return frame


def broken(whole: Forecast) -> int:
    """Count the rows of the printed table that break an invariant.

    reached <= p05 <= ... <= p95 <= leads; the mean within half a lead of p05 and p95; the printed limits are
    those of the draws (so that what is scored is what is printed).
    """
    table = whole.frame()
    limits = table[[f"final_{name}" for name in QUANTILES]].to_numpy(float)
    ladder = np.column_stack([table["reached"], limits, table["leads"]])
    mean = table["final_mean"].to_numpy(float)
    wrong = (np.diff(ladder, axis=1) < -1e-6).any(axis=1)
    wrong |= ~np.isfinite(ladder).all(axis=1) | ~np.isfinite(mean)
    wrong |= (mean < limits[:, 0] - 0.5) | (mean > limits[:, -1] + 0.5)
    for stage, one in whole.stages.items():
        drawn = scores.count_quantiles(one.draws[one.fit.triangle.ages >= 0])
        here = (table["stage"] == stage).to_numpy()
        wrong[here] |= (np.abs(drawn - limits[here]) > 1e-6).any(axis=1)
    return int(wrong.sum())


def _money(history: History, date: dt.date, revenue: Revenue) -> pd.DataFrame:
    if not revenue.known:
        return pd.DataFrame(columns=["source", "mean", "low", "high", "came"])
    there, later = (float(part.sum()) for part in history.revenue(date, WEEKS))
    drawn = (revenue.existing[:WEEKS].sum(axis=0), revenue.future[:WEEKS].sum(axis=0), revenue.total(WEEKS))
    rows = [
        (source, float(draws.mean()), *(float(limit) for limit in np.quantile(draws, [0.1, 0.9])), came)
        for source, draws, came in zip(SOURCES, drawn, (there, later, there + later), strict=True)
    ]
    return pd.DataFrame(rows, columns=["source", "mean", "low", "high", "came"])


def _worth(history: History, date: dt.date, table: pd.DataFrame) -> pd.DataFrame:
    true = history.worth(date, horizon=HORIZON)
    rows = [
        (row["value"], row["lead_ltv"], row["lead_ltv_p05"], row["lead_ltv_p95"], true[str(row["value"])])
        for _, row in table[table["attribute"] == "product"].dropna(subset="lead_ltv").iterrows()
    ]
    return pd.DataFrame(rows, columns=["product", "mean", "low", "high", "came"])
