"""Which settings would read a file of deals: from its header and from the stages that stand in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from funnel.settings import LEAD, LOST, Settings
from funnel.settings_exports import ColumnField, Export
from funnel.sources import cells as clean
from funnel.sources import tables
from funnel.sources.exports import outcome as outcomes
from funnel.sources.exports.columns import take, with_amounts
from funnel.sources.exports.layout import TIMES, Layout, lay_out
from funnel.sources.exports.matching import alias_names
from funnel.sources.exports.outcome import folded
from funnel.sources.exports.stage_guess import end, in_order, mapped
from funnel.sources.exports.stages import split_reason
from funnel.sources.header_text import currency_of, normal
from funnel.sources.instants import read_instants
from funnel.sources.personal import blot
from funnel.sources.profiles import Profile, recognised
from funnel.sources.proposal import Proposal, key_of, line
from funnel.sources.tabular import Sheet

SALE = "sale"
_USELESS = re.compile(r"dupl|дубл|test|тест|spam|спам", re.IGNORECASE)
_ANY = "all deals"


@dataclass(slots=True)
class _Seen:
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


def propose(path: Path, sheet: str, settings: Settings | None) -> Proposal | None:
    """Propose settings for a file of deals; None if its header is that of no CRM.

    Args:
        path: the file.
        sheet: of a workbook, '' else.
        settings: the stages that are to be used; None: stages are proposed too, as the CRM has them.

    Raises:
        InputError: the file cannot be read.
    """
    rules = (settings.exports if settings else None) or Export()
    own = {**(alias_names(rules, settings) if settings else {}), **rules.columns}
    match = recognised(tables.head(path, sheet), path.name, own)
    if match is None:
        return None
    seen = _seen(path, sheet, match.profile, match.row, rules, own)
    return _Lines(seen, rules, settings).proposal()


def _seen(
    path: Path,
    sheet: str,
    profile: Profile,
    skip: int,
    rules: Export,
    own: Mapping[ColumnField, tuple[str, ...]],
) -> _Seen:
    laid: list[tuple[Sequence[str], Layout]] = []
    places: list[int] = []
    chances: list[int] = []
    bare = Export.model_validate({**rules.columns, "aliases": rules.aliases})

    def choose(header: tuple[str, ...]) -> Sequence[int]:
        layout = lay_out(header, bare, profile, str(path), dict(own))
        laid.append((header, layout))
        chances.extend(_at(header, profile, profile.chance)[:1])
        first = next((place for place, name in enumerate(header) if name.strip()), 0)
        places.extend(sorted({*layout.used, *chances, first}))
        return places

    table = tables.read_table(path, sheet, choose, skip)
    header, layout = laid[0]
    seen = _Seen(profile, header, layout)
    _count(seen, table, places, bare, chances)
    return seen


def _at(header: Sequence[str], profile: Profile, names: Sequence[str]) -> list[int]:
    wanted = [normal(name) for name in names]
    there = [
        (wanted.index(word), n) for n, name in enumerate(header) if (word := profile.bare(name)) in wanted
    ]
    return [place for _, place in sorted(there)]


def _count(seen: _Seen, table: Sheet, places: Sequence[int], rules: Export, chances: Sequence[int]) -> None:
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
    codes = [currency_of(text) for text in whole.text("currency_column").drop_null().to_pylist()]
    codes += signs.drop_null().to_pylist()
    common = Counter(code for code in codes if code).most_common(1)
    seen.currency = common[0][0] if common else (seen.layout.currency or "")
    seen.reasons = Counter(
        reason for reason in whole.text("lost_reason").drop_null().to_pylist() if _USELESS.search(reason)
    )
    _dates(seen, whole.fields.items())


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


def _certain(seen: _Seen) -> None:
    """Take a stage of full or no probability for an end, if the others differ and no name says otherwise."""
    values = set(seen.chance.values())
    full = 1.0 if max(values, default=0) <= 1 else 100.0
    if len(values) < 3 or outcomes.WON in seen.states.values():
        return
    ends = {full: outcomes.WON, 0.0: outcomes.LOST_STATE}
    for pipeline, stage in seen.states:
        if state := ends.get(seen.chance.get(stage, -1.0)):
            _set(seen, pipeline, stage, state)


def _set(seen: _Seen, pipeline: str, stage: str, state: str) -> None:
    """Take a stage that was thought open for an end."""
    seen.states[pipeline, stage] = state
    seen.counts[state] += seen.stages[pipeline][stage]
    seen.counts[outcomes.OPEN] -= seen.stages[pipeline][stage]


def _all_closed(
    closed: pa.Array, pipelines: list[str], stages: list[str], seen: _Seen
) -> frozenset[tuple[str, str]]:
    """Return the stages in which every deal is closed."""
    states = outcomes.by_flags(closed, None).to_pylist()
    rows = zip(pipelines, stages, states, strict=True)
    still = {(p, split_reason(s, seen.profile.lost_words)[0]) for p, s, state in rows if state is None}
    return frozenset(key for key in seen.states if key not in still)


def _by_names(seen: _Seen, closed: frozenset[tuple[str, str]]) -> None:
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


def _dates(seen: _Seen, fields: object) -> None:
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


class _Lines:
    """A proposal on its way to become lines."""

    def __init__(self, seen: _Seen, rules: Export, settings: Settings | None) -> None:
        self.seen, self.rules, self.settings = seen, rules, settings
        self.notes: list[str] = []
        self.key = rules.key
        names = list(dict.fromkeys(stage for stages in seen.stages.values() for stage in stages if stage))
        opened = [name for name in names if self._is(name, outcomes.OPEN)]
        self.ordered, sure = in_order(opened, seen.chance)
        if settings:
            self.stages: dict[str, str] = {}
            called = {stage.key: tuple(stage.name.values()) for stage in settings.stages}
            self.meaning = mapped(self.ordered, settings.stage_keys, called)
            self.last = settings.stage_keys[-1]
        else:
            self.meaning = {}
            self.stages = {}
            for number, name in enumerate(self.ordered):
                same = next((other for other in self.meaning if folded(other) == folded(name)), None)
                if same:
                    self.meaning[name] = self.meaning[same]
                elif number == 0:
                    self.meaning[name] = LEAD
                else:
                    self.meaning[name] = key_of(name, list(self.stages))
                    self.stages[self.meaning[name]] = name
            self.last = SALE
            self.stages[SALE] = next((name for name in names if self._is(name, outcomes.WON)), "Won")
        if not sure and len(self.ordered) > 1:
            self.notes.append(
                "the order of the stages is a guess: put them in the order in which deals go on"
            )

    def _is(self, stage: str, state: str) -> bool:
        found = [value for (_, name), value in self.seen.states.items() if name == stage]
        return state in found and (state != outcomes.OPEN or set(found) == {outcomes.OPEN})

    def _means(self, pipeline: str, stage: str) -> str:
        state = self.seen.states.get((pipeline, stage), outcomes.OPEN)
        if state == outcomes.WON or self._is(stage, outcomes.WON):
            return self.last
        if state == outcomes.LOST_STATE or self._is(stage, outcomes.LOST_STATE):
            return LOST
        return self.meaning.get(stage, LEAD)

    def proposal(self) -> Proposal:
        seen = self.seen
        dates, ends = self._date_columns()
        body = [line("profile", seen.profile.name, 2)]
        if self.rules.aliases:
            body.append(line("aliases", str(self.rules.aliases), 2))
        body += [line(name, list(names), 2) for name, names in self.rules.columns.items()]
        if seen.dates:
            body.append(line("dates", seen.dates, 2, "the dates with slashes in it can only be so"))
        elif seen.unsettled:
            body.append("  # dates: day-first # or month-first: nothing in the file tells")
            self.notes.append(
                f"set {self.key}.dates to day-first or month-first: no date in the file settles it"
            )
        body += self._pipelines()
        if dates:
            body.append("  stages: # columns with the date a deal came to a stage")
            body += [line(key, names if len(names) > 1 else names[0], 4) for key, names in dates.items()]
        body += [line(name, names if len(names) > 1 else names[0], 2) for name, names in ends.items()]
        attributes = self._attributes()
        if attributes:
            body.append("  attributes: # column of the leads -> where it comes from")
            body += [line(name, source, 4) for name, source in attributes.items()]
        if seen.currency and "currency_column" not in seen.layout.fields and seen.layout.currency is None:
            body.append(line("currency", seen.currency, 2))
        if seen.reasons:
            names = ", ".join(f"{blot(name)} ({count})" for name, count in seen.reasons.most_common())
            body.append(
                line("drop", {"lost_reason": [blot(name) for name in seen.reasons]}, 2).replace(
                    "  drop", "  # drop", 1
                )
            )
            self.notes.append(
                f"these reasons of a loss may be no leads at all: {names}; `drop` leaves them out"
            )
        self._more_notes()
        counts = {name: int(seen.counts.get(name, 0)) for name in ("rows", "won", "lost", "open")}
        return Proposal(
            "exports", f"an export of {seen.profile.title}", seen.profile.name,
            "\n".join(["exports:", *body]) + "\n", counts, tuple(self.notes), self.stages, seen.currency,
            tuple(attributes),
        )  # fmt: skip

    def _pipelines(self) -> list[str]:
        if "stage" not in self.seen.layout.fields:
            return []
        body = [
            "  pipelines: # pipeline -> stage in the file -> stage of the funnel, lead (none yet) or lost"
        ]
        for pipeline, stages in sorted(self.seen.stages.items(), key=lambda item: -sum(item[1].values())):
            if not any(stages):
                continue
            body.append(line(blot(pipeline) or _ANY, "", 4).rstrip("' "))
            states = {outcomes.OPEN: 0, outcomes.WON: 1, outcomes.LOST_STATE: 2}
            order = {name: n for n, name in enumerate(self.ordered)}
            for stage in sorted(
                (name for name in stages if name),
                key=lambda name: (states[self.seen.states[pipeline, name]], order.get(name, 0)),
            ):
                key = self._means(pipeline, stage)
                note = f"{stages[stage]:,} deals" + self._doubt(stage, key)
                body.append(line(blot(stage), key, 6, note))
        return body

    def _doubt(self, stage: str, key: str) -> str:
        if stage in self.seen.guessed:
            return "; check"
        if not self.settings or key in (LOST, self.last) or folded(stage) == folded(key):
            return ""
        return "; check"

    def _date_columns(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """Return the columns of dates by the stage they mean, and those of the two ends."""
        stages: dict[str, list[str]] = {}
        ends: dict[str, list[str]] = {}
        pipelines = sorted((name for name in self.seen.stages if name), key=len, reverse=True)
        known = {folded(name): name for stages_ in self.seen.stages.values() for name in stages_}
        words = outcomes.Words.of(self.seen.profile.won_words, self.seen.profile.lost_words)
        for header in self.seen.header:
            match = next(
                (m for form in self.seen.profile.date_columns if (m := re.match(form, normal(header)))), None
            )
            if not match:
                continue
            stage = match["stage"]
            for pipeline in pipelines:
                stage = stage.removesuffix(f" ({folded(pipeline)})")
            if stage not in known and stage.endswith(")"):
                stage = stage.rpartition(" (")[0] if words.state(stage) == outcomes.OPEN else stage
            state = words.state(stage)
            if state == outcomes.LOST_STATE:
                ends.setdefault("lost", []).append(header)
            elif state == outcomes.WON:
                stages.setdefault(self.last, []).append(header)
            elif stage in known:
                key = self._means("", known[stage])
                if key == LOST:
                    ends.setdefault("lost", []).append(header)
                elif key != LEAD:
                    stages.setdefault(key, []).append(header)
            else:
                self.notes.append(f"the column {header!r} is of a stage in which no deal stands: not used")
        order = [*self.stages] or list(self.settings.stage_keys if self.settings else ())
        return {key: stages[key] for key in order if key in stages}, ends

    def _attributes(self) -> dict[str, str]:
        seen, found = self.seen, {}
        if self.settings and self.rules.attributes:
            return dict(self.rules.attributes)
        for name, sources in seen.profile.attributes.items():
            for source in sources:
                if source == "responsible" and "responsible" in seen.layout.fields:
                    found[name] = source
                elif places := _at(seen.header, seen.profile, [source]):
                    found[name] = seen.header[places[0]].strip()
                if name in found:
                    break
        if sum(bool(name) for name in seen.stages) > 1:
            found["pipeline"] = "pipeline"
        return found

    def _more_notes(self) -> None:
        seen = self.seen
        for finding in seen.layout.findings:
            if finding.status == "unverified":
                self.notes.append(f"column {finding.column}: {finding.text}")
        if seen.profile.close_date == "expected" and "closed" in seen.layout.fields:
            self.notes.append("the date of closing of an open deal is a forecast, and is not read")
        self.notes.append(
            "times are taken as those of the funnel's time zone; if the file's are others, set "
            f"{self.key}.timezone"
        )
