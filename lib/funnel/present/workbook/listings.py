"""The listings of the workbook, from the frames of the report."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from funnel.columns import attention
from funnel.columns import forecast as forecasts
from funnel.columns import initiatives as projects
from funnel.columns.people import WAITING_LEADS
from funnel.columns.quality import TERMS
from funnel.logbook import Initiative
from funnel.present.attention.words import metric_name, segment, stage_name, state_word, verdict_word
from funnel.present.parts.final import TAIL, doubt_of
from funnel.present.parts.texts import Texts
from funnel.present.quality.definitions import definitions
from funnel.present.workbook.contents import Listing, Shown, listed
from funnel.settings import Settings


def forecast(frame: pd.DataFrame, settings: Settings, texts: Texts) -> Listing:
    """Show the forecast, the newest cohort first: by stage, with its interval and how far it can be trusted.

    Where it is not reliable yet there is no number, as in the report, and the words say why.

    Args:
        frame: `analysis.forecast.final.FORECAST_COLUMNS`.
        settings: the stages.
        texts: the language.
    """
    frame = frame.sort_values("cohort_week", ascending=False, kind="stable", ignore_index=True)
    doubts = [doubt_of(record) for record in frame.to_dict("records")]
    shown = frame.assign(
        stage=[texts.stage(stage, settings) for stage in frame["stage"]],
        final_mean=frame["final_mean"].where(frame["reliable"]),
        trust=[_trust(doubt, texts) for doubt in doubts],
    )
    columns = [listed(column, texts, heat=column.key == "maturity") for column in forecasts.LISTED]
    note = texts.t("wb_forecast_note")
    if not frame["reliable"].all():
        note = f"{note} {texts.t('wb_forecast_doubt')}"
    return Listing(texts.t("wb_sheet_forecast"), shown, columns, note)


def _trust(doubt: str, texts: Texts) -> str:
    if not doubt:
        return texts.t("wb_reliable")
    reason = texts.t(f"doubt_{doubt}")
    return reason if doubt == TAIL else texts.t("wb_not_reliable_because", reason=reason)


def initiatives(
    items: Sequence[Initiative], impact: pd.DataFrame | None, settings: Settings, texts: Texts
) -> Listing:
    """Show what each initiative was to move, and what it did.

    Args:
        items: the initiatives.
        impact: `initiative`, `metric`, `measured_change`, `low`, `high`, `readable_from`, `verdict` and more;
            None where nothing is measured.
        settings: the stages.
        texts: the language.
    """
    rows = [
        {
            "initiative": item.id,
            "title": item.name(texts.language),
            "owner": item.owner,
            "start": item.start,
            "end": item.end,
            "metric": hypothesis.metric,
            "expected_change": hypothesis.change,
            "money": item.cost.money,
            "hours": item.cost.hours,
            "stop_rule": item.stop_rule,
        }
        for item in items
        for hypothesis in item.hypotheses
    ]
    names = ["initiative", "title", "owner", "start", "end", "metric", "expected_change", "money", "hours"]
    frame = pd.DataFrame(rows, columns=[*names, "stop_rule"])
    if impact is not None:
        keep = ["initiative", "metric", "measured_change", "low", "high", "readable_from", "verdict"]
        frame = frame.merge(impact[keep], how="left", on=["initiative", "metric"])
        frame["verdict"] = [verdict_word(verdict, texts) for verdict in frame["verdict"].fillna("")]
    columns = [
        listed(column, texts)
        for column in projects.LISTED
        if impact is not None or column.key not in projects.MEASURED
    ]
    frame["metric"] = [metric_name(metric, settings, texts) for metric in frame["metric"]]
    return Listing(texts.t("wb_sheet_initiatives"), frame, columns)


def investigations(frame: pd.DataFrame, settings: Settings, texts: Texts) -> Listing:
    """Show the investigations (`schema.INVESTIGATION_COLUMNS`)."""
    shown = frame.assign(
        segment=[segment(record, settings, texts) for record in frame.to_dict("records")],
        stage=[stage_name(stage, settings, texts) for stage in frame["stage"]],
        state=[
            texts.t("wb_state_open") if state == "open" else state_word(state, texts)
            for state in frame["state"]
        ],
    )
    columns = [listed(column, texts) for column in attention.INVESTIGATIONS]
    return Listing(texts.t("wb_sheet_investigations"), shown, columns)


def waiting(
    frame: pd.DataFrame, attributes: Sequence[str], settings: Settings, texts: Texts, *, unseen: bool = False
) -> Listing:
    """Show the open leads that wait longer than nine of ten ever did, for the managers.

    Args:
        frame: `edition.people.waiting_leads`; each id leads to the lead's page in the CRM, where it has one.
        attributes: shown beside.
        settings: the stages, the names of attributes.
        texts: the language.
        unseen: no lead was seen entering a stage, so nobody can be listed.
    """
    shown = frame.assign(
        stage=[stage_name(stage, settings, texts) for stage in frame["stage"]],
        **{name: frame[name].replace("", texts.t("not_given")) for name in attributes},
    )
    link = "crm_url" if "crm_url" in frame else ""
    columns = [
        *(listed(column, texts, link=link if column.key == "lead_id" else "") for column in WAITING_LEADS),
        *(Shown(name, texts.attribute(name, settings)) for name in attributes),
    ]
    note = texts.t("unseen_durations" if unseen else "wb_waiting_note")
    every = int(frame["long_waiting"].max()) if len(frame) else 0
    if every > len(frame):
        note = f"{note} {texts.t('wb_waiting_most', shown=texts.number(len(frame)), all=texts.number(every))}"
    return Listing(texts.t("wb_sheet_waiting"), shown, columns, note)


def meanings(settings: Settings, texts: Texts) -> Listing:
    """Show what the words mean."""
    frame = pd.DataFrame(definitions(settings, texts).entries, columns=["term", "meaning"])
    columns = [listed(column, texts) for column in TERMS]
    return Listing(texts.t("wb_sheet_definitions"), frame, columns)
