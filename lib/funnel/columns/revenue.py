"""The columns of the chapter Revenue."""

from __future__ import annotations

from dataclasses import replace

from funnel.columns.cohorts import PAGE
from funnel.columns.column import Column, only, words

SOURCES = (
    Column(
        "existing",
        words("Existing leads", "Имеющиеся лиды"),
        words("mean revenue of leads that are there", "средняя выручка от лидов, которые уже есть"),
        "money",
    ),
    Column(
        "future",
        words("Future leads", "Будущие лиды"),
        words("mean revenue of leads still to come", "средняя выручка от лидов, которые ещё придут"),
        "money",
    ),
    Column("total", words("All leads", "Все лиды"), words("both together", "вместе"), "money"),
)
"""The `source` of a row in files; on the page a column each, of the `mean`."""
MONTHS = only(
    (
        Column("week", words("Month", "Месяц"), words("its first day", "его первый день"), "date"),
        *SOURCES,
        Column(
            "p10",
            words("80\u00a0% interval", "80\u00a0%-й интервал"),
            words("of the total", "для всех лидов"),
            "interval",
            upto="p90",
        ),
        Column(
            "p05",
            words("90 % interval", "90 %-й интервал"),
            words("of the total", "для всех лидов"),
            "interval",
            upto="p95",
        ),
    ),
    "page",
)
"""A row: a month; in files also a source."""
_DEAL = Column(
    "deal_size", words("mean", "среднее"), words("of a payment", "платежа"), "money", group="col_payment"
)
BY_VALUE = only(
    (
        Column("value", words("", ""), words("of the attribute", "признака"), "text"),
        *(replace(column, group="col_revenue_of") for column in SOURCES),
        _DEAL,
        replace(
            _DEAL,
            key="deal_low",
            title=words("90 % interval", "90 %-й интервал"),
            meaning=words("of that mean", "этого среднего"),
            unit="interval",
            upto="deal_high",
        ),
    ),
    "page",
)
"""A row: a value of an attribute; in files also a week and a source."""
TRACK = only(
    (
        Column(
            "report_date",
            words("Edition of", "Выпуск от"),
            words("its report date", "дата отчёта выпуска"),
            "date",
        ),
        Column(
            "weeks_over",
            words("Weeks over", "Прошло недель"),
            words("weeks that have passed since", "сколько недель с тех пор прошло"),
            "count",
            places=PAGE,
        ),
        Column(
            "mean",
            words("Forecast", "Прогноз"),
            words("revenue it expected in these weeks", "какую выручку за них он ждал"),
            "money",
        ),
        Column(
            "paid",
            words("Paid", "Заплачено"),
            words("what was paid in them", "сколько за них заплатили"),
            "money",
        ),
        Column(
            "off",
            words("Off by", "Ошибка"),
            words("forecast over paid, less 1", "прогноз к факту минус 1"),
            "change",
            places=PAGE,
        ),
        Column(
            "inside",
            words("80\u00a0% interval", "80\u00a0%-й интервал"),
            words(
                "whether it held; on the page of how many weeks",
                "выполнился ли; на странице — из скольких недель",
            ),
            "count",
        ),
    ),
    "page",
)
"""A row: an archived edition; in files also a week."""

_COUNT = Column("count", words("{week}", "{week}"), words("of the last week", "за прошлую неделю"), "number")
LAST_WEEK = only(
    (
        Column(
            "measure",
            words("What came", "Что пришло"),
            words("a stage, or revenue", "этап или выручка"),
            "text",
        ),
        _COUNT,
        replace(
            _COUNT,
            key="usual",
            title=words("usual week", "обычная неделя"),
            meaning=words("mean of the weeks before", "среднее предыдущих недель"),
        ),
        Column(
            "low",
            words("least – most", "мин. – макс."),
            words("of the weeks before", "предыдущих недель"),
            "interval",
            upto="high",
        ),
    ),
    "page",
)
"""A row: a measure."""
_SALES = Column(
    "sales",
    words("last week", "прошлая неделя"),
    words("sales of leads of that age", "продажи лидов этого возраста"),
    "number",
    under="last",
)
_USUAL = replace(
    _SALES,
    key="usual_sales",
    title=words("usual week", "обычная неделя"),
    meaning=words("their mean of the weeks before", "их среднее за предыдущие недели"),
    digits=1,
)
LAST_WEEK_AGES = only(
    (
        Column(
            "age_from",
            words("Age of the lead", "Возраст лида"),
            words("its weeks; `age_to` is the last of them", "его недели; `age_to` — последняя из них"),
            "text",
        ),
        _SALES,
        _USUAL,
        replace(
            _SALES,
            key="revenue",
            meaning=words("paid by leads of that age", "заплатили лиды этого возраста"),
            unit="money",
            under="",
            group="col_revenue_in",
        ),
        replace(_USUAL, key="usual_revenue", unit="money", under="", group="col_revenue_in"),
    ),
    "page",
)
"""A row: a band of ages."""
PLAN = only(
    (
        Column(
            "measure",
            words("Planned", "Что планируется"),
            words("sales or revenue, of all or of a segment", "продажи или выручка, всех или сегмента"),
            "text",
        ),
        Column("plan", words("Plan", "План"), words("by the settings", "по настройкам"), "number"),
        Column(
            "fact",
            words("Fact so far", "Факт на сегодня"),
            words("what has come", "сколько уже пришло"),
            "number",
        ),
        Column(
            "expected",
            words("Expected by the end", "Ожидается к концу"),
            words("fact and what is still forecast", "факт и прогноз остатка"),
            "number",
        ),
        Column(
            "low",
            words("80\u00a0% interval", "80\u00a0%-й интервал"),
            words("of what is expected", "ожидаемого"),
            "interval",
            upto="high",
        ),
        Column(
            "chance",
            words("Reached?", "Выполнен?"),
            words(
                "the chance that the plan is reached; of a period that is over, what came of it",
                "вероятность, что план будет выполнен; для прошедшего периода — итог",
            ),
            "share",
        ),
    ),
    "page",
)
"""A row: a period, a segment and a measure."""
WHAT_IF = only(
    (
        Column("stage", words("Step to", "Шаг к этапу"), words("which is changed", "какой меняется"), "text"),
        Column(
            "first_week",
            words("From", "Начиная с"),
            words("the first cohort that it holds for", "с какой когорты"),
            "date",
        ),
        Column(
            "rate",
            words("Conversion", "Конверсия"),
            words("now, and `rate_with` the change", "сейчас и `rate_with` с изменением"),
            "share",
            digits=1,
        ),
        Column(
            "sales",
            words("{span}", "{span}"),
            words("sales more in the weeks ahead", "на сколько больше продаж за недели вперёд"),
            "number",
            group="col_extra_sales",
        ),
        Column(
            "revenue",
            words("{span}", "{span}"),
            words("revenue more in the weeks ahead", "на сколько больше выручки за недели вперёд"),
            "money",
            group="col_extra_revenue",
        ),
        Column(
            "revenue_p10",
            words("80\u00a0%", "80\u00a0%"),
            words("interval of that revenue", "интервал этой выручки"),
            "interval",
            group="col_extra_revenue",
            upto="revenue_p90",
        ),
    ),
    "page",
)
"""A row: a step; in files also a span of weeks, which is a column of the page, and a case."""
