"""What of the forecast `printed.py` does not score: `python bench/forecast.py [logs slices speed]`.

`logs`: the real logs, forecast as of many dates; `slices`: segments of invented companies, pooled beside
alone (`--replications` histories); `speed`. Every line is a bar and what was measured; the seeds are those of
`worlds.SEED`, replication 0, 1, 2, ...
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
sys.path.insert(0, str(Path(__file__).parent))

import logs  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import worlds  # noqa: E402

from funnel.analysis.forecast import backtest  # noqa: E402
from funnel.analysis.forecast.chainladder import SIMPLE  # noqa: E402
from funnel.analysis.forecast.final import forecast  # noqa: E402
from funnel.analysis.forecast.slices_forecast import slice_forecasts  # noqa: E402
from funnel.analysis.forecast.told import history  # noqa: E402
from funnel.analysis.statistics import scores  # noqa: E402

START = dt.date(2019, 10, 7)


def wape(frame: pd.DataFrame) -> float:
    return 100 * scores.wape(frame["mean"].to_numpy(), frame["actual"].to_numpy())


def line(what: str, value: str, bar: str, met: bool, note: str = "") -> None:
    print(f"{'ok  ' if met else 'MISS'} {what:58s} {value:>18s}   bar {bar:14s} {note}", flush=True)


def real_logs(_: int, __: ProcessPoolExecutor) -> None:
    for log in logs.LOGS:
        cubes = logs.cubes(log)
        if cubes is None:
            print(f"--   {log.name}: not there (set FUNNEL_SHARED_DATA)")
            continue
        past = cubes.history()
        told = backtest.forecasts(past, log.stage, log.end, log.dates())
        told = told.rename(
            columns={"age_weeks": "age", "coverage_50": "c50", "coverage_80": "c80", "coverage_90": "c90"}
        )
        ours = told[told["method"] == backtest.OURS]
        best = min(wape(told[told["method"] == rival]) for rival in SIMPLE)
        line(
            f"{log.name}: WAPE of all",
            f"{wape(ours):.1f} %",
            f"<= {1.1 * best:.1f} %",
            wape(ours) <= 1.1 * best,
        )
        kept = ours[ours["reason"] == ""]
        for level in (50, 80, 90):
            bar = 0.85 * level
            share = 100 * kept[f"c{level}"].mean() if len(kept) else float("nan")
            said = f"{share:.0f} %" if len(kept) else "all marked"
            line(
                f"{log.name}: coverage of {level} % where reliable",
                said,
                f">= {bar:.0f} %",
                not len(kept) or share >= bar,
                f"{100 * len(kept) / len(ours):.0f} % of forecasts; "
                f"all, widened: {100 * ours[f'c{level}'].mean():.0f} %",
            )


def slice_world(number: int) -> pd.DataFrame:
    rng = np.random.default_rng([worlds.SEED, number, 3])
    at, frames, truth = worlds.COHORTS, [], {}
    for n, (leads, first) in enumerate(((120, 0), (60, 0), (15, 0), (40, 140), (6, 120))):
        effect = float(np.exp(rng.normal(0, 0.3)))
        size, sales = worlds.World("slice", leads, base=partial(_times, effect)).draw(rng)
        size[:first], sales[:first] = 0, 0
        truth[f"{n}"] = sales.sum(axis=1).astype(float)
        frames.append(
            worlds.reached_frame(size, worlds.seen(sales)).assign(attribute="channel", value=f"{n}")
        )
    every = pd.concat(frames, ignore_index=True)
    whole_frame = every.groupby(["cohort_week", "stage", "lag"])["leads"].sum().reset_index()
    whole_frame[["attribute", "value", "attribute2", "value2"]] = ""
    day = START + dt.timedelta(weeks=at)
    whole = forecast(whole_frame, ["sale"], day, seed=number)
    rows, told = [], slice_forecasts(every, whole, "sale", seed=number)
    for value, part in every.groupby("value"):
        pooled = told[str(value)]
        alone = forecast(part, ["sale"], day, seed=number).stages["sale"]
        for method, one in (("pooled", pooled), ("alone", alone)):
            actual = truth[str(value)][-len(one.mean) :]
            frame = pd.DataFrame(
                {"method": method, "slice": value, "age": one.fit.triangle.ages, "mean": one.mean}
            )
            frame["actual"], frame["crps"] = actual, scores.crps(one.draws, actual)
            frame["c90"] = scores.coverage(one.draws, actual, 0.9)
            rows.append(frame[one.fit.triangle.leads > 0])
    return pd.concat(rows, ignore_index=True)


def _times(effect: float, _: int) -> float:
    return 0.06 * effect


def slices(count: int, pool: ProcessPoolExecutor) -> None:
    told = pd.concat(pool.map(slice_world, range(count)), ignore_index=True)
    names = ("120 a week", "60 a week", "15 a week", "40 a week for 16 weeks", "6 a week for 36 weeks")
    for number, name in enumerate(names):
        part = told[(told["slice"] == str(number)) & (told["age"] < 26)].set_index("method")
        ratio = part.loc["pooled", "crps"].mean() / part.loc["alone", "crps"].mean()
        line(
            f"slice of {name}: CRPS pooled / alone",
            f"{ratio:.2f}",
            "<= 1.03",
            ratio <= 1.03,
            f"coverage of 90 %: {100 * part.loc['pooled', 'c90'].mean():.0f} %",
        )


def speed(_: int, __: ProcessPoolExecutor) -> None:
    single = worlds.Funnel().draw(np.random.default_rng(worlds.SEED), 104)
    reached, moved = worlds.funnel_cubes(single, 104)
    day = dt.date(2020, 1, 6) + dt.timedelta(weeks=104)
    began = time.perf_counter()
    forecast(reached, worlds.STAGES, day, moved=moved).frame()
    took = time.perf_counter() - began
    line(f"forecast of {len(single)} leads, 4 stages, 104 weeks", f"{took:.1f} s", "<= 5 s", took <= 5)
    began = time.perf_counter()
    past = history(reached, worlds.STAGES, day, 104, moved=moved)
    backtest.backtest(past, "sale", day, [day - dt.timedelta(weeks=2 * n) for n in range(1, 27)])
    took = time.perf_counter() - began
    line("backtest of 26 dates", f"{took:.1f} s", "<= 120 s", took <= 120)


PARTS: dict[str, Callable[[int, ProcessPoolExecutor], None]] = {
    "logs": real_logs,
    "slices": slices,
    "speed": speed,
}


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which bars (default: all)")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--replications", type=int, default=50)
    chosen = parser.parse_args(arguments)
    with ProcessPoolExecutor(chosen.jobs) as pool:
        for part in chosen.parts or PARTS:
            began = time.perf_counter()
            PARTS[part](chosen.replications, pool)
            print(f"     {part}: {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
