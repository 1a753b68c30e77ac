"""Where to look: every step of every segment against its target, its tolerance and its own history.

The newest cohorts of a segment are compared, each at its own age, with what the cohorts of the year before
had reached when they were as old. What an unchanged segment could show is a beta-binomial: chance, weeks
that differ more than chance, and how well the history is known. Then the false discovery rate is
controlled over all cells.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from funnel.analysis.attention.changes import change_point
from funnel.analysis.attention.one_fact import Told, told_by
from funnel.analysis.attention.readings import Reading, left_out, pairs, read
from funnel.analysis.calendar.shown import rhythm
from funnel.analysis.cohorts.table import SMALL
from funnel.analysis.cube.cells import TOTAL, Cells, cells, ripening
from funnel.analysis.cube.segments import comparable, full_but_one
from funnel.analysis.statistics.dispersion import false_discovery, limits, tails
from funnel.calendar import NO_CALENDAR, Calendar
from funnel.columns import OVERALL
from funnel.logbook import Initiative
from funnel.settings_targets import Target

Floats = npt.NDArray[np.float64]

WINDOWS = ((6, 0.85), (2, 0.15))
"""How many of the newest cohorts are read together, and the share of the error each reading may use."""
FALL = 0.75
"""Share of the error that falls may use: what is looked for is what needs attention."""
SEEN_IN = 0.8
"""Power of the minimum detectable change."""
FLAG_AT = 0.09
"""A cell is flagged at this false discovery rate."""
DATED, RIPE = 26, 13
"""Weeks before the window in which a change may have begun, and the age up to which cohorts are read."""
WORTH = 0.25
"""The change that cells are weighed for: one that could not show it gets little of the error."""
DUE = 5.0
"""Conversions of the total's kind that what a lead at a step brings is smoothed with."""
LENT = 50.0
"""Leads of the total's kind that every segment's share of buyers is smoothed with."""
COLUMNS = (
    "attribute", "value", "stage", "observed", "expected", "low", "high", "p_value", "q_value", "kind",
    "flag", "change", "effect_sales", "effect_money", "since", "weeks", "first_week", "at_age", "base",
    "leads", "small", "mde", "same_as",
)  # fmt: skip


def deviations(
    reached: pd.DataFrame,
    steps: Sequence[str],
    report_date: dt.date,
    targets: Sequence[Target] = (),
    paid: pd.DataFrame | None = None,
    attributes: Sequence[str] | None = None,
    initiatives: Sequence[Initiative] = (),
    calendar: Calendar = NO_CALENDAR,
) -> pd.DataFrame:
    """Compare every step of every segment with target, tolerance and its own history at equal age.

    Args:
        reached: the cube.
        steps: `lead` and the stages in order.
        report_date: D.
        targets: of the settings.
        paid: the cube of payments, for the effect in money; None leaves it empty.
        attributes: the attributes to look at; None for all in the cube.
        initiatives: known changes: once one has run for 19 weeks, only weeks since its start are the
            history of what it reached.
        calendar: working days of the company's country.

    Returns:
        One row per attribute value (both empty for the total), stage (or 'overall') and kind of
        comparison, "look here first" order: flags by the sales they cost or bring, then the others by p.
        Columns: `observed` and `expected` share, `low` and `high` (where 90 % of unchanged segments lie),
            `p_value`, `q_value`, `kind`
        (history, target, tolerance), `flag`; `change` (relative to expected), `effect_sales` (ripe sales that
        the change costs or brings for the leads read), `effect_money` (the same in the settings' currency),
        `since` (Monday of the week since which, NaT where unclear or not flagged), `weeks` (cohorts read),
        `first_week`, `at_age` (age of the youngest of them), `base` (leads in the step before), `leads`,
        `small` (base below 30), `same_as` (the flag that says the same, by name, or `mix:ATTRIBUTE` where
        only the mix of its values has changed; the row is then none).

        Empty with less than 8 weeks of history.
    """
    table = cells(reached, steps, report_date, attributes=attributes)
    frame = compare(table, targets, initiatives, calendar=calendar)
    frame["effect_money"] = _money(frame, reached, paid, steps)
    return _ranked(frame)


