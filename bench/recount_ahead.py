"""The recount of what is said of what is to come, of earlier forecasts, and of money and durations."""

from __future__ import annotations

import numpy as np
import pandas as pd
from recount_facts import WEEK, Facts, Said, names, recounts

names("from_amount", "payback_at_once", "payback_weeks", "n_days", "of_days", "part_of_days")
_MODEL = "the forecast is the model's; its order, its parts and what has come are counted"
_KNOWN = 20


# what the cohort will become


@recounts(
    "say_final", "say_final_tail", "say_final_doubt", "short_cohort", "short_equal", "short_chance",
    "short_equal_same", "short_final",
    "short_final_doubt", rests=_MODEL,
)  # fmt: skip
def final(said: Said) -> None:
    """What has come lies below what is expected, and that within its interval."""
    facts = said.facts
    counts = facts.counts(facts.read_cohort)
    now = facts.rate("overall", counts)
    if said.key == "short_cohort":
        said.same("rate", now)
        said.must(said.names("week", facts.read_cohort, full=False), "not the cohort that is read")
    elif said.key in ("short_equal", "short_chance", "short_equal_same"):
        age, both = facts.age(facts.read_cohort), (facts.read_cohort, facts.beside(-1) or [])
        rates = [facts.rate("overall", facts.counts(cohort, age)) for cohort in both]
        if said.key == "short_equal_same":
            said.must(abs(rates[0] / rates[1] - 1) < 0.005, f"it is {rates[0] / rates[1] - 1:+.1%}")
            return
        said.same("change", rates[0] / rates[1] - 1)
        other = "say_chance" if said.key == "short_chance" else "say_beyond"
        said.must(any(one.key == other for one in said.before), "chance is told here or below alone")
    elif said.key != "say_final_tail":
        low, high = said.printed("low")[0], said.printed("high")[0]
        said.must(low.value <= high.value and now <= high.value + high.half, f"{now:.2%} has come already")
        if "rate" in said.values:
            rate = said.printed("rate")[0]
            said.must(now <= rate.value + rate.half, f"{now:.2%} has come already")
            said.must(low.value <= rate.value <= high.value, "outside its own interval")
        if said.key == "say_final":
            if rate.value > 10 * rate.half:
                said.same("share", now / rate.value, slack=now / rate.value * rate.half / rate.value)
            _usual(said)


def _usual(said: Said) -> None:
    """What is usual at this age, beside what cohorts of more than a year did."""
    facts = said.facts
    old = [week for week in facts.complete(130) if facts.age(week) >= 52]
    sold = (
        [facts.counts(old, age)[facts.last] for age in (*map(facts.age, facts.read_cohort), 52)]
        if old
        else [0]
    )
    if sold[-1] >= 200 and not facts.stamped:
        share = float(np.mean(sold[:-1])) / sold[-1]
        said.must(abs(said.number("usual") - share) < 0.15, f"of older cohorts {share:.0%} had come")


@recounts(
    "doubt_mostly_tail", "doubt_no_conversions", "doubt_few_conversions", "doubt_history_short",
    "doubt_delay_may_have_changed", "doubt_missed_lately", "doubt_young_unlike_old",
    rests="whether the delay is known well enough is the model's judgement; how many are known is counted",
)  # fmt: skip
def doubt(said: Said) -> None:
    """Where few or none are said to have reached the stage, so it is."""
    times = said.facts.reached[said.facts.last].notna().sum()
    if said.key == "doubt_no_conversions":
        said.must(times == 0, f"{times} have reached it")
    if said.key == "doubt_few_conversions" and "origin" not in said.facts.entries:
        said.must(times < _KNOWN or said.facts.stamped, f"{times} have reached it")


# revenue


