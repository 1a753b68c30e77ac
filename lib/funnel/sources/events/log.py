"""A log, open: its rows by meaning, and the stage each says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from funnel.errors import InputError, Problem, nearest
from funnel.gate.personal import blot
from funnel.settings_events import Events
from funnel.sources import clean
from funnel.sources import table_file as tables
from funnel.sources.events import spread
from funnel.sources.exports.filters import left_out
from funnel.sources.exports.identity import one_writing, with_prefix
from funnel.sources.exports.outcome import folded
from funnel.sources.header_text import normal
from funnel.sources.profiles import profiles
from funnel.sources.tabular import Cells, Mask, Sheet

_OF = ": "  # between a pipeline and its stage


@dataclass(frozen=True, slots=True)
class Log:
    """The rows of a log: their numbers, cells by meaning, and the stage each says."""

    sheet: Sheet
    rows: npt.NDArray[np.int64]
    cells: dict[str, Cells]
    stage: pa.Array
    spoilt: Mask


def wanted(rules: Events) -> dict[str, tuple[str, ...]]:
    """Return what is read of a log: a name of our own -> headers, of which the first filled one counts."""
    given = {
        "lead_id": rules.lead_id,
        "stage": rules.stage,
        "entered_at": rules.entered_at,
        "pipeline": rules.pipeline,
        "reason": rules.reason,
        **{f"filter {name}": (name,) for name in (*rules.where, *rules.drop)},
        **{f"attribute {name}": (header,) for name, header in rules.attributes.items()},
    }
    return {name: headers for name, headers in given.items() if headers}


def find(
    header: Sequence[str], rules: Events, where: str
) -> tuple[dict[str, tuple[int, ...]], list[Problem]]:
    """Find the columns that the settings name; one that is not there is a problem."""
    plain = [normal(name) for name in header]
    found: dict[str, tuple[int, ...]] = {}
    problems = []
    for name, headers in wanted(rules).items():
        if rules.spread and name in ("stage", "entered_at"):
            found[name] = spread.named(header, headers)
            continue  # `spread.pairs` says what is wrong with them
        found[name] = tuple(n for one in headers for n, word in enumerate(plain) if word == normal(one))
        if not found[name]:
            what = f"it has no column {headers[0]!r} ({name}){nearest(headers[0], header)}"
            problems.append(Problem(where, what, todo="correct the key events in the settings"))
    return found, problems


def header_row(rows: Sequence[Sequence[str]], rules: Events) -> int:
    """Return the row of a log's header: the first with its columns, else the first."""
    needed = {normal(name) for name in rules.lead_id}
    if not rules.spread:
        needed |= {normal(name) for name in (*rules.stage, *rules.entered_at)}
    return next((n for n, row in enumerate(rows) if needed <= {normal(cell) for cell in row}), 0)


def open_log(path: Path, sheet_name: str, rules: Events, tell: Callable[[str], None]) -> Log:
    """Read a log, leave rows out as the settings say, and name the stage of each of the others.

    Raises:
        InputError: it cannot be used, or a stage has no meaning; all problems at once.
    """
    where = f"{path}, sheet {sheet_name}" if sheet_name else str(path)
    row = header_row(tables.head(path, sheet_name), rules)
    sheet, places, found = (_spread if rules.spread else _long)(path, sheet_name, rules, row, where, tell)
    if sheet.notice:
        tell(f"{where}: {sheet.notice}")
    cells = {name: clean.coalesced(sheet, places, at) for name, at in found.items()}
    filters = {
        name.removeprefix("filter "): c.text() for name, c in cells.items() if name.startswith("filter ")
    }
    out, told = left_out(filters, rules.where, rules.drop)
    for text in told:
        tell(f"{where}: {text}")
    keep = ~out if filters else np.ones(len(sheet.rows), bool)
    if rules.pipelines:
        keep &= _inside(cells["pipeline"].text(), keep, rules, where, tell)
    cells = {
        name: Cells(c.values.filter(pa.array(keep)), None if c.kinds is None else c.kinds[keep])
        for name, c in cells.items()
    }
    kind = profiles()[rules.profile].ids if rules.profile in profiles() else "plain"
    ids, spoilt = one_writing(cells["lead_id"].text(), kind)
    cells["lead_id"] = with_prefix(Cells(ids, cells["lead_id"].kinds), rules.id_prefix)
    return Log(sheet, sheet.rows[keep], cells, _stages(cells, rules, where), spoilt)


