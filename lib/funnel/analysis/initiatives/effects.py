"""How much a conversion changed where something was done, in weeks that have luck of their own.

One series is one group of leads over cohort weeks, all at the same age. The expected count is
base x exp(level of the series + effect where treated). Weeks vary more than chance in three ways: a shock
of a series' own week, a slow drift of a series' own level, and, where several series are compared, what all
of them share in a week, which is left entirely free: only differences within a week then tell of the effect
(difference in differences). With one series the drift is what a trend could have done (a local level, as
in interrupted time series; Brodersen et al. 2015, Annals of Applied Statistics 9, 247-274). Estimation by
generalised least squares on the quasi-score (McCullagh and Nelder 1989, chapter 9); shocks and drift by
restricted likelihood over a grid, averaged. A week without a sale is a week like any other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from funnel.analysis.statistics import laws

Floats = npt.NDArray[np.float64]

SHOCKS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.45)
DRIFTS = (0.0, 0.004, 0.008, 0.016, 0.032)
"""Standard deviations of a week's own shock and of the weekly step of the drift (logarithms)."""
USUAL_SHOCK, USUAL_DRIFT = 0.15, 0.008
"""Means of their exponential priors: few weeks tell neither drift from trend nor shocks from luck."""
BETWEEN = 0.4
"""Factor on both means where groups are compared week by week: groups differ less than weeks do."""
MANY = 100
"""Points (series times weeks) from which a third of the grid must do."""
FREE = 1.0
"""Variance of what all series share in a week: so large that it carries no information."""
WIDE = 4.0
"""Variance of the prior of the effect's logarithm; keeps the estimate finite where nothing was sold."""


@dataclass(frozen=True, slots=True)
class Series:
    """Groups of leads by week, (series, weeks).

    Attributes:
        reached: counts.
        base: out of how many; 0 where the week does not count.
        treated: 1 where the leads of the series were treated, 0 where not.
        apart: the series are of different years: their weeks differ as much as any.
    """

    reached: Floats
    base: Floats
    treated: Floats
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Spread:
    """How weeks vary: standard deviations of the logarithm of a conversion.

    Attributes:
        shock: of a week's own.
        drift: of the weekly step of the level.
    """

    shock: float
    drift: float