@recounts("say_revenue", "say_revenue_range", "short_revenue", rests=_MODEL)
def revenue(said: Said) -> None:
    """Parts add up; the expected amount lies in its range; payments are known, and of that size."""
    facts = said.facts
    said.must(len(facts.paid), "no payment is known")
    said.must(said.number("n") == 13 if "n" in said.values else True, "not 13 weeks")
    total = said.latest("say_revenue") if said.key == "say_revenue_range" else said
    if total is None:
        return
    whole = total.printed("total")[0]
    if "low" in said.values:
        low, high = said.printed("low")[0], said.printed("high")[0]
        said.must(low.value - low.half <= whole.value <= high.value + high.half, "outside its own range")
    if said.key == "say_revenue":
        parts = said.printed("existing")[0].value + said.printed("future")[0].value
        said.must(abs(parts - whole.value) <= 1.01 * whole.half, f"the parts are {parts:g}")
        recent = facts.paid[facts.paid["at"] >= facts.date - 13 * WEEK]["amount"].sum()
        if len(facts.complete(130)) > 40 and recent > 0:
            said.must(0.2 * recent <= whole.value <= 5 * recent, f"{recent:.0f} came in the last 13 weeks")


@recounts(
    "say_revenue_doubt",
    "say_revenue_doubt_all",
    "short_revenue_doubt",
    rests="which forecasts are doubtful is the model's judgement",
)
def revenue_doubt(said: Said) -> None:
    """It follows what is expected."""
    said.must(said.latest("say_revenue", "short_revenue"), "of nothing")


# the change


@recounts(
    "say_change",
    "say_change_chance",
    "say_change_beyond",
    "say_change_value",
    rests="how ripe each cohort is, which parts the change into its causes, is the model's",
)
def change(said: Said) -> None:
    """The whole change is counted, and its parts add up to it."""
    facts = said.facts
    newest = (
        facts.date - pd.Timedelta(days=facts.date.weekday()) - WEEK * (facts.setting("reading_age", 1) + 1)
    )
    weeks = [newest - WEEK * back for back in reversed(range(8))]
    now, then = (facts.counts(some) for some in (weeks[4:], weeks[:4]))
    if said.key == "say_change":
        said.must(facts.stage(said["last"]) == facts.last, "not the last stage")
        said.same("change", now[facts.last] - then[facts.last])
        said.must(now[facts.last] + then[facts.last] > 0, "nobody reached it")
        if "now" in said.values:
            said.same("now", now[facts.last])
            said.same("then", then[facts.last])
        parts = [said.number(name) for name in ("volume", "age", "mix", "rate")]
        said.must(abs(sum(parts) - said.number("change")) <= 0.21, f"the parts are {sum(parts):.1f}")
        more = now["leads"] - then["leads"]
        said.must(
            parts[0] == 0 or (parts[0] > 0) == (more > 0), f"{more:+d} leads, {parts[0]:+.1f} by volume"
        )
    elif said.key in ("say_change_chance", "say_change_beyond"):
        of = said.latest("say_change")
        beyond = -1 if said.key == "say_change_beyond" else 1
        said.must(
            of and beyond * (abs(of.number("rate")) - said.number("most")) <= 0.11,
            "more than chance, or less",
        )
        said.must(said.number("most") <= 4 * (now[facts.last] + then[facts.last] + 4) ** 0.5, "that wide?")
    else:
        mine = facts.members(said["attribute"], said["value"])
        counts = [facts.counts(some, None, mine) for some in (weeks[:4], weeks[4:])]
        said.must(counts[0]["leads"] + counts[1]["leads"] > 0, "it has no leads")
        most = counts[0][facts.last] + counts[1][facts.last]
        said.must(abs(said.number("amount")) <= most + 5, f"of {most} leads")


# earlier forecasts


@recounts("say_track_none", "say_track_no_cohort")
def track_none(said: Said) -> None:
    """No earlier edition is old enough for any of its forecasts to have come due."""
    due = [one.date for one in said.facts.earlier if one.date + 5 * WEEK <= said.facts.date]
    said.must(not due, f"that of {due} has")


