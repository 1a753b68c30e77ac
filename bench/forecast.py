"""The bars of the forecast, measured: `python bench/forecast.py [PART...] [--jobs 2] [--replications N]`.

Parts: levels, worlds, changes, marks, logs, revenue, open, slices, speed (default: all). Every line is a bar
and what was measured; the seeds are those of `worlds.SEED`, replication 0, 1, 2, ... A value meets a bar of
whole per cent if it does so rounded. WAPE is of the median, the point forecast that an absolute error asks
for; that of the mean stands beside it. `floor` is what somebody reaches who knows the true delay and the true
distribution of the conversion, on the same draws.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
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
from scipy import stats  # noqa: E402

from funnel.analysis import backtest, reliability, scores  # noqa: E402
from funnel.analysis.chainladder import SIMPLE, simple  # noqa: E402
from funnel.analysis.forecast import forecast  # noqa: E402
from funnel.analysis.reliability import AGE_BANDS, band_of  # noqa: E402
from funnel.analysis.revenue import forecast_revenue  # noqa: E402
from funnel.analysis.slices_forecast import slice_forecasts  # noqa: E402
from funnel.analysis.told import history  # noqa: E402

START = dt.date(2019, 10, 7)
AGES = (4, 8, 13, 26, 52)
BARS = {60: (36, 33, 23, 14, 4), 250: (22, 16, 11, 7, 3)}
CRPS_BARS = {4: 0.6, 8: 0.8, 13: 1.03, 26: 1.03, 52: 1.03}


def date_of(cohorts: int) -> dt.date:
    return START + dt.timedelta(weeks=cohorts)


def replicate(world: worlds.World, at: int, number: int) -> pd.DataFrame:
    """Forecast one history of a world when `at` cohorts are complete: a row per cohort and method."""
    rng = np.random.default_rng([worlds.SEED, number])
    leads, sales = world.draw(rng)
    leads, sales = leads[:at], sales[:at]
    told = forecast(
        worlds.reached_frame(leads, worlds.seen(sales)), ["sale"], date_of(at), seed=number
    ).stages["sale"]
    seen, actual = told.fit.triangle, sales.sum(axis=1).astype(float)
    methods = {"forecast": (told.mean, told.draws)}
    for name in SIMPLE:
        rival = simple(name, seen)
        methods[name] = (seen.reached + rival.mean, seen.reached[:, None] + rival.draw(500, number))
    methods["floor"] = floor(leads, seen.reached, seen.ages, number)
    frames = []
    for name, (mean, draws) in methods.items():
        frame = pd.DataFrame({"method": name, "age": seen.ages, "mean": mean, "actual": actual})
        frame["median"] = np.median(draws, axis=1)
        frame["crps"] = scores.crps(draws, actual)
        for level in (50, 80, 90):
            frame[f"c{level}"] = scores.coverage(draws, actual, level / 100)
        frame["reason"] = told.verdict.reason_at(seen.ages)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True).assign(replication=number)


def floor(
    leads: worlds.Counts, seen: np.ndarray, ages: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return what the true delay and conversion of the plain world give (gamma for logit-normal)."""
    known = stats.lognorm.cdf(np.arange(1, worlds.HORIZON + 2), 0.9, scale=np.exp(np.log(13) - 0.405))
    share = (known / known[-1])[np.minimum(ages, worlds.HORIZON)]
    conversion = 1 / (
        1 + np.exp(-(np.log(0.06 / 0.94) + 0.25 * np.random.default_rng(0).standard_normal(100_000)))
    )
    mean, shape = conversion.mean(), conversion.mean() ** 2 / conversion.var()
    size = shape + seen
    rate = size / (shape + leads * mean * share) * leads * mean * (1 - share)
    rng = np.random.default_rng(seed)
    drawn = rng.poisson(rng.gamma(size[:, None], 1, (len(seen), 500)) * (rate / size)[:, None])
    return seen + rate, seen[:, None] + drawn


def run(world: worlds.World, at: int, count: int, pool: ProcessPoolExecutor) -> pd.DataFrame:
    return pd.concat(pool.map(partial(replicate, world, at), range(count), chunksize=4), ignore_index=True)


