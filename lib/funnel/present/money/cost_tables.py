"""The tables of costs: of each conversion, of channels and campaigns, and where all spend went."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import replace

import pandas as pd

from funnel.columns.money import ACCOUNT, COSTS, SUMMARY
from funnel.present.cohorts.tables import MARK
from funnel.present.parts import columned
from funnel.present.parts import theme as look
from funnel.present.parts.amounts import currency_word
from funnel.present.parts.escape import clean
from funnel.present.parts.grid import Cell, Grid, Row, Tone
from funnel.present.parts.rows import DOUBT, INDENT, SPAN, digits_of, doubt_notes, value_name, vat_notes
from funnel.present.parts.texts import EMPTY, Texts
from funnel.settings import Settings

SHOWN_CAMPAIGNS = 15
Record = Mapping[Hashable, float]


def costs_grid(frame: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return what the conversions of each cohort cost, as they stand and with the sales to come.

    Args:
        frame: `analysis.money.costs.costs` of the shown cohorts, of the total, with `paid` and expected
            sales.
        settings: the stages and the currency.
        texts: the language.
    """
    theme = look.load(settings)
    digits = digits_of(frame["cost_per_lead"])
    newest = frame["cohort_week"].max()
    rows = []
    for record in frame.to_dict("records"):
        week = record["cohort_week"]
        young = (newest - week).days // 7 < settings.young_weeks
        name = texts.compact_week(week.date()) + (f" {MARK}" if young else "")
        cells = [Cell(name), *_cost_cells(record, settings, texts, digits)]
        rows.append(Row(tuple(cells), "muted" if young else "plain"))
    heads = columned.heads(columned.shown(COSTS, settings), settings, texts, theme)
    notes = [texts.t("note_costs", currency=currency_word(settings.currency, texts))] if rows else []
    if any(row.tone == "muted" for row in rows):
        notes.append(texts.t("note_costs_young", n=settings.young_weeks))
    notes += [*doubt_notes(rows, "note_costs_doubt", texts), *vat_notes(set(frame["vat"]), texts)]
    empty = "empty_costs" if (frame["match"] == "no spend").all() else ""
    shown = tuple(rows) if not empty else ()
    return Grid("costs", tuple(heads), shown, theme, tuple(notes) if shown else (), texts.t("empty_costs"))


def costs_summary_grid(frame: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return the costs of the shown cohorts together: in all, by channel, by campaign.

    Args:
        frame: `edition.costs.Spending.summary`.
        settings: the stages, the currency, the names of attributes.
        texts: the language.
    """
    theme = look.load(settings)
    digits = digits_of(frame["cost_per_lead"])
    level = frame["level"]
    named = frame[(level == "campaign") & (frame["value2"] != "")]
    kept = set(named.assign(_cost=named["spend"].astype("float64")).nlargest(SHOWN_CAMPAIGNS, "_cost").index)
    rows = []
    channels = frame[level == "channel"].assign(_cost=frame["spend"].astype("float64"))
    ordered = channels.sort_values(["_cost", "leads"], ascending=False, kind="stable")
    for channel in ordered.to_dict("records"):
        rows.append(_summary_row(value_name(channel["value"], texts), channel, settings, texts, digits))
        own = frame[(level == "campaign") & (frame["value"] == channel["value"])]
        shown_here = own[own.index.isin(kept) | (own["value2"] == "")]
        if not own.index.isin(named.index).any():
            continue
        for campaign in shown_here.to_dict("records"):
            name = clean(campaign["value2"], 40) or texts.t("no_campaign")
            rows.append(_summary_row(INDENT + name, campaign, settings, texts, digits, "muted"))
    for total in frame[level == "total"].to_dict("records"):
        rows.append(_summary_row(texts.t("total"), total, settings, texts, digits, "strong"))
    if (frame["vat"] == "").all():
        rows = []
    heads = columned.heads(columned.shown(SUMMARY, settings), settings, texts, theme)
    heads[0] = replace(heads[0], title=texts.attribute("channel", settings))
    notes = [texts.t("note_costs_summary", currency=currency_word(settings.currency, texts))]
    notes += doubt_notes(rows, "note_costs_doubt", texts)
    notes += vat_notes(set(frame.loc[level != "total", "vat"]), texts)
    if len(named) > len(kept):
        rest = named.drop(index=list(kept))
        leads = texts.t("n_leads", n=int(rest["leads"].sum()))
        notes.append(texts.t("note_more", n=len(rest), leads=leads))
    shown = tuple(notes) if rows else ()
    return Grid("costs-summary", tuple(heads), tuple(rows), theme, shown, texts.t("empty_costs"))


def _summary_row(
    name: str, record: Record, settings: Settings, texts: Texts, digits: int, tone: Tone = "plain"
) -> Row:
    cells = [Cell(name), Cell(texts.number(record["leads"])), *_cost_cells(record, settings, texts, digits)]
    return Row(tuple(cells), tone)


def account_grid(frame: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return where all spend went, to the cent, and which leads met none.

    Args:
        frame: `edition.costs.Spending.account`, a row for each channel, then the total.
        settings: the currency, the names of attributes.
        texts: the language.
    """
    theme = look.load(settings)
    unknown = any(frame["unknown_names"])
    columns = [column for column in ACCOUNT if unknown or column.key != "unknown_names"]
    rows = []
    for record in frame.to_dict("records"):
        total = record["level"] == "total"
        own = {"value": Cell(texts.t("total") if total else value_name(record["value"], texts))}
        if record["vat"]:
            own["vat"] = Cell(texts.t(f"vat_{record['vat']}"))
        else:
            own |= {column.key: Cell(EMPTY) for column in ACCOUNT if column.unit == "money"}
            own["vat"] = Cell(EMPTY)
        rows.append(Row(columned.cells(columns, record, texts, own), "strong" if total else "plain"))
    heads = columned.heads(columns, settings, texts, theme)
    heads[0] = replace(heads[0], title=texts.attribute("channel", settings))
    if not len(frame) or not any(frame["spend"]):
        rows = []
    notes = [texts.t("note_account", currency=currency_word(settings.currency, texts))] if rows else []
    notes += [texts.t("note_unknown_names")] if rows and unknown else []
    return Grid("spend-account", tuple(heads), tuple(rows), theme, tuple(notes), texts.t("empty_costs"))


def projected(record: Record, texts: Texts, digits: int) -> tuple[str, str]:
    """Return the expected cost of a sale and its interval; without an upper end, from where it runs.

    A mark stands for a number that cannot be told reliably yet.
    """
    low, high = float(record["projected_low"]), float(record["projected_high"])
    words = DOUBT if doubtful(record) else texts.number(float(record["projected_cost_per_sale"]), digits)
    if math.isnan(low):
        return words, EMPTY
    if math.isnan(high):
        return words, texts.t("from_amount", amount=texts.number(low, digits))
    return words, SPAN.join(texts.number(end, digits) for end in (low, high))


def doubtful(record: Record) -> bool:
    """Whether an expected cost has an interval only, because the forecast is not reliable yet."""
    return math.isnan(record["projected_cost_per_sale"]) and not math.isnan(record["projected_low"])


def _cost_cells(record: Record, settings: Settings, texts: Texts, digits: int) -> list[Cell]:
    cells = [texts.number(record["spend"], digits) if record["vat"] else EMPTY]
    cells += [texts.number(record[f"cost_per_{step}"], digits) for step in settings.steps]
    cells += [*projected(record, texts, digits), texts.percent(record["roas"])]
    return [Cell(text) for text in cells]
