"""Rows that repeat a deal for each of its products: one lead, and the sum of its lines."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from funnel.schema import MONEY
from funnel.sources.tabular import Mask


def put_together(ids: pa.Array, same: pa.Table, amounts: pa.Array) -> tuple[Mask, pa.Array, int]:
    """Find the rows that repeat a deal, and add up what they are worth.

    Rows are one deal's if they agree in every column of `same`, the id among them. Rows of one id that do not
    agree are left as they are: what they contradict each other in is told elsewhere.

    Args:
        ids: by row; null ones repeat nothing.
        same: the columns in which the rows of one deal agree.
        amounts: `MONEY`, of each line.

    Returns:
        the rows to keep; the amounts, with the sum in the row that is kept; how many deals had several rows.
    """
    size = len(ids)
    if pc.count_distinct(ids).as_py() == size - ids.null_count:
        return np.ones(size, bool), amounts, 0
    place = pa.array(np.arange(size))
    table = same.append_column("place", place).append_column("amount", amounts)
    names = list(same.column_names)
    groups = table.group_by(names).aggregate([("place", "min"), ("place", "count"), ("amount", "sum")])
    first = groups.column("place_min").to_numpy()
    count = groups.column("place_count").to_numpy()
    sums = groups.column("amount_sum").cast(pa.decimal128(38, 2)).combine_chunks()
    keep = np.zeros(size, bool)
    keep[first] = True
    keep |= ~ids.is_valid().to_numpy(zero_copy_only=False)
    order = np.argsort(first)
    whole = pa.array(np.isin(np.arange(size), first))
    totals = pc.replace_with_mask(amounts.cast(pa.decimal128(38, 2)), whole, sums.take(pa.array(order))).cast(
        MONEY
    )
    several = int(((count > 1) & groups.column(names[0]).is_valid().to_numpy(zero_copy_only=False)).sum())
    return keep, totals, several
