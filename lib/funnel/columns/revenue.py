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
