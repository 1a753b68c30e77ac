"""The forecast as it is printed, in invented companies: `python bench/printed.py [--short] [--seeds N] ...`.

Every history is made lead by lead (`companies`, `catalogue`), its cubes are cut as the warehouse cuts them
(`cuts`), and the function that the report's pages call forecasts (`printed_history.page`). What it tells is
held against what those leads will do: the sales still to come, their intervals, the marks, the revenue of 13
weeks, the lifetime values. Beside it stand the simple methods, and the floor: who knows the law of the leads
and where each of them stands.

`WAPE` is of the final number of cohorts up to 25 weeks old, from means. `covers` counts cohorts of which at
least one sale is still due by the law; it is the mean of a randomised PIT. `worst` are the lowest and highest
told / true of one report date. A star: beyond the bar by two standard errors.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from fnmatch import fnmatch
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
sys.path.insert(0, str(Path(__file__).parent))

import pandas as pd  # noqa: E402
from catalogue import SHORT, WORLDS  # noqa: E402
from printed_history import SOURCES, score  # noqa: E402
from printed_measures import BANDS, measure, name_of  # noqa: E402

from funnel.analysis.forecast.chainladder import SIMPLE  # noqa: E402

SEEDS, SHORT_SEEDS = 40, 6
BAND_NAMES = [name_of(band) for band in BANDS]


def world(name: str, seeds: int, pool: ProcessPoolExecutor | None) -> pd.DataFrame:
    """Return the measures of a world."""
    jobs = [(name, number) for number in range(seeds)]
    scored = list(pool.map(score, jobs, chunksize=2) if pool else map(score, jobs))
    kinds = ("cells", "money", "worth", "dates")
    found = {kind: [one[kind] for one in scored if len(one.get(kind, ()))] for kind in kinds}
    frames = {kind: pd.concat(parts) if parts else pd.DataFrame() for kind, parts in found.items()}
    for error, part in frames["dates"].query("error != ''").groupby("error"):
        print(f"{name}: no forecast on {len(part)} dates: {error}", file=sys.stderr)
    return measure(WORLDS[name], frames)


class Line:
    """The measures of a world, as a row of a printed table."""

    def __init__(self, measures: pd.DataFrame) -> None:
        self.of = measures.set_index(["measure", "of"])

    def text(self, measure: str, of: str = "", form: str = "{:+.0f}", error: bool = False) -> str:
        """Return a value in per cent, with its standard error and a star where the bar is missed."""
        if (measure, of) not in self.of.index:
            return "-"
        row = self.of.loc[(measure, of)]
        if pd.isna(row["value"]):
            return "-"
        told = form.format(100 * row["value"])
        if error and pd.notna(row["error"]):
            told += f"±{100 * row['error']:.0f}"
        return told + ("" if row["met"] else "*")

    def plain(self, measure: str, of: str, form: str) -> str:
        """Return a value as it is."""
        if (measure, of) not in self.of.index:
            return "-"
        row = self.of.loc[(measure, of)]
        return form.format(row["value"]) + ("" if row["met"] else "*")


def sales(name: str, line: Line) -> dict[str, str]:
    """Return the row of the table of sales."""
    worst = [line.plain("to come: told / true", of, "{:.3g}") for of in ("lowest", "highest")]
    found = {
        "world": name,
        "to come %": line.text("to come: bias", error=True),
        "of floor %": line.text("to come: bias", "against the floor", error=True),
        "worst": " ".join(worst),
        "WAPE %": line.text("WAPE", "forecast", "{:.1f}"),
        **{
            of: line.text("WAPE", key, "{:.1f}")
            for key, of in zip((*SIMPLE, "floor"), ("c.ladder", "B-F", "old conv", "floor"), strict=True)
        },
        **{f"cov {level}": line.text(f"covers {level}", "", "{:.0f}", error=True) for level in (50, 80, 90)},
        **{f"90: {band}": line.text("covers 90", band, "{:.0f}") for band in BAND_NAMES},
    }
    return found | {
        "marked: dates": line.text("marked", "dates", "{:.0f}"),
        "young": line.text("marked", "0-25", "{:.0f}"),
        "broken": line.plain("invariants broken", "rows", "{:.0f}"),
        "failed": line.plain("no forecast", "dates", "{:.0f}"),
        "s": line.plain("seconds", "a date", "{:.1f}"),
    }


def revenue(name: str, line: Line) -> dict[str, str]:
    """Return the row of the table of revenue and lifetime value."""
    products = [of for measure, of in line.of.index if measure == "worth: error"]
    worth = {
        "lifetime value, error": " ".join(line.text("worth: error", of, error=True) for of in products),
        "covers": " ".join(line.text("worth: covers 90", of, "{:.0f}") for of in products),
    }
    return {
        "world": name,
        **{f"{of}: bias %": line.text("revenue: bias", of, error=True) for of in SOURCES},
        **{f"{of}: covers": line.text("revenue: covers 80", of, "{:.0f}", error=True) for of in SOURCES},
        "known": line.text("revenue: known", "dates", "{:.0f}"),
        **worth,
    }


def table(rows: Iterable[dict[str, str]]) -> str:
    """Return rows as an aligned table."""
    frame = pd.DataFrame(rows)
    cells = [list(frame.columns), *frame.to_numpy().tolist()]
    wide = [max(len(str(row[n])) for row in cells) for n in range(len(cells[0]))]
    lines = [
        "  ".join(str(text).rjust(width) if n else str(text).ljust(width) for n, (text, width) in pairs)
        for pairs in (list(enumerate(zip(row, wide, strict=True))) for row in cells)
    ]
    return "\n".join(lines)


def chosen(wanted: str, short: bool) -> list[str]:
    """Return the worlds asked for, in the order of the catalogue; a name may be a pattern.

    Raises:
        SystemExit: nothing has such a name.
    """
    if not wanted:
        return [name for name in WORLDS if not short or name in SHORT]
    patterns = wanted.split(",")
    unknown = [one for one in patterns if not any(fnmatch(name, one) for name in WORLDS)]
    if unknown:
        raise SystemExit(f"no world is called {', '.join(unknown)}; there are {', '.join(WORLDS)}")
    return [name for name in WORLDS if any(fnmatch(name, one) for one in patterns)]


def main(arguments: Sequence[str]) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, help=f"histories a world ({SEEDS}; short: {SHORT_SEEDS})")
    parser.add_argument("--worlds", default="", help="names, separated by commas; * stands for anything")
    parser.add_argument("--short", action="store_true", help="some worlds, few histories: under 10 minutes")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--csv", type=Path, help="write every measure there too")
    asked = parser.parse_args(arguments)
    seeds, found = asked.seeds or (SHORT_SEEDS if asked.short else SEEDS), []
    pool = ProcessPoolExecutor(asked.jobs) if asked.jobs > 1 else None
    for name in chosen(asked.worlds, asked.short):
        began = time.perf_counter()
        found.append(world(name, seeds, pool))
        if asked.csv:
            pd.concat(found).to_csv(asked.csv, index=False)
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    if pool:
        pool.shutdown()
    lines = {str(one["world"].iloc[0]): Line(one) for one in found}
    print(f"{seeds} histories a world. Sales still to come, final numbers, intervals, marks:\n")
    print(table(sales(name, line) for name, line in lines.items()))
    print("\nRevenue of 13 weeks, its 80 % interval; lifetime value by product, its 90 % interval:\n")
    print(table(revenue(name, line) for name, line in lines.items()))
    missed = pd.concat(found).query("met == False")
    print(f"\n{len(missed)} bars missed in {missed['world'].nunique()} of {len(lines)} worlds")


if __name__ == "__main__":
    main(sys.argv[1:])
