"""Frames of the analysis contract, made by hand: thirteen weeks, the last but one is the brief's cohort."""

from __future__ import annotations

import datetime as dt
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from funnel.schema import RESTATED_COLUMNS
from funnel.settings import Settings

STAGES = ("target", "qualified", "proposal", "sale")
REPORT = dt.date(2022, 9, 26)
COUNTS = [
    (531, 229, 131, 70, 41), (548, 226, 120, 62, 35), (562, 240, 129, 66, 36), (540, 221, 118, 57, 30),
    (555, 236, 127, 61, 31), (570, 231, 122, 58, 28), (549, 228, 124, 57, 26), (538, 219, 116, 53, 24),
    (561, 238, 128, 57, 24), (557, 232, 121, 52, 21), (562, 235, 124, 50, 19), (558, 236, 126, 53, 23),
    (545, 221, 104, 31, 7),
]  # fmt: skip


def table(counts: list[tuple[int, ...]], weeks: list[dt.date]) -> pd.DataFrame:
    steps = ("leads", *STAGES)
    frame = pd.DataFrame(counts, columns=list(steps))
    frame.insert(0, "cohort_week", pd.to_datetime(weeks))
    frame.insert(1, "age_weeks", [(REPORT - week).days // 7 - 1 for week in weeks])
    for base, stage in pairwise(steps):
        frame[f"{stage}_rate"] = frame[stage] / frame[base].where(frame[base] > 0)
    frame["overall_rate"] = frame["sale"] / frame["leads"].where(frame["leads"] > 0)
    before = frame["overall_rate"].shift(1)
    frame["overall_change"] = frame["overall_rate"] / before.where(before > 0) - 1
    return frame


def weeks(count: int) -> list[dt.date]:
    return [REPORT - dt.timedelta(weeks=back) for back in range(count, 0, -1)]


@pytest.fixture
def settings() -> Settings:
    names = {
        "target": ("Target", "Целевые"),
        "qualified": ("Qualified", "Квалифицированные"),
        "proposal": ("Proposal", "Предложение"),
        "sale": ("Sale", "Продажа"),
    }
    return Settings.model_validate(
        {
            "stages": [{"key": key, "name": {"en": en, "ru": ru}} for key, (en, ru) in names.items()],
            "attributes": {
                "channel": {"en": "Channel", "ru": "Канал"},
                "manager": {"en": "Manager", "ru": "Менеджер"},
            },
            "slices": ["channel", "manager"],
            "root": Path(__file__).parents[3],
        }
    )


@pytest.fixture
def cohorts() -> pd.DataFrame:
    return table(COUNTS, weeks(13))


@pytest.fixture
def equal_age() -> pd.DataFrame:
    """At age 1: the twelve older cohorts, with fewer sales than they have by now."""
    counts = [(a, b, c, round(d * 0.8), 20 + at % 3) for at, (a, b, c, d, _) in enumerate(COUNTS[:10])]
    counts += [(562, 235, 120, 45, 17), COUNTS[11]]
    frame = table(counts, weeks(13)[:12])
    frame.insert(2, "at_age", 1)
    return frame


@pytest.fixture
def triangle() -> pd.DataFrame:
    rows = []
    for at, week in enumerate(weeks(30)):
        leads = 540 + at % 7 * 5
        for age in range(30 - at):
            reached = round(leads * (0.075 + 0.002 * (at % 5)) * (1 - np.exp(-(age + 1) / 6)))
            rows.append((pd.Timestamp(week), age, leads, reached, reached / leads))
    return pd.DataFrame(rows, columns=["cohort_week", "age", "leads", "reached", "rate"])


@pytest.fixture
def history() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    level = {"target": 0.42, "qualified": 0.53, "proposal": 0.42, "sale": 0.43, "overall": 0.041}
    rows = []
    for at, week in enumerate(weeks(53)[:-1]):
        for stage, rate in level.items():
            base = {"target": 550, "qualified": 231, "proposal": 122, "sale": 51, "overall": 550}[stage]
            reached = rng.binomial(base, rate * (1.15 if at > 35 and stage != "qualified" else 1.0))
            share, half = reached / base, 1.645 * np.sqrt(rate * (1 - rate) / base)
            rows.append(
                (pd.Timestamp(week), stage, 52 - at, base, reached, share, max(share - half, 0), share + half)
            )
    names = ["cohort_week", "stage", "age_weeks", "base", "reached", "rate", "low", "high"]
    return pd.DataFrame(rows, columns=names)


def slices_of(names: list[str], leads: list[int]) -> pd.DataFrame:
    rows = []
    for at, (name, count) in enumerate(zip(names, leads, strict=True)):
        target, qualified, proposal = count * 42 // 100, count * 22 // 100, count * 9 // 100
        sale = min(proposal, count * (8 if at == 0 else 2 if at == 1 else 4) // 100)
        rows.append((name, count, target, qualified, proposal, sale))
    frame = pd.DataFrame(rows, columns=["value", "leads", *STAGES])
    for base, stage in pairwise(("leads", *STAGES)):
        frame[f"{stage}_rate"] = frame[stage] / frame[base].where(frame[base] > 0)
    frame["overall_rate"] = frame["sale"] / frame["leads"]
    half = 1.645 * np.sqrt(frame["overall_rate"] * (1 - frame["overall_rate"]) / frame["leads"])
    frame["low"], frame["high"] = (frame["overall_rate"] - half).clip(lower=0), frame["overall_rate"] + half
    # All in one week: due is the total's conversion, chance is binomial without the value's own share.
    whole = frame["sale"].sum() / frame["leads"].sum()
    frame["due"] = frame["leads"] * whole
    frame["due_variance"] = frame["due"] * (1 - whole)
    apart = np.sqrt(frame["due_variance"] * (1 - frame["leads"] / frame["leads"].sum()))
    score = ((frame["sale"] - frame["due"]).abs() - 0.5).clip(lower=0) / apart
    frame["p_value"] = [math.erfc(z / math.sqrt(2)) for z in score]
    frame["against_total"] = frame["overall_rate"] / whole - 1
    frame["small"] = frame["leads"] < 30
    return frame


@pytest.fixture
def channels() -> pd.DataFrame:
    return slices_of(
        ["site chat", "cold calls", "yandex.direct", "Рекомендации", "vk", "", "expo"],
        [2210, 1630, 1490, 900, 640, 180, 26],
    )


@pytest.fixture
def restated() -> pd.DataFrame:
    rows = [
        (pd.Timestamp(2022, 8, 15), "lead", "deleted", 12, 0, 12, 12, 573, 561),
        (pd.Timestamp(2022, 8, 22), "sale", "entry added", 0, 3, 3, 1, 20, 23),
        (pd.Timestamp(2022, 9, 5), "qualified", "reassigned", 4, 4, 4, 4, 126, 126),
    ]
    return pd.DataFrame(rows, columns=list(RESTATED_COLUMNS))


@pytest.fixture
def imports() -> pd.DataFrame:
    rows = [
        ("leads", 57012, 3, 57009, 0, 0, 0),
        ("stage_entries", 101223, 12, 101200, 11, 0, 0),
        ("payments", 2200, 0, 2200, 0, 0, 0),
    ]
    return pd.DataFrame(
        rows, columns=["table", "read", "rejected", "inserted", "changed", "unchanged", "closed"]
    )


@pytest.fixture
def problems() -> pd.DataFrame:
    rows = [
        ("stage_entries", "entered_before_created", 41, 40, "1900123456789012345"),
        ("payments", "missing_value:manager", 7, 7, "77"),
    ]
    return pd.DataFrame(rows, columns=["table", "problem", "rows", "leads", "example"])
