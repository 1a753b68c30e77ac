"""Which settings would read an event log: an id that repeats, a stage, and a time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from funnel.settings import LEAD, LOST, Settings
from funnel.settings_events import Events
from funnel.settings_files import FileRules
from funnel.sources import table_file as tables
from funnel.sources.events import spread
from funnel.sources.events.repeats import repeated
from funnel.sources.exports.outcome import LOST_STATE, WON
from funnel.sources.exports.stage_guess import mapped, state_of
from funnel.sources.header_text import normal
from funnel.sources.instants import Writing, read_instants
from funnel.sources.proposal import Proposal, key_of, line
from funnel.sources.tabular import Cells

_DAY = re.compile(r"(?<!\d)20\d\d[-_.]?\d\d[-_.]?\d\d(?!\d)")
_IDS = re.compile(
    r"^(opportunity ?id|deal ?id|deal_id|lead ?id|lead_id|potential id"
    r"|case ?id|case_id|case:concept:name|record id"
    r"|entity_id|object_id|сделка|id сделки|hs_object_id|id|.*_id)$"
)
_STAGES = re.compile(
    r"^(stagename|stage|to stage|new stage|newvalue|new value"
    r"|stage_to|moved to|stage_id|status|state|activity"
    r"|concept:name|activity name|event|dealstage|value|стадия|этап|событие)$"
)
_TIMES = re.compile(
    r"^(createddate|created date|modified time|last modified"
    r"|timestamp|time:timestamp|complete timestamp|end timestamp|start timestamp"
    r"|entered_at|entered at|time|date"
    r"|changed_at|changed at|event_time|occurred_at|created_at|moved_at|дата|время|дата изменения)$"
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file that looks like a log: the headers of id, stage and time, and the cells under them."""

    names: tuple[str, str | list[str], str | list[str]]
    ids: pa.Array
    stages: pa.Array
    times: Cells
    spread: bool


MOST = 100
"""More stages than this are no stages."""
RARE = 0.03
"""A stage that a smaller share of the leads has rows of is none, until somebody says so."""
Look = Callable[[Path, str, Sequence[Sequence[str]], int], _Seen | None]


def propose(path: Path, sheet: str, settings: Settings | None) -> Proposal | None:
    """Propose `events` for a log; None for a file that is none.

    Raises:
        InputError: the file cannot be read.
    """
    rows = tables.head(path, sheet)
    seen = next(filter(None, (look(path, sheet, rows, number) for number, look in _looks(rows))), None)
    if seen is None or pc.count_distinct(seen.stages).as_py() > MOST:
        return None
    found = seen.stages.drop_null().value_counts().to_pylist()
    counts = Counter({one["values"]: one["counts"] for one in found})
    counts = Counter({name: counts[name] for name in _walked(seen.ids, seen.stages, seen.times)})
    return _proposal(path, seen, counts, settings)


def _looks(rows: Sequence[Sequence[str]]) -> Iterator[tuple[int, Look]]:
    """Yield ways to look at a file: with the header in the first row that names an id."""
    number = next((n for n, row in enumerate(rows) if len(row) > 2 and _first(row, _IDS) is not None), None)
    if number is not None:
        yield number, _long
        yield number, _spread


def _long(path: Path, sheet: str, rows: Sequence[Sequence[str]], number: int) -> _Seen | None:
    """Take a file for a log of a row a change: there an id repeats."""
    header = rows[number]
    id_, stage, time = (_first(header, form) for form in (_IDS, _STAGES, _TIMES))
    if id_ is None or stage is None or time is None:
        return None
    table = tables.read_table(path, sheet, lambda _: [id_, stage, time], number)
    ids = table.columns[0].text()
    if not len(ids) or pc.count_distinct(ids).as_py() == len(ids) - ids.null_count:
        return None
    names = (header[id_].strip(), header[stage].strip(), header[time].strip())
    return _Seen(names, ids, table.columns[1].text(), table.columns[2], spread=False)


def _spread(path: Path, sheet: str, rows: Sequence[Sequence[str]], number: int) -> _Seen | None:
    """Take a file for a log of a row a lead, in which stage and time repeat to the right."""
    id_ = _first(rows[number], _IDS)
    table = tables.read_table(path, sheet, lambda header: range(len(header)), number)
    names = repeated(table)
    if id_ is None or names is None:
        return None
    stage, time = names
    rules = Events(files=(path.name,), spread=True, stage=stage, entered_at=time, stages={"-": LEAD})
    width = spread.width_of(table.names, table)
    found, problems = spread.pairs(table.names, width, rules, str(path))
    if problems:
        return None
    whole = spread.whole(table, width)
    ids = whole.columns[id_].text()
    if not len(ids) or pc.count_distinct(ids).as_py() < len(ids) - ids.null_count:
        return None
    long, places = spread.unpivoted(whole, found)
    cells = [long.columns[places.index(place)] for place in (id_, found[0].stage, found[0].time)]
    heads = (table.names[id_].strip(), stage, time)
    return _Seen(heads, cells[0].text(), cells[1].text(), cells[2], spread=True)


