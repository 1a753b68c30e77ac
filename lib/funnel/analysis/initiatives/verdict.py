"""What became of a hypothesis, in a word; and how good our guesses are."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

Verdict = Literal["confirmed", "partly", "refuted", "no effect seen", "too early", "cannot be told"]
VERDICTS: tuple[Verdict, ...] = (
    "confirmed", "partly", "refuted", "no effect seen", "too early", "cannot be told",
)  # fmt: skip


def seen(low: float, high: float) -> bool:
    """Tell whether a change is seen: its 90 % interval leaves out zero. Verdict and money follow it."""
    return low > 0 or high < 0


def verdict(expected: float, measured: float, low: float, high: float) -> Verdict:
    """Judge one hypothesis after its date of reading.

    Confirmed: `seen`, in the expected direction (chance alone does that in 5 % of cases), and the expected
    size fits the 90 % interval or is surpassed. Partly: seen, but smaller than expected. Refuted: seen in
    the other direction, or not seen and the expected size lies outside the interval. No effect seen:
    neither nothing nor the expected size can be excluded.

    >>> verdict(0.2, 0.18, 0.1, 0.27), verdict(0.2, 0.08, 0.03, 0.13)
    ('confirmed', 'partly')
    >>> verdict(0.2, 0.01, -0.06, 0.08), verdict(0.2, 0.1, -0.06, 0.28)
    ('refuted', 'no effect seen')
    """
    changed, right = seen(low, high), measured * expected > 0
    reached = high >= expected if expected > 0 else low <= expected
    if changed and right:
        return "confirmed" if reached else "partly"
    if changed or not low <= expected <= high:
        return "refuted"
    return "no effect seen"


def scoreboard(impact: pd.DataFrame) -> pd.DataFrame:
    """Sum up the hypotheses of every initiative.

    Args:
        impact: the frame of `impact.impact`.

    Returns:
        One row per initiative, and one with the empty name for all: `initiative`, `hypotheses`, one
        column per verdict (`confirmed`, `partly`, `refuted`, `no_effect_seen`, `too_early`,
        `cannot_be_told`: how many hypotheses), `inside` (share of the answered ones whose expected change
        lies in the interval), `boldness` (sum of the expected relative changes over that of the measured
        ones, of the answered ones, each counted in the direction that was expected: 1.5 is promised half
        as much again as came; NaN if nothing came that way), `verdict` (of the initiative; empty for all).
    """
    tested = impact[impact["expected_change"].notna()]
    groups = [(str(name), rows) for name, rows in tested.groupby("initiative", sort=False)]
    rows = [_score(name, part) for name, part in [*groups, ("", tested)]]
    return pd.DataFrame(rows)


def _score(name: str, part: pd.DataFrame) -> dict[str, object]:
    answered = part[part["verdict"].isin(["confirmed", "partly", "refuted", "no effect seen"])]
    inside = answered["expected_change"].between(answered["low"], answered["high"])
    came = float((answered["measured_change"] * np.sign(answered["expected_change"])).sum())
    return {
        "initiative": name,
        "hypotheses": len(part),
        **{word.replace(" ", "_"): int((part["verdict"] == word).sum()) for word in VERDICTS},
        "inside": float(inside.mean()) if len(answered) else float("nan"),
        "boldness": float(answered["expected_change"].abs().sum() / came) if came > 0 else float("nan"),
        "verdict": whole(part["verdict"].tolist()) if name else "",
    }


def whole(verdicts: list[str]) -> Verdict:
    """Return the verdict on an initiative from those on its hypotheses.

    Confirmed if all are (those not told aside); too early while one is; refuted if one is and none came true.

    >>> whole(["confirmed", "partly"]), whole(["confirmed", "too early"])
    ('partly', 'too early')
    >>> whole(["refuted", "no effect seen"])
    'refuted'
    """
    told = [word for word in verdicts if word != "cannot be told"]
    if not told:
        return "cannot be told"
    if "too early" in told:
        return "too early"
    if all(word == "confirmed" for word in told):
        return "confirmed"
    if "confirmed" in told or "partly" in told:
        return "partly"
    return "refuted" if "refuted" in told else "no effect seen"
