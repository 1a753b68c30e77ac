"""One file of an export: its cleaned columns, where its leads stand, and when it was made."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from funnel.errors import InputError, Problem
from funnel.schema import INSTANT
from funnel.settings import Settings
from funnel.settings_sources import Exports
from funnel.sources import cells as clean
from funnel.sources.convert import Fault
from funnel.sources.csv_file import read_csv
from funnel.sources.exports.aliases import Field, aliases
from funnel.sources.exports.layout import Layout, lay_out
from funnel.sources.exports.stages import States, stages
from funnel.sources.instants import read_instants
from funnel.sources.tabular import Cells, Mask, Sheet
from funnel.sources.xlsx_columns import read_columns

_DAY = re.compile(r"20\d\d-\d\d-\d\d")
NEVER = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - local wall clock, before all there is
_TIMES: tuple[Field, ...] = ("created_at", "updated_at", "closed_at")


@dataclass(slots=True)
class Export:
    """One file: its cleaned columns, row by row, for the rows of the funnel's pipelines."""

    sheet: Sheet
    layout: Layout
    fields: dict[Field, Cells]
    attributes: dict[str, pa.Array]
    states: States
    times: dict[Field, pa.Array]
    seen_at: dt.datetime
    usable: Mask = field(default_factory=lambda: np.zeros(0, bool))
    faults: list[Fault] = field(default_factory=list)


def open_export(path: Path, sheet_name: str, settings: Settings, tell: Callable[[str], None]) -> Export:
    """Read one file.

    Raises:
        InputError: it cannot be used, or the settings do not say what its stages mean; all problems at once.
    """
    rules = settings.exports or Exports()
    names = aliases(settings)
    where = f"{path}, sheet {sheet_name}" if sheet_name else str(path)
    laid: list[Layout] = []

    def choose(header: tuple[str, ...]) -> Sequence[int]:
        laid.append(lay_out(header, names, settings, where))
        return laid[0].used

    sheet = read_columns(path, sheet_name, choose) if sheet_name else read_csv(path, choose)
    layout = laid[0]
    problems = list(layout.problems)
    if "pipeline" not in layout.fields and len(rules.pipelines) > 1:
        what = "it has no column of the pipeline, and the settings name several"
        problems.append(Problem(where, what, todo="export one pipeline, and name only that one"))
    if problems:
        raise InputError("", problems)
    if sheet.notice:
        tell(f"{where}: {sheet.notice}")
    for finding in dict.fromkeys(layout.findings):
        if finding.status in ("ambiguous", "unverified"):
            tell(f"{where}, column {finding.column}: {finding.text}")
    fields = {name: clean.coalesced(sheet, layout.used, layout.fields.get(name, ())) for name in names}
    for name in _TIMES:
        problems += clean.order_problem(fields[name], rules.dates, f"{where}, {name}", "exports.dates")
        fields[name] = clean.dated(fields[name], rules.dates)
    fields["closed_at"] = clean.without_words(
        fields["closed_at"], (*clean.OPEN_WORDS, *rules.open_words, "-")
    )
    states = stages(
        fields["pipeline"].text(),
        fields["stage"].text(),
        clean.blotted(fields["lost_reason"].text()),
        settings,
        where,
    )
    problems += states.problems
    if problems:
        raise InputError("", problems)
    if states.outside:
        listed = ", ".join(f"{name or '(none)'} ({rows:,})" for name, rows in states.outside.items())
        tell(f"{where}: pipelines outside the funnel, passed over: {listed}")
    attributes = {
        name: _attribute(name, source, sheet, layout, rules) for name, source in rules.attributes.items()
    }
    return _inside(Export(sheet, layout, fields, attributes, states, {}, NEVER), path, settings)


def _attribute(name: str, source: str, sheet: Sheet, layout: Layout, rules: Exports) -> pa.Array:
    values = clean.coalesced(sheet, layout.used, layout.attributes[name]).text()
    kind, _, rest = source.partition(":")
    if kind == "tags":
        values = clean.tags(values, [word.strip() for word in rest.split("|") if word.strip()])
    return values if name in rules.personal else clean.blotted(values)


def _inside(export: Export, path: Path, settings: Settings) -> Export:
    """Keep the rows of the funnel's pipelines, read the times, and find when the export was made."""
    inside = export.states.stage.is_valid()
    rows = export.sheet.rows[inside.to_numpy(zero_copy_only=False)]
    export.sheet = Sheet(export.sheet.where, (), (), rows, export.sheet.ragged)
    mask = inside.to_numpy(zero_copy_only=False)
    export.fields = {
        name: Cells(cells.values.filter(inside), None if cells.kinds is None else cells.kinds[mask])
        for name, cells in export.fields.items()
    }
    export.attributes = {name: values.filter(inside) for name, values in export.attributes.items()}
    states = export.states
    export.states = States(states.stage.filter(inside), states.reason.filter(inside), states.outside, ())
    export.times = {name: read_instants(export.fields[name], settings.timezone).values for name in _TIMES}
    export.seen_at = _seen_at(path, export.times)
    return export


def _seen_at(path: Path, times: dict[Field, pa.Array]) -> dt.datetime:
    """Say when an export was made: on the day in its name, and not before the newest time in it."""
    found = _DAY.search(path.name)
    try:
        day = dt.datetime.fromisoformat(found[0]) if found else None
    except ValueError:
        day = None
    end = day + dt.timedelta(days=1) if day else NEVER
    inside = [
        values.filter(pc.less(values, pa.scalar(end, INSTANT))) if day else values
        for values in times.values()
    ]
    newest = [pc.max(values).as_py() for values in inside]
    return max((moment for moment in (*newest, day) if moment is not None), default=NEVER)