def compare(
    table: Cells,
    targets: Sequence[Target] = (),
    initiatives: Sequence[Initiative] = (),
    flag_at: float = FLAG_AT,
    calendar: Calendar = NO_CALENDAR,
) -> pd.DataFrame:
    """Make the rows of `deviations` from the cells, without money and in no order."""
    share = ripening(table)
    old_level = left_out(table, initiatives)
    kept = rhythm(table, share, calendar)
    readings: dict[str, list[tuple[Reading, float]]] = {}
    for pair in pairs(table.steps):
        for weeks, part in WINDOWS:
            reading = read(table, share, pair, weeks, old_level, kept)
            if reading is not None:
                readings.setdefault(pair[2], []).append((reading, part))
    if not readings:
        return pd.DataFrame(columns=list(COLUMNS)).drop(columns="effect_money").astype({"flag": bool})
    # Where everybody passes all steps but one, that step and the whole are one: it is tested once.
    tested = [name for name in readings if name != OVERALL or not full_but_one(table)]
    places = {name: (before, after) for before, after, name in pairs(table.steps)}
    parts = [_history(table, readings[name], share)[comparable(table, *places[name])] for name in tested]
    history = pd.concat(parts, ignore_index=True)
    weight = history.pop("weight").to_numpy(float)
    history["q_value"] = false_discovery(history["p_value"].to_numpy(float), weight)
    alone = flag_at * weight / weight.sum() * WINDOWS[0][1] * FALL
    spread = history.pop("spread").to_numpy(float)
    history["mde"] = (special.ndtri(SEEN_IN) - special.ndtri(alone)) * spread
    aimed = list(_targets(table, share, targets, readings))
    frame = history
    if aimed:
        wanted = pd.DataFrame(aimed)
        wanted["q_value"] = false_discovery(wanted["p_value"].to_numpy(float))
        frame = pd.concat([history, wanted], ignore_index=True)
    frame["flag"] = (frame["q_value"] <= flag_at).fillna(False).astype(bool)
    more = (0, len(frame) - len(history))
    told = told_by(frame, np.pad(spread, more), np.pad(weight, more), flag_at)
    frame["q_value"], frame["same_as"] = told.q_value, _said_by(frame, told)
    frame["flag"] = (told.by == frame.index) & ~frame.index.isin(list(told.mixes))
    frame["since"] = _since(table, share, frame, readings)
    frame["small"] = frame["base"] < SMALL
    return frame


def _said_by(frame: pd.DataFrame, told: Told) -> pd.Series:
    """Return the name of the flag, or mix:ATTRIBUTE, that says the same as a row; '' for none."""
    names = [name_of(*row) for row in frame[["attribute", "value", "stage"]].itertuples(index=False)]
    mixes = {at: f"mix:{attribute}" for at, attribute in told.mixes.items()}
    said = [mixes.get(at) or (names[at] if at not in (-1, own) else "") for own, at in told.by.items()]
    return pd.Series(said, index=frame.index, dtype=object)


def name_of(attribute: str, value: str, stage: str) -> str:
    """Return what a user calls a row of `deviations`.

    >>> name_of("manager", "Boris", "qualified"), name_of("", "", "overall")
    ('manager:Boris:qualified', 'total:overall')
    """
    return f"{attribute}:{value}:{stage}" if attribute else f"total:{stage}"


