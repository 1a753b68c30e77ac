"""The facts of an edition that the explorer shows, in the form of `explorer/src/cube.ts`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from funnel.analysis.cohorts.table import SMALL
from funnel.analysis.cube.cross import Cross, leads_by
from funnel.calendar import working_share
from funnel.dates import PERIODS, Period, period_start, weeks_in
from funnel.present.explorer.contents import Contents
from funnel.present.parts import theme as look
from funnel.present.parts.escape import clean
from funnel.present.parts.final import GREY
from funnel.present.parts.periods import period_name
from funnel.present.parts.texts import MINUS, Texts, catalogue
from funnel.settings import LANGUAGES, Language, Settings

OWN = "explorer_"
"""What the keys of the page's own texts begin with."""
SHARED = (
    "all_leads", "col_age", "col_cohort", "col_interval", "col_leads", "col_rate", "doubt_",
    "n_leads", "not_given", "note_coloured", "note_equal_age", "note_expected", "note_few", "note_imported",
    "note_not_reliable", "note_unripe", "stage_overall", "subtitle", "tile_few",
)  # fmt: skip
"""The report's texts that the page shows too; one that ends in _ stands for all that begin so."""
LABEL = 80
"""Characters of a value that are shown."""


def header(contents: Contents, settings: Settings) -> dict[str, object]:
    """Return the facts: texts in both languages, names, periods, what is expected, marks."""
    table = contents.cross
    texts = {language: Texts(language) for language in LANGUAGES}
    periods = {period: _periods(table.weeks, period, contents.report_date, texts) for period in PERIODS}
    share = working_share(contents.calendar, table.weeks)
    stamps = [pd.Timestamp(week) for week in table.weeks]
    return {
        "company": clean(settings.company),
        "date": {language: text.date(contents.report_date) for language, text in texts.items()},
        "report_date": contents.report_date.isoformat(),
        "languages": [*contents.reports, *(other for other in LANGUAGES if other not in contents.reports)],
        "reports": dict(contents.reports),
        "texts": {language: _texts(language) for language in LANGUAGES},
        "formats": {language: _formats(text) for language, text in texts.items()},
        "steps": [
            {
                "key": key,
                "names": {language: clean(text.stage(key, settings)) for language, text in texts.items()},
                "colour": _hue(key, settings),
            }
            for key in table.steps
        ],
        "attributes": [*_attributes(table, settings, texts)],
        "slices": [name for name in settings.slices if name in table.attributes],
        "weeks": [week.isoformat() for week in table.weeks],
        "ages": list(contents.ages),
        "imported": [at for at, stamp in enumerate(stamps) if stamp in contents.imported],
        "periods": periods,
        "expected": _expected(contents, settings, periods),
        "marks": [
            {
                "names": {language: clean(name) for language, name in mark.names.items()},
                "start": mark.start.isoformat(),
                "end": mark.end.isoformat() if mark.end else None,
            }
            for mark in contents.marks
        ],
        "holidays": {at: round(1 - part, 3) for at, part in enumerate(share.tolist()) if part < 1},
        "gaps": {language: list(contents.gaps.get(language, ())) for language in LANGUAGES},
        "hurt": sorted(contents.hurt),
        "young": settings.young_weeks,
        "small": SMALL,
        "tail": GREY,
        "age": contents.read_age,
        "period": contents.period,
        "cohorts": settings.cohorts,
        "horizon": settings.horizon_weeks,
        "min_cell": settings.explorer.min_cell,
        "left_out": {language: _left_out(contents, settings, text) for language, text in texts.items()},
    }


def _attributes(
    table: Cross, settings: Settings, texts: Mapping[Language, Texts]
) -> Iterator[dict[str, object]]:
    for name, values in zip(table.attributes, table.values, strict=True):
        shown = [clean(value, LABEL) for value in values]
        yield {
            "name": name,
            "names": {language: clean(text.attribute(name, settings)) for language, text in texts.items()},
            "values": values,
            "labels": {
                at: label
                for at, (label, value) in enumerate(zip(shown, values, strict=True))
                if label != value
            },
        }


