"""The columns of the chapter Forecast."""

from __future__ import annotations

from dataclasses import replace

from funnel.columns.cohorts import AGE, PAGE, WEEK
from funnel.columns.column import HIGH, LOW, Column, only, words

ENDS = only(
    (
        Column(
            "final_mean",
            words("share", "доля"),
            words(
                "leads expected to reach the stage by the horizon; on the page the share of the last",
                "сколько лидов дойдёт до стадии к горизонту; на странице — доля от лидов, последней стадии",
            ),
            "share",
            digits=1,
            group="col_at_the_end",
        ),
        Column(
            "final_p05",
            words("90\u00a0%, from–to", "90\u00a0%, от–до"),
            words("its interval", "его интервал"),
            "interval",
            digits=1,
            group="col_at_the_end",
            upto="final_p95",
        ),
    ),
    "page",
    "command",
)
"""What `forecast` adds to a cohort of the cohort table."""
_COVERAGE = Column(
    "coverage_50",
    words("50 %", "50 %"),
    words(
        "how often what came lay in the interval that should hold it so often",
        "как часто факт попал в такой интервал",
    ),
    "share",
    group="col_coverage",
)
BACKTEST = only(
    (
        Column(
            "age_from",
            words("Age, weeks", "Возраст, нед."),
            words("of the cohorts when the forecast was made", "когорт во время прогноза"),
            "interval",
            upto="age_to",
        ),
        Column(
            "method", words("Method", "Метод"), words("how it was forecast", "как сделан прогноз"), "text"
        ),
        Column(
            "cells",
            words("Forecasts", "Прогнозов"),
            words("how many were scored", "сколько прогнозов сверено"),
            "count",
        ),
        Column(
            "wape",
            words("Error", "Ошибка"),
            words("sum of the misses over the sum of what came", "сумма промахов к сумме факта"),
            "share",
        ),
        Column(
            "bias",
            words("Bias", "Смещение"),
            words(
                "what was forecast in all over what came in all, less 1",
                "весь прогноз ко всему факту минус 1",
            ),
            "change",
        ),
        Column(
            "crps",
            words("CRPS", "CRPS"),
            words(
                "mean distance of the forecast distribution from what came",
                "среднее расстояние распределения от факта",
            ),
            "number",
            digits=2,
        ),
        _COVERAGE,
        *(
            replace(_COVERAGE, key=f"coverage_{level}", title=words(f"{level} %", f"{level} %"))
            for level in (80, 90)
        ),
    ),
    "page",
    "command",
)
"""A row: an age band and a method."""
_SUMMED = Column(
    "then",
    words("known then", "было известно"),
    words("leads that had reached the last stage then", "лидов на последней стадии тогда"),
    "leads",
    under="last",
)
TRACK = only(
    (
        Column(
            "report_date",
            words("Edition of", "Выпуск от"),
            words("its report date", "дата отчёта выпуска"),
            "date",
        ),
        Column(
            "weeks",
            words("Within", "На срок"),
            words("how far it looked ahead; 0: to the horizon", "на сколько вперёд; 0: до горизонта"),
            "weeks",
        ),
        Column(
            "cohorts",
            words("Cohorts", "Когорт"),
            words("how many are added up", "сколько когорт сложено"),
            "count",
            places=PAGE,
        ),
        _SUMMED,
        replace(
            _SUMMED,
            key="more_expected",
            title=words("more expected", "ждали ещё"),
            meaning=words("leads expected beyond these", "сколько ждали сверх них"),
        ),
        replace(
            _SUMMED,
            key="more_came",
            title=words("more came", "пришло ещё"),
            meaning=words("leads that came beyond these", "сколько пришло сверх них"),
        ),
        Column(
            "off",
            words("off by", "ошибка"),
            words("more expected over more came, less 1", "ждали ещё к пришло ещё, минус 1"),
            "change",
            under="last",
            places=PAGE,
        ),
        *(
            Column(
                f"inside_{level}",
                words(f"{level} %", f"{level} %"),
                words(
                    "whether what came lay in that interval; on the page of how many",
                    "попал ли факт в этот интервал; на странице — из скольких",
                ),
                "count",
                group="col_inside",
            )
            for level in (50, 90)
        ),
    ),
    "page",
)
"""A row: an archived edition and a look ahead; in files also a cohort and a stage."""
_PART = Column(
    "volume",
    words("volume", "объём"),
    words("leads by which their number moved it", "на сколько лидов сдвинуло их число"),
    "number",
    digits=1,
    under="last",
)
CHANGE = only(
    (
        Column("value", words("", ""), words("of the attribute, or all", "признака или все"), "text"),
        _PART,
        replace(
            _PART,
            key="age",
            title=words("age", "возраст"),
            meaning=words("by which their age moved it", "на сколько сдвинул их возраст"),
        ),
        replace(
            _PART,
            key="mix",
            title=words("mix", "состав"),
            meaning=words("by which the mix of values moved it", "на сколько сдвинул состав значений"),
        ),
        replace(
            _PART,
            key="rate",
            title=words("rate", "конверсия"),
            meaning=words("by which the conversion moved it", "на сколько сдвинула конверсия"),
        ),
        replace(_PART, key="sum", title=words("sum", "сумма"), meaning=words("of the parts", "частей")),
        Column(
            "conversion",
            words("Conversion, points", "Конверсия, п. п."),
            words("by which the conversion moved", "на сколько сдвинулась конверсия"),
            "number",
            digits=2,
        ),
    ),
    "page",
)
"""A row: an attribute or one of its values; in files also a part, which is a column of the page."""
LISTED = only(
    (
        WEEK,
        AGE,
        Column("stage", words("Stage", "Этап"), words("of the funnel", "воронки"), "text"),
        Column(
            "reached",
            words("Reached so far", "Достигли сейчас"),
            words("leads that reached the stage", "сколько лидов дошло до этапа"),
            "leads",
        ),
        Column(
            "maturity",
            words("Maturity", "Зрелость"),
            words(
                "the share of the end that a cohort of this age has", "какая доля итога есть в этом возрасте"
            ),
            "share",
        ),
        Column(
            "final_mean",
            words("Expected at the end", "Ожидается в итоге"),
            words("leads that reach the stage by the horizon", "сколько лидов дойдёт до этапа к горизонту"),
            "number",
        ),
        Column("final_p05", LOW, words("lower end of its interval", "нижняя граница интервала"), "number"),
        Column("final_p95", HIGH, words("upper end of its interval", "верхняя граница интервала"), "number"),
        Column(
            "trust",
            words("Reliability of the forecast", "Надёжность прогноза"),
            words("or why it is not reliable yet", "или почему он пока ненадёжен"),
            "text",
        ),
    ),
    "sheet",
)
"""A row: a cohort and a stage."""
