"""The columns of the chapter Quality."""

from __future__ import annotations

from dataclasses import replace

from funnel.columns.cohorts import PAGE, WEEK
from funnel.columns.column import Column, only, words

_TABLE = Column("table", words("Table", "Таблица"), words("of the warehouse", "хранилища"), "text")
_STAGE = Column("stage", words("Stage", "Этап"), words("of the funnel", "воронки"), "text")


def _count(key: str, title: tuple[str, str], meaning: tuple[str, str]) -> Column:
    return Column(key, words(*title), words(*meaning), "count")


IMPORTS = only(
    (
        _TABLE,
        _count(
            "read",
            ("Read", "Прочитано"),
            ("rows that the last import read", "строк прочла последняя загрузка"),
        ),
        _count("accepted", ("Accepted", "Принято"), ("of these without a fault", "из них без ошибок")),
        _count(
            "rejected",
            ("Rejected", "Отклонено"),
            ("set aside, with their reasons in `run/rejected/`", "отложено, причины в `run/rejected/`"),
        ),
        _count("inserted", ("New", "Новые"), ("not known before", "раньше не было")),
        _count(
            "changed", ("Changed", "Изменены"), ("known with another content", "были с другим содержанием")
        ),
        _count("unchanged", ("Unchanged", "Без изменений"), ("known as they are", "были такими же")),
        _count(
            "closed",
            ("Removed", "Удалены"),
            ("known, and no longer in the source", "были, в источнике их больше нет"),
        ),
    ),
    "page",
)
"""A row: a table of the warehouse."""
PROBLEMS = only(
    (
        _TABLE,
        Column(
            "problem",
            words("Problem", "Проблема"),
            words("what contradicts what", "что чему противоречит"),
            "text",
        ),
        _count(
            "rows", ("Rows", "Строки"), ("accepted rows in which it is found", "в скольких принятых строках")
        ),
        _count("leads", ("Leads", "Лиды"), ("leads that these belong to", "у скольких лидов")),
    ),
    "page",
    "command",
)
"""A row: a kind of problem in accepted rows."""
RESTATED = only(
    (
        WEEK,
        _STAGE,
        Column(
            "kind",
            words("Kind of edit", "Вид правки"),
            words("what was done to the rows", "что сделали со строками"),
            "text",
        ),
        _count(
            "cohort_before",
            ("Before", "Было"),
            ("the cohort's count in the previous edition", "сколько было в прошлом выпуске"),
        ),
        _count("cohort_after", ("After", "Стало"), ("its count today", "сколько сейчас")),
        replace(
            _count("difference", ("Difference", "Разница"), ("after less before", "стало минус было")),
            places=PAGE,
        ),
        _count(
            "leads",
            ("Leads touched", "Затронуто лидов"),
            ("leads with such an edit", "у скольких лидов такая правка"),
        ),
    ),
    "page",
)
"""A row: a cohort, a stage and a kind of edit."""
REACH_GAP = only(
    (
        _STAGE,
        _count(
            "any_later",
            ("This stage or a later one", "Этот этап или более поздний"),
            ("leads by that rule", "лидов по этому правилу"),
        ),
        _count(
            "entered",
            ("This very stage", "Именно этот этап"),
            ("leads by that rule", "лидов по этому правилу"),
        ),
        _count("difference", ("Difference", "Разница"), ("of the two", "между ними")),
    ),
    "page",
)
"""A row: a stage."""
TERMS = only(
    (
        Column(
            "term", words("Word", "Слово"), words("as the report uses it", "как оно стоит в отчёте"), "text"
        ),
        Column("meaning", words("Meaning", "Значение"), words("what it means", "что оно означает"), "text"),
    ),
    "sheet",
)
"""A row: a word."""
