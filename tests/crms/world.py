"""Deals with a known past, in two pipelines; what any export of them must be counted as."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from decimal import Decimal

TAKEN = dt.datetime(2026, 9, 22, 9, 0)
"""When the exports were made."""
STAGES = ("New", "Qualified", "Proposal", "Contract")
PIPELINES = ("Sales", "Partners")
OWNERS = ("Anna Orlova", "Boris Weiß", "Chloé Martin")
SOURCES = ("Website", "Call", "Partner; fair")
REASONS = ("Price", "Too late", "Duplicate")
RUSSIAN = {
    "New": "Новая",
    "Qualified": "Квалификация",
    "Proposal": "Отправлено КП",
    "Contract": "Договор",
    "Sales": "Общая",
    "Partners": "Партнёры (опт)",
    "Website": "Веб-сайт",
    "Call": "Звонок",
    "Partner; fair": "Партнёр; выставка",
    "Price": "Дорого (не смог продать)",
    "Too late": "Поздно",
    "Duplicate": "Дубль",
}


@dataclass(frozen=True, slots=True)
class Deal:
    """One deal; `stages` in the order entered, `outcome` won, lost or open, `closed` when it was."""

    number: int
    pipeline: str
    created: dt.datetime
    stages: tuple[tuple[str, dt.datetime], ...]
    outcome: str
    closed: dt.datetime | None
    expected: dt.date
    amount: Decimal
    currency: str
    owner: str
    source: str
    reason: str
    lines: tuple[tuple[str, Decimal, int], ...] = field(default=())

    @property
    def stage(self) -> str:
        """Where it stands; of a closed one: where it stood before."""
        return self.stages[-1][0]

    @property
    def title(self) -> str:
        """Its name, with what breaks careless readers."""
        return f'Deal {self.number}; 3" pipes, <b>urgent</b> & more'

    @property
    def updated(self) -> dt.datetime:
        """The last change."""
        return self.closed or self.stages[-1][1]


def deals(count: int = 80, seed: int = 11, *, currencies: tuple[str, ...] = ("EUR",)) -> list[Deal]:
    """Invent deals, created from May to the middle of September 2026."""
    dice = random.Random(seed)
    made = []
    for number in range(1, count + 1):
        created = dt.datetime(2026, 5, 4) + dt.timedelta(minutes=dice.randrange(131 * 24 * 60))
        moment, passed = created, [(STAGES[0], created)]
        for stage in STAGES[1:]:
            moment += dt.timedelta(hours=dice.randrange(5, 400), minutes=dice.randrange(60))
            if moment >= TAKEN or dice.random() < 0.25:
                break
            passed.append((stage, moment))
        after = passed[-1][1] + dt.timedelta(hours=dice.randrange(3, 500))
        outcome = "open"
        if after < TAKEN:
            outcome = "won" if len(passed) == len(STAGES) and dice.random() < 0.7 else "lost"
            outcome = outcome if dice.random() < 0.8 else "open"
        lines = tuple(
            (f"Product {dice.randrange(9)}", Decimal(dice.randrange(10, 900)), dice.randrange(1, 4))
            for _ in range(dice.choice((1, 1, 2, 3)))
        )
        made.append(
            Deal(
                number=number,
                pipeline=PIPELINES[int(dice.random() < 0.3)],
                created=created,
                stages=tuple(passed),
                outcome=outcome,
                closed=None if outcome == "open" else after,
                expected=(created + dt.timedelta(days=dice.randrange(20, 90))).date(),
                amount=sum((price * pieces for _, price, pieces in lines), Decimal()),
                currency=dice.choice(currencies),
                owner=dice.choice(OWNERS),
                source=dice.choice(SOURCES),
                reason=dice.choice(REASONS) if outcome == "lost" else "",
                lines=lines,
            )
        )
    return made


@dataclass(frozen=True, slots=True)
class Truth:
    """What counts: deals, those of each outcome, and what the won ones brought."""

    leads: int
    won: int
    lost: int
    revenue: Decimal
    owners: dict[str, int]
    won_days: tuple[dt.date, ...]


def truth(made: list[Deal]) -> Truth:
    """Count the deals as they stood when the exports were made."""
    won = [deal for deal in made if deal.outcome == "won"]
    return Truth(
        leads=len(made),
        won=len(won),
        lost=sum(deal.outcome == "lost" for deal in made),
        revenue=sum((deal.amount for deal in won), Decimal()),
        owners={owner: sum(deal.owner == owner for deal in made) for owner in OWNERS},
        won_days=tuple(sorted(deal.closed.date() for deal in won if deal.closed)),
    )
