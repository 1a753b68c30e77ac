"""A frame as a table for the terminal."""

from __future__ import annotations

import re

import pandas as pd
from pandas.api.types import is_datetime64_any_dtype, is_float_dtype
from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from funnel.present.parts.escape import for_terminal

SHARES = re.compile(r"(_rate|share|wape|power|mde)$|^(maturity|coverage|observed|expected$|low$|high$)")
"""Columns of shares, by name; they are shown in per cent."""
LEAST_P = 0.001
"""A smaller chance is told as smaller than this, never as 0."""


def print_table(frame: pd.DataFrame) -> None:
    """Print a frame to stdout, never cutting a number: a narrow terminal wraps the line."""
    table = terminal_table(frame)
    wide = Console(width=10_000)
    needed = wide.measure(table).maximum
    Console(width=max(needed, Console().width), highlight=False).print(table)


def terminal_table(frame: pd.DataFrame) -> Table:
    """Return a frame as a Rich table: shares as percent, weeks as days, untrusted text made harmless."""
    table = Table(header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for name in frame.columns:
        justify: JustifyMethod = "left" if frame[name].dtype == object else "right"
        table.add_column(Text(str(name).replace("_", "\n")), justify=justify, no_wrap=True)
    for row in frame.itertuples(index=False):
        cells = [_cell(value, frame[name]) for name, value in zip(frame.columns, row, strict=True)]
        table.add_row(*cells)
    return table


def _number(value: float, name: str) -> str:
    if name in ("p_value", "q_value"):
        return f"{value:.3f}" if value >= LEAST_P else f"<{LEAST_P}"
    if name.endswith("change") or name in ("bias", "roi"):
        return f"{value:+.0%}"
    if SHARES.search(name):
        return f"{value:.2%}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.2f}"


def _cell(value: object, column: pd.Series) -> Text:
    if pd.isna(value):  # type: ignore[call-overload]
        return Text("")
    if is_datetime64_any_dtype(column):
        return Text(f"{value:%Y-%m-%d}")
    if is_float_dtype(column):
        return Text(_number(float(str(value)), str(column.name)))
    return Text(for_terminal(str(value)))
