"""Flat data with everything that spreadsheets trip over, and workbooks made of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise, product
from pathlib import Path

import pandas as pd
import pytest

from funnel.present.parts.texts import Texts
from funnel.present.workbook import Contents, write_workbook
from funnel.settings import Language, Settings

REPORT = dt.date(2022, 9, 26)
STAGES = ("target", "qualified", "proposal", "sale")
ATTRIBUTES = ("channel", "manager", "=HYPERLINK(1)")
CHANNELS = ["web", "Web", "=1+1", "-2", "@x", "+7 999", "", "a<b&\"c'", "_x0041_", "наш сайт\u202e"]
MANAGERS = ["Anna", "Boris", ""]


def flat_rows() -> pd.DataFrame:
    rows = []
    weeks = [REPORT - dt.timedelta(weeks=back) for back in range(15, 0, -1)]
    for number, (week, channel, manager) in enumerate(product(weeks, CHANNELS, MANAGERS)):
        leads = 3 + number % 11
        target = leads * (3 + number % 3) // 6
        qualified, proposal = target // 2, target // 4
        sale = min(proposal, number % 2)
        revenue = Decimal(number % 7 * 10_000_01) / 100 if sale else Decimal(0)
        spend = Decimal(leads * 123_45) / 100
        row = (
            pd.Timestamp(week),
            channel,
            manager,
            "=x" if number % 2 else "y",
            leads,
            target,
            qualified,
            proposal,
        )
        rows.append((*row, sale, sale, revenue, 0.5 + sale, spend))
    columns = ["cohort_week", "attr_0", "attr_1", "attr_2", "leads", *STAGES, "payments", "revenue"]
    return pd.DataFrame(rows, columns=[*columns, "expected_sales", "spend"])


def cohort_rows(flat: pd.DataFrame) -> pd.DataFrame:
    """The cohort table of the last 13 weeks, counted from the same rows; one week without any lead."""
    table = (
        flat.groupby("cohort_week", as_index=False)[["leads", *STAGES]].sum().tail(13).reset_index(drop=True)
    )
    table.loc[4, ["leads", *STAGES]] = 0
    table.insert(1, "age_weeks", [(REPORT - week.date()).days // 7 - 1 for week in table["cohort_week"]])
    for before, stage in pairwise(("leads", *STAGES)):
        table[f"{stage}_rate"] = table[stage] / table[before].where(table[before] > 0)
    table["overall_rate"] = table["sale"] / table["leads"].where(table["leads"] > 0)
    before = table["overall_rate"].shift(1)
    table["overall_change"] = table["overall_rate"] / before.where(before > 0) - 1
    return table


@pytest.fixture
def contents() -> Contents:
    flat = flat_rows()
    return Contents(REPORT, flat, ATTRIBUTES, cohort_rows(flat))


@pytest.fixture
def write(tmp_path: Path, settings: Settings) -> Callable[..., Path]:
    def written(contents: Contents, language: Language = "en", name: str = "workbook.xlsx") -> Path:
        path = tmp_path / name
        write_workbook(path, contents, settings, Texts(language))
        return path

    return written
