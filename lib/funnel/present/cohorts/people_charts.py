"""Managers over time, and reasons of loss over time."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from funnel.analysis.cohorts.losses import OTHER
from funnel.present.parts import theme as look
from funnel.present.parts.drawing import nothing
from funnel.present.parts.escape import clean
from funnel.present.parts.panels import Panel, panels
from funnel.present.parts.picture import Picture
from funnel.present.parts.rows import value_name
from funnel.present.parts.texts import Texts
from funnel.settings import Settings

SHOWN = 10
"""Managers that are drawn: those with most leads."""
ACROSS = 3


def drawn(summary: pd.DataFrame, settings: Settings) -> list[str]:
    """Return the managers with leads enough to be drawn, those with most leads first.

    Args:
        summary: `analysis.cohorts.managers.summary`.
        settings: the stages; the first step's base are the leads.
    """
    first = summary[(summary["stage"] == settings.stage_keys[0]) & (summary["value"] != "") & ~summary["few"]]
    ordered = first.sort_values(["base", "value"], ascending=[False, True], kind="stable")
    return ordered["value"].head(SHOWN).tolist()


def managers_over_time(
    lines: pd.DataFrame, summary: pd.DataFrame, settings: Settings, texts: Texts
) -> Picture:
    """Draw each manager's steps at equal age: a row is a manager, a column a step.

    Args:
        lines: `analysis.cohorts.managers.MANAGER_COLUMNS`.
        summary: `analysis.cohorts.managers.summary`.
        settings: the stages.
        texts: the language.
    """
    theme, names = look.load(settings), drawn(summary, settings)
    with look.style(theme):
        if not names:
            return nothing(texts, "empty_managers" if settings.manager else "empty_no_manager")
        given = []
        for at, name in enumerate(names):
            for stage in settings.stage_keys:
                part = lines[(lines["value"] == name) & (lines["stage"] == stage)]
                title = clean(texts.stage(stage, settings), 24) if at == 0 else ""
                given.append(Panel(part, theme.stage(stage, settings), title, clean(name, 16)))
        alt, both = texts.t("alt_managers"), (texts.t("chart_manager"), texts.t("chart_usual"))
        return panels(given, len(settings.stage_keys), alt, both, theme, texts, together=True)


def reasons_over_time(
    lines: pd.DataFrame, reasons: Iterable[str], settings: Settings, texts: Texts
) -> Picture:
    """Draw the share of all leads lost for each reason, at equal age.

    Args:
        lines: `analysis.cohorts.losses.LINE_COLUMNS`.
        reasons: of loss, '' where none is known.
        settings: only for the look.
        texts: the language.
    """
    theme = look.load(settings)
    with look.style(theme):
        if lines.empty:
            return nothing(texts, "empty_losses_untimed" if any(reasons) else "empty_losses")
        given = [
            Panel(lines[lines["reason"] == reason], theme.ink, reason_name(reason, texts))
            for reason in dict.fromkeys(lines["reason"])
        ]
        both = texts.t("chart_cohort"), texts.t("chart_cohorts")
        return panels(given, ACROSS, texts.t("alt_reasons"), both, theme, texts, together=False)


def reason_name(reason: str, texts: Texts) -> str:
    """Return a reason as a reader sees it."""
    return texts.t("other_reasons") if reason == OTHER else value_name(reason, texts)
