"""The fields of a workbook, made from its flat data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from funnel.dates import age_weeks
from funnel.present.parts.final import TAIL
from funnel.present.parts.texts import Texts
from funnel.present.workbook.contents import Contents
from funnel.present.workbook.field import (
    COUNT,
    DATE,
    EXPECTED,
    KNOWN,
    RETURNED,
    Column,
    Fields,
    Floats,
    Ratio,
)
from funnel.present.workbook.names import Names, told_apart
from funnel.settings import LEAD, Settings

COHORTS, QUARTER, MONTH, WEEK, AGE, RIPE, TRUST = (
    "cohorts", "quarter", "month", "week", "age", "ripe", "trust",
)  # fmt: skip
"""Keys of the columns to group by, beside the attributes (`attribute_key`)."""
_FORMATS = {"expected_sales": EXPECTED, "expected_leads": KNOWN, "spend": KNOWN}
_PAID = ("payments", "revenue")


def attribute_key(name: str) -> str:
    """Return the key of an attribute's column; no other column has it."""
    return f"attribute {name}"


def fields(contents: Contents, settings: Settings, texts: Texts) -> Fields:
    """Turn the flat data into fields.

    Names of fields, and of the values of an attribute, differ from each other without regard to case and the
    like, as Excel knows none of it in pivots. What is nowhere known has no field: no payments, no spend, no
    expected sales. Expected conversion is that of the leads whose forecast is reliable.
    """
    names, flat = Names(), contents.flat
    told = flat.get("expected_sales", pd.Series(0.0, index=flat.index)).notna()
    if not told.all():
        flat = flat.assign(expected_leads=flat["leads"].where(told, 0 if told.any() else np.nan))
    grouped = [
        *_time(contents, settings, texts, names),
        *_attributes(contents, settings, texts, names),
        *_trust(contents, told, texts, names),
    ]
    numbers = _numbers(flat, settings, texts, names)
    summed = [_summed(name, flat[key], key) for key, name in numbers.items()]
    ratios = _ratios(numbers, settings, texts, names)
    steps, shown = ["leads", *settings.stage_keys], [numbers["leads"]]
    for key in steps[1:]:
        shown += [numbers[key], ratios[key].name]
    shown.append(ratios["overall"].name)
    extra = [key for key in numbers if key not in steps]
    for key in extra:
        shown.append(numbers[key])
        if key == ("expected_leads" if "expected_leads" in extra else "expected_sales"):
            shown.append(ratios["expected"].name)
    shown += [ratios[key].name for key in ratios if key not in (*steps, "overall", "expected")]
    age = next(item.name for item in grouped if item.key == AGE)
    note = _note(flat, told, numbers, texts)
    return Fields((*grouped, *summed), tuple(ratios.values()), (age, *shown), len(flat), note)


def _numbers(flat: pd.DataFrame, settings: Settings, texts: Texts, names: Names) -> dict[str, str]:
    """Return the names of what is added up, by key."""
    numbers = {"leads": names.new(texts.t("col_leads"))}
    numbers |= {key: names.new(texts.stage(key, settings)) for key in settings.stage_keys}
    for key in ("expected_sales", "expected_leads", *_PAID, "spend"):
        if key in flat and flat[key].notna().any() and not (key in _PAID and (flat[key] == 0).all()):
            numbers[key] = names.new(texts.t(f"wb_{key}"))
    return numbers


def _ratios(numbers: Mapping[str, str], settings: Settings, texts: Texts, names: Names) -> dict[str, Ratio]:
    """Return what is calculated, by key; of a stage, its share of the one before."""
    steps = ["leads", *settings.stage_keys]
    ratios = {
        key: Ratio(names.new(texts.t("wb_share", stage=numbers[key])), numbers[key], numbers[base])
        for base, key in pairwise(steps)
    }
    last = numbers[steps[-1]]
    ratios["overall"] = Ratio(names.new(texts.stage("overall", settings)), last, numbers["leads"])
    if "expected_sales" in numbers:
        base = numbers.get("expected_leads", numbers["leads"])
        label = names.new(texts.t("wb_expected_rate"))
        ratios["expected"] = Ratio(label, numbers["expected_sales"], base)
    if "spend" in numbers:
        for key in (LEAD, steps[-1]):
            stage = texts.t("wb_cost_lead") if key == LEAD else texts.stage(key, settings)
            name = names.new(texts.t("wb_cost_per", cost=texts.t("group_cost_per"), stage=stage))
            below = numbers["leads" if key == LEAD else key]
            ratios[f"cost_{key}"] = Ratio(name, numbers["spend"], below, COUNT, costs=True)
    if {"spend", "revenue"} <= numbers.keys():
        ratios["roas"] = Ratio(names.new(texts.t("wb_roas")), numbers["revenue"], numbers["spend"], RETURNED)
    return ratios


