"""What the scores of a world come to, with standard errors and bars.

Replications are independent, cohorts of one are not: every standard error is over replications, of a
ratio of sums; that of a share of dates is at least Agresti and Coull's (1998, The American Statistician
52), so that three of three is not taken as certain. A value misses its bar if it lies beyond by two
standard errors (with few replications, as many as Student's t asks for).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from companies import Company
from printed_history import COVERED, SOURCES
from scipy import stats

from funnel.analysis.forecast.chainladder import SIMPLE

BANDS = ((0, 3), (4, 7), (8, 12), (13, 25), (26, 10_000))
YOUNG = 26
MEASURES = ("world", "measure", "of", "value", "error", "count", "low", "high", "met")
"""One row: a world, what was measured and of what; `error` is the standard error, `count` what it rests on
(cells, or dates), `low` and `high` the bar (NaN: none), `met` false where it is missed."""
Bar = tuple[float, float]
NONE: Bar = (float("nan"), float("nan"))


def name_of(band: tuple[int, int]) -> str:
    """Return how an age band is called.

    >>> name_of((4, 7)), name_of((26, 10_000))
    ('4-7', '26+')
    """
    return f"{band[0]}-{band[1]}" if band[1] < 1000 else f"{band[0]}+"


def ratio(above: pd.Series, below: pd.Series, replication: pd.Series) -> tuple[float, float]:
    """Return the ratio of two sums and its standard error over replications; NaN without anything below.

    >>> one = pd.Series([1.0, 3.0, 2.0, 2.0])
    >>> ratio(one, one * 0 + 4, pd.Series([0, 1, 2, 3]))[0]
    0.5
    """
    sums = pd.DataFrame({"above": above, "below": below}).groupby(np.asarray(replication)).sum()
    total, count = float(sums["below"].sum()), len(sums)
    if not total:
        return float("nan"), float("nan")
    value = float(sums["above"].sum()) / total
    left = float(((sums["above"] - value * sums["below"]) ** 2).sum())
    return value, (left * count / max(count - 1, 1)) ** 0.5 / total if count > 1 else float("nan")


def mean(values: pd.Series, replication: pd.Series) -> tuple[float, float]:
    """Return the mean of values and its standard error over replications."""
    return ratio(values, values * 0 + 1, replication)


def share(happened: pd.Series, replication: pd.Series) -> tuple[float, float]:
    """Return the share of dates on which something happened, and its standard error."""
    value, error = mean(happened.astype(float), replication)
    count = pd.Series(replication).nunique()
    middle = (value * count + 2) / (count + 4)
    return value, float(np.fmax(error, (middle * (1 - middle) / (count + 4)) ** 0.5))


def measure(company: Company, scored: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the measures of a world (`MEASURES`).

    Args:
        company: of the world.
        scored: what `printed_history.score` gives, all replications together.
    """
    rows = [
        *_sales(company, scored["cells"]),
        *_coverage(company, scored["cells"]),
        *_marks(company, scored["cells"]),
        *_revenue(company, scored["money"], len(scored["dates"])),
        *_worth(company, scored["worth"]),
        *_dates(scored["dates"]),
    ]
    table = pd.DataFrame(rows, columns=list(MEASURES[1:-1]))
    table.insert(0, "world", company.name)
    replications = scored["dates"]["replication"].nunique()
    slack = max(2.0, float(stats.t.ppf(0.977, max(replications - 1, 1)))) * table["error"].fillna(0)
    table["met"] = ~((table["value"] < table["low"] - slack) | (table["value"] > table["high"] + slack))
    return table


Row = tuple[str, str, float, float, int, float, float]


def _row(measure: str, of: str, value: tuple[float, float], count: int, bar: Bar = NONE) -> Row:
    return (measure, of, *value, count, *bar)


def _sales(company: Company, cells: pd.DataFrame) -> Iterator[Row]:
    """Bias of the sales still to come, the worst history of all, and WAPE of the final number."""
    if cells.empty:
        return
    bar = NONE
    if company.steady:
        bar = (-0.05, 0.05) if company.leads >= 60 else (-0.1, 0.1)
    told, true = cells["mean"] - cells["reached"], cells["actual"] - cells["reached"]
    of = cells["replication"]
    yield _row("to come: bias", "", ratio(told - true, true, of), len(cells), bar)
    floor = cells["floor"] - cells["reached"]
    yield _row("to come: bias", "floor", ratio(floor - true, true, of), len(cells))
    yield _row("to come: bias", "against the floor", ratio(told - floor, floor, of), len(cells))
    each = pd.DataFrame({"told": told, "true": true}).groupby([of, cells["date"]]).sum()
    factor = each["told"] / each["true"].clip(lower=1)
    yield _row("to come: told / true", "lowest", (float(factor.min()), float("nan")), len(each))
    yield _row("to come: told / true", "highest", (float(factor.max()), float("nan")), len(each))
    young = cells[cells["age"] < YOUNG]
    for name in ("mean", *SIMPLE, "floor"):
        error = (young[name] - young["actual"]).abs()
        value = ratio(error, young["actual"], young["replication"])
        yield _row("WAPE", {"mean": "forecast"}.get(name, name), value, len(young))