def _history(table: Cells, readings: list[tuple[Reading, float]], share: Floats) -> pd.DataFrame:
    """Compare one conversion of every cell with its history; the reading that says most is shown."""
    rows, chances, weights = [], [], []
    for reading, part in readings:
        below, above = tails(reading.reached, reading.base, reading.rate, reading.variance)
        chances.append(np.minimum(below / FALL, above / (1 - FALL)) / part)
        spread = np.sqrt(np.maximum(reading.variance, 1e-9))
        weights.append(special.ndtr(WORTH * reading.expected / spread - 3.0) * (reading.base > 0))
        rows.append(_frame(table, reading, reading.rate, share))
    p = np.array(chances)
    best = np.argmin(np.where(np.isnan(p), np.inf, p), axis=0)
    pick = np.arange(p.shape[1])
    both = pd.concat(rows, ignore_index=True)
    frame: pd.DataFrame = both.iloc[best * p.shape[1] + pick].reset_index(drop=True)
    frame["p_value"] = np.minimum(p[best, pick], 1.0)
    frame["weight"] = np.array(weights).max(axis=0) + 1e-3
    longest = readings[0][0]
    spread = np.sqrt(np.maximum(longest.variance, 1e-9))
    frame["spread"] = np.divide(
        spread, longest.expected, out=np.full_like(spread, np.nan), where=longest.expected > 0
    )
    return frame.assign(kind="history")


def _frame(table: Cells, reading: Reading, rate: Floats, share: Floats) -> pd.DataFrame:
    """Lay out a reading against an expected share, one row per cell."""
    observed = np.divide(
        reading.reached, reading.base, out=np.full_like(reading.base, np.nan), where=reading.base > 0
    )
    low, high = limits(reading.base, rate, reading.variance)
    change = np.divide(observed, rate, out=np.full_like(rate, np.nan), where=rate > 0) - 1
    return pd.DataFrame(
        {
            "attribute": [key[0] for key in table.keys],
            "value": [key[1] for key in table.keys],
            "stage": reading.stage,
            "observed": observed,
            "expected": rate,
            "low": low,
            "high": high,
            "change": change,
            "effect_sales": _effect(table, reading, rate, share),
            "weeks": len(reading.rows),
            "first_week": pd.Timestamp(table.weeks[reading.rows[0]]),
            "at_age": reading.age,
            "base": reading.base.astype("int64"),
            "leads": reading.leads.astype("int64"),
        }
    )


def _effect(table: Cells, reading: Reading, rate: Floats, share: Floats) -> Floats:
    """Return the ripe sales that a difference costs or brings: leads more at the step x sales of each.

    What a lead at the step brings is the segment's own, by its history, smoothed by the total's: a ratio to
    almost nothing says nothing. No more is lost than was due, and nobody buys twice.
    """
    more = reading.reached - rate * reading.base
    bought = reading.leads * _final(table, reading, share)
    whole = table.keys.index(TOTAL)
    each = bought[whole] / max(reading.expected[whole], 1e-9)
    own = (bought + DUE * each) / (reading.expected + DUE)
    unread = np.where(reading.base > 0, more * own, np.nan)
    return np.asarray(np.clip(unread, -np.maximum(bought, 0), np.maximum(reading.leads - bought, 0)))


def _final(table: Cells, reading: Reading, share: Floats) -> Floats:
    """Return each cell's ripe share of leads that buy, by its history (Cape Cod), smoothed by the total's."""
    rows = list(reading.history)
    ages = table.ages[rows]
    leads = table.reached[:, rows, 0, 0]
    sales = table.reached[:, rows, -1, ages].sum(axis=1)
    exposed = (leads * share[-1][np.minimum(ages, share.shape[1] - 1)]).sum(axis=1)
    whole = table.keys.index(TOTAL)
    total = sales[whole] / max(exposed[whole], 1.0)
    return np.asarray((sales + LENT * total) / (exposed + LENT))


