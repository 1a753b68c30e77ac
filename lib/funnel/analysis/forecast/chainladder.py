"""The classical methods: chain ladder with Mack's errors, and the simple rivals of every forecast.

Sources: Mack 1993 (ASTIN Bulletin 23) and 1994 (Casualty Actuarial Society Forum, Spring); Bornhuetter and
Ferguson 1972; Cape Cod: Stanard 1985, Buehlmann. Origin = cohort, development = lag.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.cube.triangles import Triangle

Floats = npt.NDArray[np.float64]
Method = Callable[[Floats, Floats, Floats], Floats]

SIMPLE = ("chain ladder", "cape cod", "old conversion")
"""The rivals: chain ladder; Bornhuetter-Ferguson with the Cape Cod prior; leads x conversion of old
cohorts."""

OLD = 0.95
"""Maturity from which a cohort's conversion counts as old."""


def mack(cumulative: Floats) -> pd.DataFrame:
    """Return the chain-ladder ultimate of every origin with Mack's standard error.

    Args:
        cumulative: cumulative amounts by origin (oldest first) and development; NaN where not yet seen.
            The last column is taken as final (no tail).

    Returns:
        One row per origin: `latest`, `ultimate`, `reserve`, `standard_error`. The attribute `total_error` of
        the frame (`frame.attrs`) is the standard error of the sum of the reserves.

    The variance of the last factor is Mack's choice min(s2[-1]**2 / s2[-2], s2[-2], s2[-1]).
    """
    rows, columns = cumulative.shape
    known = ~np.isnan(cumulative)
    latest = np.array([cumulative[i, known[i]][-1] for i in range(rows)])
    factor, variance, base = np.ones(columns - 1), np.zeros(columns - 1), np.zeros(columns - 1)
    for k in range(columns - 1):
        pair = known[:, k + 1]
        c, d = cumulative[pair, k], cumulative[pair, k + 1]
        base[k] = c.sum()
        factor[k] = d.sum() / base[k] if base[k] > 0 else 1.0
        if pair.sum() > 1:
            ratio = np.divide(d, c, out=np.full_like(d, factor[k]), where=c > 0)
            variance[k] = (c * (ratio - factor[k]) ** 2).sum() / (pair.sum() - 1)
    if columns > 3 and known[:, -1].sum() == 1:
        variance[-1] = min(
            variance[-2] ** 2 / variance[-3] if variance[-3] > 0 else 0.0, variance[-3], variance[-2]
        )
    full = cumulative.copy()
    for k in range(columns - 1):
        todo = ~known[:, k + 1]
        full[todo, k + 1] = full[todo, k] * factor[k]
    ultimate = full[:, -1]
    relative = np.divide(variance, factor**2, out=np.zeros_like(variance), where=factor > 0)
    errors = np.zeros(rows)
    for i in range(rows):
        ahead = np.flatnonzero(~known[i, 1:])
        errors[i] = ultimate[i] ** 2 * sum(
            relative[k] * (_inverse(full[i, k]) + _inverse(base[k])) for k in ahead
        )
    total = 0.0
    for i in range(rows):
        ahead = np.flatnonzero(~known[i, 1:])
        shared = sum(2 * relative[k] * _inverse(base[k]) for k in ahead)
        total += errors[i] + ultimate[i] * ultimate[i + 1 :].sum() * shared
    frame = pd.DataFrame(
        {
            "latest": latest,
            "ultimate": ultimate,
            "reserve": ultimate - latest,
            "standard_error": np.sqrt(errors),
        }
    )
    frame.attrs["total_error"] = float(np.sqrt(total))
    return frame


def _inverse(value: float) -> float:
    return 1 / value if value > 0 else 0.0


def pattern(triangle: Triangle) -> Floats:
    """Return the chain-ladder share of the final number reached by age; 1 beyond what was ever seen."""
    whole = triangle.lived >= 1
    cumulative = np.cumsum(triangle.events, axis=1)
    both = whole[:, 1:]
    before = (cumulative[:, :-1] * both).sum(axis=0)
    after = (cumulative[:, 1:] * both).sum(axis=0)
    factor = np.divide(after, before, out=np.ones_like(after), where=before > 0)
    share = np.ones(triangle.horizon + 1)
    share[:-1] = 1 / np.cumprod(factor[::-1])[::-1]
    return share


@dataclass(frozen=True, slots=True)
class Simple:
    """A simple method's forecast of what each cohort brings in a span of weeks.

    Attributes:
        mean: what is still to come, by cohort.
        size: shape of the negative binomial around it, by cohort (infinite = Poisson).
    """

    mean: Floats
    size: Floats

    def draw(self, count: int, seed: int) -> Floats:
        """Draw what is still to come, cohort by draw."""
        rng = np.random.default_rng(seed)
        size = np.minimum(self.size, 1e6)[:, None]
        rate = rng.gamma(np.broadcast_to(size, (len(self.mean), count))) * (self.mean[:, None] / size)
        return rng.poisson(rate).astype(float)


def simple(name: str, triangle: Triangle, until: Floats | None = None) -> Simple:
    """Forecast with one of the `SIMPLE` methods.

    The spread is a negative binomial whose shape is fitted, age by age, to the errors the same method would
    have made for the older cohorts when they were as old (as in the R package baselinenowcast).

    Args:
        name: of the method.
        triangle: what has been seen.
        until: share of each week lived at the date that is forecast (cohort by lag); default the horizon.
    """
    share = pattern(triangle)
    ages = np.clip(triangle.ages, 0, triangle.horizon)
    now = share[ages]
    end = (
        np.ones_like(now)
        if until is None
        else share[np.clip(until.sum(axis=1).astype(int) - 1, 0, triangle.horizon)]
    )
    method = _method(name, triangle, share)
    seen = triangle.reached
    mean = method(seen, triangle.leads, now) * _span(now, end)
    cumulative = np.cumsum(triangle.events, axis=1)
    size = np.full(triangle.horizon + 1, np.inf)
    for age in np.unique(ages):
        older = np.flatnonzero(ages > age)
        if len(older) < 5:
            continue
        then = np.full(len(older), share[age])
        came = method(cumulative[older, age], triangle.leads[older], then) * _span(then, now[older])
        errors = (seen[older] - cumulative[older, age] - came) ** 2 - came
        above = float(errors.sum())
        if above > 0:
            size[age] = float((came**2).sum()) / above
    return Simple(mean, np.maximum(size[ages], 0.05))


def _span(now: Floats, end: Floats) -> Floats:
    left = 1 - now
    result: Floats = np.divide(end - now, left, out=np.zeros_like(left), where=left > 0)
    return result


def _method(name: str, triangle: Triangle, share: Floats) -> Method:
    """Return what is still to come as a function of sales seen, leads and maturity."""
    ages = np.clip(triangle.ages, 0, triangle.horizon)
    now = share[ages]
    seen, leads = triangle.reached, triangle.leads
    base = float(seen.sum()) / max(float((leads * now).sum()), 1e-9)
    old = now >= OLD
    if not old.any():
        old = ages >= np.quantile(ages, 0.75)
    rate = float(seen[old].sum()) / max(float(leads[old].sum()), 1e-9)

    def method(came: Floats, size: Floats, maturity: Floats) -> Floats:
        if name == "chain ladder":
            return came * (1 - maturity) / np.maximum(maturity, 1e-9)
        if name == "cape cod":
            return size * base * (1 - maturity)
        return np.maximum(size * rate - came, 0.0)

    return method
