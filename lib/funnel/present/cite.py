"""What a narrative may cite: numbers, dates and names of the report, by names that never change.

`{{< var n.overall >}}` in a narrative shows what the report says now. What is not known shows a dash. The
values stand under `n` in `_variables.yml`, for Quarto as for the built-in renderer (`present.catalogue`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from funnel.settings import Settings

NAMES: Mapping[str, str] = {
    "date": "the report date",
    "week": "the week of the cohort that is read",
    "age": "its age in weeks",
    "leads": "its leads",
    "count.STAGE": "how many of them reached a stage",
    "rate.STAGE": "the conversion of the step into a stage",
    "overall": "their overall conversion",
    "overall_change": "its change against the cohort before, raw",
    "equal_age_change": "the same at equal age",
    "equal_age_before": "the overall conversion of the cohort before at that age",
    "final": "the overall conversion expected in the end; a dash where it cannot be told reliably yet",
    "final_low": "the low end of its 90 % interval",
    "final_high": "the high end",
    "flags": "how many flags there are",
    "flag_segment": "the segment of the first one",
    "flag_stage": "its stage",
    "flag_now": "its conversion",
    "flag_usual": "what is usual there",
    "revenue": "the revenue expected in the next 13 weeks",
    "revenue_low": "the low end of its 80 % interval",
    "revenue_high": "the high end",
    "revenue_existing": "the part of leads that are there already",
    "revenue_future": "the part of leads still to come",
    "spend": "the ad spend of the shown cohorts",
    "cost_per_sale": "what a sale has cost so far",
}
"""Every name that can be cited, after `n.`; `STAGE` stands for the key of each configured stage."""


def names(settings: Settings) -> list[str]:
    """Return every name that can be cited, without `n.`."""
    return [
        name.replace("STAGE", stage)
        for name in NAMES
        for stage in (settings.stage_keys if "STAGE" in name else ("",))
    ]


Cite = Callable[[str, str], str]
"""Turns a name of the catalogue and words that hold its value into what a draft holds."""


def typed(_: str, words: str) -> str:
    """Return the words as they are."""
    return words


def citing(values: Mapping[str, str]) -> Cite:
    """Return how words are cited: the value within them by its name, if it is the one of that name.

    >>> citing({"overall": "4.12 %"})("overall", "4.12 %"), citing({"overall": "4.12 %"})("overall", "5 %")
    ('{{< var n.overall >}}', '5 %')
    """

    def cite(name: str, words: str) -> str:
        value = values.get(name, "")
        return words.replace(value, f"{{{{< var n.{name} >}}}}", 1) if value and value in words else words

    return cite


def nested(values: Mapping[str, str]) -> dict[str, str | dict[str, str]]:
    """Return values as they stand in `_variables.yml`.

    >>> nested({"overall": "4 %", "rate.sale": "43 %"})
    {'overall': '4 %', 'rate': {'sale': '43 %'}}
    """
    found: dict[str, str | dict[str, str]] = {}
    for name, value in values.items():
        group, _, key = name.partition(".")
        part = found.setdefault(group, {}) if key else None
        if isinstance(part, dict):
            part[key] = value
        else:
            found[group] = value
    return found
