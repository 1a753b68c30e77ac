"""The projects that are proposed and have not begun, the most profitable first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from funnel.analysis.initiatives.prospects import prospects
from funnel.logbook import Initiative

PROPOSED_COLUMNS = (
    "initiative", "start", "change", "extra_sales", "extra_revenue", "cost", "payback_months",
    "return_in_a_year", "power", "readable_from", "reason",
)  # fmt: skip
"""One row: an initiative that starts on or after the report date, by its return in a year. `change` of the
overall conversion as its hypotheses say and the leads allow; `extra_sales` and `extra_revenue` a month at
today's volume; `power`: the chance that its first hypothesis is seen; `readable_from`: the report date on
which the answer can be read; `reason`: why nothing could be told of the first hypothesis. NaN: not known."""


def proposed(
    reached: pd.DataFrame,
    paid: pd.DataFrame,
    steps: Sequence[str],
    report_date: dt.date,
    initiatives: Sequence[Initiative],
) -> pd.DataFrame:
    """Return what the initiatives that have not begun may bring (`PROPOSED_COLUMNS`).

    Args:
        reached: the cube, also by the attributes of the scopes.
        paid: likewise.
        steps: `lead` and the stages in order.
        report_date: everything strictly before it counts.
        initiatives: all of them; those that run may overlap.
    """
    rows = []
    for item in initiatives:
        if item.start < report_date:
            continue
        others = [other for other in initiatives if other.id != item.id]
        worth, seen = prospects(reached, steps, report_date, item, others, paid)
        first = seen.iloc[0]
        rows.append(
            {
                "initiative": item.id,
                "start": pd.Timestamp(item.start),
                **{name: getattr(worth, name) for name in PROPOSED_COLUMNS[2:8]},
                **{name: first[name] for name in PROPOSED_COLUMNS[8:]},
            }
        )
    frame = pd.DataFrame(rows, columns=list(PROPOSED_COLUMNS))
    for name in ("start", "readable_from"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[ns]")
    return frame.sort_values(
        ["return_in_a_year", "extra_sales"], ascending=False, kind="stable", ignore_index=True
    )
