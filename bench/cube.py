"""Time the cube beside pandas and hand-written SQL: `python bench/cube.py [--big]`.

The table: total and each of four attributes alone, by cohort week, stage and lag, as a pandas frame in hand.
Each contender runs in its own process, three times; the best wall time, its processor time, and the peak
memory of the process are kept. All three must count the same.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from funnel.dates import AsOf
from funnel.settings import Settings, Stage
from funnel.warehouse import Warehouse

ROOT = Path(__file__).parents[1]
STAGES = ("target", "qualified", "proposal", "sale")
ATTRIBUTES = {"channel": 8, "manager": 40, "product": 12, "region": 20}
REPORT_DATE = dt.date(2022, 9, 26)
START = int(np.datetime64("2020-09-28", "s").astype("int64"))


def generate(folder: Path, count: int, seed: int = 7) -> None:
    """Write leads.parquet and stage_entries.parquet: about 1.8 entries for a lead, losses among them."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    created = START + rng.integers(0, 104 * 7 * 86_400, count)
    numbers = pa.array(rng.permutation(count) + 10_000_000).cast(pa.string())
    ids = pc.binary_join_element_wise(pa.scalar("L"), numbers, "")
    columns = {"lead_id": ids, "created_at": pa.array(created * 1_000_000).cast(pa.timestamp("us"))}
    for name, values in ATTRIBUTES.items():
        words = pa.array([f"{name} {number}" for number in range(values)])
        columns[name] = words.take(pa.array(rng.integers(0, values, count)))
    pq.write_table(pa.table(columns), folder / "leads.parquet")
    who, at = np.arange(count), created
    parts = []
    for stage, (share, days) in enumerate(((0.72, 3), (0.6, 20), (0.55, 25), (0.4, 30))):
        keep = rng.random(len(who)) < share
        who, at = who[keep], at[keep] + rng.exponential(days * 86_400, int(keep.sum())).astype("int64")
        parts.append((who, np.full(len(who), stage), at))
    lost = np.flatnonzero(rng.random(count) < 0.32)
    after = rng.exponential(40 * 86_400, len(lost)).astype("int64")
    parts.append((lost, np.full(len(lost), len(STAGES)), created[lost] + after))
    who, stage_numbers, at = (np.concatenate(part) for part in zip(*parts, strict=True))
    mixed = rng.permutation(len(who))
    entries = pa.table(
        {
            "lead_id": ids.take(pa.array(who[mixed])),
            "stage": pa.array([*STAGES, "lost"]).take(pa.array(stage_numbers[mixed])),
            "entered_at": pa.array(at[mixed] * 1_000_000).cast(pa.timestamp("us")),
        }
    )
    pq.write_table(entries, folder / "stage_entries.parquet")
    print(f"{count:,} leads, {len(entries):,} entries", flush=True)


def with_funnel(folder: Path) -> pd.DataFrame:
    settings = Settings(stages=tuple(Stage(key=key) for key in STAGES), run=ROOT / "run")
    with Warehouse.attach_parquet(folder, settings) as house:
        by = [(), *((name,) for name in ATTRIBUTES)]
        return house.reached(AsOf(REPORT_DATE, house.known_at()), by, "any-later")


