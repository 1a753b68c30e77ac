"""The tables of cohorts and slices, from the frames of `funnel.analysis`."""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from funnel.analysis.cohorts.table import SMALL, may_be_chance
from funnel.columns import COHORTS, EQUAL_AGE, LEADS, OVERALL, SLICES, SMALL_MARK
from funnel.columns.cohorts import WEEK
from funnel.columns.forecast import ENDS
from funnel.present.parts import columned
from funnel.present.parts import theme as look
from funnel.present.parts.claims import standing_out
from funnel.present.parts.columned import cells, change_cell
from funnel.present.parts.escape import clean
from funnel.present.parts.explore import cohort_view, segment_view
from funnel.present.parts.final import expected_cells
from funnel.present.parts.grid import Cell, Grid, Head, Row
from funnel.present.parts.periods import cohort_name
from funnel.present.parts.texts import EMPTY, Texts
from funnel.present.parts.theme import Theme
from funnel.settings import Settings

MARK = "*"
IMPORTED_MARK = "§"
"""Of a cohort whose leads were imported: nobody knows when these came."""
SHOWN_SLICES = 20
AGES = (0, 1, 2, 3, 4, 6, 8, 13, 26, 39, 52, 78, 104)
"""Ages that a wide triangle keeps."""
MOST_AGES = 14
SHOWN_COHORTS = 26
"""The newest cohorts of a triangle get a row: what fits one page."""


def cohort_grid(
    frame: pd.DataFrame,
    settings: Settings,
    texts: Texts,
    forecast: pd.DataFrame | None = None,
    caveats: Sequence[str] = (),
    imported: Collection[pd.Timestamp] = (),
) -> Grid:
    """Return the cohort table: a row for each week, and for each stage how many reached it and which share.

    With a forecast, the expected final conversion stands beside the overall one as far as it can be trusted.

    Args:
        frame: `analysis.cohorts.table.cohort_table`, of weeks or of longer periods.
        settings: stages, and the age up to which a cohort is marked as unripe.
        texts: the language.
        forecast: see `present.parts.final.expected`.
        caveats: what the reader must know of the data before reading; see `data_tables.caveats`.
        imported: `analysis.cohorts.table.imported`.
    """
    theme, columns = look.load(settings), columned.shown(COHORTS, settings)
    young = frame["age_weeks"] < settings.young_weeks
    ahead: Sequence[tuple[Cell, ...]] = [()] * len(frame)
    ahead_notes: tuple[str, ...] = ()
    if forecast is not None:
        ahead, ahead_notes = expected_cells(frame, forecast, settings, texts, theme)
    rows = []
    for record, unripe, few, cells_ahead in zip(
        frame.to_dict("records"), young, _chancy(frame, settings, imported), ahead, strict=True
    ):
        own = _own(record, texts, theme, imported, plain=few, unripe=unripe)
        own["cohort_week"] = replace(own["cohort_week"], link=cohort_view(record, settings, texts))
        row = (*cells(columns, record, texts, own), *cells_ahead)
        rows.append(Row(row, "muted" if unripe else "plain"))
    heads = columned.heads(columns, settings, texts, theme)
    if forecast is not None:
        heads += columned.heads(ENDS, settings, texts, theme)
    notes = [*caveats, *of_periods(frame, settings, texts)]
    notes.append(texts.t("note_cohorts", last=texts.stage(settings.stage_keys[-1], settings)))
    notes.append(texts.t("note_coloured"))
    if young.any():
        key = "note_unripe_period" if "period" in frame else "note_unripe"
        notes.append(f"{texts.t(key, n=settings.young_weeks)} {texts.t('note_unripe_change')}")
    notes += [*_marked(frame, imported, texts), *ahead_notes]
    shown = tuple(notes) if rows else ()
    return Grid("cohorts", tuple(heads), tuple(rows), theme, shown, texts.t("empty_cohorts"))


