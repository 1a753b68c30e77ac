"""What a command loads: a library is imported where it is used, so that a short command stays short."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest

from funnel import settings
from funnel.sources import read
from funnel.warehouse import Warehouse

HEAVY = {
    "duckdb", "holidays", "httpx", "ibis", "matplotlib", "nbformat", "numpy", "openpyxl", "pandas",
    "papermill", "pyarrow", "pydantic", "scipy", "seaborn", "sqlglot", "xlsxwriter", "yaml",
}  # fmt: skip
OF_A_TABLE = {"duckdb", "ibis", "numpy", "pandas", "pyarrow", "pydantic", "sqlglot", "yaml"}
"""What a table of the warehouse needs."""
RUN = """
import sys
from funnel.cli import main
try:
    main()
finally:
    print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


def loaded(*words: str, code: int = 0) -> set[str]:
    done = subprocess.run([sys.executable, "-c", RUN, *words], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return HEAVY & set(done.stderr.splitlines()[-1].split())


def test_the_list_of_commands_loads_no_library_of_data() -> None:
    assert loaded("--help") == set()


@pytest.mark.parametrize("command", ["cohorts", "import", "init", "report", "sync"])
def test_the_help_of_a_command_loads_what_typer_itself_does(command: str) -> None:
    assert loaded(command, "--help") <= {"pydantic"}


@pytest.mark.parametrize("words", [("--date", "2012-02-30"), ("--formats", "foo"), ("--renderer", "x")])
def test_an_option_of_a_report_is_refused_before_anything_is_loaded(words: tuple[str, str]) -> None:
    assert loaded("report", *words, code=2) <= {"pydantic"}


def test_a_cohort_table_loads_nothing_that_draws_fits_or_reads_files(tmp_path: Path) -> None:
    config = tmp_path / "funnel.yml"
    config.write_text("stages: [{key: sale}]\nattributes: {channel: {}}\n")
    (tmp_path / "leads.csv").write_text("lead_id,created_at,channel\na,2022-09-05 10:00,web\n")
    (tmp_path / "stage_entries.csv").write_text("lead_id,stage,entered_at\na,sale,2022-09-07 09:00\n")
    chosen = settings.load(config)
    with Warehouse.open(chosen.path("warehouse"), chosen, write=True) as warehouse:
        warehouse.load(read([tmp_path], chosen), dt.datetime(2022, 9, 12, tzinfo=dt.UTC))
    assert loaded("--config", str(config), "cohorts", "--date", "2022-09-12") <= OF_A_TABLE


OBJECT = """
import gc
class Kept:
    def __del__(self):
        print("collected")
gc.disable()
kept = Kept()
kept.itself = kept
del kept
"""


@pytest.mark.parametrize(("after", "told"), [("", True), ("from funnel.cli import main\nmain()", False)])
def test_a_command_ends_without_looking_through_all_that_it_loaded(after: str, told: bool) -> None:
    words = [sys.executable, "-c", OBJECT + after, "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert ("collected" in done.stdout) is told
