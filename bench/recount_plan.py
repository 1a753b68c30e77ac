"""The recount of what is said of the plan."""

from __future__ import annotations

import pandas as pd
from recount_facts import Facts, Said, names, recounts

MEASURES = ("leads", "sales", "revenue")


def _fact(facts: Facts, measure: str, first: pd.Timestamp) -> float:
    """Return what came from a day on, until the report date."""
    if measure == "leads":
        return float((facts.leads["at"] >= first).sum())
    if measure == "sales":
        return float((facts.reached[facts.last] >= first).sum())
    return float(facts.paid.loc[facts.paid["at"] >= first, "amount"].sum())


names("plan_leads", "plan_sales", "plan_revenue", "plan_reached")


@recounts(
    "short_plan",
    "short_plan_part",
    "short_plan_reached",
    rests="what is still to come in the period is the model's",
)
def plan(said: Said) -> None:
    """The running month's plan is that of the settings; what is expected is what came, and more."""
    facts = said.facts
    month = f"{facts.date:%Y-%m}"
    planned: dict[str, dict[str, float]] = facts.settings["plan"]  # type: ignore[assignment]
    said.must(month in planned, "no plan of the running month")
    if said.key == "short_plan":
        parts = [one for one in said.before if one.key.startswith("short_plan_")]
        said.must(len(parts) == len([key for key in MEASURES if key in planned[month]]), "not every measure")
        return
    measure = next(key for key in MEASURES if facts.words[f"plan_{key}"].lower() == said["measure"])  # type: ignore[attr-defined]
    said.same("plan", planned[month][measure])
    whole, bare = said.printed("plan")[0], said.printed("expected")[0]
    expected = bare.value * whole.half / bare.half  # in the unit that stands behind the plan
    came = _fact(facts, measure, facts.date.replace(day=1))
    said.must(expected >= came - whole.half, f"{came:g} came already")
    said.must((came >= whole.value) == (said.key == "short_plan_reached"), f"{came:g} came already")
    if said.key == "short_plan_reached":
        return
    said.must(0 < said.number("chance") < 1, "no chance")
    high = said.number("chance") > 0.5
    said.must(not high or expected > 0.9 * whole.value, "likely, and far below the plan")
