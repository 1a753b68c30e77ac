"""Values compared with all leads of the same weeks, so that a young value is not taken for a bad one.

A value whose leads came in the newest weeks has sold little yet, and so has everything else of those weeks.
What a value would have if it converted like all leads does is therefore added up week by week, and so is the
variance of chance: Mantel and Haenszel 1959 (J. Natl. Cancer Inst. 22, 719-748), weeks as strata.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

CHANCE = 0.05
"""What chance makes as often as this tells nothing."""
DUE_COLUMNS = ("due", "due_variance", "p_value")
"""By value. `due`: leads of the last stage, if its leads converted like all of the same weeks;
`due_variance`: of chance, if they do; `p_value`: how often chance alone is so far from that, in either
direction (1 where there is nothing to compare with)."""


def due(counts: pd.DataFrame, keys: Sequence[str], last: str) -> pd.DataFrame:
    """Return what every value would have in the last stage if it converted like all leads of its weeks.

    Args:
        counts: one row per `cohort_week` and value, or pair of values: `leads` and the last stage's count.
        keys: the columns of the value.
        last: the last stage.

    Returns:
        `DUE_COLUMNS`, by value (index `keys`).

    >>> weeks = pd.DataFrame({"cohort_week": [1, 1, 2, 2], "value": ["a", "b", "a", "b"],
    ...     "leads": [100, 100, 0, 100], "sale": [10, 10, 0, 1]})
    >>> due(weeks, ["value"], "sale").round(2).values.tolist()
    [[10.0, 9.0, 1.0], [11.0, 9.99, 1.0]]
    """
    from funnel.analysis.statistics import laws  # slow to load; a table without slices compares nothing

    size = counts["leads"].to_numpy(float)
    whole = counts.groupby("cohort_week")[["leads", last]].transform("sum").to_numpy(float)
    share = np.divide(whole[:, 1], whole[:, 0], out=np.zeros(len(counts)), where=whole[:, 0] > 0)
    others = np.divide(whole[:, 0] - size, whole[:, 0], out=np.zeros(len(counts)), where=whole[:, 0] > 0)
    each = counts[list(keys)].assign(
        won=counts[last].to_numpy(float),
        due=size * share,
        due_variance=size * share * (1 - share),
        apart=size * share * (1 - share) * others,
    )
    table = each.groupby(list(keys)).sum()
    off = np.maximum((table["won"] - table["due"]).abs().to_numpy() - 0.5, 0.0)
    z = np.divide(off, np.sqrt(table["apart"]), out=np.zeros(len(table)), where=table["apart"] > 0)
    return table.assign(p_value=2 * laws.normal_above(z))[list(DUE_COLUMNS)]


def chi_square(won: pd.Series, expected: pd.Series, variance: pd.Series) -> tuple[float, int]:
    """Return how far all values together are from what was due, and the degrees of freedom."""
    seen: npt.NDArray[np.bool_] = variance.to_numpy(float) > 0
    off = (won.to_numpy(float) - expected.to_numpy(float))[seen]
    return float((off**2 / variance.to_numpy(float)[seen]).sum()), max(int(seen.sum()) - 1, 0)