def with_sql(folder: Path) -> pd.DataFrame:
    """One pass over the entries, one join, one group-by a slice: as good as we can write it."""
    keys = ", ".join(f"'{key}'" for key in STAGES)
    attributes = ", ".join(ATTRIBUTES)
    firsts = ", ".join(
        f"min(entered_at) FILTER (stage = '{key}') AS t{number}"
        for number, key in enumerate((*STAGES, "lost"))
    )
    # days from a Monday to the Monday of the week: date_diff('week') would count whole seven days
    monday = "(date_diff('day', DATE '0001-01-01', {0}::DATE) // 7)::INTEGER"
    reach = ["least(t0, t1, t2, t3)", "least(t1, t2, t3)", "least(t2, t3)", "t3", "t4"]
    lags = ", ".join(
        f"({monday.format(f'CASE WHEN {time} < created_at THEN created_at ELSE {time} END')}"
        f" - {monday.format('created_at')})::SMALLINT AS l{number}"
        for number, time in enumerate(reach)
    )
    long = " UNION ALL ".join(
        [f"SELECT {attributes}, w, 0::TINYINT AS s, 0::SMALLINT AS lag FROM per"]
        + [
            f"SELECT {attributes}, w, {number + 1}::TINYINT, l{number} FROM per WHERE l{number} IS NOT NULL"
            for number in range(len(reach))
        ]
    )
    slices = " UNION ALL ".join(
        f"SELECT '{name}' AS attribute, {name or repr('')} AS value, w, s, lag, count(*) AS leads"
        " FROM long GROUP BY ALL"
        for name in ("", *ATTRIBUTES)
    )
    return duckdb.sql(
        f"WITH first AS (SELECT lead_id, {firsts} FROM '{folder}/stage_entries.parquet' "
        f"WHERE entered_at < DATE '{REPORT_DATE}' AND stage IN ({keys}, 'lost') GROUP BY lead_id), "
        f"per AS MATERIALIZED (SELECT {attributes}, {monday.format('created_at')} AS w, {lags} "
        f"FROM '{folder}/leads.parquet' LEFT JOIN first USING (lead_id) "
        f"WHERE created_at < DATE '{REPORT_DATE}'), "
        f"long AS MATERIALIZED ({long}), slices AS ({slices}) "
        "SELECT attribute, value, DATE '0001-01-01' + w * 7 AS cohort_week, "
        f"['lead', {keys}, 'lost'][s + 1] AS stage, lag, leads FROM slices"
    ).df()


def with_pandas(folder: Path) -> pd.DataFrame:
    """As an analyst would, with the care of one who waits for it: categories, no per-row Python."""
    cutoff = pd.Timestamp(REPORT_DATE)
    leads = pd.read_parquet(folder / "leads.parquet")
    entries = pd.read_parquet(folder / "stage_entries.parquet")
    leads = leads[leads["created_at"] < cutoff].set_index("lead_id")
    entries = entries[entries["entered_at"] < cutoff]
    for name in ATTRIBUTES:
        leads[name] = leads[name].astype("category")

    def week(moments: pd.Series) -> pd.Series:
        days = moments.dt.normalize()
        return days - pd.to_timedelta(days.dt.weekday, unit="D")

    leads["cohort_week"] = week(leads["created_at"])
    leads["lag_lead"] = 0
    later = None
    for stage in (*reversed(STAGES), "lost"):
        first = entries[entries["stage"] == stage].groupby("lead_id", sort=False)["entered_at"].min()
        reached = first.reindex(leads.index)
        if stage != "lost":
            reached = later = (
                reached if later is None else reached.where(~(reached > later), later).fillna(later)
            )
        reached = reached.clip(lower=leads["created_at"])
        leads[f"lag_{stage}"] = (week(reached) - leads["cohort_week"]).dt.days // 7
    parts = []
    for name in ("", *ATTRIBUTES):
        for stage in ("lead", *STAGES, "lost"):
            keys = [*([name] if name else []), "cohort_week", f"lag_{stage}"]
            sizes = leads.groupby(keys, observed=True).size().reset_index(name="leads")
            sizes = sizes.rename(columns={name: "value", f"lag_{stage}": "lag"})
            parts.append(sizes.assign(attribute=name, stage=stage))
    return pd.concat(parts, ignore_index=True)


