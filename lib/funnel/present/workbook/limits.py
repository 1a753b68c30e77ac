"""What a workbook can hold, and how these limits are kept.

| Excel's limit | kept by |
|---|---|
| 1,048,576 rows a sheet | `fitting`: the newest cohorts that have room; a listing is cut (`listed`) |
| 32,767 characters a cell | texts are cut: values at 200, notes and listings at 2,000 (`cells`) |
| 31 characters the name of a sheet | `cells.sheet_name` |
| 255 characters an item of a pivot, a field, a text in a formula | names are cut at 60, values at 200 |
| 65,530 links a sheet | links are formulas, which it does not count (`bulk`) |
"""

from __future__ import annotations

import pandas as pd

ROWS = 1_048_576
"""Rows of a sheet."""
QUOTED = 255
"""Characters of a text in a formula."""
PRINTED = 120
"""Rows of a listing that are printed, about three pages."""
CHOICES = 1000
"""Values that a list to choose from offers."""


def fitting(flat: pd.DataFrame, rows: int) -> pd.DataFrame:
    """Return the flat data of the newest cohorts whose rows have room on a sheet.

    >>> weeks = pd.to_datetime(["2022-09-05", "2022-09-12", "2022-09-12", "2022-09-19"])
    >>> fitting(pd.DataFrame({"cohort_week": weeks}), rows=3)["cohort_week"].dt.day.tolist()
    [12, 12, 19]
    """
    if len(flat) <= rows:
        return flat
    sizes = flat.groupby("cohort_week").size().sort_index(ascending=False).cumsum()
    kept = sizes.index[sizes <= rows]
    return flat[flat["cohort_week"].isin(kept)].reset_index(drop=True)
