"""The projects that are proposed: what each may bring, what it costs, and when the answer can be read."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from funnel.columns import computed
from funnel.columns.initiatives import PROPOSED
from funnel.logbook import Initiative
from funnel.present.attention.words import reason_words
from funnel.present.forecast.tables import signed
from funnel.present.parts import columned
from funnel.present.parts import theme as look
from funnel.present.parts.amounts import unit_for
from funnel.present.parts.escape import clean
from funnel.present.parts.grid import Cell, Grid, Row
from funnel.present.parts.texts import EMPTY, Texts
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
    for record in computed(frame, PROPOSED, settings.steps).to_dict("records"):
        revenue, payback = float(record["extra_revenue"]), float(record["payback_months"])
        more = EMPTY if math.isnan(revenue) else signed(revenue / unit.size, texts, unit.digits)
        name = names.get(record["initiative"], clean(record["initiative"], 40))
        own = {
            "initiative": name,
            "extra_sales": signed(float(record["extra_sales"]), texts, 1),
            "extra_revenue": more,
            "cost": unit.number(float(record["cost"]), texts),
            "payback_months": texts.number(payback, 1) if math.isfinite(payback) else EMPTY,
            "return_in_a_year": signed(float(record["return_in_a_year"]), texts, 1),
        }
        own_cells = {key: Cell(text) for key, text in own.items()}
        rows.append(Row(columned.cells(columned.shown(PROPOSED, settings), record, texts, own_cells)))
        if record["reason"]:
            reasons.add(f"{name}: {reason_words(record['reason'], names, texts)}")
    heads = columned.heads(columned.shown(PROPOSED, settings), settings, texts, theme, unit=unit.name)
    notes = (texts.t("note_proposed"), *sorted(reasons)) if rows else ()
    return Grid("proposed", tuple(heads), tuple(rows), theme, notes, texts.t("empty_proposed"))
