"""The workbook of a large company: its bars (15 MB, LibreOffice opens it in 20 s, written in 5.3 s).

    python bench/workbook.py [--leads 200000]

Times are processor seconds, so that a busy machine does not matter. The flat data hold as many rows as there
are combinations of week and attributes among so many leads; as in the demo, one lead in fourteen is listed
because it waits too long.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import subprocess
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from shutil import which

import numpy as np
import pandas as pd

from funnel.analysis.cohorts.breakdown import counts_by
from funnel.analysis.cohorts.table import cohort_table
from funnel.analysis.forecast.raking import expected_cells
from funnel.analysis.money.flat import flat
from funnel.dates import complete_weeks
from funnel.present.parts.texts import Texts
from funnel.present.workbook import Contents, listings, write_workbook
from funnel.settings import Settings, load

ROOT = Path(__file__).parents[1]
REPORT = dt.date(2022, 9, 26)
SIZES = {"channel": 6, "manager": 25, "product": 4, "region": 5}
BARS = {"megabytes": 15.0, "written in, s": 5.3, "opened by LibreOffice in, s": 20.0}


def crossed(
    leads: int, weeks: list[dt.date], stages: tuple[str, ...], rng: np.random.Generator
) -> pd.DataFrame:
    """Invent leads and cross them as the warehouse does."""
    week = rng.integers(0, len(weeks), leads)
    frame = pd.DataFrame({"cohort_week": pd.DatetimeIndex(weeks)[week]})
    for number, (name, size) in enumerate(SIZES.items()):
        share = rng.dirichlet(np.full(size, 4.0))
        frame[f"attr_{number}"] = np.array([f"{name} {n}" for n in range(size)])[
            rng.choice(size, leads, p=share)
        ]
    reached = np.ones(leads, dtype=bool)
    frame["leads"] = 1
    for stage in stages:
        reached = reached & (rng.random(leads) < 0.45)
        frame[stage] = reached.astype("int64")
    frame["payments"] = frame[stages[-1]]
    frame["kopecks"] = frame[stages[-1]] * rng.integers(1_000_000, 90_000_000, leads)
    keys = ["cohort_week", *(f"attr_{number}" for number in range(len(SIZES)))]
    table = frame.groupby(keys, as_index=False).sum()
    table["revenue"] = [Decimal(int(kopecks)) / 100 for kopecks in table.pop("kopecks")]
    return table


def spend(weeks: list[dt.date], rng: np.random.Generator) -> pd.DataFrame:
    days = [week + dt.timedelta(days=n) for week in weeks for n in range(7)]
    channels = [f"channel {n}" for n in range(4)]
    rows = [
        (day, channel, Decimal(int(rng.integers(100_000, 9_000_000))) / 100)
        for day in days
        for channel in channels
    ]
    frame = pd.DataFrame(rows, columns=["date", "channel", "cost"])
    frame["date"] = pd.to_datetime(frame["date"])
    return frame.assign(campaign="", currency="RUB", vat_included="no")


def to_come(made: pd.DataFrame, settings: Settings) -> np.ndarray:
    """Rake what open leads promise to the total and to every attribute, as the report does.

    Half of those who have not bought are open, and wait for the stage after the first.
    """
    keys = ["cohort_week", *(f"attr_{number}" for number in range(len(SIZES)))]
    sale, stage = settings.stage_keys[-1], settings.stage_keys[0]
    standing = made[keys].assign(stage=stage, entered=0, leads=(made["leads"] - made[sale] + 1) // 2)
    promised = pd.DataFrame({"cohort_week": made["cohort_week"].unique()})
    promised = promised.assign(attribute="", value="", stage=stage, entered=0, chance=0.1)
    told = []
    for number, name in [(None, ""), *enumerate(SIZES)]:
        by = ["cohort_week"] if number is None else ["cohort_week", f"attr_{number}"]
        sums = (standing.groupby(by)["leads"].sum() / 8).rename("coming").reset_index()
        told.append(sums.rename(columns={by[-1]: "value"} if name else {}).assign(attribute=name))
    whole = pd.concat(told).fillna({"value": ""})
    return expected_cells(made, standing, list(SIZES), sale, whole, promised)


def contents(leads: int, settings: Settings) -> Contents:
    rng = np.random.default_rng(20220926)
    weeks = complete_weeks(REPORT, settings.horizon_weeks)
    made = crossed(leads, weeks, settings.stage_keys, rng)
    start = time.process_time()
    data = flat(made, list(SIZES), settings.stage_keys, weeks, spend(weeks, rng), to_come(made, settings))
    print(f"flat data, sales to come raked to {len(SIZES)} attributes: {time.process_time() - start:.1f} s")
    shown = _cohorts(made, settings, weeks[-settings.cohorts :])
    listed = listings.waiting(_waiting(leads // 14), list(SIZES), settings, Texts("en"))
    return Contents(REPORT, data, list(SIZES), shown, [listed])


def _waiting(rows: int) -> pd.DataFrame:
    frame = pd.DataFrame({"lead_id": [f"L{number:07}" for number in range(rows)], "stage": "proposal"})
    frame = frame.assign(
        **{name: f"{name} 1" for name in SIZES}, waited_days=300.5, limit_days=274.0, long_waiting=rows
    )
    return frame.assign(cohort_week=pd.Timestamp(REPORT), since=pd.Timestamp(REPORT))


def _cohorts(made: pd.DataFrame, settings: Settings, weeks: list[dt.date]) -> pd.DataFrame:
    sums = made.groupby("cohort_week", as_index=False)[["leads", *settings.stage_keys]].sum()
    long = sums.rename(columns={"leads": "lead"}).melt("cohort_week", var_name="stage", value_name="leads")
    empty = dict.fromkeys(("attribute", "value", "attribute2", "value2"), "")
    reached = long.assign(lag=0, **empty)
    assert len(counts_by(reached, settings.steps, weeks)) == len(weeks)
    return cohort_table(reached, settings.steps, REPORT, weeks)


def opened(path: Path, folder: Path) -> float:
    """Return the processor seconds LibreOffice takes to open a workbook and write its first sheet as CSV."""
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    subprocess.run(
        ["soffice", profile, "--headless", "--convert-to", "csv", "--outdir", str(folder), str(path)],
        check=True,
        capture_output=True,
    )
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    return end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=200_000)
    asked = parser.parse_args()
    settings = load(ROOT / "funnel.yml")
    shown = contents(asked.leads, settings)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "workbook.xlsx"
        start = time.process_time()
        write_workbook(path, shown, settings, Texts("en"))
        found = {"written in, s": time.process_time() - start, "megabytes": path.stat().st_size / 1e6}
        if which("soffice"):
            opened(path, folder)  # makes the profile
            found["opened by LibreOffice in, s"] = opened(path, folder)
    print(f"{asked.leads} leads, {len(shown.flat)} rows of flat data")
    for what, value in found.items():
        print(f"{what:30} {value:8.1f}  bar {BARS[what]:g}  {'met' if value <= BARS[what] else 'MISSED'}")


if __name__ == "__main__":
    main()
