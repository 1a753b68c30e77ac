"""The published columns, each described once: what it is called, what it means, how it is written.

The table on the page, the command's table, the CSV in the archive, the sheet of the workbook and the data
dictionary (`docs/columns.md`) are made from it. To add a column of numbers that a table has already, add a
`Column` with a `value`; see CONTRIBUTING.md. Titles stand here in both languages, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from funnel.settings import LEAD, Language

Unit = Literal["week", "text", "weeks", "leads", "share", "change", "interval", "number"]
"""week: a Monday. weeks, leads: whole numbers. share: 0 to 1. change: relative, 0.1 is 10 % more. interval:
of a share, from this column to the one that `upto` names. number: any other."""
Place = Literal["page", "command", "sheet"]
EVERYWHERE: frozenset[Place] = frozenset({"page", "command", "sheet"})
"""The archive's CSV holds every column, wherever else it is shown."""
OVERALL = "overall"
SMALL_MARK = "°"
"""Of a cohort of few leads; it may also be unripe, which has another mark."""


@dataclass(frozen=True, slots=True)
class Column:
    """A published column.

    Attributes:
        key: its name in frames and CSV; `{stage}` and `{before}` stand for a stage and the one before it.
        title: its head, by language; on the page it stands under the name of what it is `under`.
        meaning: what it says, a sentence without the title, by language.
        unit: what its values are.
        digits: decimals that a reader sees.
        under: what it belongs to: "stage" for a column of every stage, `OVERALL`, or nothing.
        places: where it is shown.
        formula: in the workbook, the keys of what is divided by what; none for a plain number.
        upto: of an interval, the key of its upper end.
        value: computes it from the columns before it; none if the table brings it.
        stage: the stage it was written out for; see `written_out`.
    """

    key: str
    title: Mapping[Language, str]
    meaning: Mapping[Language, str]
    unit: Unit
    digits: int = 0
    under: str = ""
    places: frozenset[Place] = EVERYWHERE
    formula: tuple[str, str] | None = None
    upto: str = ""
    value: Callable[[pd.DataFrame], pd.Series] | None = None
    stage: str = ""


def _title(en: str, ru: str) -> dict[Language, str]:
    return {"en": en, "ru": ru}


LEADS = Column(
    "leads", _title("Leads", "Лиды"), _title("leads that arrived", "сколько лидов пришло"), "leads"
)
_FUNNEL = (
    LEADS,
    Column(
        "{stage}",
        _title("number", "число"),
        _title(
            "leads that have reached the stage by the report date",
            "сколько лидов дошло до стадии к дате отчёта",
        ),
        "leads",
        under="stage",
    ),
    Column(
        "{stage}_rate",
        _title("share", "доля"),
        _title("their share of the stage before", "их доля от предыдущей стадии"),
        "share",
        under="stage",
        formula=("{stage}", "{before}"),
    ),
    Column(
        "overall_rate",
        _title("share", "доля"),
        _title("the last stage's share of the leads", "доля последней стадии от лидов"),
        "share",
        digits=2,
        under=OVERALL,
        formula=("{last}", "leads"),
    ),
)
_WEEK = Column(
    "cohort_week",
    _title("Cohort", "Когорта"),
    _title("the week in which the leads arrived, by its Monday", "неделя прихода лидов, её понедельник"),
    "week",
)
_AGE = Column(
    "age_weeks",
    _title("Age, weeks", "Возраст, нед."),
    _title("whole weeks since that week ended", "полных недель с конца этой недели"),
    "weeks",
)
_CHANGE = Column(
    "overall_change",
    _title("change", "изм."),
    _title(
        "of the overall share against the cohort before it in the table",
        "общей доли к предыдущей когорте таблицы",
    ),
    "change",
    under=OVERALL,
)
_AT_AGE = replace(
    _AGE,
    key="at_age",
    title=_title("At age, weeks", "В возрасте, нед."),
    meaning=_title(
        "the age at which all cohorts are compared", "возраст, в котором сравниваются все когорты"
    ),
    places=frozenset[Place]({"command"}),
)

COHORTS = (_WEEK, _AGE, *_FUNNEL, _CHANGE)
"""A row: a week's leads, as far as they have ripened by the report date."""
EQUAL_AGE = (_WEEK, replace(_AGE, places=frozenset[Place]({"command"})), _AT_AGE, *_FUNNEL, _CHANGE)
"""The same with every cohort counted at one age."""
SLICES = (
    Column(
        "value",
        _title("Value", "Значение"),
        _title("of the attribute that the table slices by", "признака, по которому делит таблица"),
        "text",
    ),
    *_FUNNEL,
    Column(
        "low",
        _title("90 % interval", "90 %-й интервал"),
        _title(
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
        _title("against total", "к итогу"),
        _title(
            "of the last stage against what all leads of the same weeks let expect",
            "последней стадии к ожидаемому по всем лидам тех же недель",
        ),
        "change",
        under=OVERALL,
    ),
)
"""A row: a value of an attribute, the shown cohorts together."""

TABLES: Mapping[str, Sequence[Column]] = {"cohorts": COHORTS, "equal_age": EQUAL_AGE, "slices": SLICES}
"""The tables made from columns, by their file in the archive; the last is `slices_<attribute>`."""


def written_out(
    columns: Sequence[Column], stages: Sequence[str], place: Place | None = None
) -> tuple[Column, ...]:
    """Return columns with those of every stage written out, in the order in which a reader meets them.

    Args:
        columns: such as `COHORTS`.
        stages: keys in order, without the lead.
        place: only those shown there; None for all.

    >>> [column.key for column in written_out(COHORTS, ["target", "sale"], "page")][2:7]
    ['leads', 'target', 'target_rate', 'sale', 'sale_rate']
    """
    wanted = [column for column in columns if place is None or place in column.places]
    each = [column for column in wanted if column.under == "stage"]
    found: list[Column] = []
    for column in wanted:
        if column.under != "stage":
            found.append(_named(column, last=stages[-1]))
        elif column is each[0]:
            for before, stage in zip([LEADS.key, *stages], stages, strict=False):
                found += [_named(item, stage, before) for item in each]
    return tuple(found)


def _named(column: Column, stage: str = "", before: str = "", last: str = "") -> Column:
    """Return a column with the names of its stages filled in; a stage may be named like a placeholder."""
    names = {"{stage}": stage, "{before}": before, "{last}": last}

    def fill(key: str) -> str:
        whole = key.removesuffix("_rate")
        return names.get(whole, whole) + key[len(whole) :]

    formula = (fill(column.formula[0]), fill(column.formula[1])) if column.formula else None
    return replace(column, key=fill(column.key), formula=formula, stage=stage)


def computed(frame: pd.DataFrame, columns: Sequence[Column], steps: Sequence[str]) -> pd.DataFrame:
    """Add to a table what its columns compute from it, in their order.

    Args:
        frame: with the columns that the table brings.
        columns: such as `COHORTS`.
        steps: 'lead' and the stages in order.
    """
    stages = [step for step in steps if step != LEAD]
    for column in written_out(columns, stages):
        if column.value is not None and column.key not in frame:
            frame = frame.assign(**{column.key: column.value(frame)})
    return frame
