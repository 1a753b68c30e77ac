"""What is promised of speed and size, in one table: `make bench`, or `python bench/promises.py [--big]`.

Each row is measured anew, beside what one would use instead in the same run where there is such a thing: the
promise, its bar, the figure, the figure as a multiple of what stands beside it, and whether the bar is met.
With `--big` also 10 million leads, which takes 5 GB of disk and half an hour. Seconds are of processor: other
work on the machine makes them more, a ratio much less so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cube
import report
import scale
import startup

ROWS = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Promise:
    """One row.

    Attributes:
        what: is promised.
        bar: at most so much, or at least where `least`.
        unit: of bar and figure.
        figure: what was measured.
        beside: what was measured of what one would use instead, and its name.
        least: the bar is a lower one.
    """

    what: str
    bar: float
    unit: str
    figure: float
    beside: tuple[str, float] | None = None
    least: bool = False

    @property
    def met(self) -> bool:
        return self.figure >= self.bar if self.least else self.figure <= self.bar

    @property
    def cells(self) -> ROWS:
        sign = ">=" if self.least else "<="
        other = f"{self.beside[0]}: {self.beside[1]:.2f}" if self.beside else ""
        short = "" if self.met else f"MISSED, {abs(self.figure / self.bar - 1):.0%}"
        return (
            self.what,
            f"{sign} {self.bar:g} {self.unit}",
            f"{self.figure:.2f} {self.unit}",
            other,
            short or "met",
        )


def of_cube(leads: int) -> Iterator[Promise]:
    """The cube beside hand-written SQL, pandas, and Polars where it is installed."""
    found = cube.compared(leads)
    ours, size = found["funnel"], f"cube of {leads / 1e6:g} million leads"
    for name, one in found.items():
        ratio = ours["cpu"] / one["cpu"]
        beside = (f"{name}, s", one["cpu"])
        if name == "sql":
            yield Promise(f"{size}: beside SQL by hand", 1.15, "x", ratio, beside)
            yield Promise(
                f"{size}: memory beside SQL by hand", 1.15, "x", ours["gb"] / one["gb"], ("GB", one["gb"])
            )
        elif name == "pandas":
            yield Promise(f"{size}: faster than pandas", 5, "x", 1 / ratio, beside, least=True)
        elif name == "polars":
            yield Promise(f"{size}: beside Polars, lazy", float("inf"), "x", ratio, beside)


def of_startup() -> Iterator[Promise]:
    for what, bar, own, other in startup.measured():
        yield Promise(f"{what}: beside what it cannot do without", bar, "x", own / other, ("s", other))


def of_report() -> Iterator[Promise]:
    for what, seconds, bar in report.measured():
        if bar is not None:
            yield Promise(f"demo, {what} (by the clock)", bar, "s", seconds)


def of_scale(leads: int) -> Iterator[Promise]:
    """The commands of a week; bars are of a quiet machine with 2 cores."""
    with tempfile.TemporaryDirectory() as name:
        for letter, what, seconds, _, memory in scale.measured(leads, Path(name)):
            size = f"{leads / 1e6:g} million leads, {what}"
            if bar := scale.BARS[leads].get(letter):
                yield Promise(f"{size}: time", bar[0], "s", seconds)
                if bar[1]:
                    yield Promise(f"{size}: memory", bar[1], "GB", memory)


def shown(promises: Iterable[Promise]) -> bool:
    """Print the table as it grows, then what falls short; return whether nothing does."""
    print("| promise | bar | figure | beside it | |", "|---|---|---|---|---|", sep="\n", flush=True)
    missed = []
    for one in promises:
        print(f"| {' | '.join(one.cells)} |", flush=True)
        missed += [] if one.met else [one.what]
    print("\nFalls short:", "; ".join(missed) or "nothing")
    return not missed


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--big", action="store_true", help="also 10 million leads")
    sizes = (1_000_000, 10_000_000) if parser.parse_args().big else (1_000_000,)

    def every() -> Iterator[Promise]:
        yield from of_startup()
        yield from of_report()
        for leads in sizes:
            yield from of_cube(leads)
            yield from of_scale(leads)

    sys.exit(0 if shown(every()) else 1)


if __name__ == "__main__":
    main()
