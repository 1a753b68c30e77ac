"""The two real logs, as the cube `reached`. They lie outside the repository and are never copied into it."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

FOLDER = Path(os.environ.get("FUNNEL_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


@dataclass(frozen=True)
class Log:
    """A real log: its folder, stage of the win, end of the record, and first and last date to forecast at."""

    name: str
    stage: str
    end: dt.date
    first: dt.date
    last: dt.date

    def dates(self, every: int = 2) -> list[dt.date]:
        days = (self.last - self.first).days
        return [self.first + dt.timedelta(days=n) for n in range(0, days + 1, 7 * every)]


LOGS = (
    Log("olist", "won", dt.date(2018, 11, 19), dt.date(2018, 2, 5), dt.date(2018, 7, 30)),
    Log("maven_crm", "won", dt.date(2018, 1, 1), dt.date(2017, 5, 1), dt.date(2017, 11, 13)),
)


def reached(log: Log) -> pd.DataFrame | None:
    """Return a log's cube `reached` (total), or None if the log is not there."""
    folder = FOLDER / log.name
    if not (folder / "leads.csv").exists():
        return None
    leads = pd.read_csv(folder / "leads.csv", dtype=str).dropna(subset=["created_at"])
    leads["created"] = pd.to_datetime(leads["created_at"], format="ISO8601")
    entries = pd.read_csv(folder / "stage_entries.csv", dtype=str)
    entries = entries[entries["stage"] == log.stage]
    entries["entered"] = pd.to_datetime(entries["entered_at"], format="ISO8601")
    first = entries.groupby("lead_id")["entered"].min()
    leads["entered"] = leads["lead_id"].map(first)
    leads["entered"] = leads["entered"].where(
        leads["entered"].isna(), leads[["entered", "created"]].max(axis=1)
    )
    leads["cohort_week"] = _monday(leads["created"])
    won = leads.dropna(subset=["entered"]).copy()
    won["lag"] = (_monday(won["entered"]) - won["cohort_week"]).dt.days // 7
    parts = [
        leads.groupby("cohort_week").size().rename("leads").reset_index().assign(stage="lead", lag=0),
        won.groupby(["cohort_week", "lag"]).size().rename("leads").reset_index().assign(stage=log.stage),
    ]
    cube = pd.concat(parts, ignore_index=True)
    cube[["attribute", "value", "attribute2", "value2"]] = ""
    return cube


def _monday(times: pd.Series) -> pd.Series:
    return (times - pd.to_timedelta(times.dt.weekday, unit="D")).dt.normalize()
