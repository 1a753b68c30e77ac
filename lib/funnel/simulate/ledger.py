"""What came in and what was spent: customers, payments, advertising."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa

from funnel.simulate.events import ids, instants, money, table, words
from funnel.simulate.leads import DAY, WEEKDAYS, Floats, Ints, Leads, expected_volume, pick, working_time
from funnel.simulate.world import (
    CAMPAIGNS,
    MAX_DAYS,
    NO_CAMPAIGN_SHARE,
    PRICE_SIGMA,
    PRICES,
    REFUND_SHARE,
    REPEAT_DAYS,
    REPEAT_SHARE,
    RETURNING_SHARE,
    SEGMENTS,
    TEST_CAMPAIGN,
    TEST_SPEND,
    World,
)

COST_SIGMA = 0.15
COST_GROWTH = 0.10
"""Day-to-day spread (sigma of the logarithm) and yearly growth of what a lead costs."""


def campaigns(leads: Leads, rng: np.random.Generator) -> Ints:
    """Return each lead's campaign by number, -1 for a free channel or where the tag was lost."""
    channels = list(SEGMENTS["channel"])
    shares = np.zeros((len(channels), len(CAMPAIGNS)))
    for number, campaign in enumerate(CAMPAIGNS):
        shares[channels.index(campaign.channel), number] = campaign.share
    free = (shares.sum(axis=1) == 0)[leads.codes["channel"]]
    chosen = pick(shares[leads.codes["channel"]] + free[:, None], rng)
    return np.where(free | (rng.random(len(chosen)) < NO_CAMPAIGN_SHARE), -1, chosen)


def customers(leads: Leads, rng: np.random.Generator) -> Ints:
    """Return each lead's customer by number: its own, or that of an earlier buyer who comes again."""
    own = np.arange(len(leads.week))
    again = rng.random(len(own)) < RETURNING_SHARE
    buyers = np.flatnonzero(leads.reached[:, -1] & ~again)
    buyers = buyers[np.argsort(leads.times[buyers, -1], kind="stable")]
    bought_before = np.searchsorted(leads.times[buyers, -1], leads.created)
    again &= bought_before > 0
    nth = (rng.random(len(own)) * bought_before).astype(np.int64)
    return np.where(again, buyers[np.where(again, nth, 0)] if len(buyers) else own, own)