def _time(contents: Contents, settings: Settings, texts: Texts, names: Names) -> list[Column]:
    """Return what a cohort's week says: is it one of the last, quarter, month, week, age, ripeness."""
    weeks = pd.DatetimeIndex(contents.flat["cohort_week"])
    codes, days = pd.factorize(weeks, sort=True)
    codes, days = len(days) - 1 - codes.astype(np.int64), days[::-1]
    ages = [age_weeks(day.date(), contents.report_date) for day in days]
    last = set(pd.DatetimeIndex(contents.cohorts["cohort_week"]))
    older = [day not in last for day in days]

    def of(label: str, key: str, by_week: Sequence[object], order: str = "descending") -> Column:
        items = tuple(dict.fromkeys(by_week))
        position = np.array([items.index(item) for item in by_week], dtype=np.int64)
        return Column(
            names.new(texts.t(label)), items, position[codes], is_date=key == WEEK, order=order,
            format=DATE if key == WEEK else "General", key=key,
        )  # fmt: skip

    found = []
    if any(older) and not all(older):
        said = {False: texts.t("wb_last_cohorts", n=len(contents.cohorts)), True: texts.t("wb_older_cohorts")}
        found.append(of("wb_cohorts_field", COHORTS, [said[flag] for flag in older], ""))
    quarters = [texts.t("wb_quarter", year=str(day.year), n=str(day.quarter)) for day in days]
    found.append(of("wb_quarter_field", QUARTER, quarters))
    found.append(of("wb_month", MONTH, [f"{day:%Y-%m}" for day in days]))
    found.append(of("wb_week", WEEK, [day.date() for day in days]))
    name, by_age = names.new(texts.t("col_age")), np.array(ages, dtype=np.float64)[codes]
    found.append(Column(name, tuple(ages), codes, by_age, whole=True, format="General", key=AGE, least=True))
    yes = [texts.t("wb_yes" if age >= settings.young_weeks else "wb_no") for age in ages]
    found.append(of("wb_ripe", RIPE, yes, ""))
    return found


def _attributes(contents: Contents, settings: Settings, texts: Texts, names: Names) -> list[Column]:
    found = []
    for number, attribute in enumerate(contents.attributes):
        codes, values = pd.factorize(contents.flat[f"attr_{number}"].astype(str))
        label = told_apart([str(value) for value in values], texts.t("not_given"))
        order = sorted(label.values(), key=lambda word: (word.casefold(), word))
        place = {word: at for at, word in enumerate(order)}
        position = np.array([place[label[str(value)]] for value in values], dtype=np.int64)
        name = names.new(texts.attribute(attribute, settings))
        found.append(
            Column(name, tuple(order), position[codes], order="ascending", key=attribute_key(attribute))
        )
    return found


def _trust(contents: Contents, told: pd.Series, texts: Texts, names: Names) -> list[Column]:
    """Return how far the expected sales of a row's cohort can be trusted; nothing where none are expected."""
    flat = contents.flat
    if "expected_sales" not in flat or not told.any():
        return []
    curve = {week for week, doubt in contents.doubts.items() if doubt == TAIL}
    words = np.select(
        [~told.to_numpy(), flat["cohort_week"].isin(curve).to_numpy()],
        [texts.t("wb_not_reliable"), texts.t("wb_mostly_curve")],
        texts.t("wb_reliable"),
    )
    keys = ("wb_reliable", "wb_mostly_curve", "wb_not_reliable")
    items = tuple(word for word in map(texts.t, keys) if (words == word).any())
    codes = np.select([words == word for word in items], range(len(items)), 0).astype(np.int64)
    return [Column(names.new(texts.t("wb_trust")), items, codes, key=TRUST)]


def _note(flat: pd.DataFrame, told: pd.Series, numbers: Mapping[str, str], texts: Texts) -> str:
    """Say what the sums leave out.

    Args:
        flat: the flat data.
        told: by row, whether the sales to come can be told.
        numbers: what is added up.
        texts: the language.
    """
    said = []
    if not told.all():
        said.append(texts.t("wb_pivot_doubt" if told.any() else "wb_pivot_no_forecast"))
    if "payments" in flat and "payments" not in numbers:
        said.append(texts.t("wb_pivot_no_payments"))
    if "spend" in flat:
        spent = flat.groupby("cohort_week")["spend"].count() > 0
        if spent.any() and not spent.all():
            said.append(texts.t("wb_pivot_spend", n=int((~spent).sum())))
    return " ".join(said)


def _summed(label: str, values: pd.Series, key: str) -> Column:
    numbers: Floats = values.to_numpy(dtype=np.float64)
    known = numbers[np.isfinite(numbers)]
    whole = bool((known == np.round(known)).all())
    return Column(label, values=numbers, whole=whole, format=_FORMATS.get(key, COUNT), key=key)
