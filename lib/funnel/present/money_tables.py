"""The tables of money and time: costs, where the spend went, lifetime value, durations, telling slices."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence

import pandas as pd

from funnel.analysis.cohorts import OVERALL, SMALL
from funnel.present import theme as look
from funnel.present.amounts import currency_word
from funnel.present.escape import clean
from funnel.present.grid import Cell, Grid, Head, Row, Tone
from funnel.present.tables import MARK, change_cell, interval
from funnel.present.texts import EMPTY, NBSP, Texts
from funnel.settings import LEAD, Settings

SHOWN_CAMPAIGNS = 15
SHOWN_VALUES = 12
SHOWN_QUARTERS = 8
SHOWN_TELLING = 5
"""Values shown of each attribute or pair that tells much."""
BORROWED = 0.25
"""A duration of which a larger share comes from all leads together is marked."""
INDENT = "\u2003"
SPAN = f"{NBSP}–{NBSP}"
Record = Mapping[Hashable, float]


def costs_grid(frame: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return what the conversions of each cohort cost, as they stand and with the sales to come.

    Args:
        frame: `analysis.costs.costs` of the shown cohorts, of the total, with `paid` and expected sales.
        settings: the stages and the currency.
        texts: the language.
    """
    theme = look.load(settings)
    digits = _digits(frame["cost_per_lead"])
    newest = frame["cohort_week"].max()
    rows = []
    for record in frame.to_dict("records"):
        week = record["cohort_week"]
        young = (newest - week).days // 7 < settings.young_weeks
        name = texts.compact_week(week.date()) + (f" {MARK}" if young else "")
        cells = [Cell(name), *_cost_cells(record, settings, texts, digits)]
        rows.append(Row(tuple(cells), "muted" if young else "plain"))
    heads = [Head(texts.t("col_cohort"), align="left"), *_cost_heads(settings, texts)]
    notes = [texts.t("note_costs", currency=currency_word(settings.currency, texts))] if rows else []
    if any(row.tone == "muted" for row in rows):
        notes.append(texts.t("note_costs_young", n=settings.young_weeks))
    notes += _vat_notes(set(frame["vat"]), texts)
    empty = "empty_costs" if (frame["match"] == "no spend").all() else ""
    shown = tuple(rows) if not empty else ()
    return Grid("costs", tuple(heads), shown, theme, tuple(notes) if shown else (), texts.t("empty_costs"))