@recounts(
    "say_track", "say_track_over", "say_track_under", "say_track_even", "say_track_poor",
    "say_revenue_track", "say_revenue_poor",
    rests="what was forecast then is in the archive, not in the files; how many have come due is counted",
)  # fmt: skip
def track(said: Said) -> None:
    """As many as have come due; no more inside than there are."""
    facts = said.facts
    if said.key in ("say_track_over", "say_track_under", "say_track_even"):
        said.must(said.latest("say_track"), "of nothing")
        return
    if said.key in ("say_track_poor", "say_revenue_poor"):
        of = said.latest("say_track" if said.key == "say_track_poor" else "say_revenue_track")
        promised = 0.9 if said.key == "say_track_poor" else 0.8
        said.must(of and of.number("inside") < promised * of.number("n"), "not fewer")
        if of:
            drawn = np.random.default_rng(1).binomial(int(of.number("n")), promised, 20_000)
            said.must((drawn <= of.number("inside")).mean() < 0.06, "chance makes that")
        return
    said.must(said.number("inside") <= said.number("n"), "more than there are")
    if said.key == "say_track":
        looks = sum(one.date + weeks * WEEK <= facts.date for one in facts.earlier for weeks in (4, 13))
        said.must(0 < said.number("n") <= 13 * looks, f"{looks} looks have come due")
    else:
        last = facts.date - WEEK
        mondays = [pd.date_range(one.date, last, freq="W-MON") for one in facts.earlier]
        said.same("n", sum(len(one) for one in mondays))


@recounts("say_backtest", rests="the backtest is the model's; its shares are shares")
def backtest(said: Said) -> None:
    """Errors are not negative, a share of forecasts is at most all."""
    said.must(0 <= said.number("coverage") <= 1 and said.number("wape") >= 0, "no shares")
    said.must(len(said.facts.complete(130)) > 8, "there is no history to try it on")


# money


def _spend(facts: Facts) -> pd.DataFrame:
    """Return the spend of before the report date with its week."""
    frame = facts.read("spend")
    day = pd.to_datetime(frame["date"], format="mixed")
    frame["week"] = day - pd.to_timedelta(day.dt.weekday, unit="D")
    frame["cost"] = frame["cost"].astype(float)
    return frame[day < facts.date]


@recounts(
    "say_costs",
    "say_costs_doubt",
    "say_costs_unsold",
    "say_costs_unsold_doubt",
    rests="the sales still to come are the model's; spend and cost so far are counted",
)
def costs(said: Said) -> None:
    """Spend of the newest weeks' cohorts, over their sales so far; less is expected, within its interval."""
    facts = said.facts
    spend = _spend(facts)
    cost = spend.loc[spend["week"].isin(facts.newest_weeks), "cost"].sum()
    sales = facts.counts(facts.newest_weeks)[facts.last]
    said.same("spend", cost)
    said.same("n", len(facts.newest_weeks))
    said.must(bool(sales) != ("unsold" in said.key), f"{sales} sales have come")
    if sales:
        said.same("now", cost / sales)
    low, *more = said.printed("interval")  # of few sales it has no upper end
    if not said.key.endswith("doubt"):
        end = said.printed("end")[0]
        said.must(low.value - low.half <= end.value, "below its own interval")
        said.must(not more or end.value <= more[0].value + more[0].half, "above its own interval")
        said.must(not sales or end.value <= cost / sales + end.half, "more than so far")


@recounts("say_costs_gaps")
def costs_gaps(said: Said) -> None:
    """So many shown weeks have leads of the channel and no spend, and others have spend."""
    facts, spend = said.facts, _spend(said.facts)
    leads = facts.leads["channel"].map(lambda text: " ".join(text.split()))
    shown = facts.leads["week"].isin(facts.newest_weeks)
    for name in said["channels"].split(", "):
        mine = spend[spend["channel"].eq(name.strip("“”«»")) & spend["week"].isin(facts.newest_weeks)]
        weeks = set(facts.leads.loc[shown & leads.eq(name.strip("“”«»")), "week"])
        said.must(len(mine) and weeks - set(mine["week"]), f"{name}: no gap")


@recounts(
    "say_costs_channels", rests="costs at the end rest on sales to come; the order is checked on sales so far"
)
def channels(said: Said) -> None:
    """Both have spend in every shown week with leads, the low one costs less, by what came too."""
    facts, spend = said.facts, _spend(said.facts)
    spend = spend[spend["week"].isin(facts.newest_weeks)]
    leads = facts.leads[facts.leads["week"].isin(facts.newest_weeks)]
    value = leads["channel"].map(lambda text: " ".join(text.split()))
    sold = facts.reached.loc[leads.index, facts.last].notna()
    said.must(said.number("low_cost") < said.number("high_cost"), "not lower")
    cost = spend.groupby("channel")["cost"].sum()
    each = (cost / sold.groupby(value).sum().reindex(cost.index)).replace(np.inf, np.nan)
    low, high = said["low"], said["high"]
    for name, key in ((low, "low_cost"), (high, "high_cost")):
        known, all_ = set(spend.loc[spend["channel"] == name, "week"]), set(leads.loc[value == name, "week"])
        said.must(
            known >= all_, f"{name} has no spend in {len(all_ - known)} of {len(all_)} weeks with leads"
        )
        if each.get(name, 0) > 0:
            said.must(said.number(key) <= each[name] * 1.01, f"{name} has cost {each[name]:.0f} so far")
    if each.get(low, 0) > 0 and each.get(high, 0) > 0:
        said.must(each[low] < each[high], f"so far {each[low]:.0f} and {each[high]:.0f}")


