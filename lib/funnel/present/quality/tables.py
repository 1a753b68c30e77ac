"""The tables about the data themselves: what was read, what is wrong in it, what was edited afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from funnel.columns.quality import IMPORTS, PROBLEMS, REACH_GAP, RESTATED
from funnel.present.parts import columned
from funnel.present.parts import theme as look
from funnel.present.parts.escape import clean
from funnel.present.parts.grid import Cell, Grid, Row
from funnel.present.parts.texts import MINUS, Texts
from funnel.schema import PROBLEM_COLUMNS, RESTATED_COLUMNS, require
from funnel.settings import Settings

IMPORT_COLUMNS = ("table", "read", "rejected", "inserted", "changed", "unchanged", "closed")
"""One row per table: the fields of `schema.Loaded`, in rows of the input."""
SHOWN_RESTATEMENTS = 30


def quality_grid(frame: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return what was read: read = accepted + rejected, and what the accepted rows did to the warehouse.

    Args:
        frame: the columns `IMPORT_COLUMNS`; more columns are left out.
        settings: where rejected rows are kept.
        texts: the language.
    """
    require(frame, IMPORT_COLUMNS, "imports")
    theme = look.load(settings)
    told = frame.assign(accepted=frame["read"] - frame["rejected"])
    rows = [
        Row(columned.cells(IMPORTS, record, texts, {"table": Cell(_table(record["table"], texts))}))
        for record in told.to_dict("records")
    ]
    heads = tuple(columned.heads(IMPORTS, settings, texts, theme))
    notes = (texts.t("note_imports", folder=f"{settings.run.name}/rejected/"),) if rows else ()
    return Grid("imports", heads, tuple(rows), theme, notes, texts.t("empty_imports"))


def problems_grid(frame: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return the problems in accepted rows.

    Args:
        frame: the columns `schema.PROBLEM_COLUMNS`, in the order of the table.
        settings: only for the look.
        texts: the language.
    """
    require(frame, PROBLEM_COLUMNS, "problems")
    theme = look.load(settings)
    rows = [
        Row(
            columned.cells(
                PROBLEMS,
                record,
                texts,
                {
                    "table": Cell(_table(record["table"], texts)),
                    "problem": Cell(problem(record["problem"], settings, texts)),
                },
            )
        )
        for record in frame.to_dict("records")
    ]
    heads = tuple(columned.heads(PROBLEMS, settings, texts, theme))
    return Grid("problems", heads, tuple(rows), theme, (), texts.t("empty_problems"))


def caveats(
    problems: pd.DataFrame, end: dt.date | None, texts: Texts, found: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return what the first page must say of the data.

    That they end before the report date; what the gate found; that stages are known as "reached at least".

    Args:
        problems: `schema.PROBLEM_COLUMNS`.
        end: `edition.model.Edition.data_end`.
        texts: the language.
        found: `gate_words.sentences` of page 1.
    """
    ended = (texts.t("note_data_end", day=texts.date(end)),) if end else ()
    concluded = problems.loc[problems["problem"] == "reached_at_least", "rows"]
    return (*ended, *found, *(texts.t("note_reached_at_least", n=int(rows)) for rows in concluded))


def restatement_grid(frame: pd.DataFrame | None, settings: Settings, texts: Texts) -> Grid:
    """Return which counts of old cohorts differ from the previous edition, and what kind of edit did it.

    Args:
        frame: the columns `schema.RESTATED_COLUMNS`; None if no earlier edition is archived.
        settings: the stages.
        texts: the language.
    """
    theme = look.load(settings)
    heads = tuple(columned.heads(RESTATED, settings, texts, theme))
    if frame is None:
        return Grid("restatements", heads, (), theme, (), texts.t("empty_restatements"))
    require(frame, RESTATED_COLUMNS, "restatements")
    rows = []
    for record in frame.head(SHOWN_RESTATEMENTS).to_dict("records"):
        difference = int(record["after"]) - int(record["before"])
        sign = "+" if difference > 0 else MINUS if difference < 0 else ""
        own = {
            "stage": Cell(clean(texts.stage(record["stage"], settings))),
            "kind": Cell(kind(record["kind"], texts)),
            "difference": Cell(sign + texts.number(abs(difference))),
        }
        rows.append(Row(columned.cells(RESTATED, record, texts, own)))
    notes = [texts.t("note_restatements")] if rows else []
    rest = frame.iloc[SHOWN_RESTATEMENTS:]
    if len(rest):
        notes.append(texts.t("note_more_restated", n=len(rest)))
    return Grid("restatements", heads, tuple(rows), theme, tuple(notes), texts.t("empty_restated"))


def reach_gap_grid(frame: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return how many leads each reach rule counts, by stage, over the shown cohorts.

    Args:
        frame: one row per stage with `stage`, `any_later`, `entered`, `difference`.
        settings: the stages, and the rule of this report.
        texts: the language.
    """
    theme = look.load(settings)
    rows = [
        Row(columned.cells(REACH_GAP, record, texts, {"stage": Cell(texts.stage(record["stage"], settings))}))
        for record in frame.to_dict("records")
    ]
    heads = tuple(columned.heads(REACH_GAP, settings, texts, theme))
    rule = heads[1 if settings.reach == "any-later" else 2].title
    return Grid("reach-gap", heads, tuple(rows), theme, (texts.t("note_reach_gap", rule=rule),))


def kind(name: str, texts: Texts) -> str:
    """Return a kind of edit in words; its names are those of `schema.RESTATED_COLUMNS`."""
    return texts.t("kind_" + name.replace(" ", "_"))


def problem(name: str, settings: Settings, texts: Texts) -> str:
    """Return a kind of data problem in words; its names are those of `warehouse.problems`."""
    kind_of, _, attribute = name.partition(":")
    if attribute:
        return texts.t(f"problem_{kind_of}", attribute=clean(texts.attribute(attribute, settings)))
    return texts.t(f"problem_{kind_of}")


def _table(name: str, texts: Texts) -> str:
    return texts.t(f"table_{name}")
