"""The two real logs, as a page reads them. They lie outside the repository and are never copied into it."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pandas as pd
from cuts import from_warehouse

from funnel.edition.results import Cubes
from funnel.settings import Settings, Stage

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


def cubes(log: Log) -> Cubes | None:
    """Return a log's cubes at its end, as its page has them, lost leads and all; None if it is not there."""
    folder = FOLDER / log.name
    if not (folder / "leads.csv").exists():
        return None
    frames = {name: _read(folder, name) for name in ("leads", "stage_entries", "payments")}
    leads = frames["leads"].dropna(subset="created_at")[["lead_id", "created_at"]]
    frames = {
        name: frame[frame["lead_id"].isin(leads["lead_id"])] for name, frame in frames.items() if len(frame)
    }
    settings = Settings(stages=(Stage(key=log.stage),), reach="entered", attributes={})
    return from_warehouse(frames | {"leads": leads}, settings, log.end)


def _read(folder: Path, name: str) -> pd.DataFrame:
    path = folder / f"{name}.csv"
    if not path.exists():
        return pd.DataFrame(columns=["lead_id"])
    frame = pd.read_csv(path, dtype=str)
    for column in set(frame.columns) & {"created_at", "entered_at", "paid_at"}:
        frame[column] = pd.to_datetime(frame[column], format="ISO8601")
    return frame.assign(amount=frame["amount"].map(Decimal)) if "amount" in frame else frame