def _walked(ids: pa.Array, stages: pa.Array, times: Cells) -> list[str]:
    """Return the stages in the order in which deals came to them: by the mean place of the first entries."""
    frame = pd.DataFrame({"id": ids.to_pandas(), "stage": stages.to_pandas()})
    read = read_instants(times, "UTC", Writing(FileRules(), "events"))
    frame["time"] = read.values.to_numpy(zero_copy_only=False).astype("datetime64[us]")
    if read.ambiguous.any():
        frame["time"] = frame.index  # no date can be compared: as the rows stand
    first = frame.dropna().sort_values(["id", "time"], kind="stable").drop_duplicates(["id", "stage"])
    place = first.groupby("id").cumcount().groupby(first["stage"]).mean()
    named = list(dict.fromkeys(frame["stage"].dropna()))
    return sorted(named, key=lambda name: float(place.get(name, 0)))


def _first(header: Sequence[str], form: re.Pattern[str]) -> int | None:
    """Return the first column that the form names, in the form's own order."""
    names = form.pattern.strip("^()$").split("|")
    plain = [normal(name) for name in header]
    for name in names:
        for place, word in enumerate(plain):
            if re.fullmatch(name, word):
                return place
    return None


def _proposal(path: Path, seen: _Seen, counts: Counter[str], settings: Settings | None) -> Proposal:
    notes = ["the stages stand in the order in which deals came to them: check it"]
    leads = pc.count_distinct(seen.ids).as_py()
    state = {name: state_of(name) for name in counts}
    ordered = [name for name in counts if state[name] not in (WON, LOST_STATE)]
    stages: dict[str, str] = {}
    if settings:
        called = {stage.key: tuple(stage.name.values()) for stage in settings.stages}
        meaning, last = mapped(ordered, settings.stage_keys, called), settings.stage_keys[-1]
    else:
        meaning, last = {}, "sale"
        rare = [name for name in ordered[1:] if counts[name] < RARE * leads]
        for name in ordered:
            meaning[name] = LEAD if not meaning or name in rare else key_of(name, list(stages))
            if meaning[name] != LEAD:
                stages[meaning[name]] = name
        if rare:
            notes.append(f"too few leads come there to be a stage: {', '.join(rare)}: check it")
        won = next((name for name in counts if state[name] == WON), "Won" if not stages else "")
        if won:
            stages[last] = won
        else:
            notes.append(
                f"no stage is named as won: {stages[list(stages)[-1]]}, the last, is taken for the win"
            )
    id_, stage, time = seen.names
    salesforce = id_.casefold() in ("opportunityid", "opportunity id")
    bare = pc.any(pc.match_substring_regex(seen.times.text(), r"\d:\d\d(:\d\d)?\s*([AaPp][Mm])?$")).as_py()
    body = [
        line("files", [_DAY.sub("*", path.name)], 2, "* stands for anything"),
        *([line("profile", "salesforce", 2)] if salesforce else []),
        line("lead_id", id_, 2),
        *(
            [line("spread", True, 2, "a row a lead: stage and time repeat to the right")]
            if seen.spread
            else []
        ),
        line("stage", stage, 2),
        line("entered_at", time, 2),
        *([line("timezone", "UTC", 2, "HubSpot writes it so: check")] if seen.spread and bare else []),
        "  stages: # stage in the log -> stage of the funnel, lead (none yet) or lost",
    ]
    for name in (*ordered, *(name for name in counts if name not in ordered)):
        key = {WON: last, LOST_STATE: LOST}.get(state[name]) or meaning[name]
        note = f"{counts[name]:,} rows" + (
            "; check" if settings and state[name] not in (WON, LOST_STATE) else ""
        )
        body.append(line(name, key, 4, note))
    body.append("  # leads: true # if no other file brings the leads: each came with its first event")
    text = "\n".join(["events:", *body]) + "\n"
    title = "an event log that grows to the right" if seen.spread else "an event log"
    return Proposal(
        "events", title, "salesforce" if salesforce else "", text, {"rows": len(seen.ids), "leads": leads},
        tuple(notes), stages,
    )  # fmt: skip
