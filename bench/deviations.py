"""Flags that can be trusted: false alarms without any change, planted drops found, planted episodes named.

    python bench/deviations.py [--part null|naive|drop|late|shapes] [--runs 100]

Prints bar and value, line by line; exit code 1 where a bar is missed. Run r of a part uses numpy's
default_rng with the seed [SEED, number of the part, r].
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from histories import STEPS, Planted, draw
from worlds import HORIZON, plain

from funnel.analysis.attention.deviations import compare
from funnel.analysis.attention.shapes import look

SEED = 20220926
Line = tuple[str, str, str, bool | None]
"""What, bar, value, whether it holds (None: for information)."""
FIRST, LAST, EVERY = 66, 84, 3
"""Report dates of a history without change, in weeks since its first cohort."""


def null(runs: int) -> Iterator[Line]:
    """No change at all: common and own shocks of the weeks, 40 segments."""
    for leads in (60, 250, 550):
        weeks, cells = [], []
        for run in range(runs // 2):
            rng = np.random.default_rng([SEED, 1, leads, run])
            common, own = ((0.10, 0.0), (0.20, 0.0), (0.0, 0.10))[run % 3]
            history = draw(rng, leads, LAST, sigma=common, own_sigma=own)
            for at in range(FIRST, LAST + 1, EVERY):
                flags = compare(history.cells(at))["flag"]
                weeks.append(bool(flags.any()))
                cells.append(float(flags.mean()))
        what = f"no change, {leads} leads a week, {len(weeks)} weeks"
        yield f"{what}: weeks with any flag", "<= 10 %", f"{np.mean(weeks):.1%}", np.mean(weeks) <= 0.10
        yield f"{what}: false flags among cells", "<= 5 %", f"{np.mean(cells):.2%}", np.mean(cells) <= 0.05


def naive(runs: int) -> Iterator[Line]:
    """The usual rules, in the plain world of bench/worlds.py: cohort of age 4 against the 13 before it."""
    raw, equal = [], []
    for run in range(10 * runs):
        leads, sales = plain(250).draw(np.random.default_rng([SEED, 2, run]))
        done = np.cumsum(sales, axis=1)
        newest = len(leads) - 1 - 4
        before = np.arange(newest - 13, newest)
        ages = np.minimum(len(leads) - 1 - before, HORIZON)
        now = (done[newest, 4], leads[newest])
        raw.append(_differs(*now, done[before, ages].sum(), leads[before].sum()))
        equal.append(_differs(*now, done[before, 4].sum(), leads[before].sum()))
    yield "naive rule, one cell: this cohort against the last 13", "(38-41 %)", f"{np.mean(raw):.1%}", None
    yield "the same at equal age, no over-dispersion", "(12-13 %)", f"{np.mean(equal):.1%}", None


def _differs(x: int, n: int, y: int, m: int) -> bool:
    pooled = (x + y) / (n + m)
    return bool(abs(x / n - y / m) > 1.96 * np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m)))


def _found(run: int, step: int, part: int) -> tuple[bool, float]:
    """Return whether one manager's drop of 30 % is flagged within six weeks, and what was detectable."""
    steps = tuple(0.7 if number == step else 1.0 for number in range(4))
    planted = Planted(72, steps=steps, attribute="manager", values=(run % 10,))  # type: ignore[arg-type]
    history = draw(np.random.default_rng([SEED, part, run]), 550, 78, planted=[planted])
    detectable = float("nan")
    for at in range(78, 72, -1):
        frame = compare(history.cells(at))
        mine = (frame["attribute"] == "manager") & (frame["value"] == f"{run % 10:02}")
        row = frame[mine & (frame["stage"] == STEPS[step + 1])].iloc[0]
        detectable = float(row["mde"]) if at == 78 else detectable
        if row["flag"] and row["change"] < 0:
            return True, detectable
    return False, detectable


def drop(runs: int) -> Iterator[Line]:
    """A drop of 30 % in lead to target of one of ten managers."""
    found = [_found(run, 0, 3)[0] for run in range(2 * runs)]
    what = f"lead to target -30 % of one of ten managers, 550 leads, {2 * runs} runs: found within 6 weeks"
    yield what, ">= 80 %", f"{np.mean(found):.1%}", np.mean(found) >= 0.8


def late(runs: int) -> Iterator[Line]:
    """The same in the later steps: power beside what was detectable."""
    for step in (1, 2, 3):
        results = [_found(run, step, 4 + step) for run in range(runs // 2)]
        power, detectable = np.mean([seen for seen, _ in results]), np.mean([size for _, size in results])
        yield (
            f"{STEPS[step]} to {STEPS[step + 1]} -30 %: found (detectable)",
            "",
            f"{power:.1%} ({detectable:.0%})",
            None,
        )


EPISODES = {
    "overload": Planted(66, 70, (0.88, 0.80, 0.88, 0.95), volume=1.45),
    "market": Planted(66, 72, (0.95, 0.92, 0.85, 0.70)),
    "hidden_launch": Planted(66, 71, (0.65, 0.80, 1.0, 1.0), "channel", (2,), 2.2),
}


def shapes(runs: int) -> Iterator[Line]:
    """The demo's overload and competitor, and a launch that doubles a channel's leads with worse ones."""
    for name, planted in EPISODES.items():
        right = []
        for run in range(runs):
            rng = np.random.default_rng([SEED, 10, len(name), run])
            history = draw(rng, 550, 74, {"channel": 6, "manager": 8}, [planted])
            named = {shape.name for at in range(70, 73) for shape in look(history.cells(at))}
            right.append(named == {name})
        yield (
            f"{name}, 550 leads, {runs} runs: named rightly",
            ">= 80 %",
            f"{np.mean(right):.1%}",
            np.mean(right) >= 0.8,
        )
    false = [
        bool(list(look(history.cells(at))))
        for run in range(runs // 2)
        for history in [draw(np.random.default_rng([SEED, 11, run]), 550, 74, {"channel": 6, "manager": 8})]
        for at in range(50, 75, 4)
    ]
    yield f"no episode, {len(false)} weeks: something named", "", f"{np.mean(false):.1%}", None


PARTS: dict[str, Callable[[int], Iterator[Line]]] = {
    "null": null, "naive": naive, "drop": drop, "late": late, "shapes": shapes,
}  # fmt: skip


def show(
    parts: Mapping[str, Callable[[int], Iterator[Line]]], parser: argparse.ArgumentParser | None = None
) -> int:
    """Run the parts asked for and print their lines; return 1 where a bar is missed.

    `parser` may know options of its own.
    """
    parser = parser or argparse.ArgumentParser()
    parser.add_argument("--part", choices=list(parts), action="append")
    parser.add_argument("--runs", type=int, default=100)
    asked = parser.parse_args()
    missed = 0
    for name in asked.part or parts:
        start = time.perf_counter()
        for what, bar, value, holds in parts[name](asked.runs):
            mark = "" if holds is None else "ok" if holds else "MISSED"
            missed += holds is not None and not holds
            print(f"{what:<86} {bar:>10} {value:>16} {mark}", flush=True)
        print(f"  ({name}: {time.perf_counter() - start:.0f} s)", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(show(PARTS))
