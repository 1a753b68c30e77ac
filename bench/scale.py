"""What an edition takes at size: `python bench/scale.py LEADS [--keep FOLDER]`.

An invented company of four attributes and 104 weeks, with 1.2 stage entries a lead, payments and ad costs, is
written out of core. Then each command runs once in a process of its own; printed are the processor time of it
and of all that it began (on Linux also of what outlives it for a moment, as kernels of notebooks do), its
wall time (worth what the machine's quiet is worth) and the most memory that one of these processes held.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import datetime as dt
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb

STAGES = ("target", "qualified", "proposal", "sale")
ATTRIBUTES = {"channel": 8, "manager": 40, "product": 12, "region": 20}
ROOT = Path(__file__).parents[1]
COPIED = ("report.qmd", "_quarto.yml", "_brand.yml", "notebooks")
START, WEEKS = dt.date(2020, 9, 28), 104
REPORT_DATE = START + dt.timedelta(weeks=WEEKS)
SETTINGS = f"""schema: 2
company: Invented company
timezone: Europe/Moscow
currency: RUB
stages: [{", ".join(f"{{key: {key}}}" for key in STAGES)}]
attributes: {{{", ".join(f"{name}: {{}}" for name in ATTRIBUTES)}}}
slices: [channel, manager]
source: [data]
limits: {{unpacked_mb: 100_000}}
"""
_ADOPT = 36
"""Linux: to become the parent of processes whose own has ended (`PR_SET_CHILD_SUBREAPER`)."""
SHARE = (0.6, 0.5, 0.5, 0.4)
"""Of the leads of a stage those that reach the next one; of ten, one is lost."""


def _chance(salt: int, number: str = "i") -> str:
    """Say in SQL a number between 0 and 1 that depends on a row's number alone."""
    return f"((hash({number} * 16 + {salt}) >> 11)::DOUBLE / 9007199254740992.0)"


def _later(salt: int, days: int) -> str:
    return f"to_microseconds((-ln(1 - {_chance(salt)}) * {days} * 86400e6)::BIGINT)"


def generate(folder: Path, leads: int, first: int, last: int) -> None:
    """Write the canonical files of the leads from `first` to `last` of all, with 1 GB of memory at most."""
    folder.mkdir(parents=True, exist_ok=True)
    engine = duckdb.connect(
        config={"memory_limit": "1GB", "temp_directory": str(folder), "preserve_insertion_order": "false"}
    )
    span = WEEKS * 7 * 86_400_000_000
    names = ", ".join(
        f"'{name} ' || ({_chance(salt)} * {values})::INT % {values} AS {name}"
        for salt, (name, values) in enumerate(ATTRIBUTES.items(), start=1)
    )
    engine.execute(
        f"CREATE VIEW leads AS SELECT i, 'L' || (10000000 + i) AS lead_id, TIMESTAMP '{START}' + "
        f"to_microseconds(({span} * (i + {_chance(0)}) / {leads})::BIGINT) AS created_at, {names} "
        f"FROM range({first}, {last}) r(i)"
    )
    times, at, share = [], "created_at", 1.0
    for number, (stage, part) in enumerate(zip(STAGES, SHARE, strict=True)):
        share *= part
        at = f"{at} + {_later(6 + number, (3, 10, 15, 20)[number])}"
        times.append(
            f"SELECT i, lead_id, '{stage}' AS stage, {at} AS entered_at FROM leads "
            f"WHERE {_chance(5)} < {share}"
        )
    times.append(
        f"SELECT i, lead_id, 'lost', created_at + {_later(10, 40)} FROM leads WHERE {_chance(5)} > 0.9"
    )
    end = f"TIMESTAMP '{REPORT_DATE}'"
    entries = f"SELECT * EXCLUDE (i) FROM ({' UNION ALL '.join(times)}) WHERE entered_at < {end}"
    paid = (
        f"SELECT lead_id, entered_at AS paid_at, (10000 + 90000 * {_chance(11)})::DECIMAL(18, 2) AS amount "
        f"FROM ({times[3]}) WHERE entered_at < {end}"
    )
    spend = (
        f"SELECT (DATE '{START}' + d::INT) AS date, 'channel ' || c AS channel, "
        f"'campaign ' || c AS campaign, "
        f"({leads} * 0.5 * (1 + {_chance(1, '(d * 8 + c)')}))::DECIMAL(18, 2) AS cost "
        f"FROM range({WEEKS * 7}) a(d), range(8) b(c)"
    )
    asked = {"leads": "SELECT * EXCLUDE (i) FROM leads", "stage_entries": entries, "payments": paid}
    for name, query in {**asked, **({} if first else {"spend": spend})}.items():
        engine.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet, COMPRESSION zstd)")


def run(project: Path, *words: str) -> tuple[float, float, float]:
    """Run a command; return processor seconds, wall seconds and the most GB of it or one that it began."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_ADOPT, 1, 0, 0, 0)
    start = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "funnel.cli", *words],
        cwd=project,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(child.pid, 0)
    wall, busy, held = time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss
    if os.waitstatus_to_exitcode(status) > 1:
        sys.exit(f"funnel {' '.join(words)} failed")
    with contextlib.suppress(ChildProcessError):  # there is none any more
        while True:
            _, _, used = os.wait4(-1, 0)
            busy, held = busy + used.ru_utime + used.ru_stime, max(held, used.ru_maxrss)
    return busy, wall, held / 1e6


STEPS = {
    "a": ("import", ("import", "data")),
    "b": ("the same files again", ("import", "data")),
    "c": ("the same files, read again", ("import", "data", "--anew")),
    "d": ("a week's new rows", ("import", "week")),
    "e": ("cohorts", ("cohorts", "--date", str(REPORT_DATE))),
    "f": ("whole edition", ("report", "--date", str(REPORT_DATE), "--draft", "--renderer", "builtin")),
}
BARS: dict[int, dict[str, tuple[float, float | None]]] = {
    1_000_000: {"f": (45, None)},
    10_000_000: {"a": (60, 3), "b": (10, None), "d": (10, None), "f": (150, 4)},
}
"""At most so many seconds, and GB, of a step at a number of leads."""


def measured(
    leads: int, folder: Path, only: str = "".join(STEPS)
) -> Iterator[tuple[str, str, float, float, float]]:
    """Make the company, run each command once; yield letter, name, processor and wall seconds, GB."""
    project = folder / str(leads)
    if not (project / "funnel.yml").is_file():
        week = leads * (WEEKS - 1) // WEEKS
        generate(project / "data", leads, 0, week)
        generate(project / "week", leads, week, leads)
        (project / "funnel.yml").write_text(SETTINGS, encoding="utf-8")
        for part in COPIED:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copyfile
            copy(ROOT / part, project / part)
    for letter in only:
        what, words = STEPS[letter]
        yield letter, what, *run(project, *words)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("leads", type=int)
    parser.add_argument("--keep", type=Path, help="a folder to work in; what lies there is used again")
    parser.add_argument("--only", default="".join(STEPS), help="letters of the steps to run, such as ac")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        print(
            f"{asked.leads:,} leads", "| step | processor s | wall s | GB |", "|---|---|---|---|",
            sep="\n", flush=True,
        )  # fmt: skip
        for _, what, busy, wall, memory in measured(asked.leads, asked.keep or Path(name), asked.only):
            print(f"| {what} | {busy:.1f} | {wall:.1f} | {memory:.2f} |", flush=True)


if __name__ == "__main__":
    main()
