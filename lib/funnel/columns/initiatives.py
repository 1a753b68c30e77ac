"""The columns of the chapter Initiatives."""

from __future__ import annotations

from funnel.columns.column import HIGH, LOW, Column, only, words


def _verdict(key: str, en: str, ru: str, meaning: tuple[str, str]) -> Column:
    return Column(key, words(en, ru), words(*meaning), "count", group="col_of_these")


SCOREBOARD = only(
    (
        Column(
            "initiative",
            words("Initiative", "Инициатива"),
            words("its name; the last row is of all", "название; последняя строка — все вместе"),
            "text",
        ),
        Column(
            "hypotheses",
            words("Hypotheses", "Гипотез"),
            words("changes it promised", "сколько изменений обещано"),
            "count",
        ),
        _verdict("confirmed", "confirmed", "сбылось", ("that came true", "сбылись")),
        _verdict("partly", "partly", "отчасти", ("that came true in part", "сбылись отчасти")),
        _verdict("refuted", "refuted", "опровергнуто", ("of which the opposite came", "вышло наоборот")),
        _verdict(
            "no_effect_seen",
            "not seen",
            "не доказано",
            ("of which chance may be all", "может быть случайностью"),
        ),
        _verdict("too_early", "too early", "рано", ("that cannot be read yet", "ещё не прочесть")),
        _verdict(
            "cannot_be_told", "cannot tell", "нельзя сказать", ("that can never be read", "уже не прочесть")
        ),
        Column(
            "inside",
            words("Size as promised", "Размер угадан"),
            words(
                "share of those read whose interval holds the promise",
                "доля прочитанных, где обещанное внутри интервала",
            ),
            "share",
        ),
        Column(
            "boldness",
            words("Promised ÷ came", "Обещано ÷ вышло"),
            words("median of what was promised over what came", "медиана обещанного к вышедшему"),
            "number",
            digits=1,
        ),
        Column("verdict", words("Verdict", "Вывод"), words("of the initiative", "об инициативе"), "text"),
    ),
    "page",
)
"""A row: an initiative."""
IMPACT = only(
    (
        Column(
            "metric", words("Metric", "Показатель"), words("a step, or the whole", "шаг или итог"), "text"
        ),
        Column(
            "before",
            words("Before", "До"),
            words("the share before the start", "доля до начала"),
            "share",
            digits=1,
        ),
        Column(
            "without",
            words("Without it", "Без неё"),
            words("what it would have been", "какой была бы"),
            "share",
            digits=1,
        ),
        Column("after", words("After", "После"), words("the share since", "доля после"), "share", digits=1),
        Column(
            "expected_change",
            words("Expected", "Ожидали"),
            words("change that was promised", "обещанное изменение"),
            "change",
        ),
        Column(
            "measured_change",
            words("Measured", "Вышло"),
            words("after over without it, less 1", "после к «без неё» минус 1"),
            "change",
        ),
        Column(
            "low",
            words("90 % interval", "90 %-й интервал"),
            words("of the measured change", "вышедшего изменения"),
            "interval",
            upto="high",
        ),
        Column("verdict", words("Verdict", "Вывод"), words("about the promise", "об обещании"), "text"),
    ),
    "page",
    "command",
)
"""A row: an initiative and a metric."""
PROPOSED = only(
    (
        Column("initiative", words("Initiative", "Инициатива"), words("its name", "название"), "text"),
        Column("start", words("Start", "Начало"), words("when it is to begin", "когда начнётся"), "date"),
        Column(
            "change",
            words("Promised", "Обещано"),
            words("change of its metric", "изменение её показателя"),
            "change",
        ),
        Column(
            "extra_sales",
            words("sales", "продаж"),
            words("more a month, if it comes true", "больше в месяц, если сбудется"),
            "number",
            digits=1,
            group="col_more_a_month",
        ),
        Column(
            "extra_revenue",
            words("Revenue, {unit}", "Выручка, {unit}"),
            words("more a month, if it comes true", "больше в месяц, если сбудется"),
            "money",
            group="col_more_a_month",
        ),
        Column(
            "cost",
            words("Cost, {unit}", "Стоимость, {unit}"),
            words("as the project says", "как сказано в проекте"),
            "money",
        ),
        Column(
            "payback_months",
            words("Paid back, months", "Окупается, мес."),
            words("cost over the revenue of a month", "стоимость к выручке за месяц"),
            "number",
            digits=1,
        ),
        Column(
            "return_in_a_year",
            words("Return in a year", "Отдача за год"),
            words("extra revenue of a year over cost, less 1", "прибавка за год к стоимости, минус 1"),
            "number",
            digits=1,
        ),
        Column(
            "power",
            words("Chance to see it", "Шанс увидеть"),
            words(
                "that its measurement tells the promise from chance",
                "что измерение отличит обещанное от случайности",
            ),
            "share",
        ),
        Column(
            "readable_from",
            words("Readable from", "Ответ с"),
            words("when its measurement can be read", "когда измерение можно прочесть"),
            "date",
        ),
    ),
    "page",
)
"""A row: a proposed initiative."""
_LISTED = (
    Column("title", words("Initiative", "Инициатива"), words("what it is called", "как называется"), "text"),
    Column("owner", words("Owner", "Ответственный"), words("a role", "роль"), "text"),
    Column(
        "start",
        words("From", "С"),
        words("first day of treated leads", "первый день затронутых лидов"),
        "date",
    ),
    Column(
        "end",
        words("To", "По"),
        words("last day, where it is known", "последний день, если известен"),
        "date",
    ),
    Column(
        "metric",
        words("Metric", "Показатель"),
        words("what it is to move", "что она должна изменить"),
        "text",
    ),
    Column(
        "expected_change",
        words("Expected change", "Ожидаемое изменение"),
        words("written down before it started", "записано до её начала"),
        "change",
    ),
)
_MEASURED = (
    Column(
        "measured_change",
        words("Measured change", "Измеренное изменение"),
        words("of the metric, by the leads since", "показателя, по лидам с её начала"),
        "change",
    ),
    Column("low", LOW, words("lower end of its interval", "нижняя граница интервала"), "change"),
    Column("high", HIGH, words("upper end of its interval", "верхняя граница интервала"), "change"),
    Column(
        "readable_from",
        words("Readable from", "Читается с"),
        words("the day from which an answer can be read", "день, с которого можно читать ответ"),
        "date",
    ),
    Column("verdict", words("Verdict", "Вывод"), words("what the numbers say", "что говорят числа"), "text"),
)
_SPENT = (
    Column("money", words("Cost", "Стоимость"), words("in money", "в деньгах"), "money"),
    Column("hours", words("Hours", "Часы"), words("of work", "работы"), "count"),
    Column("stop_rule", words("Given up when", "Прекращаем, если"), words("the rule", "правило"), "text"),
)
LISTED = only((*_LISTED, *_MEASURED, *_SPENT), "sheet")
"""A row: an initiative and a metric."""
MEASURED = tuple(column.key for column in _MEASURED)
"""Of these, what is known once something is measured."""