def equal_age_grid(
    frame: pd.DataFrame, settings: Settings, texts: Texts, imported: Collection[pd.Timestamp] = ()
) -> Grid:
    """Return the same table with every cohort counted at one age, so that the changes compare like with like.

    Args:
        frame: `analysis.cohorts.table.cohort_table(..., age=a)`: as above, with the column `at_age`.
        settings: the stages.
        texts: the language.
        imported: `analysis.cohorts.table.imported`.
    """
    theme, columns = look.load(settings), columned.shown(EQUAL_AGE, settings)
    rows = []
    for record, few in zip(frame.to_dict("records"), _chancy(frame, settings, imported), strict=True):
        own = _own(record, texts, theme, imported, plain=few)
        own["cohort_week"] = replace(own["cohort_week"], link=cohort_view(record, settings, texts))
        rows.append(Row(cells(columns, record, texts, own)))
    heads = tuple(columned.heads(columns, settings, texts, theme))
    notes = []
    if rows:
        age = int(frame["at_age"].iloc[0])
        key = "note_equal_age_period" if "period" in frame else "note_equal_age"
        notes = [texts.t(key, n=age), texts.t("note_coloured"), *_marked(frame, imported, texts)]
    return Grid("equal-age", heads, tuple(rows), theme, tuple(notes), texts.t("empty_cohorts"))


def triangle_grid(
    by_age: pd.DataFrame, settings: Settings, texts: Texts, imported: Collection[pd.Timestamp] = ()
) -> Grid:
    """Return overall conversion by cohort (rows) and age (columns), the higher the darker.

    Args:
        by_age: `analysis.cohorts.table.triangle` with a row for each `cohort_week` and its `leads`, and under
            `reached` and `rate` a column for each age; an age that is not lived yet is missing. The index of
            longer periods has their facts too.
        settings: only for the look.
        texts: the language.
        imported: `analysis.cohorts.table.imported`.
    """
    theme = look.load(settings)
    newest = by_age.tail(SHOWN_COHORTS)
    seen: list[tuple[str, int]] = [*newest.dropna(axis=1, how="all").to_dict()]  # type: ignore[list-item]
    shown = thin([age for name, age in seen if name == "reached"])
    highest = max((float(newest[name, age].max()) for name, age in seen if name == "rate"), default=0.0)
    rows = []
    for record in newest.reset_index().to_dict("records"):
        named: dict[Hashable, Any] = {name: record[name, ""] for name in newest.index.names}
        cells = [_cohort(named, texts, imported), Cell(texts.number(named["leads"]))]
        for age in shown:
            rate, lived = float(record["rate", age]), not math.isnan(record["reached", age])
            shade = rate / highest if highest > 0 and not math.isnan(rate) else None
            cells.append(Cell(texts.percent(rate, 1), shade) if lived else Cell(""))
        rows.append(Row(tuple(cells)))
    heads = columned.heads((WEEK, LEADS), settings, texts, theme)
    ages = [Head(texts.number(age), texts.t("axis_age")) for age in shown]
    notes = [texts.t("note_triangle")] if rows else []
    notes += [texts.t("note_triangle_periods")] if rows and "period" in newest.index.names else []
    if len(by_age) > SHOWN_COHORTS:
        notes.append(texts.t("note_newest", n=SHOWN_COHORTS))
    notes += _marked(newest.index.to_frame(index=False), imported, texts) if rows else []
    return Grid("triangle", (*heads, *ages), tuple(rows), theme, tuple(notes), texts.t("empty_cohorts"))


def thin(ages: Sequence[int]) -> list[int]:
    """Return the ages worth a column: all if they are few, else closer together while cohorts are young.

    >>> thin(range(30))
    [0, 1, 2, 3, 4, 6, 8, 13, 26, 29]
    """
    if len(ages) <= MOST_AGES:
        return list(ages)
    return [age for age in ages if age in AGES or age == ages[-1]]


def slices_grids(frames: Mapping[str, pd.DataFrame], settings: Settings, texts: Texts) -> list[Grid]:
    """Return a table for each attribute, see `slices_grid`; or the sentence that none is chosen."""
    if not frames:
        return [Grid("slices", (), (), look.load(settings), (), texts.t("empty_slices_chosen"))]
    return [slices_grid(frame, name, settings, texts) for name, frame in frames.items()]


