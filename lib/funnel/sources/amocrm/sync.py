"""`funnel sync amocrm`: one pass over the account, and the tables it changes."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import filelock

from funnel import schema
from funnel.errors import BusyError, FunnelError, InputError
from funnel.settings import Settings
from funnel.settings_sources import AmoSettings
from funnel.sources.amocrm import asides, check, gone, mapping, notes, paging, reading, tables
from funnel.sources.amocrm import attributes as attributes_of
from funnel.sources.amocrm.client import Client, Pace
from funnel.sources.amocrm.credentials import Credentials
from funnel.sources.amocrm.references import References, read_references
from funnel.sources.amocrm.state import State

OVERLAP = 600  # seconds read again, for rows that became visible late
SERVER = "server"  # how far the account is read was bounded by its own clock
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
    check_now: bool | None = None,
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
        dry_run: save nothing. What a sync would bring is read all the same; of an account that was never
            read, the lists and one page of leads alone.
        check_now: compare the whole list of leads with the state, or do not; None does it once a day.
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
    told = [note for note in (credentials.warning(now), credentials.note) if note]
    file = store / f"{amo.host.replace(':', '_')}.sqlite"
    ask = _Ask(funnel, amo, now, since, full, anew, check_now, progress)
    if dry_run:
        with (
            State(None, file if file.is_file() else None) as state,
            Client(amo, credentials, now, pace) as client,
        ):
            known = bool(state.mark("leads"))
            made = _pass(client, state, ask, told)[0] if known else _sample(client, state, ask, told)
        return Pulled(made.batch, made.gone, tuple(told), lambda: None)
    store.mkdir(parents=True, exist_ok=True)
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
                made, number = _pass(client, state, ask, told)
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

    return Pulled(made.batch, made.gone, tuple(told), commit)


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


@dataclass(frozen=True, slots=True)
class _Ask:
    """What is asked for; see `pull`."""

    funnel: Settings
    amo: AmoSettings
    now: dt.datetime
    since: dt.date | None
    full: bool
    anew: bool
    check_now: bool | None
    progress: reading.Progress | None


def _sample(client: Client, state: State, ask: _Ask, told: list[str]) -> tables.Tables:
    """Read the lists and one page, for a look at an account that was never read."""
    references, stage_map, plan = _prepare(client, state, ask)
    reading.Reader(client, state, 1, plan, ask.now).sample()
    told += notes.received(state, 1)
    return _build(state, ask, references, stage_map, told)


def _prepare(
    client: Client, state: State, ask: _Ask
) -> tuple[References, mapping.StageMap, attributes_of.Attributes]:
    """Read the account's lists and fit the settings to them."""
    references = read_references(client, state)
    stage_map = mapping.resolve(ask.amo, references.names, ask.funnel.stage_keys)
    plan = attributes_of.plan(ask.amo, references.fields, notes.timezone_of(references, ask.funnel))
    return references, stage_map, plan


def _build(
    state: State, ask: _Ask, references: References, stage_map: mapping.StageMap, told: list[str]
) -> tables.Tables:
    made = tables.build(
        state, ask.funnel, ask.amo, stage_map, references.names, notes.currency_of(references)
    )
    told += notes.notes(state, references, ask.funnel, made)
    return made


def _pass(client: Client, state: State, ask: _Ask, told: list[str]) -> tuple[tables.Tables, int]:
    """One whole pass; every step can be stopped and is taken up again by the next call.

    What happened while a pass was stopped is in no stream that had been read by then, so one that was taken
    up again is followed by another at once.
    """
    references, stage_map, plan = _prepare(client, state, ask)
    reader, stopped = _read(client, state, ask, plan, told)
    first = number = reader.number
    if stopped:
        plain = replace(ask, since=None, full=False, check_now=False)
        number = _read(client, state, plain, plan, told)[0].number
    meaning = _fingerprint(
        {
            "settings": ask.amo.model_dump(mode="json"),
            "names": references.names.model_dump(mode="json"),
            "zone": ask.funnel.timezone,
            "stages": ask.funnel.stage_keys,
        }
    )
    if ask.anew or state.get("meaning") != meaning:
        state.everything_changed(number)
    state.put("meaning", meaning)
    told += [*notes.received(state, first), *notes.ahead(state, reader.present)]
    return _build(state, ask, references, stage_map, told), number


