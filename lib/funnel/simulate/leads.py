"""Who comes, how far they will get, and when: leads with all their future."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from funnel.errors import InputError, Problem
from funnel.simulate.world import (
    MAX_DAYS,
    NO_MANAGER_SHARE,
    PACE,
    QUICK_DAYS,
    QUICK_SHARE,
    SEGMENTS,
    SLOW_DAYS,
    STEPS,
    Effect,
    Pin,
    World,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
DAY = 86_400
OVERSAMPLE = 12
"""Candidates for each lead of a pinned cohort."""
WEEKDAYS = (1.15, 1.15, 1.10, 1.05, 0.95, 0.45, 0.40)
HOURS = (4, 2, 1, 1, 1, 2, 5, 12, 25, 45, 58, 62, 60, 58, 60, 60, 56, 52, 48, 45, 40, 32, 20, 10)
OPEN, CLOSE = 9 * 3600, 20 * 3600
"""Managers work from 9 to 20, Monday to Saturday; what would fall outside is done the next morning."""


@dataclass(frozen=True)
class Leads:
    """Leads in rows; times are seconds since the first cohort's Monday 00:00, local wall clock.

    Attributes:
        week: cohort number, (n,).
        created: (n,).
        codes: by attribute, the number of the value in `SEGMENTS`; -1 is missing. (n,).
        chance: final conversion of each step for this lead, 0..1, (n, 4).
        depth: how many steps it will make within the horizon, 0..4, (n,).
        times: when it reaches each stage, or would have, (n, 4), strictly rising.
    """

    week: Ints
    created: Ints
    codes: dict[str, Ints]
    chance: Floats
    depth: Ints
    times: Ints

    def take(self, rows: Ints) -> Leads:
        """Return the given rows in the given order."""
        return replace(
            self,
            week=self.week[rows],
            created=self.created[rows],
            codes={name: codes[rows] for name, codes in self.codes.items()},
            chance=self.chance[rows],
            depth=self.depth[rows],
            times=self.times[rows],
        )

    @cached_property
    def reached(self) -> Flags:
        """Whether the lead will reach each stage, (n, 4)."""
        return self.depth[:, None] > np.arange(len(STEPS))

    @cached_property
    def lags(self) -> Ints:
        """Calendar weeks from the cohort's week to the one in which each stage is (or would be) reached."""
        return self.times // (7 * DAY) - self.week[:, None]


def pick(weights: Floats, rng: np.random.Generator) -> Ints:
    """Draw a column number for each row of weights (n, values) that need not add up to one."""
    limits = np.cumsum(weights, axis=1)
    drawn = rng.random(len(weights)) * limits[:, -1]
    return np.asarray((drawn[:, None] >= limits[:, :-1]).sum(axis=1), dtype=np.int64)


def working_time(moments: Floats, rng: np.random.Generator) -> Ints:
    """Move moments outside working hours to the next working morning; never backwards."""
    day, second = np.divmod(np.floor(moments).astype(np.int64), DAY)
    outside = (second < OPEN) | (second >= CLOSE)
    day += second >= CLOSE
    sunday = day % 7 == 6
    morning = OPEN + (rng.random(len(day)) * 3 * 3600).astype(np.int64)
    return np.asarray((day + sunday) * DAY + np.where(outside | sunday, morning, second), dtype=np.int64)


def weeks_of(effect: Effect, world: World) -> slice:
    """Return the cohort numbers an effect acts on."""
    last = world.weeks if effect.end is None else world.index(effect.end)
    return slice(max(world.index(effect.start), 0), max(last, 0))


def _season(world: World) -> Floats:
    """Return the expected volume of each week of the year as a factor with mean about one."""
    if not world.season:
        return np.ones(world.weeks)
    days = np.array([world.first_week.toordinal() + 7 * week + 3 for week in range(world.weeks)])
    of_year = (days - 737_425) % 365.25  # days since 1 January (2020), of the week's Thursday
    factor = 1.0 + 0.10 * np.cos(2 * np.pi * (of_year - 300) / 365.25)
    factor *= np.where((of_year < 11) | (of_year > 362), 0.62, 1.0)  # New Year
    factor *= np.where((of_year > 119) & (of_year < 131), 0.80, 1.0)  # the May holidays
    return np.asarray(factor / 0.975)


def expected_volume(world: World) -> tuple[Floats, dict[str, Floats]]:
    """Return expected leads by week, and by attribute the weights of its values, (weeks, values)."""
    volume = world.leads_per_week * _season(world)
    weights = {
        name: np.tile([share for share, _ in values.values()], (world.weeks, 1))
        for name, values in SEGMENTS.items()
    }
    for effect in world.effects:
        weeks = weeks_of(effect, world)
        if effect.attribute:
            table = weights[effect.attribute]
            before = table.sum(axis=1)
            chosen = [value in effect.values for value in SEGMENTS[effect.attribute]]
            table[weeks] *= np.where(chosen, effect.volume, 1.0)
            volume = volume * table.sum(axis=1) / before
        else:
            volume[weeks] *= effect.volume
    return volume, weights


