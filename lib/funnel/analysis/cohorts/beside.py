"""Shares over cohorts beside what was to be expected of them, and what chance alone makes of so few."""

from __future__ import annotations

import numpy as np
import pandas as pd

from funnel.analysis.cohorts.compare import CHANCE, due
from funnel.analysis.cohorts.periods import SMALL
from funnel.analysis.cohorts.table import share
from funnel.analysis.statistics import laws

BESIDE_COLUMNS = ("base", "reached", "rate", "expected", "low", "high", "outside")
"""`reached` of `base`: `rate`. `expected`: the rate it is held against. `low`, `high`: the shares between
which nine of ten groups of so many lie if they have the expected rate (binomial); `outside`: the rate is not
between them. NaN and False of a base of none."""


def beside(base: pd.Series, reached: pd.Series, expected: pd.Series) -> pd.DataFrame:
    """Hold shares against expected ones; see `BESIDE_COLUMNS`.

    >>> print(*beside(pd.Series([20, 0]), pd.Series([18, 0]), pd.Series([0.5, 0.5])).loc[0])
    20 18 0.9 0.5 0.3 0.7 True
    """
    rate, many = share(reached, base), base.to_numpy(float)
    known = (many > 0) & expected.notna().to_numpy()
    sure = np.where(known, expected.fillna(0.0), 0.0)
    ends = [laws.binomial_quantile(chance, many, sure) for chance in (0.05, 0.95)]
    low, high = (np.divide(end, many, out=np.full(len(many), np.nan), where=known) for end in ends)
    outside = known & ((rate.to_numpy() < low) | (rate.to_numpy() > high))
    columns = (base, reached, rate, expected.where(known), low, high, outside)
    return pd.DataFrame(dict(zip(BESIDE_COLUMNS, columns, strict=True)), index=base.index)


def judged(counts: pd.DataFrame, keys: list[str], groups: list[str]) -> pd.DataFrame:
    """Tell of each group whether its share differs from that of all by more than chance.

    Args:
        counts: one row per stratum (`cohort_week`) and group: `base`, `reached`.
        keys: what names a group among others, such as the value.
        groups: what is compared apart, such as the step.

    Returns:
        One row per group: the keys, `base`, `reached`, `rate`, `due` (reached, if its share were that of all
        in the same strata), `expected` (`due` of `base`), `p_value` (Mantel and Haenszel), `few` (a base
        below `SMALL`: not judged), `differs` (the p-value times the number of groups judged is below 5 %).
    """
    parts = []
    for _, part in counts.groupby(groups, sort=False) if groups else [("", counts)]:
        named = part.rename(columns={"base": "leads"})
        sums = part.groupby([*groups, *keys])[["base", "reached"]].sum()
        parts.append(sums.join(due(named, [*groups, *keys], "reached")))
    columns = [*groups, *keys, "base", "reached", "rate", "due", "expected", "p_value", "few", "differs"]
    if not parts:
        return pd.DataFrame(columns=columns)
    table = pd.concat(parts)
    table["rate"], table["expected"] = (share(table[name], table["base"]) for name in ("reached", "due"))
    table["few"] = table["base"] < SMALL
    tried = int((~table["few"]).sum())
    table["differs"] = ~table["few"] & (table["p_value"] * tried < CHANCE)
    return table.reset_index()[columns]
