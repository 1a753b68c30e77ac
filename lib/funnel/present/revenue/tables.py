"""The tables of revenue: by month, by value, what better steps would add, and how good forecasts were."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import pandas as pd

from funnel.analysis.revenue.weeks import SOURCES
from funnel.analysis.revenue.whatif import CANNOT_RISE, FULL
from funnel.columns import Column, computed
from funnel.columns.revenue import BY_VALUE, MONTHS, TRACK, WHAT_IF
from funnel.present.forecast.tables import SHOWN_EDITIONS, signed, spaced
from funnel.present.parts import columned
from funnel.present.parts import theme as look
from funnel.present.parts.amounts import currency_word, unit_for
from funnel.present.parts.escape import clean
from funnel.present.parts.final import revenue_doubt
from funnel.present.parts.grid import Cell, Grid, Row
from funnel.present.parts.rows import INDENT, SHOWN_VALUES, SPAN, digits_of, heading, value_name
from funnel.present.parts.texts import EMPTY, Texts
from funnel.settings import Settings

ARROW = "→"
WEEKS = 13
"""How far ahead revenue is added up by value."""


def revenue_grid(by_month: pd.DataFrame, forecast: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return the expected revenue of each month, from leads that are there and from leads to come.

    Args:
        by_month: a row for each month; a column for the mean of each of `analysis.revenue.weeks.SOURCES`, and
            `p05`, `p10`, `p90`, `p95` of the total.
        forecast: `analysis.forecast.final.FORECAST_COLUMNS`; whether it is reliable is said below.
        settings: the currency.
        texts: the language.
    """
    theme = look.load(settings)
    largest = float(by_month["total"].max()) if len(by_month) else 0.0
    unit = unit_for(0.0 if math.isnan(largest) else largest, settings.currency, texts)
    means = by_month[list(SOURCES)]
    rows = []
    for month in means.index if largest > 0 else []:
        day = pd.Timestamp(month).date()
        cells = [f"{texts.month(day)} {day.year}", *(unit.number(float(x), texts) for x in means.loc[month])]
        for low, high in (("p10", "p90"), ("p05", "p95")):
            ends = [unit.number(float(by_month.loc[month, name]), texts) for name in (low, high)]
            cells.append(" – ".join(ends))
        rows.append(Row(tuple(Cell(text) for text in cells)))
    if rows:
        whole = [texts.t("total"), *(unit.number(float(x), texts) for x in means.sum()), EMPTY, EMPTY]
        rows.append(Row(tuple(Cell(text) for text in whole), "strong"))
    heads = tuple(columned.heads(MONTHS, settings, texts, theme))
    said = [texts.t("note_revenue", unit=unit.name), *revenue_doubt(forecast, settings, texts)]
    notes = tuple(said) if rows else ()
    return Grid("revenue-months", heads, tuple(rows), theme, notes, texts.t("empty_revenue"))


