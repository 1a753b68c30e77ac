"""How the ad platforms call their columns, and what else their files have of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from funnel.sources.header_text import normal, without_currency

Platform = Literal["yandex", "vk", "google", "meta", "plain"]
Field = Literal[
    "date", "end", "platform", "account", "channel", "campaign_id", "campaign", "cost", "micros", "currency",
    "vat_included", "impressions", "clicks",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """A platform's columns: field -> headers, normalised and without a currency."""

    platform: Platform
    headers: dict[Field, tuple[str, ...]] = field(default_factory=dict)


SHAPES = (
    Shape(
        "plain",
        {
            "date": ("date",),
            "platform": ("platform",),
            "account": ("account", "account_id"),
            "channel": ("channel",),
            "campaign_id": ("campaign_id",),
            "campaign": ("campaign", "campaign_name"),
            "cost": ("cost",),
            "micros": ("cost_micros",),
            "currency": ("currency",),
            "vat_included": ("vat_included",),
            "impressions": ("impressions",),
            "clicks": ("clicks",),
        },
    ),
    Shape(
        "meta",
        {
            "date": ("reporting starts", "day"),
            "end": ("reporting ends",),
            "account": ("account id", "account name"),
            "campaign_id": ("campaign id",),
            "campaign": ("campaign name",),
            "cost": ("amount spent",),
            "impressions": ("impressions",),
            "clicks": ("link clicks", "clicks (all)"),
        },
    ),
    Shape(
        "google",
        {
            "date": ("day",),
            "account": ("customer id", "account"),
            "campaign_id": ("campaign id",),
            "campaign": ("campaign",),
            "cost": ("cost",),
            "micros": ("cost_micros", "cost micros"),
            "currency": ("currency code", "currency"),
            "impressions": ("impr.", "impressions"),
            "clicks": ("clicks",),
        },
    ),
    Shape(
        "vk",
        {
            "date": ("дата", "день", "date"),
            "campaign_id": ("id кампании",),
            "campaign": ("кампания", "название кампании", "название"),
            "cost": ("потрачено всего", "base.spent", "spent"),
            "impressions": ("показы", "base.shows", "shows"),
            "clicks": ("клики", "base.clicks"),
        },
    ),
    Shape(
        "yandex",
        {
            "date": ("дата", "date", "день"),
            "campaign_id": ("№ кампании", "campaignid", "номер кампании"),
            "campaign": ("кампания", "campaignname", "название кампании"),
            "cost": ("расход", "cost"),
            "impressions": ("показы", "impressions"),
            "clicks": ("клики", "clicks"),
        },
    ),
)
_ONLY: dict[Platform, tuple[Field, ...]] = {
    "plain": ("date", "cost"), "meta": ("date", "cost"), "google": ("date",), "vk": ("date", "cost"),
    "yandex": ("date", "cost"),
}  # fmt: skip
_TOTAL = re.compile(r"^\s*(итого|всего|total\b|totals\b|grand total)", re.IGNORECASE)
_WITH_VAT = re.compile(r"\b(с|включая|incl\.?|including)\s+(ндс|vat)\b")
_WITHOUT_VAT = re.compile(r"\b(без|excl\.?|excluding|without)\s+(ндс|vat)\b")
PREAMBLE = 30
"""Rows looked at in search of the header."""


@dataclass(frozen=True, slots=True)
class Header:
    """The header of an ad-cost file.

    Attributes:
        row: its place in the file, from 0.
        platform: whose it is.
        places: field -> column.
        currency: in the header of the cost; None for none, '' for a dollar sign.
        vat: in the header of the cost: yes, no, or '' where it says nothing.
    """

    row: int
    platform: Platform
    places: dict[Field, int]
    currency: str | None
    vat: str


def find_header(rows: Sequence[Sequence[str]], platform: Platform | None = None) -> Header | None:
    """Find the header among the first rows: the row and platform that explain the most columns.

    Args:
        rows: the first rows of a file.
        platform: whose file it is, where the settings say so.
    """
    best: Header | None = None
    for number, row in enumerate(rows[:PREAMBLE]):
        bare = [_without_vat(cell) for cell in row]
        words = {without_currency(cell)[0]: place for place, cell in reversed(list(enumerate(bare)))}
        words |= {normal(cell): place for place, cell in reversed(list(enumerate(row)))}
        for shape in SHAPES:
            if platform not in (None, shape.platform):
                continue
            places = {
                name: next(words[header] for header in headers if header in words)
                for name, headers in shape.headers.items()
                if any(header in words for header in headers)
            }
            if not all(name in places for name in _ONLY[shape.platform]):
                continue
            if "cost" not in places and "micros" not in places:
                continue
            if best is None or len(places) > len(best.places):
                cost = row[places.get("cost", places.get("micros", 0))]
                best = Header(
                    number, shape.platform, places, without_currency(_without_vat(cost))[1], _vat(cost)
                )
    return best


def is_total(row: Sequence[str], header: Header) -> bool:
    """Whether a row is a sum or a count and no day: its date cell, or its first filled one, says so."""
    date = row[header.places["date"]] if header.places["date"] < len(row) else ""
    first = next((cell for cell in row if cell.strip()), "")
    return bool(_TOTAL.match(date) or (_TOTAL.match(first) and not re.match(r"^\s*\d", date)))


def _vat(header: str) -> str:
    low = normal(header)
    return "no" if _WITHOUT_VAT.search(low) else "yes" if _WITH_VAT.search(low) else ""


def _without_vat(header: str) -> str:
    """Take a remark on VAT out of a header.

    >>> _without_vat("Расход, с НДС (руб.)"), _without_vat("Расход (руб.), без НДС")
    ('Расход (руб.)', 'Расход (руб.)')
    """
    low = _WITH_VAT.sub(
        "", _WITHOUT_VAT.sub("", header if header.isascii() else header.replace("НДС", "ндс"))
    )
    return re.sub(r"\(\s*\)", "", re.sub(r"\s*,\s*(?=\(|$)", " ", low)).strip().replace("  ", " ")
