"""What a finding is, how grave it is, and when it is accepted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from funnel.schema import FINDING_COLUMNS
from funnel.settings_gate import Gate

TELL, REFUSE, STOPPED, ACCEPTED = "tell", "refuse", "stopped", "accepted"
FAILS = (REFUSE, STOPPED)
"""Grades with which `funnel check` ends with exit code 1 in any case."""
NEWEST = dt.timedelta(weeks=13)


def findings(parts: Sequence[pd.DataFrame], gate: Gate, day: dt.date) -> pd.DataFrame:
    """Put the findings together: what was accepted says so, and the gravest stand first.

    Args:
        parts: `schema.FINDING_COLUMNS`, of all checks; `reason` may be missing.
        gate: what the settings accept.
        day: the report date.
    """
    filled = [part for part in parts if len(part)]
    frame = (pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()).reindex(
        columns=list(FINDING_COLUMNS)
    )
    reasons = {item.table: item.reason for item in gate.accepted if day <= item.until}
    grave = frame["grade"].isin(FAILS) & frame["table"].isin(list(reasons))
    frame["reason"] = frame["table"].map(reasons).where(grave, "").fillna("").astype(object)
    frame["grade"] = frame["grade"].where(~grave, ACCEPTED)
    order = frame["grade"].map({STOPPED: 0, REFUSE: 1, ACCEPTED: 2, TELL: 3})
    frame = frame.assign(_order=order).sort_values("_order", kind="stable", ignore_index=True)
    for name in ("rows", "of"):
        frame[name] = frame[name].fillna(0).astype("int64")
    for name in ("first", "last"):
        frame[name] = pd.to_datetime(frame[name])
    for name in ("kind", "table", "column", "grade", "example"):
        frame[name] = frame[name].fillna("").astype(object)
    return frame[list(FINDING_COLUMNS)]


def finding(kind: str, table: str, grade: str = TELL, **more: object) -> dict[str, object]:
    """Return one finding, as a row."""
    return {"kind": kind, "table": table, "grade": grade, **more}
