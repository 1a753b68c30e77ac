"""The published columns, each described once: what it is called, what it means, how it is written.

The table on the page, the command's table, the CSV in the archive, the sheet of the workbook and the data
dictionary (`docs/columns.md`) are made from it. To add a column of numbers that a table has already, add a
`Column` with a `value`; see CONTRIBUTING.md. Titles stand here in both languages, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from funnel.columns import attention, forecast, initiatives, money, people, quality, revenue
from funnel.columns.cohorts import BY_PERIOD, COHORTS, DURATIONS, EQUAL_AGE, LEADS, SLICES
from funnel.columns.column import OVERALL, SMALL_MARK, Column, Place, Unit, computed, written_out

TABLES: Mapping[str, Sequence[Column]] = {
    "cohorts": COHORTS,
    "cohorts_by_period": BY_PERIOD,
    "forecast": forecast.ENDS,
    "equal_age": EQUAL_AGE,
    "slices_<attribute>": SLICES,
    "durations": DURATIONS,
    "backtest": forecast.BACKTEST,
    "track": forecast.TRACK,
    "change": forecast.CHANGE,
    "last_week": revenue.LAST_WEEK,
    "last_week_ages": revenue.LAST_WEEK_AGES,
    "plan": revenue.PLAN,
    "revenue_months": revenue.MONTHS,
    "revenue_slices": revenue.BY_VALUE,
    "revenue_track": revenue.TRACK,
    "what_if": revenue.WHAT_IF,
    "deviations": attention.LOOK_FIRST,
    "impact": initiatives.IMPACT,
    "scoreboard": initiatives.SCOREBOARD,
    "proposed": initiatives.PROPOSED,
    "costs": money.COSTS,
    "costs_summary": money.SUMMARY,
    "spend_account": money.ACCOUNT,
    "ltv": money.LTV,
    "imports": quality.IMPORTS,
    "problems": quality.PROBLEMS,
    "restated": quality.RESTATED,
    "reach_gap": quality.REACH_GAP,
    "managers_summary": people.MANAGERS,
    "losses": people.LOSSES,
    "losses_segments": people.LOST_SEGMENTS,
    "waiting": people.WAITING,
}
"""The tables made from columns, by their file in the archive."""
SHEETS: Mapping[str, Sequence[Column]] = {
    "wb_sheet_forecast": forecast.LISTED,
    "wb_sheet_initiatives": initiatives.LISTED,
    "wb_sheet_investigations": attention.INVESTIGATIONS,
    "wb_sheet_waiting": people.WAITING_LEADS,
    "wb_sheet_definitions": quality.TERMS,
}
"""The listings of the workbook, by the key of their name in the catalogue."""
__all__ = [
    "BY_PERIOD", "COHORTS", "DURATIONS", "EQUAL_AGE", "LEADS", "OVERALL", "SHEETS", "SLICES", "SMALL_MARK",
    "TABLES", "Column", "Place", "Unit", "computed", "written_out",
]  # fmt: skip
