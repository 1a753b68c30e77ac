"""The columns of the chapter Cohorts."""

from __future__ import annotations

from dataclasses import replace

from funnel.columns.column import OVERALL, Column, Place, only, words

PAGE = frozenset[Place]({"page"})
LEADS = Column("leads", words("Leads", "Лиды"), words("leads that arrived", "сколько лидов пришло"), "leads")
_FUNNEL = (
    LEADS,
    Column(
        "{stage}",
        words("number", "число"),
        words(
            "leads that have reached the stage by the report date",
            "сколько лидов дошло до стадии к дате отчёта",
        ),
        "leads",
        under="stage",
    ),
    Column(
        "{stage}_rate",
        words("share", "доля"),
        words("their share of the stage before", "их доля от предыдущей стадии"),
        "share",
        under="stage",
        formula=("{stage}", "{before}"),
    ),
    Column(
        "overall_rate",
        words("share", "доля"),
        words("the last stage's share of the leads", "доля последней стадии от лидов"),
        "share",
        digits=2,
        under=OVERALL,
        formula=("{last}", "leads"),
    ),
)
WEEK = Column(
    "cohort_week",
    words("Cohort", "Когорта"),
    words("the week in which the leads arrived, by its Monday", "неделя прихода лидов, её понедельник"),
    "week",
)
AGE = Column(
    "age_weeks",
    words("Age, weeks", "Возраст, нед."),
    words("whole weeks since that week ended", "полных недель с конца этой недели"),
    "weeks",
)
_CHANGE = Column(
    "overall_change",
    words("change", "изм."),
    words(
        "of the overall share against the cohort before it in the table",
        "общей доли к предыдущей когорте таблицы",
    ),
    "change",
    under=OVERALL,
)
_AT_AGE = replace(
    AGE,
    key="at_age",
    title=words("At age, weeks", "В возрасте, нед."),
    meaning=words("the age at which all cohorts are compared", "возраст, в котором сравниваются все когорты"),
    places=frozenset[Place]({"command"}),
)

_PERIOD = (
    Column(
        "period_start",
        words("Cohort", "Когорта"),
        words(
            "the first day of the four weeks, month or quarter",
            "первый день четырёх недель, месяца или квартала",
        ),
        "date",
    ),
    Column(
        "weeks",
        words("Weeks", "Недель"),
        words(
            "weeks of it that count: complete, and not before the first lead",
            "сколько его недель учтено: закончившихся и не раньше первого лида",
        ),
        "count",
    ),
    Column("weeks_of", words("of", "из"), words("weeks that it has", "сколько в нём недель"), "count"),
    replace(
        AGE,
        meaning=words(
            "whole weeks since its last week that counts ended",
            "полных недель с конца последней учтённой недели",
        ),
    ),
)

COHORTS = (WEEK, AGE, *_FUNNEL, _CHANGE)
"""A row: a week's leads, as far as they have ripened by the report date."""
BY_PERIOD = (*_PERIOD, *_FUNNEL, _CHANGE)
"""The same of a longer period: the sums of its weeks."""
EQUAL_AGE = (WEEK, replace(AGE, places=frozenset[Place]({"command"})), _AT_AGE, *_FUNNEL, _CHANGE)
"""The same with every cohort counted at one age."""
SLICES = (
    Column(
        "value",
        words("Value", "Значение"),
        words("of the attribute that the table slices by", "признака, по которому делит таблица"),
        "text",
    ),
    *_FUNNEL,
    Column(
        "low",
        words("90 % interval", "90 %-й интервал"),
        words(
            "of the overall share, by Wilson; in files `low` and `high`",
            "общей доли, по Уилсону; в файлах `low` и `high`",
        ),
        "interval",
        digits=1,
        under=OVERALL,
        upto="high",
    ),
    Column(
        "against_total",
        words("against total", "к итогу"),
        words(
            "of the last stage against what all leads of the same weeks let expect",
            "последней стадии к ожидаемому по всем лидам тех же недель",
        ),
        "change",
        under=OVERALL,
    ),
)
"""A row: a value of an attribute, the shown cohorts together."""

_DAYS = Column(
    "median_days",
    words("half", "половина"),
    words(
        "days within which half of the leads that get there have got there", "за столько дней дошла половина"
    ),
    "days",
    under="stage",
    places=PAGE,
)
DURATIONS = only(
    (
        Column(
            "value",
            words("", ""),
            words("all leads, a quarter or a value", "все лиды, квартал или значение"),
            "text",
        ),
        LEADS,
        Column(
            "reached",
            words("arrived", "дошли"),
            words("leads seen arriving at the stage", "сколько лидов дошло на глазах у журнала"),
            "leads",
            under="stage",
            places=PAGE,
        ),
        _DAYS,
        replace(
            _DAYS,
            key="p80_days",
            title=words("80\u00a0%", "80\u00a0%"),
            meaning=words("the same of four leads of five", "то же для четырёх лидов из пяти"),
        ),
    ),
    "page",
)
"""A row: leads of a quarter or a value; for each stage how long they take."""
