"""When a forecast must not be trusted yet, and why.

The method is asked again as of 4, 8, 12 and 24 weeks ago, on the same history, and its answers are held
against what has come since. Where they missed by more than chance allows, or there is too little to learn
from, the answer is "not reliable yet" with a reason. Reasons are keys of the language catalogue; see
`REASONS`.

A verdict follows from the history alone, not from the seed of the forecast, and it is one decision over all
looks that are taken: ages, dates back, places where a change may have begun, stages. `FALSE_ALARMS` is how
often any of them may speak though nothing has changed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.forecast.conversion import StageFit
from funnel.analysis.forecast.draws import widened
from funnel.analysis.forecast.rhythm import uneven
from funnel.analysis.forecast.told import History
from funnel.analysis.statistics import laws
from funnel.analysis.statistics.credibility import fit_levels

Floats = npt.NDArray[np.float64]

REASONS = (
    "",
    "no_conversions",
    "few_conversions",
    "history_short",
    "delay_may_have_changed",
    "missed_lately",
    "young_unlike_old",
)
"""Empty: reliable. no_conversions: nobody has reached the stage. few_conversions: fewer than 20 have.
history_short: the oldest cohorts may not have reached three quarters of their final number: how much comes
later than anybody has lived is not known. delay_may_have_changed: newer cohorts seem to take another time,
not yet surely. missed_lately:
forecasts made some weeks ago for cohorts of that age missed what came. young_unlike_old: cohorts of
that age convert unlike older ones, and it is too early to tell whether in number or in time."""

AGE_BANDS = ((0, 3), (4, 7), (8, 12), (13, 25), (26, 51), (52, 10_000))
"""Ages in weeks, from and to, in which forecasts are judged together."""
BACKS = (4, 8, 12, 24)
"""Weeks ago as of which the forecast is made again."""
FALSE_ALARMS = {"missed_lately": 0.01, "young_unlike_old": 0.025, "delay_may_have_changed": 0.015}
"""Share of steady report dates that may carry the mark on any stage and age; 5 % together."""
LOOKS = {"missed_lately": 12, "young_unlike_old": 4, "delay_may_have_changed": 22}
"""How many independent looks the looks of a stage are worth, which overlap: 24 pairs of age and date back,
some 24 and some 100 first cohorts of a change. Measured on steady worlds (`bench/README.md`)."""
MATERIAL = 0.03
"""A miss below this share of the final number of its cohorts is none: ripe ages have little left to come."""
NAMED = 0.02
"""Once it is certain that forecasts missed, the ages are named whose own tail is below this."""
FEW = 20
SETTLED = 22
"""Weeks after which a log that began later than its oldest leads is believed: until then it tells mostly of
leads that were left over."""
KNOWN = 0.75
"""Share of the final number that the oldest cohorts must have reached, surely (95 %)."""
UNSURE = 0.4
"""Least relative deviation of what an unreliable forecast still promises."""
EVEN = 0.5
"""What every second steady world shows speaks for no change."""
FRESH = 8


def band_of(ages: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the index of the age band of every age.

    >>> band_of(np.array([0, 4, 60])).tolist()
    [0, 1, 5]
    """
    return np.searchsorted([low for low, _ in AGE_BANDS], ages, side="right").astype(np.int64) - 1


def retrospect(past: History, stage: str, at: int = 0, backs: tuple[int, ...] = BACKS) -> pd.DataFrame:
    """Forecast again as of earlier weeks what the cohorts would have brought by then.

    Args:
        past: the history.
        stage: whose forecasts.
        at: weeks back of the date that is judged.
        backs: weeks before it.

    Returns:
        One row per `back` (weeks ago) and `band` (index in `AGE_BANDS`, by the age then): `forecast`, `low`,
        `high` (90 %) and `actual` number of conversions between then and now, `tail` (chance of an outcome so
        far out, two-sided), `share` (the miss as a share of the final number of these cohorts) and `changed`
        (whether a change of the delay was seen then). The number is taken as negative binomial with the mean
        and variance of the draws, and of how unevenly conversions come in this company (`rhythm`): tails
        counted in draws would hang on the seed. A forecast that was marked then as too little learnt is
        judged too: its draws know how little was known.
    """
    rows = []
    now, fit_now = past.seen(stage, at), past.told(stage, at).fit
    for back in backs:
        then = past.seen(stage, at + back)
        if len(then.ages) < 8 or then.told().sum() < FEW:
            continue
        count = len(then.ages)
        one = past.told(stage, at + back)
        fit = one.fit
        mean_by, left = one.by(back), np.maximum(fit.left, 1e-9)[:, None]
        rate = np.clip(mean_by[:, None] * one.factor / left, 0, 1)
        bands = band_of(then.ages)
        restless = uneven(fit_now, back, leave=back)
        for band in np.unique(bands):
            mine = bands == band
            came = float((now.reached[:count] - then.reached)[mine].sum())
            drawn = (left * rate)[mine].sum(axis=0)
            mean = float(drawn.mean())
            variance = float(drawn.var() + (left * rate * (1 - rate))[mine].mean(axis=1).sum())
            variance += max(restless, uneven(fit_now, back, back, AGE_BANDS[band])) * mean**2
            low, high, tail = _held_against(came, mean, variance)
            rows.append(
                {
                    "back": back,
                    "band": int(band),
                    "forecast": mean,
                    "low": low,
                    "high": high,
                    "actual": came,
                    "tail": tail,
                    "share": abs(came - mean) / max(float(then.reached[mine].sum()) + mean, 1.0),
                    "changed": fit.model.changed_at > 0,
                }
            )
    columns = ["back", "band", "forecast", "low", "high", "actual", "tail", "share", "changed"]
    return pd.DataFrame(rows, columns=columns).astype({"changed": bool})


