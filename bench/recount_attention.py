"""The recount of what is said of flags, arrivals, shapes and investigations."""

from __future__ import annotations

import numpy as np
import pandas as pd
from recount_calendar import days_in, plain
from recount_facts import WEEK, Facts, Said, names, recounts

names(
    "n_of",
    "state_explained",
    "state_data_defect",
    "state_initiative",
    "state_noise",
    "not_given",
    "all_leads",
)
names("stage_overall", "the_overall", "metric_overall", "from_to", "about_sales", "less_than_one_sale")
names("shape_overload", "shape_market", "shape_hidden_launch", "shape_data_fault", "shape_skipped_stage")
names(
    "own_confirmed", "own_partly", "own_refuted", "own_no_effect_seen", "own_too_early", "own_cannot_be_told"
)
names("verdict_confirmed", "verdict_partly", "verdict_refuted", "verdict_no_effect_seen")
names("short_against_usual", "short_against_target", "short_counted")
names("verdict_too_early", "verdict_cannot_be_told", "unit_thousand", "unit_million", "unit_billion")
_CHANCE = "the test of the flags knows how weeks vary and how many are compared; here a plain one"


def short(said: Said) -> bool:
    """Whether it stands in the first lines of the draft."""
    return said.key.startswith("short")


def first_of(said: Said, keys: tuple[str, ...]) -> Said | None:
    """Return the first sentence of some keys that was said before."""
    return next((one for one in said.before if one.key in keys), None)


FLAG, CARD = ("say_flag", "say_flag_overall"), ("card_flag", "card_flag_target")
SHORT = ("short_flag", "short_flag_overall")

# flags


@recounts(
    "say_flags",
    "short_more",
    "short_flag",
    "short_flag_overall",
    "say_flag",
    "say_flag_overall",
    rests=_CHANCE,
)
def flags(said: Said) -> None:
    """As many as are listed, the first first; each names a segment and a stage there are."""
    facts = said.facts
    if said.key == "say_flags":
        n = said.number("n")
        said.must(n >= 1, "no flag")
    elif said.key == "short_more":
        of = said.latest("say_flags")
        said.must(of and said.number("n") == of.number("n") - 1, "not all but one")
    else:
        said.must(facts.segment(said["segment"]).any(), f"{said['segment']!r} has no leads")
        said.must(facts.stage(said["stage"]), f"{said['stage']!r} is no stage")
        said.must(
            (facts.stage(said["stage"]) == "overall") == said.key.endswith("overall"), "the whole, or a step"
        )
        if short(said):
            first, card = first_of(said, FLAG), first_of(said, CARD)
            same = first and card and all(first[name] == said[name] for name in ("segment", "stage"))
            said.must(same, "not the first flag")
            said.must(
                card and all(card[name] == said[name] for name in ("observed", "expected")), "other numbers"
            )
            usual = "usual" in said["against"] or "обычных" in said["against"]
            said.must(card and usual == (card.key == "card_flag"), "usual, or a target")
            after = said.before[said.before.index(card) + 1 :] if card else []
            until = next((at for at, one in enumerate(after) if one.key in CARD), len(after))
            dated = [one["week"] for one in after[:until] if one.key in ("card_since", "card_since_before")]
            when = dated[0] if dated else card["days"] if card else ""
            said.must(when in said["began"], "another week")
        else:
            _card(said)


