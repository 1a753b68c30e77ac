"""The recipes of CONTRIBUTING.md, each tried in a copy: how few files a change touches."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

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
from funnel.present.workbook.contents import Contents
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
contents = Contents(dt.date(2024, 3, 4), table.head(0), (), table)
cohorts(sheet, Painter(look(settings)), contents, settings, texts)
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
    edited, found = re.subn(r"(?m)^(COHORTS = \([^)]*)\)", lambda part: f"{part[1]},\n{COLUMN})", code)
    assert found == 1
    file.write_text(edited, encoding="utf-8")
    published, page, sheet = python(copy, SHOW).splitlines()
    assert published.endswith(",leads_per_day")
    assert "'в день'" in page and "'10,0'" in page
    assert "'в день'" in sheet and "10" in sheet.rsplit("[", 1)[1]


GRIDS = """
import pandas as pd
from funnel.analysis.forecast.final import FORECAST_COLUMNS
from funnel.analysis.forecast.mix import PARTS
from funnel.present.forecast.tables import change_grid
from funnel.present.initiatives.proposed import proposed_grid
from funnel.present.parts.texts import Texts
from funnel.present.revenue.tables import what_if_grid
from funnel.present.revenue.plan import plan_grid
from funnel.present.revenue.week import last_week_ages_grid, last_week_grid
from funnel.settings import Settings, Stage

settings, texts, day = Settings(stages=(Stage(key="sale"),)), Texts("en"), pd.Timestamp("2024-01-01")
forecast = pd.DataFrame(columns=list(FORECAST_COLUMNS))
week = dict(measure="sale", week=day, count=2.0, usual=3.0, low=1.0, high=4.0)
ages = dict(age_from=0, age_to=0, sales=2.0, usual_sales=2.0, revenue=1.0, usual_revenue=1.0)
plan = dict(period="2024-01", first=day, last=day, attribute="", value="", measure="sales", plan=3.0)
plan |= dict(fact=1.0, gone=0.5, expected=2.0, low=1.0, high=3.0, chance=0.5)
span = dict(stage="sale", change=0.1, rate=0.1, rate_with=0.11, reason="", first_week=day)
span |= dict(case="difference", sales=1.0)
span |= dict.fromkeys(["sales_p10", "sales_p90", "revenue", "revenue_p10", "revenue_p90"], 1.0)
new = dict(initiative="x", start=day, readable_from=day, reason="", change=0.1, extra_sales=1.0)
new |= dict(extra_revenue=1.0, cost=1.0, payback_months=1.0, return_in_a_year=1.0, power=0.5)
whole = dict(attribute="a", level="whole", value="", reached=1.0, conversion=0.1, spread=0.0)
parts = [dict(whole, part=part) for part in PARTS]
for grid in (
    last_week_grid(pd.DataFrame([week]), settings, texts),
    last_week_ages_grid(pd.DataFrame([ages]), settings, texts),
    plan_grid(pd.DataFrame([plan]), forecast, settings, texts),
    what_if_grid(pd.DataFrame([dict(span, weeks=weeks) for weeks in (4, 13)]), forecast, settings, texts),
    change_grid(pd.DataFrame(parts), 4, settings, texts),
    proposed_grid(pd.DataFrame([new]), (), settings, texts),
):
    assert "twice" in [head.title for head in grid.heads], grid
    assert any(cell.text == "2.0" for cell in grid.rows[-1].cells), grid
print("all")
"""
TWICE = (
    """{name} = (*{name}, Column("twice", words("twice", "дважды"), words("x", "x"), "number", """
    """digits=1, value=lambda frame: 0 * frame["{of}"] + 2))\n"""
)


def test_so_it_is_in_the_tables_of_the_other_chapters(copy: Path) -> None:
    for chapter, name, of in (
        ("revenue", "LAST_WEEK", "count"),
        ("revenue", "LAST_WEEK_AGES", "sales"),
        ("revenue", "PLAN", "plan"),
        ("revenue", "WHAT_IF", "sales"),
        ("forecast", "CHANGE", "mix"),
        ("initiatives", "PROPOSED", "cost"),
    ):
        file = copy / "lib" / "funnel" / "columns" / f"{chapter}.py"
        file.write_text(file.read_text(encoding="utf-8") + TWICE.format(name=name, of=of), encoding="utf-8")
    assert python(copy, GRIDS).strip() == "all"


def test_the_dictionary_of_columns_is_made_from_the_columns() -> None:
    done = subprocess.run([sys.executable, ROOT / "docs" / "columns.py", "--check"], check=False)
    assert done.returncode == 0


CRM = """
title: OurCRM
columns:
  lead_id: [Our number]
  created_at: [Our first day]
  stage: [Our step]
  outcome: [Our end]
  closed: [Our last day]
marks: [Our number, Our first day]
won_words: [Hurrah]
lost_words: [Alas]
"""
DEALS = """Our number,Our first day,Our step,Our end,Our last day,Region
1,2024-01-02 10:00,Talk,Hurrah,2024-01-05 12:00,north
2,2024-01-03 10:00,Talk,Alas,2024-01-09 12:00,south
"""
READ = """
from pathlib import Path
import yaml
from funnel.settings import Settings
from funnel.sources import proposal, read