def _coverage(company: Company, cells: pd.DataFrame) -> Iterator[Row]:
    """How often intervals cover, where at least one sale is due."""
    if cells.empty:
        return
    due = cells[cells["due"] >= 1]
    for level in COVERED:
        bar = (0.85, 0.95) if level == 90 and company.steady else NONE
        for band in (None, *BANDS):
            some = due if band is None else due[due["age"].between(*band)]
            value = _covers(some[f"c{level}"], some["replication"], level)
            yield _row(f"covers {level}", name_of(band) if band else "", value, len(some), bar)
    told = due[due["reason"] == ""]
    value = _covers(told["c90"], told["replication"], 90)
    yield _row("covers 90", "not marked", value, len(told), (0.85, 0.95) if company.steady else NONE)


def _covers(inside: pd.Series, replication: pd.Series, level: int) -> tuple[float, float]:
    """Return how many are covered; no surer than if every cohort were on its own."""
    value, error = mean(inside, replication)
    alone = (level / 100 * (1 - level / 100) / max(len(inside), 1)) ** 0.5
    return value, float(np.fmax(error, alone))


def _marks(company: Company, cells: pd.DataFrame) -> Iterator[Row]:
    """On how many dates anything is marked, and how many cohorts of each age."""
    if cells.empty:
        return
    marked = (cells["reason"] != "").astype(float)
    dates = marked.groupby([cells["replication"], cells["date"]]).max().reset_index()
    value = share(dates["reason"], dates["replication"])
    lived = company.weeks >= 4 * max(sum(line.weeks) for line in company.lines)
    bar = (0.0, 0.05) if company.steady and lived else NONE
    yield _row("marked", "dates", value, len(dates), bar)
    for band in ((0, YOUNG - 1), *BANDS):
        here = cells["age"].between(*band)
        value = mean(marked[here], cells.loc[here, "replication"])
        yield _row("marked", name_of(band), value, int(here.sum()))
    for reason, part in cells[cells["reason"] != ""].groupby("reason"):
        part_of = part.groupby(["replication", "date"]).ngroups / len(dates)
        yield _row("marked: reason, dates", str(reason), (part_of, float("nan")), len(dates))


def _revenue(company: Company, money: pd.DataFrame, dates: int) -> Iterator[Row]:
    known = money.groupby(["replication", "date"]).ngroups if len(money) else 0
    yield _row("revenue: known", "dates", (known / max(dates, 1), float("nan")), dates)
    for source in SOURCES if len(money) else ():
        some = money[money["source"] == source]
        bias, cover = _revenue_bars(company, source)
        value = ratio(some["mean"] - some["came"], some["came"], some["replication"])
        yield _row("revenue: bias", source, value, len(some), bias)
        value = share(some["came"].between(some["low"], some["high"]), some["replication"])
        yield _row("revenue: covers 80", source, value, len(some), cover)


def _revenue_bars(company: Company, source: str) -> tuple[Bar, Bar]:
    total = source == "total"
    if len(company.lines) > 1 and company.steady and not total:
        return (-0.1, 0.1), NONE
    if company.rise or any(line.share_end is not None for line in company.lines):
        return ((-0.08, 0.08) if total else NONE), NONE
    return ((-0.05, 0.05), (0.7, 0.9)) if company.steady and total else (NONE, NONE)


def _worth(company: Company, worth: pd.DataFrame) -> Iterator[Row]:
    """Lifetime value of a lead by product: the mean error over histories, and its 90 % interval."""
    for product, part in worth.groupby("product") if len(worth) else ():
        error = part["mean"] / part["came"] - 1
        bar = (-0.03, 0.03) if company.steady else NONE
        yield _row(
            "worth: error", str(product), ratio(error, error * 0 + 1, part["replication"]), len(part), bar
        )
        value = share(part["came"].between(part["low"], part["high"]), part["replication"])
        bar = (0.8, 0.97) if company.steady else NONE
        yield _row("worth: covers 90", str(product), value, len(part), bar)


def _dates(dates: pd.DataFrame) -> Iterator[Row]:
    nothing, count = float("nan"), len(dates)
    yield _row("invariants broken", "rows", (float(dates["broken"].sum()), nothing), count, (0.0, 0.0))
    failed = float((dates["error"] != "").sum())
    yield _row("no forecast", "dates", (failed, nothing), count, (0.0, 0.0))
    yield _row("seconds", "a date", (float(dates["seconds"].mean()), nothing), count)
