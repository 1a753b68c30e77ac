"""The recount of what is said of cohorts and slices."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pandas as pd
from recount_facts import SMALL, Facts, Said, names, recounts

names("word_above", "word_below", "usual_target", "usual_qualified", "usual_proposal", "usual_sale")
names("quarter", "explorer_weeks_of")  # of a cohort's name, see `Facts.name`
names("n_leads", "n_rows", "n_cases", "n_weeks", "of_weeks")


@recounts("verb_target", "verb_qualified", "verb_proposal", "verb_sale", "verb_other")
def verb(said: Said) -> None:
    """The clause of a stage names that stage."""
    stage = said.facts.stage(said["stage"])
    own = said.key.removeprefix("verb_")
    said.must(stage and own in (stage, "other"), f"{said.key} is said of {said['stage']!r}")


@recounts("part_first", "part_next")
def part(said: Said) -> None:
    """The nth clause counts the nth stage of the cohort that is read."""
    facts = said.facts
    at = sum(one.key in ("part_first", "part_next") for one in said.before)
    stage, counts = facts.stages[at], facts.counts(facts.read_cohort)
    of = said.latest("verb_target", "verb_qualified", "verb_proposal", "verb_sale", "verb_other")
    said.must(of and facts.stage(of["stage"]) == stage, f"clause {at} is not of {stage}")
    said.must((said.key == "part_first") == (at == 0), "of them, or of these")
    said.same("n", counts[stage])
    said.same("rate", facts.rate(stage, counts))


@recounts("none_target", "none_qualified", "none_proposal", "none_sale", "none_other")
def part_none(said: Said) -> None:
    """The last clause is of the next stage, which nobody reached."""
    facts = said.facts
    stage = facts.stages[sum(one.key in ("part_first", "part_next") for one in said.before)]
    said.must(facts.stage(said["stage"]) == stage, f"not of {stage}")
    said.must(said.key in (f"none_{stage}", "none_other"), f"{said.key} is said of {stage}")
    reached = facts.counts(facts.read_cohort)[stage]
    said.must(reached == 0, f"{reached} reached {stage}")


@recounts("say_cohort", "say_empty_cohort")
def cohort(said: Said) -> None:
    """It is the newest cohort that is old enough, and has so many leads."""
    facts = said.facts
    said.must(said.names("week", facts.read_cohort), f"the cohort to read is {facts.read_cohort[0]:%Y-%m-%d}")
    leads = facts.counts(facts.read_cohort)["leads"]
    if said.key == "say_empty_cohort":
        said.must(leads == 0, f"it has {leads} leads")
    else:
        said.same("leads", leads)
        said.must(leads > 0, "it has no leads")


def _change(said: Said, now: float, then: float) -> None:
    """'22 % above': the size, and the side."""
    change = now / then - 1
    said.same("change", abs(change))
    above = "above" in said["change"] or "выше" in said["change"]
    said.must(above == (change > 0), f"{said['change']!r}, but it is {change:+.1%}")


@recounts("say_overall", "say_overall_same", "say_overall_only")
def overall(said: Said) -> None:
    """The overall conversion, and its raw change."""
    facts, before = said.facts, said.facts.beside(-1)
    now = facts.rate("overall", facts.counts(facts.read_cohort))
    then = facts.rate("overall", facts.counts(before)) if before is not None else float("nan")
    said.same("rate", now)
    if said.key == "say_overall_only":
        said.must(not then > 0, f"the cohort before stands at {then:.2%}")
    elif said.key == "say_overall_same":
        said.must(abs(now / then - 1) < 0.005, f"it is {now / then - 1:+.1%}")
    else:
        _change(said, now, then)


@recounts("say_raw_older")
def raw_older(said: Said) -> None:
    """How much older the cohort before is."""
    before = said.facts.beside(-1)
    said.must(before is not None, "there is none before")
    if before is not None:
        said.same("n", said.facts.age(before) - said.facts.age(said.facts.read_cohort))


@recounts(
    "say_equal", "say_equal_same", "say_equal_none", "say_driver", "say_driver_largest", "say_chance",
    "say_beyond",
)  # fmt: skip
def equal_age(said: Said) -> None:
    """Both cohorts at the age of the one that is read."""
    facts, before = said.facts, said.facts.beside(-1)
    if before is None:
        said.must(False, "there is no cohort before")
        return
    age = facts.age(facts.read_cohort)
    now, then = (facts.counts(cohort, age) for cohort in (facts.read_cohort, before))
    rates = facts.rate("overall", now), facts.rate("overall", then)
    if said.key in ("say_chance", "say_beyond"):
        said.same("now", now[facts.last])
        said.same("then", then[facts.last])
        p = _two_shares(now[facts.last], now["leads"], then[facts.last], then["leads"])
        fits = p > 0.05 if said.key == "say_chance" else p < 0.15
        said.must(fits, f"chance makes that in {p:.1%} of cases alone")
        return
    if said.key in ("say_driver", "say_driver_largest"):
        _driver(said, now, then)
        return
    if said.key == "say_equal_none":
        said.must(then["leads"] > 0 and then[facts.last] == 0, f"{then[facts.last]} of the cohort before had")
        said.same("n", age)
        return
    said.same("n", age)
    said.same("rate", rates[0])
    if said.key == "say_equal_same":
        said.must(abs(rates[0] / rates[1] - 1) < 0.005, f"{rates[1]:.2%} before")
    else:
        said.same("before", rates[1])
        _change(said, *rates)


def _driver(said: Said, now: dict[str, int], then: dict[str, int]) -> None:
    facts = said.facts
    stage = facts.stage(said["stage"])
    said.same("rate", facts.rate(stage, now))
    said.same("before", facts.rate(stage, then))
    parts = {one: math.log(facts.rate(one, now) / facts.rate(one, then)) for one in facts.stages}
    whole = sum(parts.values())
    share, most = parts[stage] / whole, max(part / whole for part in parts.values())
    said.must(share == most, f"its part is {share:.0%} of the difference, another's {most:.0%}")
    said.must((share > 0.5) == (said.key == "say_driver"), f"its part is {share:.0%} of the difference")


def _two_shares(a: int, m: int, b: int, n: int) -> float:
    """Return how often chance alone makes two shares so different, by drawing them 20,000 times."""
    drawn = np.random.default_rng(1).binomial([[m], [n]], (a + b) / (m + n), (2, 20_000))
    return float((np.abs(drawn[0] / m - drawn[1] / n) >= abs(a / m - b / n) - 1e-12).mean())


@recounts("say_neighbour_before", "say_neighbour_after")
def neighbour(said: Said) -> None:
    """The cohorts beside the one that is read."""
    facts = said.facts
    cohort = facts.beside(1 if said.key.endswith("after") else -1) or []
    counts = facts.counts(cohort)
    said.must(cohort and said.names("week", cohort), "not the cohort beside it")
    said.same("leads", counts["leads"])
    said.same("rate", facts.rate("overall", counts))


@recounts("say_neighbour_before_empty", "say_neighbour_after_empty")
def neighbour_empty(said: Said) -> None:
    """A week beside it without leads."""
    facts = said.facts
    cohort = facts.beside(1 if "after" in said.key else -1) or []
    said.must(cohort and said.names("week", cohort), "not the cohort beside it")
    said.must(facts.counts(cohort)["leads"] == 0, "it brought leads")


@recounts("say_unripe", "say_unripe_all", "say_read_unripe")
def unripe(said: Said) -> None:
    """How many shown cohorts are young."""
    facts = said.facts
    limit = facts.setting("young_weeks", 4)
    young = sum(facts.age(cohort) < limit for cohort in facts.cohorts)
    if said.key == "say_read_unripe":
        said.must(facts.age(facts.read_cohort) < limit, "it is old enough")
        said.must(facts.counts(facts.read_cohort)["leads"], "it has no leads: nothing will grow")
        return
    whole = len(facts.cohorts)
    said.must((young == whole) == said.key.endswith("_all"), f"{young} of {whole}")
    if "n" in said.values:
        said.same("n", young)
    said.same("limit", limit)


@recounts(
    "say_reading_age", "say_reading_age_shown", "say_reading_age_only",
    rests="by which age half of the sales have come is the model's curve; here it is what older cohorts did",
)  # fmt: skip
def reading_age(said: Said) -> None:
    """Of old cohorts, hardly any sale had come by the age read, and about half by the one proposed."""
    facts = said.facts
    now = facts.setting("reading_age", 1)
    if said.key == "say_reading_age_only" and facts.settings["period"] != "week":
        now = facts.age(facts.read_cohort)
    said.same("n", now)
    weeks = facts.complete(130)
    if said.key == "say_reading_age_only":
        return
    age = int(said.number("age"))
    shown = (
        [[week] for week in weeks[-int(said.number("cohorts")) :]]
        if "cohorts" in said.values
        else facts.cohorts
    )
    said.must(any(facts.age(cohort) >= age for cohort in shown), f"no shown cohort is {age} weeks old")
    come = _come(facts, weeks)
    if come is not None:
        said.must(come[min(now, len(come) - 1)] < 0.25, f"{come[now]:.0%} had come by {now}")
        said.must(come[min(age, len(come) - 1)] > 0.35, f"{come[min(age, len(come) - 1)]:.0%} by {age}")


def _come(facts: Facts, weeks: list[pd.Timestamp]) -> list[float] | None:
    """Return which share of their sales cohorts older than a year had by each age; None for too few."""
    old = [week for week in weeks if facts.age(week) >= 52]
    sold = [facts.counts(old, age)[facts.last] for age in range(53)] if old else [0]
    return [one / sold[-1] for one in sold] if sold[-1] >= 100 and not facts.stamped else None


# slices


@cache
def _shuffled(facts: Facts, column: str) -> pd.DataFrame:
    """Return by value: leads, sales, what was due, and how often chance alone is so far off it.

    Chance: sales handed out anew among the leads of each week, 4,000 times.
    """
    mine = facts.leads[facts.leads["week"].isin(facts.weeks)]
    value = mine[column].map(lambda text: " ".join(text.split()))
    sold = facts.reached.loc[mine.index, facts.last].notna()
    count = pd.crosstab(mine["week"], value)
    won = pd.crosstab(mine["week"], value.where(sold)).reindex(columns=count.columns, fill_value=0)
    rng, drawn = np.random.default_rng(1), np.zeros((4000, len(count.columns)))
    due = np.zeros(len(count.columns))
    for week, row in count.iterrows():
        sales = int(won.loc[week].sum()) if week in won.index else 0
        due += row.to_numpy() * sales / row.sum()
        drawn += rng.multivariate_hypergeometric(row.to_numpy(), sales, 4000)
    found = pd.DataFrame({"leads": count.sum(), "sales": won.sum(), "due": due})
    far = (found["sales"] - found["due"]).abs().to_numpy()
    found["p"] = (np.abs(drawn - due) >= far - 1e-9).mean(axis=0)
    together = (((drawn - due) ** 2) / np.maximum(due, 1e-9)).sum(axis=1)
    own = (((found["sales"] - found["due"]) ** 2) / np.maximum(found["due"], 1e-9)).sum()
    found["p_all"] = float((together >= own - 1e-9).mean())
    return found


def _wilson(sales: float, leads: float) -> tuple[float, float]:
    z = 1.6448536
    share, half = (
        sales / leads,
        z * math.sqrt(sales / leads * (1 - sales / leads) / leads + z**2 / (4 * leads**2)),
    )
    middle, scale = share + z**2 / (2 * leads), 1 + z**2 / leads
    return max((middle - half) / scale, 0.0), min((middle + half) / scale, 1.0)


@recounts("say_slice_above", "say_slice_below", "say_slice_higher", "say_slice_lower")
def slice_value(said: Said) -> None:
    """A value's numbers; that chance makes no such difference; and that best is best by either measure."""
    facts = said.facts
    column = facts.attributes[said["attribute"]]
    table, mine = _shuffled(facts, column), facts.members(said["attribute"], said["value"])
    counts = facts.counts(facts.weeks, None, mine)
    name = next(iter(facts.leads.loc[mine, column].map(lambda text: " ".join(text.split()))))
    row, some = table.loc[name], table[table["leads"] >= SMALL]
    said.same("leads", counts["leads"])
    said.same("rate", counts[facts.last] / counts["leads"])
    low, high = _wilson(counts[facts.last], counts["leads"])
    said.same("low", low)
    said.same("high", high)
    said.same("total", row["due"] / row["leads"])
    better = said.key in ("say_slice_above", "say_slice_higher")
    said.must((row["sales"] > row["due"]) == better, "it is the other way round")
    said.must(
        row["p"] * len(some) < 0.08, f"chance makes that in {row['p']:.1%} of cases, of {len(some)} values"
    )
    if said.key in ("say_slice_above", "say_slice_below"):
        for of in ("due", "leads"):
            share = some["sales"] / some[of]
            first = share.max() if better else share.min()
            said.must(
                abs(share[name] - first) < 1e-9,
                f"by sales per {of} {share.idxmax() if better else share.idxmin()} is",
            )


