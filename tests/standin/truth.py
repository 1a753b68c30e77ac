"""Histories with known outcome: what the tables must hold at any time, apart from the code under test.

A `Story` says what happens to one lead. `World`s are played from the stories; `expected` reads the tables off
the stories themselves.
"""

from __future__ import annotations

import datetime as dt
import random
import zoneinfo
from dataclasses import dataclass, field
from decimal import Decimal

from standin.world import DELETED_STATUS, LOST, REASONS, USERS, WON, Lead, World

ZONE = zoneinfo.ZoneInfo("Europe/Moscow")
DAY = 86_400
START = int(dt.datetime(2021, 1, 4, tzinfo=ZONE).timestamp())
STAGES = ("target", "qualified", "proposal", "sale")

# What the funnel.yml of the tests says; by place, for the stories' own use.
MEANING = {
    (7001, 60001): "lead", (7001, 60002): "lead", (7001, 60003): "target", (7001, 60004): "qualified",
    (7001, 60005): "qualified", (7001, 60006): "proposal", (7001, DELETED_STATUS): "target",
    (7001, WON): "sale", (7001, LOST): "lost",
    (7002, 61001): "lead", (7002, 61002): "target", (7002, 61003): "proposal", (7002, WON): "sale",
    (7002, LOST): "lost",
    (7004, 63001): "lead", (7004, WON): "qualified", (7004, LOST): "lost",
}  # fmt: skip
SETTINGS = {
    "pipelines": {
        "Продажи": {"Неразобранное": "lead", "Первичный контакт": "lead", "Целевой лид": "target",
                    60004: "qualified", "Встреча проведена": "qualified",
                    "предложение отправлено": "proposal",
                    DELETED_STATUS: "target"},
        7002: {"Новый": "lead", "Целевой": "target", "Отправлено КП": "proposal"},
        "Квалификатор": {"Прозвон": "lead", 142: "qualified"},
    },
    "attributes": {"manager": "responsible", "channel": "utm_source", "region": "field:Регион",
                   "product": "field:PRODUCT", "tag": "tags:опт|розница"},
}  # fmt: skip


@dataclass
class Story:
    id: int
    created: int
    steps: list[tuple[int, int, int]]  # when, pipeline, status; the first is where the lead begins
    price: int | None = None
    contact: int | None = None
    channel: str = ""
    tags: tuple[str, ...] = ()
    reason: int = 31
    managers: list[tuple[int, int]] = field(default_factory=list)  # when, user
    regions: list[tuple[int, str]] = field(default_factory=list)
    redated: tuple[int, int] | None = None  # when, the new time of creation
    ends: list[tuple[int, str]] = field(default_factory=list)  # when, deleted / restored / merged
    merged_into: int = 0


