"""A company's deals, told without any CRM's words, and what the tables must hold of them.

The three stand-ins `bitrix24`, `hubspot` and `pipedrive` say the same company in their CRM's words; the truth
is worked out here, from what happened, and knows nothing of the code under test.
"""

from __future__ import annotations

import datetime as dt
import random
import zoneinfo
from dataclasses import dataclass, field
from decimal import Decimal

ZONE = zoneinfo.ZoneInfo("Europe/Moscow")
DAY = 86_400
START = 1_640_984_400  # 2022-01-01 00:00 in Moscow
STAGES = ("qualified", "proposal", "sale")
SALES, PARTNERS, DELIVERY = "Sales", "Partners", "Delivery"
PIPELINES = {
    SALES: ("New", "Qualified", "Proposal"),
    PARTNERS: ("New", "Proposal"),
    DELIVERY: ("In work",),  # outside the funnel
}
WON, LOST = "Won", "Lost"
USERS = {11: "Anna Ivanova", 12: "Boris Petrov"}
SOURCES = {"web": "Website", "call": "Call"}
REASONS = ("Too expensive", "No budget")
MEANING = {"New": "lead", "Qualified": "qualified", "Proposal": "proposal", WON: "sale", LOST: "lost"}

Place = tuple[str, str]


@dataclass
class Deal:
    id: int
    steps: list[tuple[int, Place]]  # when, where to; the first is its creation
    amount: str | None = None
    currency: str = "RUB"
    owner: int = 11
    source: str = "web"
    customer: int | None = None
    reason: str = REASONS[0]
    updated: int = 0
    gone: int = 0  # when it was deleted

    @property
    def created(self) -> int:
        return self.steps[0][0]

    @property
    def place(self) -> Place:
        return self.steps[-1][1]


@dataclass
class Company:
    """All deals; a change counts from the time it is made at."""

    deals: dict[int, Deal] = field(default_factory=dict)

    def add(self, id_: int, at: int, place: Place = (SALES, "New"), **values: object) -> Deal:
        self.deals[id_] = Deal(id_, [(at, place)], updated=at, **values)  # type: ignore[arg-type]
        return self.deals[id_]

    def move(self, id_: int, at: int, place: Place) -> None:
        deal = self.deals[id_]
        deal.steps.append((at, place))
        deal.updated = at

    def delete(self, id_: int, at: int) -> None:
        self.deals[id_].gone = at

    @property
    def there(self) -> list[Deal]:
        return [deal for _, deal in sorted(self.deals.items()) if not deal.gone]


def company(count: int = 130, seed: int = 5) -> Company:
    """Deals that skip, return, are lost, won, opened again and moved between pipelines."""
    rng, made = random.Random(seed), Company()
    for number in range(count):
        at, id_ = START + rng.randrange(200 * DAY), 1000 + 3 * number
        pipeline = rng.choice([SALES, SALES, SALES, PARTNERS])
        begin = rng.choice(PIPELINES[pipeline][:2])
        made.add(
            id_, at, (pipeline, begin),
            amount=rng.choice([None, "0", "150.50", str(rng.randrange(1, 900) * 100)]),
            currency=rng.choice(["RUB", "RUB", "EUR"]), owner=rng.choice(list(USERS)),
            source=rng.choice([*SOURCES, ""]), customer=rng.choice([None, 500 + number % 40]),
            reason=rng.choice(REASONS),
        )  # fmt: skip
        if rng.random() < 0.05:
            made.deals[id_].steps[0] = (at, (DELIVERY, "In work"))
            continue
        _walk(rng, made, id_, pipeline)
        if rng.random() < 0.05:
            made.delete(id_, made.deals[id_].updated + DAY)
    return made


def _walk(rng: random.Random, made: Company, id_: int, pipeline: str) -> None:
    deal = made.deals[id_]
    for stage in (*PIPELINES[pipeline][1:], WON, LOST):
        if rng.random() < 0.25:
            return
        if rng.random() < 0.3 or deal.place[1] in (WON, stage):
            continue
        made.move(id_, deal.updated + rng.randrange(60, 20 * DAY), (pipeline, stage))
    if deal.place[1] == LOST and rng.random() < 0.3:
        made.move(id_, deal.updated + DAY, (pipeline, "New"))  # opened again


def local(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, ZONE).replace(tzinfo=None)


def expected(made: Company, reasons: bool = True) -> dict[str, list[tuple]]:
    """What the tables must hold, sorted by key.

    Args:
        made: the company.
        reasons: whether the CRM tells why a deal was lost.
    """
    leads, entries, payments = [], [], []
    for deal in made.there:
        if all(pipeline == DELIVERY for _, (pipeline, _) in deal.steps):
            continue
        id_ = str(deal.id)
        customer = None if deal.customer is None else str(deal.customer)
        leads.append((id_, local(deal.created), customer, USERS[deal.owner], SOURCES.get(deal.source)))
        before, mine = "lead", []
        for at, (_, stage) in deal.steps:
            meaning = MEANING.get(stage, before)
            if meaning not in (before, "lead"):
                mine.append((meaning, at))
            before = meaning
        for number, (stage, at) in enumerate(mine, start=1):
            lost = reasons and stage == before == "lost" and number == len(mine)
            entries.append((id_, stage, local(at), deal.reason if lost else None, "second", "event"))
        if mine and mine[-1][0] == before == "sale" and deal.amount and Decimal(deal.amount):
            payments.append(
                (id_, local(mine[-1][1]), Decimal(deal.amount).quantize(Decimal("0.01")), deal.currency)
            )
    return {"leads": sorted(leads), "stage_entries": sorted(entries, key=str), "payments": sorted(payments)}
