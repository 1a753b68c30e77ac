"""The table of those who wait too long."""

from __future__ import annotations

import pandas as pd

from funnel.columns import people, written_out
from funnel.present.cohorts.duration_tables import days
from funnel.present.parts import columned
from funnel.present.parts import theme as look
from funnel.present.parts.escape import clean
from funnel.present.parts.grid import Cell, Grid, Row
from funnel.present.parts.rows import value_name
from funnel.present.parts.texts import Texts
from funnel.settings import Settings

SHOWN = 20


def waiting_grid(wide: pd.DataFrame, limits: dict[str, float], settings: Settings, texts: Texts) -> Grid:
    """Return how many open leads wait too long: of all, and by manager.

    Args:
        wide: one row for all leads (`attribute` '') and then for each manager, those with most that wait
            first: `attribute`, `value`, `base`, `reached`, `rate`, `expected`, `differs`, and of each stage
            with a limit `<stage>_open`, `<stage>_waiting`.
        limits: days by stage, for the note.
        settings: the stages.
        texts: the language.
    """
    theme = look.load(settings)
    stages = [stage for stage in settings.steps if stage in limits]
    columns = written_out(people.WAITING, stages, "page")
    rows = []
    for record in wide.head(SHOWN + 1).to_dict("records"):
        whole = record["attribute"] == ""
        own = {"value": Cell(texts.t("all_leads") if whole else value_name(record["value"], texts))}
        if whole:
            own["expected"] = Cell("")
        elif record["differs"]:
            up = record["rate"] > record["expected"]
            words = f"{columned.UP if up else columned.DOWN} {texts.percent(record['rate'])}"
            own["rate"] = Cell(words, colour=theme.down if up else theme.up)  # to wait is no good
        rows.append(Row(columned.cells(columns, record, texts, own), "strong" if whole else "plain"))
    told = ", ".join(
        f"{clean(texts.stage(stage, settings))} {days(limits[stage], texts)}" for stage in stages
    )
    notes = [texts.t("note_waiting", limits=told)]
    if len(wide) > 1:
        notes += [texts.t("note_waiting_managers"), texts.t("note_judged")]
    if len(wide) > SHOWN + 1:
        notes.append(texts.t("note_values_left", n=len(wide) - SHOWN - 1))
    heads = columned.heads(columns, settings, texts, theme)
    return Grid(
        "waiting", tuple(heads), tuple(rows), theme, tuple(notes) if rows else (), texts.t("empty_waiting")
    )