path = Path("deals.csv")
found = proposal(path, None)
stages = [{"key": key, "name": {"en": name}} for key, name in found.stages.items()]
content = {"timezone": "Europe/Moscow", "currency": "EUR", "stages": stages, **yaml.safe_load(found.lines)}
batch = read([path], Settings.model_validate(content), print)
print(found.title)
print(batch.tables["leads"].column("lead_id").to_pylist())
print(sorted(batch.tables["stage_entries"].select(["lead_id", "stage"]).to_pylist(), key=str))
"""


def test_a_crm_is_one_file_found_by_its_name(copy: Path) -> None:
    (copy / "lib" / "funnel" / "sources" / "profiles" / "ourcrm.yml").write_text(CRM, encoding="utf-8")
    (copy / "deals.csv").write_text(DEALS, encoding="utf-8")
    said = python(copy, READ)
    assert "an export of OurCRM" in said
    assert "['1', '2']" in said


KIND = '''"""Slips of our shop: a row a lead, `Slip` its number, `Day` when it came."""

from dataclasses import replace

from funnel.schema import LEADS
from funnel.sources import shares, table_file
from funnel.sources.findings import Finding

HEADS = {"Slip": "lead_id", "Day": "created_at"}


class Slips:
    """Found by its heads alone."""

    name, help, rank = "slips", "slips of our shop", 12

    def claims(self, path, settings):
        return False

    def fits(self, path, rows, settings):
        return bool(rows) and set(HEADS) <= set(rows[0])

    def describe(self, item, settings):
        return [Finding(item.where, "", "recognised", "slips of our shop")]

    def read(self, items, settings, known, tell):
        brought = shares.Brought()
        for item in items:
            sheet = table_file.read_table(item.path, item.sheet, lambda names: range(len(names)))
            sheet = replace(sheet, names=tuple(HEADS.get(name, name) for name in sheet.names))
            columns = dict(zip(sheet.names, sheet.columns))
            brought.parts.append(shares.make(LEADS, sheet, columns, settings))
        return brought

    def propose(self, path, sheet, settings):
        return None


SOURCE = Slips()
'''
SLIPS = """
from pathlib import Path
from funnel.settings import Settings, Stage
from funnel.errors import InputError
from funnel.sources import read

path = Path("slips.csv")
path.write_text("Slip,Day\\n7,2024-01-02\\n8,2024-01-03\\n,2024-01-04\\n")
batch = read([path], Settings(stages=(Stage(key="sale"),)), print)
print(batch.tables["leads"].column("lead_id").to_pylist(), [one.reason for one in batch.rejected])
Path("odd.csv").write_text("what,is\\nthis,then\\n")
try:
    read([Path("odd.csv")], Settings(stages=(Stage(key="sale"),)), print)
except InputError as error:
    print("slips of our shop" in str(error))
"""


def test_a_kind_of_file_is_one_module_found_by_being_there(copy: Path) -> None:
    (copy / "lib" / "funnel" / "sources" / "kinds" / "slips.py").write_text(KIND, encoding="utf-8")
    said = python(copy, SLIPS).splitlines()
    assert said[-2].startswith("['7', '8'] ['")
    assert said[-1] == "True"


KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
OWN = [
    'report_date = "2022-09-26"\nlanguage = "en"\nconfig = "funnel.yml"',
    "import seaborn as sns\nfrom funnel.edition.model import open_edition\n"
    "weeks = open_edition(report_date, config).shown_table()",
    "#| label: fig-own\n#| fig-cap: Leads by week, as I draw them\n#| fig-alt: Bars of the newest cohorts\n"
    "sns.barplot(weeks.tail(8), x='cohort_week', y='leads')",
]


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


def test_an_own_figure_is_a_notebook_and_two_lines_and_a_sentence_a_line_of_each_language(
    tmp_path: Path,
) -> None:
    """In a copy of the whole tree, by the command that the weekly job runs; git tells what was touched."""
    folder = tmp_path / "clone"
    left_out = shutil.ignore_patterns(".*", "run", "archive", "node_modules", "*.duckdb", "sample")
    shutil.copytree(ROOT, folder, ignore=left_out)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "as it is")

    made = [new_code_cell(code) for code in OWN]
    made[0].metadata["tags"] = ["parameters"]
    book = new_notebook(cells=made, metadata={"kernelspec": KERNEL})
    nbformat.write(book, folder / "notebooks" / "my-own.ipynb")
    report = folder / "report.qmd"
    lines = "\nSee @fig-own.\n\n{{< embed run/my-own.ipynb#fig-own >}}\n"
    report.write_text(report.read_text(encoding="utf-8") + lines, encoding="utf-8")
    for language, words in (("en", "Read this first"), ("ru", "Прочтите сначала")):
        file = folder / "lib" / "funnel" / "present" / "locale" / f"{language}.yml"
        said = re.sub(r"(?m)^sec_narrative: .*$", f"sec_narrative: {words}", file.read_text(encoding="utf-8"))
        file.write_text(said, encoding="utf-8")

    for words in (
        ["import", "data/demo"],
        ["report", "--date", "2022-09-26", "--formats", "html", "--lang", "en,ru", "--draft", "--no-import"],
    ):
        python(folder, f"import sys; sys.argv = ['funnel', *{words}]; from funnel.cli import main; main()")
    for page, heading in (("report.html", "Read this first"), ("report.ru.html", "Прочтите сначала")):
        shown = (folder / "run" / "report" / page).read_text(encoding="utf-8")
        assert heading in shown
        assert "Leads by week, as I draw them" in shown
        assert 'alt="Bars of the newest cohorts"' in shown
    git(folder, "add", "--intent-to-add", "notebooks", "report.qmd", "lib")
    touched = [line.split("\t") for line in git(folder, "diff", "--numstat").splitlines()]
    changed = {name: int(added) for added, _, name in touched if name != "notebooks/my-own.ipynb"}
    locale = "lib/funnel/present/locale"
    assert changed == {"report.qmd": 4, f"{locale}/en.yml": 1, f"{locale}/ru.yml": 1}
    assert "notebooks/my-own.ipynb" in {name for _, _, name in touched}
