"""What did not get in: rows an import set aside, as a share of the newest weeks of their table."""

from __future__ import annotations

import pandas as pd

from funnel.gate.rules import REFUSE, TELL, finding
from funnel.schema import require
from funnel.settings_gate import Gate

ASIDE_COLUMNS = ("table", "file", "column", "reason", "rows", "newest", "read", "accepted")
"""One row per table, file, column and reason of the last import of that file: `rows` set aside for it, how
many of these belong to the newest weeks (an estimate where their day cannot be read), the rows of the table
that this import `read`, and those `accepted` by it and by later ones."""
MISSING = ("stopped", "unusable", "unmatched", "rejected")
"""The kinds of findings that say that rows of a table are missing."""
IN_COLUMNS = ("table", "rows", "newest")
"""One row per table: the rows known, and those of its newest weeks."""


def gaps(aside: pd.DataFrame, there: pd.DataFrame, gate: Gate) -> pd.DataFrame:
    """Name the tables of which too much was set aside.

    Args:
        aside: `ASIDE_COLUMNS`; without copies, of which nothing is lost.
        there: `IN_COLUMNS`.
        gate: the two thresholds.
    """
    require(aside, ASIDE_COLUMNS, "aside")
    require(there, IN_COLUMNS, "there")
    known = there.set_index("table")
    found = []
    for table, rows in aside.groupby("table", sort=False):
        in_all, in_newest = (int(known[name].get(table, 0)) for name in ("rows", "newest"))
        lost, newest = int(rows["rows"].sum()), float(rows["newest"].sum())
        share = max(_part(lost, in_all), _part(newest, in_newest))
        nothing = rows[(rows["accepted"] == 0) & (rows["read"] > 0)]
        refuse = bool(len(nothing)) or _part(newest, in_newest) > gate.refuse
        if not refuse and share < gate.tell:
            continue
        worst = rows.sort_values("rows", ascending=False, kind="stable").iloc[0]
        stages = bool((rows["column"] == "stage").all())
        kind = "unusable" if len(nothing) else "unmatched" if stages else "rejected"
        one = nothing.iloc[0] if len(nothing) else worst
        found.append(
            finding(
                kind,
                str(table),
                REFUSE if refuse else TELL,
                column=one["column"],
                rows=int(one["read"]) if len(nothing) else lost,
                of=int(one["read"]) if len(nothing) else lost + in_all,
                share=share,
                example=str(one["file"]) if len(nothing) else str(worst["reason"]),
            )
        )
    return pd.DataFrame(found)


def _part(lost: float, there: float) -> float:
    return lost / (lost + there) if lost else 0.0


def with_gaps(findings: pd.DataFrame) -> pd.DataFrame:
    """Return the findings of tables of which rows are missing, so that what rests on them is too low."""
    return findings[findings["kind"].isin(MISSING)]
