"""The recount of what is said of the newest leads."""

from __future__ import annotations

import math

import pandas as pd
from recount_calendar import days_in
from recount_facts import SMALL, WEEK, Facts, Said, names, recounts

VERDICTS = ("word_better", "word_usual", "word_worse")
SURE = ("word_better_sure", "word_worse_sure")
HISTORY = 8
names(*VERDICTS, *SURE)  # held against the numbers of the sentence that says them
_MODEL = "what is usual, its range, and from which age on one can judge, are the model's"


def _weeks(said: Said) -> list[pd.Timestamp]:
    """Return the Mondays of the days that are told."""
    first, last = days_in(said["days"])
    said.must(first.weekday() == 0 and last.weekday() == 6, "no whole weeks")
    return list(pd.date_range(first, last - pd.Timedelta(days=6), freq="7D"))


def _share(facts: Facts, weeks: list[pd.Timestamp], stage: str, ages: list[int]) -> float:
    """Return the conversion of cohorts, each at an age."""
    counts = [facts.counts([week], age) for week, age in zip(weeks, ages, strict=True)]
    leads = sum(one["leads"] for one in counts)
    return sum(one[stage] for one in counts) / leads if leads else math.nan


def _judged(said: Said, weeks: list[pd.Timestamp], stage: str) -> None:
    """Count what came, about what was usual, and hold the verdict against the printed range."""
    facts = said.facts
    said.same("observed", _share(facts, weeks, stage, [facts.age(week) for week in weeks]))
    observed, usual, low, high = (said.printed(name)[0] for name in ("observed", "expected", "low", "high"))
    before = [week for week in facts.complete(130) if week < weeks[0]][-52:]
    each = [_share(facts, before, stage, [facts.age(week)] * len(before)) for week in weeks]
    then = sum(each) / len(each)
    if not facts.settings.get("country"):
        said.must(abs(usual.value - then) <= 0.35 * then + usual.half + 0.003, f"usual was {then:.2%}")
    said.must(low.value <= usual.value <= high.value, "the usual lies outside of its range")
    word = next((key for key in (*VERDICTS, *SURE) if facts.words[key] == said["verdict"]), "")
    if word in SURE:
        said.must((observed.value > usual.value) == (word == SURE[0]), "better, or worse")
        return
    above = observed.value - high.value
    below = low.value - observed.value
    slack = observed.half + high.half
    fits = {VERDICTS[0]: above > -slack, VERDICTS[2]: below > -slack}
    said.must(
        fits.get(word, above < slack and below < slack) and word, f"{said['verdict']!r} of these numbers"
    )


@recounts("short_newest", "short_newest_old", rests=_MODEL)
def whole(said: Said) -> None:
    """The newest cohorts together, each at its own age."""
    weeks = _weeks(said)
    said.must(weeks[-1] <= said.facts.complete(1)[-1], "a week that is not over")
    _judged(said, weeks, said.facts.last)
    old = said.facts.age(weeks[-1]) > 13
    said.must(old == (said.key == "short_newest_old"), f"{said.facts.age(weeks[-1])} weeks old")
    said.must(not old or said.number("n") == said.facts.age(weeks[-1]), "another age")


@recounts("short_newest_week", "short_newest_later", rests=_MODEL)
def newest_week(said: Said) -> None:
    """The newest complete week, by the first step."""
    facts = said.facts
    week = said.week("week")
    said.must(week == facts.complete(1)[-1], "not the newest week")
    if said.key == "short_newest_week":
        said.must(facts.stage(said["stage"]) == facts.stages[0], "not the first step")
        said.must(facts.counts([week])["leads"] >= SMALL, "too few leads")
        _judged(said, [week], facts.stages[0])


@recounts("short_newest_from", "short_newest_unread_until", rests=_MODEL)
def until(said: Said) -> None:
    """A day after the report from which the newest week, or the ninth of all, is old enough."""
    facts, day = said.facts, said.day("date")
    said.must(day > facts.date, "the day has come")
    first = facts.complete(1)[-1] + WEEK
    if said.key == "short_newest_unread_until":
        first = facts.leads["week"].min() + (HISTORY + 1) * WEEK
    said.must(day >= first and day.weekday() == 0, f"not before {first:%Y-%m-%d}")


@recounts("short_newest_unread", rests=_MODEL)
def unread(_: Said) -> None:
    """Which weeks are old enough rests on the model alone."""


@recounts("short_newest_rare", rests=_MODEL)
def rare(said: Said) -> None:
    """The weeks and their leads; that hardly any was due rests on what is usual."""
    said.same("leads", said.facts.counts(_weeks(said))["leads"])
    said.must(said.number("n") == 3, "another number")


@recounts("short_newest_few")
def few(said: Said) -> None:
    """The weeks, and how few leads they brought."""
    leads = said.facts.counts(_weeks(said))["leads"]
    said.same("leads", leads)
    said.same("n", SMALL)
    said.must(leads < SMALL, f"{leads} leads")
