"""One file of deals: how its leads stand, with dates, and when it was made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from funnel.errors import InputError, Problem
from funnel.gate.personal import blot
from funnel.schema import INSTANT
from funnel.settings import LEAD, LOST, Settings
from funnel.settings_exports import ColumnField, Export, FileRules, Wide
from funnel.sources import clean
from funnel.sources import table_file as tables
from funnel.sources.exports import outcome as outcomes
from funnel.sources.exports.columns import Columns, one_row_a_deal, take, with_amounts, with_ids
from funnel.sources.exports.filters import left_out
from funnel.sources.exports.layout import TIMES, Layout, lay_out
from funnel.sources.exports.look import propose
from funnel.sources.exports.made_on import NEVER, made_on
from funnel.sources.exports.matching import alias_names, matched
from funnel.sources.exports.stages import inside, stages
from funnel.sources.instants import Instants, Writing, read_instants
from funnel.sources.profiles import Profile, profiles
from funnel.sources.tabular import Cells, Mask, Sheet


@dataclass(slots=True)
class Opened:
    """One file, for the rows of the funnel's pipelines.

    Attributes:
        sheet: where it is, and its ragged rows.
        layout: what stood where.
        rules, profile: the settings, and whose export it is.
        writing: how dates and amounts are written.
        columns: the clean cells.
        changed_ids: rows whose id was spoilt on the way.
        currency: ISO codes from the amounts; null where they say nothing.
        times: meaning -> times.
        stages: stage key -> the columns of its dates.
        stands: the stage each lead stands in: stage key, `lead`, `lost` or null (not known).
        outcome: won, lost, open or null (only the stage tells).
        reason: why it was lost.
        closed: when it was closed; null while it is open.
        seen_at: when the file was made.
    """

    sheet: Sheet
    layout: Layout
    rules: Export
    profile: Profile
    writing: Writing
    columns: Columns
    changed_ids: Mask
    currency: pa.Array
    times: dict[ColumnField, Instants]
    stages: dict[str, tuple[Instants, ...]]
    stands: pa.Array
    outcome: pa.Array
    reason: pa.Array
    closed: pa.Array
    seen_at: dt.datetime

    def __len__(self) -> int:
        return len(self.columns)

    def state(self, last: str) -> pa.Array:
        """Return the stage of each lead: the last of the funnel for a won one, `lost` for a lost one."""
        lost = pc.if_else(pc.equal(self.outcome, outcomes.LOST_STATE), LOST, self.stands)
        known = pc.if_else(pc.equal(self.outcome, outcomes.WON), last, lost)
        return pc.if_else(self.outcome.is_valid(), known, self.stands)

    def at(self, name: ColumnField) -> pa.Array:
        """Return the times of a meaning; nulls where the file does not have it."""
        return self.times[name].values if name in self.times else pa.nulls(len(self), INSTANT)


def open_file(
    path: Path, sheet_name: str, rules: Export, settings: Settings, tell: Callable[[str], None]
) -> Opened:
    """Read one file.

    Raises:
        InputError: it cannot be used, or the settings do not say what its stages mean; all problems at once.
    """
    where = f"{path}, sheet {sheet_name}" if sheet_name else str(path)
    match = matched(path, sheet_name, rules, settings)
    profile = match.profile
    laid: list[Layout] = []
    places: list[int] = []

    def choose(header: tuple[str, ...]) -> Sequence[int]:
        laid.append(lay_out(header, rules, profile, where, alias_names(rules, settings)))
        first = next((place for place, name in enumerate(header) if name.strip()), 0)
        places.extend(sorted({*laid[0].used, first}))  # the first column shows the lines under the table
        return places

    sheet = tables.read_table(path, sheet_name, choose, match.row)
    layout = laid[0]
    problems = [*layout.problems, *_unmapped(layout, rules, where)]
    if not problems and _untold(layout, rules):
        problems = [_proposed(path, sheet_name, settings, where)]
    if problems:
        raise InputError("", problems)
    for text in [sheet.notice] if sheet.notice else []:
        tell(f"{where}: {text}")
    for finding in dict.fromkeys(layout.findings):
        if finding.status in ("ambiguous", "unverified"):
            tell(f"{where}, column {finding.column}: {finding.text}")
    writing = Writing(FileRules(dates=rules.dates, timezone=rules.timezone, decimal=rules.decimal), rules.key)
    columns = _leads_of(take(sheet, places, layout, rules), rules, where, tell)
    columns, changed = with_ids(columns, profile.ids, rules.id_prefix)
    columns, currency = with_amounts(columns)
    add = (rules.product_rows or profile.product_rows) == "add"
    columns, kept, told = one_row_a_deal(columns, rules, add=add)
    if told:
        tell(f"{where}: {told}")
    opened = _understood(
        Sheet(where, (), (), sheet.rows, sheet.ragged),
        layout,
        rules,
        profile,
        writing,
        columns,
        settings,
        tell,
    )
    opened.changed_ids, opened.currency = changed[kept], currency.filter(pa.array(kept))
    opened.seen_at = made_on(path.name, _happened(opened), settings.timezone)
    return _without_lost(opened, where, tell)


def _happened(opened: Opened) -> list[pa.Array]:
    """Return the times of what had happened when the file was made."""
    names = ("created_at", "updated_at", "stage_changed_at")
    times = [found.values for name, found in opened.times.items() if name in names]
    times += [found.values for several in opened.stages.values() for found in several]
    return [*times, opened.closed]


def _unmapped(layout: Layout, rules: Export, where: str) -> list[Problem]:
    """Say what the settings do not tell of the pipelines."""
    if "pipeline" not in layout.fields and len(rules.pipelines) > 1:
        what = "it has no column of the pipeline, and the settings name several"
        return [Problem(where, what, todo="export one pipeline, and name only that one")]
    return []


def _untold(layout: Layout, rules: Export) -> bool:
    """Whether the file names stages, and nothing says what they mean."""
    if isinstance(rules, Wide) or rules.pipelines:
        return False
    return "stage" in layout.fields or not (layout.stages or "outcome" in layout.fields)


def _proposed(path: Path, sheet: str, settings: Settings, where: str) -> Problem:
    found = propose(path, sheet, settings)
    what = "exports.pipelines does not say yet what its stages mean in the funnel"
    if found is None:
        return Problem(where, what, todo="name its columns and its stages under exports")
    allowed = ", ".join((LEAD, *settings.stage_keys, LOST))
    todo = f"put this into the settings, in place of exports, and check each line:\n{found.lines}"
    return Problem(where, f"{what}; it looks like {found.title}", allowed, todo)


def _leads_of(columns: Columns, rules: Export, where: str, tell: Callable[[str], None]) -> Columns:
    """Leave out the rows that the settings leave out, and those of pipelines outside the funnel."""
    out, told = left_out(columns.filters, rules.where, rules.drop)
    if columns.filters:
        columns = columns.keep(~out)
    for text in told:
        tell(f"{where}: {text}")
    pipeline = columns.text("pipeline")
    ours = inside(pipeline, rules).to_numpy(zero_copy_only=False)
    filled = columns.text("lead_id").is_valid().to_numpy(zero_copy_only=False)
    outside = pipeline.filter(pa.array(~ours & filled)).value_counts().to_pylist()
    if outside:
        listed = ", ".join(f"{blot(one['values'] or '(none)')} ({one['counts']:,})" for one in outside)
        tell(f"{where}: pipelines outside the funnel, passed over: {listed}")
    return columns.keep(ours | ~filled)


def _understood(
    sheet: Sheet,
    layout: Layout,
    rules: Export,
    profile: Profile,
    writing: Writing,
    columns: Columns,
    settings: Settings,
    tell: Callable[[str], None],
) -> Opened:
    """Read dates, stages and outcomes.

    Raises:
        InputError: dates that can be read two ways, or stages without a mapping.
    """
    words = outcomes.Words.of(
        (*profile.won_words, *rules.won_words), (*profile.lost_words, *rules.lost_words)
    )
    empty = tuple(dict.fromkeys((*profile.open_words, *rules.open_words, *rules.empty, "-")))
    problems: list[Problem] = []

    def read(cells: Cells, name: str) -> Instants:
        found = read_instants(clean.without_words(cells, empty), settings.timezone, writing)
        problems.extend(found.problems(f"{sheet.where}, {name}", rules.key))
        return found

    times = {name: read(columns.fields[name], name) for name in TIMES if name in columns.fields}
    dates = {
        key: tuple(read(cells, f"the date of {key}") for cells in several)
        for key, several in columns.stages.items()
    }
    reason = clean.blotted(columns.text("lost_reason"))
    if rules.pipelines:
        filled = columns.text("lead_id").is_valid()
        stage = pc.if_else(filled, columns.text("stage"), pa.scalar(None, pa.string()))
        ends = ((*profile.won_words, *rules.won_words), (*profile.lost_words, *rules.lost_words))
        states = stages(columns.text("pipeline"), stage, rules, settings, ends, sheet.where)
        problems += states.problems
        stands, reason = states.stage, pc.coalesce(states.reason, reason)
    else:
        stands = pa.nulls(len(columns), pa.string())
    if problems:
        raise InputError("", problems)
    outcome = _outcome(columns, words, times, reason, stands, rules, settings, sheet.where, tell)
    closed = _closed(times, outcome, len(columns))
    lost = pc.or_kleene(pc.equal(outcome, outcomes.LOST_STATE), pc.equal(stands, LOST)).fill_null(False)
    reason = pc.if_else(lost, reason, pa.scalar(None, pa.string()))
    nobody = np.zeros(len(columns), bool)
    return Opened(
        sheet, layout, rules, profile, writing, columns, nobody, pa.nulls(len(columns), pa.string()), times,
        dates, stands, outcome, reason, closed, NEVER,
    )  # fmt: skip


def _outcome(
    columns: Columns,
    words: outcomes.Words,
    times: dict[ColumnField, Instants],
    reason: pa.Array,
    stands: pa.Array,
    rules: Export,
    settings: Settings,
    where: str,
    tell: Callable[[str], None],
) -> pa.Array:
    """Say which deals are won, lost and open: by a column, by yes and no, by the stage or the reason."""
    if "is_won" in columns.fields:
        closed = columns.text("is_closed") if "is_closed" in columns.fields else None
        return outcomes.by_flags(columns.text("is_won"), closed)
    if "outcome" in columns.fields:
        return outcomes.by_words(columns.text("outcome"), words)[0]
    if rules.pipelines:
        last = settings.stage_keys[-1]
        ended = pc.if_else(pc.equal(stands, LOST), outcomes.LOST_STATE, outcomes.OPEN)
        return pc.if_else(pc.equal(stands, last), outcomes.WON, ended)
    if "stage" in columns.fields:
        return outcomes.by_words(columns.text("stage"), words)[0]
    if "closed" not in times:
        return pa.nulls(len(columns), pa.string())
    known = outcomes.Words.of(
        [word for profile in profiles().values() for word in profile.won_words],
        [word for profile in profiles().values() for word in profile.lost_words],
    )
    for values in columns.guesses:
        found, _ = outcomes.by_words(values, known)
        if pc.any(pc.not_equal(found, outcomes.OPEN)).as_py():
            counts = {one["values"]: one["counts"] for one in found.value_counts().to_pylist()}
            listed = ", ".join(f"{state} {counts.get(state, 0):,}" for state in ("won", "lost", "open"))
            tell(
                f"{where}: a column tells which deals are won, lost and open, so that a date of closing "
                f"counts "
                f"only for those: {listed}; to be sure, name it as {rules.key}.outcome"
            )
            return found
    return outcomes.by_reason(times["closed"].values, reason)


def _closed(times: dict[ColumnField, Instants], outcome: pa.Array, size: int) -> pa.Array:
    """Return when each deal was closed: by the date of its own end, else that of closing."""
    none = pa.nulls(size, INSTANT)

    def at(name: ColumnField) -> pa.Array:
        return times[name].values if name in times else none

    won = pc.if_else(pc.equal(outcome, outcomes.WON), pc.coalesce(at("won"), at("closed")), none)
    lost = pc.if_else(pc.equal(outcome, outcomes.LOST_STATE), pc.coalesce(at("lost"), at("closed")), none)
    return pc.coalesce(won, lost)


def _without_lost(opened: Opened, where: str, tell: Callable[[str], None]) -> Opened:
    """Leave out by the reason of a loss that stands behind the stage, where no column has it."""
    rules = opened.rules
    if (
        not any("lost_reason" in part for part in (rules.where, rules.drop))
        or "lost_reason" in opened.columns.filters
    ):
        return opened
    out, told = left_out(
        {"lost_reason": opened.reason},
        {name: values for name, values in rules.where.items() if name == "lost_reason"},
        {name: values for name, values in rules.drop.items() if name == "lost_reason"},
    )
    for text in told:
        tell(f"{where}: {text}")
    return kept(opened, ~out)


def kept(opened: Opened, mask: Mask) -> Opened:
    """Return a file with some of its rows."""
    chosen = pa.array(mask)
    return replace(
        opened,
        columns=opened.columns.keep(mask),
        changed_ids=opened.changed_ids[mask],
        currency=opened.currency.filter(chosen),
        times={name: times.keep(mask) for name, times in opened.times.items()},
        stages={key: tuple(times.keep(mask) for times in several) for key, several in opened.stages.items()},
        stands=opened.stands.filter(chosen),
        outcome=opened.outcome.filter(chosen),
        reason=opened.reason.filter(chosen),
        closed=opened.closed.filter(chosen),
    )
