"""`funnel sync`: one pass over an account, and the tables it changes."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import filelock

from funnel import schema
from funnel.errors import BusyError, FunnelError, InputError
from funnel.settings import Settings
from funnel.settings_accounts import Account
from funnel.sources.api import asides, check, mapping, notes, tables
from funnel.sources.api.client import Client, Log, Pace
from funnel.sources.api.reader import FIRST, FULL, UPDATE, Progress, Reader
from funnel.sources.api.references import References
from funnel.sources.api.state import State

OVERLAP = 600  # seconds read again, for rows that became visible late
SERVER = "server"  # how far the account is read was bounded by its own clock
Prepared = Callable[[int, dt.datetime, Progress | None], Reader]
"""Makes the reader of a pass: its number, UTC, whom to tell."""


class Source(Protocol):
    """A CRM that is read by its API: one account with its token.

    Attributes:
        account: the settings.
    """

    account: Account

    def warnings(self, now: dt.datetime) -> list[str]:
        """Say what the user should know of the token."""
        ...

    def client(self, now: dt.datetime, pace: Pace | None, log: Log | None = None) -> Client:
        """Return who asks."""
        ...

    def references(self, client: Client, state: State) -> References:
        """Read the account's own lists."""
        ...

    def prepare(self, client: Client, state: State, references: References, timezone: str) -> Prepared:
        """Fit the settings to the account.

        Raises:
            SettingsError: an attribute does not fit the account; all problems at once.
        """
        ...


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
    source: Source,
    store: Path,
    now: dt.datetime,
    *,
    since: dt.date | None = None,
    full: bool = False,
    anew: bool = False,
    dry_run: bool = False,
    check_now: bool | None = None,
    progress: Progress | None = None,
    pace: Pace | None = None,
) -> Pulled:
    """Read what changed in the account, and make the canonical tables of the changed leads.

    Every page is saved as it comes, so a pass that was stopped goes on where it was; the watermark moves only
    when the pass is whole.

    Args:
        funnel: stages, time zone, currency.
        source: the account with its mapping and its token.
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
        pace: the rate limit; by default the CRM's own.

    Raises:
        InputError: the account refuses, or an answer cannot be read; what was read is kept.
        SettingsError: the mapping or an attribute does not fit the account; all problems at once.
        BusyError: another sync of this store is running.
        FunnelError: the state cannot be read or written.
    """
    if full and since is not None:
        raise InputError("--full and --since exclude each other: --full reads everything.")
    told = source.warnings(now)
    file = store / f"{source.account.host.replace(':', '_')}.sqlite"
    ask = _Ask(funnel, source, now, since, full, anew, check_now, progress)
    try:
        if dry_run:
            made = _look(file, ask, told, pace)
            return Pulled(made.batch, made.gone, tuple(told), lambda: None)
        store.mkdir(parents=True, exist_ok=True)
        made, number = _save(store, file, ask, told, pace)
    except filelock.Timeout:
        raise BusyError(f"Another sync is running in {store}. To do: wait until it is done.") from None
    except (sqlite3.Error, OSError) as error:
        raise FunnelError(
            f"The state {file} cannot be used ({error}). To do: make room on the disk and sync again; if the "
            "file is damaged, move it away: the next sync reads everything anew."
        ) from None
    return Pulled(made.batch, made.gone, tuple(told), partial(_delivered, file, number))


def suggest_mapping(funnel: Settings, source: Source, now: dt.datetime, *, pace: Pace | None = None) -> str:
    """Propose the `pipelines:` of `funnel.yml` from the account's own; YAML text, saves nothing."""
    with State(None) as state, source.client(now, pace) as client:
        return mapping.suggest(source.references(client, state).pipelines, funnel.stages)


@dataclass(frozen=True, slots=True)
class _Ask:
    """What is asked for; see `pull`."""

    funnel: Settings
    source: Source
    now: dt.datetime
    since: dt.date | None
    full: bool
    anew: bool
    check_now: bool | None
    progress: Progress | None


def _delivered(file: Path, number: int) -> None:
    """Write down that the warehouse has what a pass brought."""
    with State(file) as state, state.transaction():
        state.delivered(number)


