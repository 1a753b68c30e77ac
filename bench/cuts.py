"""The cubes of an invented history as of a date, as the warehouse cuts them (rule any-later), in plain numpy.

`tests/unit/test_bench_cuts.py` holds them against the warehouse's own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from companies import NEVER, WEEK, History
from cut_stamps import Stamped, with_untold

from funnel.dates import AsOf
from funnel.edition.compute import ask
from funnel.edition.logbook import Logbook
from funnel.edition.results import Cubes
from funnel.schema import (
    CONCLUDED,
    INSTANT,
    MONEY,
    MOVED_COLUMNS,
    PAID_COLUMNS,
    REACHED_COLUMNS,
    STAMPED,
    Batch,
)
from funnel.settings import Settings
from funnel.warehouse import Warehouse

Ints = npt.NDArray[np.int64]
_FIRST = ("attribute", "value", "attribute2", "value2")


def cut(
    history: History, date: dt.date, by: Sequence[str] = ("",)
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the cubes `reached`, `moved` and `paid` of the total ('') and of single attributes.

    Returns:
        Frames with `schema.REACHED_COLUMNS`, `MOVED_COLUMNS` and `PAID_COLUMNS`, each with `STAMPED`
        (`cut_stamps`): a migrated history is asked for by `from_warehouse`.
    """
    at = history.moment(date)
    known = history.created < at
    cohort, created = history.cohort[known], history.created[known]
    entered = np.where(history.entered[known] < at, history.entered[known], NEVER)
    lost = np.where(history.lost[known] < at, history.lost[known], NEVER)
    first = np.minimum.accumulate(entered[:, ::-1], axis=1)[:, ::-1]
    moments = np.column_stack([created, np.maximum(first, created[:, None])])
    paid = known[history.payer] & (history.paid_at < at)
    place = np.cumsum(known) - 1
    at_least = _concluded(history, known, moments, lost)
    stamped = Stamped(history, created, np.column_stack([entered, lost]))
    parts: list[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]] = []
    for name in by:
        values = history.values(name, date)[known] if name else np.full(int(known.sum()), "", dtype=object)
        names, codes = np.unique(values.astype(str), return_inverse=True)
        payments = (place[history.payer[paid]], history.paid_at[paid], history.amount[paid])
        frames = (
            _reached(history, cohort, moments, np.maximum(lost, created), codes, at_least, stamped),
            _moved(history, cohort, moments, _lost_at(entered, lost, created), codes, at, stamped),
            _paid(history, cohort, codes, *payments),
        )
        for frame in frames:
            frame["attribute"], frame["value"] = name, names[frame.pop("code")].astype(object)
            frame["attribute2"] = frame["value2"] = ""
        parts.append(frames)
    columns = (
        (*REACHED_COLUMNS, STAMPED, CONCLUDED), (*MOVED_COLUMNS, STAMPED), (*PAID_COLUMNS, STAMPED),
    )  # fmt: skip
    reached, moved, money = (
        pd.concat([part[n] for part in parts], ignore_index=True)[list(columns[n])] for n in range(3)
    )
    totals = moved[moved["attribute"] == moved["attribute"].iloc[0]] if len(moved) else moved
    return reached, with_untold(moved, totals), money


def _count(keys: Sequence[Ints], *sums: Ints) -> tuple[list[Ints], Ints, list[Ints]]:
    """Return the different rows of some keys, how many there are of each, and the sums of what is given."""
    keys = [np.asarray(key, dtype=np.int64) for key in keys]
    if not len(keys[0]):
        return keys, np.zeros(0, np.int64), [np.zeros(0, np.int64) for _ in sums]
    sizes = tuple(int(key.max()) + 1 for key in keys)
    flat = np.ravel_multi_index(tuple(keys), sizes)
    found, place, count = np.unique(flat, return_inverse=True, return_counts=True)
    totals = [np.zeros(len(found), np.int64) for _ in sums]
    for total, each in zip(totals, sums, strict=True):
        np.add.at(total, place, each)
    return list(np.unravel_index(found, sizes)), count, totals


def _weeks(history: History, cohort: Ints) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.Timestamp(history.company.start) + pd.to_timedelta(cohort * 7, unit="D"))


def _concluded(
    history: History, known: npt.NDArray[np.bool_], moments: Ints, lost: Ints
) -> npt.NDArray[np.bool_]:
    """Tell what was concluded from the first look at a lead; a sale bears its closing."""
    every = np.column_stack([moments, lost])
    if history.looked is None:
        return np.zeros(every.shape, dtype=bool)
    late = every > history.created[known][:, None] + WEEK
    result = late & (every < history.looked[known][:, None])
    result[:, -2] = False
    return result


