"""Initiatives measured where the truth is known: placebos, planted effects, overlaps, the demo.

    python bench/impact.py [--part placebo|season|planted|brief|overlap|demo] [--runs 100]

Prints bar and value, line by line; exit code 1 where a bar is missed. Seeds as in bench/deviations.py.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import pandas as pd
from deviations import SEED, Line, show
from histories import History, Planted, draw, monday, reached_of

from funnel.analysis.attention.deviations import deviations
from funnel.analysis.attention.shapes import shapes
from funnel.analysis.initiatives.impact import Measured, impact, measure
from funnel.analysis.initiatives.power import SEEN_IN
from funnel.analysis.initiatives.verdict import seen as is_seen
from funnel.analysis.initiatives.verdict import verdict, whole
from funnel.logbook import Cost, Hypothesis, Initiative
from funnel.simulate import DEMO, INITIATIVES, World, simulate

START, WEEKS = 52, 96
STEPS = ("lead", "target", "qualified", "proposal", "sale")
SEGMENTS = {"channel": 4, "manager": 8}


def initiative(
    name: str, expected: dict[str, float], start: int = START, scope: dict[str, tuple[str, ...]] | None = None
) -> Initiative:
    hypotheses = tuple(Hypothesis(metric=metric, change=change) for metric, change in expected.items())
    return Initiative(
        id=name, title=name, owner="bench", start=monday(start), scope=scope or {}, hypotheses=hypotheses,
        cost=Cost(money=Decimal(1000)),
    )  # fmt: skip


def read_at(history: History, item: Initiative, metric: str) -> Measured:
    """Measure one metric when all its weeks have the age that was planned before the start."""
    planned = measure(history.cells(START), item, [item], only=metric)[1][0].power
    seen = history.cells(START + item.weeks_after + planned.age)
    return measure(seen, item, [item], only=metric)[1][0]


def placebo(runs: int) -> Iterator[Line]:
    """Nothing happened at all; half of them for everybody, half for one channel or two managers."""
    hypotheses = (
        {"target_rate": 0.1},
        {"overall_rate": 0.3},
        {"qualified_rate": 0.1, "overall_rate": 0.2},
        {"sale_rate": 0.15},
    )
    scopes = ({}, {"channel": ("01",)}, {}, {"manager": ("01", "02")})
    confirmed, seen = 0, []
    for run in range(2 * runs):
        rng = np.random.default_rng([SEED, 20, run])
        history = draw(rng, (60, 250, 550)[run % 3], 84, SEGMENTS, sigma=(0.1, 0.2)[run % 2])
        item = initiative("placebo", hypotheses[run // 3 % 4], scope=scopes[run % 4])
        table = history.cells(84)
        words = []
        for part in measure(table, item, [item])[1]:
            if part.fitted is None:
                continue
            p = part.fitted.p_value(part.placebo.inflate)
            seen.append(p < 0.05)
            if part.expected is not None:
                low, high = part.fitted.interval(inflate=part.placebo.inflate)
                told = verdict(part.expected, part.fitted.change, low, high)
                words.append("cannot be told" if part.varies else told)
        confirmed += whole(list(words)) == "confirmed"
    share = confirmed / (2 * runs)
    yield f"{2 * runs} placebo initiatives: confirmed", "<= 5 %", f"{share:.1%}", share <= 0.05
    yield f"  all {len(seen)} metrics of them: p below 5 %", "", f"{np.mean(seen):.1%}", None


def season(runs: int) -> Iterator[Line]:
    """Nothing happened, conversions have a season, two years of log: what is confirmed, told and held."""
    for amplitude, told_bar in ((0.0, 0.9), (0.15, 0.6), (0.35, None)):
        for scope in ({}, {"channel": ("01",)}):
            confirmed, told, inside = [], [], []
            for run in range(runs):
                rng = np.random.default_rng([SEED, 23, round(100 * amplitude), len(scope), run])
                start = 104 + 4 * (run % 13)
                history = draw(rng, (250, 550)[run % 2], start + 30, SEGMENTS, season=amplitude)
                item = initiative("nothing", {"target_rate": 0.3}, start, scope)
                part = measure(history.cells(start + 30), item, [item], only="target_rate")[1][0]
                if part.power.power < SEEN_IN:
                    continue
                told.append(not part.varies)
                if part.fitted is None or part.varies:
                    confirmed.append(False)
                    continue
                low, high = part.fitted.interval(inflate=part.placebo.inflate)
                confirmed.append(verdict(0.3, part.fitted.change, low, high) == "confirmed")
                inside.append(low <= 0 <= high)
            what = f"season +-{amplitude:.0%}, {'one channel' if scope else 'everybody'}, {len(told)} runs"
            share, of_told = float(np.mean(confirmed)), float(np.mean(told))
            yield f"{what}: confirmed", "<= 5 %", f"{share:.1%}", share <= 0.05
            bar = "" if told_bar is None else f">= {told_bar:.0%}"
            yield f"{what}: told", bar, f"{of_told:.0%}", None if told_bar is None else of_told >= told_bar
            cover = float(np.mean(inside)) if inside else float("nan")
            yield f"{what}: 90 % intervals hold 0", "85-95 %", f"{cover:.1%}", bool(0.85 <= cover <= 0.95)


def planted(runs: int) -> Iterator[Line]:
    """+30 % on lead to target (all of it in the whole), before and after, and against other channels."""
    for leads in (60, 250):
        covered = []
        for values in ((), (1, 2)):
            scope = {"channel": tuple(f"{value:02}" for value in values)} if values else {}
            effect = Planted(
                START, steps=(1.3, 1.0, 1.0, 1.0), attribute="channel" if values else "", values=values
            )
            for metric in ("overall_rate", "target_rate"):
                inside, seen, promised = [], [], []
                for run in range(2 * runs):
                    rng = np.random.default_rng([SEED, 21, leads, len(values), len(metric), run])
                    history = draw(rng, leads, WEEKS, SEGMENTS, [effect])
                    part = read_at(history, initiative("more", {metric: 0.3}, scope=scope), metric)
                    promised.append(part.power.power)
                    low, high = (
                        part.fitted.interval(inflate=part.placebo.inflate) if part.fitted else (0.0, 0.0)
                    )
                    inside.append(low <= 0.3 <= high)
                    seen.append(part.fitted is not None and is_seen(low, high))
                covered += inside
                what = f"+30 % {metric}, {leads} leads, {'two of four channels' if values else 'everybody'}"
                power, promise = np.mean(seen), np.nanmean(promised)
                close = abs(power - promise) <= 0.10
                yield f"{what}: seen (promised)", "+-10", f"{power:.0%} ({promise:.0%})", bool(close)
                yield f"{what}: 90 % intervals cover", "", f"{np.mean(inside):.1%}", None
        share = np.mean(covered)
        what = f"+30 %, {leads} leads, {len(covered)} runs: 90 % intervals cover"
        yield what, "85-95 %", f"{share:.1%}", bool(0.85 <= share <= 0.95)


def brief(runs: int) -> Iterator[Line]:
    """The three initiatives of the brief in the demo's world, other seeds: every step and the whole."""
    world = World(weeks=108)
    inside: dict[str, list[bool]] = {}
    signs = []
    for run in range(runs // 4):
        cube = reached_of(simulate(world, seed=1000 + run), dt.date(2022, 9, 26), ("channel", "manager"))
        for name, low, high, change, truth, expected in _measured(cube):
            inside.setdefault(name, []).append(low <= truth <= high)
            if expected:
                signs.append(change * truth > 0)
    for name, kept in inside.items():
        yield f"  {name}: truth inside", "", f"{np.mean(kept):.1%}", None
    share = np.mean(np.concatenate(list(inside.values())))
    what = f"the brief's three in {runs // 4} other histories, every step and the whole: truth inside"
    yield what, "85-95 %", f"{share:.1%}", bool(0.85 <= share <= 0.95)
    yield "  their hypotheses: right sign", "", f"{np.mean(signs):.1%}", None


def _of_demo() -> list[Initiative]:
    """The demo's initiatives, as planted."""
    items = []
    for effect in INITIATIVES:
        factors = {f"{stage}_rate": factor - 1 for stage, factor in zip(STEPS[1:], effect.steps, strict=True)}
        factors["overall_rate"] = effect.lead_to_sale - 1
        expected = {metric: change for metric, change in factors.items() if abs(change) > 0.03}
        item = initiative(
            effect.id, expected, scope={effect.attribute: effect.values} if effect.attribute else {}
        )
        items.append(item.model_copy(update={"start": effect.start}))
    return items


def _measured(cube: pd.DataFrame) -> Iterator[tuple[str, float, float, float, float, bool]]:
    """Return initiative, limits, change, planted change and whether it was a hypothesis, metric by metric."""
    truths = {effect.id: effect for effect in INITIATIVES}
    frame = impact(cube, STEPS, dt.date(2022, 9, 26), _of_demo())
    for row in frame.to_dict("records"):
        effect = truths[row["initiative"]]
        factors = dict(zip((f"{stage}_rate" for stage in STEPS[1:]), effect.steps, strict=True))
        truth = factors.get(row["metric"], effect.lead_to_sale) - 1
        expected = not np.isnan(row["expected_change"])
        yield row["initiative"], row["low"], row["high"], row["measured_change"], truth, expected


def demo(_: int) -> Iterator[Line]:
    """The demo itself, and the time of everything on it."""
    cube = reached_of(simulate(DEMO), dt.date(2022, 9, 26), ("channel", "manager", "product", "region"))
    rows = list(_measured(cube))
    inside = sum(low <= truth <= high for _, low, high, _, truth, _ in rows)
    yield (
        "demo's three, every step and the whole: truth inside",
        "all",
        f"{inside} of {len(rows)}",
        inside == len(rows),
    )
    signs = [change * truth > 0 for _, _, _, change, truth, expected in rows if expected]
    yield "demo's three, every hypothesis: right sign", "all", f"{sum(signs)} of {len(signs)}", all(signs)
    start = time.perf_counter()
    items = _of_demo()
    deviations(cube, STEPS, dt.date(2022, 9, 26), initiatives=items)
    shapes(cube, STEPS, dt.date(2022, 9, 26), initiatives=items)
    impact(cube, STEPS, dt.date(2022, 9, 26), items)
    seconds = time.perf_counter() - start
    yield "deviations, shapes and impact of the demo, once", "<= 10 s", f"{seconds:.1f} s", seconds <= 10


def overlap(runs: int) -> Iterator[Line]:
    """Two initiatives in one week: in different channels, and in the same."""
    inside, refused = [], []
    for run in range(runs // 5):
        effects = [
            Planted(START, steps=(1.3, 1.0, 1.0, 1.0), attribute="channel", values=(0,)),
            Planted(START, steps=(0.8, 1.0, 1.0, 1.0), attribute="channel", values=(1,)),
        ]
        history = draw(np.random.default_rng([SEED, 22, run]), 550, 84, SEGMENTS, effects)
        table = history.cells(84)
        two = [
            initiative("up", {"target_rate": 0.3}, scope={"channel": ("00",)}),
            initiative("down", {"target_rate": -0.2}, scope={"channel": ("01",)}),
        ]
        for item, truth in zip(two, (0.3, -0.2), strict=True):
            part = measure(table, item, two)[1][0]
            assert part.fitted is not None
            low, high = part.fitted.interval(inflate=part.placebo.inflate)
            inside.append(low <= truth <= high and part.fitted.change * truth > 0)
        same = [two[0], initiative("other", {"target_rate": 0.1}, scope={"channel": ("00",)})]
        refused += [measure(table, item, same)[0].reason.startswith("overlap:") for item in same]
    yield (
        "two at once in different channels: right sign and truth inside",
        ">= 80 %",
        f"{np.mean(inside):.0%}",
        np.mean(inside) >= 0.8,
    )
    yield (
        "two at once in the same channel: said to be inseparable",
        "all",
        f"{np.mean(refused):.0%}",
        all(refused),
    )


PARTS = {
    "placebo": placebo,
    "season": season,
    "planted": planted,
    "brief": brief,
    "overlap": overlap,
    "demo": demo,
}

if __name__ == "__main__":
    sys.exit(show(PARTS))
