"""From "where it stands now" to dated entries: what differs from what was known is new."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from funnel.settings import LEAD, LOST

ENTRY_COLUMNS = ("lead_id", "stage", "entered_at")
"""One row: an entry that is known."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A file's leads as of the time it was made.

    Attributes:
        seen_at: when.
        leads: one row for each lead, as the file shows it: `lead_id`, `stage` (a key, `lead` or `lost`;
            None: not known), `stood` (the stage a closed one was closed in, where the file says so),
                `created_at`,
            `updated_at`, `changed_at` (when it came to its stage), `closed_at` (datetime64), `closed_day`
            (whether that is a day only), `reason` (why it was lost).
        dated: entries that the file itself dates, with `ENTRY_COLUMNS`.
    """

    seen_at: dt.datetime
    leads: pd.DataFrame
    dated: pd.DataFrame


def entries(
    snapshots: Sequence[Snapshot], known: pd.DataFrame, known_leads: frozenset[str], stage_keys: Sequence[str]
) -> list[pd.DataFrame]:
    """Return what each snapshot adds to the entries known before it.

    A lead that stands where it was known to stand adds nothing. Of any other, the stage it stands in is
    entered at the time of closing, for the last stage and a loss; else when it came there, or at the last
    edit, since it was known in another stage; else at the snapshot's time. So times from edits and
    snapshots are the latest possible ones, and their precision is a day. A closed lead that still shows
    the stage it was closed in came there too, at its closing at the latest.

    Args:
        snapshots: in order of time.
        known: entries known before, see `ENTRY_COLUMNS`; those after a snapshot are not looked at for it.
        known_leads: the leads known before, by an id.
        stage_keys: the funnel's stages in order.

    Returns:
        For each snapshot a frame with the columns of `schema.STAGE_ENTRIES` and `place`, the row's place in
        the snapshot. `origin` is `snapshot` for a lead known before, so that the change is dated by
        comparison, and `current` for one seen for the first time: it reached that stage at least, at that
        time at the latest.
    """
    rank = {stage: number for number, stage in enumerate((*stage_keys, LOST))}
    seen = set(known_leads)
    result = []
    for snapshot in snapshots:
        known = pd.concat([known, snapshot.dated[list(ENTRY_COLUMNS)]], ignore_index=True)
        leads = snapshot.leads.reset_index(names="place")
        before = known[known["entered_at"] <= snapshot.seen_at]
        last = (
            before.assign(rank=before["stage"].map(rank))
            .sort_values(["entered_at", "rank"])
            .drop_duplicates("lead_id", keep="last")
            .rename(columns={"stage": "was", "entered_at": "since"})[["lead_id", "was", "since"]]
        )
        leads = leads.merge(last, on="lead_id", how="left")
        new = leads[leads["stage"].notna() & (leads["stage"] != LEAD) & (leads["stage"] != leads["was"])]
        made = _dated(new, snapshot.seen_at, stage_keys[-1])
        made = pd.concat([_stood(made, before), made], ignore_index=True)
        made = made.sort_values("place", kind="stable", ignore_index=True)
        made["origin"] = ["snapshot" if lead in seen else "current" for lead in made["lead_id"]]
        fresh = made.merge(known[list(ENTRY_COLUMNS)], on=list(ENTRY_COLUMNS), how="left", indicator=True)
        made = fresh[fresh["_merge"] == "left_only"].drop(columns="_merge")
        result.append(made[[*ENTRY_COLUMNS, "reason", "precision", "origin", "place"]])
        known = pd.concat([known, made[list(ENTRY_COLUMNS)]], ignore_index=True)
        seen.update(snapshot.leads["lead_id"])
    return result


def _dated(leads: pd.DataFrame, seen_at: dt.datetime, last_stage: str) -> pd.DataFrame:
    """Add `entered_at` and `precision`."""
    ended = leads["stage"].isin([last_stage, LOST])
    closed = leads["closed_at"].where(ended & (leads["closed_at"] <= seen_at))
    since = leads["since"]
    edited = [
        leads[name].where((leads[name] <= seen_at) & (since.isna() | (leads[name] > since)))
        for name in ("changed_at", "updated_at")
    ]
    entered = closed.fillna(edited[0]).fillna(edited[1]).fillna(pd.Timestamp(seen_at))
    entered = entered.astype("datetime64[us]")
    # a day without an hour lies behind what is known of that day
    same_day = closed.notna() & leads["closed_day"] & (entered.dt.normalize() == since.dt.normalize())
    entered = entered.mask(same_day & (since > entered), since)
    too_early = entered < leads["created_at"]
    exact = (closed.notna() & ~leads["closed_day"]) | (
        closed.isna() & edited[0].notna() & ~leads["changed_day"]
    )
    return leads.assign(
        entered_at=entered.mask(too_early, leads["created_at"]),
        precision=exact.map({True: "second", False: "day"}),
    )


def _stood(made: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return the entries into the stages that closed leads were closed in, where none is known."""
    there = made["stood"].notna() & (made["stood"] != LEAD) & (made["stood"] != made["stage"])
    rows = made[there & made["stage"].notna()]
    there_before = rows.merge(
        known[["lead_id", "stage"]].drop_duplicates(),
        left_on=["lead_id", "stood"], right_on=["lead_id", "stage"], how="left", indicator="_known",
    )["_known"]  # fmt: skip
    rows = rows[(there_before == "left_only").to_numpy()]
    came = rows["changed_at"].where(rows["changed_at"] <= rows["entered_at"])
    entered = came.fillna(rows["entered_at"]).astype("datetime64[us]")
    early = entered < rows["created_at"]
    exact = came.notna() & ~rows["changed_day"]
    return rows.assign(
        stage=rows["stood"],
        entered_at=entered.mask(early, rows["created_at"]),
        precision=exact.map({True: "second", False: "day"}),
        reason=None,
    )
