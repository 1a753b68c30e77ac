"""What each CRM calls its columns and stages: one YAML file a CRM, found by its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from funnel.settings import Frozen
from funnel.settings_exports import ColumnField
from funnel.settings_files import Name, Words
from funnel.settings_sources import fits
from funnel.sources.header_text import normal, without_currency
from funnel.yaml_file import read_yaml

FOLDER = Path(__file__).parent
_NEEDED: tuple[ColumnField, ...] = ("lead_id", "created_at")
_MARK = 5  # what a header that only one CRM has weighs more than one that many have


class Profile(Frozen):
    """A CRM's words. A column's names are tried in their order.

    Attributes:
        name: of the file, such as hubspot.
        title: as it calls itself.
        file_names: of its exports; `*` stands for anything.
        columns: meaning -> headers seen in its documentation or real files.
        unverified: the like, never seen in a real file: taken, but said to be so.
        marks: headers that tell it from others.
        never: headers of another table of the same CRM, such as its history.
        date_columns: forms of headers of columns of dates, one for each stage.
        chance: headers of the probability of a stage, by which stages are put in order.
        prefixes: words before every header, such as `Deal - Title`.
        attributes: attribute -> headers it is proposed from.
        won_words, lost_words, open_words: names of stages or states.
        close_date: whether the date of closing is a forecast while a deal is open.
        product_rows: what several rows of one deal mean.
        ids: whose ids they are, where one id is written in several ways.
    """

    name: str
    title: str
    file_names: tuple[Name, ...] = ()
    columns: dict[ColumnField, tuple[Name, ...]]
    unverified: dict[ColumnField, tuple[Name, ...]] = Field(default_factory=dict)
    marks: tuple[Name, ...] = ()
    never: tuple[Name, ...] = ()
    date_columns: tuple[Name, ...] = ()
    chance: tuple[Name, ...] = ()
    prefixes: tuple[Name, ...] = ()
    attributes: dict[Name, tuple[Name, ...]] = Field(default_factory=dict)
    won_words: Words = ()
    lost_words: Words = ()
    open_words: Words = ()
    close_date: Literal["actual", "expected"] = "actual"
    product_rows: Literal["same", "add"] = "same"
    ids: Literal["plain", "salesforce", "zoho"] = "plain"

    def bare(self, header: str) -> str:
        """Return a header as it is compared: without the CRM's prefix and a star."""
        plain = normal(header).rstrip("*").rstrip()
        for prefix in self.prefixes:
            if plain.startswith(start := f"{normal(prefix)} - "):
                return plain.removeprefix(start)
        return plain


@dataclass(frozen=True, slots=True)
class Match:
    """A profile that a header fits, the row the header stands in, and how well it fits."""

    profile: Profile
    row: int
    score: float


@cache
def profiles() -> dict[str, Profile]:
    """Return all profiles by name."""
    files = sorted(FOLDER.glob("*.yml"))
    return {file.stem: read_yaml(file, Profile, name=file.stem) for file in files}


PLAIN = Profile(name="", title="a table of deals", columns={})
"""No CRM's: only the names that the settings give."""


def recognised(
    rows: Sequence[Sequence[str]],
    file_name: str = "",
    own: dict[ColumnField, tuple[str, ...]] | None = None,
    among: Sequence[Profile] | None = None,
) -> Match | None:
    """Say whose export it is, by the headers among the first rows; None where it is none's.

    Args:
        rows: the first rows that are not blank.
        file_name: it tells between two that fit alike.
        own: names of columns from the settings, which every profile is given.
        among: the profiles to choose from; None: all.
    """
    best: Match | None = None
    for profile in profiles().values() if among is None else among:
        named = fits(file_name, profile.file_names)
        for number, row in enumerate(rows):
            score = _score(row, profile, own or {})
            if score and (best is None or score + named > best.score):
                best = Match(profile, number, score + named)
    return best


def names_of(profile: Profile, field: ColumnField, own: Sequence[str] = ()) -> list[tuple[str, bool]]:
    """Return the names of a column, the best first, and whether each was seen or set."""
    return [(name, True) for name in (*own, *profile.columns.get(field, ()))] + [
        (name, False) for name in profile.unverified.get(field, ())
    ]


def _score(row: Sequence[str], profile: Profile, own: dict[ColumnField, tuple[str, ...]]) -> float:
    """Return how well a row is a header of a profile; 0 if it lacks what every export has."""
    if not any(cell.strip() for cell in row):
        return 0
    there = {profile.bare(cell) for cell in row} | {normal(cell) for cell in row}
    if any(normal(name) in there for name in profile.never):
        return 0
    money = {without_currency(profile.bare(cell))[0] for cell in row}
    found: dict[ColumnField, float] = {}
    for field in {**profile.columns, **profile.unverified, **own}:
        words = money if field == "amount" else there
        hits = (
            2 if seen else 1
            for name, seen in names_of(profile, field, own.get(field, ()))
            if normal(name) in words
        )
        found[field] = max(hits, default=0)
    dates = any(re.match(form, cell) for cell in there for form in profile.date_columns)
    if not all(found.get(field) for field in _NEEDED):
        return 0
    if not (found.get("stage") or found.get("outcome") or found.get("is_won") or dates):
        return 0
    marks = sum(normal(mark) in there for mark in profile.marks)
    prefixed = any(
        normal(cell).startswith(f"{normal(prefix)} - ") for prefix in profile.prefixes for cell in row
    )
    if profile.prefixes and not prefixed:
        return 0
    return sum(found.values()) + _MARK * marks + 2 * dates + 2 * _MARK * prefixed