def _reached(
    history: History,
    cohort: Ints,
    moments: Ints,
    lost: Ints,
    codes: Ints,
    concluded: npt.NDArray[np.bool_],
    stamped: Stamped,
) -> pd.DataFrame:
    names = np.array(["lead", *history.company.stages, "lost"], dtype=object)
    every = np.column_stack([moments, lost])
    lead, stage = np.nonzero(every < NEVER)
    lag = every[lead, stage] // WEEK - cohort[lead]
    known = concluded[lead, stage].astype(np.int64)
    at_once = stamped.of(every[lead, stage], moments[lead, 0]) * (stage > 0)
    keys = [codes[lead], cohort[lead], stage, lag]
    (code, week, stage, lag), count, (at_least, stamps) = _count(keys, known, at_once)
    rows = {"code": code, "cohort_week": _weeks(history, week), "stage": names[stage], "lag": lag}
    return pd.DataFrame(rows | {"leads": count, STAMPED: stamps, CONCLUDED: at_least})


def _lost_at(entered: Ints, lost: Ints, created: Ints) -> Ints:
    """Return when a lead was lost, if its last entry of all is the loss."""
    last = np.where(entered < NEVER, entered, -1).max(axis=1)
    return np.where(lost >= last, np.maximum(lost, created), NEVER)


def _moved(
    history: History, cohort: Ints, moments: Ints, lost: Ints, codes: Ints, at: int, stamped: Stamped
) -> pd.DataFrame:
    stages = history.company.stages
    names = np.array(["lead", *stages, "lost", ""], dtype=object)
    lead, stage = np.nonzero(moments[:, :-1] < NEVER)
    begun, after, gone = moments[lead, stage], moments[lead, stage + 1], lost[lead]
    to = np.where(after < NEVER, stage + 1, np.where(gone < NEVER, len(stages) + 1, len(stages) + 2))
    until = np.where(after < NEVER, after, np.where(gone < NEVER, gone, at))
    weeks = [moment // WEEK - cohort[lead] for moment in (begun, until)]
    created = moments[lead, 0]
    begins = stamped.of(begun, created) * (stage > 0)
    ends = stamped.of(np.where(after < NEVER, after, gone), created)
    keys = [codes[lead], cohort[lead], stage, to, *weeks]
    (code, week, stage, to, came, went), count, (stamps,) = _count(keys, np.maximum(begins, ends))
    rows = {"code": code, "cohort_week": _weeks(history, week), "stage": names[stage]}
    return pd.DataFrame(
        rows | {"next_stage": names[to], "entered": came, "left": went, "leads": count, STAMPED: stamps}
    )


def _paid(
    history: History, cohort: Ints, codes: Ints, lead: Ints, paid_at: Ints, amount: Ints
) -> pd.DataFrame:
    lag = np.maximum(paid_at // WEEK - cohort[lead], 0)
    (code, week, lag), count, (total,) = _count([codes[lead], cohort[lead], lag], amount)
    rows = {"code": code, "cohort_week": _weeks(history, week), "lag": lag, "payments": count, STAMPED: 0}
    return pd.DataFrame(rows | {"amount": [Decimal(int(cents)) / 100 for cents in total]})


def tables(history: History) -> dict[str, pd.DataFrame]:
    """Return the history as the canonical tables: `leads`, `stage_entries`, `payments`."""
    start = np.datetime64(history.company.start, "us")

    def when(moment: Ints) -> npt.NDArray[np.datetime64]:
        return start + (moment * 1_000_000).astype("timedelta64[us]")

    ids = np.array([f"L{number:07}" for number in range(len(history.created))], dtype=object)
    last = history.company.dates[-1]
    leads = pd.DataFrame({"lead_id": ids, "created_at": when(history.created)})
    for name in history.codes:
        leads[name] = history.values(name, last)
    names = np.array([*history.company.stages, "lost"], dtype=object)
    every = np.column_stack([history.entered, history.lost])
    lead, stage = np.nonzero(every < 2**58)
    entries = pd.DataFrame(
        {"lead_id": ids[lead], "stage": names[stage], "entered_at": when(every[lead, stage])}
    )
    payments = pd.DataFrame({"lead_id": ids[history.payer], "paid_at": when(history.paid_at)})
    payments["amount"] = [Decimal(int(cents)) / 100 for cents in history.amount]
    return {"leads": leads, "stage_entries": entries, "payments": payments}


def batch(frames: dict[str, pd.DataFrame]) -> Batch:
    """Return canonical tables (`tables`) as the warehouse takes them."""
    kinds = {"created_at": INSTANT, "entered_at": INSTANT, "paid_at": INSTANT, "amount": MONEY}
    return Batch(
        {
            name: pa.table(
                {key: pa.array(list(frame[key]), kinds.get(key, pa.string())) for key in frame.columns}
            )
            for name, frame in frames.items()
        }
    )


def from_warehouse(frames: dict[str, pd.DataFrame], settings: Settings, date: dt.date) -> Cubes:
    """Return the cubes of a date as the report has them: slower, but with all that the warehouse finds.

    Of a migrated history it tells which entries are stamped; `cut` does not.
    """
    moment = dt.datetime(2030, 1, 1)  # noqa: DTZ001 - known times are UTC without offset
    with (
        TemporaryDirectory() as folder,
        Warehouse.open(Path(folder) / "w.duckdb", settings, write=True) as house,
    ):
        house.load(batch(frames), moment, full=True)
        return ask(house, settings, AsOf(date, moment), Logbook())