def _look(file: Path, ask: _Ask, told: list[str], pace: Pace | None) -> tables.Tables:
    """Make what a sync would bring, and save nothing."""
    with (
        State(None, file if file.is_file() else None) as state,
        ask.source.client(ask.now, pace) as client,
    ):
        known = bool(state.mark("leads"))
        return _pass(client, state, ask, told)[0] if known else _sample(client, state, ask, told)


def _save(
    store: Path, file: Path, ask: _Ask, told: list[str], pace: Pace | None
) -> tuple[tables.Tables, int]:
    """Make one pass and keep its pages; every request is written down beside them."""
    with (
        filelock.FileLock(store / ".lock", timeout=0),
        State(file) as state,
        (store / "requests.csv").open("w", encoding="utf-8", buffering=1) as log,
    ):
        log.write("seconds,path,status\n")

        def write(seconds: float, path: str, status: int) -> None:
            log.write(f"{seconds:.3f},{path},{status}\n")

        with ask.source.client(ask.now, pace, write) as client:
            return _pass(client, state, ask, told)


def _sample(client: Client, state: State, ask: _Ask, told: list[str]) -> tables.Tables:
    """Read the lists and one page, for a look at an account that was never read."""
    references, stage_map, prepared = _prepare(client, state, ask)
    prepared(1, ask.now, ask.progress).sample()
    told += notes.received(state, 1)
    return _build(state, ask, references, stage_map, told)


def _prepare(client: Client, state: State, ask: _Ask) -> tuple[References, mapping.StageMap, Prepared]:
    """Read the account's lists and fit the settings to them."""
    references = ask.source.references(client, state)
    stage_map = mapping.resolve(ask.source.account, references.names, ask.funnel.stage_keys)
    zone = notes.timezone_of(references, ask.funnel)
    return references, stage_map, ask.source.prepare(client, state, references, zone)


def _build(
    state: State, ask: _Ask, references: References, stage_map: mapping.StageMap, told: list[str]
) -> tables.Tables:
    account = ask.source.account
    made = tables.build(state, ask.funnel, account, stage_map, references.names, references.currency)
    told += notes.notes(state, references, ask.funnel, account.key, made)
    return made


def _pass(client: Client, state: State, ask: _Ask, told: list[str]) -> tuple[tables.Tables, int]:
    """One whole pass; every step can be stopped and is taken up again by the next call.

    What happened while a pass was stopped is in no stream that had been read by then, so one that was taken
    up again is followed by another at once.
    """
    references, stage_map, prepared = _prepare(client, state, ask)
    reader, stopped = _read(client, state, ask, prepared, told)
    first = number = reader.number
    if stopped:
        plain = replace(ask, since=None, full=False, check_now=False)
        number = _read(client, state, plain, prepared, told)[0].number
    meaning = _fingerprint(
        {
            "settings": ask.source.account.model_dump(mode="json"),
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
    client: Client, state: State, ask: _Ask, prepared: Prepared, told: list[str]
) -> tuple[Reader, bool]:
    """Read what changed since the last pass; return also whether this pass was taken up again."""
    account = ask.source.account
    kept = _fingerprint({"attributes": account.attributes, "personal": account.personal})
    reread = state.get("kept") != kept  # the leads hold other attributes than are asked for now
    blinded = _blinded(client, state)
    if blinded:
        told.append(notes.HEALED)
    kind = FULL if ask.full or blinded else UPDATE if state.mark("leads") else FIRST
    start = None if ask.since is None or blinded else _midnight(ask.since, ask.funnel.timezone)
    clock = int(min(ask.now, client.server_time or ask.now).timestamp())
    number, began = state.begin(f"{kind} {start} {kept}", clock)

    def since(stream: str) -> int:
        whole = stream == "leads" and reread and kind != FIRST
        return 0 if whole else _since(state, stream, kind, start)

    reader = prepared(number, ask.now, ask.progress)
    marks = reader.changes(began, since)
    reader.settle(kind, began)
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
    furthest = max(state.marks())
    return state.get("clock") != SERVER or (server is not None and furthest > server.timestamp() + OVERLAP)


def _daily(reader: Reader, ask: _Ask, kind: str, start: int | None, began: int, told: list[str]) -> None:
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
