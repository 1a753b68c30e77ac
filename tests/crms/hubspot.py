"""HubSpot's export of the deals of a view: HubSpot's exports guide (formats, languages), its properties of
deals, and the labels of the stage-calculated properties, whose quotation marks are part of the name."""

from __future__ import annotations

import csv as csv_module
import io
from collections.abc import Sequence

import openpyxl

from crms.world import PIPELINES, STAGES, Deal

ENDS = {"won": "Closed Won", "lost": "Closed Lost"}
CHANCE = dict(zip((*STAGES, "Closed Won", "Closed Lost"), (0.1, 0.3, 0.6, 0.9, 1.0, 0.0), strict=True))


def file_name(suffix: str) -> str:
    return f"hubspot-crm-exports-all-deals-2026-09-22{suffix}"


def rows(made: Sequence[Deal], *, history: bool) -> list[list[str]]:
    """Times to the minute, no offset; the close date is a guess while a deal is open."""
    entered = [
        (stage, pipeline, f'Date entered "{stage} ({pipeline})"')
        for pipeline in PIPELINES
        for stage in (*STAGES, *ENDS.values())
    ]
    header = [
        "Record ID", "Deal Name", "Pipeline", "Deal Stage", "Amount", "Close Date", "Create Date",
        "Deal owner",
        "Original Traffic Source", "Closed Lost Reason", "Deal probability", "Last Modified Date",
        "Associated Contact", "Associated Company IDs",
    ]  # fmt: skip
    table = [header + [name for _, _, name in entered] * history]
    for deal in made:
        stage = ENDS.get(deal.outcome, deal.stage)
        closing = deal.closed.strftime("%Y-%m-%d %H:%M") if deal.closed else f"{deal.expected} 23:59"
        cells = [
            str(57_156_923_000 + deal.number), deal.title, deal.pipeline, stage, str(deal.amount), closing,
            deal.created.strftime("%Y-%m-%d %H:%M"), deal.owner, deal.source, deal.reason, str(CHANCE[stage]),
            deal.updated.strftime("%Y-%m-%d %H:%M"), f"Person {deal.number} (p{deal.number}@mail.example)",
            "11;12",
        ]  # fmt: skip
        passed = {**dict(deal.stages), **({stage: deal.closed} if deal.closed else {})}
        dates = [
            passed[name].strftime("%Y-%m-%d %H:%M") if pipeline == deal.pipeline and name in passed else ""
            for name, pipeline, _ in entered
        ]
        table.append(cells + dates * history)
    return table


def csv(made: Sequence[Deal], *, history: bool = False) -> bytes:
    stream = io.StringIO()
    csv_module.writer(stream, lineterminator="\n", quoting=csv_module.QUOTE_ALL).writerows(
        rows(made, history=history)
    )
    return stream.getvalue().encode()


def xlsx(made: Sequence[Deal], *, history: bool = False) -> bytes:
    """Ids and amounts as numbers, dates as text."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "All deals"
    header, *body = rows(made, history=history)
    sheet.append(header)
    for row in body:
        sheet.append([int(row[0]), *row[1:4], float(row[4]), *row[5:]])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def property_history(made: Sequence[Deal], header: str = "numbered") -> bytes:
    """The history of Deal Stage: a row a deal, newest change first, value and time spread to the right.

    How the headers read is not documented: they are numbered, the same again and again, or there is one
    pair of them, and rows are as wide as they need to be.
    """
    ways = [
        [*deal.stages, *([(ENDS[deal.outcome], deal.closed)] if deal.closed else [])][::-1] for deal in made
    ]
    most = max(map(len, ways))
    head = {
        "numbered": [f"{name} (v{n + 1})" for n in range(most) for name in ("Deal Stage", "Date", "Source")],
        "same": ["Deal Stage", "Timestamp"] * most,
        "short": ["Property value", "Timestamp"],
    }[header]
    size = 3 if header == "numbered" else 2
    table = [["Record ID", "Deal Name", *head]]
    for deal, way in zip(made, ways, strict=True):
        cells = [
            cell
            for stage, moment in way
            for cell in (stage, moment.strftime("%Y-%m-%d %H:%M"), "CRM_UI")[:size]
        ]
        row = [str(57_156_923_000 + deal.number), deal.title, *cells]
        table.append(row if header == "short" else row + [""] * (len(table[0]) - len(row)))
    stream = io.StringIO()
    csv_module.writer(stream, lineterminator="\n", quoting=csv_module.QUOTE_ALL).writerows(table)
    return stream.getvalue().encode()
