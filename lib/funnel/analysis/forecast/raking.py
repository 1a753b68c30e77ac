"""Expected sales of every combination of attributes: by where its open leads stand, raked to the forecasts.

An open lead brings what open leads bring that stand where it stands, and have stood there as long (`states`);
a lost one brings nothing. A combination's promises are scaled until they add up, cohort by cohort, to the
forecast of the total and of every segment (`slices_forecast`): iterative proportional fitting (Deming and
Stephan 1940). None is given more than its open leads, except in a cohort whose few open leads cannot meet the
forecasts of all segments at once. An attribute with too many values to be forecast by value has the sums of
what the combinations have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.cube.groups import distinct
from funnel.analysis.forecast.final import Forecast, StageForecast
from funnel.analysis.forecast.states import worth
from funnel.settings import LEAD

Floats = npt.NDArray[np.float64]
Groups = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

COMING_COLUMNS = ("attribute", "value", "cohort_week", "coming")
"""One row per cohort and segment; an empty attribute is the total. `coming`: expected conversions to the last
stage from the report date to the horizon, of leads that are there now."""
WORTH_COLUMNS = ("attribute", "value", "cohort_week", "stage", "entered", "chance")
"""One row per cohort and place in which open leads stand. `entered`: weeks from the cohort's to that in which
they came there. `chance`: that one of them reaches the last stage within the horizon. By the values of the
attribute by which leads are forecast apart; both are empty if they are not."""
_OPEN, _SPARE = 1e-6, 1e-3
"""What an open lead without any promise counts for, and any lead where the forecasts fit no otherwise."""
_SWEEPS = 150
_CLOSE = 1e-6


def coming(whole: Forecast, slices: Mapping[str, Mapping[str, StageForecast]]) -> pd.DataFrame:
    """Return what is to come of the total and of segments (`COMING_COLUMNS`).

    Args:
        whole: the forecast of the total.
        slices: by attribute and value, the forecast of the last stage (`slices_forecast.slice_forecasts`).
    """
    total = list(whole.stages.values())[-1]
    parts = [("", "", total)]
    parts += [(name, value, one) for name, told in slices.items() for value, one in told.items()]
    frames = []
    for name, value, one in parts:
        seen = one.fit.triangle
        frame = pd.DataFrame({"cohort_week": seen.weeks, "coming": one.coming.sum(axis=1)})
        keep = (seen.ages >= 0) & ((seen.leads > 0) | (name == ""))
        frames.append(frame[keep].assign(attribute=name, value=value))
    return pd.concat(frames, ignore_index=True)[list(COMING_COLUMNS)]


def open_worth(whole: Forecast, moved: pd.DataFrame) -> pd.DataFrame:
    """Return what an open lead is worth by where it stands (`WORTH_COLUMNS`).

    Args:
        whole: the forecast of the total.
        moved: the cube `moved` that it was made from.
    """
    past, apart = whole.history, whole.history.apart
    histories = [("", "", past)]
    if apart is not None:
        histories = [
            (apart.attribute, value, past.parts[group])
            for group, values in apart.groups.items()
            for value in values
        ]
    seen = past.triangles[-1]
    rows = moved[(moved["next_stage"] == "") & (moved["attribute2"] == "")]
    number = {name: n for n, name in enumerate([LEAD, *past.stages[:-1]])}
    frames, chances = [], {}
    for name, value, own in histories:
        states = own.states()
        here = rows[(rows["attribute"] == name) & (rows["value"] == value)]
        cohort = ((here["cohort_week"] - seen.weeks[0]).dt.days // 7).to_numpy(np.int64)
        here = here[(cohort >= 0) & (cohort < len(seen.weeks))]
        cohort = cohort[(cohort >= 0) & (cohort < len(seen.weeks))]
        if states is None or own.stays is None or here.empty:
            continue
        if id(states) not in chances:
            chances[id(states)] = worth(states, len(past.stages) - 1)
        stage = np.asarray(here["stage"].map(number), dtype=np.int64)
        came = cohort + here["entered"].to_numpy(np.int64)
        since = own.stays.week + own.stays.fraction - came
        waited = np.zeros(len(here))
        for place, clock in enumerate(past.clocks()):
            mine = stage == place
            waited[mine] = clock.lag(came[mine], since[mine][:, None])[:, 0]
        weeks = seen.horizon - seen.ages[cohort]
        chance = np.where(weeks > 0, _chance(chances[id(states)], stage, waited, weeks), 0.0)
        keys = here[["cohort_week", "stage", "entered"]]
        frames.append(keys.assign(attribute=name, value=value, chance=chance))
    if not frames:
        return pd.DataFrame(columns=list(WORTH_COLUMNS))
    return pd.concat(frames, ignore_index=True)[list(WORTH_COLUMNS)]


def _chance(table: Floats, stage: Groups, waited: Floats, weeks: Groups) -> Floats:
    """Read `states.worth`; who stands between two lags has a part of both, as in `Moves.standing`."""
    lags = table.shape[2]
    lag = np.clip(waited, 0, lags - 1)
    before = np.minimum(lag.astype(np.int64), lags - 2)
    last, share = np.clip(weeks, 1, lags) - 1, lag - before
    result: Floats = (1 - share) * table[stage, before, last] + share * table[stage, before + 1, last]
    return result


def expected_cells(
    crossed: pd.DataFrame,
    standing: pd.DataFrame,
    attributes: Sequence[str],
    sale: str,
    told: pd.DataFrame,
    promised: pd.DataFrame,
) -> Floats:
    """Return what is to come of every row of the cross; 0 in cohorts that are not told.

    Args:
        crossed: `cohort_week`, `attr_0` ..., `leads`, the stages; each combination once.
        standing: `cohort_week`, `attr_0` ..., `stage`, `entered`, `leads`: its open leads.
        attributes: names of `attr_0`, `attr_1`, ... in order.
        sale: the last stage.
        told: see `coming`.
        promised: see `open_worth`.
    """
    keys = ["cohort_week", *(f"attr_{number}" for number in range(len(attributes)))]
    by = str(promised["attribute"].iloc[0]) if len(promised) else ""
    named = {"value": f"attr_{attributes.index(by)}"} if by in attributes else {}
    on = ["cohort_week", "stage", "entered", *named.values()]
    chances = promised.rename(columns=named).drop_duplicates(on)[[*on, "chance"]]
    chance = pd.Series(_looked_up(standing, chances, on, "chance"))
    promises = standing["leads"] * chance.fillna(0.0)
    cell, own = _same_keys(standing, crossed, keys)
    sums = pd.DataFrame({"open": standing["leads"], "promise": promises}).groupby(cell, sort=False).sum()
    still, promise = (sums[name].reindex(own).fillna(0.0).to_numpy(np.float64) for name in sums.columns)
    unsold = (crossed["leads"] - crossed[sale]).to_numpy(np.float64)
    margins = [
        _margin(crossed, told, name, f"attr_{attributes.index(name)}" if name else "")
        for name in dict.fromkeys(told["attribute"])
        if name in ("", *attributes)
    ]
    return rake(promise + _OPEN * still, still, margins, unsold)


def _same_keys(one: pd.DataFrame, other: pd.DataFrame, keys: Sequence[str]) -> tuple[Groups, Groups]:
    """Return a number for the key of each row of two frames, the same for the same key."""
    columns = [pd.factorize(pd.concat([one[key], other[key]]), use_na_sentinel=False)[0] for key in keys]
    codes = distinct(columns)[1]
    return codes[: len(one)], codes[len(one) :]


def _looked_up(rows: pd.DataFrame, table: pd.DataFrame, keys: Sequence[str], name: str) -> Floats:
    """Return a column of a table of different keys by row of others; NaN where it has no such key."""
    wanted, known = _same_keys(rows, table, keys)
    found: Floats = pd.Series(table[name].to_numpy(np.float64), index=known).reindex(wanted).to_numpy()
    return found


def _margin(cells: pd.DataFrame, told: pd.DataFrame, name: str, column: str) -> tuple[Groups, Floats]:
    """Return the group of every cell, and what each group is to have; untold values are one group."""
    whole = told[told["attribute"] == ""]
    total = np.nan_to_num(_looked_up(cells, whole, ["cohort_week"], "coming"))
    week, first_of_week = _codes(cells["cohort_week"])
    if not name:
        return week, total[first_of_week]
    known = told[told["attribute"] == name].rename(columns={"value": column})
    asked = _looked_up(cells, known, ["cohort_week", column], "coming")
    value = np.where(np.isfinite(asked), pd.factorize(cells[column])[0], -1) + 1
    group, first = _codes(week * (value.max(initial=0) + 1) + value)
    wanted, of_week, rest = asked[first], week[first], ~np.isfinite(asked[first])
    spoken = np.bincount(of_week, np.where(rest, 0.0, wanted), week.max(initial=-1) + 1)[of_week]
    wanted = np.where(rest, np.maximum(total[first] - spoken, 0.0), wanted)
    sums = np.bincount(of_week, wanted, week.max(initial=-1) + 1)[of_week]
    return group, wanted * np.divide(total[first], sums, out=np.ones_like(sums), where=sums > 0)


def _codes(keys: pd.Series | Groups) -> tuple[Groups, Groups]:
    """Return the number of each row's group, and a row of every group."""
    codes = np.asarray(pd.factorize(keys)[0], dtype=np.int64)
    return codes, np.unique(codes, return_index=True)[1].astype(np.int64)