def wape(frame: pd.DataFrame, point: str = "mean") -> float:
    return 100 * scores.wape(frame[point].to_numpy(), frame["actual"].to_numpy())


def spread_of(frame: pd.DataFrame) -> float:
    """Return the standard error of a WAPE of one age, per cent: of a ratio, over replications."""
    error = (frame["median"] - frame["actual"]).abs()
    ratio = error.sum() / frame["actual"].sum()
    return float(100 * (error - ratio * frame["actual"]).std() / frame["actual"].mean() / len(frame) ** 0.5)


def bias(frame: pd.DataFrame) -> float:
    return 100 * scores.bias(frame["mean"].to_numpy(), frame["actual"].to_numpy())


def line(what: str, value: str, bar: str, met: bool, note: str = "") -> None:
    print(f"{'ok  ' if met else 'MISS'} {what:58s} {value:>18s}   bar {bar:14s} {note}", flush=True)


def bands(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for number, part in frame.groupby(band_of(frame["age"].to_numpy())):
        low, high = AGE_BANDS[int(number)]
        yield f"age {low}-{min(high, 104)}", part


def alarms(name: str, told: pd.DataFrame, bar: float | None = 5) -> None:
    """Print on how many report dates any cohort is marked "not reliable yet"."""
    ours = told[told["method"] == "forecast"]
    share = 100 * (ours["reason"] != "").groupby(ours["replication"]).any().mean()
    why = ours.loc[ours["reason"] != ""].groupby("reason")["replication"].nunique()
    note = ", ".join(f"{reason} {number}" for reason, number in why.items())
    met = bar is None or share <= bar
    line(f"{name}: report dates with any mark", f"{share:.0f} %", f"<= {bar} %" if bar else "", met, note)


def levels(count: int, pool: ProcessPoolExecutor) -> None:
    for leads, bars in BARS.items():
        told = run(worlds.plain(leads), worlds.COHORTS, count, pool)
        alarms(f"{leads} leads", told)
        for age, bar in zip(AGES, bars, strict=True):
            at = told[told["age"] == age].set_index("method")
            ours, ladder = at.loc["forecast"], at.loc["chain ladder"]
            value, known = wape(ours, "median"), at.loc["floor"]
            line(
                f"{leads} leads, age {age}: WAPE",
                f"{value:.1f} +- {spread_of(ours):.1f} %",
                f"<= {bar} %",
                round(value) <= bar,
                f"floor {wape(known, 'median'):.1f} %, chain ladder {wape(ladder, 'median'):.0f} %; "
                f"of the mean {wape(ours):.1f}, floor {wape(known):.1f}, chain ladder {wape(ladder):.0f} %",
            )
            if age >= 8:
                line(
                    f"{leads} leads, age {age}: bias",
                    f"{bias(ours):+.1f} %",
                    "within 5 %",
                    abs(bias(ours)) <= 5,
                    f"floor {bias(at.loc['floor']):+.1f} %",
                )
            ratio = ours["crps"].mean() / ladder["crps"].mean()
            line(
                f"{leads} leads, age {age}: CRPS against chain ladder",
                f"{ratio:.2f}",
                f"<= {CRPS_BARS[age]}",
                ratio <= CRPS_BARS[age],
                f"floor {known['crps'].mean() / ladder['crps'].mean():.2f}",
            )
        for band, part in bands(told[told["method"] == "forecast"]):
            c50, c80, c90 = (100 * part[f"c{level}"].mean() for level in (50, 80, 90))
            met = 45 <= c50 <= 60 and 85 <= c90 <= 95
            line(
                f"{leads} leads, {band}: coverage of 50, 80, 90 %",
                f"{c50:.0f} {c80:.0f} {c90:.0f} %",
                "45-60, 85-95 %",
                met,
                f"WAPE {wape(part):.1f} %, bias {bias(part):+.1f} %",
            )


def judge(name: str, told: pd.DataFrame) -> None:
    """Print the bars of a world: coverage and WAPE by age band, where the forecast is not marked."""
    for band, part in bands(told):
        marked = 100 * (part.loc[part["method"] == "forecast", "reason"] != "").mean()
        kept = part[part["reason"] == ""]
        if kept.empty:
            line(f"{name}, {band}", "all marked", "", True)
            continue
        ours = kept[kept["method"] == "forecast"]
        best = min(wape(kept[kept["method"] == rival]) for rival in SIMPLE)
        c90 = 100 * ours["c90"].mean()
        # Half a point of the final number is beyond what a reader can see.
        met = c90 >= 80 and wape(ours) <= 1.1 * best + 0.5
        line(
            f"{name}, {band}: coverage of 90 %, WAPE",
            f"{c90:.0f} %, {wape(ours):.1f} %",
            f">= 80, <= {1.1 * best:.1f}",
            met,
            f"best simple {best:.1f} %, {marked:.0f} % marked",
        )


def other_worlds(count: int, pool: ProcessPoolExecutor) -> None:
    for world in worlds.others():
        told = run(world, worlds.COHORTS, count, pool)
        alarms(world.name, told, None if world.change_at else 5)
        judge(world.name, told)


def changes(count: int, pool: ProcessPoolExecutor) -> None:
    """The worlds that change, forecast some weeks after the change."""
    for world in worlds.others():
        if world.change_at is not None:
            for after in (6, 13, 26):
                told = run(world, world.change_at + after, count, pool)
                alarms(f"{world.name}, {after} weeks on", told, None)
                judge(f"{world.name}, {after} weeks on", told)


def steady_funnel(number: int) -> pd.DataFrame:
    rng = np.random.default_rng([worlds.SEED, number, 4])
    single = worlds.Funnel().draw(rng, 104)
    day = dt.date(2020, 1, 6) + dt.timedelta(weeks=104)
    reached, moved = worlds.funnel_cubes(single, 104)
    past = history(reached, worlds.STAGES, day, 104, moved=moved)
    verdicts = [reliability.judge(past, stage) for stage in worlds.STAGES]
    reasons = [reason for verdict in verdicts for reason in verdict.reasons]
    return pd.DataFrame({"method": "forecast", "reason": reasons, "replication": number})


def marks(count: int, pool: ProcessPoolExecutor) -> None:
    """Print how often a steady funnel of four stages is marked at all."""
    alarms("steady funnel of 4 stages", pd.concat(pool.map(steady_funnel, range(count), chunksize=4)))


def real_logs(_: int, __: ProcessPoolExecutor) -> None:
    for log in logs.LOGS:
        reached = logs.reached(log)
        if reached is None:
            print(f"--   {log.name}: not there (set FUNNEL_SHARED_DATA)")
            continue
        past = history(reached, [log.stage], log.end, 104, seed=worlds.SEED)
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


def money(world: worlds.World, number: int) -> tuple[float, float, float, float, float]:
    rng = np.random.default_rng([worlds.SEED, number, 1])
    leads, sales = world.draw(rng, worlds.COHORTS + 13)
    at, week = (
        worlds.COHORTS,
        np.arange(worlds.COHORTS + 13)[:, None] + np.arange(worlds.HORIZON + 1)[None, :],
    )
    size = np.array([rng.lognormal(7, 0.6, n).sum() for n in sales.ravel()]).reshape(sales.shape)
    known = worlds.seen(sales[:at])
    told = forecast(worlds.reached_frame(leads[:at], known), ["sale"], date_of(at), seed=number)
    cohort, lag = np.nonzero(known)
    paid = pd.DataFrame(
        {
            "cohort_week": pd.date_range(START, periods=at, freq="7D")[cohort],
            "lag": lag,
            "payments": known[cohort, lag],
            "amount": size[:at][cohort, lag],
        }
    )
    result = forecast_revenue(told, paid, weeks=13, seed=number)
    came = size[(week >= at) & (week < at + 13)].sum()
    total = result.total(13)
    frame = result.frame().pivot(index="week", columns="source", values="mean")
    gap = float((frame["existing"] + frame["future"] - frame["total"]).abs().max())
    return came, float(total.mean()), *np.quantile(total, [0.1, 0.9]), gap


def revenue(count: int, pool: ProcessPoolExecutor) -> None:
    for leads in (60, 250):
        table = np.array(list(pool.map(partial(money, worlds.plain(leads)), range(count), chunksize=4)))
        came, mean, low, high, gap = table.T
        share = 100 * ((low <= came) & (came <= high)).mean()
        line(
            f"{leads} leads: 13 weeks of revenue, 80 % interval covers",
            f"{share:.0f} %",
            "70-90 %",
            70 <= share <= 90,
            f"bias {100 * (mean.sum() / came.sum() - 1):+.1f} %, WAPE {100 * scores.wape(mean, came):.1f} %",
        )
        line(f"{leads} leads: existing + future - total", f"{gap.max():g}", "0", gap.max() == 0)


def funnel(leads: float, quick: float, number: int) -> pd.DataFrame:
    at = 104
    rng = np.random.default_rng([worlds.SEED, number, 2])
    single = worlds.Funnel(leads=leads, quick=quick).draw(rng, at)
    reached, moved = worlds.funnel_cubes(single, at)
    day = dt.date(2020, 1, 6) + dt.timedelta(weeks=at)
    frames = []
    for method, moves in (("ages alone", None), ("open leads", moved)):
        told = forecast(reached, worlds.STAGES, day, moved=moves, seed=number)
        for stage, one in told.stages.items():
            lag = np.floor(single[stage].replace(np.inf, 1e6)) - single["cohort"]
            actual = single["cohort"][lag <= 104].value_counts().reindex(range(at), fill_value=0).sort_index()
            frame = pd.DataFrame(
                {"method": method, "stage": stage, "age": one.fit.triangle.ages, "mean": one.mean}
            )
            frame["actual"] = actual.to_numpy(float)
            soon = single["cohort"][np.floor(single[stage].replace(np.inf, 1e6)) < at + 4].value_counts()
            frame["came"] = soon.reindex(range(at), fill_value=0).sort_index() - one.fit.triangle.reached
            frame["soon"] = one.coming[:, :4].sum(axis=1)
            frame["crps"] = scores.crps(one.draws, frame["actual"].to_numpy())
            for level in (50, 90):
                frame[f"c{level}"] = scores.coverage(one.draws, frame["actual"].to_numpy(), level / 100)
            frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def open_leads(count: int, pool: ProcessPoolExecutor) -> None:
    for leads, quick in ((100.0, 0.0), (550.0, 0.0), (550.0, 0.5)):
        told = pd.concat(pool.map(partial(funnel, leads, quick), range(count // 4)), ignore_index=True)
        for band, part in bands(told[(told["stage"] == "sale") & (told["age"] < 52)]):
            by = part.set_index("method")
            ratio = by.loc["open leads", "crps"].mean() / by.loc["ages alone", "crps"].mean()
            c50, c90 = (100 * by.loc["open leads", f"c{level}"].mean() for level in (50, 90))
            mine, of = by.loc["open leads"], ", half of them quick" if quick else ""
            line(
                f"{leads:g} leads{of}, {band}: CRPS with open leads / without",
                f"{ratio:.2f}",
                "<= 1.03",
                ratio <= 1.03,
                f"coverage {c50:.0f} {c90:.0f} %, bias {bias(by.loc[['open leads']]):+.1f} %, "
                f"in 4 weeks {mine['soon'].mean():.1f}, came {mine['came'].mean():.1f}",
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
    whole = forecast(whole_frame, ["sale"], date_of(at), seed=number)
    rows, told = [], slice_forecasts(every, whole, "sale", seed=number)
    for value, part in every.groupby("value"):
        pooled = told[str(value)]
        alone = forecast(part, ["sale"], date_of(at), seed=number).stages["sale"]
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
    told = pd.concat(pool.map(slice_world, range(count // 4)), ignore_index=True)
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
    "levels": levels,
    "worlds": other_worlds,
    "changes": changes,
    "marks": marks,
    "logs": real_logs,
    "revenue": revenue,
    "open": open_leads,
    "slices": slices,
    "speed": speed,
}


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which bars (default: all)")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--replications", type=int, default=200)
    chosen = parser.parse_args(arguments)
    with ProcessPoolExecutor(chosen.jobs) as pool:
        for part in chosen.parts or PARTS:
            began = time.perf_counter()
            PARTS[part](chosen.replications, pool)
            print(f"     {part}: {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
