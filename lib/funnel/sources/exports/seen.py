"""What stands in a file of deals: rows by pipeline and stage, the ends among them, the order of its dates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from funnel.settings_exports import ColumnField, Export
from funnel.sources import clean
from funnel.sources import table_file as tables
from funnel.sources.exports import outcome as outcomes
from funnel.sources.exports.columns import Columns, take, with_amounts
from funnel.sources.exports.layout import TIMES, Layout, lay_out
from funnel.sources.exports.stage_guess import end
from funnel.sources.exports.stages import split_reason
from funnel.sources.header_text import currency_of, normal
from funnel.sources.instants import read_instants
from funnel.sources.profiles import Profile
from funnel.sources.tabular import Sheet

_USELESS = re.compile(r"dupl|дубл|test|тест|spam|спам", re.IGNORECASE)


@dataclass(slots=True)
class Seen:
    """What stands in a file: rows by pipeline and stage, and what tells of the stages' order."""

    profile: Profile
    header: Sequence[str]
    layout: Layout
    stages: dict[str, Counter[str]] = field(default_factory=dict)
    states: dict[tuple[str, str], str] = field(default_factory=dict)
    chance: dict[str, float] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    currency: str = ""
    dates: str = ""
    unsettled: bool = False
    reasons: Counter[str] = field(default_factory=Counter)
    guessed: set[str] = field(default_factory=set)
    ids: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))

    def called(self, name: str) -> Seen:
        """Return the same with a name for the pipeline of a file that has no column of it."""
        stages = {pipeline or name: found for pipeline, found in self.stages.items()}
        states = {(pipeline or name, stage): state for (pipeline, stage), state in self.states.items()}
        return replace(self, stages=stages, states=states)


def put_together(newer: Seen, older: Seen) -> Seen:
    """Return what stands in two files: of a pipeline that both have, the newer one tells first."""
    stages = {name: Counter(found) for name, found in newer.stages.items()}
    for pipeline, found in older.stages.items():
        mine = stages.setdefault(pipeline, Counter())
        mine.update({stage: count for stage, count in found.items() if stage not in mine})
    counts = Counter(newer.counts)
    if not set(newer.stages) & set(older.stages):
        counts.update(older.counts)
    return replace(
        newer,
        stages=stages,
        states={**older.states, **newer.states},
        chance={**older.chance, **newer.chance},
        counts=counts,
        currency=newer.currency or older.currency,
        dates=newer.dates or older.dates,
        unsettled=(newer.unsettled or older.unsettled) and not (newer.dates or older.dates),
        reasons=newer.reasons | older.reasons,
        guessed=newer.guessed | older.guessed,
        ids=pa.concat_arrays([newer.ids, older.ids]),
    )


def look(
    path: Path,
    sheet: str,
    profile: Profile,
    skip: int,
    rules: Export,
    own: Mapping[ColumnField, tuple[str, ...]],
) -> Seen:
    """Look into a file of deals.

    Args:
        path: the file.
        sheet: of a workbook, '' else.
        profile: whose export it is.
        skip: rows before the header that are not blank.
        rules: the settings, for their names of columns.
        own: further names of columns.

    Raises:
        InputError: the file cannot be read.
    """
    laid: list[tuple[Sequence[str], Layout]] = []
    places: list[int] = []
    chances: list[int] = []
    bare = Export.model_validate({**rules.columns, "aliases": rules.aliases})

    def choose(header: tuple[str, ...]) -> Sequence[int]:
        layout = lay_out(header, bare, profile, str(path), dict(own))
        laid.append((header, layout))
        chances.extend(columns_at(header, profile, profile.chance)[:1])
        first = next((place for place, name in enumerate(header) if name.strip()), 0)
        places.extend(sorted({*layout.used, *chances, first}))
        return places

    table = tables.read_table(path, sheet, choose, skip)
    header, layout = laid[0]
    seen = Seen(profile, header, layout)
    _count(seen, table, places, bare, chances)
    return seen


