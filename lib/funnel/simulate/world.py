"""What is planted: the invented company, its rates, delays, prices, initiatives and episodes."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from funnel.errors import InputError, Problem

STEPS = ("target", "qualified", "proposal", "sale")
Four = tuple[float, float, float, float]
"""One number for each step: lead to target, to qualified, to proposal, to sale."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that changed the funnel: an initiative or an episode.

    It acts on the leads created from `start` on (not on older leads that are still open) and before `end`.

    Attributes:
        id: short name, as in `data/initiatives`.
        kind: what it is.
        title: one line for a reader.
        start: Monday from which it acts.
        end: Monday before which it acts; None is for ever.
        steps: factors on the four step conversions; 1.2 is +20 %. They hold at every age.
        attribute: the attribute that limits it; '' is everybody.
        values: the values of that attribute it acts on.
        volume: factor on the number of leads in its scope.
    """

    id: str
    kind: Literal["initiative", "overload", "competitor", "segment"]
    title: str
    start: dt.date
    end: dt.date | None = None
    steps: Four = (1.0, 1.0, 1.0, 1.0)
    attribute: str = ""
    values: tuple[str, ...] = ()
    volume: float = 1.0

    @property
    def lead_to_sale(self) -> float:
        """Factor on the whole: final sales for one lead.

        >>> round(INITIATIVES[1].lead_to_sale, 2)
        1.45
        """
        return math.prod(self.steps)


@dataclass(frozen=True, slots=True)
class Pin:
    """A cohort whose counts are given.

    Attributes:
        week: its Monday.
        report_date: the counts hold for what happened before this day.
        leads: how many leads it has.
        reached: how many of them had reached a stage, in the order of the stages; others stay free.
    """

    week: dt.date
    report_date: dt.date
    leads: int
    reached: Mapping[str, int] = field(default_factory=dict)


INITIATIVES = (
    Effect(
        "chat-15-seconds", "initiative", "Every chat request is answered within 15 seconds",
        dt.date(2021, 2, 15), steps=(1.20, 0.90, 1.0, 1.10 / 1.08), attribute="channel", values=("chat",),
    ),
    Effect(
        "message-chain", "initiative", "A chain of messages along the whole sale",
        dt.date(2021, 7, 19), steps=(1.08, 1.10, 1.12, 1.45 / (1.08 * 1.10 * 1.12)),
    ),
    Effect(
        "manager-training", "initiative", "Training of the managers",
        dt.date(2022, 1, 31), steps=(1.0, 1.0, 1.40, 1.20 / 1.40),
        attribute="manager", values=("Anna", "Denis", "Galina", "Ivan"),
    ),
)  # fmt: skip
EPISODES = (
    Effect(
        "competitor-2021", "competitor", "A strong competitor enters: all channels fall at once",
        dt.date(2021, 11, 15), dt.date(2021, 12, 27), steps=(0.95, 0.92, 0.85, 0.70),
    ),
    Effect(
        "overload-2022", "overload", "A promotion brings more leads than the managers can answer",
        dt.date(2022, 7, 4), dt.date(2022, 8, 1), steps=(0.88, 0.80, 0.88, 0.95), volume=1.45,
    ),
    Effect(
        "boris-2022", "segment", "One manager qualifies a third fewer of his target leads",
        dt.date(2022, 8, 8), steps=(1.0, 0.67, 1.0, 1.0), attribute="manager", values=("Boris",),
    ),
)  # fmt: skip
REFERENCE = (
    Pin(dt.date(2022, 9, 5), dt.date(2022, 9, 26), 562, {"sale": 19}),
    Pin(
        dt.date(2022, 9, 12), dt.date(2022, 9, 26), 558,
        {"target": 236, "qualified": 126, "proposal": 53, "sale": 23},
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class World:
    """A company's history to invent.

    Attributes:
        first_week: Monday of the first cohort.
        weeks: number of cohorts; what happens after the last one's Sunday is known to nobody and not written.
        leads_per_week: mean over a year without effects.
        base: final step conversions of an average lead before any effect, 0..1.
        week_sigma: over-dispersion: standard deviation, between weeks, of the logit of each step.
        drift_sigma: standard deviation of the weekly step of each step's slow random walk, in logits.
        volume_sigma: standard deviation of the logarithm of a week's expected leads.
        season: whether volume follows the year and its holidays.
        initiatives: what the company did; () for none.
        episodes: what happened to it; () for none.
        pins: cohorts with given counts, by conditioning.

    Raises:
        InputError: no weeks, no leads, or a first day that is not a Monday; all problems at once.
    """

    first_week: dt.date = dt.date(2020, 9, 28)
    weeks: int = 108
    leads_per_week: float = 550.0
    base: Four = (0.335, 0.55, 0.40, 0.54)
    week_sigma: float = 0.10
    drift_sigma: float = 0.008
    volume_sigma: float = 0.06
    season: bool = True
    initiatives: tuple[Effect, ...] = INITIATIVES
    episodes: tuple[Effect, ...] = EPISODES
    pins: tuple[Pin, ...] = ()

    def __post_init__(self) -> None:
        wrong = [
            Problem(f"world, {name}", f"{value} found", allowed)
            for name, value, good, allowed in (
                ("first_week", self.first_week, self.first_week.weekday() == 0, "a Monday"),
                ("weeks", self.weeks, 1 <= self.weeks <= 2000, "1 to 2000"),
                (
                    "leads_per_week",
                    self.leads_per_week,
                    0 < self.leads_per_week <= 1e6,
                    "above 0, to 1000000",
                ),
                ("week_sigma", self.week_sigma, 0 <= self.week_sigma <= 2, "0 to 2"),
            )
            if not good
        ]
        if wrong:
            raise InputError("Such a world cannot be made.", wrong)

    @property
    def end(self) -> dt.date:
        """The first day of which nothing is known."""
        return self.first_week + dt.timedelta(weeks=self.weeks)

    @property
    def effects(self) -> tuple[Effect, ...]:
        """Everything that changed the funnel."""
        return self.initiatives + self.episodes

    def index(self, week: dt.date) -> int:
        """Return the number of weeks from the first cohort to a Monday."""
        return (week - self.first_week).days // 7


DEMO = World(pins=REFERENCE)
"""The world of `data/demo`; its seed is `DEMO_SEED`."""
DEMO_SEED = 61

SEGMENTS: Mapping[str, Mapping[str, tuple[float, Four]]] = {
    "channel": {
        "chat": (0.28, (-0.10, 0.00, 0.00, 0.00)),
        "search": (0.26, (0.10, 0.05, 0.05, 0.00)),
        "social": (0.18, (-0.45, -0.20, -0.10, -0.05)),
        "organic": (0.14, (0.15, 0.05, 0.05, 0.05)),
        "partner": (0.08, (0.05, 0.10, -0.10, 0.05)),
        "referral": (0.06, (0.60, 0.35, 0.25, 0.30)),
    },
    "manager": {
        "Anna": (0.14, (0.00, 0.10, 0.10, 0.20)),
        "Boris": (0.13, (0.00, 0.05, -0.05, 0.00)),
        "Denis": (0.13, (0.00, -0.10, 0.00, -0.05)),
        "Elena": (0.13, (0.00, 0.15, 0.10, 0.15)),
        "Galina": (0.12, (0.00, 0.00, -0.10, -0.15)),
        "Ivan": (0.12, (0.00, -0.05, 0.05, 0.05)),
        "Maria": (0.12, (0.00, 0.00, 0.00, 0.10)),
        "Oleg": (0.11, (0.00, -0.15, -0.15, -0.25)),
    },
    "product": {
        "Start": (0.40, (0.05, 0.10, 0.05, 0.10)),
        "Team": (0.30, (0.00, 0.00, 0.00, 0.00)),
        "Business": (0.20, (-0.05, -0.10, 0.00, -0.05)),
        "Enterprise": (0.10, (-0.10, -0.20, -0.15, -0.20)),
    },
    "region": {
        "Moscow": (0.36, (0.08, 0.05, 0.00, 0.05)),
        "North-West": (0.20, (0.02, 0.00, 0.00, 0.00)),
        "Volga": (0.18, (-0.05, 0.00, 0.00, -0.05)),
        "Urals": (0.15, (-0.05, -0.05, 0.00, 0.00)),
        "South": (0.11, (-0.10, -0.05, 0.00, -0.05)),
    },
}
"""By attribute and value: share of the leads, and what it adds to the logit of each step."""

QUICK_SHARE = 0.55
"""Share of the leads that decide within days; the others take months. It does not change whether they buy."""
QUICK_DAYS = ((0.08, 1.2), (0.5, 0.9), (1.0, 0.8), (1.7, 0.8))
SLOW_DAYS = ((0.7, 1.0), (3.5, 0.9), (14.0, 0.8), (126.0, 0.95))
"""By step: median in days and sigma of the lognormal delay, before it is moved into working hours."""
PACE: Mapping[str, float] = {"Start": 0.9, "Team": 1.0, "Business": 1.1, "Enterprise": 1.25}
"""Factor on the slow delay from proposal to sale."""
MAX_DAYS = 710
"""Slower paths are drawn again; with working hours and a cohort's week they stay within 104 weeks."""

