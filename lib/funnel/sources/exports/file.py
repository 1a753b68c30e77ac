"""One file of deals: how its leads stand, with dates, and when it was made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from funnel.errors import InputError, Problem
from funnel.gate.personal import blot
from funnel.settings import LEAD, LOST, Settings
from funnel.settings_exports import Export, Wide
from funnel.settings_files import FileRules
from funnel.sources import clean
from funnel.sources import table_file as tables
from funnel.sources.exports import outcome as outcomes
from funnel.sources.exports.columns import LOST_SIGN, Columns, one_row_a_deal, take, with_amounts, with_ids
from funnel.sources.exports.ends import closed_at, outcome_of
from funnel.sources.exports.filters import left_out
from funnel.sources.exports.identity import are_floats
from funnel.sources.exports.layout import TIMES, Layout, lay_out
from funnel.sources.exports.look import propose
from funnel.sources.exports.made_on import NEVER, made_on
from funnel.sources.exports.matching import alias_names, matched
from funnel.sources.exports.opened import Opened, kept
from funnel.sources.exports.stages import inside, stages
from funnel.sources.instants import Instants, Writing, read_instants
from funnel.sources.profiles import Profile
from funnel.sources.tabular import Cells, Sheet


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
    if are_floats(columns.text("lead_id")):
        tell(f"{where}: its ids are written as numbers with .0 behind them, which is taken off")
    columns, changed = with_ids(columns, profile.ids, rules.id_prefix)
    lost = pc.match_substring_regex(columns.text("amount"), LOST_SIGN)
    if count := pc.sum(lost).as_py():
        code = rules.currency or settings.currency
        tell(
            f"{where}: {count:,} amounts bear a sign of currency that the file's encoding lost (?): they are "
            f"taken in {code}; if they are in another, set {rules.key}.currency, or export as UTF-8"
        )
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
    outcome = outcome_of(columns, words, times, reason, stands, rules, settings, sheet.where, tell)
    closed = closed_at(times, outcome, len(columns))
    lost = pc.or_kleene(pc.equal(outcome, outcomes.LOST_STATE), pc.equal(stands, LOST)).fill_null(False)
    reason = pc.if_else(lost, reason, pa.scalar(None, pa.string()))
    nobody = np.zeros(len(columns), bool)
    return Opened(
        sheet, layout, rules, profile, writing, columns, nobody, pa.nulls(len(columns), pa.string()), times,
        dates, stands, outcome, reason, closed, NEVER,
    )  # fmt: skip


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
