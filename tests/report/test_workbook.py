"""The workbook of the demo's edition, against the demo's own rows and the edition's tables."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from funnel.present.parts.texts import Texts
from funnel.settings import Language, load
from tests.conftest import ROOT, Demo
from tests.office import bared, needs_office, saved_by_office, table

pytestmark = pytest.mark.xdist_group("edition")
CUTOFF = pd.Timestamp(2022, 9, 26)


def listed(demo: Demo, name: str) -> pd.DataFrame:
    """Return a list of the workbook: its heads stand in the fourth row."""
    book = openpyxl.load_workbook(demo.edition / "workbook.xlsx", read_only=True, data_only=True)
    head, *rows = book[name].iter_rows(min_row=4, values_only=True)
    return pd.DataFrame(rows, columns=head)


def test_every_lead_that_waits_too_long_is_listed(demo: Demo) -> None:
    """Counted from the demo's rows, of all cohorts, with the limits that the list itself states."""
    shown = listed(demo, "Long waiting")
    settings = load(demo.project / "funnel.yml")
    of_stage = shown.groupby("Stage")[shown.columns[5]].first()
    limits = {stage: of_stage.get(Texts("en").stage(stage, settings)) for stage in settings.steps[:-1]}
    leads = pd.read_parquet(ROOT / "data/demo/leads.parquet", columns=["lead_id", "created_at"])
    leads = leads[leads["created_at"] < CUTOFF]
    entries = pd.read_parquet(ROOT / "data/demo/stage_entries.parquet")
    entries = entries[entries["entered_at"] < CUTOFF].sort_values("entered_at")
    lost = entries.groupby("lead_id")["stage"].last() == "lost"
    entries = entries[entries["stage"] != "lost"].assign(
        number=lambda frame: frame["stage"].map(settings.stage_keys.index)
    )
    furthest = entries[entries["number"] == entries.groupby("lead_id")["number"].transform("max")]
    first = furthest.groupby("lead_id").agg(stage=("stage", "first"), since=("entered_at", "min"))
    stands = leads.set_index("lead_id").join(first)
    stands["stage"] = stands["stage"].fillna("lead")
    stands["since"] = stands["since"].fillna(stands["created_at"])
    waited = (CUTOFF - stands["since"]) / pd.Timedelta(days=1)
    still = ~stands.index.isin(lost[lost].index) & (stands["stage"] != settings.stage_keys[-1])
    wanted = stands.index[still & (waited > stands["stage"].map(limits).astype("float64"))]
    assert sorted(shown["Lead"]) == sorted(wanted)
    assert len(wanted) > 4000


@pytest.mark.parametrize("language", [pytest.param(name, marks=needs_office) for name in ("en", "ru")])
def test_libreoffice_comes_to_the_numbers_of_the_edition(
    demo: Demo, tmp_path: Path, language: Language
) -> None:
    """Pivots and formulas lose their numbers first, so that they come back only by being made anew."""
    suffix = "" if language == "en" else f".{language}"
    path = bared(demo.edition / f"workbook{suffix}.xlsx", tmp_path)
    book = saved_by_office(path, tmp_path / "profile")
    published = pd.read_csv(demo.edition / "tables" / "cohorts.csv", parse_dates=["cohort_week"])
    settings, texts = load(demo.project / "funnel.yml"), Texts(language)
    names = {"leads": texts.t("col_leads")}
    names |= {stage: texts.stage(stage, settings) for stage in settings.stage_keys}

    pivot = table(book[texts.t("wb_sheet_pivot")], names["leads"])
    weeks = pd.to_datetime(pivot[texts.t("wb_week")], errors="coerce")
    shown = pivot.assign(week=weeks)[weeks.isin(published["cohort_week"])].sort_values("week")
    for name, title in names.items():
        assert shown[title].tolist() == published[name].tolist(), name
    managers = table(book.worksheets[2], names["leads"])
    last = pivot[pivot.iloc[:, 0] == texts.t("wb_last_cohorts", n=len(published))]
    for name, title in names.items():
        assert managers[title].iloc[-1] == managers[title].iloc[:-1].sum() == published[name].sum()
        assert last[title].tolist() == [published[name].sum()]

    formulas = book[texts.t("wb_sheet_formulas")].iter_rows(values_only=True)
    rows = {row[0]: row for row in formulas if hasattr(row[0], "date")}
    assert list(rows) == sorted(published["cohort_week"], reverse=True)
    for record in published.to_dict("records"):
        row = rows[record["cohort_week"]]
        assert row[2] == record["leads"] and row[11] == pytest.approx(record["overall_rate"])

    rows = book[texts.t("wb_sheet_cohorts")].iter_rows(
        min_row=5, max_row=4 + len(published), max_col=4 + 2 * len(settings.stage_keys) + 2, values_only=True
    )
    steps = list(names)
    rates = [(stage, f"{stage}_rate") for stage in steps[1:]]
    columns = ["cohort_week", "to", "age_weeks", "leads", *sum(rates, ()), "overall_rate", "overall_change"]
    found = pd.DataFrame(rows, columns=columns).drop(columns="to").replace("", None)
    unripe = published["age_weeks"] < settings.young_weeks
    assert unripe.any()
    published["overall_change"] = published["overall_change"].mask(unripe)  # no comparison, as on the page
    pd.testing.assert_frame_equal(
        found.astype(dict.fromkeys(found.columns[1:], "float64")),
        published[found.columns].astype(dict.fromkeys(found.columns[1:], "float64")),
        check_dtype=False,
        rtol=1e-8,
    )


def test_what_is_expected_of_segments_is_what_the_report_forecasts(demo: Demo) -> None:
    """The flat data add up, cohort by cohort, to the forecast of the total and of each value of a slice."""
    book = openpyxl.load_workbook(demo.edition / "workbook.xlsx", read_only=True, data_only=True)
    head, *rows = book["Data"].iter_rows(values_only=True)
    data = pd.DataFrame(rows, columns=head)
    told = data[data["Reliability of the forecast"] != "not reliable yet"]
    expected = pd.read_parquet(demo.results / "expected.parquet")
    settings = load(demo.project / "funnel.yml")
    sale = expected[(expected["stage"] == settings.stage_keys[-1]) & (expected["period"] == "week")]
    for attribute in ("", *settings.slices):
        keys = ["Cohort week"] + ([Texts("en").attribute(attribute, settings)] if attribute else [])
        sums = told.groupby(keys)["Expected sales"].sum()
        own = sale[sale["attribute"] == attribute].replace({"value": {"": "not given"}})
        columns = ["start", "value"] if attribute else ["start"]
        wanted = own.set_index(columns)["mean"]
        both = pd.concat([sums, wanted.rename_axis(sums.index.names)], axis=1, join="inner")
        assert len(both) > 50
        assert both.iloc[:, 0].tolist() == pytest.approx(both.iloc[:, 1].tolist(), abs=1e-3)