@recounts("say_slice_none", "say_slice_together", "say_slice_small", "say_slice_caution")
def slice_whole(said: Said) -> None:
    """What is said of an attribute as a whole."""
    facts = said.facts
    if said.key == "say_slice_caution":
        told = {
            one["attribute"]
            for one in said.before
            if one.key in ("say_slice_above", "say_slice_below", "say_slice_higher", "say_slice_lower")
        }
        tables = [_shuffled(facts, facts.attributes[one]) for one in told]
        said.same("n", sum(int((one["leads"] >= SMALL).sum()) for one in tables))
        return
    for name in said["attribute"].split(", "):
        _quiet(said, _shuffled(facts, facts.attributes[name]))


def _quiet(said: Said, table: pd.DataFrame) -> None:
    some = table[table["leads"] >= SMALL]
    said.same("n", SMALL)
    if said.key == "say_slice_small":
        said.must(some.empty, f"{list(some.index)} have so many")
    elif said.key == "say_slice_none":
        least = (some["p"] * len(some)).min()
        said.must(len(some) and (least > 0.01 or table["p_all"].iloc[0] > 0.02), f"p is {least:.3f}")
    else:
        said.must(table["p_all"].iloc[0] < 0.1, f"chance makes that in {table['p_all'].iloc[0]:.0%}")
