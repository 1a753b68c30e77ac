"""`funnel sync amocrm`: one pass over the account, and the tables it changes."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import filelock

from funnel import schema
from funnel.errors import BusyError, FunnelError, InputError
from funnel.settings import Settings
from funnel.settings_sources import AmoSettings
from funnel.sources.amocrm import attributes as attributes_of
from funnel.sources.amocrm import gone, mapping, reading, tables
from funnel.sources.amocrm.client import Client, Pace
from funnel.sources.amocrm.credentials import Credentials
from funnel.sources.amocrm.references import References, read_references
from funnel.sources.amocrm.state import State

OVERLAP = 600  # seconds read again, for rows that became visible late
FIRST, UPDATE, FULL = "first", "update", "full"


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pass brings, for the warehouse.

    Attributes:
        batch: canonical `leads`, `stage_entries` and (unless switched off) `payments` of the changed leads.
            It replaces all that was known of these; one named under `replaces` without a row in `leads` was
            deleted, merged away or taken out of the funnel.
        gone: how many of these are no longer in the account.
        notes: sentences for the user: a token about to end, statuses that are not mapped, how far history
            goes.
        commit: call it once the warehouse has the batch; until then every pull brings these leads again.
    """

    batch: schema.Batch
    gone: int
    notes: tuple[str, ...]
    commit: Callable[[], None]


def pull(
    funnel: Settings,
    amo: AmoSettings,
    credentials: Credentials,
    store: Path,
    now: dt.datetime,
    *,
    since: dt.date | None = None,
    full: bool = False,
    anew: bool = False,
    dry_run: bool = False,
    progress: reading.Progress | None = None,
    pace: Pace | None = None,
) -> Pulled:
    """Read what changed in the account, and make the canonical tables of the changed leads.

    Every page is saved as it comes, so a pass that was stopped goes on where it was; the watermark moves only
    when the pass is whole.

    Args:
        funnel: stages, time zone, currency.
        amo: the account and its mapping.
        credentials: the token.
        store: folder of the saved state; personal data and tokens are never in it.
        now: UTC, with offset.
        since: read what changed on or after this day, or after the watermark where that is earlier. In a
            first sync it bounds the history.
        full: read everything again; leads that are no longer there are found by this, however they went.
        anew: the warehouse knows nothing of the account (it was put away), so it gets all leads of the state.
        dry_run: read the lists and one page of leads, and save nothing.
        progress: told after every page.
        pace: the rate limit; by default 5 requests a second.

    Raises:
        InputError: the account refuses, or an answer cannot be read; what was read is kept.
        SettingsError: the mapping or an attribute does not fit the account; all problems at once.
        BusyError: another sync of this store is running.
        FunnelError: the state cannot be read or written.
    """
    if full and since is not None:
        raise InputError("--full and --since exclude each other: --full reads everything.")
    notes = [note for note in (credentials.warning(now), credentials.note) if note]
    if dry_run:
        with State(None) as state, Client(amo, credentials, now, pace) as client:
            return _dry_run(client, state, funnel, amo, notes)
    store.mkdir(parents=True, exist_ok=True)
    file = store / f"{amo.host.replace(':', '_')}.sqlite"
    try:
        with (
            filelock.FileLock(store / ".lock", timeout=0),
            State(file) as state,
            (store / "requests.csv").open("w", encoding="utf-8", buffering=1) as log,
        ):
            log.write("seconds,path,status\n")

            def write(seconds: float, path: str, status: int) -> None:
                log.write(f"{seconds:.3f},{path},{status}\n")

            with Client(amo, credentials, now, pace, write) as client:
                made, number = _pass(client, state, funnel, amo, now, since, full, anew, progress, notes)
    except filelock.Timeout:
        raise BusyError(f"Another sync is running in {store}. To do: wait until it is done.") from None
    except (sqlite3.Error, OSError) as error:
        raise FunnelError(
            f"The state {file} cannot be used ({error}). To do: make room on the disk and sync again; if the "
            "file is damaged, move it away: the next sync reads everything anew."
        ) from None

    def commit() -> None:
        with State(file) as state, state.transaction():
            state.delivered(number)

    return Pulled(made.batch, made.gone, tuple(notes), commit)


def suggest_mapping(
    funnel: Settings,
    amo: AmoSettings,
    credentials: Credentials,
    now: dt.datetime,
    *,
    pace: Pace | None = None,
) -> str:
    """Propose the `pipelines:` of `funnel.yml` from the account's own; YAML text, saves nothing."""
    with State(None) as state, Client(amo, credentials, now, pace) as client:
        return mapping.suggest(read_references(client, state).pipelines, funnel.stages)