def payments(leads: Leads, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Return lead, second and kopecks of every payment within the horizon, known or not, by lead and time.

    A sale pays within two days; it may buy again, and few get half or all of the first payment back.
    """
    sold = np.flatnonzero(leads.reached[:, -1])
    product = leads.codes["product"][sold]
    mean = np.array([price for price, _ in PRICES.values()], dtype=float)[product]
    first = _rounded(mean * np.exp(rng.normal(-(PRICE_SIGMA**2) / 2, PRICE_SIGMA, len(sold))))
    first_at = working_time(leads.times[sold, -1] + rng.random(len(sold)) * 2 * DAY, rng)

    repeats = rng.poisson(np.array([often for _, often in PRICES.values()])[product])
    buyer = np.repeat(np.arange(len(sold)), repeats)
    nth = np.arange(len(buyer)) - np.repeat(np.cumsum(repeats) - repeats, repeats) + 1
    wait = nth * REPEAT_DAYS * np.exp(rng.normal(0.0, 0.2, len(buyer))) * DAY
    more_at = working_time(first_at[buyer] + wait, rng)
    more = REPEAT_SHARE * mean[buyer] * np.exp(rng.normal(-(PRICE_SIGMA**2) / 2, PRICE_SIGMA, len(buyer)))

    refunded = np.flatnonzero(rng.random(len(sold)) < REFUND_SHARE)
    refund_at = working_time(first_at[refunded] + rng.uniform(3, 25, len(refunded)) * DAY, rng)
    refund = -(first[refunded] // np.where(rng.random(len(refunded)) < 0.5, 1, 2))

    rows = np.concatenate([sold, sold[buyer], sold[refunded]])
    paid_at = np.concatenate([first_at, more_at, refund_at])
    amount = np.concatenate([first, _rounded(more), refund])
    order = np.lexsort((paid_at, rows))
    order = order[(paid_at - leads.created[rows])[order] < (MAX_DAYS + 10) * DAY]
    return rows[order], paid_at[order], amount[order]


def _rounded(roubles: Floats) -> Ints:
    """Return kopecks of an amount rounded to 100 roubles, at least 100."""
    return np.maximum(np.rint(roubles / 100).astype(np.int64), 1) * 100 * 100


def payment_table(world: World, paid: tuple[Ints, Ints, Ints], width: int) -> pa.Table:
    """Return the payments known before the world's end."""
    known = paid[1] < world.weeks * 7 * DAY
    rows, paid_at, amount = (column[known] for column in paid)
    return table(
        "payments",
        {
            "lead_id": ids("L", rows + 1, width),
            "paid_at": instants(paid_at, world),
            "amount": money(amount),
            "currency": words(np.zeros(len(rows), dtype=np.int64), ["RUB"]),
        },
    )


def lead_table(world: World, leads: Leads, width: int, rng: np.random.Generator) -> pa.Table:
    """Return one row per lead."""
    named = {name: words(leads.codes[name], list(values)) for name, values in SEGMENTS.items()}
    return table(
        "leads",
        {
            "lead_id": ids("L", np.arange(len(leads.week)) + 1, width),
            "created_at": instants(leads.created, world),
            "customer_id": ids("C", customers(leads, rng) + 1, width),
            **named,
            "campaign": words(campaigns(leads, rng), [campaign.name for campaign in CAMPAIGNS]),
        },
    )


def spend_table(world: World, rng: np.random.Generator) -> pa.Table:
    """Return one row per day and campaign: what it cost, follows the leads expected of it on that day."""
    volume, weights = expected_volume(world)
    channel = weights["channel"] / weights["channel"].sum(axis=1, keepdims=True)
    day = np.arange(world.weeks * 7)
    weekday = np.array(WEEKDAYS)[day % 7] / sum(WEEKDAYS)
    names = list(SEGMENTS["channel"])
    days, numbers, costs = [], [], []
    for number, campaign in enumerate(CAMPAIGNS):
        expected = (volume * channel[:, names.index(campaign.channel)])[day // 7] * weekday * campaign.share
        days.append(day)
        numbers.append(np.full(len(day), number))
        costs.append(expected * campaign.cost_per_lead * (1 + COST_GROWTH) ** (day / 365.25))
    tested = day[slice(*(max((edge - world.first_week).days, 0) for edge in TEST_SPEND[:2]))]
    days.append(tested)
    numbers.append(np.full(len(tested), len(CAMPAIGNS)))
    costs.append(np.full(len(tested), TEST_SPEND[2]))
    on, which, cost = np.concatenate(days), np.concatenate(numbers), np.concatenate(costs)
    cost = cost * np.exp(rng.normal(-(COST_SIGMA**2) / 2, COST_SIGMA, len(cost)))
    order = np.lexsort((which, on))
    on, which, cost = on[order], which[order], cost[order]
    every = (*CAMPAIGNS, TEST_CAMPAIGN)
    clicks = rng.poisson(cost / np.array([campaign.cost_per_click for campaign in every])[which])
    first = dt.date.toordinal(world.first_week) - dt.date(1970, 1, 1).toordinal()
    none = np.zeros(len(on), dtype=np.int64)
    return table(
        "spend",
        {
            "date": pa.array((on + first).astype(np.int32)).cast(pa.date32()),
            "channel": words(which, [campaign.channel for campaign in every]),
            "campaign": words(which, [campaign.name for campaign in every]),
            "cost": money(np.rint(cost * 100).astype(np.int64)),
            "currency": words(none, ["RUB"]),
            "vat_included": words(which, [campaign.vat_included for campaign in every]),
            "impressions": pa.array(rng.poisson(clicks * 45.0), pa.int64()),
            "clicks": pa.array(clicks, pa.int64()),
        },
    )
