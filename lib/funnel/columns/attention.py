"""The columns of the chapter Attention."""

from __future__ import annotations

from funnel.columns.column import Column, only, words

LOOK_FIRST = only(
    (
        Column(
            "value",
            words("Segment", "Сегмент"),
            words("attribute and value; without both, all leads", "признак и значение; без них — все лиды"),
            "text",
        ),
        Column(
            "stage",
            words("Stage", "Этап"),
            words("of the step that differs", "шага, который отличается"),
            "text",
        ),
        Column(
            "change", words("Change", "Изменение"), words("now against usual", "сейчас к обычному"), "change"
        ),
        Column("observed", words("Now", "Сейчас"), words("the share", "доля"), "share", digits=1),
        Column(
            "expected",
            words("Usual", "Обычно"),
            words(
                "the share that history, a tolerance or a target lets expect",
                "доля по истории, допуску или цели",
            ),
            "share",
        ),
        Column(
            "low",
            words("Usual range", "Обычный разброс"),
            words("of the share, by chance alone", "доли, от одной случайности"),
            "interval",
            upto="high",
        ),
        Column(
            "since", words("Since the week of", "С недели"), words("when it began", "когда началось"), "date"
        ),
        Column(
            "effect_sales",
            words("Sales", "Продажи"),
            words("sales that it costs or brings", "сколько продаж теряется или прибавляется"),
            "number",
        ),
        Column(
            "effect_money",
            words("Revenue, {unit}", "Выручка, {unit}"),
            words("and revenue", "и сколько выручки"),
            "money",
        ),
        Column(
            "investigation",
            words("Who digs", "Кто разбирается"),
            words(
                "who looks into it; in files the id of the investigation",
                "кто разбирается; в файлах — номер разбора",
            ),
            "text",
        ),
    ),
    "page",
    "command",
)
"""A row: a step of a segment that differs by more than chance."""
INVESTIGATIONS = only(
    (
        Column(
            "opened",
            words("Opened", "Открыто"),
            words("the day it was asked for", "день, когда поручили"),
            "date",
        ),
        Column(
            "segment", words("Segment", "Сегмент"), words("attribute and value", "признак и значение"), "text"
        ),
        Column(
            "stage",
            words("Stage", "Этап"),
            words("of the step that changed", "шага, который изменился"),
            "text",
        ),
        Column(
            "first_week",
            words("From week", "С недели"),
            words("the first cohort it is about", "первая когорта, о которой речь"),
            "week",
        ),
        Column(
            "last_week",
            words("To week", "По неделю"),
            words("the last one; empty while the change goes on", "последняя; пусто, пока изменение длится"),
            "week",
        ),
        Column(
            "question",
            words("Question", "Вопрос"),
            words("what is to be found out", "что надо выяснить"),
            "text",
        ),
        Column("who", words("Who digs", "Кто разбирается"), words("a role", "роль"), "text"),
        Column(
            "state",
            words("State", "Состояние"),
            words("open, or what it ended as", "открыто или чем закончилось"),
            "text",
        ),
        Column("closed", words("Closed", "Закрыто"), words("the day", "день"), "date"),
        Column("finding", words("Finding", "Что нашли"), words("what was found", "что выяснилось"), "text"),
    ),
    "sheet",
)
"""A row: an investigation."""
