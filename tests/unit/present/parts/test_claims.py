"""Worlds in which a claim of the report would be false: it is not made there; and where it is true, it is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from funnel.analysis.cohorts.breakdown import telling
from funnel.analysis.cohorts.table import select, slices
from funnel.analysis.forecast.mix import EXPLAINED_COLUMNS, PARTS
from funnel.dates import read_position
from funnel.present.attention.words import flag_sentences
from funnel.present.cohorts import tables
from funnel.present.cohorts.headline import read_at
from funnel.present.forecast import tables as forecast_tables
from funnel.present.forecast.words import forecast_said
from funnel.present.money import words as money_words
from funnel.present.money.tables import times
from funnel.present.narrative.narrative import _slices, draft
from funnel.present.parts.final import revenue_doubt
from funnel.present.parts.texts import Texts
from funnel.settings import Settings

WEEKS = list(pd.date_range("2022-06-27", periods=13, freq="7D"))
STEPS = ("lead", "sale")
WORLDS = range(20)
RIPE = np.linspace(1.0, 0.1, 13)
"""Share of the sales that a cohort has by now: the newest have hardly any."""


def money(*given: Any) -> list[str]:
    return [one for said in money_words.money(*given).values() for one in said]


def world(seed: int, managers: dict[str, float], first: int = 0, name: str = "") -> pd.DataFrame:
    """Return the cube of a company whose managers convert like this; one of them began in a later week."""
    rng = np.random.default_rng([14, seed])
    rows = []
    for number, week in enumerate(WEEKS):
        for manager, rate in managers.items():
            leads = int(rng.poisson(60)) if manager != name or number >= first else 0
            sold = int(rng.binomial(leads, rate * RIPE[number]))
            rows += [(manager, week, "lead", 0, leads), (manager, week, "sale", 0, sold)]
    one = pd.DataFrame(rows, columns=["value", "cohort_week", "stage", "lag", "leads"])
    one = one[one["leads"] > 0].assign(attribute="manager", attribute2="", value2="")
    return pd.concat([one, one.assign(attribute="", value="")], ignore_index=True)


def read(cube: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, str, set[str], bool]:
    """Return the slices, what is said of them, the values in colour, whether another table says chance."""
    days = [week.date() for week in WEEKS]
    frame = slices(cube, STEPS, days, "manager")
    said = " ".join(_slices({"manager": frame}, settings, Texts("en")))
    grid = tables.slices_grid(frame, "manager", settings, Texts("en"))
    coloured = {row.cells[0].text.removesuffix(" *") for row in grid.rows if row.cells[-1].colour}
    return frame, said, coloured, telling(cube, STEPS, days, [("manager",)])["effect"].iloc[0] == 0


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"stages": settings.stages[-1:], "slices": ("manager",)})


EQUAL = dict.fromkeys(("Anna", "Boris", "Galina", "Ivan", "Maria", "Oleg", "Pavel", "Vera"), 0.12)


def test_nobody_is_called_worst_where_managers_differ_by_chance(settings: Settings) -> None:
    named = 0
    for seed in WORLDS:
        _, said, coloured, quiet = read(world(seed, EQUAL), settings)
        told = "converts" in said
        named += told
        # No colour and no sentence beside a table that says "no more than chance", and the same in both.
        assert not (quiet and (told or coloured))
        assert bool(coloured) == told or not told
    assert named <= 3  # one in twenty by chance


def test_a_channel_of_four_weeks_that_is_just_as_good_is_not_called_worst(settings: Settings) -> None:
    worst = sum(
        "“New” converts" in read(world(seed, {**EQUAL, "New": 0.12}, 9, "New"), settings)[1]
        for seed in WORLDS
    )
    assert worst <= 1
    frame = read(world(1, {**EQUAL, "New": 0.12}, 9, "New"), settings)[0].set_index("value")
    # Its raw conversion is the lowest by far, for it is young; beside the same weeks it is as usual.
    assert frame["overall_rate"].idxmin() == "New"
    assert abs(frame.loc["New", "against_total"]) < 0.5


def test_who_converts_half_as_well_is_named_and_in_colour(settings: Settings) -> None:
    found = [read(world(seed, {**EQUAL, "Oleg": 0.04}), settings)[1:3] for seed in WORLDS]
    assert sum("“Oleg” converts worst" in said and "Oleg" in coloured for said, coloured in found) >= 18


def test_where_nobody_bought_nobody_converts_best_or_worst(settings: Settings) -> None:
    """Of stages that were keyed otherwise no sale gets in: everybody stands at nothing."""
    frame, said, coloured, _ = read(world(1, dict.fromkeys(EQUAL, 0.0)), settings)
    assert (frame["sale"] == 0).all() and not coloured
    assert "converts" not in said


def test_small_values_are_not_said_to_be_alike(settings: Settings) -> None:
    cube = world(1, {"a": 0.1, "b": 0.1})
    few = cube[cube["cohort_week"] == WEEKS[0]].assign(leads=lambda rows: rows["leads"].clip(upper=20))
    frame = slices(few, STEPS, [WEEKS[0].date()], "manager")
    said = " ".join(_slices({"manager": frame}, settings, Texts("en")))
    assert "no value has 30 leads, so none is compared" in said and "differs" not in said
    one = slices(few[few["value"].isin(["a", ""])], STEPS, [WEEKS[0].date()], "manager")
    assert _slices({"manager": one}, settings, Texts("en")) == []  # a single value has nothing beside it
    assert len(select(few, "manager")["value"].unique()) == 2


def change_of(rate: float, spread: float) -> pd.DataFrame:
    amounts = {"volume": 4.0, "age": 0.0, "mix": 0.2, "rate": rate}
    rows = [
        ("channel", level, value, part, amounts[part], 0.0, spread if part == "rate" else 0.0)
        for level, value in (("whole", ""), ("value", "chat"), ("value", "vk"))
        for part in PARTS
    ]
    return pd.DataFrame(rows, columns=["attribute", *EXPLAINED_COLUMNS])


def test_a_change_of_the_rate_that_chance_makes_is_called_so(settings: Settings) -> None:
    said = " ".join(forecast_said({"change": change_of(-10.8, 13.0)}, settings, Texts("en")))
    assert "−10.8 from conversion. The part of conversion is no more than chance makes" in said
    assert "gives up to 21.4 either way" in said and "most comes from" not in said  # 1.645 x 13
    grid = forecast_tables.change_grid(change_of(-10.8, 13.0), 4, settings, Texts("en"))
    at = PARTS.index("rate") + 1
    assert {row.cells[at].shade for row in grid.rows} == {None}
    sure = " ".join(forecast_said({"change": change_of(-40.0, 13.0)}, settings, Texts("en")))
    assert (
        "no more than chance" not in sure and "−40.0 from conversion. The part of conversion is more" in sure
    )
    assert "Channel “chat”: −39.8, more than chance makes." in sure


@pytest.mark.parametrize(("cells", "told"), [(2, False), (19, False), (20, True)])
def test_two_forecasts_that_were_right_are_no_record(cells: int, told: bool, settings: Settings) -> None:
    """Of a log of six weeks two could be tried: 100 % inside the interval says nothing."""
    rows = [
        {"age_from": 0, "age_to": 3, "method": name, "cells": cells, "wape": 0.8, "coverage_90": 1.0}
        for name in ("forecast", "old conversion")
    ]
    frames = {"forecast": pd.DataFrame({"stage": ["sale"]}), "backtest": pd.DataFrame(rows)}
    said = " ".join(forecast_said(frames, settings, Texts("en")))
    assert ("100\u00a0% came inside" in said) == told


@pytest.mark.parametrize(("doubted", "said"), [(0, ""), (4, "some of the young"), (13, "none of the young")])
def test_all_is_not_called_some(doubted: int, said: str, settings: Settings) -> None:
    frame = pd.DataFrame(
        {
            "stage": settings.stage_keys[-1],
            "age_weeks": range(20),
            "reliable": [age >= doubted for age in range(20)],
            "reason": ["history_short" if age < doubted else "" for age in range(20)],
        }
    )
    told = " ".join(revenue_doubt(frame, settings, Texts("en")))
    assert said in told and bool(told) == bool(doubted)


def spend(matched: float, alone: float, unknown: float = 0.0) -> dict[str, pd.DataFrame]:
    cost = {"spend": 100.0, "cost_per_sale": 10.0, "projected_cost_per_sale": 9.0, "vat": "yes"}
    row = {"level": "total", "value": "", "projected_low": 8.0, "projected_high": 11.0, **cost}
    account = {"level": "total", "matched": matched, "no_leads": alone, "unknown_names": unknown}
    return {
        "costs": pd.DataFrame({"cohort_week": [pd.Timestamp(2022, 9, 19)]}),
        "costs_summary": pd.DataFrame([row]),
        "spend_account": pd.DataFrame([account]),
    }


def test_channels_whose_spend_is_not_known_of_every_week_are_not_compared(settings: Settings) -> None:
    """Nine weeks of leads without spend make a channel look cheap; it is told, and no longer the cheapest."""
    frames = spend(100.0, 0.0)
    ends = [("web", 5.0, 4.0, 6.0), ("fair", 20.0, 18.0, 22.0), ("ads", 9.0, 8.0, 10.0)]
    rows = [
        {
            "level": "channel", "value": name, "projected_cost_per_sale": cost, "projected_low": low,
            "projected_high": high, "vat": "yes", "spend": 50.0, "cost_per_sale": cost,
        }
        for name, cost, low, high in ends
    ]  # fmt: skip
    frames["costs_summary"] = pd.concat([frames["costs_summary"], pd.DataFrame(rows)], ignore_index=True)
    weeks = {name: ["matched"] * 13 for name, *_ in ends}
    by_week = [
        {"cohort_week": week, "value": name, "match": match}
        for name, matches in weeks.items()
        for week, match in zip(WEEKS, matches, strict=True)
    ]
    frames |= {"costs": pd.DataFrame({"cohort_week": WEEKS}), "costs_channel": pd.DataFrame(by_week)}
    said = " ".join(money(frames, settings, Texts("en")))
    assert "lowest in “web”" in said and "no spend is known" not in said
    frames["costs_channel"].loc[:8, "match"] = "no spend"
    said = " ".join(money(frames, settings, Texts("en")))
    assert "lowest in “ads”" in said and "leads came from web, but no spend is known" in said
    frames["costs_channel"].loc[:12, "match"] = "no spend"  # a free channel: nothing is missing
    assert "no spend is known" not in " ".join(money(frames, settings, Texts("en")))


def test_spend_is_not_said_to_have_met_no_lead_where_leads_have_no_channel(settings: Settings) -> None:
    assert "6.0\xa0% met no lead." in " ".join(money(spend(94.0, 6.0), settings, Texts("en")))
    said = " ".join(money(spend(94.0, 6.0, 4.0), settings, Texts("en")))
    assert "6.0\xa0% met no lead; 4.0\xa0% bears names" in said
    for language, words in (("en", "the leads bear no channel"), ("ru", "канал у лидов не указан")):
        said = " ".join(money(spend(0.0, 100.0), settings, Texts(language)))
        assert words in said and "100" not in said.split(".")[-2]


def test_what_is_less_than_the_whole_is_not_shown_as_the_whole() -> None:
    assert [times(factor, Texts("en")) for factor in (0.95, 0.999, 1.0, 2.14, math.nan)] == [
        "0.95×", "0.99×", "1.00×", "2.1×", "–",
    ]  # fmt: skip
    assert times(0.95, Texts("ru")) == "0,95×"


@pytest.mark.parametrize(
    ("sales", "english", "russian"),
    [
        (-0.3, "costs less than one sale", "отнимает меньше одной продажи"),
        (-1.2, "costs about 1 sale in", "отнимает около 1 продажи в"),
        (2.4, "brings about 2 sales", "приносит около 2 продаж"),
        (21.0, "brings about 21 sales", "приносит около 21 продажи"),
    ],
)  # fmt: skip
def test_sales_are_counted_as_people_count(
    sales: float, english: str, russian: str, settings: Settings
) -> None:
    row = {
        "effect_sales": sales, "effect_money": math.nan, "first_week": WEEKS[0], "weeks": 6, "observed": 0.1,
        "expected": 0.2, "since": pd.NaT,
    }  # fmt: skip
    for language, words in (("en", english), ("ru", russian)):
        said = flag_sentences(row, settings, Texts(language)).replace("\xa0", " ")
        where = said if "in these" in said else said.replace("в этих когортах это ", "")
        assert words.removesuffix(" in").removesuffix(" в") in where


def test_what_is_paid_back_at_once_is_not_paid_back_within_nothing(settings: Settings) -> None:
    row = {"attribute": "", "cost_per_customer": 10.0, "ltv": 52.0, "expected_return": 5.2, "paid": True}
    for weeks, english, russian in (
        (0.0, "within its first week", "в первую же неделю"),
        (1.0, "by the age of 1 week", "к возрасту 1 недели"),
    ):
        frame = pd.DataFrame([{**row, "payback_weeks": weeks}])
        for language, words in (("en", english), ("ru", russian)):
            said = " ".join(money({"ltv": frame}, settings, Texts(language))).replace("\xa0", " ")
            assert words in said and "within 0" not in said and "за 0" not in said


def test_not_seen_beyond_doubt_does_not_say_surely_not_there_in_russian() -> None:
    for key in ("verdict_no_effect_seen", "own_no_effect_seen", "note_mde"):
        assert "аверняка" not in Texts("ru").t(key, sizes="")


def test_the_cohort_that_is_read_is_chosen_by_one_rule(cohorts: pd.DataFrame, settings: Settings) -> None:
    for age in (0, 1, 5, 90):
        chosen = settings.model_copy(update={"reading_age": age})
        at = read_at(cohorts, chosen)
        assert at == read_position(cohorts["age_weeks"].tolist(), age)
        assert cohorts["age_weeks"].iloc[at] >= age or at == 0


@pytest.mark.parametrize(("ripe", "proposed"), [(2, 0), (49, 24)])
def test_a_cycle_longer_than_the_reading_age_proposes_the_right_one(
    ripe: int, proposed: int, cohorts: pd.DataFrame, equal_age: pd.DataFrame, settings: Settings
) -> None:
    """Of sales that come evenly over 49 weeks half are there after 24, and 4 % at the age that is read."""
    stage = settings.stage_keys[-1]
    curve = pd.DataFrame(
        {
            "stage": stage,
            "age_weeks": range(60),
            "maturity": [min((age + 1) / ripe, 1.0) for age in range(60)],
        }
    )
    empty = {"forecast": pd.DataFrame({"stage": [], "leads": [], "age_weeks": []}), "maturity": curve}
    none = pd.DataFrame()
    said = draft(cohorts, equal_age, {}, none, none, None, settings, Texts("en"), empty)
    assert ("hardly any sale has come yet" in said) == bool(proposed)
    # The table shows 13 cohorts: one of that age is proposed only where the history has one.
    assert "reading_age" not in said
    empty["forecast"] = pd.DataFrame({"stage": ["x"], "leads": [0], "age_weeks": [60]})
    said = draft(cohorts, equal_age, {}, none, none, None, settings, Texts("en"), empty)
    both = f"With cohorts: {proposed + 1} and reading_age: {proposed} in funnel.yml"
    assert not proposed or both in said
    shown = settings.model_copy(update={"reading_age": 0})
    empty["maturity"] = curve.assign(maturity=[min(age / 14, 1.0) for age in range(60)])
    said = draft(cohorts, equal_age, {}, none, none, None, shown, Texts("en"), empty)
    assert "With reading_age: 7 in funnel.yml" in said


def test_a_week_without_leads_is_not_called_young(
    cohorts: pd.DataFrame, equal_age: pd.DataFrame, settings: Settings
) -> None:
    cohorts = cohorts.copy()
    cohorts.loc[cohorts.index[-1], ["leads", settings.stage_keys[-1]]] = 0
    none = pd.DataFrame()
    said = draft(cohorts, equal_age, {}, none, none, None, settings, Texts("en"))
    assert "brought no leads." in said and "says little yet" not in said