def _held_against(came: float, mean: float, variance: float) -> tuple[float, float, float]:
    """Return the 90 % interval of a count, never narrower than Poisson's, and the tail of what came."""
    mean = max(mean, 1e-9)
    shape = mean**2 / max(variance - mean, 1e-4 * mean)
    below = float(laws.negative_binomial_below(np.array([came - 1, came]), mean, shape).mean())
    low, high = (float(laws.negative_binomial_quantile(chance, mean, shape)) for chance in (0.05, 0.95))
    return low, high, 2 * min(below, 1 - below)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a stage's forecast can be trusted.

    Attributes:
        reasons: by age band, the key of the reason why not; empty if it can.
        record: the frame of `retrospect`.
        doubt: by age band, how near what speaks against the forecast comes to the mark: 0 to 1.
    """

    reasons: tuple[str, ...]
    record: pd.DataFrame
    doubt: tuple[float, ...] = (0.0,) * len(AGE_BANDS)

    def reason_at(self, ages: npt.NDArray[np.int64]) -> list[str]:
        """Return the reason for every age."""
        return [self.reasons[band] for band in band_of(np.maximum(ages, 0))]

    def widen_at(self, ages: npt.NDArray[np.int64]) -> Floats:
        """Return by age the relative deviation by which the forecast is widened.

        Of an unreliable one it is as large as the worst miss of the record, and at least `UNSURE`. The doubt
        in a reliable one grows with what speaks against it, up to `UNSURE` where the mark begins.
        """
        came, told = (self.record[name].to_numpy(float) + 1 for name in ("actual", "forecast"))
        ratio = pd.Series(np.abs(np.log(came / told)))
        by_band = ratio.groupby(self.record["band"].to_numpy()).max()
        worst = float(ratio.max()) if len(ratio) else 0.0
        sizes = [
            min(max(float(by_band.to_dict().get(band, worst)), UNSURE), 1.5) if reason else UNSURE * doubt
            for band, (reason, doubt) in enumerate(zip(self.reasons, self.doubt, strict=True))
        ]
        result: Floats = np.array(sizes)[band_of(np.maximum(ages, 0))]
        return result

    def doubt_at(self, ages: npt.NDArray[np.int64], shock: Floats) -> Floats:
        """Return the factor that widens what is to come, age by draw; its mean is 1.

        Args:
            ages: of the cohorts; those still to be born have negative ones and are as sure as the youngest.
            shock: standard normal draws.
        """
        return widened(self.widen_at(ages), shock)


def _doubt(chance: float, mark: float) -> float:
    """Return how near to the mark what a steady world shows with this chance comes: 0 to 1, by its log.

    >>> [round(_doubt(chance, 0.025), 2) for chance in (0.8, 0.5, 0.1, 0.025, 0.001)]
    [0.0, 0.0, 0.54, 1.0, 1.0]
    """
    return float(np.log(EVEN / np.clip(chance, mark, EVEN)) / np.log(EVEN / mark))


def judge(past: History, stage: str, at: int = 0) -> Verdict:
    """Judge a stage's forecast, age band by age band.

    Args:
        past: what the report date has seen. Together its stages may raise `FALSE_ALARMS`, about one steady
            report date in twenty.
        stage: which one.
        at: weeks back of the date that is judged.
    """
    fit, stages = past.told(stage, at).fit, len(past.stages)
    record = retrospect(past, stage, at)
    everywhere = _everywhere(fit, stages)
    if everywhere:
        return Verdict((everywhere,) * len(AGE_BANDS), record)
    if fit.model.changed_at:
        lately = record.loc[record["back"] <= FRESH, "changed"]
        if lately.empty or not lately.all():
            return Verdict(("delay_may_have_changed",) * len(AGE_BANDS), record)
        record = record[record["changed"]]
    # A change that is seen on one of two dates alone was marked on one of them: its miss is no evidence.
    alike = record[record["changed"] == (fit.model.changed_at > 0)]
    missed, unlike = _missed(alike, stages), _unlike(fit)
    alarm = FALSE_ALARMS["young_unlike_old"] / stages
    reasons = [
        "missed_lately" if band in missed else "young_unlike_old" if chance < alarm else ""
        for band, chance in enumerate(unlike)
    ]
    doubts = [
        max(_doubt(chance, FALSE_ALARMS["young_unlike_old"]), _doubt(miss, FALSE_ALARMS["missed_lately"]))
        for chance, miss in zip(unlike, _misses(alike), strict=True)
    ]
    return Verdict(tuple(reasons), record, tuple(doubts))


def _misses(record: pd.DataFrame) -> list[float]:
    """Return by age band the chance that a steady world's record has a miss so far out, all looks counted."""
    least = record[record["share"] >= MATERIAL].groupby("band")["tail"].min().to_dict()
    return [min(least.get(band, 1.0) * LOOKS["missed_lately"], 1.0) for band in range(len(AGE_BANDS))]