def costs_summary_grid(frame: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return the costs of the shown cohorts together: in all, by channel, by campaign.

    Args:
        frame: `issue.spending.Spending.summary`.
        settings: the stages, the currency, the names of attributes.
        texts: the language.
    """
    theme = look.load(settings)
    digits = _digits(frame["cost_per_lead"])
    level = frame["level"]
    named = frame[(level == "campaign") & (frame["value2"] != "")]
    kept = set(named.assign(_cost=named["spend"].astype("float64")).nlargest(SHOWN_CAMPAIGNS, "_cost").index)
    rows = []
    channels = frame[level == "channel"].assign(_cost=frame["spend"].astype("float64"))
    ordered = channels.sort_values(["_cost", "leads"], ascending=False, kind="stable")
    for channel in ordered.to_dict("records"):
        rows.append(_summary_row(_value(channel["value"], texts), channel, settings, texts, digits))
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
    heads = [
        Head(texts.attribute("channel", settings), align="left"),
        Head(texts.t("col_leads")),
        *_cost_heads(settings, texts),
    ]
    notes = [texts.t("note_costs_summary", currency=currency_word(settings.currency, texts))]
    notes += _vat_notes(set(frame.loc[level != "total", "vat"]), texts)
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
        frame: `issue.spending.Spending.account`.
        settings: the currency, the names of attributes.
        texts: the language.
    """
    theme = look.load(settings)
    ordered = pd.concat([frame[frame["level"] == "channel"], frame[frame["level"] == "total"]])
    unknown = any(frame["unknown_names"])
    parts = ("spend", "matched", "no_leads", *(["unknown_names"] if unknown else []), "outside")
    rows = []
    for record in ordered.to_dict("records"):
        total = record["level"] == "total"
        cells = [texts.t("total") if total else _value(record["value"], texts)]
        known = bool(record["vat"])
        amounts = (record[name] for name in parts)
        cells += [texts.number(amount, 2) if known else EMPTY for amount in amounts]
        cells.append(texts.t(f"vat_{record['vat']}") if known else EMPTY)
        cells += [texts.number(record[name]) for name in ("leads", "leads_no_spend")]
        rows.append(Row(tuple(Cell(text) for text in cells), "strong" if total else "plain"))
    spent = texts.t("group_spend")
    heads = (
        Head(texts.attribute("channel", settings), align="left"),
        *(Head(texts.t(f"col_{name}"), spent) for name in ("spend_all", *parts[1:])),
        Head(texts.t("col_vat"), align="left"),
        *(Head(texts.t(f"col_{name}"), texts.t("col_leads")) for name in ("leads_shown", "leads_no_spend")),
    )
    if not len(frame) or not any(frame["spend"]):
        rows = []
    notes = [texts.t("note_account", currency=currency_word(settings.currency, texts))] if rows else []
    notes += [texts.t("note_unknown_names")] if rows and unknown else []
    return Grid("spend-account", heads, tuple(rows), theme, tuple(notes), texts.t("empty_costs"))


def ltv_grid(frame: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return what contacts and leads are worth at the horizon, beside what they cost.

    Args:
        frame: `issue.worth.worth`, `ltv`.
        settings: the horizon, the currency, the names of attributes.
        texts: the language.
    """
    theme = look.load(settings)
    digits = _digits(frame["ltv"])
    rows = []
    for attribute, part in frame.groupby("attribute", sort=False):
        if attribute:
            rows.append(_heading(str(attribute), 11, settings, texts))
        ordered = part.sort_values(["customers", "value"], ascending=[False, True], kind="stable")
        for record in ordered.head(SHOWN_VALUES).to_dict("records"):
            name = INDENT + _value(record["value"], texts) if attribute else texts.t("total")
            weeks = record["payback_weeks"]
            cost = record["cost_per_customer"]
            back = texts.number(weeks) if weeks == weeks else texts.t("not_yet") if cost == cost else EMPTY
            ends = [texts.number(record[end], digits) for end in ("ltv_p05", "ltv_p95")]
            cells = [
                name,
                texts.number(record["customers"]),
                texts.number(record["buyers"]),
                texts.number(record["repeats_per_buyer"], 2),
                texts.number(record["per_customer"], digits),
                texts.number(record["ltv"], digits),
                SPAN.join(ends),
                texts.number(cost, digits),
                times(record["expected_return"], texts),
                back,
                texts.number(record["lead_ltv"], digits),
            ]
            rows.append(Row(tuple(Cell(text) for text in cells), "plain" if attribute else "strong"))
    if not len(frame) or not any(frame["paid"]):
        rows = []
    each = texts.t("group_per_contact")
    heads = (
        Head("", align="left"),
        Head(texts.t("col_contacts")),
        Head(texts.t("col_buyers")),
        Head(texts.t("col_repeats")),
        Head(texts.t("col_paid_so_far"), each),
        Head(texts.t("col_final"), each),
        Head(texts.t("col_interval"), each),
        Head(texts.t("col_cost_each"), each),
        Head(texts.t("col_expected_return")),
        Head(texts.t("col_payback")),
        Head(texts.t("col_lead_ltv")),
    )
    currency = currency_word(settings.currency, texts)
    notes = (texts.t("note_ltv", currency=currency), texts.t("note_ltv_end", n=settings.horizon_weeks))
    more = _left_out(frame, SHOWN_VALUES, texts)
    return Grid("ltv", heads, tuple(rows), theme, (*notes, *more) if rows else (), texts.t("empty_ltv"))


def durations_grid(frame: pd.DataFrame, settings: Settings, texts: Texts, *, between: bool = False) -> Grid:
    """Return how many days leads take to each stage, by quarter and by attributes.

    Args:
        frame: `analysis.durations.durations` after `attribute`, `value`, `cohort_quarter`.
        settings: the stages, the names of attributes.
        texts: the language.
        between: from the stage before instead of from the lead.
    """
    theme = look.load(settings)
    ways = frame[(frame["start"] != LEAD) if between else (frame["start"] == LEAD)]
    stages = [stage for stage in settings.stage_keys if stage in set(ways["stage"])]
    rows = []
    marked = False
    for attribute, part in ways.groupby("attribute", sort=False):
        if attribute:
            rows.append(_heading(str(attribute), 2 + 2 * len(stages), settings, texts))
            sizes = part.groupby("value")["leads"].max().sort_values(ascending=False, kind="stable")
            groups = [(INDENT + _value(value, texts), part[part["value"] == value]) for value in sizes.index]
            groups = groups[:SHOWN_VALUES]
        else:
            whole = part["cohort_quarter"].isna()
            groups = [(texts.t("all_cohorts"), part[whole])]
            for quarter in sorted(part.loc[~whole, "cohort_quarter"].unique())[-SHOWN_QUARTERS:]:
                day = pd.Timestamp(quarter)
                words = texts.t("quarter", quarter=str((day.month + 2) // 3), year=str(day.year))
                groups.append((INDENT + words, part[part["cohort_quarter"] == quarter]))
        for name, group in groups:
            row, few = _duration_row(name, group, stages, texts)
            marked = marked or few
            rows.append(row)
    heads = [Head("", align="left"), Head(texts.t("col_leads"))]
    for stage in stages:
        title = clean(texts.stage(stage, settings))
        if between:
            before = settings.steps[settings.steps.index(stage) - 1]
            title = f"{clean(texts.stage(before, settings))} → {title}"
        hue = theme.stage(stage, settings)
        heads += [Head(texts.t(key), title, colour=hue) for key in ("col_median", "col_p80")]
    notes = [texts.t("note_durations")]
    if marked:
        notes.append(texts.t("note_borrowed"))
    notes += _left_out(ways, SHOWN_VALUES, texts)
    name = "durations-between" if between else "durations"
    return Grid(
        name, tuple(heads), tuple(rows), theme, tuple(notes) if rows else (), texts.t("empty_durations")
    )


def _duration_row(name: str, group: pd.DataFrame, stages: Sequence[str], texts: Texts) -> tuple[Row, bool]:
    by_stage = group.set_index("stage")
    few = bool((group["borrowed"] > BORROWED).any())
    strong = not name.startswith(INDENT)
    cells = [Cell(name + (f" {MARK}" if few else "")), Cell(texts.number(int(group["leads"].max())))]
    for stage in stages:
        for column in ("median_days", "p80_days"):
            cells.append(Cell(days(float(by_stage[column][stage]), texts) if stage in by_stage.index else ""))
    return Row(tuple(cells), "strong" if strong else "plain"), few


def days(number: float, texts: Texts) -> str:
    """Return a time in days: with a digit after the point while it is short.

    >>> days(0.63, Texts("en")), days(173.7, Texts("en")), days(float("nan"), Texts("en"))
    ('0.6', '174', '–')
    """
    return texts.number(number, 1 if number < 10 else 0)


def telling_grid(slices: pd.DataFrame, ranked: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return the values that differ most, of the attributes and pairs whose values differ most.

    Args:
        slices: `analysis.breakdown.slices_by` after `attribute`, `attribute2`.
        ranked: `analysis.breakdown.telling`.
        settings: the last stage, the names of attributes.
        texts: the language.
    """
    theme = look.load(settings)
    last = settings.stage_keys[-1]
    rows = []
    for key, part in slices.groupby(["attribute", "attribute2"], sort=False):
        names = [str(name) for name in key]
        title = " × ".join(clean(texts.attribute(name, settings)) for name in names if name)
        rows.append(Row((Cell(title), *(Cell("") for _ in range(5))), "strong"))
        leads, won = part["leads"].astype(float), part[last].astype(float)
        rate = won.sum() / max(leads.sum(), 1.0)
        stands_out = ((won - leads * rate) ** 2 / leads.clip(lower=1.0)).sort_values(
            ascending=False, kind="stable"
        )
        for record in part.loc[stands_out.index[:SHOWN_TELLING]].to_dict("records"):
            values = " × ".join(
                _value(record[field], texts)
                for field, name in zip(("value", "value2"), names, strict=True)
                if name
            )
            change = change_cell(record["against_total"], texts, theme)
            small = bool(record["small"])
            cells = [
                Cell(INDENT + values + (f" {MARK}" if small else "")),
                Cell(texts.number(record["leads"])),
                Cell(texts.number(record[last])),
                Cell(texts.percent(record["overall_rate"], 2)),
                Cell(interval(record["low"], record["high"], texts)),
                Cell(change.text) if small else change,
            ]
            rows.append(Row(tuple(cells), "muted" if small else "plain"))
    overall = texts.stage(OVERALL, settings)
    heads = (
        Head("", align="left"),
        Head(texts.t("col_leads")),
        Head(clean(texts.stage(last, settings)), colour=theme.stage(last, settings)),
        *(Head(texts.t(key), overall) for key in ("col_rate", "col_interval", "col_against")),
    )
    notes = [texts.t("note_telling", n=SHOWN_TELLING)] if rows else []
    if len(slices) and slices["small"].any():
        notes.append(texts.t("note_small", n=SMALL))
    quiet = ranked[ranked["effect"] <= 0]
    if rows and len(quiet):
        words = (
            " × ".join(clean(texts.attribute(name, settings)) for name in pair if name)
            for pair in quiet[["attribute", "attribute2"]].itertuples(index=False)
        )
        notes.append(texts.t("note_telling_quiet", names="; ".join(words)))
    return Grid("telling", heads, tuple(rows), theme, tuple(notes), texts.t("empty_telling"))


def projected(record: Record, texts: Texts, digits: int) -> tuple[str, str]:
    """Return the expected cost of a sale and its interval; without an upper end, from where it runs."""
    low, high = float(record["projected_low"]), float(record["projected_high"])
    words = texts.number(float(record["projected_cost_per_sale"]), digits)
    if math.isnan(low):
        return words, EMPTY
    if math.isnan(high):
        return words, texts.t("from_amount", amount=texts.number(low, digits))
    return words, SPAN.join(texts.number(end, digits) for end in (low, high))


def _cost_cells(record: Record, settings: Settings, texts: Texts, digits: int) -> list[Cell]:
    cells = [texts.number(record["spend"], digits) if record["vat"] else EMPTY]
    cells += [texts.number(record[f"cost_per_{step}"], digits) for step in settings.steps]
    cells += [*projected(record, texts, digits), texts.percent(record["roas"])]
    return [Cell(text) for text in cells]


def _cost_heads(settings: Settings, texts: Texts) -> list[Head]:
    theme = look.load(settings)
    each = texts.t("group_cost_per")
    last = clean(texts.stage(settings.stage_keys[-1], settings))
    end = texts.t("group_cost_end", stage=last)
    return [
        Head(texts.t("col_spend")),
        Head(texts.t("one_lead"), each),
        *(Head(clean(texts.stage(stage, settings)), each) for stage in settings.stage_keys),
        Head(texts.t("col_cost_each"), end, colour=theme.stage(settings.stage_keys[-1], settings)),
        Head(texts.t("col_interval"), end, colour=theme.stage(settings.stage_keys[-1], settings)),
        Head(texts.t("col_roas")),
    ]


def _vat_notes(states: set[str], texts: Texts) -> list[str]:
    known = states - {""}
    if known & {"mixed"} or len(known) > 1:
        return [texts.t("note_vat_mixed")]
    return [texts.t(f"note_vat_{state}") for state in sorted(known)]


def _heading(attribute: str, columns: int, settings: Settings, texts: Texts) -> Row:
    name = clean(texts.attribute(attribute, settings))
    return Row((Cell(name), *(Cell("") for _ in range(columns - 1))), "strong")


def _left_out(frame: pd.DataFrame, most: int, texts: Texts) -> list[str]:
    values = frame[frame["attribute"] != ""].groupby("attribute")["value"].nunique()
    left = int((values - most).clip(lower=0).sum())
    return [texts.t("note_values_left", n=left)] if left else []


def _value(value: object, texts: Texts) -> str:
    return clean(str(value), 40) or texts.t("not_given")


def times(factor: float, texts: Texts) -> str:
    """Return how many times one amount is another."""
    return EMPTY if math.isnan(factor) else f"{texts.number(factor, 1)}×"


def _digits(amounts: pd.Series) -> int:
    """Whole units, unless the amounts are so small that the cents matter."""
    largest = float(amounts.abs().max()) if len(amounts) else math.nan
    return 2 if largest < 100 else 0