def stories(count: int, seed: int, days: int = 540, first_id: int = 900_001) -> list[Story]:
    """Make stories; every kind of trouble is among them from about a hundred on."""
    rng = random.Random(seed)
    made: list[Story] = []
    for number in range(count):
        created = START + rng.randrange(days * DAY)
        story = Story(first_id + number, created, _walk(rng, created))
        story.price = rng.choice([None, 0, rng.randrange(1, 400) * 1000])
        story.contact = rng.choice([None, 800_000 + rng.randrange(max(count // 2, 1))])
        story.channel = rng.choice(["yandex", "google", "vk", ""])
        story.tags = rng.choice([(), ("опт",), ("розница", "вип"), ("вип",)])
        story.reason = rng.choice(list(REASONS))
        story.managers = [(created, rng.choice(list(USERS)))]
        if rng.random() < 0.1:
            story.managers.append((created + rng.randrange(1, 90 * DAY), rng.choice(list(USERS))))
        story.regions = [(created, rng.choice(["Москва", "Казань", "Пермь"]))]
        if rng.random() < 0.1:
            story.regions.append((created + rng.randrange(1, 90 * DAY), "Тверь"))
        last = story.steps[-1][0]
        trouble = rng.random()
        if trouble < 0.03:
            story.redated = (last + DAY, created - rng.randrange(1, 20) * DAY)
        elif trouble < 0.06:
            story.ends = [(last + 2 * DAY, "deleted")]
        elif trouble < 0.08:
            story.ends = [(last + 2 * DAY, "deleted"), (last + 5 * DAY, "restored")]
        elif trouble < 0.10 and made:
            story.ends = [(last + 3 * DAY, "merged")]
            other = made[rng.randrange(len(made))]
            story.merged_into = other.id
            story.contact = other.contact = other.contact or 800_000 + number  # the same customer wrote twice
        made.append(story)
    return made


def _walk(rng: random.Random, at: int) -> list[tuple[int, int, int]]:
    """One way through: skips, returns, ties, detours, deleted statuses, moves between pipelines."""
    kind = rng.random()
    if kind < 0.04:
        return [(at, 7003, 62001), (at + DAY, 7003, WON)]  # never in the funnel
    if kind < 0.10:
        steps, ladder = (
            [(at, 7004, 63001)],
            [(7004, WON), (7001, 60005), (7001, 60006), (7001, WON), (7003, 62001)],
        )
    elif kind < 0.25:
        steps, ladder = [(at, 7002, 61001)], [(7002, 61002), (7002, 61003), (7002, WON)]
    else:
        steps = [(at, 7001, rng.choice([60001, 60002, 60002, 60003]))]
        target = rng.choice([60003, 60003, 60003, DELETED_STATUS])
        ladder = [(7001, 60002), (7001, target), (7001, 60004), (7001, 60005),
                  (7001, 60007), (7001, 60006), (7001, WON), (7003, 62001)]  # fmt: skip
    for place in ladder:
        chance = rng.random()
        if chance < 0.25:
            break  # stays, or is lost below
        if chance < 0.35:
            continue  # skipped
        if place == steps[-1][1:]:
            continue
        at += rng.choice([0, rng.randrange(1, 3600), rng.randrange(DAY, 30 * DAY)])
        if place[0] == 7003 and steps[-1][2] != WON:
            break
        if rng.random() < 0.05 and len(steps) > 1:
            steps.append((at, *steps[-2][1:]))  # moved back
            at += rng.randrange(1, 5 * DAY)
        if place != steps[-1][1:]:
            steps.append((at, *place))
    if steps[-1][2] not in (WON, 62001) and rng.random() < 0.6:
        steps.append((at + rng.randrange(1, 40 * DAY), steps[-1][1], LOST))
        if rng.random() < 0.05:
            steps.append((steps[-1][0] + 3 * DAY, 7001, 60002))  # opened again
    return steps


class Player:
    """Plays stories into a world, as far as it is told."""

    def __init__(self, told: list[Story]) -> None:
        self.world = World()
        self._acts = sorted((act for story in told for act in _acts(story)), key=lambda act: (act[0], act[1]))
        self._next = 0
        self.now = 0

    def advance(self, until: int) -> None:
        """Let everything happen up to and including a time."""
        self.now = max(self.now, until)
        while self._next < len(self._acts) and self._acts[self._next][0] <= until:
            at, _, what, *rest = self._acts[self._next]
            getattr(self.world, what)(*_bound(what, at, rest))
            self._next += 1

    @property
    def times(self) -> list[int]:
        """When something happens, in order."""
        return [act[0] for act in self._acts]


def _bound(what: str, at: int, rest: list):
    if what == "add":
        return [rest[0], at]
    if what == "merge":
        return [rest[0], rest[1], at]
    return [rest[0], at, *rest[1:]]


def _acts(story: Story) -> list[tuple]:
    at, pipeline, status = story.steps[0]
    fields: dict[int, object] = {13: story.regions[0][1], 16: "Окна", 14: f"тел. +7 916 {story.id}"}
    if story.channel:
        fields[15 if story.id % 3 else 11] = story.channel  # a text field of the same name in many accounts
    lead = Lead(
        story.id, pipeline, status, story.created, at, name=f"Заявка {story.id}", price=story.price,
        responsible=story.managers[0][1], reason=story.reason if status == LOST else None, tags=story.tags,
        fields=fields, contact=story.contact,
    )  # fmt: skip
    order = story.id * 1000
    acts: list[tuple] = [(at, order, "add", lead)]
    for number, (when, pipe, stat) in enumerate(story.steps[1:], start=1):
        acts.append(
            (when, order + number, "move", story.id, pipe, stat, story.reason if stat == LOST else None)
        )
    for when, user in story.managers[1:]:
        acts.append((when, order + 500, "edit", story.id, "responsible", user))
    for when, region in story.regions[1:]:
        acts.append((when, order + 501, "set_field", story.id, 13, region))
    if story.redated:
        acts.append((story.redated[0], order + 502, "edit", story.id, "created_at", story.redated[1]))
    for number, (when, how) in enumerate(story.ends):
        what = {"deleted": "delete", "restored": "restore", "merged": "merge"}[how]
        acts.append(
            (when, order + 600 + number, what, story.id, *([story.merged_into] if how == "merged" else []))
        )
    # Nothing happens to a lead that is not there.
    gone = min((when for when, how in story.ends if how in ("deleted", "merged")), default=None)
    back = min((when for when, how in story.ends if how == "restored"), default=None)
    ends = ("delete", "restore", "merge")
    return [
        act
        for act in acts
        if gone is None or act[2] in ends or act[0] < gone or (back is not None and act[0] > back)
    ]


def local(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, ZONE).replace(tzinfo=None)


def expected(told: list[Story], at: int) -> dict[str, list[tuple]]:
    """What the tables must hold at a time, sorted by key."""
    leads, entries, payments = [], [], []
    for story in told:
        if story.steps[0][0] > at:
            continue
        happened = [how for when, how in story.ends if when <= at]
        if happened and happened[-1] in ("deleted", "merged"):
            continue
        gone = next((when for when, how in story.ends if how in ("deleted", "merged") and when <= at), None)
        back = next((when for when, how in story.ends if how == "restored" and when <= at), None)
        alive = lambda when, gone=gone, back=back: (  # noqa: E731
            when <= at and (gone is None or when < gone or (back is not None and when > back))
        )
        steps = [step for step in story.steps if alive(step[0])]
        if not any(pipeline in (7001, 7002, 7004) for _, pipeline, _ in steps):
            continue
        created = story.created
        if story.redated and alive(story.redated[0]):
            created = story.redated[1]
        steps[0] = (created, *steps[0][1:])
        manager = [user for when, user in story.managers if alive(when)][-1]
        region = [name for when, name in story.regions if alive(when)][-1]
        tag = next((name for name in ("опт", "розница") if name in story.tags), None)
        leads.append(
            (str(story.id), local(created), str(story.contact) if story.contact else None, USERS[manager],
             story.channel or None, region, "Окна", tag)
        )  # fmt: skip
        mine: list[tuple] = []
        before, meaning = "lead", None
        for when, pipeline, status in steps:
            meaning = MEANING.get((pipeline, status))
            if meaning is None or meaning == before:
                continue
            before = meaning
            if meaning != "lead":
                mine.append((meaning, when))
        distinct = list(dict.fromkeys(mine))
        for number, (stage, when) in enumerate(distinct):
            lost_now = stage == "lost" and meaning == "lost" and number == len(distinct) - 1
            reason = REASONS[story.reason] if lost_now else None
            entries.append((str(story.id), stage, local(when), reason, "second", "event"))
        if distinct and distinct[-1][0] == "sale" and meaning in ("sale", None) and story.price:
            payments.append((str(story.id), local(distinct[-1][1]), Decimal(story.price), "RUB"))
    return {"leads": sorted(leads), "stage_entries": sorted(entries, key=str), "payments": sorted(payments)}
