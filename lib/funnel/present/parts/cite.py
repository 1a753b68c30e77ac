"""What a narrative may cite: numbers, dates and names of the report, by names that never change.

`{{< var n.overall >}}` in a narrative shows what the report says now. What is not known shows a dash. The
values stand under `n` in `_variables.yml`, for Quarto as for the built-in renderer
(`present.narrative.catalogue`).
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
    "spend": "the ad spend of the newest weeks",
    "cost_per_sale": "what a sale has cost so far",
    "initiatives": "how many initiatives run, or ended within the last half-year",
    "initiative.ID": "the name of an initiative; `ID` is its file's name",
    "verdict.ID": "its verdict; a dash before its start",
    "measured.ID": "what the metric of its main hypothesis changed by; a dash where nothing can be told",
    "measured_low.ID": "the low end of its 90 % interval",
    "measured_high.ID": "the high end",
    "extra_sales.ID": "the extra sales it has brought so far, by estimate",
    "return.ID": "its return on cost",
    "rows_read": "the rows that the last import of each table read",
    "rows_accepted": "those of them that were accepted",
    "rows_rejected": "those that were set aside",
    "problems": "how many kinds of problems the accepted rows have",
    "problem.KIND": "the cases of a kind, such as `skipped_stage`; all are in `tables/problems.csv`",
}
"""Every name that can be cited, after `n.`; `STAGE` stands for the key of each configured stage, `ID` for
each initiative that is written down, `KIND` for each kind of problem."""
KINDS = (
    "dated_ahead", "entered_before_created", "paid_before_created", "deleted_lead", "unknown_stage",
    "out_of_sequence", "skipped_stage", "reached_at_least", "stamped_at_once", "negative_cost",
    "missing_value",
)  # fmt: skip
"""The kinds of `warehouse.problems`, without the attribute of a missing value."""


def names(settings: Settings) -> list[str]:
    """Return every name that can be cited, without `n.`."""
    folder = settings.path("initiatives")
    ids = sorted({path.stem for path in folder.glob("*.y*ml")}) if folder.is_dir() else []
    each = {"STAGE": settings.stage_keys, "ID": ids, "KIND": KINDS}
    found = []
    for name in NAMES:
        part = name.rpartition(".")[2]
        found += [name.replace(part, own) for own in each[part]] if part in each else [name]
    return found


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
