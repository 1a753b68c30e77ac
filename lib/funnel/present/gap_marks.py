"""The mark of numbers that rest on a table with gaps, and the sentence that the mark stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pandas as pd

from funnel.gate.gaps import with_gaps
from funnel.present.escape import clean
from funnel.present.gate_words import SHORT
from funnel.present.grid import Grid
from funnel.present.texts import Texts
from funnel.schema import TableName

SIGN = "‡"
LEADS: tuple[TableName, ...] = ("leads", "stage_entries")
PAID: tuple[TableName, ...] = (*LEADS, "payments")
SPENT: tuple[TableName, ...] = (*LEADS, "spend")
ALL: tuple[TableName, ...] = (*PAID, "spend")
OF_TABLE: Mapping[str, tuple[TableName, ...]] = {
    "costs": SPENT,
    "costs-summary": SPENT,
    "spend-account": ("leads", "spend"),
    "ltv": ("leads", "payments"),
    "revenue-months": PAID,
    "revenue-slices": PAID,
    "revenue-track": PAID,
    "what-if": PAID,
}
"""What the numbers of a table rest on; of one that is not named, `LEADS`."""
OF_COLUMN: Mapping[str, tuple[TableName, ...]] = {
    "col_leads": ("leads",),
    "col_leads_shown": ("leads",),
    "one_lead": ("leads", "spend"),
    "col_spend": ("spend",),
    "col_spend_all": ("spend",),
    "col_roas": ("leads", "payments", "spend"),
    "col_expected_return": ALL,
    "col_payback": ALL,
}
"""The columns that rest on other tables than the rest of theirs, by the key of their head."""


def marked(grid: Grid, findings: pd.DataFrame, texts: Texts) -> Grid:
    """Return a table with the heads of the columns marked that rest on gaps, and what the mark means below.

    Args:
        grid: a table whose first column names its rows.
        findings: `schema.FINDING_COLUMNS`.
        texts: the language.
    """
    gaps = with_gaps(findings)
    if gaps.empty or not grid.rows:
        return grid
    own = {texts.t(key): tables for key, tables in OF_COLUMN.items()}
    rests = [own.get(head.title, OF_TABLE.get(grid.name, LEADS)) for head in grid.heads]
    hurt = set(gaps["table"])
    heads = tuple(
        replace(head, title=f"{head.title} {SIGN}".strip()) if number and hurt & set(tables) else head
        for number, (head, tables) in enumerate(zip(grid.heads, rests, strict=True))
    )
    notes = sentences(findings, texts, {table for tables in rests[1:] for table in tables})
    return replace(grid, heads=heads, notes=(*notes, *grid.notes))


def marker(findings: pd.DataFrame, texts: Texts) -> Callable[[Grid], Grid]:
    """Return `marked` of one report."""
    return lambda grid: marked(grid, findings, texts)


def sentences(findings: pd.DataFrame, texts: Texts, tables: set[TableName]) -> list[str]:
    """Return what the mark means for numbers that rest on some tables; nothing where they have no gaps."""
    said = []
    for one in with_gaps(findings).to_dict("records"):
        if one["table"] in tables:
            last = texts.date(pd.Timestamp(one["last"]).date()) if pd.notna(one["last"]) else ""
            words: dict[str, str | int] = {
                "table": texts.t(f"table_{one['table']}"),
                "n": int(one["rows"]),
                "share": texts.percent(one["share"], 1) if pd.notna(one["share"]) else "",
                "last": last,
                "example": clean(one["example"], SHORT),
            }
            kind = one["kind"] if one["kind"] in ("stopped", "unusable") else "rejected"
            said.append(f"{SIGN} {texts.t(f'gap_{kind}', **words)}")
    return said
