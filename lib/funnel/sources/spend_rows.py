"""Ad spend from several rows and files: what is added up, and what a later file takes the place of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from funnel.schema import SPEND

_SUMMED = ("cost", "impressions", "clicks")
_PLACE = ""  # no column of a table can have this name


def added_up(rows: pa.Table, places: npt.NDArray[np.int64]) -> tuple[pa.Table, npt.NDArray[np.int64], int]:
    """Add up the rows of one day, channel and campaign, such as those of single ads.

    Args:
        rows: of one file, with the columns of `schema.SPEND`.
        places: where each row stands.

    Returns:
        The sums, in the order of their first rows; where those stand; and how many rows are equal to another
        in everything, which are added too.
    """
    kept = [name for name in rows.column_names if name not in _SUMMED]
    numbered = rows.append_column(_PLACE, pa.array(places))
    wanted = [(name, "sum") for name in _SUMMED if name in rows.column_names]
    grouped = numbered.group_by(kept).aggregate([*wanted, (_PLACE, "min")]).sort_by(f"{_PLACE}_min")
    columns = {
        name: grouped[f"{name}_sum"].cast(SPEND.column(name).arrow) if name in _SUMMED else grouped[name]
        for name in rows.column_names
    }
    equal = rows.num_rows - rows.group_by(rows.column_names).aggregate([]).num_rows
    return pa.table(columns), grouped[f"{_PLACE}_min"].to_numpy(), equal


def covered(rows: pa.Table) -> pa.Table:
    """Return what a file speaks for wholly: its platforms and accounts, from the first day to the last."""
    grouped = rows.group_by(["platform", "account"]).aggregate([("date", "min"), ("date", "max")])
    return grouped.select(["platform", "account", "date_min", "date_max"]).rename_columns(
        ["platform", "account", "first", "last"]
    )


def replaced(files: Sequence[pa.Table]) -> list[npt.NDArray[np.bool_]]:
    """Tell of the rows of each file whether a later one speaks for their day, platform and account."""
    found = []
    for number, rows in enumerate(files):
        gone = pa.array(np.zeros(rows.num_rows, bool))
        for later in files[number + 1 :]:
            for one in covered(later).to_pylist():
                test = pc.and_(
                    pc.greater_equal(rows["date"], one["first"]), pc.less_equal(rows["date"], one["last"])
                )
                for name in ("platform", "account"):
                    same = rows[name].is_null() if one[name] is None else pc.equal(rows[name], one[name])
                    test = pc.and_(test, pc.fill_null(same, False))
                gone = pc.or_(gone, test)
        found.append(np.asarray(gone.to_numpy(zero_copy_only=False), bool))
    return found