Columns = tuple[Sheet, list[int], dict[str, tuple[int, ...]]]
"""A sheet, the positions of its columns in the file, and where each of our own names stands."""


def _long(
    path: Path, sheet_name: str, rules: Events, row: int, where: str, tell: Callable[[str], None]
) -> Columns:
    """Read the columns of a log of a row a change."""
    del tell
    laid: list[tuple[dict[str, tuple[int, ...]], list[Problem]]] = []
    places: list[int] = []

    def choose(header: tuple[str, ...]) -> Sequence[int]:
        laid.append(find(header, rules, where))
        places.extend(sorted({0, *(place for several in laid[0][0].values() for place in several)}))
        return places

    sheet = tables.read_table(path, sheet_name, choose, row)
    found, problems = laid[0]
    if problems:
        raise InputError("", problems)
    return sheet, places, found


def _spread(
    path: Path, sheet_name: str, rules: Events, row: int, where: str, tell: Callable[[str], None]
) -> Columns:
    """Read a log of a row a lead, and make a row a change of it."""
    sheet = tables.read_table(path, sheet_name, lambda header: range(len(header)), row)
    header, width = sheet.names, spread.width_of(sheet.names, sheet)
    changes, problems = spread.pairs(header, width, rules, where)
    found, more = find(header, rules, where)
    problems += more
    if problems:
        raise InputError("", problems)
    every = spread.whole(sheet, width)
    if full := spread.full_rows(every, changes):
        tell(
            f"{where}: {full:,} leads have a change in each of its {len(changes)} columns: the first ones of "
            "these leads may be gone"
        )
    long, places = spread.unpivoted(every, changes)
    tell(f"{where}: {len(every.rows):,} rows of leads hold {len(long.rows):,} changes of stage")
    return long, places, {**found, "stage": (changes[0].stage,), "entered_at": (changes[0].time,)}


def _inside(pipeline: pa.Array, among: Mask, rules: Events, where: str, tell: Callable[[str], None]) -> Mask:
    """Say which rows are of a pipeline of the funnel; the others are counted and told."""
    names = {folded(name) for name in rules.pipelines}
    encoded = pipeline.fill_null("").dictionary_encode()
    known = pa.array([folded(name) in names for name in encoded.dictionary.to_pylist()], pa.bool_())
    ours: Mask = known.take(encoded.indices).to_numpy(zero_copy_only=False)
    outside = pipeline.fill_null("").filter(pa.array(~ours & among)).value_counts().to_pylist()
    if outside:
        listed = ", ".join(f"{blot(one['values'] or '(none)')} ({one['counts']:,})" for one in outside)
        tell(f"{where}: pipelines outside the funnel, passed over: {listed}")
    return ours


def _stages(cells: dict[str, Cells], rules: Events, where: str) -> pa.Array:
    """Return the stage of the funnel that each row says; null where it says none."""
    words = {folded(name): key for name, key in rules.stages.items()}
    text = cells["stage"].text()
    if rules.pipelines:
        words = {
            folded(f"{pipeline}{_OF}{name}"): key
            for pipeline, stages in rules.pipelines.items()
            for name, key in stages.items()
        }
        text = pc.binary_join_element_wise(cells["pipeline"].text(), text, _OF)
    encoded = text.dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    counts = {one["values"]: one["counts"] for one in text.drop_null().value_counts().to_pylist()}
    known = [f"{p}{_OF}{name}" for p, stages in rules.pipelines.items() for name in stages] or [*rules.stages]
    key = "pipelines" if rules.pipelines else "stages"
    problems = [
        Problem(
            where,
            f"{counts[name]:,} rows name the stage {blot(name)!r}, which is not mapped"
            + nearest(name, known),
            ", ".join(known),
            f"add it to events.{key}, with a stage of the funnel, lead (none yet) or lost",
        )
        for name in distinct
        if folded(name) not in words
    ]
    if problems:
        raise InputError("", problems)
    return pa.array([words[folded(name)] for name in distinct], pa.string()).take(encoded.indices)
