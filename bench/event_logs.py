"""The forecast on public event logs of other trades: `python bench/event_logs.py FOLDER`.

The folder holds the logs as XES files (`.xes` or `.xes.gz`), as the 4TU repository publishes them: `bpic2012`
(loan applications), `receipt` (building permits), `helpdesk` (tickets). A case is a lead, its first event its
creation, some of its activities are stages. As of every date the forecast is the one a page would print; it
is held against the end of the record. None of the logs is part of this repository.
"""

from __future__ import annotations

import datetime as dt
import gzip
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
sys.path.insert(0, str(Path(__file__).parent))

import pandas as pd  # noqa: E402
from cuts import from_warehouse  # noqa: E402

from funnel.analysis.forecast import backtest  # noqa: E402
from funnel.analysis.forecast.chainladder import SIMPLE  # noqa: E402
from funnel.analysis.statistics import scores  # noqa: E402
from funnel.settings import Settings, Stage  # noqa: E402

YOUNG = 13


@dataclass(frozen=True, slots=True)
class Log:
    """A log: its stages in order by activity (`lost` among them), its end, and when it is forecast."""

    name: str
    stages: Mapping[str, str]
    end: dt.date
    first: dt.date
    last: dt.date
    every: int

    def dates(self) -> list[dt.date]:
        weeks = (self.last - self.first).days // 7
        return [self.first + dt.timedelta(weeks=week) for week in range(0, weeks + 1, self.every)]


LOAN = {"A_PREACCEPTED": "preaccepted", "A_ACCEPTED": "accepted", "A_FINALIZED": "finalized"}
LOAN |= {"A_APPROVED": "approved", "A_DECLINED": "lost", "A_CANCELLED": "lost"}
PERMIT = {
    "T02 Check confirmation of receipt": "checked",
    "T05 Print and send confirmation of receipt": "sent",
}
PERMIT |= {"T10 Determine necessity to stop indication": "determined"}
TICKET = {"Take in charge ticket": "taken", "Resolve ticket": "resolved", "Closed": "closed"}
LOGS = (
    Log("bpic2012", LOAN, dt.date(2012, 3, 12), dt.date(2011, 11, 14), dt.date(2012, 2, 20), 1),
    Log("receipt", PERMIT, dt.date(2012, 1, 23), dt.date(2010, 12, 6), dt.date(2011, 11, 28), 4),
    Log("helpdesk", TICKET, dt.date(2014, 1, 6), dt.date(2010, 6, 7), dt.date(2013, 9, 30), 4),
)


def events(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the events of a XES file: number of the case, activity, time."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        case = 0
        for _, element in ElementTree.iterparse(file):
            if element.tag.rpartition("}")[2] != "trace":
                continue
            case += 1
            for event in element:
                if event.tag.rpartition("}")[2] == "event":
                    said = {part.get("key"): str(part.get("value")) for part in event}
                    yield str(case), said["concept:name"], said["time:timestamp"]
            element.clear()


def tables(log: Log, path: Path) -> dict[str, pd.DataFrame]:
    """Return a log as canonical tables."""
    every = pd.DataFrame(events(path), columns=["lead_id", "activity", "entered_at"])
    moments = pd.to_datetime(every["entered_at"], utc=True, format="ISO8601")
    every["entered_at"] = moments.dt.tz_localize(None).dt.floor("s")
    created = every.groupby("lead_id")["entered_at"].min().rename("created_at").reset_index()
    kept = every[every["activity"].isin(log.stages)]
    entries = kept.assign(stage=kept["activity"].map(log.stages))[["lead_id", "stage", "entered_at"]]
    return {"leads": created, "stage_entries": entries}


def measures(log: Log, path: Path) -> Iterator[dict[str, str]]:
    """Yield what is told of each stage: errors beside the simple methods', coverage, marks."""
    keys = [key for key in dict.fromkeys(log.stages.values()) if key != "lost"]
    settings = Settings(stages=tuple(Stage(key=key) for key in keys), attributes={})
    past = from_warehouse(tables(log, path), settings, log.end).history()
    for stage in keys:
        told = backtest.forecasts(past, stage, log.end, log.dates())
        wape = {
            method: 100 * scores.wape(part["mean"].to_numpy(float), part["actual"].to_numpy(float))
            for method, part in told.groupby("method")
        }
        ours = told[told["method"] == backtest.OURS]
        came = ours[["mean", "actual"]].sum() - ours["reached"].sum()
        due = ours[ours["mean"] - ours["reached"] >= 1]
        young = ours[ours["age_weeks"] < YOUNG]
        yield {
            "log": log.name,
            "stage": stage,
            "WAPE %": f"{wape[backtest.OURS]:.1f}",
            "best simple %": f"{min(wape[one] for one in SIMPLE):.1f}",
            "to come %": f"{100 * (came['mean'] / came['actual'] - 1):+.0f}",
            "90 % covers": f"{100 * ours['coverage_90'].mean():.0f}",
            "where one is due": f"{100 * due['coverage_90'].mean():.0f} of {len(due)}",
            "young marked %": f"{100 * (young['reason'] != '').mean():.0f}",
        }


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("usage: python bench/event_logs.py FOLDER")
    rows = []
    for log in LOGS:
        found = sorted(Path(sys.argv[1]).glob(f"{log.name}.xes*"))
        if found:
            rows += measures(log, found[0])
        else:
            print(f"-- {log.name}: no {log.name}.xes or {log.name}.xes.gz there")
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