def _level(reason: str, stages: int) -> float:
    """Return the chance a single look may have of raising the mark though nothing has changed."""
    return FALSE_ALARMS[reason] / LOOKS[reason] / stages


def _unlike(fit: StageFit) -> tuple[float, ...]:
    """Return by age band the chance that a steady world shows the cohorts of that age and younger so unlike.

    While they are young, nobody can tell another level of conversion from another delay. The cohorts
    before the youngest half-year say how much levels vary and drift anyway.
    """
    ages, model = fit.triangle.ages, fit.model
    count, maturity = len(ages), fit.maturity()[0]
    events, expected = model.levels.events, model.levels.expected.mean(axis=1)
    past = count - BACKS[-1]
    chances = np.ones(len(AGE_BANDS))
    if past < BACKS[-1]:
        return tuple(chances)
    before = fit_levels(events[:past], expected[:past, None])
    drift, spread = float(before.drift @ before.weight), float(before.spread @ before.weight)
    for first in range(past, count - 2):
        base, young = slice(first - BACKS[-1], first), slice(first, count)
        if maturity[first] > 0.9 or expected[base].sum() < FEW or expected[young].sum() < 5:
            continue
        level = float(events[base].sum() / expected[base].sum())
        due = expected[young]
        noise = level * due.sum() + spread * level**2 * (due**2).sum()
        share = 1 / expected[base].sum() / max(level, 1e-9) + spread / BACKS[-1]
        noise += (share + drift * (BACKS[-1] + count - first) / 2) * (level * due.sum()) ** 2
        tail = _held_against(float(events[young].sum()), float(level * due.sum()), float(noise))[2]
        touched = np.array([low <= ages[first] for low, _ in AGE_BANDS])
        chances[touched] = np.minimum(chances[touched], tail * LOOKS["young_unlike_old"])
    return tuple(chances)


def _missed(record: pd.DataFrame, stages: int) -> set[int]:
    """Return the bands whose forecasts missed: none unless one miss is beyond chance, all looks counted."""
    misses = record[record["share"] >= MATERIAL]
    if not (misses["tail"] < _level("missed_lately", stages)).any():
        return set()
    return set(misses.loc[misses["tail"] < NAMED, "band"])


def _everywhere(fit: StageFit, stages: int) -> str:
    """Return the reason that holds at every age, if there is one."""
    reason = _unlearnt(fit)
    doubt = 2 * laws.normal_above(fit.model.change_z) < _level("delay_may_have_changed", stages)
    return reason or ("delay_may_have_changed" if doubt and not fit.model.changed_at else "")


def _unlearnt(fit: StageFit) -> str:
    """Return why there is too little to learn from, if so."""
    seen, begun = fit.triangle, fit.model.begun
    if seen.told().sum() < FEW:
        return "few_conversions" if seen.reached.sum() else "no_conversions"
    if begun and len(seen.ages) - begun < SETTLED:
        return "history_short"
    history = int(np.flatnonzero(seen.at_risk()[begun:].sum(axis=0) > 0).max(initial=0))
    draws = fit.model.hazards[0].maturity_draws()[:, min(history, seen.horizon)]
    return "history_short" if np.quantile(draws, 0.05) < KNOWN else ""
