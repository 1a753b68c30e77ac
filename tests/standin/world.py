"""The account behind the stand-in: what happens to leads, and what amoCRM records of it."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field

WON, LOST = 142, 143

PIPELINES = {
    7001: ("Продажи", {60001: "Неразобранное", 60002: "Первичный контакт", 60003: "Целевой лид",
                       60004: "Квалифицирован", 60005: "Встреча проведена", 60006: "Предложение отправлено",
                       60007: "Пауза"}),
    7002: ("Партнёры", {61001: "Новый", 61002: "Целевой", 61003: "Отправлено КП"}),
    7003: ("Производство", {62001: "В работе"}),
    7004: ("Квалификатор", {63001: "Прозвон"}),
}  # fmt: skip
DELETED_STATUS = 60099  # of pipeline 7001: events speak of it, the list of pipelines does not
USERS = {501: "Анна Иванова", 502: "Борис Петров", 503: "Вера Сидорова"}
REASONS = {31: "Дорого", 32: "Нет бюджета", 33: "Выбрали других"}
FIELDS = {
    11: ("utm_source", "UTM_SOURCE", "tracking_data"), 12: ("Дата КП", None, "date_time"),
    13: ("Регион", None, "select"), 14: ("Комментарий", None, "textarea"), 15: ("utm_source", None, "text"),
    16: ("Продукт", "PRODUCT", "select"), 17: ("Регион", None, "text"), 18: ("VIP", None, "checkbox"),
    19: ("Дата старта", None, "date"), **{100 + n: (f"Поле {n}", None, "text") for n in range(60)},
}  # fmt: skip


@dataclass
class Lead:
    id: int
    pipeline: int
    status: int
    created_at: int
    updated_at: int
    name: str = ""
    price: int | None = None
    responsible: int = 501
    closed_at: int | None = None
    reason: int | None = None
    tags: tuple[str, ...] = ()
    fields: dict[int, object] = field(default_factory=dict)
    contact: int | None = None
    there: bool = True


@dataclass(frozen=True)
class Event:
    at: int
    id: str
    type: str
    lead: int
    before: tuple[int, int] | None = None
    after: tuple[int, int] | None = None


class World:
    """Everything the account holds; `changes` grows with every change."""

    def __init__(self) -> None:
        self.leads: dict[int, Lead] = {}
        self.events: dict[str, list[Event]] = {}
        self.changes = 0
        self._numbers = 0

    def record(self, at: int, type_: str, lead: int, before=None, after=None) -> None:
        self._numbers += 1
        event = Event(at, f"01{at:012x}{self._numbers:012x}", type_, lead, before, after)
        bisect.insort(self.events.setdefault(type_, []), event, key=lambda item: (item.at, item.id))
        self.changes += 1

    def add(self, lead: Lead, at: int) -> None:
        self.leads[lead.id] = lead
        self._close(lead, at)
        self.record(at, "lead_added", lead.id)

    def move(self, id_: int, at: int, pipeline: int, status: int, reason: int | None = None) -> None:
        lead = self.leads[id_]
        before = (lead.pipeline, lead.status)
        lead.pipeline, lead.status, lead.updated_at = pipeline, status, at
        lead.reason = reason
        self._close(lead, at)
        self.record(at, "lead_status_changed", id_, before, (pipeline, status))

    def edit(self, id_: int, at: int, name: str, value: object) -> None:
        """Change a property of a lead; amoCRM moves the time of its last edit."""
        setattr(self.leads[id_], name, value)
        self.leads[id_].updated_at = at
        self.changes += 1

    def set_field(self, id_: int, at: int, field_id: int, value: object) -> None:
        self.edit(id_, at, "fields", {**self.leads[id_].fields, field_id: value})

    def delete(self, id_: int, at: int) -> None:
        self.leads[id_].there = False
        self.leads[id_].updated_at = at
        self.record(at, "lead_deleted", id_)

    def restore(self, id_: int, at: int) -> None:
        """As documented there is an event; whether the time of the last edit moves is not, so it does not."""
        self.leads[id_].there = True
        self.record(at, "lead_restored", id_)

    def merge(self, id_: int, into: int, at: int) -> None:
        """The one lead disappears; the event names the other, or the one itself if the other is not there."""
        self.leads[id_].there = False
        other = self.leads.get(into)
        if other is not None and other.there and into != id_:
            other.updated_at = at
            self.record(at, "entity_merged", into)
        else:
            self.record(at, "entity_merged", id_)

    @staticmethod
    def _close(lead: Lead, at: int) -> None:
        lead.closed_at = at if lead.status in (WON, LOST) else None