def _dry_run(client: Client, state: State, funnel: Settings, amo: AmoSettings, notes: list[str]) -> Pulled:
    references, stage_map, plan = _prepare(client, state, funnel, amo)
    reader = reading.Reader(client, state, 1, plan)
    reader.sample()
    made = tables.build(state, funnel, amo, stage_map, references.names, _currency(references))
    notes += _notes(state, references, funnel, made)
    return Pulled(made.batch, made.gone, tuple(notes), lambda: None)


def _prepare(
    client: Client, state: State, funnel: Settings, amo: AmoSettings
) -> tuple[References, mapping.StageMap, attributes_of.Attributes]:
    """Read the account's lists and fit the settings to them."""
    references = read_references(client, state)
    stage_map = mapping.resolve(amo, references.names, funnel.stage_keys)
    plan = attributes_of.plan(amo, references.fields, _timezone(references, funnel))
    return references, stage_map, plan


def _pass(
    client: Client,
    state: State,
    funnel: Settings,
    amo: AmoSettings,
    now: dt.datetime,
    since: dt.date | None,
    full: bool,
    anew: bool,
    progress: reading.Progress | None,
    notes: list[str],
) -> tuple[tables.Tables, int]:
    """One whole pass; every step can be stopped and is taken up again by the next call."""
    references, stage_map, plan = _prepare(client, state, funnel, amo)
    kept = _fingerprint({"attributes": amo.attributes, "personal": amo.personal})
    reread = state.get("kept") != kept  # the leads hold other attributes than are asked for now
    kind = FULL if full else UPDATE if state.mark("leads") else FIRST
    start = None if since is None else _midnight(since, funnel.timezone)
    number, began = state.begin(f"{kind} {start} {kept}", int(now.timestamp()))

    from_ = _since(state, "leads", kind, start)
    reader = reading.Reader(client, state, number, plan, progress)
    marks = {"leads": reader.leads(0 if reread and kind != FIRST else from_)}
    oldest = (state.ids("SELECT coalesce(min(created_at), 0) FROM leads") or [0])[0]
    for stream in reading.EVENT_TYPES:
        event_start = _since(state, stream, kind, start)
        newest = reader.events(stream, event_start, oldest, int(now.timestamp()))
        marks[stream] = max(newest, marks["leads"])  # read after the leads, so nothing up to there is missing
    merged_since = state.mark("leads") if kind == UPDATE else began
    gone.settle(state, reader, number, merged_since - OVERLAP, full=full)
    meaning = _fingerprint(
        {
            "settings": amo.model_dump(mode="json"),
            "names": references.names.model_dump(mode="json"),
            "zone": funnel.timezone,
            "stages": funnel.stage_keys,
        }
    )
    if anew or state.get("meaning") != meaning:
        state.everything_changed(number)
    state.put("meaning", meaning)
    state.put("kept", kept)
    state.finish(number, marks)
    made = tables.build(state, funnel, amo, stage_map, references.names, _currency(references))
    notes += _notes(state, references, funnel, made)
    return made, number


def _since(state: State, stream: str, kind: str, start: int | None) -> int:
    """Return from when on a stream is read: unix seconds; 0 for everything."""
    mark = state.mark(stream)
    if kind == FULL or not mark:
        return start or 0
    return max(mark - OVERLAP, 1) if start is None else min(start, mark - OVERLAP)  # never leave a gap


def _notes(state: State, references: References, funnel: Settings, made: tables.Tables) -> list[str]:
    notes = []
    for place, leads in sorted(made.unmapped.items()):
        pipeline, status = place
        name = references.names.statuses.get(pipeline, {}).get(status, "deleted")
        notes.append(
            f"Status {status} ({name}) of pipeline {pipeline} is not mapped to a stage; {leads} leads came "
            f"by it. To do: name it under amocrm.pipelines."
        )
    zone, currency = _timezone(references, funnel), _currency(references)
    if zone != funnel.timezone:
        notes.append(
            f"The account's time zone is {zone}; weeks are cut in {funnel.timezone}, as funnel.yml says."
        )
    if currency and currency != funnel.currency and currency not in funnel.rates:
        notes.append(f"The account's currency is {currency}, the funnel's {funnel.currency}; no rate is set.")
    first = state.ids("SELECT coalesce(min(at), 0) FROM events WHERE type = ?", (reading.MOVED,))[0]
    if first:
        day = dt.datetime.fromtimestamp(first, zoneinfo.ZoneInfo(funnel.timezone)).date()
        notes.append(f"The account tells of moves between stages since {day}; older entries are concluded.")
    return notes


def _timezone(references: References, funnel: Settings) -> str:
    zone = references.account.parts.datetime_settings.timezone
    return zone if zone in zoneinfo.available_timezones() else funnel.timezone


def _currency(references: References) -> str:
    return references.account.currency or ""


def _midnight(day: dt.date, timezone: str) -> int:
    return int(dt.datetime.combine(day, dt.time(), zoneinfo.ZoneInfo(timezone)).timestamp())


def _fingerprint(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]
