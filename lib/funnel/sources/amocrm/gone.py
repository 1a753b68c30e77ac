"""Which leads are no longer in the account: deleted, restored, merged away."""

from __future__ import annotations

from funnel.sources.amocrm.wire import DELETED, MERGED, RESTORED
from funnel.sources.api.reader import Reader
from funnel.sources.api.state import ADDED, State


def settle(state: State, reader: Reader, merged_since: int, *, full: bool) -> None:
    """Find out which leads are gone: deleted, merged away, or restored.

    Only the account itself knows: an event may be dated ahead, and what the list showed may have gone since.
    So each lead that an event of deletion names is asked for by its id, and the events are believed alone
    where an account does not answer that. Events count from the last whole pass on, since those of a pass
    that was given up on the way were never settled.

    Args:
        state: what was read.
        reader: asks for leads by id; its number is that of the pass.
        merged_since: unix seconds; an older merge was over when its leads were read. 0 where only events that
            are new were read: one dated ahead bears the time of an older edit.
        full: every lead was read in this pass, so one that was not seen is in doubt.
    """
    whole, number = state.whole, reader.number
    last: dict[int, tuple[str, int | None]] = {}
    for id_, kind, seen in state.rows(
        "SELECT lead_id, type, seen FROM events LEFT JOIN leads ON leads.id = lead_id "
        "WHERE type IN (?, ?) AND lead_id IN (SELECT lead_id FROM events WHERE type IN (?, ?) AND pass > ?) "
        "ORDER BY lead_id, at, events.id",
        (DELETED, RESTORED, DELETED, RESTORED, whole),
    ):
        last[int(str(id_))] = (str(kind), None if seen is None else int(str(seen)))
    reader.lose([id_ for id_, (kind, seen) in last.items() if kind == DELETED and seen != number])
    # One that was never read and is called deleted is no question: it came and went.
    doubtful = [id_ for id_, (kind, seen) in last.items() if seen is not None or kind == RESTORED]
    if full:
        doubtful += state.ids("SELECT id FROM leads WHERE gone = 0 AND seen < ? ORDER BY id", (number,))
    facts = (MERGED, whole, merged_since)
    doubtful += state.ids(
        "SELECT lead_id FROM events JOIN leads ON leads.id = lead_id WHERE type = ? AND pass > ? AND at >= ? "
        "AND gone = 0 AND (seen < ? OR updated_at < at)",
        (*facts, number),
    )
    reader.probe(list(dict.fromkeys(doubtful)))
    _merged(state, reader, facts)


def _merged(state: State, reader: Reader, facts: tuple[str, int, int]) -> None:
    """Find the leads that were merged away and that no event names.

    The event names one of the two leads, and which one is not documented. Where it names the one that stayed,
    the other may never have been read (it came and went since the last pass), or it is looked for among the
    same customer's leads, and, where that explains too little, among all open ones.
    """
    named = "SELECT lead_id FROM events WHERE type = ? AND pass > ? AND at >= ?"
    stayed = f"SELECT id FROM leads WHERE gone = 0 AND id IN ({named})"
    unexplained = len(state.ids(f"{named} AND lead_id IN (SELECT id FROM leads WHERE gone = 0)", facts))
    if not unexplained:
        return
    kin = f"SELECT customer_id FROM leads WHERE id IN ({stayed})"
    found = reader.probe(state.ids(f"SELECT id FROM leads WHERE gone = 0 AND customer_id IN ({kin})", facts))
    never_read = state.ids(
        "SELECT DISTINCT lead_id FROM events WHERE type = ? AND pass > ? AND at >= ? "
        "AND lead_id NOT IN (SELECT id FROM leads) AND lead_id NOT IN "
        "(SELECT lead_id FROM events WHERE type = ?)",
        (ADDED, *facts[1:], DELETED),
    )
    if unexplained > len(found) + len(never_read):
        reader.probe(state.ids("SELECT id FROM leads WHERE gone = 0 AND closed_at IS NULL ORDER BY id"))