def _targets(
    table: Cells, share: Floats, targets: Sequence[Target], readings: dict[str, list[tuple[Reading, float]]]
) -> Iterator[dict[str, object]]:
    """Compare with the settings' targets and tolerances: how surely the conversion lies below the limit."""
    for target in targets:
        if target.stage not in readings:
            continue
        reading = readings[target.stage][0][0]
        if table.weeks[reading.rows[0]] < target.since:
            continue
        aim = (
            reading.rate * target.relative
            if target.relative
            else np.full_like(reading.rate, target.minimum or 0)
        )
        if target.minimum is not None:
            aim = aim * min(reading.ripe, 1.0)
        limit = aim * (1 - target.tolerance)
        scale = limit * (1 - limit) / np.maximum(reading.rate * (1 - reading.rate), 1e-12)
        below, _ = tails(reading.reached, reading.base, limit, reading.variance * scale)
        frame = _frame(table, reading, aim, share).assign(
            p_value=below, kind="target" if target.minimum is not None else "tolerance"
        )
        for row in frame.to_dict("records"):
            if row["attribute"] == target.attribute and target.value in ("", row["value"]):
                yield {str(name): value for name, value in row.items()}


def _since(
    table: Cells, share: Floats, frame: pd.DataFrame, readings: dict[str, list[tuple[Reading, float]]]
) -> pd.Series:
    """Date the change of every flagged row, each cohort at its own age beside what ripens until then."""
    names = {name: (before, after) for before, after, name in pairs(table.steps)}
    positions = {key[:2]: number for number, key in enumerate(table.keys) if key[2] == ""}
    result = np.full(len(frame), np.datetime64("NaT"), dtype="datetime64[ns]")
    for row in np.flatnonzero(frame["flag"]):
        flagged = frame.iloc[row]
        before, after = names[str(flagged["stage"])]
        reading = readings[str(flagged["stage"])][0][0]
        cell = positions[(str(flagged["attribute"]), str(flagged["value"]))]
        rows = np.array([*reading.history[-DATED:], *reading.rows])
        ages = np.minimum(table.ages[rows], RIPE)
        shown = share[after][ages] / np.where(share[before][ages] > 0, share[before][ages], 1.0)
        reached = table.reached[cell, rows, after, ages]
        base = np.maximum(table.reached[cell, rows, before, ages] * np.minimum(shown, 1.0), reached)
        change = change_point(reached, base, float(reading.rho[cell]))
        if change is not None and np.sign(change.relative) == np.sign(float(flagged["change"])):
            result[row] = np.datetime64(table.weeks[int(rows[change.at])], "ns")
    return pd.Series(result, index=frame.index)


def _money(
    frame: pd.DataFrame, reached: pd.DataFrame, paid: pd.DataFrame | None, steps: Sequence[str]
) -> pd.Series:
    """Return the effect in money: sales times what a sale of the segment has brought so far."""
    if paid is None:
        return pd.Series(np.nan, index=frame.index)
    worth = money_per_sale(reached, paid, steps[-1])
    keys = zip(frame["attribute"], frame["value"], strict=True)
    each = pd.Series([worth.get(key, worth.get(("", ""), np.nan)) for key in keys], index=frame.index)
    return (frame["effect_sales"] * each).astype("float64")


def money_per_sale(reached: pd.DataFrame, paid: pd.DataFrame, last: str) -> dict[tuple[str, str], float]:
    """Return by attribute and value what a sale has brought so far, where there were 10 sales or more."""
    group = ["attribute", "value"]
    sold = reached[(reached["stage"] == last) & (reached["attribute2"] == "")].groupby(group)["leads"].sum()
    amounts = paid[paid["attribute2"] == ""]
    amount = amounts["amount"].astype("float64").groupby([amounts[name] for name in group]).sum()
    each = (amount / sold[sold >= 10]).dropna()
    names = each.index.to_frame(index=False).astype(str)
    return dict(zip(zip(names["attribute"], names["value"], strict=True), each.tolist(), strict=True))


def _ranked(frame: pd.DataFrame) -> pd.DataFrame:
    size = frame["effect_sales"].abs().where(frame["flag"], 0.0)
    order = pd.DataFrame({"flag": ~frame["flag"], "size": -size, "p": frame["p_value"]})
    index = order.sort_values(["flag", "size", "p"], kind="stable").index
    return frame.loc[index, list(COLUMNS)].reset_index(drop=True)