def _unmatched(facts: Facts) -> tuple[float, float, float]:
    """Return the spend of the shown weeks, what met no lead, and what bears names that no lead has."""
    keys = ["channel", "campaign"] if "campaign" in facts.leads else ["channel"]
    spend, leads = _spend(facts), facts.leads
    spend = spend[spend["week"].isin(facts.newest_weeks)]
    met = pd.MultiIndex.from_frame(leads[["week", *keys]].drop_duplicates())
    ever = (
        pd.MultiIndex.from_frame(leads[keys].drop_duplicates())
        if len(keys) > 1
        else pd.Index(leads[keys[0]].unique())
    )
    own = pd.MultiIndex.from_frame(spend[["week", *keys]]).isin(met)
    known = (pd.MultiIndex.from_frame(spend[keys]) if len(keys) > 1 else pd.Index(spend[keys[0]])).isin(ever)
    return (
        float(spend["cost"].sum()),
        float(spend.loc[~own, "cost"].sum()),
        float(spend.loc[~known, "cost"].sum()),
    )


@recounts("say_costs_unmatched", "say_costs_unknown_names", "say_costs_no_names")
def unmatched(said: Said) -> None:
    """Spend of the shown weeks by week, channel and campaign, and leads of the same."""
    whole, lost, unknown = _unmatched(said.facts)
    if said.key == "say_costs_no_names":
        said.must(abs(whole - lost) < 0.01, f"{1 - lost / whole:.1%} met leads")
        return
    said.same("share", lost / whole)
    if said.key == "say_costs_unknown_names":
        said.same("unknown", unknown / whole)


@recounts(
    "say_payback", "say_not_paid_back", "say_payback_doubt", "say_not_paid_back_doubt",
    rests="payments still to come are the model's; what has been paid so far bounds them",
)  # fmt: skip
def worth(said: Said) -> None:
    """Cost, worth and return say one thing, and no contact is worth less than it has paid."""
    facts = said.facts
    cost = said.number("cost")
    contact = (
        facts.leads["customer_id"].replace("", np.nan).nunique()
        if "customer_id" in facts.leads
        else len(facts.leads)
    )
    so_far = facts.paid["amount"].sum() / contact
    if not said.key.endswith("doubt"):
        ltv = said.number("ltv")
        said.must(ltv >= 0.7 * so_far, f"{so_far:.0f} has been paid so far")
        said.same("times", ltv / cost, slack=0.01 * ltv / cost)
    if said.key.startswith("say_payback") and "old" in said.values:
        said.must(so_far > 0, "nothing has been paid")


@recounts(
    "say_duration",
    "say_duration_short",
    "say_duration_young",
    rests="leads still on the way are the model's; here cohorts that have had a year",
)
def duration(said: Said) -> None:
    """Half within fewer days than 80 %; of cohorts that have had their time, about so many days."""
    facts = said.facts
    if said.key == "say_duration_young":
        return
    said.must(facts.stage(said["last"]) == facts.last, "not the last stage")
    half = said.number("half")
    took = (facts.reached[facts.last] - facts.leads["at"]).dt.total_seconds() / 86_400
    said.must(took.notna().sum() >= _KNOWN, f"{took.notna().sum()} have reached it")
    if said.key == "say_duration":
        said.must(half <= said.number("most"), "half later than 80 %")
        old = took[facts.leads["week"] < facts.date - 52 * WEEK].dropna()
        if len(old) >= 200 and not facts.stamped and "origin" not in facts.entries:
            median = float(old.median())
            said.must(0.5 * half <= median <= 2.0 * half, f"of older cohorts half within {median:.1f}")