def rake(
    start: Floats, most: Floats, margins: Sequence[tuple[Groups, Floats]], spare: Floats | None = None
) -> Floats:
    """Scale cells until they add up to every margin: iterative proportional fitting, bounded from above.

    Args:
        start: what the cells have in proportion to each other.
        most: what a cell may have.
        margins: of each, the group of every cell, and the sum of every group. The groups of the first one
            are apart from each other in all.
        spare: what the cells have besides, without a bound, in groups of the first margin of which the others
            cannot be met otherwise: a few open leads do not fit every segment.

    >>> one = (np.array([0, 0, 1, 1]), np.array([4.0, 6.0]))
    >>> two = (np.array([0, 1, 0, 1]), np.array([5.0, 5.0]))
    >>> rake(np.ones(4), np.full(4, 9.0), [one, two]).round(2).tolist()
    [2.0, 2.0, 3.0, 3.0]
    """
    cells = np.minimum(start, most)
    for _ in range(_SWEEPS):
        cells, off = _sweep(cells, most, margins)
        if not off.any():
            return cells
    far = np.bincount(margins[0][0], off) > 0
    loose = far[margins[0][0]]
    if spare is not None:
        cells = np.where(loose, cells + _SPARE * spare, cells)
    bound = np.where(loose, np.inf, most)
    for _ in range(_SWEEPS):
        cells, off = _sweep(cells, bound, margins)
        if not off.any():
            break
    return cells


def _sweep(cells: Floats, most: Floats, margins: Sequence[tuple[Groups, Floats]]) -> tuple[Floats, Flags]:
    """Scale to each margin in turn; return the cells, and those of groups that were off before."""
    off = np.zeros(len(cells), dtype=bool)
    for group, wanted in margins:
        has = np.bincount(group, cells, len(wanted))
        off |= (np.abs(has - wanted) > _CLOSE)[group]
        cells = cells * np.divide(wanted, has, out=np.zeros_like(has), where=has > 0)[group]
        cells = np.minimum(cells, most)
    return cells, off