def what_if_grid(frame: pd.DataFrame, forecast: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return what another conversion of a step would add, each by itself; steps that cannot rise come last.

    Args:
        frame: `analysis.revenue.whatif.WHAT_IF_COLUMNS`.
        forecast: `analysis.forecast.final.FORECAST_COLUMNS`; whether it is reliable is said below.
        settings: the stages, the currency.
        texts: the language.
    """
    theme = look.load(settings)
    extra = computed(frame[frame["case"] == "difference"], WHAT_IF, settings.steps)
    spans = sorted(extra["weeks"].unique())
    unit = unit_for(float(extra["revenue_p90"].abs().max()) if len(extra) else 0.0, settings.currency, texts)
    digits = 0 if len(extra) and extra["sales"].abs().max() >= 10 else 1
    paid = bool(frame["revenue"].abs().max() > 0) if len(frame) else False
    starts = extra["first_week"].drop_duplicates()
    columns = [
        column
        for column in columned.shown(WHAT_IF, settings)
        if (column.key != "first_week" or len(starts) > 1) and (paid or not column.key.startswith("revenue"))
    ]
    rows, last = list[Row](), list[Row]()
    for _, part in extra.groupby(["stage", "change", "first_week"], sort=False):
        first = part.to_dict("records")[0]
        name = clean(texts.stage(first["stage"], settings))
        now, then = (texts.number(100 * float(first[key]), 1) for key in ("rate", "rate_with"))
        full = first["reason"] == CANNOT_RISE
        what = f": {texts.t('cannot_rise')}" if full else f", {texts.change(first['change'])}"
        own = {"stage": Cell(name + what), "rate": Cell(now if full else now + ARROW + then)}
        values = dict(first)
        for span, record in zip(part["weeks"], part.to_dict("records"), strict=True):
            values |= {f"{key} {span}": value for key, value in record.items()}
            ends = (unit.number(float(record[end]), texts) for end in ("revenue_p10", "revenue_p90"))
            shown = {
                "sales": signed(float(record["sales"]), texts, digits),
                "revenue": signed(float(record["revenue"]) / unit.size, texts, unit.digits),
                "revenue_p10": " – ".join(ends),
            }
            own |= {f"{key} {span}": Cell(EMPTY if full else text) for key, text in shown.items()}
        cells = columned.cells(_by_span(columns, spans, texts), values, texts, own)
        (last if full else rows).append(Row(cells, "muted" if full else "plain"))
    rows += last
    heads = columned.heads(_by_span(columns, spans, texts), settings, texts, theme, unit=unit.name)
    notes = []
    if rows:
        notes.append(texts.t("note_what_if", full=texts.percent(FULL)))
        if len(starts) == 1:
            notes.append(texts.t("note_what_if_from", start=texts.date(starts.iloc[0].date())))
        notes += revenue_doubt(forecast, settings, texts)
    if rows and frame["revenue"].isna().all():
        notes.append(texts.t("empty_revenue"))
    return Grid("what-if", tuple(heads), tuple(rows), theme, tuple(notes), texts.t("empty_revenue"))


def _by_span(columns: Sequence[Column], spans: Sequence[int], texts: Texts) -> list[Column]:
    """Return columns with those of a group written out for each span of weeks."""
    found = [column for column in columns if not column.group]
    for _, group in groupby((column for column in columns if column.group), key=lambda column: column.group):
        each = list(group)
        for span in spans:
            words = texts.t("col_weeks_ahead", n=int(span))
            titles = [column.title[texts.language].format(span=words) for column in each]
            found += [
                replace(column, key=f"{column.key} {span}", title={texts.language: title})
                for column, title in zip(each, titles, strict=True)
            ]
    return found


def revenue_slices_grid(by_value: pd.DataFrame, weeks: int, settings: Settings, texts: Texts) -> Grid:
    """Return the revenue of the next weeks by the values of attributes, and what a payment is of each.

    Args:
        by_value: a row for each `attribute` and `value`; a column for the mean of each of
            `analysis.revenue.weeks.SOURCES` over the weeks together; `deal_size`, `deal_low`, `deal_high`.
        weeks: how many these are.
        settings: the currency, the names of attributes.
        texts: the language.
    """
    theme = look.load(settings)
    largest = float(by_value["total"].max()) if len(by_value) else 0.0
    unit = unit_for(0.0 if math.isnan(largest) else largest, settings.currency, texts)
    digits = digits_of(by_value["deal_size"].astype("float64"))
    rows = []
    for attribute in dict.fromkeys(by_value.index.get_level_values("attribute")) if largest > 0 else ():
        rows.append(heading(str(attribute), 6, settings, texts))
        part = by_value.loc[attribute].sort_values("total", ascending=False, kind="stable")
        for value, record in part.head(SHOWN_VALUES).iterrows():
            cells = [INDENT + value_name(value, texts)]
            cells += [unit.number(float(record[source]), texts) for source in SOURCES]
            cells.append(texts.number(float(record["deal_size"]), digits))
            cells.append(
                SPAN.join(texts.number(float(record[end]), digits) for end in ("deal_low", "deal_high"))
            )
            rows.append(Row(tuple(Cell(text) for text in cells)))
        rest = part.iloc[SHOWN_VALUES:]
        if len(rest):
            cells = [INDENT + texts.t("other_values", n=len(rest))]
            cells += [unit.number(float(amount), texts) for amount in rest[list(SOURCES)].sum()]
            rows.append(Row(tuple(Cell(text) for text in (*cells, EMPTY, EMPTY))))
    words = {"unit": unit.name, "currency": currency_word(settings.currency, texts)}
    heads = tuple(columned.heads(BY_VALUE, settings, texts, theme, **words))
    notes = (texts.t("note_revenue_slices", n=weeks),) if rows else ()
    return Grid("revenue-slices", heads, tuple(rows), theme, notes, texts.t("empty_revenue"))


def revenue_track_grid(track: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return for each archived edition the revenue it expected in the weeks that are over, and what was paid.

    Args:
        track: `analysis.forecast.track.REVENUE_TRACK_COLUMNS`.
        settings: the currency.
        texts: the language.
    """
    theme = look.load(settings)
    sums = track.groupby("report_date")[["mean", "paid"]].sum()
    unit = unit_for(float(sums.to_numpy(float).max()) if len(sums) else 0.0, settings.currency, texts)
    days = sorted(sums.index)
    rows = []
    for day in spaced(days, SHOWN_EDITIONS):
        part = track[track["report_date"] == day]
        told, paid = float(part["mean"].sum()), float(part["paid"].sum())
        cells = [
            texts.date(day.date()),
            texts.number(len(part)),
            unit.number(told, texts),
            unit.number(paid, texts),
        ]
        cells.append(texts.change(told / paid - 1 if paid > 0 else math.nan))
        cells.append(texts.t("n_of", n=int(part["inside"].sum()), total=len(part)))
        rows.append(Row(tuple(Cell(text) for text in cells)))
    heads = tuple(columned.heads(TRACK, settings, texts, theme))
    notes = [texts.t("note_revenue_track", unit=unit.name)] if rows else []
    if len(days) > SHOWN_EDITIONS:
        notes.append(texts.t("note_some_editions", shown=SHOWN_EDITIONS, n=len(days)))
    return Grid("revenue-track", heads, tuple(rows), theme, tuple(notes), texts.t("empty_revenue_track"))
