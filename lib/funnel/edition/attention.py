"""Where to look, who digs, and what the initiatives did.

| name | a row is |
|---|---|
| `deviations` | a step of a segment beside target, tolerance or history (`analysis.attention.deviations`), with its `name` and the `investigation` that covers it |
| `newest` | a step of the newest cohorts of all leads beside the usual (`analysis.attention.newest`) |
| `flag_lines` | a cohort week of one of the first flags: its conversion at equal age |
| `arrivals` | leads of the newest week beside what was to be expected (`analysis.attention.arrivals`), with `stage`, `name`, `investigation` |
| `shapes` | a known shape of trouble (`analysis.attention.shapes`), with the `name` it is answered by and the `investigation` that does |
| `investigations` | an investigation as of the report date (`schema.INVESTIGATION_COLUMNS`) |
| `proposed` | an initiative that has not begun (`edition.proposed.PROPOSED_COLUMNS`) |
| `meetings` | a decision or question as of the report date (`schema.MEETING_COLUMNS`) |
| `impact` | an initiative and metric: expected and measured (`analysis.initiatives.impact`) |
| `lines` | a cohort week of an initiative in detail: its treated leads and the others (`analysis.initiatives.impact.lines`) |
| `scoreboard` | an initiative, and all of them: how good the hypotheses were (`analysis.initiatives.verdict`) |
| `edits` | a key of an initiative's file changed after its start (`schema.EDIT_COLUMNS`) |
"""  # noqa: E501

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from funnel.analysis.attention.arrivals import arrivals
from funnel.analysis.attention.deviations import deviations, name_of
from funnel.analysis.attention.newest import newest
from funnel.analysis.attention.shapes import shapes
from funnel.analysis.cohorts import table as cohorts
from funnel.analysis.initiatives.impact import impact, lines
from funnel.analysis.initiatives.verdict import scoreboard
from funnel.columns import OVERALL
from funnel.dates import complete_weeks, week_of
from funnel.edition.logbook import meetings_at
from funnel.edition.model import in_detail
from funnel.edition.proposed import proposed
from funnel.logbook import Investigation
from funnel.schema import INVESTIGATION_COLUMNS
from funnel.settings import LEAD

if TYPE_CHECKING:
    from funnel.edition.results import Cubes

OPEN = "open"
DRAWN_FLAGS = 4
DRAWN_WEEKS = 39
WHOLE = "overall_rate"
LINE_COLUMNS = ("initiative", "metric", "cohort_week", "group", "base", "reached", "rate", "period", "at_age")
FLAG_LINE_COLUMNS = (
    "name", "cohort_week", "stage", "age_weeks", "base", "reached", "rate", "low", "high", "at_age",
)  # fmt: skip


def attention(cubes: Cubes) -> dict[str, pd.DataFrame]:
    """Return the results by name; see the table above.

    Args:
        cubes: with every attribute, and the pairs of attributes that initiatives are scoped by.
    """
    dug = investigations_at(cubes.investigations, cubes.report_date)
    flags = flagged(cubes, dug)
    steps, day, known = cubes.settings.steps, cubes.report_date, cubes.initiatives
    measured = impact(cubes.reached, steps, day, known, cubes.paid)
    return {
        "deviations": flags,
        "newest": judged(cubes),
        "flag_lines": _flag_lines(cubes, flags),
        "arrivals": watched(cubes, dug),
        "shapes": shaped(cubes, dug),
        "investigations": dug,
        "proposed": proposed(cubes.reached, cubes.paid, steps, day, known),
        "meetings": meetings_at(cubes.meetings, cubes.report_date),
        "impact": measured,
        "lines": _lines(cubes),
        "scoreboard": scoreboard(measured),
        "edits": cubes.edits,
    }


def flagged(cubes: Cubes, dug: pd.DataFrame) -> pd.DataFrame:
    """Return the deviations, each with its `name` and the id of the `investigation` that covers it.

    Args:
        cubes: with every attribute.
        dug: `schema.INVESTIGATION_COLUMNS`.
    """
    frame = deviations(
        cubes.reached,
        cubes.settings.steps,
        cubes.report_date,
        cubes.settings.targets,
        cubes.paid,
        initiatives=cubes.initiatives,
        calendar=cubes.calendar,
    )
    return _answered(frame, dug)


def judged(cubes: Cubes) -> pd.DataFrame:
    """Return whether the newest cohorts of all leads are better than usual, or worse."""
    steps, day = cubes.settings.steps, cubes.report_date
    return newest(cubes.reached, steps, day, cubes.initiatives, cubes.calendar)


def watched(cubes: Cubes, dug: pd.DataFrame) -> pd.DataFrame:
    """Return the arrivals, each with `stage` (lead), `name` and the `investigation` that covers it."""
    frame = arrivals(cubes.reached, cubes.settings.steps, cubes.report_date, cubes.calendar)
    return _answered(frame.assign(stage=LEAD, weeks=1, first_week=frame["cohort_week"]), dug)