def slices_grid(frame: pd.DataFrame, attribute: str, settings: Settings, texts: Texts) -> Grid:
    """Return the shown cohorts together, split by one lead attribute; as many values as a page bears.

    Args:
        frame: `analysis.cohorts.table.slices`, in the order of the table.
        attribute: its name in the data.
        settings: the stages, and the attribute's name for a reader.
        texts: the language.
    """
    theme, columns = look.load(settings), columned.shown(SLICES, settings)
    told = set(standing_out(frame, settings.stage_keys[-1])["value"])
    rows = []
    for record in frame.head(SHOWN_SLICES).to_dict("records"):
        name = clean(record["value"], 40) or texts.t("not_given")
        chance = record["value"] not in told
        own = {
            "value": Cell(
                name + (f" {MARK}" if record["small"] else ""),
                link=segment_view(attribute, record["value"], OVERALL, settings, texts),
            ),
            "against_total": change_cell(record["against_total"], texts, theme, chance=chance),
        }
        rows.append(Row(cells(columns, record, texts, own), "muted" if record["small"] else "plain"))
    notes = [texts.t("note_slices"), texts.t("note_arrows")]
    if frame["small"].any():
        notes.append(texts.t("note_small", n=SMALL))
    rest = frame.iloc[SHOWN_SLICES:]
    if len(rest):
        notes.append(texts.t("note_more", n=len(rest), leads=texts.t("n_leads", n=int(rest["leads"].sum()))))
    name = "slices-" + "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in attribute)
    label = Head(texts.attribute(attribute, settings), align="left")
    heads = (label, *columned.heads(columns[1:], settings, texts, theme))
    return Grid(name, heads, tuple(rows), theme, tuple(notes) if rows else (), texts.t("empty_slices"))


def _own(
    record: Mapping[Hashable, Any],
    texts: Texts,
    theme: Theme,
    imported: Collection[pd.Timestamp],
    *,
    plain: bool,
    unripe: bool = False,
) -> dict[str, Cell]:
    """Return a cohort's cells that say more than their number: the week, the change.

    An unripe cohort is not to be compared with an older one, so no change is given.
    """
    change = Cell(EMPTY) if unripe else change_cell(record["overall_change"], texts, theme, chance=plain)
    return {"cohort_week": _cohort(record, texts, imported, unripe=unripe), "overall_change": change}


def _cohort(
    record: Mapping[Hashable, Any], texts: Texts, imported: Collection[pd.Timestamp], *, unripe: bool = False
) -> Cell:
    """Return the name of a cohort with its marks."""
    marks = [MARK] * unripe + [SMALL_MARK] * bool(record["leads"] < SMALL)
    marks += [IMPORTED_MARK] * (record["cohort_week"] in imported)
    return Cell(" ".join([cohort_name(record, texts), *marks]))


def of_periods(frame: pd.DataFrame, settings: Settings, texts: Texts) -> list[str]:
    """Say what a cohort is where it is no week: who chose it, and which are not whole."""
    if "period" not in frame or frame.empty:
        return []
    key = "note_period_auto" if settings.period == "auto" else "note_period"
    said = [texts.t(key, period=texts.t(f"period_{frame['period'].iloc[0]}"))]
    return [*said, texts.t("note_period_part")] if (frame["weeks"] < frame["weeks_of"]).any() else said


def _chancy(frame: pd.DataFrame, settings: Settings, imported: Collection[pd.Timestamp]) -> list[bool]:
    """Whether a change has no colour: it may be chance, or a cohort is of few leads or of imported ones."""
    alien = frame["cohort_week"].isin(list(imported)).tolist()
    won, leads = frame[settings.stage_keys[-1]].tolist(), frame["leads"].tolist()
    chancy = [leads[0] < SMALL] if leads else []
    for at in range(1, len(leads)):
        few = min(leads[at], leads[at - 1]) < SMALL
        few = few or alien[at] or alien[at - 1]
        chancy.append(few or may_be_chance(won[at], leads[at], won[at - 1], leads[at - 1]))
    return chancy


def _marked(frame: pd.DataFrame, imported: Collection[pd.Timestamp], texts: Texts) -> list[str]:
    """Return what the marks of cohorts mean that stand in a table."""
    few = [texts.t("note_few", n=SMALL)] if (frame["leads"] < SMALL).any() else []
    alien = frame["cohort_week"].isin(list(imported)).any()
    return [*few, *([texts.t("note_imported")] if alien else [])]
