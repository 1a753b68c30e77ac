"""What an initiative did move: every step and the whole, on cohorts of equal age, beside what was expected.

Cohorts of the weeks before the start are compared with those after it, all at the age of the youngest of
them. Segments that were not treated serve as control where there are any. See METHODS.md 'Initiatives'.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.cube.cells import Cells, cells
from funnel.analysis.initiatives.effects import Fitted, Series, fit
from funnel.analysis.initiatives.overlap import (
    ENOUGH_BEFORE,
    LEAST_BEFORE,
    Plan,
    first_whole_week,
    plan,
    weeks_before,
)
from funnel.analysis.initiatives.power import YEAR, Placebo, Power, Step, placebo, power, series
from funnel.analysis.initiatives.returns import earned
from funnel.analysis.initiatives.verdict import seen, verdict
from funnel.dates import WEEK
from funnel.logbook import Initiative

OFTEN = 4
"""Dates at which that must be (of fewer than 16 a quarter, 2 or more): a few that overlap are one chance."""
WIDENED = 1.3
"""Factor of widening above which the same weeks of the year before are the better comparison."""
VARIES = 0.1
"""Share of placebo dates at which an effect is seen, above which nothing can be told."""
COLUMNS = (
    "initiative", "metric", "expected_change", "measured_change", "low", "high", "p_value", "readable_from",
    "verdict", "extra_sales", "extra_revenue", "cost", "roi", "reason", "method", "before", "after",
    "without", "weeks_before", "weeks_after", "at_age", "mde", "power", "placebo", "placebo_dates",
    "overlaps", "extra_sales_low", "extra_sales_high", "extra_revenue_low", "extra_revenue_high",
    "roi_low", "roi_high", "sales_per_month", "revenue_per_month", "later_change", "later_low", "later_high",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """One metric of one initiative.

    Attributes:
        metric: its name.
        expected: the hypothesis; None without one.
        step: what was read at which age.
        groups: the groups by week; None where nothing could be read yet.
        weeks: numbers of the weeks read.
        fitted: the effect; None where it could not be estimated.
        power: what could be seen.
        placebo: what the method found where nothing happened.
        found: what it is measured on.
        later: the effect as it is read now, where the date of reading is past.
    """

    metric: str
    expected: float | None
    step: Step
    groups: Series | None
    weeks: npt.NDArray[np.int64]
    fitted: Fitted | None
    power: Power
    placebo: Placebo
    found: Plan
    later: Fitted | None = None

    @property
    def varies(self) -> bool:
        """Whether the weeks before vary so much that the method sees effects where nothing happened."""
        return varies(self.placebo)


def varies(checked: Placebo) -> bool:
    """Tell whether an effect is seen at so many dates at which nothing happened that none can be told."""
    return checked.found > VARIES and checked.times >= min(OFTEN, max(2, checked.dates // OFTEN))


def metric_steps(metric: str, steps: Sequence[str]) -> tuple[int, int]:
    """Return the positions of base and reached step of a metric.

    Raises:
        ValueError: no such metric.

    >>> metric_steps("qualified_rate", ("lead", "target", "qualified"))
    (1, 2)
    """
    if metric == "overall_rate":
        return 0, len(steps) - 1
    for number, stage in enumerate(steps[1:], start=1):
        if metric == f"{stage}_rate":
            return number - 1, number
        if metric == f"{stage}_per_lead":
            return 0, number
    raise ValueError(f"{metric!r} is no metric of the steps {', '.join(steps)}")


def impact(
    reached: pd.DataFrame,
    steps: Sequence[str],
    report_date: dt.date,
    initiatives: Sequence[Initiative],
    paid: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Measure every initiative.

    Args:
        reached: the cube, with the attributes of the scopes (a scope of two attributes needs their pair).
        steps: `lead` and the stages in order.
        report_date: D.
        initiatives: all of them; each is also an overlap of the others.
        paid: the cube of payments, for revenue; without any payment revenue and return are not known.

    Returns:
        One row per initiative and metric (the hypotheses, then the other steps and the whole; these have no
        expected change and no verdict). Changes are relative. `low`, `high` are the 90 % interval, widened by
        what the placebo dates showed. What is read is what could be read on `readable_from`; `later_change`,
        `later_low`, `later_high` are the same read now. `verdict`, with `reason` where it is 'cannot be told'
        or 'too early' (`overlap:<id>`, `history_short`, `no_such_segment`, `not_started`, `not_ripe`,
        `no_counts`, `over_at_once`, `varies`: an effect is seen at more than 10 % of the placebo dates, and
        no number is told). `before` and `after` are the treated leads' rates at `at_age`, `without` what
        `after` would have been. `mde` is the change seen in 80 % of cases, `power` the chance to see the
        expected one. `placebo`: share of the `placebo_dates` at which an effect was "found". On the row
        `overall_rate` also, where its change is seen (`verdict.seen`), for all cohorts treated until the
        report date as if the change lasted: `extra_sales`, `extra_revenue` so far with 90 % limits, `cost`,
        `roi` ((extra revenue - cost) / cost), `sales_per_month` and `revenue_per_month` (extra, ripe or not,
        a month of treated cohorts).
    """
    paid = None if paid is None or paid.empty else paid
    pairs = any(len(item.scope) > 1 for item in initiatives)
    attributes = {name for item in initiatives for name in item.scope}
    table = cells(reached, steps, report_date, weeks=260, attributes=attributes, pairs=pairs)
    rows = [
        row
        for item in initiatives
        for row in _rows(item, measure(table, item, initiatives), report_date, table, paid)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def measure(
    table: Cells, item: Initiative, others: Sequence[Initiative], only: str = ""
) -> tuple[Plan, list[Measured]]:
    """Measure every metric of one initiative, or `only` one; none where nothing can be told.

    Each is read as it could be on its date of reading, and later ones beside it.
    """
    found = plan(table, item, others)
    expected = {hypothesis.metric: hypothesis.change for hypothesis in item.hypotheses}
    names = [*expected, *(f"{stage}_rate" for stage in table.steps[1:]), "overall_rate"]
    busy = busy_weeks(table, item, others)
    known = not found.reason
    return found, [
        _metric(table, found, name, expected.get(name), busy)
        for name in dict.fromkeys(names)
        if known and only in ("", name)
    ]


def _metric(table: Cells, found: Plan, name: str, expected: float | None, busy: frozenset[int]) -> Measured:
    before, after = metric_steps(name, table.steps)
    found, planned, checked = promise(table, found, before, after, expected, busy)
    past = (table.weeks[-1] + WEEK - planned.readable).days // 7
    fixed = past > 0
    step, groups, weeks, fitted = _read(
        table.as_of(past) if fixed else table, found, before, after, planned.age
    )
    later = _read(table, found, before, after, planned.age)[3] if fixed else None
    return Measured(name, expected, step, groups, weeks, fitted, planned, checked, found, later)


def busy_weeks(table: Cells, item: Initiative, others: Sequence[Initiative]) -> frozenset[int]:
    """Return the numbers of the weeks at which another initiative moved what this one is measured on."""
    return frozenset(
        table.index(first_whole_week(day))
        for other in others
        for day in (other.start, *other.rollout.values(), other.end or other.start)
        if other.id != item.id and (not item.scope or other.scope.keys() & item.scope.keys())
    )


def promise(
    table: Cells, found: Plan, before: int, after: int, expected: float | None, busy: frozenset[int]
) -> tuple[Plan, Power, Placebo]:
    """Choose how to compare, from the weeks before the start alone: year on year where these vary too much.

    With untreated segments these are the control; without, and where the placebo of before and after is seen
    too often, the same weeks of the year before are, if the log has them and nothing else moved then.

    Returns:
        What is read, the power of that very reading (its errors widened as its interval will be), and what
        the method finds where nothing happened.
    """
    unknown = np.flatnonzero(~table.known(before, after)).tolist()
    found = replace(found, skipped=found.skipped | frozenset(unknown))
    then = table.as_of(max(len(table.weeks) - found.start, 0))
    planned = power(table, found, before, after, expected)
    checked = placebo(then, found, Step(before, after, planned.age), busy)
    first = max(found.first, YEAR)
    alone = not found.control and len(found.treated) == 1
    quiet = not busy & set(range(first - YEAR + 1, found.last - YEAR))
    much = checked.found > VARIES or checked.inflate > WIDENED
    widened = power(table, found, before, after, expected, planned.age, checked.inflate)
    if not (much and alone and quiet and found.start - first >= ENOUGH_BEFORE):
        return found, widened, checked
    other = replace(found, first=first, method="year on year", year_on_year=True)
    step = power(table, other, before, after, expected)
    seen_there = placebo(then, other, Step(before, after, step.age), busy)
    if varies(seen_there):
        return found, widened, checked
    return other, power(table, other, before, after, expected, step.age, seen_there.inflate), seen_there


def _late(table: Cells, found: Plan, age: int) -> npt.NDArray[np.int64]:
    """Return the treated weeks that are so old."""
    weeks = range(found.start, min(found.last, len(table.weeks)))
    return np.array([w for w in weeks if table.ages[w] >= age and w not in found.skipped], np.int64)


def _read(
    table: Cells, found: Plan, before: int, after: int, age: int
) -> tuple[Step, Series | None, npt.NDArray[np.int64], Fitted | None]:
    """Read an effect off all cohorts that are old enough in a table, at the age of the youngest of them."""
    late = _late(table, found, age)
    if not len(late) or len(weeks_before(found)) < LEAST_BEFORE:
        return Step(before, after, age), None, np.array([], np.int64), None
    step = Step(before, after, int(table.ages[late].min()))
    weeks = np.concatenate([weeks_before(found), late])
    groups = series(table, found, step, weeks)
    return step, groups, weeks, fit(groups)


def _rows(
    item: Initiative,
    measured: tuple[Plan, list[Measured]],
    report_date: dt.date,
    table: Cells,
    paid: pd.DataFrame | None,
) -> list[dict[str, object]]:
    found, parts = measured
    shared: dict[str, object] = {
        "initiative": item.id,
        "method": found.method,
        "overlaps": "; ".join(found.overlaps),
        "cost": float(item.cost.total),
    }
    if not parts:
        return [
            shared
            | {
                "metric": hypothesis.metric,
                "expected_change": hypothesis.change,
                "verdict": "cannot be told",
                "reason": found.reason,
            }
            for hypothesis in item.hypotheses
        ]
    rows = []
    for part in parts:
        row = shared | _row(part, report_date)
        if part.metric == "overall_rate" and _tells(part, report_date):
            assert part.fitted is not None
            row |= earned(item, found, part.fitted, part.placebo.inflate, table, paid)
        rows.append(row)
    return rows


def _tells(part: Measured, report_date: dt.date) -> bool:
    """Tell whether a change is seen, on its date of reading or later: only then is there money to tell."""
    if part.fitted is None or part.varies or report_date < part.power.readable:
        return False
    return seen(*part.fitted.interval(inflate=part.placebo.inflate))


def _row(part: Measured, report_date: dt.date) -> dict[str, object]:
    found = part.found
    row: dict[str, object] = {
        "metric": part.metric,
        "method": found.method,
        "expected_change": float("nan") if part.expected is None else part.expected,
        "readable_from": pd.Timestamp(part.power.readable),
        "at_age": part.step.age,
        "mde": part.power.detectable,
        "power": part.power.power,
        "placebo": part.placebo.found,
        "placebo_dates": part.placebo.dates,
        "weeks_before": len(weeks_before(found)),
        "weeks_after": int((part.weeks >= found.start).sum()),
        "verdict": "",
        "reason": "",
    }
    early = report_date < part.power.readable
    if part.fitted is None or part.groups is None:
        row["reason"] = "not_ripe" if early else "no_counts"
    elif part.varies:
        row["reason"] = "varies"
    else:
        low, high = part.fitted.interval(inflate=part.placebo.inflate)
        treated, groups = part.groups.treated, part.groups
        chosen = treated.any(axis=1)
        then, now = (treated[chosen] == 0), (treated[chosen] == 1)
        rates = [
            float(groups.reached[chosen][mask].sum() / max(groups.base[chosen][mask].sum(), 1.0))
            for mask in (then, now)
        ]
        row |= {
            "measured_change": part.fitted.change,
            "low": low,
            "high": high,
            "p_value": part.fitted.p_value(part.placebo.inflate),
            "before": rates[0],
            "after": rates[1],
            "without": rates[1] / (1 + part.fitted.change),
        }
        if part.later is not None:
            limits = part.later.interval(inflate=part.placebo.inflate)
            row |= {"later_change": part.later.change, "later_low": limits[0], "later_high": limits[1]}
    if part.expected is not None:
        if row["reason"] == "varies":
            row["verdict"] = "cannot be told"
        elif early:
            row |= {"verdict": "too early", "reason": row["reason"] or "not_ripe"}
        elif part.fitted is None:
            row["verdict"] = "cannot be told"
        else:
            row["verdict"] = verdict(
                part.expected,
                *(float(str(row[name])) for name in ("measured_change", "low", "high")),
            )
    return row


def lines(
    reached: pd.DataFrame,
    steps: Sequence[str],
    report_date: dt.date,
    item: Initiative,
    metric: str,
    others: Sequence[Initiative] = (),
) -> pd.DataFrame:
    """Follow a metric through the weeks read, treated leads and control, all cohorts at one age.

    Returns:
        One row per cohort week and group: `cohort_week`, `group` (treated, control), `base`, `reached`,
        `rate`, `period` (before, after, by the start of the first segment), `at_age`. Empty where nothing
        can be read.
    """
    attributes = set(item.scope).union(*(other.scope for other in others))
    pairs = len(item.scope) > 1
    table = cells(reached, steps, report_date, weeks=260, attributes=attributes, pairs=pairs)
    found, parts = measure(table, item, others, only=metric)
    part = parts[0] if parts else None
    columns = ["cohort_week", "group", "base", "reached", "rate", "period", "at_age"]
    if part is None or part.groups is None:
        return pd.DataFrame(columns=columns)
    weeks = np.concatenate([weeks_before(part.found), _late(table, part.found, part.step.age)])
    groups = series(table, part.found, part.step, weeks)
    chosen = groups.treated.any(axis=1)
    frames = []
    for name, mask in (("treated", chosen), ("control", ~chosen)):
        if mask.any() and (name == "treated" or not part.found.year_on_year):
            base, count = groups.base[mask].sum(axis=0), groups.reached[mask].sum(axis=0)
            frames.append(
                pd.DataFrame(
                    {
                        "cohort_week": pd.DatetimeIndex(
                            [table.weeks[0] + WEEK * int(week) for week in weeks]
                        ),
                        "group": name,
                        "base": base.astype("int64"),
                        "reached": count.astype("int64"),
                        "rate": np.divide(count, base, out=np.full_like(base, np.nan), where=base > 0),
                        "period": np.where(weeks < found.start, "before", "after"),
                        "at_age": part.step.age,
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)[columns]