def _card(said: Said) -> None:
    """Count the conversion of a flag's cohorts, each at its own age, beside its own year before."""
    facts, card = said.facts, said.latest(*CARD)
    if card is None:
        said.must(False, "no numbers")
        return
    mine, stage = facts.segment(said["segment"]), facts.stage(said["stage"])
    first, last = days_in(card["days"])
    weeks = list(pd.date_range(first, last - pd.Timedelta(days=6), freq="7D"))
    said.must(card.number("weeks") == len(weeks), f"{len(weeks)} weeks")
    base = "leads" if stage in ("overall", facts.stages[0]) else facts.stages[facts.stages.index(stage) - 1]
    name = facts.last if stage == "overall" else stage
    own = [facts.counts([week], facts.age(week), mine) for week in weeks]
    whole, won = sum(one[base] for one in own), sum(one[name] for one in own)
    card.same("observed", won / whole if whole else float("nan"))
    said.wrong += card.wrong
    known = [week for week in facts.complete(130) if week < first][-52:]
    old = [(facts.counts(known, facts.age(week), mine), one) for week, one in zip(weeks, own, strict=True)]
    due = sum(one[base] * (then[name] / then[base] if then[base] else 0.0) for then, one in old)
    usual, target = card.number("expected"), card.key == "card_flag_target"
    if target:
        said.must(card.number("observed") < usual, "not below the target")
        said.must(facts.settings.get("targets"), "there is no target")
    elif not facts.settings.get("country"):
        said.must(
            abs(usual - due / whole) <= 0.35 * usual + 0.02, f"usual {usual:.1%}, counted {due / whole:.1%}"
        )
    p = usual if usual > 0 else due / whole
    drawn = np.random.default_rng(1).binomial(whole, min(p, 1.0), 20_000)
    chance = min((drawn <= won).mean(), (drawn >= won).mean())
    said.must(chance < 0.02, f"chance makes {won} of {whole} at {p:.1%} in {chance:.1%} of cases")
    worth = next((one for one in reversed(said.before) if one.key in ("card_costs", "card_brings")), None)
    if worth is not None and said.before.index(worth) > said.before.index(card):
        said.must((worth.key == "card_costs") == (card.number("observed") < usual), "costs or brings")
        sales = worth.number("sales") if worth.printed("sales") else 0.0
        said.must(sales <= sum(one["leads"] for one in own), "more sales than leads")


@recounts(
    "card_flag",
    "card_flag_target",
    "card_costs",
    "card_brings",
    rests="what is usual, and what a conversion brings later, are the model's",
)
def card_flag(said: Said) -> None:
    """Counted with the flag that holds it (`say_flag`); here only that it is well formed."""
    if said.key in CARD:
        said.must(0 <= said.number("observed") <= 1 and 0 <= said.number("expected") <= 1, "no shares")
        said.must(said.number("observed") != said.number("expected"), "no difference")
    elif said["money"]:
        said.must(said.number("money") >= 0, "money")


@recounts(
    "card_since", "card_since_before", "short_began", rests="the week of a change is found by likelihood"
)
def card_since(said: Said) -> None:
    """A Monday before the report, not long before the cohorts that were read."""
    day = days_in(said["week"])[0]
    # On page 1 it is of the first flag, whose card was said before.
    card = first_of(said, CARD) if short(said) else said.latest(*CARD)
    said.must(day.weekday() == 0 and card is not None, "no Monday")
    if card is not None:
        first = days_in(card["days"])[0]
        said.must(first - 27 * WEEK <= day < said.facts.date, "not near them")
        before = said.key == "card_since_before"
        said.must(short(said) or (day < first) == before, "before the counted weeks, or among them")


@recounts("say_digs", "say_dug", "say_nobody_digs")
def digs(said: Said) -> None:
    """Whether an investigation of that segment and stage is written down."""
    facts, flag = said.facts, said.latest(*SHORT, *FLAG)
    if flag is None:
        said.must(False, "no flag")
        return
    mine, stage = flag["segment"], facts.stage(flag["stage"])
    asked = [
        one for one in facts.register("investigations").values()
        if one["stage"] == stage and _segment_words(facts, one) == mine
    ]  # fmt: skip
    if said.key == "say_nobody_digs":
        said.must(not asked, "somebody does")
    elif said.key == "say_digs":
        said.must(
            any(plain(one["who"]) == said["who"] and "closed" not in one for one in asked), "nobody does"
        )
    else:
        states = [
            facts.key_of(said["who"], "state_") == str(one.get("state")).replace(" ", "_") for one in asked
        ]
        said.must(any(states), "not closed so")