def _read(
    client: Client, state: State, ask: _Ask, plan: attributes_of.Attributes, told: list[str]
) -> tuple[reading.Reader, bool]:
    """Read what changed since the last pass; return also whether this pass was taken up again."""
    kept = _fingerprint({"attributes": ask.amo.attributes, "personal": ask.amo.personal})
    reread = state.get("kept") != kept  # the leads hold other attributes than are asked for now
    blinded = _blinded(client, state)
    if blinded:
        told.append(notes.HEALED)
    kind = FULL if ask.full or blinded else UPDATE if state.mark("leads") else FIRST
    start = None if ask.since is None or blinded else _midnight(ask.since, ask.funnel.timezone)
    clock = int(min(ask.now, client.server_time or ask.now).timestamp())
    number, began = state.begin(f"{kind} {start} {kept}", clock)

    reader = reading.Reader(client, state, number, plan, ask.now, ask.progress)
    marks = _read_streams(reader, kind, start, began, reread=reread)
    gone.settle(state, reader, 0 if kind == UPDATE else began - OVERLAP, full=kind == FULL)
    _daily(reader, ask, kind, start, began, told)
    for key, value in (("kept", kept), ("clock", SERVER)):
        state.put(key, value)
    state.finish(number, marks, anew=blinded)
    return reader, began < clock


def _blinded(client: Client, state: State) -> bool:
    """Whether what was taken for how far the account is read may be a record's own clock, not the server's.

    So it was before the server's clock was asked; and so it is where it lies ahead of that clock.
    """
    mark = state.mark("leads")
    if not mark:
        return False
    server = client.server_time
    furthest = max(mark, *(state.mark(stream) for stream in reading.EVENT_TYPES))
    return state.get("clock") != SERVER or (server is not None and furthest > server.timestamp() + OVERLAP)


def _read_streams(
    reader: reading.Reader, kind: str, start: int | None, began: int, *, reread: bool
) -> dict[str, int]:
    """Read leads and events; return how far each is read.

    That is the newest time seen, but never ahead of the server's own time when the pass began: a record's own
    clock alone moves nothing.
    """
    state = reader.state
    newest = reader.leads(0 if reread and kind != FIRST else _since(state, "leads", kind, start))
    marks = {"leads": min(newest, began)}
    oldest = (state.ids("SELECT coalesce(min(created_at), 0) FROM leads") or [0])[0]
    for stream in reading.EVENT_TYPES:
        seen = reader.events(stream, _since(state, stream, kind, start), oldest, began)
        known = max(seen, state.mark(stream))
        # An empty answer alone is no proof: up to 30 days are asked for again until an event is seen.
        marks[stream] = min(max(known, marks["leads"] - paging.WINDOW) if known else marks["leads"], began)
    return marks


def _daily(
    reader: reading.Reader, ask: _Ask, kind: str, start: int | None, began: int, told: list[str]
) -> None:
    """Compare the account's whole list with the state, if that was done a day ago or longer."""
    state = reader.state
    if kind == FULL and start is None:
        asides.unseen(state, reader.number)
    if kind == UPDATE:
        due = began - int(state.get("checked", "0")) >= check.DAY
        if not (due if ask.check_now is None else ask.check_now):
            return
        told.append(notes.checked(check.check(reader, began, int(state.get("bound", "0")))))
    else:
        state.put("bound", str(start or 0))
    state.put("checked", str(began))


def _since(state: State, stream: str, kind: str, start: int | None) -> int:
    """Return from when on a stream is read: unix seconds; 0 for everything."""
    mark = state.mark(stream)
    if kind == FULL or not mark:
        return start or 0
    return max(mark - OVERLAP, 1) if start is None else min(start, mark - OVERLAP)  # never leave a gap


def _midnight(day: dt.date, timezone: str) -> int:
    return int(dt.datetime.combine(day, dt.time(), zoneinfo.ZoneInfo(timezone)).timestamp())


def _fingerprint(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]
