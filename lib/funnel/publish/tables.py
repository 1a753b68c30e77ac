"""The published tables as CSV: what the archive keeps and `funnel verify` compares."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from pandas.api.types import is_datetime64_any_dtype

from funnel.publish.files import write_text
from funnel.schema import harmless


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with weeks and days as ISO text."""
    result = frame.copy()
    for name in result.columns:
        if is_datetime64_any_dtype(result[name]):
            result[name] = result[name].dt.strftime("%Y-%m-%d")
        elif result[name].dtype == object:
            result[name] = result[name].map(
                lambda cell: cell.isoformat() if isinstance(cell, dt.date) else cell
            )
    return result


def csv_text(frame: pd.DataFrame) -> str:
    r"""Return a frame as CSV, the same bytes for the same numbers everywhere.

    Floats have ten digits, beyond which processors differ; an empty cell is a missing value. A text, and
    a column's name, that a spreadsheet would run as a formula is guarded by a leading apostrophe.

    >>> csv_text(pd.DataFrame({"=a": ["=1+1"], "leads": [2], "rate": [0.5]}))
    "'=a,leads,rate\n'=1+1,2,0.5\n"
    """
    guarded = plain(frame)
    for name in guarded.select_dtypes(object).columns:
        guarded[name] = guarded[name].map(lambda cell: harmless(cell) if isinstance(cell, str) else cell)
    guarded.columns = guarded.columns.map(harmless)
    buffer = io.StringIO()
    guarded.to_csv(buffer, index=False, lineterminator="\n", float_format="%.10g")
    return buffer.getvalue()


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write each table to `<name>.csv`."""
    for name, frame in tables.items():
        write_text(folder / f"{name}.csv", csv_text(frame))