def _segment_words(facts: Facts, one: dict[str, object]) -> str:
    column = str(one.get("attribute") or "")
    name = next((words for words, own in facts.attributes.items() if own == column), "")
    return f"{name}: {one['value']}" if column else plain(facts.words["all_leads"])


@recounts("say_flags_none", "short_no_flag", rests=_CHANCE)
def flags_none(said: Said) -> None:
    """There are eight weeks of history, and no flag is told."""
    facts = said.facts
    said.must(len(facts.complete(130)) >= 9, "no history")
    said.must(not any(one.key in FLAG for one in said.before), "a flag is told")
    if "n" in said.values:
        said.must(said.number("n") >= len(facts.stages), "fewer comparisons than stages")


@recounts("say_flags_short", rests="from which age a conversion can be read is the model's")
def flags_short(said: Said) -> None:
    """There is no year of history."""
    said.must(len(said.facts.complete(130)) < 30, "there is half a year of weeks")


# arrivals


@recounts(
    "card_arrivals", "short_arrivals", "say_arrivals",
    rests="season and spread of arrivals are the model's; here the mean of the 13 weeks before, and Poisson",
)  # fmt: skip
def arrivals(said: Said) -> None:
    """Leads of the newest week; how many came before it; that chance makes no such week."""
    facts = said.facts
    if said.key == "say_arrivals":
        card = said.latest("card_arrivals")
        mine = facts.segment(said["segment"])
        if card is not None:
            _came(card, mine, said)
        return
    if said.key == "short_arrivals":
        _came(said, facts.segment(said["segment"]), said)
    said.must(said.number("leads") < said.number("expected"), "not fewer")


@recounts("arrivals_instead", rests="that they may be the same leads is a guess")
def instead(said: Said) -> None:
    """The new value's leads of the newest week; it had hardly any before the last month."""
    facts = said.facts
    mine = facts.segment(said["segment"])
    by = facts.leads[mine.reindex(facts.leads.index)].groupby("week").size()
    newest = facts.complete(1)[-1]
    came = int(by.get(newest, 0))
    said.must(said.printed("leads")[0].is_(came), f"{came} came")
    before = np.mean([by.get(newest - WEEK * back, 0) for back in range(4, 17)])
    said.must(before <= 0.1 * came, f"{before:.1f} a week came before")


def _came(said: Said, mine: pd.Series, told: Said) -> None:
    facts = said.facts
    week = days_in(said["week"])[0]
    told.must(week == facts.complete(1)[-1], "not the newest week")
    leads = facts.leads[mine.reindex(facts.leads.index)]
    by = leads.groupby("week").size()
    came = int(by.get(week, 0))
    told.must(said.printed("leads")[0].is_(came), f"printed {said['leads']}, counted {came}")
    level = np.mean([by.get(week - WEEK * back, 0) for back in range(1, 14)])
    due = said.number("expected")
    told.must(0.3 * level <= due <= 3 * level, f"{level:.0f} a week came before")
    told.must((np.random.default_rng(1).poisson(due, 20_000) <= came).mean() < 0.05, "chance makes that")


# shapes, investigations


def _worse(facts: Facts, weeks: list[pd.Timestamp]) -> float:
    """Return the share of large segments that convert worse, each week at its age beside the year before."""
    known = [week for week in facts.complete(130) if week < weeks[0]][-52:]
    low = []
    for column in facts.attributes.values():
        for value, size in facts.leads.get(column, pd.Series(dtype=str)).value_counts().items():
            if size < 500:
                continue
            mine = facts.leads[column] == value
            worse = 0.0
            for week in weeks[-6:]:
                age = facts.age(week)
                now, then = facts.counts([week], age, mine), facts.counts(known, age, mine)
                for stage in facts.stages:
                    due = facts.rate(stage, then)
                    base = now[("leads", *facts.stages)[facts.stages.index(stage)]]
                    if base and due > 0:
                        worse += (now[stage] - base * due) / (base * due * (1 - min(due, 0.99))) ** 0.5
            low.append(worse < 0)
    return float(np.mean(low)) if low else 1.0