USUAL = Spread(USUAL_SHOCK, USUAL_DRIFT)
"""What is taken before anything is known."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """An estimated effect, of the logarithm of the conversion.

    Attributes:
        effect: estimate.
        error: standard error.
        spread: how weeks vary.
        spare: degrees of freedom of the t distribution.
    """

    effect: float
    error: float
    spread: Spread
    spare: float

    @property
    def change(self) -> float:
        """The relative change, 0.2 for +20 %."""
        return float(np.expm1(self.effect))

    def interval(self, level: float = 0.9, inflate: float = 1.0) -> tuple[float, float]:
        """Return the limits of the relative change."""
        half = laws.t_quantile((1 + level) / 2, self.spare) * self.error * inflate
        return float(np.expm1(self.effect - half)), float(np.expm1(self.effect + half))

    def p_value(self, inflate: float = 1.0) -> float:
        """Return the two-sided p of no effect."""
        return 2 * laws.t_below(-abs(self.effect) / (self.error * inflate), self.spare)


def fit(series: Series) -> Fitted | None:
    """Estimate the effect; None where it cannot be (no base or no count on one of the sides)."""
    flat = _Flat.of(series)
    if flat is None:
        return None
    spread = flat.spread(flat.beta(USUAL))
    beta = flat.beta(spread)
    inverse = np.linalg.inv(flat.variance(beta, spread))
    error = float(np.sqrt(np.linalg.inv(flat.design.T @ inverse @ flat.design + flat.prior)[-1, -1]))
    return Fitted(float(beta[-1]), error, spread, _spare(flat))


def spread_of(series: Series) -> Spread:
    """Return how weeks vary, from series of which nothing was treated."""
    flat = _Flat.of(series, effect=False)
    return USUAL if flat is None else flat.spread(flat.beta(USUAL))


def error_of(series: Series, spread: Spread) -> tuple[float, float]:
    """Return the standard error an estimate would have, and its degrees of freedom, given expected counts."""
    flat = _Flat.of(series)
    if flat is None:
        return float("inf"), 1.0
    beta = flat.beta(spread)
    inverse = np.linalg.inv(flat.variance(beta, spread))
    return float(np.sqrt(np.linalg.inv(flat.design.T @ inverse @ flat.design + flat.prior)[-1, -1])), _spare(
        flat
    )


def _spare(flat: _Flat) -> float:
    return float(max(len(np.unique(flat.week)) - 3, 3))


@dataclass(frozen=True, slots=True)
class _Flat:
    """The weeks that count, one after the other."""

    reached: Floats
    base: Floats
    design: Floats
    prior: Floats
    week: npt.NDArray[np.int64]
    same_series: npt.NDArray[np.bool_]
    shared: bool
    apart: bool

    @classmethod
    def of(cls, series: Series, effect: bool = True) -> _Flat | None:
        row, week = np.nonzero(series.base > 0)
        reached, base, treated = (part[row, week] for part in (series.reached, series.base, series.treated))
        kinds = np.unique(row)
        if len(week) < 4 or reached.sum() <= 0:
            return None
        if effect and (treated.all() or not treated.any() or reached[treated == 0].sum() <= 0):
            return None
        levels = (row[:, None] == kinds[None, :]).astype(np.float64)
        if (levels.T @ reached).min() <= 0:
            return None
        design = np.column_stack([levels, treated]) if effect else levels
        prior = np.zeros((design.shape[1], design.shape[1]))
        if effect:
            prior[-1, -1] = 1 / WIDE
        return cls(
            reached, base, design, prior, week, row[:, None] == row[None, :], len(kinds) > 1, series.apart
        )

    def mean(self, beta: Floats) -> Floats:
        return np.asarray(np.minimum(self.base * np.exp(self.design @ beta), self.base * 0.999))

    def variance(self, beta: Floats, spread: Spread) -> Floats:
        """Return the covariance of (count - mean) / mean."""
        mean = self.mean(beta)
        chance = np.diag((1 - mean / self.base) / mean)
        return np.asarray(chance + self._between(spread))

    def _between(self, spread: Spread) -> Floats:
        shock, drift, shared = self._parts()
        return np.asarray(spread.shock**2 * shock + spread.drift**2 * drift + shared)

    def _parts(self) -> tuple[Floats, Floats, Floats]:
        """Return what a shock, a drift and what is shared by all series make vary together."""
        same_week = self.week[:, None] == self.week[None, :]
        walk = np.minimum(self.week[:, None], self.week[None, :]) - self.week.min()
        shared = FREE * same_week if self.shared else np.zeros(same_week.shape)
        return (
            (same_week & self.same_series).astype(np.float64),
            walk * self.same_series.astype(np.float64),
            shared,
        )

    def beta(self, spread: Spread) -> Floats:
        """Solve the quasi-score, with V at the fitted means."""
        levels = self.design.shape[1] - int(self.prior[-1, -1] > 0)
        beta = np.zeros(self.design.shape[1])
        for column in range(levels):
            mine = self.design[:, column] > 0
            beta[column] = np.log(self.reached[mine].sum() / self.base[mine].sum())
        for _ in range(12):
            mean = self.mean(beta)
            inverse = np.linalg.inv(self.variance(beta, spread))
            score = self.design.T @ inverse @ (self.reached / mean - 1) - self.prior @ beta
            step = np.linalg.solve(self.design.T @ inverse @ self.design + self.prior, score)
            beta = beta + np.clip(step, -0.7, 0.7)
            if np.abs(step).max() < 1e-6:
                break
        return beta

    def spread(self, beta: Floats) -> Spread:
        """Average shock and drift over the grid by their restricted likelihood."""
        mean = self.mean(beta)
        left = self.reached / mean - 1
        chance = np.diag((1 - mean / self.base) / mean)
        grid = [Spread(shock, drift) for shock in SHOCKS for drift in DRIFTS]
        if len(self.base) > MANY:
            grid = grid[::3]
        shock, drift, shared = self._parts()
        variance = np.array(
            [chance + shared + point.shock**2 * shock + point.drift**2 * drift for point in grid]
        )
        inverse = np.linalg.inv(variance)
        inner = self.design.T @ inverse @ self.design + self.prior
        fitted = np.linalg.solve(inner, (self.design.T @ inverse @ left)[..., None])
        rest = left - (self.design @ fitted)[..., 0]
        square = np.einsum("gi,gij,gj->g", rest, inverse, rest)
        score = -0.5 * (np.linalg.slogdet(variance)[1] + np.linalg.slogdet(inner)[1] + square)
        usual = BETWEEN if self.shared and not self.apart else 1.0
        score -= np.array([point.drift / USUAL_DRIFT + point.shock / USUAL_SHOCK for point in grid]) / usual
        weight = np.exp(score - score.max())
        weight /= weight.sum()
        return Spread(
            float(np.sqrt(weight @ np.array([point.shock**2 for point in grid]))),
            float(np.sqrt(weight @ np.array([point.drift**2 for point in grid]))),
        )