LOST_SHARE = 0.93
LOST_DAYS = (3.0, 12.0, 25.0, 35.0)
"""Share of the leads that stop and are marked lost, and median days of it after the last stage (sigma 1)."""
REASONS: Mapping[str, Four] = {
    "no answer": (0.34, 0.24, 0.10, 0.08),
    "not our customer": (0.30, 0.08, 0.02, 0.00),
    "duplicate request": (0.12, 0.02, 0.00, 0.00),
    "no budget": (0.06, 0.22, 0.26, 0.20),
    "too expensive": (0.04, 0.16, 0.28, 0.34),
    "chose a competitor": (0.04, 0.10, 0.16, 0.22),
    "postponed": (0.10, 0.18, 0.18, 0.16),
}
"""By reason: weight among the leads that stop after 0, 1, 2, 3 steps."""

SKIP_SHARE, RETURN_SHARE, EARLY_SHARE, NO_MANAGER_SHARE, NO_CAMPAIGN_SHARE = 0.012, 0.015, 0.0006, 0.002, 0.01
"""Shares of leads: entry of a passed stage missing, gone back and forth, entry dated before creation, ..."""

PRICES: Mapping[str, tuple[int, float]] = {
    "Start": (48_000, 0.45),
    "Team": (96_000, 0.60),
    "Business": (210_000, 0.70),
    "Enterprise": (520_000, 0.80),
}
"""By product: mean first payment in roubles, and mean number of repeat purchases."""
PRICE_SIGMA = 0.35
REPEAT_SHARE = 0.40
"""A repeat purchase's mean amount as a share of the first."""
REPEAT_DAYS = 75.0
REFUND_SHARE = 0.03
RETURNING_SHARE = 0.05
"""Share of the leads that come from a customer who has bought before."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """An advertising campaign: share of its channel's leads, roubles for a lead and a click, VAT state."""

    channel: str
    name: str
    share: float
    cost_per_lead: float
    vat_included: Literal["yes", "no"]
    cost_per_click: float


CAMPAIGNS = (
    Campaign("search", "search-brand", 0.25, 900, "yes", 25),
    Campaign("search", "search-generic", 0.55, 2_900, "yes", 70),
    Campaign("search", "search-rivals", 0.20, 3_600, "yes", 95),
    Campaign("social", "social-feed", 0.60, 1_500, "no", 22),
    Campaign("social", "social-video", 0.40, 1_900, "no", 30),
    Campaign("chat", "chat-ads", 1.00, 1_300, "yes", 35),
    Campaign("partner", "marketplace", 1.00, 2_200, "yes", 60),
)
"""Organic and referral leads cost nothing and have no campaign."""
TEST_CAMPAIGN = Campaign("social", "social-test", 0.0, 0.0, "no", 28)
TEST_SPEND = (dt.date(2022, 3, 14), dt.date(2022, 4, 18), 6_000.0)
"""A campaign that cost about so many roubles a day between two days and brought no lead."""
