"""The recount of what is said of the plan."""

from __future__ import annotations

import pandas as pd
from recount_facts import Facts, Said, names, recounts

MEASURES = ("leads", "sales", "revenue")


def _fact(facts: Facts, measure: str, first: pd.Timestamp, last: pd.Timestamp | None = None) -> float:
    """Return what came from a day on, until the report date or the end of a last day."""
    end = facts.date if last is None else last + pd.Timedelta(days=1)

    def inside(times: pd.Series) -> pd.Series:
        return (times >= first) & (times < end)

    if measure == "leads":
        return float(inside(facts.leads["at"]).sum())
    if measure == "sales":
        return float(inside(facts.reached[facts.last]).sum())
    return float(facts.paid.loc[inside(facts.paid["at"]), "amount"].sum())


names("plan_leads", "plan_sales", "plan_revenue", "plan_reached")
WHOLE, PARTS = ("short_plan", "short_plan_danger"), ("short_plan_part", "short_plan_reached")
OVER, CAME = ("short_plan_over", "short_plan_over_missed"), "short_plan_came"


def _measure(facts: Facts, words: str) -> str:
    """Return the key of a measure by its name."""
    return next(key for key in MEASURES if facts.words[f"plan_{key}"].lower() == words)  # type: ignore[attr-defined]


@recounts(*WHOLE, *PARTS, rests="what is still to come in the period is the model's")
def plan(said: Said) -> None:
    """The running month's plan is that of the settings; what is expected is what came, and more."""
    facts = said.facts
    month = f"{facts.date:%Y-%m}"
    planned: dict[str, dict[str, float]] = facts.settings["plan"]  # type: ignore[assignment]
    said.must(month in planned, "no plan of the running month")
    if said.key in WHOLE:
        parts = [one for one in said.before if one.key in PARTS]
        said.must(len(parts) == len([key for key in MEASURES if key in planned[month]]), "not every measure")
        missed = [one["measure"] for one in parts if one.key == PARTS[0] and one.number("chance") < 0.2]
        doubt = any(
            one.key == "say_revenue_doubt" or one.key == "say_revenue_doubt_all" for one in said.before
        )
        told = said["measures"].split(", ") if said.key == WHOLE[1] else []
        said.must(sorted(told) == sorted(missed) or (doubt and not told), f"{missed} will probably be missed")
        return
    measure = _measure(facts, said["measure"])
    said.same("plan", planned[month][measure])
    whole, bare = said.printed("plan")[0], said.printed("expected")[0]
    expected = bare.value * whole.half / bare.half  # in the unit that stands behind the plan
    came = _fact(facts, measure, facts.date.replace(day=1))
    said.must(expected >= came - whole.half, f"{came:g} came already")
    said.must((came >= whole.value) == (said.key == PARTS[1]), f"{came:g} came already")
    if said.key == PARTS[1]:
        return
    said.must(0 < said.number("chance") < 1, "no chance")
    high = said.number("chance") > 0.5
    said.must(not high or expected > 0.9 * whole.value, "likely, and far below the plan")


@recounts(*OVER, CAME)
def plan_over(said: Said) -> None:
    """What came in the longest planned period that is over, and which measures fell short."""
    facts = said.facts
    planned: dict[str, dict[str, float]] = facts.settings["plan"]  # type: ignore[assignment]
    over = [key for key in planned if len(key) == len("2022-09") and pd.Period(key).end_time < facts.date]
    said.must(over, "no planned month is over")
    if not over:
        return
    month = pd.Period(max(over))
    came = {
        key: _fact(facts, key, month.start_time, month.end_time.normalize())
        for key in MEASURES
        if key in planned[max(over)]
    }
    if said.key == CAME:
        measure = _measure(facts, said["measure"])
        whole, bare = said.printed("plan")[0], said.printed("fact")[0]
        said.same("plan", planned[max(over)][measure])
        fact = bare.value * whole.half / bare.half  # in the unit that stands behind the plan
        said.must(abs(fact - came[measure]) <= whole.half, f"{came[measure]:g} came")
        said.same("share", came[measure] / planned[max(over)][measure])
        return
    short = [facts.words[f"plan_{key}"].lower() for key in came if came[key] < planned[max(over)][key]]  # type: ignore[attr-defined]
    told = said["measures"].split(", ") if said.key == OVER[1] else []
    said.must(sorted(told) == sorted(short), f"missed: {short}")
    parts = [one for one in said.before if one.key == CAME]
    said.must(len(parts) == len(came), "not every measure")
