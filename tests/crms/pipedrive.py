"""Pipedrive's export of deals: headers `Deal - Field`; a status beside the stage, times of won and lost.

As in Pipedrive's reference of the object Deal.
"""

from __future__ import annotations

import csv as csv_module
import datetime as dt
import io
from collections.abc import Sequence

import openpyxl

from crms.world import Deal

HEADER = [
    "Deal - ID", "Deal - Title", "Deal - Value", "Deal - Currency of Value", "Deal - Pipeline",
    "Deal - Stage",
    "Deal - Status", "Deal - Owner", "Deal - Deal created", "Deal - Update time", "Deal - Last stage change",
    "Deal - Expected close date", "Deal - Won time", "Deal - Lost time", "Deal - Closed on",
    "Deal - Lost reason", "Deal - Label", "Deal - Contact person", "Deal - Source channel",
]  # fmt: skip


def file_name(suffix: str) -> str:
    return f"deals-7654321-99{suffix}"


def rows(made: Sequence[Deal]) -> list[list[object]]:
    """A won deal keeps the stage it was won in."""
    table: list[list[object]] = [list(HEADER)]
    for deal in made:
        won = deal.closed if deal.outcome == "won" else None
        lost = deal.closed if deal.outcome == "lost" else None
        table.append(
            [
                deal.number, deal.title, float(deal.amount), deal.currency, deal.pipeline, deal.stage,
                deal.outcome.capitalize(), deal.owner, deal.created, deal.updated, deal.stages[-1][1],
                deal.expected, won, lost, deal.closed, deal.reason, "Hot", f"Person {deal.number}",
                deal.source,
            ]
        )  # fmt: skip
    return table


def _text(cell: object) -> str:
    if isinstance(cell, dt.datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S")
    return "" if cell is None else f"{cell:g}" if isinstance(cell, float) else str(cell)


def csv(made: Sequence[Deal], *, prefix: str = "Deal") -> bytes:
    stream = io.StringIO()
    header, *body = rows(made)
    writer = csv_module.writer(stream, lineterminator="\r\n")
    writer.writerow([str(name).replace("Deal -", f"{prefix} -") for name in header])
    writer.writerows([_text(cell) for cell in row] for row in body)
    return stream.getvalue().encode("utf-8-sig")


def xlsx(made: Sequence[Deal], *, serials: bool = False) -> bytes:
    """Dates as Excel's dates, or, as some files have them, as bare numbers of days."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in rows(made):
        sheet.append(
            [
                (cell - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1)
                if serials and isinstance(cell, dt.datetime)
                else cell
                for cell in row
            ]
        )
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
