"""Zoho CRM's export of the module Deals, and its Stage History: labels of the module, ids of 19 digits with
`zcrm_` before them; dates and amounts as the user's settings show them."""

from __future__ import annotations

import csv as csv_module
import datetime as dt
import io
from collections.abc import Sequence

from crms.world import STAGES, Deal

ENDS = {"won": "Closed Won", "lost": "Closed Lost"}
CHANCE = dict(zip((*STAGES, "Closed Won", "Closed Lost"), (10, 20, 50, 90, 100, 0), strict=True))
HEADER = [
    "Record Id", "Deal Name", "Deal Owner Id", "Deal Owner", "Amount", "Stage", "Pipeline", "Closing Date",
    "Probability (%)", "Lead Source", "Reason For Loss", "Created Time", "Modified Time", "Contact Name",
]  # fmt: skip


def file_name(suffix: str) -> str:
    return f"Deals_2026_09_22{suffix}"


def full_id(number: int) -> str:
    return f"zcrm_5805028000056{number:06}"


def euros(deal: Deal) -> str:
    """The amount as a user with German settings sees it."""
    return f"€ {deal.amount:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".").replace("€.", "€ ")


def lost(deal: Deal) -> str:
    """Two stages are lost ones."""
    return "Closed Lost to Competition" if deal.number % 4 == 0 else "Closed Lost"


def _moment(value: dt.datetime, order: str) -> str:
    if order == "us":
        return value.strftime("%m/%d/%Y %I:%M %p")
    return value.strftime("%d/%m/%Y %H:%M" if order == "eu" else "%Y-%m-%d %H:%M:%S")


def csv(made: Sequence[Deal], *, order: str = "us") -> bytes:
    stream = io.StringIO()
    writer = csv_module.writer(stream, lineterminator="\n")
    writer.writerow(HEADER)
    for deal in made:
        stage = {"won": "Closed Won", "lost": lost(deal)}.get(deal.outcome, deal.stage)
        closing = dt.datetime.combine(deal.closed.date() if deal.closed else deal.expected, dt.time())
        writer.writerow(
            [
                full_id(deal.number), deal.title, "zcrm_5805028000000297001", deal.owner, euros(deal), stage,
                deal.pipeline, _moment(closing, order).split(" ")[0], CHANCE.get(stage, 0), deal.source,
                deal.reason, _moment(deal.created, order), _moment(deal.updated, order), f"P {deal.number}",
            ]
        )  # fmt: skip
    return stream.getvalue().encode()


def stage_history(made: Sequence[Deal]) -> bytes:
    """The Stage History of the backup: the stage entered, and when."""
    stream = io.StringIO()
    writer = csv_module.writer(stream, lineterminator="\n")
    writer.writerow(["Deal Id", "Deal Name", "Stage", "Modified Time", "Modified By"])
    for deal in made:
        end = [("Closed Won" if deal.outcome == "won" else lost(deal), deal.closed)] if deal.closed else []
        for stage, moment in (*deal.stages, *end):
            writer.writerow(
                [
                    full_id(deal.number),
                    deal.title,
                    stage,
                    moment.strftime("%Y-%m-%dT%H:%M:%S+03:00"),
                    deal.owner,
                ]
            )
    return stream.getvalue().encode()
