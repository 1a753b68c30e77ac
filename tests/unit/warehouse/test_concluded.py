"""What was concluded from where a lead stood when first looked at is no history (case 15)."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa

from funnel.analysis.attention.deviations import deviations
from funnel.dates import AsOf
from funnel.schema import CONCLUDED, INSTANT, Batch
from funnel.settings import Settings, Stage
from funnel.warehouse import Warehouse

D = dt.date(2022, 9, 19)
NOW = AsOf(D, dt.datetime(2022, 10, 1))
STAGES = ("target", "qualified", "sale")
HEAD = "lead_id stage entered_at precision origin"


def concluded(house: Warehouse) -> dict[str, int]:
    frame = house.reached(NOW)
    counts = frame.groupby("stage")[CONCLUDED].sum()
    return {str(stage): int(number) for stage, number in counts.items() if number}


def test_only_what_a_first_look_found_later_than_a_week_is_concluded(house, make) -> None:
    entries = [
        HEAD,
        ("1", "lost", "2022-09-14 10:00", "day", "current"),  # how far it had come is not known
        ("2", "target", "2022-08-31 10:00", "day", "current"),  # found within a week of its coming
        ("3", "sale", "2022-09-14 10:00", "second", "current"),  # its closing is known, its steps are not
        ("4", "target", "2022-09-01 10:00", "day", "snapshot"),
        ("4", "lost", "2022-09-14 10:00", "day", "current"),  # it had come to target
        ("5", "sale", "2022-09-14 10:00", "day", "current"),
    ]
    rows = ["lead_id created_at", *((str(number), "2022-08-29 09:00") for number in range(1, 6))]
    house.load(make(leads=rows, stage_entries=entries), dt.datetime(2022, 9, 20))
    assert concluded(house) == {"target": 2, "qualified": 2, "sale": 1, "lost": 1}


def test_an_event_is_never_concluded(house, make) -> None:
    entries = [
        "lead_id stage entered_at",
        ("1", "sale", "2022-09-14 10:00"),
        ("2", "lost", "2022-09-14 10:00"),
    ]
    rows = ["lead_id created_at", ("1", "2022-08-01 09:00"), ("2", "2022-08-01 09:00")]
    house.load(make(leads=rows, stage_entries=entries), dt.datetime(2022, 9, 20))
    assert concluded(house) == {}


def steady(rng: np.random.Generator, weeks: int = 80, leads: int = 200) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leads and the times of their steps and losses; nothing ever changes."""
    size = weeks * leads
    created = np.repeat(np.arange(weeks), leads) * 7.0 + rng.random(size) * 7
    passed = np.cumprod(rng.random((size, 3)) < (0.5, 0.6, 0.4), axis=1).astype(bool)
    moments = created[:, None] + np.cumsum(rng.exponential((3.0, 7.0, 20.0), (size, 3)), axis=1)
    steps = np.where(passed, moments, np.inf)
    last = np.where(passed, moments, 0).max(axis=1)
    lost = np.where(passed[:, -1], np.inf, np.maximum(last, created) + rng.exponential(21.0, size))
    times = {**dict(zip(STAGES, steps.T, strict=True)), "lost": lost}
    return pd.DataFrame({"created": created}), pd.DataFrame(times)


def loaded(house: Warehouse, leads: pd.DataFrame, entries: pd.DataFrame, origin: str) -> pd.DataFrame:
    start = pd.Timestamp(D) - pd.Timedelta(weeks=80)
    ids = [str(number) for number in leads.index]
    batch = Batch(
        {
            "leads": pa.table(
                {
                    "lead_id": ids,
                    "created_at": pa.array(
                        (start + pd.to_timedelta(leads["created"], unit="D")).dt.floor("us"), INSTANT
                    ),
                    "channel": [("web", "fair")[number % 2] for number in leads.index],
                }
            ),
            "stage_entries": pa.table(
                {
                    "lead_id": entries["lead"].astype(str).tolist(),
                    "stage": entries["stage"].tolist(),
                    "entered_at": pa.array(
                        (start + pd.to_timedelta(entries["at"], unit="D")).dt.floor("us"), INSTANT
                    ),
                    "precision": ["second" if one in ("sale", "lost") else "day" for one in entries["stage"]],
                    "origin": [origin] * len(entries),
                }
            ),
        }
    )
    house.load(batch, dt.datetime(2022, 9, 20), full=True)
    reached = house.reached(NOW, [(), ("channel",)])
    return deviations(reached, ("lead", *STAGES), D)


def test_a_single_export_of_a_steady_company_raises_no_flag(tmp_path) -> None:
    settings = Settings(stages=tuple(Stage(key=key) for key in STAGES), attributes={"channel": {}})
    leads, moments = steady(np.random.default_rng(15))
    past = (
        moments.melt(ignore_index=False, var_name="stage", value_name="at").rename_axis("lead").reset_index()
    )
    past = past[past["at"] < 80 * 7].sort_values("at")
    now = past.drop_duplicates("lead", keep="last")
    with Warehouse.open(tmp_path / "now.duckdb", settings, write=True) as house:
        frame = loaded(house, leads, now, "current")
    assert not frame["flag"].any()
    assert set(frame["stage"]) == {"overall"}  # the closings are dated; the steps before them are not
    with Warehouse.open(tmp_path / "whole.duckdb", settings, write=True) as house:
        whole = loaded(house, leads, past, "event")
    assert not whole["flag"].any()
    assert set(whole["stage"]) == {*STAGES, "overall"}
