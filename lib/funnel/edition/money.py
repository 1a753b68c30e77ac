"""Money, durations and the slices that tell most, of one report date.

| name | a row is |
|---|---|
| `costs` | a shown cohort: what its conversions cost (`analysis.money.costs`) |
| `costs_channel` | a cohort of the last half-year and a channel: the same |
| `costs_summary` | the shown cohorts together: in all, by channel, by campaign (`Spending.summary`) |
| `spend_account` | a channel, and the total: where its spend went (`Spending.account`) |
| `ltv` | the total, or a value of an attribute: what contacts and leads are worth, and cost (`worth`) |
| `payback` | the same and an age: what has been paid by then (`worth`) |
| `durations` | the whole, a quarter, or a value of an attribute, and a way: how long it takes |
| `duration_curves` | a way and a time: the share that has arrived (`analysis.cohorts.durations`) |
| `telling` | an attribute or a pair: how much the overall conversion differs (`analysis.cohorts.breakdown`) |
| `telling_slices` | a value, or pair of values, of the most telling ones |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import pandas as pd

from funnel.analysis.cohorts import breakdown, durations
from funnel.analysis.forecast.final import Forecast
from funnel.analysis.money.costs import SPEND_KEYS
from funnel.analysis.revenue.planned import shown_periods
from funnel.dates import AsOf, complete_weeks
from funnel.edition.costs import CHANNEL, PICTURED, Spending, known_spend, known_weeks
from funnel.edition.lifetime import worth
from funnel.gate.attributes import tells_outcome
from funnel.schema import CAME_COLUMNS
from funnel.settings import Settings
from funnel.settings_plan import days

if TYPE_CHECKING:
    from funnel.edition.results import Cubes
    from funnel.warehouse import Warehouse

WORTH_BY = (CHANNEL, "product")
"""Attributes by which LTV is shown, where the settings name them; else the report's slices."""
SLOW_BY = ("manager", "product")
"""The same of durations."""
MOST_ATTRIBUTES = 6
"""Of the configured attributes, so many are looked at in pairs."""
TELLING = 2
"""Of the single attributes and of the pairs, at most so many have their values shown."""
SLICE_KEYS = ["attribute", "attribute2", "value", "value2"]


@dataclass(frozen=True, slots=True)
class MoneyCubes:
    """What the warehouse is asked for beside the cubes of the cohorts; nothing of it is saved.

    Attributes:
        spend: in the settings' currency, under the leads' names.
        reached: slices that the cubes of the cohorts do not have: the channel, and pairs; pairs that no
            money is told by, of the shown cohorts alone.
        paid: by channel, and by channel and campaign.
        waits: of the total and by the attributes of durations.
        customers: of the total and by the attributes of LTV.
        names: the attributes looked at alone and in pairs.
        came: by day of the planned periods that are shown, of the total and of the attributes planned by.
    """

    spend: pd.DataFrame
    reached: pd.DataFrame
    paid: pd.DataFrame
    waits: pd.DataFrame
    customers: pd.DataFrame
    names: tuple[str, ...]
    came: pd.DataFrame


def ask_money(warehouse: Warehouse, settings: Settings, as_of: AsOf) -> MoneyCubes:
    """Ask the warehouse for everything `money` needs.

    Raises:
        InputError: a currency of the spend or of the payments has no rate.
    """
    known = warehouse.attributes()
    names = tuple(name for name in settings.attributes if name in known)[:MOST_ATTRIBUTES]
    of_spend: list[tuple[str, ...]] = [(CHANNEL,)] if CHANNEL in known else []
    of_spend += [SPEND_KEYS] if set(SPEND_KEYS) <= set(known) else []
    worth_by, slow_by = (
        [name for name in chosen(wanted, settings) if name in known] for wanted in (WORTH_BY, SLOW_BY)
    )
    shared = [(CHANNEL, name) for name in worth_by if of_spend and name not in SPEND_KEYS]
    by = list(dict.fromkeys([*of_spend, *shared]))
    others = [pair for pair in pairs(names) if pair not in by]
    since = complete_weeks(as_of.report_date, settings.cohorts)[0]
    reached = [warehouse.reached(as_of).head(0)]
    reached += [warehouse.reached(as_of, by, settings.reach)] if by else []
    reached += [warehouse.reached_since(as_of, since, others, settings.reach)] if others else []
    return MoneyCubes(
        known_spend(warehouse, settings, as_of),
        pd.concat(reached, ignore_index=True),
        warehouse.paid(as_of, of_spend or [()]),
        warehouse.waits(as_of, [(), *((name,) for name in slow_by)], settings.reach),
        warehouse.customers(as_of, [(), *((name,) for name in worth_by)]),
        names,
        _came(warehouse, settings, as_of),
    )


def _came(warehouse: Warehouse, settings: Settings, as_of: AsOf) -> pd.DataFrame:
    """Ask for the days of the planned periods that are shown; no row where nothing is planned."""
    shown = shown_periods(settings.plan, as_of.report_date)
    if not shown:
        return pd.DataFrame(columns=list(CAME_COLUMNS))
    known = warehouse.attributes()
    by = dict.fromkeys(name for period in shown for name in settings.plan[period].by if name in known)
    since = min(days(period)[0] for period in shown)
    return warehouse.came(as_of, since, [(), *((name,) for name in by)])


