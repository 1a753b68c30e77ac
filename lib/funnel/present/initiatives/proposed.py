"""The projects that are proposed: what each may bring, what it costs, and when the answer can be read."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from funnel.present.attention.words import reason_words
from funnel.present.forecast.tables import signed
from funnel.present.parts import theme as look
from funnel.present.parts.amounts import unit_for
from funnel.present.parts.escape import clean
from funnel.present.parts.grid import Cell, Grid, Head, Row
from funnel.present.parts.texts import EMPTY, Texts
from funnel.schema import Initiative
from funnel.settings import Settings


def proposed_grid(
    frame: pd.DataFrame, initiatives: Sequence[Initiative], settings: Settings, texts: Texts
) -> Grid:
    """Return the proposed projects, the most profitable first.

    Args:
        frame: `edition.proposed.PROPOSED_COLUMNS`.
        initiatives: all of them, for their names.
        settings: the currency.
        texts: the language.
    """
    theme = look.load(settings)
    names = {item.id: clean(item.name(texts.language), 40) for item in initiatives}
    amounts = frame[["extra_revenue", "cost"]].abs().to_numpy(dtype=float)
    largest = float(pd.Series(amounts.ravel()).max()) if len(frame) else 0.0
    unit = unit_for(0.0 if math.isnan(largest) else largest, settings.currency, texts)
    rows, reasons = [], set[str]()
    for record in frame.to_dict("records"):
        revenue, payback = float(record["extra_revenue"]), float(record["payback_months"])
        readable = record["readable_from"]
        cells = (
            names.get(record["initiative"], clean(record["initiative"], 40)),
            texts.date(record["start"].date()),
            texts.change(float(record["change"])),
            signed(float(record["extra_sales"]), texts, 1),
            EMPTY if math.isnan(revenue) else signed(revenue / unit.size, texts, unit.digits),
            unit.number(float(record["cost"]), texts),
            texts.number(payback, 1) if math.isfinite(payback) else EMPTY,
            signed(float(record["return_in_a_year"]), texts, 1),
            texts.percent(float(record["power"])),
            EMPTY if pd.isna(readable) else texts.date(readable.date()),
        )
        rows.append(Row(tuple(Cell(text) for text in cells)))
        if record["reason"]:
            reasons.add(f"{cells[0]}: {reason_words(record['reason'], names, texts)}")
    heads = (
        Head(texts.t("col_initiative"), align="left"),
        Head(texts.t("col_start")),
        Head(texts.t("col_promised")),
        Head(texts.t("col_sales_month"), texts.t("col_more_a_month")),
        Head(texts.t("col_revenue_in", unit=unit.name), texts.t("col_more_a_month")),
        Head(texts.t("col_cost_in", unit=unit.name)),
        Head(texts.t("col_payback_months")),
        Head(texts.t("col_return_year")),
        Head(texts.t("col_power")),
        Head(texts.t("col_readable")),
    )
    notes = (texts.t("note_proposed"), *sorted(reasons)) if rows else ()
    return Grid("proposed", heads, tuple(rows), theme, notes, texts.t("empty_proposed"))