def with_polars(folder: Path) -> pd.DataFrame:
    """The same through Polars' lazy engine, where Polars is installed; it is no part of the environment."""
    import polars as pl

    def monday(moment: pl.Expr) -> pl.Expr:
        return moment.dt.truncate("1w").cast(pl.Date)

    cutoff = dt.datetime.combine(REPORT_DATE, dt.time())
    leads = pl.scan_parquet(folder / "leads.parquet").filter(pl.col("created_at") < cutoff)
    entries = pl.scan_parquet(folder / "stage_entries.parquet").filter(pl.col("entered_at") < cutoff)
    reaching = {stage: STAGES[number:] for number, stage in enumerate(STAGES)} | {"lost": ("lost",)}
    firsts = entries.group_by("lead_id").agg(
        pl.col("entered_at").filter(pl.col("stage").is_in(some)).min().alias(stage)
        for stage, some in reaching.items()
    )
    created = pl.col("created_at")
    lags = [
        ((monday(pl.max_horizontal(stage, created)) - monday(created)).dt.total_days() // 7).alias(
            f"lag_{stage}"
        )
        for stage in reaching
    ]
    per_lead = leads.join(firsts, on="lead_id", how="left").with_columns(
        monday(created).alias("cohort_week"),
        pl.lit(0, pl.Int64).alias("lag_lead"),
        *(pl.when(pl.col(stage).is_not_null()).then(lag) for stage, lag in zip(reaching, lags, strict=True)),
    )
    parts = []
    for name in ("", *ATTRIBUTES):
        value = pl.col(name) if name else pl.lit("")
        for stage in ("lead", *reaching):
            lag = pl.col(f"lag_{stage}")
            parts.append(
                per_lead.filter(lag.is_not_null())
                .group_by(value.alias("value"), "cohort_week", lag.alias("lag"))
                .agg(pl.len().alias("leads"))
                .with_columns(attribute=pl.lit(name), stage=pl.lit(stage))
            )
    return pl.concat(pl.collect_all(parts)).to_pandas()


CONTENDERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    "funnel": with_funnel,
    "sql": with_sql,
    "pandas": with_pandas,
    **({"polars": with_polars} if find_spec("polars") else {}),
}


def measure(name: str, folder: Path, times: int) -> None:
    """Run one contender in this process and print what it took as JSON."""
    seconds, processor = [], []
    for _ in range(times):
        wall, busy = time.perf_counter(), time.process_time()
        frame = CONTENDERS[name](folder)
        seconds.append(time.perf_counter() - wall)
        processor.append(time.process_time() - busy)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    check = [len(frame), int(frame["leads"].sum()), int((frame["lag"] * frame["leads"]).sum())]
    print(json.dumps({"seconds": min(seconds), "cpu": min(processor), "gb": peak, "check": check}))


def compare(count: int) -> None:
    """Measure all contenders, and say how they stand to one another."""
    found = compared(count)
    for name, one in found.items():
        print(
            f"{name:7} {one['seconds']:7.2f} s  {one['cpu']:7.2f} s of processor  {one['gb']:5.2f} GB",
            flush=True,
        )
    ours = found["funnel"]
    for clock in ("seconds", "cpu"):
        print(
            f"{clock}: {ours[clock] / found['sql'][clock]:.2f} x the SQL, "
            f"{found['pandas'][clock] / ours[clock]:.2f} x faster than pandas"
        )


def compared(count: int) -> dict[str, dict[str, float]]:
    """Measure every contender; all must count the same."""
    folder = ROOT / "run" / "bench" / str(count)
    if not (folder / "stage_entries.parquet").is_file():
        generate(folder, count)
    times = 3 if count <= 1_000_000 else 1
    found = {}
    for name in CONTENDERS:
        command = [
            sys.executable,
            __file__,
            "--measure",
            name,
            "--folder",
            str(folder),
            "--times",
            str(times),
        ]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found[name] = json.loads(output.splitlines()[-1])
    if len({tuple(one["check"]) for one in found.values()}) != 1:
        raise SystemExit(f"the tables differ: {found}")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--big", action="store_true", help="also 10 million leads")
    parser.add_argument("--measure", choices=list(CONTENDERS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--times", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.measure:
        measure(chosen.measure, chosen.folder, chosen.times)
    else:
        for size in (1_000_000, 10_000_000) if chosen.big else (1_000_000,):
            compare(size)
