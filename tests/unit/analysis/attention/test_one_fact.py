"""Which of several flags that say one fact is told, and that saying it again lets no other one in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from histories import Planted, draw

from funnel.analysis.attention.deviations import FLAG_AT, compare
from funnel.analysis.attention.one_fact import told_by
from funnel.analysis.statistics.dispersion import false_discovery

ROW = {"stage": "overall", "expected": 0.03, "kind": "history"}


def told(*rows: dict[str, object], spread: float = 0.08, others: int = 40) -> tuple[list[int], list[float]]:
    """Return what `told_by` says of rows among many that did not change."""
    calm = {**ROW, "attribute": "region", "value": "x", "change": 0.0, "base": 100, "p_value": 0.5}
    frame = pd.DataFrame([*({**ROW, **row} for row in rows), *(calm for _ in range(others))])
    frame["observed"] = frame["expected"] * (1 + frame["change"])
    weight = np.ones(len(frame))
    frame["q_value"] = false_discovery(frame["p_value"].to_numpy(float), weight)
    frame["flag"] = frame["q_value"] <= FLAG_AT
    found = told_by(frame, np.full(len(frame), spread), weight, FLAG_AT)
    return found.by.tolist()[: len(rows)], found.q_value.tolist()[: len(rows)]


def row(attribute: str, value: str, change: float, base: int, p: float, **more: object) -> dict[str, object]:
    names = {"attribute": attribute, "value": value}
    return {**names, "change": change, "base": base, "p_value": p, **more}


TOTAL = row("", "", 0.35, 10_000, 2e-4)
START = row("product", "Start", 0.50, 4_000, 2e-5)  # the surest; the others rose by 25 %


def test_a_rise_of_all_is_told_of_all_though_one_segment_shows_it_more_surely() -> None:
    assert told(START, TOTAL)[0] == [1, 1]


def test_a_rise_of_one_segment_is_told_of_it_and_makes_that_of_the_total() -> None:
    assert told(START, {**TOTAL, "change": 0.2})[0] == [0, 0]


def test_what_says_a_fact_again_counts_for_no_discovery() -> None:
    doubtful = row("manager", "Elena", -0.3, 500, 0.006, stage="target", expected=0.5)
    again = [row("product", name, 0.35, 1_500, 1e-4) for name in "abcde"]
    by, q_value = told(TOTAL, doubtful, *again)
    assert by == [0, -1, *[0] * 5]
    assert q_value[1] > FLAG_AT > 0.006 * 47 / 7  # by its rank among all it would have been one
    by, q_value = told(TOTAL, {**doubtful, "p_value": 0.001}, *again)
    assert by == [0, 1, *[0] * 5] and q_value[1] <= FLAG_AT


def test_the_other_steps_of_a_fact_say_it_of_other_segments_too() -> None:
    of_step = {"stage": "sale", "expected": 0.4}
    whole = {**TOTAL, "p_value": 1e-6}
    step = row("", "", 0.16, 1_000, 1e-3, **of_step)
    segment = row("product", "Start", 0.24, 400, 2e-4, **of_step)
    assert told(whole, step, segment)[0] == [0, 0, 0]


def test_where_a_bad_channel_closes_no_conversion_rises() -> None:
    """It brought a third of the leads and half of the conversion; those of the others are as ever."""
    bad = Planted(0, steps=(0.4, 1, 1, 1), attribute="channel", values=(0,))
    closed = Planted(68, attribute="channel", values=(0,), volume=0.05)
    for run in range(3):
        rng = np.random.default_rng([32, run])
        history = draw(rng, 550, 76, {"channel": 3, "manager": 5}, [bad, closed])
        frame = compare(history.cells(76))
        seen = frame[(frame["attribute"] == "") & (frame["q_value"] <= FLAG_AT)]
        assert "target" in set(seen["stage"]) and set(seen["same_as"]) == {"mix:channel"}
        assert frame.loc[frame["flag"], "stage"].tolist() == []
        blind = compare(replace(history, codes={"manager": history.codes["manager"]}).cells(76))
        assert blind.loc[blind["flag"], "attribute"].tolist()[:1] == [""]  # nobody knows why


def test_in_histories_where_everybody_s_conversion_falls_the_first_flag_is_of_all() -> None:
    first = []
    for run in range(6):
        history = draw(np.random.default_rng([31, run]), 550, 76, planted=[Planted(68, steps=(1, 1, 0.7, 1))])
        frame = compare(history.cells(76))
        flags = frame[frame["flag"]].sort_values("p_value")
        first += [bool((flags["attribute"] == "").any()), len(flags) <= 3]
    assert all(first)