def _chances(world: World, week: Ints, codes: dict[str, Ints], rng: np.random.Generator) -> Floats:
    """Return each lead's final conversion of each step, (n, 4)."""
    shape = (world.weeks, len(STEPS))
    between = rng.normal(0.0, world.week_sigma, shape)
    for pin in world.pins:
        between[world.index(pin.week)] = 0.0
    drift = np.cumsum(rng.normal(0.0, world.drift_sigma, shape), axis=0)
    base = np.log(world.base) - np.log1p(-np.array(world.base))
    logit = (base + between + drift)[week]
    for name, values in SEGMENTS.items():
        offsets = np.array([*(offset for _, offset in values.values()), (0.0,) * len(STEPS)])
        logit += offsets[codes[name]]
    chance = 1.0 / (1.0 + np.exp(-logit))
    for effect in world.effects:
        weeks = weeks_of(effect, world)
        acts = (week >= weeks.start) & (week < weeks.stop)
        if effect.attribute:
            chosen = [value in effect.values for value in SEGMENTS[effect.attribute]]
            acts &= np.array([*chosen, False])[codes[effect.attribute]]
        chance[acts] *= effect.steps
    return np.asarray(np.minimum(chance, 0.97))


def _times(created: Ints, product: Ints, rng: np.random.Generator) -> Ints:
    """Return when each stage is reached by those who reach it, (n, 4): a mixture of quick and slow leads."""
    quick = rng.random(len(created)) < QUICK_SHARE
    delays = np.where(quick[:, None, None], QUICK_DAYS, SLOW_DAYS)
    median, sigma = delays[:, :, 0], delays[:, :, 1]
    median[:, -1] *= np.where(quick, 1.0, np.array(list(PACE.values()))[product])
    days = median * np.exp(sigma * rng.standard_normal(median.shape))
    while len(late := np.flatnonzero(days.sum(axis=1) > MAX_DAYS)):
        days[late] = median[late] * np.exp(sigma[late] * rng.standard_normal((len(late), len(STEPS))))
    times = np.empty(days.shape, dtype=np.int64)
    moment = created
    for step in range(len(STEPS)):
        moment = working_time(moment + 60 + days[:, step] * DAY, rng)
        times[:, step] = moment
    return times


def draw(world: World, rng: np.random.Generator) -> Leads:
    """Draw every lead of the world in order of creation.

    A pinned cohort is drawn by exact conditioning: its leads are independent given the week, so twelve
    times as many candidates are drawn by the same rules, and the first ones of each kind (how far it had
    come by the pin's report date) are kept until the given counts are filled. Its week is a typical one (no
    over-dispersion of its own), so that it fits among its neighbours.

    Raises:
        InputError: a pin lies outside the world, or its counts are out of reach for it.
    """
    _check_pins(world)
    volume, weights = expected_volume(world)
    sigma = world.volume_sigma
    count = rng.poisson(volume * np.exp(rng.normal(-sigma * sigma / 2, sigma, world.weeks)))
    for pin in world.pins:
        count[world.index(pin.week)] = pin.leads * OVERSAMPLE
    week = np.repeat(np.arange(world.weeks), count)
    one = np.ones((len(week), 1))
    day, hour = pick(one * np.array(WEEKDAYS), rng), pick(one * np.array(HOURS, dtype=float), rng)
    created = (week * 7 + day) * DAY + hour * 3600 + rng.integers(0, 3600, len(week))
    codes = {name: pick(table[week], rng) for name, table in weights.items()}
    codes["manager"][rng.random(len(week)) < NO_MANAGER_SHARE] = -1
    chance = _chances(world, week, codes, rng)
    depth = np.cumprod(rng.random(chance.shape) < chance, axis=1).sum(axis=1)
    leads = Leads(week, created, codes, chance, depth, _times(created, codes["product"], rng))
    keep = np.ones(len(week), dtype=bool)
    for pin in world.pins:
        keep[week == world.index(pin.week)] = False
        keep[_conditioned(leads, pin, world)] = True
    rows = np.flatnonzero(keep)
    return leads.take(rows[np.argsort(created[rows], kind="stable")])


def _conditioned(leads: Leads, pin: Pin, world: World) -> Ints:
    """Return the candidates that make up a pinned cohort."""
    rows = np.flatnonzero(leads.week == world.index(pin.week))
    cutoff = (pin.report_date - world.first_week).days * DAY
    known = leads.reached[rows] & (leads.times[rows] < cutoff)
    level = known[:, [STEPS.index(stage) for stage in pin.reached]].sum(axis=1)
    at_least = [pin.leads, *pin.reached.values(), 0]
    chosen = []
    for depth, (more, less) in enumerate(itertools.pairwise(at_least)):
        kind = rows[level == depth][: more - less]
        if len(kind) < more - less:
            raise _out_of_reach(pin, f"only {len(kind)} of {more - less} leads of one kind could be drawn")
        chosen.append(kind)
    return np.concatenate(chosen)


def _check_pins(world: World) -> None:
    for pin in world.pins:
        if not 0 <= world.index(pin.week) < world.weeks:
            raise _out_of_reach(pin, f"the world runs from {world.first_week} to before {world.end}")


def _out_of_reach(pin: Pin, why: str) -> InputError:
    problem = Problem(
        f"pinned cohort {pin.week}", why, todo="leave its pin out, or come nearer to the demo's world"
    )
    return InputError("A cohort with given counts cannot be made in this world.", [problem])
