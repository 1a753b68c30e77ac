"""Are the newest leads good? The answer in words, for page 1."""

from __future__ import annotations

import pandas as pd

from funnel.analysis.attention.newest import DUE, FEW, RARE, UNREAD
from funnel.analysis.cohorts.table import SMALL
from funnel.columns import OVERALL
from funnel.dates import WEEK
from funnel.present.attention.words import counted_days, stage_name
from funnel.present.parts.escape import for_markdown
from funnel.present.parts.rows import Record
from funnel.present.parts.texts import Texts
from funnel.settings import Settings

YOUNG = 13
"""Weeks: older leads are not the newest, even if they are the newest that can be read."""


def newest_in_short(newest: pd.DataFrame, deviations: pd.DataFrame, settings: Settings, texts: Texts) -> str:
    """Say in a line of Markdown whether the newest leads are good, or from when on that can be said.

    Where the whole is flagged, the flag's own weeks are told, so that the page says one thing.

    Args:
        newest: `analysis.attention.newest.COLUMNS`; '' is returned where it is empty.
        deviations: `analysis.attention.deviations.COLUMNS`.
        settings: the stages.
        texts: the language.
    """
    if newest.empty:
        return ""
    rows: dict[str, Record] = {str(row["stage"]): row for row in newest.to_dict("records")}
    whole = rows[OVERALL]
    if whole["verdict"] == UNREAD:
        return _unread(whole, texts) + _week(rows, settings, texts)
    flagged = _flagged(deviations)
    told = flagged[0] if flagged else whole
    if not flagged and whole["verdict"] in (FEW, RARE):
        leads = texts.t("n_leads", n=int(whole["base"]))
        key, least = (
            ("short_newest_few", SMALL) if whole["verdict"] == FEW else ("short_newest_rare", int(DUE))
        )
        return texts.t(key, n=least, leads=leads, days=counted_days(whole, texts))
    if flagged:
        verdict = "word_better_sure" if told["observed"] > told["expected"] else "word_worse_sure"
    else:
        verdict = f"word_{whole['verdict']}"
    age = int(told["at_age"])
    said = texts.t(
        "short_newest_old" if age > YOUNG else "short_newest",
        verdict=texts.t(verdict),
        days=counted_days(told, texts),
        n=age,
        **_shares(told, 2, texts),
    )
    return said + _week(rows, settings, texts)


def _flagged(deviations: pd.DataFrame) -> list[Record]:
    """Return the flag of the whole; where all steps but one are passed by everybody, that step's is it."""
    total = deviations[(deviations["attribute"] == "") & (deviations["kind"] == "history")]
    whole = total[total["stage"] == OVERALL]
    mine = whole if len(whole) else total
    return list(mine[mine["flag"]].to_dict("records"))


def _unread(whole: Record, texts: Texts) -> str:
    if pd.isna(whole["readable_from"]):
        return texts.t("short_newest_unread")
    return texts.t("short_newest_unread_until", date=texts.date(whole["readable_from"].date()))


def _week(rows: dict[str, Record], settings: Settings, texts: Texts) -> str:
    """Say how the newest week stands by its first step, and from when on it can be read as a whole."""
    whole, first = rows[OVERALL], rows[settings.stage_keys[0]]
    newest: pd.Timestamp = whole["newest_week"]
    later = whole["verdict"] != UNREAD and whole["readable_from"] > newest + pd.Timedelta(WEEK)
    if not later and whole["verdict"] != UNREAD:
        return ""  # it is among those that are read
    week = texts.compact_week(newest.date())
    until = texts.t("short_newest_from", date=texts.date(whole["readable_from"].date())) if later else ""
    if first["verdict"] in (FEW, RARE, UNREAD) or first["first_week"] != newest or first["weeks"] != 1:
        return texts.t("short_newest_later", week=week, until=until) if until else ""
    return texts.t(
        "short_newest_week",
        week=week,
        stage=for_markdown(stage_name(settings.stage_keys[0], settings, texts)),
        verdict=texts.t(f"word_{first['verdict']}"),
        until=until,
        **_shares(first, 0, texts),
    )


def _shares(row: Record, digits: int, texts: Texts) -> dict[str, str]:
    return {name: texts.percent(row[name], digits) for name in ("observed", "expected", "low", "high")}
