"""What the drafted narrative says about money and durations."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from funnel.present.cohorts.duration_tables import BORROWED, days
from funnel.present.money.cost_tables import doubtful, projected
from funnel.present.money.tables import times
from funnel.present.parts.claims import costs_apart, gaps, leads_have
from funnel.present.parts.escape import clean, for_markdown
from funnel.present.parts.texts import Texts
from funnel.settings import LEAD, Settings


def money(frames: Mapping[str, pd.DataFrame], settings: Settings, texts: Texts) -> dict[str, list[str]]:
    """Return sentences by chapter: what a sale costs, what a contact is worth, how long a deal takes.

    Args:
        frames: by name, see `funnel.edition.money`; what is missing or empty is not spoken of.
        settings: the stages and the currency.
        texts: the language.
    """
    given = {name: frame for name, frame in frames.items() if not frame.empty}
    return {
        "costs": _costs(given, settings, texts) if "costs_summary" in given else [],
        "worth": _worth(given["ltv"], settings, texts) if "ltv" in given else [],
        "durations": _durations(given["durations"], settings, texts) if "durations" in given else [],
    }


def _costs(given: Mapping[str, pd.DataFrame], settings: Settings, texts: Texts) -> list[str]:
    summary, currency = given["costs_summary"], settings.currency
    total = summary[summary["level"] == "total"].to_dict("records")[0]
    if not total["vat"] or math.isnan(total["projected_low"]):
        return []
    now = float(total[f"cost_per_{settings.stage_keys[-1]}"])
    said = [
        texts.t(
            "say_costs" + "_unsold" * math.isnan(now) + "_doubt" * doubtful(total),
            n=given["costs"]["cohort_week"].nunique(),
            spend=texts.money(total["spend"], currency),
            now=texts.money(now, currency),
            end=texts.money(total["projected_cost_per_sale"], currency),
            interval=projected(total, texts, 0)[1],
        )
    ]
    leaving = _gaps(given)
    if leaving:
        names = ", ".join(for_markdown(clean(name, 40)) or texts.t("not_given") for name in leaving)
        said.append(texts.t("say_costs_gaps", channels=names))
    channels = summary[(summary["level"] == "channel") & (summary["projected_cost_per_sale"] > 0)]
    channels = channels[~channels["value"].isin(leaving)]
    ordered = channels.sort_values("projected_cost_per_sale", kind="stable").to_dict("records")
    if len(ordered) > 1 and costs_apart(ordered[0], ordered[-1]):
        words = {}
        for end, record in (("low", ordered[0]), ("high", ordered[-1])):
            words[end] = for_markdown(clean(record["value"], 40)) or texts.t("not_given")
            words[f"{end}_cost"] = texts.money(record["projected_cost_per_sale"], currency)
        said.append(texts.t("say_costs_channels", **words))
    if "spend_account" in given:
        account = given["spend_account"]
        whole = account[account["level"] == "total"].to_dict("records")[0]
        inside = float(whole["matched"] + whole["no_leads"])
        if inside > 0 and not leads_have(whole):
            said.append(texts.t("say_costs_no_names"))
        elif inside > 0 and whole["no_leads"] > 0:
            share = texts.percent(float(whole["no_leads"]) / inside, 1)
            unknown = texts.percent(float(whole["unknown_names"]) / inside, 1)
            key = "say_costs_unmatched" if unknown == texts.percent(0.0, 1) else "say_costs_unknown_names"
            said.append(texts.t(key, share=share, unknown=unknown))
    return said


def _gaps(given: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the channels for which spend of some shown weeks may be missing, where most leads are first."""
    if "costs_channel" not in given or "costs" not in given:
        return []
    return list(gaps(given["costs_channel"], list(given["costs"]["cohort_week"])))


def _worth(ltv: pd.DataFrame, settings: Settings, texts: Texts) -> list[str]:
    total = ltv[ltv["attribute"] == ""].to_dict("records")[0]
    cost = total["cost_per_customer"]
    if pd.isna(cost) or cost <= 0 or not any(ltv["paid"]):
        return []
    words = {
        "cost": texts.money(cost, settings.currency),
        "ltv": texts.money(total["ltv"], settings.currency),
        "times": times(total["expected_return"], texts),
    }
    weeks, doubt = total["payback_weeks"], "_doubt" if math.isnan(total["ltv"]) else ""
    if math.isnan(weeks):
        return [texts.t(f"say_not_paid_back{doubt}", **words)]
    # Age 0 is the week of the contact itself.
    back = texts.t("payback_weeks", n=int(weeks)) if weeks >= 1 else texts.t("payback_at_once")
    return [texts.t(f"say_payback{doubt}", back=back, **words)]


def _days(number: float, key: str, texts: Texts) -> str:
    """Return days in words, as many digits as tables have (`days`)."""
    told = days(number, texts)
    return texts.t(key, n=round(number)) if told.isdigit() else texts.t("part_of_days", n=told)


def _durations(durations: pd.DataFrame, settings: Settings, texts: Texts) -> list[str]:
    last = settings.stage_keys[-1]
    whole = durations[(durations["attribute"] == "") & durations["cohort_quarter"].isna()]
    rows = whole[(whole["start"] == LEAD) & (whole["stage"] == last)].to_dict("records")
    if not rows or math.isnan(rows[0]["median_days"]):
        return []
    name = for_markdown(clean(texts.stage(last, settings)))
    if rows[0]["at_least"]:
        return [
            texts.t("say_duration_short", last=name, half=_days(rows[0]["median_days"], "of_days", texts))
        ]
    half, most = (_days(rows[0][column], "n_days", texts) for column in ("median_days", "p80_days"))
    said = [texts.t("say_duration", last=name, half=half, most=most)]
    if rows[0]["borrowed"] > BORROWED:
        said.append(texts.t("say_duration_young"))
    return said
