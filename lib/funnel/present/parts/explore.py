"""Addresses of views in the explorer, which lies beside the page; `explorer/src/view.ts` reads them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any
from urllib.parse import urlencode

from funnel.columns import OVERALL
from funnel.dates import WEEK, period_start
from funnel.present.parts.texts import Texts
from funnel.settings import LEAD, Settings

PAGE = "explorer.html"
_RECENT = 26
"""Newest weeks in which a segment is shown."""


def segment_view(attribute: str, value: str, stage: str, settings: Settings, texts: Texts) -> str:
    r"""Return where a stage of a segment stands over the weeks, at equal age.

    Args:
        attribute: of the segment; '' for all leads.
        value: of the segment.
        stage: a configured one (the step into it), `lead` or `overall`.
        settings: the stages.
        texts: the language.

    >>> from funnel.settings import Stage
    >>> settings = Settings(stages=(Stage(key="sale"),), attributes={"manager": {}})
    >>> segment_view("manager", "Anna & Co", "overall", settings, Texts("en"))
    'explorer.html#show=lines&last=26&count=equal-age&stage=sale&of=leads&only.manager=Anna+%26+Co&lang=en'
    """
    whole = stage not in settings.stage_keys
    chosen = LEAD if stage == LEAD else settings.stage_keys[-1] if whole or stage == OVERALL else stage
    shown = "number" if stage == LEAD else "leads" if whole else "before"
    facts = [
        ("show", "lines"),
        ("last", str(_RECENT)),
        ("count", "equal-age"),
        ("stage", chosen),
        ("of", shown),
    ]
    return _address([*facts, *([(f"only.{attribute}", value)] if attribute else [])], texts)


def cohort_view(record: Mapping[Hashable, Any], settings: Settings, texts: Texts) -> str:
    """Return who made a cohort: its leads, and those of the younger ones, by the first slice.

    Args:
        record: a row of `analysis.cohorts.table.cohort_table`, as of the report date or at an age.
        settings: the slices.
        texts: the language.
    """
    facts = [("by", name) for name in settings.slices[:1]]
    if "period" in record:
        facts.append(("period", record["period"]))
    facts.append(("last", str(_and_newer(record))))
    facts += [("count", "equal-age"), ("age", str(int(record["at_age"])))] if "at_age" in record else []
    return _address(facts, texts)


def _and_newer(record: Mapping[Hashable, Any]) -> int:
    """Return how many cohorts there are from this one to the newest complete one."""
    age, first = int(record["age_weeks"]), record["cohort_week"].date()
    if "period" not in record:
        return age + 1
    weeks = [first + WEEK * number for number in range(int(record["weeks"]) + age)]
    return len({period_start(week, record["period"], weeks[-1] + WEEK) for week in weeks})


def _address(facts: list[tuple[str, str]], texts: Texts) -> str:
    return f"{PAGE}#{urlencode([*facts, ('lang', texts.language)])}"
