"""The rows of the sheet of formulas: which rows of the flat data each adds up, and under what name."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from funnel.present.parts.texts import Texts
from funnel.present.workbook.field import Column, Fields
from funnel.present.workbook.fields import AGE, COHORTS, WEEK, attribute_key
from funnel.present.workbook.pivot import Flags

VALUES = 100
"""How many values of the attribute have a row; more stand together in one."""


@dataclass(frozen=True, slots=True)
class FormulaRow:
    """A row of sums.

    Attributes:
        label: a day, or a text.
        of: the columns of the flat data it holds fast, each with the position of its item.
        age: of the cohort in weeks; None where a row is no cohort.
        rest: a column and the positions of its items that have rows of their own; it is what these leave.
        total: it stands for all that the block covers.
    """

    label: object
    of: tuple[tuple[Column, int], ...] = ()
    age: int | None = None
    rest: tuple[Column, tuple[int, ...]] | None = None
    total: bool = False

    def kept(self, rows: int) -> Flags:
        """Tell by row of the flat data whether it counts here."""
        kept = np.ones(rows, dtype=np.bool_)
        for column, item in self.of:
            kept &= column.codes == item
        if self.rest:
            kept &= ~np.isin(self.rest[0].codes, self.rest[1])
        return kept


def criterion(text: str) -> str:
    """Return what makes SUMIFS find a text and nothing else.

    >>> criterion("web"), criterion("a*b?~")
    ('=web', '=a~*b~?~~')
    """
    return "=" + re.sub(r"([~*?])", r"~\1", text)


def cohort_rows(fields: Fields, texts: Texts) -> list[FormulaRow]:
    """Return a row for each of the last cohorts, the newest first; then the older ones, and all."""
    week, age, *groups = (fields.column(name) for name in fields.named(WEEK, AGE, COHORTS))
    recent = groups[0].codes == 0 if groups else np.ones(fields.rows, dtype=np.bool_)
    rows = [
        FormulaRow(week.items[at], ((week, at),), int(str(age.items[at])))
        for at in sorted(set(week.codes[recent].tolist()))
    ]
    if groups:
        rows.append(FormulaRow(groups[0].items[1], ((groups[0], 1),)))
    return [*rows, FormulaRow(texts.t("wb_all_cohorts", n=len(week.items)), total=True)]


def value_rows(fields: Fields, attribute: str, texts: Texts) -> list[FormulaRow]:
    """Return a row for each value of an attribute in the last cohorts; if many, for those with most leads."""
    (name,) = fields.named(attribute_key(attribute))
    column = fields.column(name)
    groups = [(fields.column(name), 0) for name in fields.named(COHORTS)]
    (leads,) = fields.named("leads")
    sums = np.bincount(
        column.codes,
        np.where(FormulaRow("", tuple(groups)).kept(fields.rows), fields.column(leads).values, 0.0),
    )
    places = sorted(np.argsort(-sums, kind="stable")[:VALUES].tolist())
    rows = [FormulaRow(column.items[at], (*groups, (column, at))) for at in places]
    if len(column.items) > len(places):
        others = texts.t("wb_other_values", n=len(column.items) - len(places))
        rows.append(FormulaRow(others, tuple(groups), rest=(column, tuple(places))))
    return [*rows, FormulaRow(texts.t("wb_grand_total"), tuple(groups), total=True)]
