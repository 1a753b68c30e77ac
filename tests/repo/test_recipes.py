"""The recipes of CONTRIBUTING.md, each tried in a copy: how few files a change touches."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COLUMN = """    Column(
        "leads_per_day",
        words("a day", "в день"),
        words("leads of an average day of the week", "лидов в средний день недели"),
        "number",
        digits=1,
        value=lambda frame: frame["leads"] / 7,
    ),
"""
SHOW = """
import datetime as dt, io, sys
import pandas as pd
from openpyxl import Workbook
from funnel.analysis.cohorts.table import cohort_table
from funnel.present.cohorts.tables import cohort_grid
from funnel.present.parts.texts import Texts
from funnel.present.parts.theme import load as look
from funnel.present.workbook.cells import Painter
from funnel.present.workbook.cohort_sheet import cohorts
from funnel.publish.tables import csv_text
from funnel.settings import Settings, Stage

settings, texts = Settings(stages=(Stage(key="sale"),)), Texts("ru")
week = dt.date(2024, 1, 1)
rows = [("lead", 0, 70), ("sale", 1, 7)]
cube = pd.DataFrame(rows, columns=["stage", "lag", "leads"]).assign(cohort_week=pd.Timestamp(week))
cube = cube.assign(**dict.fromkeys(["attribute", "value", "attribute2", "value2"], ""))
cube = cube[["attribute", "value", "attribute2", "value2", "cohort_week", "stage", "lag", "leads"]]
table = cohort_table(cube, settings.steps, dt.date(2024, 3, 4), [week])
print(csv_text(table).splitlines()[0])
grid = cohort_grid(table, settings, texts)
print([head.title for head in grid.heads], [cell.text for cell in grid.rows[0].cells])
sheet = Workbook().active
cohorts(sheet, Painter(look(settings)), table, settings, texts, "Title")
print([cell.value for cell in sheet[4]], [cell.value for cell in sheet[5]])
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the library to be edited."""
    shutil.copyfile(ROOT / "_brand.yml", tmp_path / "_brand.yml")
    shutil.copytree(ROOT / "lib", tmp_path / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def python(copy: Path, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy / "lib")},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_column_of_numbers_that_exist_is_one_file(copy: Path) -> None:
    file = copy / "lib" / "funnel" / "columns" / "cohorts.py"
    code = file.read_text(encoding="utf-8")
    edited = code.replace(
        "COHORTS = (WEEK, _AGE, *_FUNNEL, _CHANGE)", f"COHORTS = (WEEK, _AGE, *_FUNNEL, _CHANGE,\n{COLUMN})"
    )
    assert edited != code
    file.write_text(edited, encoding="utf-8")
    published, page, sheet = python(copy, SHOW).splitlines()
    assert published.endswith(",leads_per_day")
    assert "'в день'" in page and "'10,0'" in page
    assert "'в день'" in sheet and "10" in sheet.rsplit("[", 1)[1]


def test_the_dictionary_of_columns_is_made_from_the_columns() -> None:
    done = subprocess.run([sys.executable, ROOT / "docs" / "columns.py", "--check"], check=False)
    assert done.returncode == 0