def _left_out(contents: Contents, settings: Settings, texts: Texts) -> str:
    """Say which attributes are left out; '' where none is."""
    if not contents.left_out:
        return ""
    names = ", ".join(clean(texts.attribute(name, settings)) for name in contents.left_out)
    return texts.t("explorer_left_out", names=names, n=texts.number(settings.explorer.cells))


def _texts(language: Language) -> dict[str, object]:
    wanted = (OWN, *(key for key in SHARED if key.endswith("_")))
    return {
        key: entry.strip()
        if isinstance(entry, str)
        else {form: words.strip() for form, words in entry.items()}
        for key, entry in catalogue(language).items()
        if key.startswith(wanted) or key in SHARED
    }


def _formats(texts: Texts) -> dict[str, str]:
    """Return the separators of the language, as its numbers show them."""
    sample = texts.number(1111.5, 1)
    return {"group": sample[1:-5], "decimal": sample[-2], "minus": MINUS}


def _hue(key: str, settings: Settings) -> str:
    if key in settings.stage_keys:
        count = len(look.load(settings).stages)
        return f"var(--stage-{settings.stage_keys.index(key) % count + 1})"
    return "var(--muted)"


def _periods(
    weeks: Sequence[dt.date], period: Period, report_date: dt.date, texts: Mapping[Language, Texts]
) -> dict[str, object]:
    begun = [period_start(week, period, report_date) for week in weeks]
    starts = sorted(set(begun))
    place = {start: at for at, start in enumerate(starts)}
    return {
        "of": [place[start] for start in begun],
        "starts": [start.isoformat() for start in starts],
        "labels": {
            language: [period_name(start, period, text) for start in starts]
            for language, text in texts.items()
        },
        "ticks": {
            language: [
                text.date(start) if period in ("week", "4weeks") else period_name(start, period, text)
                for start in starts
            ]
            for language, text in texts.items()
        },
        "weeks": [weeks_in(start, period) for start in starts],
    }


def _expected(
    contents: Contents, settings: Settings, periods: Mapping[Period, Mapping[str, object]]
) -> dict[str, list[object]]:
    """Return the expected numbers by period, slice and stage.

    Those are left out whose leads are not the ones the cube counts: of a period that began before its first
    week, or of a value some of whose leads stand in cells that were counted together.
    """
    counted = _leads(contents.cross, settings, periods)
    found: dict[str, list[object]] = {}
    for row in contents.expected.to_dict("records"):
        starts = periods[row["period"]]["starts"]
        assert isinstance(starts, list)
        start = row["start"].date().isoformat()
        if start not in starts:
            continue
        at = starts.index(start)
        if counted.get((row["period"], at, row["attribute"], row["value"])) != row["leads"]:
            continue
        key = "\x01".join((row["period"], str(at), row["attribute"], row["value"], row["stage"]))
        numbers = [float(f"{row[name]:.10g}") for name in ("mean", "low", "high", "tail_share")]
        found[key] = [row["leads"], *numbers, row["reason"]]
    return found


def _leads(
    table: Cross, settings: Settings, periods: Mapping[Period, Mapping[str, object]]
) -> dict[tuple[str, int, str, str], int]:
    """Return the leads that the cube counts by period and slice."""
    found: dict[tuple[str, int, str, str], int] = {}
    for attribute in ("", *(name for name in settings.slices if name in table.attributes)):
        frame = leads_by(table, attribute)
        for period, facts in periods.items():
            at = np.asarray(facts["of"])[frame["week"].to_numpy()]
            names, leads = frame["value"].astype(str), frame["leads"].to_numpy(np.int64)
            for place, value, many in zip(at.tolist(), names, leads.tolist(), strict=True):
                key = (period, int(place), attribute, value)
                found[key] = found.get(key, 0) + many
    return found
