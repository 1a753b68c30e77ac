"""What was planted and what will have come of it at the horizon: the content of `truth.json`."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict

import numpy as np

from funnel.simulate.events import Quirks
from funnel.simulate.leads import DAY, Flags, Floats, Ints, Leads
from funnel.simulate.world import (
    CAMPAIGNS,
    MAX_DAYS,
    PACE,
    PRICE_SIGMA,
    PRICES,
    QUICK_DAYS,
    QUICK_SHARE,
    REFUND_SHARE,
    REPEAT_DAYS,
    REPEAT_SHARE,
    SEGMENTS,
    SLOW_DAYS,
    STEPS,
    Effect,
    World,
)

HORIZON = 104
Json = dict[str, "Json"] | list["Json"] | str | float | int | bool | None


def truth(
    world: World, seed: int, leads: Leads, paid: tuple[Ints, Ints, Ints], quirks: Quirks
) -> dict[str, Json]:
    """Return everything planted, as JSON values; counts are at the full horizon, known or not.

    Keys are explained in `data/demo/README.md`.
    """
    return {
        "seed": seed,
        "first_week": world.first_week.isoformat(),
        "weeks": world.weeks,
        "last_day": (world.end - dt.timedelta(days=1)).isoformat(),
        "horizon_weeks": HORIZON,
        "leads": len(leads.week),
        "base_rates": _by_step(world.base),
        "week_sigma": world.week_sigma,
        "drift_sigma": world.drift_sigma,
        "volume_sigma": world.volume_sigma,
        "segments": {
            name: {
                value: {"share": share, "logit": _by_step(offsets)}
                for value, (share, offsets) in values.items()
            }
            for name, values in SEGMENTS.items()
        },
        "initiatives": [_effect(effect) for effect in world.initiatives],
        "episodes": [_effect(effect) for effect in world.episodes],
        "pinned": [
            {
                "week": pin.week.isoformat(),
                "report_date": pin.report_date.isoformat(),
                "leads": pin.leads,
                "reached": dict(pin.reached),
            }
            for pin in world.pins
        ],
        "cohorts": _cohorts(world, leads),
        "final_by_segment": _segments(leads),
        "final_by_channel": _cohorts_by_channel(world, leads),
        "maturity": {
            stage: [
                round(int((leads.lags[:, step] <= age).sum()) / max(len(leads.week), 1), 5)
                for age in range(HORIZON + 1)
            ]
            for step, stage in enumerate(STEPS)
        },
        "delays": _delays(world, leads),
        "money": _money(leads, paid, world.weeks),
        "quirks": {name: int(count) for name, count in asdict(quirks).items()},
    }


def _by_step(values: tuple[float, ...]) -> dict[str, Json]:
    return {stage: round(value, 6) for stage, value in zip(STEPS, values, strict=True)}


def _effect(effect: Effect) -> dict[str, Json]:
    return {
        "id": effect.id,
        "kind": effect.kind,
        "title": effect.title,
        "start": effect.start.isoformat(),
        "end": effect.end.isoformat() if effect.end else None,
        "scope": {effect.attribute: list(effect.values)} if effect.attribute else {},
        "steps": _by_step(effect.steps),
        "lead_to_sale": round(effect.lead_to_sale, 6),
        "volume": effect.volume,
    }


def _counts(leads: Leads, rows: Flags | slice) -> dict[str, Json]:
    reached = leads.reached[rows]
    counts: dict[str, Json] = {"leads": len(reached)}
    for step, stage in enumerate(STEPS):
        counts[stage] = int(reached[:, step].sum())
    return counts


def _cohorts(world: World, leads: Leads) -> list[Json]:
    """Return final counts of each cohort, and the mean chance of its leads to reach each stage."""
    chance = np.cumprod(leads.chance, axis=1)
    edges = np.searchsorted(leads.week, np.arange(world.weeks + 1))
    cohorts: list[Json] = []
    for week in range(world.weeks):
        rows = slice(int(edges[week]), int(edges[week + 1]))
        mean = chance[rows].mean(axis=0) if rows.stop > rows.start else np.zeros(len(STEPS))
        day = world.first_week + dt.timedelta(weeks=week)
        cohorts.append(
            {
                "week": day.isoformat(),
                "final": _counts(leads, rows),
                "expected": _by_step(tuple(mean.tolist())),
            }
        )
    return cohorts


def _segments(leads: Leads) -> dict[str, Json]:
    return {
        name: {value: _counts(leads, leads.codes[name] == code) for code, value in enumerate(values)}
        for name, values in SEGMENTS.items()
    }


def _cohorts_by_channel(world: World, leads: Leads) -> dict[str, Json]:
    """Return by channel one list for leads and each stage, with one number for each cohort."""
    result: dict[str, Json] = {}
    for code, value in enumerate(SEGMENTS["channel"]):
        rows = leads.codes["channel"] == code
        kinds = {"leads": rows} | {stage: rows & leads.reached[:, k] for k, stage in enumerate(STEPS)}
        result[value] = {
            kind: np.bincount(leads.week[chosen], minlength=world.weeks).tolist()
            for kind, chosen in kinds.items()
        }
    return result


def _delays(world: World, leads: Leads) -> dict[str, Json]:
    """Return the parameters, the law they give, and what the leads that reach a stage really take."""
    days = (leads.times - leads.created[:, None]) / DAY
    quarters: dict[str, Json] = {}
    months = [(world.first_week + dt.timedelta(weeks=week)) for week in range(world.weeks)]
    names = np.array([f"{day.year}-Q{(day.month + 2) // 3}" for day in months])[leads.week]
    for quarter in np.unique(names).tolist():
        quarters[quarter] = _quantiles(days, leads.reached & (names == quarter)[:, None])
    by_product: dict[str, Json] = {
        value: _quantiles(days, leads.reached & (leads.codes["product"] == code)[:, None])
        for code, value in enumerate(SEGMENTS["product"])
    }
    sold = days[leads.reached[:, -1], -1]
    return {
        "quick_share": QUICK_SHARE,
        "quick_days": {stage: list(pair) for stage, pair in zip(STEPS, QUICK_DAYS, strict=True)},
        "slow_days": {stage: list(pair) for stage, pair in zip(STEPS, SLOW_DAYS, strict=True)},
        "pace_of_product": dict(PACE),
        "max_days": MAX_DAYS,
        "law": _quantiles(days, np.ones_like(leads.reached)),
        "total": _quantiles(days, leads.reached),
        "by_product": by_product,
        "by_quarter": quarters,
        "sale_mean_days": round(float(sold.mean()), 4) if len(sold) else None,
        "sale_max_days": round(float(sold.max()), 4) if len(sold) else None,
    }


def _quantiles(days: Floats, rows: Flags) -> dict[str, Json]:
    """Return by stage the median and the 80th percentile of days from creation."""
    result: dict[str, Json] = {}
    for step, stage in enumerate(STEPS):
        chosen = days[rows[:, step], step]
        if len(chosen):
            half, most = np.quantile(chosen, [0.5, 0.8])
            result[stage] = {"median_days": round(float(half), 4), "p80_days": round(float(most), 4)}
    return result


def _money(leads: Leads, paid: tuple[Ints, Ints, Ints], weeks: int) -> dict[str, Json]:
    """Return prices, and what all leads will have paid at the horizon, in roubles."""
    rows, _, kopecks = paid
    result: dict[str, Json] = {
        "prices": {name: {"mean_first": price, "repeats": often} for name, (price, often) in PRICES.items()},
        "price_sigma": PRICE_SIGMA,
        "repeat_share": REPEAT_SHARE,
        "repeat_days": REPEAT_DAYS,
        "refund_share": REFUND_SHARE,
        "cost_per_lead": {campaign.name: campaign.cost_per_lead for campaign in CAMPAIGNS},
        "paid_total": round(int(kopecks.sum()) / 100, 2),
        "paid_by_cohort": (np.bincount(leads.week[rows], kopecks, minlength=weeks) / 100).round(2).tolist(),
    }
    for name in ("channel", "product"):
        sums = np.bincount(leads.codes[name][rows], kopecks, minlength=len(SEGMENTS[name]))
        result[f"paid_by_{name}"] = {
            value: round(float(total) / 100, 2) for value, total in zip(SEGMENTS[name], sums, strict=True)
        }
    return result