def columns_at(header: Sequence[str], profile: Profile, names: Sequence[str]) -> list[int]:
    """Return where the columns of some names stand, in the order of the names."""
    wanted = [normal(name) for name in names]
    there = [
        (wanted.index(word), n) for n, name in enumerate(header) if (word := profile.bare(name)) in wanted
    ]
    return [place for _, place in sorted(there)]


def _count(seen: Seen, table: Sheet, places: Sequence[int], rules: Export, chances: Sequence[int]) -> None:
    """Count rows by pipeline, stage and state; find the currency and the order of day and month."""
    columns, signs = with_amounts(take(table, places, seen.layout, rules))
    there = pc.and_(columns.text("lead_id").is_valid(), columns.text("created_at").is_valid())
    columns = columns.keep(there.to_numpy(zero_copy_only=False))
    first = pc.index_in(columns.text("lead_id"), columns.text("lead_id").unique())
    _, keep = _first_rows(first)
    whole = columns.keep(keep)
    words = outcomes.Words.of(seen.profile.won_words, seen.profile.lost_words)
    if "is_won" in whole.fields:
        closed = whole.text("is_closed") if "is_closed" in whole.fields else None
        states = outcomes.by_flags(whole.text("is_won"), closed)
    else:
        states = outcomes.by_words(whole.text("outcome" if "outcome" in whole.fields else "stage"), words)[0]
    chance = clean.coalesced(table, places, chances).text() if chances else None
    percents: dict[str, list[float]] = {}
    by_stage: dict[tuple[str, str], Counter[str]] = {}
    pipelines = whole.text("pipeline").fill_null("").to_pylist()
    stages = whole.text("stage").fill_null("").to_pylist()
    for pipeline, stage, state in zip(pipelines, stages, states.to_pylist(), strict=True):
        name, _ = split_reason(stage, seen.profile.lost_words)
        seen.stages.setdefault(pipeline, Counter())[name] += 1
        by_stage.setdefault((pipeline, name), Counter())[state or outcomes.OPEN] += 1
        seen.counts[state or outcomes.OPEN] += 1
    _repeated(seen, columns, by_stage)
    if chance is not None and len(chance) == len(table.rows):
        ids = clean.coalesced(table, places, seen.layout.fields["lead_id"]).text()
        raw = clean.coalesced(table, places, seen.layout.fields.get("stage", ())).text()
        for stage, text in zip(
            raw.filter(ids.is_valid()).to_pylist(), chance.filter(ids.is_valid()).to_pylist(), strict=True
        ):
            number = re.fullmatch(r"(\d+(?:[.,]\d+)?)\s*%?", text or "")
            if stage and number:
                percents.setdefault(stage, []).append(float(number[1].replace(",", ".")))
    seen.chance = {stage: median(values) for stage, values in percents.items()}
    separate = "outcome" in whole.fields
    for key, found in by_stage.items():
        seen.states[key] = outcomes.OPEN if separate else _state(key[1], found, words)
    if not separate:
        closed = (
            whole.text("is_closed") if "is_closed" in whole.fields and "is_won" not in whole.fields else None
        )
        _certain(seen)
        _by_names(seen, _all_closed(closed, pipelines, stages, seen) if closed is not None else frozenset())
    seen.counts["rows"] = len(whole)
    seen.ids = whole.text("lead_id")
    codes = [currency_of(text) for text in whole.text("currency_column").drop_null().to_pylist()]
    codes += signs.drop_null().to_pylist()
    common = Counter(code for code in codes if code).most_common(1)
    seen.currency = common[0][0] if common else (seen.layout.currency or "")
    seen.reasons = Counter(
        reason for reason in whole.text("lost_reason").drop_null().to_pylist() if _USELESS.search(reason)
    )
    _dates(seen, whole.fields.items())


