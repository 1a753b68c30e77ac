"""The recount of what is said of initiatives and what came of them."""

from __future__ import annotations

import re

import pandas as pd
from recount_calendar import days_in, plain
from recount_facts import WEEK, Facts, Said, names, recounts

names("short_name", "short_names_more")


@recounts("say_initiative")
def initiative(said: Said) -> None:
    """It is written down, has begun, and runs or ended within the last half-year."""
    found = _of_title(said.facts, said["title"])
    said.must(found is not None, "no such initiative")
    if found is not None:
        date = said.facts.date
        said.must(pd.Timestamp(found["start"]) <= date, "it has not started")
        said.must("end" not in found or pd.Timestamp(found["end"]) >= date - 26 * WEEK, "it ended long ago")
        total = said.latest("n_of")
        if total is not None and plain(total.words) in said["verdict"]:
            said.must(total.number("total") == len(found["hypotheses"]), "another number of hypotheses")


def _of_title(facts: Facts, title: str) -> dict[str, object] | None:
    for one in facts.register("initiatives").values():
        titles = one["title"]
        words = titles.get(facts.language, "") if isinstance(titles, dict) else titles
        if plain(words) == title:
            return one
    return None


@recounts("verdict_is", "verdict_until", "verdict_because")
def verdict_open(said: Said) -> None:
    """Nothing is told yet: the date lies ahead, or the reason is one there is."""
    verdict = said.facts.key_of(said["verdict"], "verdict_")
    if said.key == "verdict_until":
        said.must(verdict == "too_early", "not too early")
        said.must(days_in(said["date"])[0] > said.facts.date, "that date is past")
    else:
        said.must(verdict in ("too_early", "cannot_be_told"), verdict)


@recounts(
    "reason_not_ripe", "reason_no_counts", "reason_history_short", "reason_no_such_segment",
    "reason_not_started",
    "reason_over_at_once", "reason_varies", "reason_overlap",
    rests="how much the weeks before vary is the model's",
)  # fmt: skip
def reason(said: Said) -> None:
    """Another initiative that is named is written down."""
    if said.key == "reason_overlap":
        said.must(_of_title(said.facts, said["other"]), "no such initiative")


@recounts(
    "verdict_measured", "verdict_unhoped", "verdict_later",
    rests="what an initiative moved, and its interval, are measured by the model",
)  # fmt: skip
def measured(said: Said) -> None:
    """Verdict, measured change, interval and expectation say one thing."""
    now = said.number("measured")
    low, high = (one.value for one in said.printed("range"))
    said.must(low <= now + 0.006 and now <= high + 0.006, "outside its own interval")
    if said.key != "verdict_measured":
        return
    hoped, own = said.number("expected"), said.facts.key_of(said["own"], "own_")
    seen, right = low > 0.004 or high < -0.004, now * hoped > 0
    if own in ("confirmed", "partly"):
        said.must((low >= -0.005 or high <= 0.005) and right, f"{own}, but {low:+.0%} to {high:+.0%}")
    if own == "no_effect_seen":
        said.must(not seen, f"not seen, but {low:+.0%} to {high:+.0%}")
    if own == "refuted":
        said.must(
            (seen and not right) or hoped >= high - 0.006 or hoped <= low + 0.006,
            "the hope fits the interval",
        )
    true, total = (one.value for one in said.printed("true"))
    verdict = said.facts.key_of(said["verdict"], "verdict_")
    said.must(true <= total, "more came true than there are")
    if verdict == "confirmed":
        said.must(true == total, f"confirmed with {true:g} of {total:g}")
    if true == 0:
        said.must(verdict not in ("confirmed",), "nothing came true")


@recounts("metric_step", "metric_per_lead")
def metric(said: Said) -> None:
    """Two stages that follow each other."""
    facts = said.facts
    stage = facts.stage(said["stage"])
    said.must(stage, "no such stage")
    if said.key == "metric_step" and stage != facts.stages[0]:
        said.must(
            facts.stage(said["base"]) == facts.stages[facts.stages.index(stage) - 1], "not the step before"
        )


@recounts("short_initiatives", "short_verdict")
def initiatives_short(said: Said) -> None:
    """Every initiative that is told below is named once, beside the verdict it has there."""
    told = [one for one in said.before if one.key == "say_initiative"]
    if said.key == "short_initiatives":
        parts = [one for one in said.before if one.key == "short_verdict"]
        named = sum(len(_named(one)) + _more(one) for one in parts)
        said.must(named == len(told), f"{len(told)} are told below, {named} here")
        return
    own = [
        plain(one["title"])
        for one in told
        if re.match(rf"{re.escape(said['verdict'])}[.:]", plain(one["verdict"]), re.IGNORECASE)
    ]
    named = _named(said)
    said.must(set(named) <= set(own) and len(set(named)) == len(named), f"{named} of {own}")
    said.must(len(named) + _more(said) == len(own), f"{len(own)} have that verdict")


def _named(said: Said) -> list[str]:
    return re.findall("[“«](.*?)[”»](?=, |; |$| и ещё | and )", said["names"])


def _more(said: Said) -> int:
    found = re.search(r"(?: and| и ещё) (\d+)(?: more)?$", said["names"])
    return int(found[1]) if found else 0
