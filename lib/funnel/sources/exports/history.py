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
    """An export's leads as of the time it was made.

    Attributes:
        seen_at: when.
        leads: one row for each lead, as the export shows it: `lead_id`, `stage` (a key, `lead` or `lost`),
            `created_at`, `updated_at`, `closed_at` (datetime64), `reason` (why it was lost).
    """

    seen_at: dt.datetime
    leads: pd.DataFrame


def entries(
    snapshots: Sequence[Snapshot], known: pd.DataFrame, known_leads: frozenset[str], stage_keys: Sequence[str]
) -> list[pd.DataFrame]:
    """Return what each snapshot adds to the entries known before it.

    A lead that stands where it was known to stand adds nothing. Of any other, the stage it stands in is
    entered at the time of closing, for the last stage and a loss; else at the last edit since it was known
    in another stage; else at the snapshot's time. So times from edits and snapshots are the latest possible
    ones, and their precision is a day.

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
        leads = snapshot.leads.reset_index(names="place")
        before = known[known["entered_at"] <= snapshot.seen_at]
        last = (
            before.assign(rank=before["stage"].map(rank))
            .sort_values(["entered_at", "rank"])
            .drop_duplicates("lead_id", keep="last")
            .rename(columns={"stage": "was", "entered_at": "since"})[["lead_id", "was", "since"]]
        )
        leads = leads.merge(last, on="lead_id", how="left")
        new = leads[(leads["stage"] != LEAD) & (leads["stage"] != leads["was"])]
        made = _dated(new, snapshot.seen_at, stage_keys[-1])
        made["origin"] = ["snapshot" if lead in seen else "current" for lead in made["lead_id"]]
        fresh = made.merge(known[list(ENTRY_COLUMNS)], on=list(ENTRY_COLUMNS), how="left", indicator=True)
        made = fresh[fresh["_merge"] == "left_only"].drop(columns="_merge")
        result.append(made[[*ENTRY_COLUMNS, "reason", "precision", "origin", "place"]])
        known = pd.concat([known, made[list(ENTRY_COLUMNS)]], ignore_index=True)
        seen.update(snapshot.leads["lead_id"])
    return result


def _dated(leads: pd.DataFrame, seen_at: dt.datetime, last_stage: str) -> pd.DataFrame:
    """Add `entered_at` and `precision`."""
    closed = leads["closed_at"].where(
        leads["stage"].isin([last_stage, LOST]) & (leads["closed_at"] <= seen_at)
    )
    edited = leads["updated_at"]
    edited = edited.where((edited <= seen_at) & (leads["since"].isna() | (edited > leads["since"])))
    entered = closed.fillna(edited).fillna(pd.Timestamp(seen_at)).astype("datetime64[us]")
    too_early = entered < leads["created_at"]
    return leads.assign(
        entered_at=entered.mask(too_early, leads["created_at"]),
        precision=closed.notna().map({True: "second", False: "day"}),
    )