def _repeated(seen: Seen, columns: Columns, by_stage: dict[tuple[str, str], Counter[str]]) -> None:
    """Add the stages that stand only in rows of a deal behind its first: they need a meaning too."""
    pairs = pa.table(
        [columns.text("pipeline").fill_null(""), columns.text("stage").fill_null("")], ["p", "s"]
    )
    for row in pairs.group_by(["p", "s"]).aggregate([([], "count_all")]).to_pylist():
        name, _ = split_reason(row["s"], seen.profile.lost_words)
        if (row["p"], name) not in by_stage:
            seen.stages.setdefault(row["p"], Counter())[name] += row["count_all"]
            by_stage[row["p"], name] = Counter()


def _first_rows(first: pa.Array) -> tuple[int, pa.Array]:
    """Return the first row of each deal: products may repeat it."""
    numbers = first.to_numpy()
    seen: set[int] = set()
    keep = []
    for number in numbers.tolist():
        keep.append(number not in seen)
        seen.add(number)
    return len(seen), np.array(keep, bool)


def _state(stage: str, found: Counter[str], words: outcomes.Words) -> str:
    """Return what a stage means: what its name says, else what all of its deals are."""
    said = words.state(stage)
    if said != outcomes.OPEN or not found:
        return said
    (state, count), *_ = found.most_common(1)
    return state if count == sum(found.values()) else outcomes.OPEN


def _certain(seen: Seen) -> None:
    """Take a stage of full or no probability for an end, if the others differ and no name says otherwise."""
    values = set(seen.chance.values())
    full = 1.0 if max(values, default=0) <= 1 else 100.0
    if len(values) < 3 or outcomes.WON in seen.states.values():
        return
    ends = {full: outcomes.WON, 0.0: outcomes.LOST_STATE}
    for pipeline, stage in seen.states:
        if state := ends.get(seen.chance.get(stage, -1.0)):
            _set(seen, pipeline, stage, state)


def _set(seen: Seen, pipeline: str, stage: str, state: str) -> None:
    """Take a stage that was thought open for an end."""
    seen.states[pipeline, stage] = state
    seen.counts[state] += seen.stages[pipeline][stage]
    seen.counts[outcomes.OPEN] -= seen.stages[pipeline][stage]


def _all_closed(
    closed: pa.Array, pipelines: list[str], stages: list[str], seen: Seen
) -> frozenset[tuple[str, str]]:
    """Return the stages in which every deal is closed."""
    states = outcomes.by_flags(closed, None).to_pylist()
    rows = zip(pipelines, stages, states, strict=True)
    still = {(p, split_reason(s, seen.profile.lost_words)[0]) for p, s, state in rows if state is None}
    return frozenset(key for key in seen.states if key not in still)


def _by_names(seen: Seen, closed: frozenset[tuple[str, str]]) -> None:
    """Guess the ends that nothing else tells, by the words in their names; that is told, to be checked."""
    for (pipeline, stage), state in list(seen.states.items()):
        if state != outcomes.OPEN:
            continue
        guess = end(stage) or ("lost" if (pipeline, stage) in closed else "")
        if guess == "won" and closed and (pipeline, stage) not in closed:
            guess = ""
        if guess:
            _set(seen, pipeline, stage, outcomes.WON if guess == "won" else outcomes.LOST_STATE)
            seen.guessed.add(stage)


def _dates(seen: Seen, fields: object) -> None:
    """Find the order of day and month where a column settles it for the others."""
    settled: set[str] = set()
    for name, cells in fields:  # type: ignore[attr-defined]
        if name not in TIMES or not pa.types.is_string(cells.values.type):
            continue
        text = cells.text()
        for order, pattern in (
            ("day-first", r"^(1[3-9]|2\d|3[01])[/-]\d{1,2}[/-]"),
            ("month-first", r"^\d{1,2}[/-](1[3-9]|2\d|3[01])[/-]"),
        ):
            if pc.any(pc.match_substring_regex(text, pattern)).as_py():
                settled.add(order)
        if read_instants(cells, "UTC").ambiguous.any():
            seen.unsettled = True
    seen.dates = settled.pop() if len(settled) == 1 else ""
    seen.unsettled = seen.unsettled and not seen.dates
