"""The tables of what contacts are worth, and of the slices that tell most."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from funnel.analysis.cohorts.table import SMALL
from funnel.analysis.money.ltv import FEW, SHORT
from funnel.columns import SLICES
from funnel.columns.money import LTV
from funnel.present.cohorts.tables import MARK
from funnel.present.parts import columned
from funnel.present.parts import theme as look
from funnel.present.parts.amounts import currency_word
from funnel.present.parts.claims import standing_out
from funnel.present.parts.columned import change_cell
from funnel.present.parts.escape import clean
from funnel.present.parts.grid import Cell, Grid, Row
from funnel.present.parts.rows import (
    DOUBT,
    INDENT,
    SHOWN_VALUES,
    SPAN,
    digits_of,
    doubt_notes,
    heading,
    left_out,
    value_name,
    vat_notes,
)
from funnel.present.parts.texts import EMPTY, Texts
from funnel.settings import Settings

SEVERAL = 2
"""Times from which on one digit behind the point is enough."""
SHOWN_TELLING = 5
"""Values shown of each attribute or pair that tells much."""


def ltv_grid(frame: pd.DataFrame, settings: Settings, texts: Texts, vat: Iterable[str] = ()) -> Grid:
    """Return what contacts and leads are worth at the horizon, beside what they cost.

    Args:
        frame: `edition.lifetime.worth`, `ltv`.
        settings: the horizon, the currency, the names of attributes.
        texts: the language.
        vat: the states of VAT of the ad spend.
    """
    theme = look.load(settings)
    digits = digits_of(frame["per_customer"])
    rows = []
    for attribute, part in frame.groupby("attribute", sort=False):
        if attribute:
            rows.append(heading(str(attribute), len(LTV), settings, texts))
        ordered = part.sort_values(["customers", "value"], ascending=[False, True], kind="stable")
        for record in ordered.head(SHOWN_VALUES).to_dict("records"):
            name = INDENT + value_name(record["value"], texts) if attribute else texts.t("total")
            weeks = record["payback_weeks"]
            cost = record["cost_per_customer"]
            back = texts.number(weeks) if weeks == weeks else EMPTY if pd.isna(cost) else texts.t("not_yet")
            told = not math.isnan(record["ltv"])
            ends = [texts.number(record[end], digits) for end in ("ltv_p05", "ltv_p95")]
            own = {
                "value": name,
                "per_customer": texts.number(record["per_customer"], digits),
                "ltv": texts.number(record["ltv"], digits) if told else DOUBT,
                "ltv_p05": SPAN.join(ends) if told else EMPTY,
                "cost_per_customer": texts.number(cost, digits),
                "expected_return": times(record["expected_return"], texts),
                "payback_weeks": back,
                "lead_ltv": texts.number(record["lead_ltv"], digits) if told else DOUBT,
            }
            shown = {key: Cell(text) for key, text in own.items()}
            rows.append(Row(columned.cells(LTV, record, texts, shown), "plain" if attribute else "strong"))
    if not len(frame) or not any(frame["paid"]):
        rows = []
    heads = tuple(columned.heads(LTV, settings, texts, theme))
    currency = currency_word(settings.currency, texts)
    notes = [texts.t("note_ltv", currency=currency), texts.t("note_ltv_end", n=settings.horizon_weeks)]
    notes += doubt_notes(rows, "note_ltv_doubt", texts, n=SHORT, buyers=FEW)
    notes += left_out(frame, SHOWN_VALUES, texts)
    notes += vat_notes(set(vat), texts)
    return Grid("ltv", heads, tuple(rows), theme, tuple(notes) if rows else (), texts.t("empty_ltv"))


def telling_grid(slices: pd.DataFrame, ranked: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return the values that differ most, of the attributes and pairs whose values differ most.

    Args:
        slices: `analysis.cohorts.breakdown.slices_by` after `attribute`, `attribute2`.
        ranked: `analysis.cohorts.breakdown.telling`.
        settings: the last stage, the names of attributes.
        texts: the language.
    """
    theme = look.load(settings)
    last = settings.stage_keys[-1]
    shown = {"value", "leads", last, "overall_rate", "low", "against_total"}
    columns = [column for column in columned.shown(SLICES, settings) if column.key in shown]
    rows = []
    for key, part in slices.groupby(["attribute", "attribute2"], sort=False):
        names = [str(name) for name in key]
        title = " × ".join(clean(texts.attribute(name, settings)) for name in names if name)
        rows.append(Row((Cell(title), *(Cell("") for _ in columns[1:])), "strong"))
        told = set(standing_out(part, last).index)
        off = (part[last] - part["due"]) ** 2 / part["leads"].astype(float).clip(lower=1.0)
        stands_out = off.sort_values(ascending=False, kind="stable")
        enough = stands_out.index[~part.loc[stands_out.index, "small"].astype(bool)]
        for at in (enough if len(enough) else stands_out.index)[:SHOWN_TELLING]:
            record = part.loc[at].to_dict()
            values = " × ".join(
                value_name(record[field], texts)
                for field, name in zip(("value", "value2"), names, strict=True)
                if name
            )
            small = bool(record["small"])
            own = {
                "value": Cell(INDENT + values + (f" {MARK}" if small else "")),
                "against_total": change_cell(record["against_total"], texts, theme, chance=at not in told),
            }
            rows.append(Row(columned.cells(columns, record, texts, own), "muted" if small else "plain"))
    heads = columned.heads(columns, settings, texts, theme)
    heads[0] = replace(heads[0], title="")
    heads[2] = replace(heads[2], title=heads[2].group, group="")
    notes = [texts.t("note_telling", n=SHOWN_TELLING), texts.t("note_arrows")] if rows else []
    if any(row.cells[0].text.endswith(MARK) for row in rows):
        notes.append(texts.t("note_small", n=SMALL))
    quiet = ranked[ranked["effect"] <= 0]
    if rows and len(quiet):
        words = (
            " × ".join(clean(texts.attribute(name, settings)) for name in pair if name)
            for pair in quiet[["attribute", "attribute2"]].itertuples(index=False)
        )
        notes.append(texts.t("note_telling_quiet", names="; ".join(words)))
    leaks = ranked.loc[ranked["effect"].isna(), "attribute"]
    if len(leaks):
        named = "; ".join(clean(texts.attribute(str(name), settings)) for name in leaks)
        notes.append(texts.t("note_telling_leaks", names=named))
    return Grid("telling", tuple(heads), tuple(rows), theme, tuple(notes), texts.t("empty_telling"))


def times(factor: float, texts: Texts) -> str:
    r"""Return how many times one amount is another; what is less than the whole is never shown as the whole.

    >>> times(0.95, Texts("en")), times(12.34, Texts("en")), times(0.996, Texts("en"))
    ('0.95×', '12.3×', '0.99×')
    """
    if math.isnan(factor):
        return EMPTY
    if 0.99 < factor < 1:
        factor = 0.99
    return f"{texts.number(factor, 1 if factor >= SEVERAL else 2)}×"
