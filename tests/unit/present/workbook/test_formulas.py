"""The sheet of formulas: the pivots' numbers for programs that know no calculated fields."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
import re
from xml.sax.saxutils import escape

import openpyxl
import pandas as pd
import pytest

from funnel.present.parts.texts import Texts
from funnel.present.workbook import formula_rows
from tests.office import bared, needs_office, rewritten, saved_by_office
from tests.unit.present.workbook.conftest import REPORT, STAGES

SHARES = ("Target, share", "Qualified, share", "Proposal, share", "Sale, share")
ATTRIBUTES = {"Channel": "attr_0", "Manager": "attr_1", "=HYPERLINK(1)": "attr_2"}
LABELS = {
    "": "not given",
    "web": "web (2)",
    "наш сайт\u202e": "наш сайт�",
    "*": "*",
    "<5": "<5",
    "7.0": "7.0 (2)",
}


def tables(sheet):
    """Return both tables of the sheet, by label: the cohorts, the values of the attribute."""
    found, head, rows = [], None, list(sheet.iter_rows(values_only=True))
    for row in rows:
        if "Leads" in row:
            head = row[: row.index("Leads") + 25]
            found.append({})
        elif head and row[0] is not None and any(cell is not None for cell in row[1:]):
            found[-1][row[0]] = {name: cell for name, cell in zip(head, row, strict=False) if name}
    return found


@pytest.fixture
def tricky(contents):
    """Values that SUMIFS would take for patterns, comparisons or the same number."""
    flat = contents.flat.copy()
    names = {"a<b&\"c'": "*", "-2": "<5", "@x": "7.0", "+7 999": "7", "=1+1": "a?~"}
    flat["attr_0"] = flat["attr_0"].replace(names)
    return dataclasses.replace(contents, flat=flat)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_what_is_shown_before_any_calculation_is_the_reports(contents, write, language):
    book = openpyxl.load_workbook(write(contents, language), data_only=True)
    rows = list(book[Texts(language).t("wb_sheet_formulas")].iter_rows(values_only=True))
    report = contents.cohorts.set_index("cohort_week")
    shown = {row[0]: row for row in rows if isinstance(row[0], dt.datetime)}
    assert list(shown) == sorted(report.index, reverse=True)
    for week, row in shown.items():
        if report.loc[week, "leads"]:
            assert (row[1], row[2]) == (report.loc[week, "age_weeks"], report.loc[week, "leads"])
            assert row[4] == pytest.approx(report.loc[week, "target_rate"])


def test_what_is_not_known_is_empty_or_a_dash_and_never_nothing(contents, write):
    flat = contents.flat.copy()
    newest = flat["cohort_week"] == flat["cohort_week"].max()
    flat["spend"] = flat["spend"].where(~newest, None)
    flat["expected_sales"] = flat["expected_sales"].where(~newest)
    book = openpyxl.load_workbook(write(dataclasses.replace(contents, flat=flat)), data_only=True)
    weeks, _ = tables(book["Formulas"])
    row = weeks[flat["cohort_week"].max()]
    assert [row[name] or None for name in ("Ad spend", "Expected sales")] == [None, None]
    names = ("Expected conversion", "Cost per conversion: Lead", "Returned of ad spend")
    assert [row[name] for name in names] == ["–", "–", "–"]


def test_many_values_have_rows_for_those_with_most_leads_and_one_for_the_others(contents, write, monkeypatch):
    monkeypatch.setattr(formula_rows, "VALUES", 2)
    book = openpyxl.load_workbook(write(contents), data_only=True)
    _, managers = tables(book["Formulas"])
    assert len(managers) == 4 and "1 other value" in managers
    *parts, total = managers.values()
    assert sum(row["Leads"] for row in parts) == total["Leads"]


def filtered(path, choices, name):
    """Copy a workbook with other choices in the filters, by row."""

    def change(part, text):
        if part != "xl/worksheets/sheet4.xml":
            return text
        for row, value in choices.items():
            cell = re.compile(rf'(<c r="B{row}"[^>]*><is><t[^>]*>)[^<]*')
            text = cell.sub(lambda found, value=value: found[1] + escape(value), text)
        return text

    return rewritten(path, path.parent / name, change)


@needs_office[0]
@needs_office[1]
def test_libreoffice_comes_to_an_independent_count_under_20_filters(tricky, write, tmp_path):
    """Each formula loses its value first; what is counted beside it never saw this code."""
    bare, flat, draw = bared(write(tricky), tmp_path), tricky.flat, random.Random(7)
    last = set(tricky.cohorts["cohort_week"])
    asked, copies = [], []
    for number in range(20):
        kept, choices = pd.Series(data=True, index=flat.index), {}
        for row, column in enumerate(ATTRIBUTES.values(), start=4):
            if draw.random() < 0.6:
                value = draw.choice(sorted(flat[column].unique()))
                kept &= flat[column] == value
                choices[row] = LABELS.get(value, value)
        if draw.random() < 0.3:
            kept &= flat["cohort_week"] > pd.Timestamp(REPORT) - pd.Timedelta(weeks=5)
            choices[7] = "no"
        asked.append(kept)
        copies.append(filtered(bare, choices, f"filter{number}.xlsx"))
    books = saved_by_office(copies, tmp_path / "profile")
    for kept, book in zip(asked, books, strict=True):
        weeks, managers = tables(book["Formulas"])
        part = flat[kept]
        for label, row in weeks.items():
            own = part
            if isinstance(label, dt.datetime):
                own = part[part["cohort_week"] == label]
            elif label == "older":
                own = part[~part["cohort_week"].isin(last)]
            check(row, own)
        recent = part[part["cohort_week"].isin(last)]
        for label, row in managers.items():
            name = {"not given": ""}.get(label, label)
            check(row, recent if label == "Grand total" else recent[recent["attr_1"] == name])


def check(row, part):
    counts = part[["leads", *STAGES]].sum()
    names = ("Leads", "Target", "Qualified", "Proposal", "Sale")
    assert [row[name] for name in names] == counts.tolist()
    for name, above, below in zip(SHARES, STAGES, ("leads", *STAGES), strict=False):
        assert row[name] == ("–" if not counts[below] else pytest.approx(counts[above] / counts[below]))
    assert row["Revenue"] == pytest.approx(float(sum(part["revenue"])))
    if len(part):
        assert row["Ad spend"] == pytest.approx(float(sum(part["spend"])))
        expected = part["expected_sales"].sum() / part["leads"].sum()
        assert row["Expected conversion"] == pytest.approx(expected)
