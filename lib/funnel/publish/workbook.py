"""The workbook of an edition: gathered while the warehouse is open, written once for each language."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.cohorts.durations import unseen
from funnel.analysis.forecast.raking import expected_cells
from funnel.analysis.money.flat import flat
from funnel.edition.costs import known_spend
from funnel.edition.model import Edition
from funnel.edition.people import waiting_leads
from funnel.present.parts.final import doubt_of, expected
from funnel.present.parts.texts import Texts
from funnel.present.quality.gap_marks import ALL, LEADS, marked_sums, sentences
from funnel.present.workbook import Contents, listings, write_workbook
from funnel.publish.crossing import sliced, with_room
from funnel.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the workbook needs beside the edition: the flat data, and the leads that wait too long (by id).

    `crossed` are the attributes of the flat data, some of the `attributes` that the leads have.
    """

    flat: pd.DataFrame
    crossed: tuple[str, ...]
    attributes: tuple[str, ...]
    waiting: pd.DataFrame


def gather(warehouse: Warehouse, edition: Edition) -> Gathered:
    """Ask the warehouse for the cross of the configured attributes, and for the leads that wait too long.

    Those furthest in the funnel come first.
    """
    settings, as_of = edition.settings, edition.as_of
    weeks, attributes = edition.horizon_weeks, sliced(warehouse, settings)
    chosen = with_room(warehouse, edition, settings.workbook.rows)
    crossed = warehouse.crossed(as_of, chosen, settings.reach)
    data = flat(
        crossed,
        chosen,
        settings.stage_keys,
        weeks,
        known_spend(warehouse, settings, as_of),
        _coming(warehouse, edition, crossed, chosen),
    )
    return Gathered(data, chosen, attributes, waiting_leads(warehouse, settings, as_of, attributes))


def _coming(
    warehouse: Warehouse, edition: Edition, crossed: pd.DataFrame, attributes: tuple[str, ...]
) -> npt.NDArray[np.float64]:
    """Return the sales still to come by row of the cross; NaN where the cohort's forecast is not reliable."""
    settings, stage = edition.settings, edition.settings.stage_keys[-1]
    cells = expected_cells(
        crossed,
        warehouse.standing(edition.as_of, attributes, settings.reach),
        attributes,
        stage,
        edition.results["coming"],
        edition.results["open_worth"],
    )
    told = edition.results["forecast"]
    reliable = told.loc[(told["stage"] == stage) & told["reliable"], "cohort_week"]
    return np.where(crossed["cohort_week"].isin(reliable), cells, np.nan)


def write(path: Path, gathered: Gathered, edition: Edition, texts: Texts) -> None:
    """Write the workbook in one language; the same edition gives the same bytes."""
    settings = edition.settings
    own, every = (" ".join(sentences(edition.findings, texts, set(tables))) for tables in (LEADS, ALL))
    counted = [
        listings.forecast(edition.results["forecast"], settings, texts),
        listings.initiatives(edition.initiatives, edition.results.get("impact"), settings, texts),
        listings.investigations(edition.results["investigations"], settings, texts),
        listings.waiting(
            gathered.waiting,
            gathered.attributes,
            settings,
            texts,
            unseen=unseen(edition.results["durations"]),
        ),
    ]
    sheets = [replace(listing, note=f"{own} {listing.note}".strip()) for listing in counted]
    sheets.append(listings.meanings(settings, texts))
    told = edition.results["forecast"]
    told = told[told["stage"] == settings.stage_keys[-1]]
    doubts = {pd.Timestamp(row["cohort_week"]): doubt_of(row) for row in told.to_dict("records")}
    shown = edition.shown_table()
    ahead = expected(shown, edition.results["expected" if "period" in shown else "forecast"], settings)
    sums = ["leads", *settings.stage_keys, "payments", "revenue", "spend", "expected_sales", "expected_leads"]
    contents = Contents(
        edition.report_date, gathered.flat, gathered.crossed, shown, sheets, doubts,
        ahead, own, every, marked_sums(edition.findings, sums),
        tuple(name for name in gathered.attributes if name not in gathered.crossed),
    )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    write_workbook(path, contents, settings, texts)