def shaped(cubes: Cubes, dug: pd.DataFrame) -> pd.DataFrame:
    """Return the shapes, each with the `name` of the flag it is answered by, and what answers it.

    A shape of the whole is that of the total, a fault in a stage that of the stage.
    """
    frame = shapes(
        cubes.reached,
        cubes.settings.steps,
        cubes.report_date,
        initiatives=cubes.initiatives,
        calendar=cubes.calendar,
    )
    fault = frame["attribute"] == "stage"
    weeks = (pd.to_datetime(frame["last_week"]) - pd.to_datetime(frame["first_week"])).dt.days // 7 + 1
    asked = frame.assign(
        stage=frame["value"].where(fault, OVERALL),
        value=frame["value"].mask(fault, ""),
        attribute=frame["attribute"].mask(fault, ""),
        weeks=weeks,
    )
    answered = _answered(asked, dug)
    return frame.assign(name=answered["name"], investigation=answered["investigation"])


def _answered(frame: pd.DataFrame, dug: pd.DataFrame) -> pd.DataFrame:
    names = [name_of(*row) for row in frame[["attribute", "value", "stage"]].itertuples(index=False)]
    return frame.assign(name=pd.Series(names, dtype=object), investigation=covered_by(frame, dug))


def covered_by(flags: pd.DataFrame, dug: pd.DataFrame) -> pd.Series:
    """Return for each deviation the id of the investigation that covers it; '' where nobody digs.

    It covers the same segment and stage if the cohort weeks overlap; an open one has no last week unless it
    says so, a closed one ends with the week of its closing. Open ones go before closed, newer before older.
    """
    ordered = dug.assign(is_open=dug["state"] == OPEN).sort_values(
        ["is_open", "opened"], ascending=False, kind="stable"
    )
    until = ordered["last_week"].fillna(ordered["closed"]).fillna(pd.Timestamp.max)
    found = []
    for row in flags.to_dict("records"):
        last = row["first_week"] + pd.Timedelta(weeks=int(row["weeks"]) - 1)
        same = (
            (ordered["attribute"] == row["attribute"])
            & (ordered["value"] == row["value"])
            & (ordered["stage"] == row["stage"])
            & (ordered["first_week"] <= last)
            & (until >= row["first_week"])
        )
        found.append(str(ordered.loc[same, "id"].iloc[0]) if same.any() else "")
    return pd.Series(found, index=flags.index, dtype=object)


def investigations_at(items: Sequence[Investigation], report_date: dt.date) -> pd.DataFrame:
    """Return the investigations as they stood on a report date; those opened later are left out."""
    rows = []
    for item in items:
        if item.opened > report_date:
            continue
        over = item.closed is not None and item.closed <= report_date
        end = item.closed if over and item.closed else report_date
        rows.append(
            {
                **item.model_dump(include={"id", "attribute", "value", "stage", "question", "who"}),
                "opened": item.opened,
                "closed": item.closed if over else None,
                "state": item.state if over else OPEN,
                "age_weeks": (end - item.opened).days // 7,
                "first_week": week_of(item.first_week),
                "last_week": week_of(item.last_week) if item.last_week else None,
                "finding": item.finding if over else "",
            }
        )
    frame = pd.DataFrame(rows, columns=list(INVESTIGATION_COLUMNS)).astype({"age_weeks": "int64"})
    for name in ("opened", "closed", "first_week", "last_week"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[ns]")
    return frame


def _lines(cubes: Cubes) -> pd.DataFrame:
    """The headline metric, which is that of the first hypothesis, and the whole."""
    steps, day, known = cubes.settings.steps, cubes.report_date, cubes.initiatives
    parts = [
        lines(cubes.reached, steps, day, item, metric, known).assign(initiative=item.id, metric=metric)
        for item in known
        if in_detail(item, day)
        for metric in dict.fromkeys((item.hypotheses[0].metric, WHOLE))
    ]
    parts = [part for part in parts if len(part)]
    columns = list(LINE_COLUMNS)
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _flag_lines(cubes: Cubes, flags: pd.DataFrame) -> pd.DataFrame:
    shown = flags[flags["flag"]].drop_duplicates("name").head(DRAWN_FLAGS)
    first = cubes.reached["cohort_week"].min().date()
    weeks = [week for week in complete_weeks(cubes.report_date, DRAWN_WEEKS) if week >= first]
    parts = []
    for row in shown.to_dict("records"):
        age = max(int(row["at_age"]), cubes.settings.reading_age)
        cube = cohorts.select(cubes.reached, row["attribute"])
        mine = cube[cube["value"] == row["value"]].assign(attribute="", value="")
        line = cohorts.history(mine, cubes.settings.steps, cubes.report_date, weeks, age)
        parts.append(line[line["stage"] == row["stage"]].assign(name=row["name"], at_age=age))
    columns = list(FLAG_LINE_COLUMNS)
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