@recounts(
    "say_shape", "shape_overload_is", "shape_market_is", "shape_hidden_launch_is", "shape_data_fault_is",
    "shape_skipped_stage_is", rests="how much a conversion changed is read at the ages the model chooses",
)  # fmt: skip
def shape(said: Said) -> None:
    """Count the leads of the weeks beside the 13 before, and who reached the stage."""
    facts = said.facts
    if said.key == "say_shape":
        return
    first, last = days_in(said["weeks"])[0], days_in(said["weeks"])[-1]
    weeks = list(pd.date_range(first, last - pd.Timedelta(days=6), freq="7D"))
    said.must(first.weekday() == 0 and last < facts.date, "no weeks before the report")
    if said.key == "shape_data_fault_is":
        counts = facts.counts(weeks)
        said.must(counts[facts.stage(said["stage"])] == 0 and counts["leads"] > 0, "somebody reached it")
    elif said.key == "shape_skipped_stage_is":
        stage = facts.stages.index(facts.stage(said["stage"]))
        counts = facts.counts(weeks)
        said.must(counts[facts.stages[stage]] == counts[facts.stages[stage + 1]], "not all went on")
    else:
        mine = facts.segment(said["segment"]) if said.key == "shape_hidden_launch_is" else None
        per_week = [facts.counts([week], None, mine)["leads"] for week in weeks]
        before = [facts.counts([weeks[0] - WEEK * n], None, mine)["leads"] for n in range(1, 14)]
        change = said.number("volume")
        most = max(np.convolve(per_week, np.ones(min(4, len(weeks))) / min(4, len(weeks)), "valid"))
        if said.key == "shape_market_is":
            said.must(_worse(facts, weeks) > 0.5, f"{_worse(facts, weeks):.0%} of the segments convert worse")
        else:
            said.must(
                abs(most / np.mean(before) - 1 - change) < 0.35, f"volume {most / np.mean(before) - 1:+.0%}"
            )


@recounts("say_open", "say_open_new", "say_open_one", "say_open_one_new")
def opened(said: Said) -> None:
    """Investigations that are open on the report date, and since when the oldest is."""
    facts = said.facts
    open_ = [
        pd.Timestamp(one["opened"]) for one in facts.register("investigations").values()
        if "closed" not in one or pd.Timestamp(one["closed"]) > facts.date
    ]  # fmt: skip
    said.same("n", len(open_))
    said.must((len(open_) == 1) == ("_one" in said.key), "one, or several")
    weeks = (facts.date - min(open_)).days // 7
    said.same("age", weeks)
    said.must((weeks == 0) == said.key.endswith("_new"), f"for {weeks} weeks")


@recounts("say_closed", "say_closed_overall")
def closed(said: Said) -> None:
    """A closed investigation as it is written down."""
    facts = said.facts
    for one in facts.register("investigations").values():
        if "closed" in one and _segment_words(facts, one) == said["segment"]:
            since = facts.earlier[-1].date if facts.earlier else facts.date - 4 * WEEK
            said.must(pd.Timestamp(one["closed"]) > since, "closed long ago")
            said.must(facts.stage(said["stage"]) == one["stage"], "another stage")
            said.must((one["stage"] == "overall") == said.key.endswith("overall"), "the whole, or a step")
            said.must(
                facts.key_of(said["state"], "state_") == str(one["state"]).replace(" ", "_"), "another state"
            )
            words = " ".join(str(one["finding"]).split())
            said.must(said["finding"] in (words, f"{words}."), "another finding")
            return
    said.must(False, "no such investigation")
