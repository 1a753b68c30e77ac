"""The fields of the flat data and of the pivots: what is in a column, and what is calculated from sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.present.parts.escape import clean
from funnel.present.parts.texts import Texts
from funnel.present.workbook.cells import LIMIT
from funnel.settings import LEAD, Settings

Floats = npt.NDArray[np.float64]

COUNT, MONEY, SHARE, RATIO, DATE = 3, 3, 10, 2, 14
"""Built-in number formats: #,##0; 0.00%; 0.00; the reader's own date."""


@dataclass(frozen=True, slots=True)
class Column:
    """A field that is a column of the flat data.

    Attributes:
        name: of the field; its head in the sheet.
        items: its different values in order, for a field to group or filter by; empty for one to add up.
        codes: the position in `items`, by row.
        values: what is added up, by row; NaN where nothing is known.
        whole: all values are whole numbers.
        is_date: the items are days.
        format: built-in number format.
        key: of what is added up: `leads`, a stage, or a column of the flat data.
    """

    name: str
    items: tuple[object, ...] = ()
    codes: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    values: Floats = field(default_factory=lambda: np.zeros(0))
    whole: bool = False
    is_date: bool = False
    format: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A calculated field: one sum divided by another, at every grouping.

    Attributes:
        name: of the field.
        above: the name of the column above the line.
        below: the name of the column below it.
        format: built-in number format.
        label: what heads it in a pivot; the name itself where it is empty.
        costs: a sum of 0 above the line is nothing known, for Excel adds up blanks to 0.
    """

    name: str
    above: str
    below: str
    format: int = SHARE
    label: str = ""
    costs: bool = False

    @property
    def formula(self) -> str:
        """The formula as Excel keeps it, without the equals sign."""
        above, below = quoted(self.above), quoted(self.below)
        return f"IF({above}=0,1/0,{above}/{below})" if self.costs else f"{above}/{below}"


@dataclass(frozen=True, slots=True)
class Fields:
    """All fields of the pivot cache: the columns of the flat data in order, then the calculated ones.

    Attributes:
        columns: what stands in the sheet.
        ratios: what Excel calculates.
        time: names of quarter, month and week, the outermost first.
        attributes: names of the attributes' columns in order.
        shown: names of the fields to show as pivot columns in order.
        rows: how many rows the flat data have.
        note: what the sums leave out, in sentences; '' if nothing.
    """

    columns: tuple[Column, ...]
    ratios: tuple[Ratio, ...]
    time: tuple[str, ...]
    attributes: tuple[str, ...]
    shown: tuple[str, ...]
    rows: int
    note: str = ""

    @property
    def names(self) -> list[str]:
        """Names of all fields by position."""
        return [*(item.name for item in self.columns), *(item.name for item in self.ratios)]

    @property
    def formats(self) -> dict[str, int]:
        """Built-in number format of every field by name."""
        columns = {item.name: item.format for item in self.columns}
        return columns | {item.name: item.format for item in self.ratios}

    def caption(self, name: str) -> str:
        """Return what heads a field in a pivot: never the name of a field, so a space follows a bare name."""
        labels = {ratio.name: ratio.label for ratio in self.ratios}
        return labels.get(name) or f"{name} "

    def column(self, name: str) -> Column:
        """Return a column by name."""
        return next(item for item in self.columns if item.name == name)


def quoted(name: str) -> str:
    """Return a field's name as a formula writes it.

    >>> quoted("Leads"), quoted("Ad spend"), quoted("Q1"), quoted("d'or")
    ('Leads', "'Ad spend'", "'Q1'", "'d''or'")
    """
    like_a_cell = len(name) <= 3 or any(letter.isdigit() for letter in name)
    simple = name.isidentifier() and not like_a_cell and name.upper() not in ("TRUE", "FALSE")
    return name if simple else "'" + name.replace("'", "''") + "'"


def fields(flat: pd.DataFrame, attributes: Sequence[str], settings: Settings, texts: Texts) -> Fields:
    """Turn the flat data into fields.

    Names are made different from each other without regard to case, and so are the values of an attribute, as
    Excel knows no case in pivots: of `Chat` and `chat` the first spelling stands for both. What is nowhere
    known has no field. Where the forecast of some cohorts is not reliable yet, a field says of which, and the
    expected conversion is that of the others.
    """
    names = _Names()
    weeks = pd.DatetimeIndex(flat["cohort_week"])
    quarters = [texts.t("wb_quarter", year=str(day.year), n=str(day.quarter)) for day in weeks.unique()]
    of_week = {day: at for at, day in enumerate(weeks.unique())}
    at = np.array([of_week[day] for day in weeks], dtype=np.int64)
    months = [f"{day:%Y-%m}" for day in weeks.unique()]
    time = [
        _grouped(names.new(texts.t("wb_quarter_field")), [quarters[i] for i in at]),
        _grouped(names.new(texts.t("wb_month")), [months[i] for i in at]),
        _dates(names.new(texts.t("wb_week")), weeks),
    ]
    sliced = [
        _grouped(names.new(texts.attribute(name, settings)), _words(flat[f"attr_{number}"], texts))
        for number, name in enumerate(attributes)
    ]
    told = (
        flat["expected_sales"].notna() if "expected_sales" in flat else pd.Series(data=True, index=flat.index)
    )
    if not told.all():
        words = {True: texts.t("wb_reliable"), False: texts.t("wb_not_reliable")}
        sliced.append(_grouped(names.new(texts.t("wb_trust")), [words[known] for known in told]))
        flat = flat.assign(expected_leads=flat["leads"].where(told, 0 if told.any() else np.nan))
    numbers = {"leads": names.new(texts.t("col_leads"))}
    numbers |= {key: names.new(texts.stage(key, settings)) for key in settings.stage_keys}
    wanted = ("expected_sales", "expected_leads", "payments", "revenue", "spend")
    extra = [name for name in wanted if name in flat and flat[name].notna().any()]
    numbers |= {name: names.new(texts.t(f"wb_{name}")) for name in extra}
    summed = [_summed(label, flat[name], name) for name, label in numbers.items()]
    steps = ["leads", *settings.stage_keys]
    ratios = {
        key: Ratio(
            names.new(texts.t("wb_share_field", stage=numbers[key], base=numbers[base])),
            numbers[key],
            numbers[base],
            label=names.new(texts.t("wb_share_of", stage=numbers[key], base=numbers[base])),
        )
        for base, key in pairwise(steps)
    }
    last = numbers[steps[-1]]
    ratios["overall"] = Ratio(names.new(texts.stage("overall", settings)), last, numbers["leads"])
    if "expected_sales" in numbers:
        label = names.new(texts.t("wb_expected_rate"))
        base = numbers.get("expected_leads", numbers["leads"])
        ratios["expected"] = Ratio(label, numbers["expected_sales"], base)
    if "spend" in numbers:
        for key in (LEAD, steps[-1]):
            name, label = (
                names.new(texts.t(text, stage=texts.stage(key, settings)))
                for text in ("wb_cost_field", "wb_cost_per")
            )
            below = numbers["leads" if key == LEAD else key]
            ratios[f"cost_{key}"] = Ratio(name, numbers["spend"], below, MONEY, label, costs=True)
    if {"spend", "revenue"} <= numbers.keys():
        ratios["roas"] = Ratio(names.new(texts.t("wb_roas")), numbers["revenue"], numbers["spend"], RATIO)
    order = [numbers["leads"]]
    for key in steps[1:]:
        order += [numbers[key], ratios[key].name]
    order.append(ratios["overall"].name)
    order += [numbers[name] for name in extra]
    order += [ratios[name].name for name in ratios if name not in (*steps, "overall")]
    return Fields(
        (*time, *sliced, *summed),
        tuple(ratios.values()),
        tuple(item.name for item in time),
        tuple(item.name for item in sliced),
        tuple(order),
        len(flat),
        _note(flat, told, texts),
    )


def _note(flat: pd.DataFrame, told: pd.Series, texts: Texts) -> str:
    """Say what the sums leave out.

    Args:
        flat: the flat data.
        told: by row, whether the sales to come can be told.
        texts: the language.
    """
    said = []
    if not told.all():
        said.append(texts.t("wb_pivot_doubt" if told.any() else "wb_pivot_no_forecast"))
    if "spend" in flat:
        spent = flat.groupby("cohort_week")["spend"].count() > 0
        if spent.any() and not spent.all():
            said.append(texts.t("wb_pivot_spend", n=int((~spent).sum())))
    return " ".join(said)


class _Names:
    """Gives out names that differ without regard to case."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def new(self, wanted: str) -> str:
        name, number = clean(wanted, 60) or "-", 1
        while name.casefold() in self._taken:
            number += 1
            name = f"{clean(wanted, 60)} ({number})"
        self._taken.add(name.casefold())
        return name


def _words(values: pd.Series, texts: Texts) -> list[str]:
    shown = {value: clean(value, LIMIT) or texts.t("not_given") for value in values.unique()}
    return [shown[value] for value in values]


def _grouped(name: str, values: list[str]) -> Column:
    spelling: dict[str, str] = {}
    for value in values:
        spelling.setdefault(value.casefold(), value)
    order = {key: at for at, key in enumerate(sorted(spelling))}
    codes = np.array([order[value.casefold()] for value in values], dtype=np.int64)
    return Column(name, tuple(spelling[key] for key in order), codes)


def _dates(name: str, weeks: pd.DatetimeIndex) -> Column:
    codes, items = pd.factorize(weeks, sort=True)
    days = tuple(pd.Timestamp(item).date() for item in items)
    return Column(name, days, codes.astype(np.int64), is_date=True, format=DATE)


def _summed(label: str, values: pd.Series, name: str) -> Column:
    numbers: Floats = values.to_numpy(dtype=np.float64)
    known = numbers[np.isfinite(numbers)]
    whole = bool((known == np.round(known)).all())
    form = MONEY if name in ("revenue", "spend") else COUNT
    return Column(label, values=numbers, whole=whole, format=form, key=name)