def leaking(
    reached: pd.DataFrame, names: Sequence[str], steps: Sequence[str], shown: Sequence[pd.Timestamp]
) -> list[str]:
    """Return the attributes that tell the outcome (`gate.attributes.tells_outcome`), by all cohorts.

    One that all leads of the shown cohorts have is none any more.
    """
    now = reached[reached["cohort_week"].isin(shown) & (reached["attribute2"] == "")]
    without = set(now.loc[now["value"] == "", "attribute"])
    return [name for name in names if name in without and tells_outcome(reached, name, steps)]


def chosen(wanted: Sequence[str], settings: Settings) -> tuple[str, ...]:
    """Return those of the wanted attributes that the settings name, or else the report's slices."""
    return tuple(name for name in wanted if name in settings.attributes) or settings.slices


def pairs(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return all pairs of names, the channel first in its own.

    >>> pairs(["manager", "channel", "region"])
    [('channel', 'manager'), ('manager', 'region'), ('channel', 'region')]
    """
    return [(two, one) if two == CHANNEL else (one, two) for one, two in combinations(names, 2)]


def money(cubes: Cubes, asked: MoneyCubes, whole: Forecast) -> dict[str, pd.DataFrame]:
    """Return the results by name; see the table above.

    Args:
        cubes: of the report date.
        asked: what is needed beside.
        whole: the forecast of the total, for the sales still to come.
    """
    singles = cubes.reached[cubes.reached["attribute2"] == ""]
    more = asked.reached
    if CHANNEL in set(singles["attribute"]):
        more = more[(more["attribute"] != CHANNEL) | (more["attribute2"] != "")]
    reached = pd.concat([singles, more], ignore_index=True)
    reached = reached.astype({"attribute": "category", "attribute2": "category"})  # compared a hundred times
    settings, day = cubes.settings, cubes.report_date
    shown = known_weeks(reached, day, settings.cohorts)
    paid = pd.concat([cubes.paid[cubes.paid["attribute"] == ""], asked.paid[asked.paid["attribute"] != ""]])
    spending = Spending(asked.spend, reached, paid, cubes.moved, settings, whole, shown)
    return {
        "costs": spending.total(),
        "costs_channel": spending.projected(CHANNEL, known_weeks(reached, day, PICTURED)),
        "costs_summary": spending.summary(),
        "spend_account": spending.account(),
        **worth(asked.customers, reached, cubes.paid, asked.spend, settings, day, whole.history.apart),
        "durations": _durations(asked.waits, settings.horizon_weeks),
        "duration_curves": durations.curves(asked.waits, settings.horizon_weeks),
        **_telling(reached, asked.names, settings, shown),
    }


def _durations(waits: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """Return `analysis.cohorts.durations.durations` after `attribute`, `value` and `cohort_quarter`."""
    parts = [
        durations.durations(waits, horizon, name).assign(attribute=name)
        for name in dict.fromkeys(("", *waits["attribute"]))
    ]
    frame = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    first = ["attribute", "value", "cohort_quarter"]
    frame = frame.reindex(columns=[*first, *(name for name in frame.columns if name not in first)])
    frame["value"] = frame["value"].astype(object).where(frame["value"].notna(), "")
    frame["cohort_quarter"] = pd.to_datetime(frame["cohort_quarter"]).astype("datetime64[ns]")
    return frame


def _telling(
    reached: pd.DataFrame, names: Sequence[str], settings: Settings, shown: Sequence[pd.Timestamp]
) -> dict[str, pd.DataFrame]:
    """Return `telling`, and the values of the most telling attributes and pairs in `telling_slices`.

    Attributes that tell the outcome stand at the end of `telling`, without numbers.
    """
    weeks = [week.date() for week in shown]
    leaks = leaking(reached, names, settings.steps, shown)
    reached, names = reached[reached["cohort_week"].isin(shown)], [n for n in names if n not in leaks]
    candidates = [*((name,) for name in names), *pairs(names)]
    ranked = breakdown.telling(reached, settings.steps, weeks, candidates)
    parts = []
    for single in (True, False):
        some = ranked[((ranked["attribute2"] == "") == single) & (ranked["effect"] > 0)]
        for attribute, attribute2 in some[SLICE_KEYS[:2]].head(TELLING).itertuples(index=False):
            both = tuple(name for name in (attribute, attribute2) if name)
            part = breakdown.slices_by(reached, settings.steps, weeks, both)
            parts.append(part.assign(attribute=attribute, attribute2=attribute2))
    ranked = pd.concat([ranked, pd.DataFrame({"attribute": leaks, "attribute2": ""})], ignore_index=True)
    if not parts:
        return {"telling": ranked, "telling_slices": pd.DataFrame(columns=SLICE_KEYS)}
    columns = [*SLICE_KEYS, *(name for name in parts[0].columns if name not in SLICE_KEYS)]
    slices = pd.concat(parts, ignore_index=True).reindex(columns=columns)
    slices["value2"] = slices["value2"].astype(object).where(slices["value2"].notna(), "")
    return {"telling": ranked, "telling_slices": slices}
