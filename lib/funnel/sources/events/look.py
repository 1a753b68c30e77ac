"""Which settings would read an event log: an id that repeats, a stage, and a time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from funnel.settings import LEAD, LOST, Settings
from funnel.settings_exports import FileRules
from funnel.sources import table_file as tables
from funnel.sources.exports.outcome import LOST_STATE, WON, Words
from funnel.sources.exports.stage_guess import mapped
from funnel.sources.header_text import normal
from funnel.sources.instants import Writing, read_instants
from funnel.sources.profiles import profiles
from funnel.sources.proposal import Proposal, key_of, line
from funnel.sources.tabular import Cells

_IDS = re.compile(
    r"^(opportunity ?id|deal ?id|deal_id|lead ?id|lead_id|potential id"
    r"|case ?id|case_id|case:concept:name|record id"
    r"|entity_id|object_id|сделка|id сделки|hs_object_id|id|.*_id)$"
)
_STAGES = re.compile(
    r"^(stagename|stage|to stage|new stage|newvalue|new value"
    r"|stage_to|moved to|stage_id|status|state|activity"
    r"|concept:name|event|dealstage|value|стадия|этап|событие)$"
)
_TIMES = re.compile(
    r"^(createddate|created date|modified time|last modified"
    r"|timestamp|time:timestamp|entered_at|entered at|time|date"
    r"|changed_at|changed at|event_time|occurred_at|created_at|moved_at|дата|время|дата изменения)$"
)


def propose(path: Path, sheet: str, settings: Settings | None) -> Proposal | None:
    """Propose `events` for a log; None for a file that is none.

    Raises:
        InputError: the file cannot be read.
    """
    rows = tables.head(path, sheet)
    if not rows:
        return None
    found = [_first(rows[0], form) for form in (_IDS, _STAGES, _TIMES)]
    if None in found:
        return None
    id_, stage, time = (place for place in found if place is not None)
    table = tables.read_table(path, sheet, lambda _: [id_, stage, time])
    ids, stages = table.columns[0].text(), table.columns[1].text()
    distinct = pc.count_distinct(ids).as_py()
    if not len(ids) or distinct == len(ids) - ids.null_count or pc.count_distinct(stages).as_py() > 100:
        return None
    counts = Counter({one["values"]: one["counts"] for one in stages.drop_null().value_counts().to_pylist()})
    counts = Counter({name: counts[name] for name in _walked(ids, stages, table.columns[2])})
    return _proposal(path, rows[0], (id_, stage, time), counts, len(ids), distinct, settings)


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


def _proposal(
    path: Path,
    header: Sequence[str],
    places: tuple[int, int, int],
    counts: Counter[str],
    rows: int,
    leads: int,
    settings: Settings | None,
) -> Proposal:
    words = Words.of(
        [word for profile in profiles().values() for word in profile.won_words],
        [word for profile in profiles().values() for word in profile.lost_words],
    )
    state = {name: words.state(name) for name in counts}
    ordered = [name for name in counts if state[name] not in (WON, LOST_STATE)]
    stages: dict[str, str] = {}
    if settings:
        called = {stage.key: tuple(stage.name.values()) for stage in settings.stages}
        meaning, last = mapped(ordered, settings.stage_keys, called), settings.stage_keys[-1]
    else:
        meaning, last = {}, "sale"
        for name in ordered:
            meaning[name] = LEAD if not meaning else key_of(name, list(stages))
            if meaning[name] != LEAD:
                stages[meaning[name]] = name
        stages[last] = next((name for name in counts if state[name] == WON), "Won")
    names = [header[place].strip() for place in places]
    salesforce = names[0].casefold() in ("opportunityid", "opportunity id")
    body = [
        line("files", [path.name], 2, "* stands for anything"),
        *([line("profile", "salesforce", 2)] if salesforce else []),
        line("lead_id", names[0], 2),
        line("stage", names[1], 2),
        line("entered_at", names[2], 2),
        "  stages: # stage in the log -> stage of the funnel, lead (none yet) or lost",
    ]
    for name in (*ordered, *(name for name in counts if name not in ordered)):
        key = {WON: last, LOST_STATE: LOST}.get(state[name]) or meaning[name]
        note = f"{counts[name]:,} rows" + (
            "; check" if settings and state[name] not in (WON, LOST_STATE) else ""
        )
        body.append(line(name, key, 4, note))
    body.append("  # leads: true # if no other file brings the leads: each came with its first event")
    notes = ["the stages stand in the order in which deals came to them: check it"]
    text = "\n".join(["events:", *body]) + "\n"
    return Proposal(
        "events", "an event log", "salesforce" if salesforce else "", text, {"rows": rows, "leads": leads},
        tuple(notes), stages,
    )  # fmt: skip
