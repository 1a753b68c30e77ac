"""What a pass has to tell its user, in sentences."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Sequence

from funnel.settings import Settings
from funnel.sources.api import asides
from funnel.sources.api.check import Found
from funnel.sources.api.references import References
from funnel.sources.api.state import MOVED, State
from funnel.sources.api.tables import Tables

NAMED = 30  # ids in a sentence; the files hold them all
HEALED = (
    "All leads and events are read again, once: what an earlier sync took for the newest time may have been "
    "that of a lead dated ahead, and then later changes were not seen."
)


def notes(state: State, references: References, funnel: Settings, key: str, made: Tables) -> list[str]:
    """Say what is not mapped, what differs from the settings, and how far history goes."""
    told = []
    for place, leads in sorted(made.unmapped.items(), key=lambda item: tuple(map(str, item[0]))):
        pipeline, status = place
        name = references.names.statuses.get(pipeline, {}).get(status, "deleted")
        told.append(
            f"Status {status} ({name}) of pipeline {pipeline} is not mapped to a stage; {leads} leads came "
            f"by it. To do: name it under {key}.pipelines."
        )
    listed = references.names.pipelines
    strangers = [
        id_
        for id_, pipeline in state.rows("SELECT id, pipeline_id FROM leads WHERE gone = 0 ORDER BY id")
        if pipeline not in listed
    ]
    if strangers:
        told.append(
            f"Leads of a pipeline that the account does not list, {len(strangers):,}: {_ids(strangers)}. "
            "They are outside the funnel."
        )
    zone, currency = timezone_of(references, funnel), references.currency
    if zone != funnel.timezone:
        told.append(
            f"The account's time zone is {zone}; weeks are cut in {funnel.timezone}, as funnel.yml says."
        )
    if currency and currency != funnel.currency and currency not in funnel.rates:
        told.append(f"The account's currency is {currency}, the funnel's {funnel.currency}; no rate is set.")
    first = state.ids("SELECT coalesce(min(at), 0) FROM events WHERE type = ?", (MOVED,))[0]
    if first:
        day = dt.datetime.fromtimestamp(first, zoneinfo.ZoneInfo(funnel.timezone)).date()
        told.append(f"The account tells of moves between stages since {day}; older entries are concluded.")
    return told


def received(state: State, number: int) -> list[str]:
    """Say how many records a pass received and set aside, and which ones are set aside now."""
    told = []
    got = state.ids("SELECT count(*) FROM leads WHERE seen = ?", (number,))[0]
    aside = state.ids("SELECT count(*) FROM aside WHERE stream = ? AND pass = ?", (asides.LEADS, number))[0]
    if aside:
        told.append(f"Leads received: {got + aside:,} = accepted {got:,} + set aside {aside:,}.")
    by_stream: dict[str, list[str]] = {}
    for stream, one in asides.standing(state):
        by_stream.setdefault(stream, []).append(one.key)
    for stream, keys in by_stream.items():
        told.append(_named(stream, keys))
    return told


def ahead(state: State, present: int) -> list[str]:
    """Name the leads whose last edit is dated after the server's own time."""
    leads = state.ids("SELECT id FROM leads WHERE gone = 0 AND updated_at > ? ORDER BY id", (present,))
    if not leads:
        return []
    return [
        f"Leads edited later than the server's own time, {len(leads):,}: {_ids(leads)}. They are read as "
        "they are, and do not move how far the account has been read."
    ]


def checked(found: Found) -> str:
    """Say what the daily check found."""
    if not found.missed and not found.gone:
        return f"Daily check: all {found.listed:,} leads of the account are known as they are."
    return (
        f"Daily check of {found.listed:,} leads: {found.missed:,} had been missed and were taken in, "
        f"{found.gone:,} are no longer there."
    )


def timezone_of(references: References, funnel: Settings) -> str:
    """Return the account's time zone, or the funnel's where it names none."""
    zone = references.timezone
    return zone if zone in zoneinfo.available_timezones() else funnel.timezone


def _named(stream: str, keys: Sequence[str]) -> str:
    what, file = {
        asides.LEADS: ("Leads that are set aside", "leads"),
        asides.VALUES: ("Leads with a field that cannot be read, or was mended", "values"),
        asides.AHEAD: ("Events dated later than the server's own time", "values"),
        asides.LISTS: ("Entries of the account's lists that cannot be read, wholly or in part", "lists"),
        MOVED: ("Moves that are set aside", "stage_entries"),
    }.get(stream, (f"Events {stream} that are set aside", "events"))
    return f"{what}, {len(keys):,}: {_ids(keys)}. Why: run/rejected/{file}.csv"


def _ids(ids: Sequence[object]) -> str:
    rest = f" and {len(ids) - NAMED:,} more" if len(ids) > NAMED else ""
    return ", ".join(map(str, ids[:NAMED])) + rest
