"""How far the values of an attribute pay at a pace of their own, and how far they are therefore pooled.

Laid out backwards, a pattern of development is a chance for every lag: of what cohorts that lived through the
lag had paid by its end, the share that came in it (chain ladder's growth is 1 / (1 - share)). Amounts are
counted in payments of the value's own typical size (`capecod.payment_size`), so that dear and cheap values
weigh alike. Each value keeps its own payments and takes K more from the whole. K = (1 - t) / t, t being by
how much the shares differ between values beyond chance, as a part of s * (1 - s) (moments; Buehlmann and
Straub, ASTIN Bulletin 5, 1970, 199-207). Where chance may have made the difference, t is `ALIKE`: a value of
few payments then follows the whole. Two tests share the false alarms `ALARM`: chi-square over spans of lags,
and over all lags at once (the log-rank test backwards in time, which sees values of another pace).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from funnel.analysis.money.capecod import PaymentTriangle, payment_size, spans
from funnel.analysis.statistics import laws

Floats = npt.NDArray[np.float64]

ALARM = 0.05
"""In so many of the attributes whose values do pay alike a difference is seen."""
ALIKE = 0.02
"""How far patterns differ where no difference is seen: 49 payments are then taken from the whole. Values of
one company are hardly ever quite alike, and a difference that no test sees can still be worth 5 per cent."""
EXPECTED = 5.0
"""Payments expected in a span below which a value says nothing of it. To say something of the pace, so many
must be expected or have come at all lags together."""


def pooled(triangles: Sequence[PaymentTriangle]) -> list[PaymentTriangle]:
    """Return the pattern of development of every value, pooled as far as the data say so.

    Args:
        triangles: of the values, all of the same cohorts.
    """
    sizes = [payment_size(triangle) for triangle in triangles]
    counted = [
        triangle.increments / size if size > 0 else np.zeros_like(triangle.increments)
        for triangle, size in zip(triangles, sizes, strict=True)
    ]
    whole = np.sum(counted, axis=0)
    if whole.sum() <= 0:
        return list(triangles)
    apart = _apart(triangles[0], counted)
    made = []
    for triangle, own in zip(triangles, counted, strict=True):
        taken = whole / whole.sum()
        increments = own + (1 - apart) / apart * taken
        made.append(PaymentTriangle(triangle.ages, triangle.heads, increments))
    return made


def _apart(layout: PaymentTriangle, counted: Sequence[Floats]) -> float:
    """Return by how much the patterns differ beyond chance, `ALIKE` to 1."""
    steps, risks = zip(*(_lived(layout, own) for own in counted), strict=True)
    step, risk = np.array(steps), np.array(risks)
    together = risk.sum(axis=0)
    share = np.divide(step.sum(axis=0), together, out=np.zeros_like(together), where=together > 0)
    share = np.clip(share, 0, 1)
    span = spans(step.sum(axis=0))
    seen, expected = step @ span, (risk * share) @ span
    away, chance = seen - expected, (risk * share * (1 - share)) @ span
    number = risk @ span / np.maximum(span.sum(axis=0), 1)
    by_span = _beyond(*_told(expected >= EXPECTED, away, chance, number))
    # A slow value has hardly any payments due where the others pay: what came says it then.
    much = np.maximum(seen, expected).sum(axis=1, keepdims=True) >= EXPECTED
    away, chance, wide = _told(np.broadcast_to(much, away.shape), away, chance, number)
    by_pace = _beyond(
        away.sum(axis=1, keepdims=True),
        chance.sum(axis=1, keepdims=True),
        np.sqrt(wide).sum(axis=1, keepdims=True) ** 2,
    )
    likely = min(by_span[0], by_pace[0])
    if 2 * likely > ALARM:
        return ALIKE
    return float(np.clip(max(by_span[1], by_pace[1]), ALIKE, 1.0))


def _told(
    told: npt.NDArray[np.bool_], away: Floats, chance: Floats, number: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return differences, their variance by chance, and that of another pattern, where they are told."""
    away, chance, number = (np.where(told, each, 0.0) for each in (away, chance, number))
    others = 1 - number / np.maximum(number.sum(axis=0), 1e-9)
    return away, chance, number * chance * others


def _beyond(away: Floats, chance: Floats, weight: Floats) -> tuple[float, float]:
    """Return how likely chance makes such differences, and their part beyond chance.

    Args:
        away: seen less expected, value by span.
        chance: variance of it if the values are alike; 0 where nothing is told.
        weight: its variance beyond that, if the part were 1.
    """
    told = chance > 0
    freedom = float(told.sum() - told.any(axis=0).sum())
    if freedom <= 0:
        return 1.0, 0.0
    seen = float((away[told] ** 2 / chance[told]).sum())
    part = (seen - freedom) / max(float((weight[told] / chance[told]).sum()), 1e-9)
    return laws.chi2_above(seen, freedom), part


def _lived(layout: PaymentTriangle, own: Floats) -> tuple[Floats, Floats]:
    """Return by lag from 1 what came in it, and what had come by its end, of the cohorts that lived it."""
    done = own * layout.lived
    cumulative = np.cumsum(done, axis=1)[:, 1:] * layout.lived[:, 1:]
    return done[:, 1:].sum(axis=0), cumulative.sum(axis=0)
