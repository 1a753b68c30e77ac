"""The tables of managers, and of reasons of loss."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from funnel.analysis.cohorts.periods import SMALL
from funnel.columns import people, written_out
from funnel.present.cohorts.people_charts import reason_name
from funnel.present.parts import columned
from funnel.present.parts import theme as look
from funnel.present.parts.escape import clean
from funnel.present.parts.explore import segment_view
from funnel.present.parts.grid import Cell, Grid, Row
from funnel.present.parts.rows import value_name
from funnel.present.parts.texts import Texts
from funnel.present.parts.theme import Theme
from funnel.settings import Settings

SHOWN_MANAGERS = 20
SHOWN_SEGMENTS = 15


def managers_grid(wide: pd.DataFrame, age: int, settings: Settings, texts: Texts) -> Grid:
    """Return each manager's steps over the shown cohorts together, beside what all leads of them had.

    Args:
        wide: one row per manager, those with most leads first: `value`, `leads`, and of each stage
            `<stage>_rate`, `<stage>_expected`, `<stage>_differs`, `<stage>_few`.
        age: at which all are counted, weeks.
        settings: the stages.
        texts: the language.
    """
    theme = look.load(settings)
    columns = written_out(people.MANAGERS, settings.stage_keys, "page")
    enough = wide[wide["leads"] >= SMALL]
    if len(wide) and all(wide[f"{stage}_few"].all() for stage in settings.stage_keys):
        enough = enough.head(0)
    empty = texts.t("empty_managers" if settings.manager else "empty_no_manager")
    rows = []
    for record in enough.head(SHOWN_MANAGERS).to_dict("records"):
        link = segment_view(settings.manager, record["value"], settings.stage_keys[-1], settings, texts)
        own = {"value": Cell(value_name(record["value"], texts), link=link)}
        for stage in settings.stage_keys:
            key = f"{stage}_rate"
            own[key] = _judged(
                record[key], record[f"{stage}_expected"], record[f"{stage}_differs"], theme, texts
            )
            if record[f"{stage}_few"]:
                own[key] = Cell(f"{own[key].text} °")
        rows.append(Row(columned.cells(columns, record, texts, own)))
    notes = [texts.t("note_managers", n=age), texts.t("note_judged")]
    if len(wide) and any(wide[f"{stage}_few"].any() for stage in settings.stage_keys):
        notes.append(texts.t("note_few_base", n=SMALL))
    few = wide[(wide["leads"] < SMALL) & (wide["value"] != "")]
    if len(few):
        names = ", ".join(clean(name, 24) for name in few["value"].head(12))
        notes.append(texts.t("note_few_managers", n=SMALL, names=names + (", …" if len(few) > 12 else "")))
    if len(enough) > SHOWN_MANAGERS:
        notes.append(texts.t("note_values_left", n=len(enough) - SHOWN_MANAGERS))
    heads = columned.heads(columns, settings, texts, theme)
    return Grid("managers", tuple(heads), tuple(rows), theme, tuple(notes) if rows else (), empty)


def losses_grid(wide: pd.DataFrame, settings: Settings, texts: Texts) -> Grid:
    """Return the reasons of loss, of all lost leads and by the stage they were lost at.

    Args:
        wide: one row per reason: `reason`, `lost`, `of`, `share`, `low`, `high`, and of each stage that leads
            were lost at `<stage>_lost`, `<stage>_share`.
        settings: the stages.
        texts: the language.
    """
    theme = look.load(settings)
    stages = [stage for stage in settings.steps[:-1] if f"{stage}_lost" in wide]
    columns = written_out(people.LOSSES, stages, "page")
    rows = [
        Row(
            columned.cells(columns, record, texts, {"reason": Cell(reason_name(record["reason"], texts))}),
            "plain" if record["reason"] else "muted",
        )
        for record in wide.to_dict("records")
        if (wide["reason"] != "").any()
    ]
    heads = columned.heads(columns, settings, texts, theme)
    notes = [texts.t("note_losses", n=int(wide["of"].max()) if len(wide) else 0)]
    unknown = wide[wide["reason"] == ""]
    if len(unknown):
        notes.append(texts.t("note_losses_unknown", share=texts.percent(float(unknown["share"].iloc[0]))))
    return Grid(
        "losses", tuple(heads), tuple(rows), theme, tuple(notes) if rows else (), texts.t("empty_losses")
    )


def segments_grid(frame: pd.DataFrame, reasons: Iterable[str], settings: Settings, texts: Texts) -> Grid:
    """Return the segments in which a reason is more or less frequent than chance explains.

    Args:
        frame: `analysis.cohorts.losses.by_segment`, those that differ, the largest excess first.
        reasons: of loss, '' where none is known.
        settings: attributes.
        texts: the language.
    """
    theme = look.load(settings)
    columns = written_out(people.LOST_SEGMENTS, settings.stage_keys, "page")
    rows = []
    for record in frame.head(SHOWN_SEGMENTS).to_dict("records"):
        name = (
            f"{clean(texts.attribute(record['attribute'], settings))}: {value_name(record['value'], texts)}"
        )
        own = {
            "segment": Cell(name),
            "reason": Cell(reason_name(record["reason"], texts)),
            "rate": _judged(record["rate"], record["expected"], True, None, texts),
        }
        rows.append(Row(columned.cells(columns, record, texts, own)))
    heads = columned.heads(columns, settings, texts, theme)
    notes = [texts.t("note_losses_segments")]
    if len(frame) > SHOWN_SEGMENTS:
        notes.append(texts.t("note_values_left", n=len(frame) - SHOWN_SEGMENTS))
    empty = texts.t("empty_losses_segments" if any(reasons) else "empty_losses")
    return Grid("losses-segments", tuple(heads), tuple(rows), theme, tuple(notes) if rows else (), empty)


def _judged(rate: float, expected: float, differs: bool, theme: Theme | None, texts: Texts) -> Cell:
    """Return a share, with an arrow where it differs from the usual one by more than chance."""
    words = texts.percent(rate)
    if not differs:
        return Cell(words)
    up = rate > expected
    sign = columned.UP if up else columned.DOWN
    return Cell(f"{sign} {words}", colour=(theme.up if up else theme.down) if theme else "")
