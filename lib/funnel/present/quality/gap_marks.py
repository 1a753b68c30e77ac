"""The mark of numbers that rest on a table with gaps, and the sentence that the mark stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol, TypeVar

import pandas as pd

from funnel.gate.gaps import with_gaps
from funnel.present.cohorts.headline import Headline
from funnel.present.parts import theme as look
from funnel.present.parts.cards import Cards
from funnel.present.parts.escape import clean
from funnel.present.parts.gate_words import SHORT, SIGN
from funnel.present.parts.grid import Grid, Head
from funnel.present.parts.picture import Picture, below
from funnel.present.parts.texts import Texts
from funnel.schema import TableName
from funnel.settings import Settings

Shown = TypeVar("Shown", Grid, Cards, Headline, Picture)


class Marker(Protocol):
    """`marked` of one report."""

    def __call__(
        self, part: Shown, rests: tuple[TableName, ...] | None = None, *, told: bool = False
    ) -> Shown:
        """Return a part of the report with its marks."""


CAME: tuple[TableName, ...] = ("leads",)
LEADS: tuple[TableName, ...] = ("leads", "stage_entries")
PAID: tuple[TableName, ...] = (*LEADS, "payments")
SPENT: tuple[TableName, ...] = (*LEADS, "spend")
ALL: tuple[TableName, ...] = (*PAID, "spend")
OF_TABLE: Mapping[str, tuple[TableName, ...]] = {
    "look-first": PAID,
    "costs": SPENT,
    "costs-summary": SPENT,
    "spend-account": ("leads", "spend"),
    "ltv": ("leads", "payments"),
    "last-week": PAID,
    "last-week-ages": PAID,
    "plan": PAID,
    "proposed": PAID,
    "revenue-months": PAID,
    "revenue-slices": PAID,
    "revenue-track": PAID,
    "what-if": PAID,
}
"""What the numbers of a table rest on; of one that is not named, `LEADS`."""
OF_COLUMN: Mapping[str, tuple[TableName, ...]] = {
    "leads": CAME,
    "cost_per_lead": ("leads", "spend"),
    "spend": ("spend",),
    "roas": ("leads", "payments", "spend"),
    "expected_return": ALL,
    "payback_weeks": ALL,
}
"""The columns that rest on other tables than the rest of theirs, by their key."""
IN_TABLE: Mapping[str, Mapping[str, tuple[TableName, ...]]] = {
    "ltv": {"cost_per_customer": ("leads", "spend")}
}
"""The same of columns of one table alone."""
OF_SUM: Mapping[str, tuple[TableName, ...]] = {
    "leads": CAME,
    "payments": ("leads", "payments"),
    "revenue": ("leads", "payments"),
    "spend": ("spend",),
}
"""What the sums of the workbook's flat data rest on; of one that is not named, `LEADS`."""


def marked(
    part: Shown,
    findings: pd.DataFrame,
    settings: Settings,
    texts: Texts,
    rests: tuple[TableName, ...] | None = None,
    *,
    told: bool = False,
) -> Shown:
    """Return a part of the report with the mark where it rests on gaps, and what the mark means below.

    A table bears it in the heads of the columns in question, boxes and big numbers in their titles; under a
    picture stands the sentence with the mark.

    Args:
        part: a table whose first column names its rows, boxes, big numbers or a picture.
        findings: `schema.FINDING_COLUMNS`.
        settings: for the look.
        texts: the language.
        rests: the tables that its numbers rest on; None for those of `OF_TABLE`.
        told: what the mark means stands there already.
    """
    hurt = set(with_gaps(findings)["table"])
    if isinstance(part, Grid):
        heads, tables = _heads(part, hurt, rests)
        hurt &= tables
        if not hurt or not part.rows:
            return part
        above: list[str] = [] if told else sentences(findings, texts, tables)
        return replace(part, heads=heads, notes=(*above, *part.notes))
    tables = set(LEADS if rests is None else rests)
    if not hurt & tables or (isinstance(part, Picture) and not part.png):
        return part
    notes = sentences(findings, texts, tables)
    if isinstance(part, Picture):
        return below(part, notes, look.load(settings))
    if isinstance(part, Headline):
        return replace(part, title=f"{part.title} {SIGN}", notes=tuple(notes)) if part.tiles else part
    cards = tuple(replace(card, title=f"{card.title} {SIGN}") for card in part.cards)
    return replace(part, cards=cards, notes=tuple(notes)) if cards else part


def _heads(
    grid: Grid, hurt: set[str], rests: tuple[TableName, ...] | None
) -> tuple[tuple[Head, ...], set[TableName]]:
    """Return the heads of a table with their marks, and the tables that its columns rest on."""
    keys = {**OF_COLUMN, **IN_TABLE.get(grid.name, {})}
    default = OF_TABLE.get(grid.name, LEADS) if rests is None else rests
    of_heads = [keys.get(head.key, default) for head in grid.heads]
    heads = tuple(
        replace(head, title=f"{head.title} {SIGN}".strip()) if number and hurt & set(tables) else head
        for number, (head, tables) in enumerate(zip(grid.heads, of_heads, strict=True))
    )
    return heads, {table for tables in of_heads[1:] for table in tables}


def marker(findings: pd.DataFrame, settings: Settings, texts: Texts) -> Marker:
    """Return `marked` of one report."""

    def mark(part: Shown, rests: tuple[TableName, ...] | None = None, *, told: bool = False) -> Shown:
        return marked(part, findings, settings, texts, rests, told=told)

    return mark


def marked_sums(findings: pd.DataFrame, names: Iterable[str]) -> frozenset[str]:
    """Return which columns of the workbook's flat data rest on a table with gaps."""
    hurt = set(with_gaps(findings)["table"])
    return frozenset(name for name in names if hurt & set(OF_SUM.get(name, LEADS)))


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
