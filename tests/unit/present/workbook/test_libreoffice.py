"""LibreOffice opens the workbook, makes the pivots anew, saves it; the totals are read back."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from funnel.present.parts.texts import Texts
from tests.office import bared, needs_office, saved_by_office, table

pytestmark = needs_office
NAMES = {
    "en": ("Pivot", "Manager by stage", "Cohorts", "Leads", "Sale", "Ad spend"),
    "ru": ("Сводная", "Менеджер по этапам", "Когорты", "Лиды", "Продажа", "Расходы на рекламу"),
}


@pytest.fixture(scope="module")
def profile(tmp_path_factory):
    return tmp_path_factory.mktemp("office")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_refreshed_totals_are_those_of_the_flat_data(contents, write, profile, tmp_path, language):
    pivot, managers, cohorts, leads, sale, spend = NAMES[language]
    book = saved_by_office(bared(write(contents, language), tmp_path), profile)
    flat = contents.flat
    by_week = table(book[pivot], leads)
    total = by_week.iloc[-1]
    assert total[leads] == flat["leads"].sum() and total[sale] == flat["sale"].sum()
    assert total[spend] == pytest.approx(float(sum(flat["spend"])))
    last = flat[flat["cohort_week"].isin(contents.cohorts["cohort_week"])]
    of_week = last.groupby("cohort_week")["leads"].sum()
    found = {
        pd.Timestamp(cell): row[leads]
        for _, row in by_week.iloc[:-1].iterrows()
        for cell in row.iloc[:3]
        if isinstance(cell, dt.datetime) and not pd.isna(cell)
    }
    assert found == of_week.to_dict() and list(found) == sorted(found, reverse=True)
    older = by_week.iloc[-2]  # folded, so its weeks have no rows
    assert older[leads] == flat["leads"].sum() - last["leads"].sum()
    age = Texts(language).t("col_age")
    assert by_week[age].tolist()[0] == 0 and older[age] == 13
    by_manager = table(book[managers], leads)
    shown = dict(zip(by_manager.iloc[:, 0], by_manager[sale], strict=True))
    counted = last.groupby("attr_1")["sale"].sum()  # it opens on the last cohorts
    assert (shown["Anna"], shown["Boris"]) == (counted["Anna"], counted["Boris"])
    sheet = book[cohorts]
    assert sheet.cell(5 + len(contents.cohorts), 4).value == contents.cohorts["leads"].sum()
    rate = contents.cohorts["overall_rate"].iloc[-1]
    assert sheet.cell(4 + len(contents.cohorts), 13).value == pytest.approx(rate)


def test_text_that_looks_like_a_formula_is_still_text_after_saving(contents, write, profile):
    book = saved_by_office(write(contents), profile)
    head, *rows = book.worksheets[-1].iter_rows(values_only=True)
    values = {row[head.index("Channel")] for row in rows}
    assert {"=1+1", "-2", "@x", "+7 999", "_x0041_"} <= values
