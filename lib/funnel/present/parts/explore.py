"""Addresses of views in the explorer, which lies beside the page; `explorer/src/view.ts` reads them."""

from __future__ import annotations

from urllib.parse import urlencode

from funnel.columns import OVERALL
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


def cohort_view(age: int, settings: Settings, texts: Texts, at_age: int | None = None) -> str:
    """Return who made a cohort: its leads, and those of the younger ones, by the first slice.

    Args:
        age: of the cohort, in weeks.
        settings: the slices.
        texts: the language.
        at_age: the age at which it is compared; None for as of the report date.
    """
    facts = [("by", name) for name in settings.slices[:1]] + [("last", str(age + 1))]
    facts += [("count", "equal-age"), ("age", str(at_age))] if at_age is not None else []
    return _address(facts, texts)


def _address(facts: list[tuple[str, str]], texts: Texts) -> str:
    return f"{PAGE}#{urlencode([*facts, ('lang', texts.language)])}"
