"""What attributes hide: one value written in several ways, none at all, or the outcome itself."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping

import pandas as pd

from funnel.gate.rules import finding
from funnel.schema import require

EMPTY = 0.9
"""Share of the newest leads without a value from which an attribute tells nothing."""
LEAKS_ABOVE, LEAKS_BELOW = 0.5, 0.05
"""An attribute is known only of those that advanced if more of them than this have it, and fewer than this of
the others."""
ENOUGH = 20

VALUE_COLUMNS = ("attribute", "value", "leads")
"""One row per attribute and value that leads have."""
FILLED_COLUMNS = ("attribute", "advanced", "leads", "filled")
"""One row per attribute and whether the newest leads have advanced beyond the lead: how many they are, and
how many of them have a value."""

_LATIN = dict(zip("абвгдезийклмнопрстуфхцыьъэ", "abvgdeziiklmnoprstufhcy''e", strict=True))
_LATIN |= {"ж": "zh", "ч": "ch", "ш": "sh", "щ": "sch", "ю": "yu", "я": "ya", "ё": "e"}


def plain(value: str) -> str:
    """Return a value in one writing: without case, surrounding or double blanks, marks and alphabet.

    >>> {plain(text) for text in ("Avito", " avito", "AVITO", "Авито")}
    {'avito'}
    """
    folded = unicodedata.normalize("NFKD", " ".join(value.split()).casefold())
    return "".join(_LATIN.get(sign, sign) for sign in folded if not unicodedata.combining(sign))


def writings(values: pd.DataFrame, joined: Callable[[str], str] | None = None) -> pd.DataFrame:
    """Name the values that differ only in how they are written, the most leads first.

    Args:
        values: `VALUE_COLUMNS`.
        joined: another way of bringing a value into one writing.
    """
    require(values, VALUE_COLUMNS, "values")
    some = values[values["value"] != ""]
    found = []
    for (attribute, _), rows in some.groupby(["attribute", some["value"].map(joined or plain)], sort=False):
        if len(rows) > 1:
            ordered = rows.sort_values("leads", ascending=False, kind="stable")
            found.append(
                finding(
                    "writings",
                    "leads",
                    column=str(attribute),
                    rows=int(ordered["leads"].iloc[1:].sum()),
                    of=int(ordered["leads"].sum()),
                    example=" = ".join(ordered["value"].head(5)),
                )
            )
    return pd.DataFrame(found)


def filled(counts: pd.DataFrame) -> pd.DataFrame:
    """Name the attributes that hardly a new lead has, and those that only leads have that advanced.

    Args:
        counts: `FILLED_COLUMNS`.
    """
    require(counts, FILLED_COLUMNS, "counts")
    found = []
    for attribute, rows in counts.groupby("attribute", sort=False):
        of, there = int(rows["leads"].sum()), int(rows["filled"].sum())
        by: Mapping[bool, tuple[int, int]] = {
            bool(advanced): (int(leads), int(filled))
            for advanced, leads, filled in zip(rows["advanced"], rows["leads"], rows["filled"], strict=True)
        }
        (on, on_filled), (off, off_filled) = by.get(True, (0, 0)), by.get(False, (0, 0))
        leaks = min(on, off) >= ENOUGH and on_filled > LEAKS_ABOVE * on and off_filled < LEAKS_BELOW * off
        kind = "leak" if leaks else "empty" if of >= ENOUGH and of - there >= EMPTY * of else ""
        if kind:
            found.append(finding(kind, "leads", column=str(attribute), rows=of - there, of=of))
    return pd.DataFrame(found)


def leaking(findings: pd.DataFrame) -> list[str]:
    """Return the attributes that are known only of leads that advanced: no fair segments."""
    return findings.loc[findings["kind"] == "leak", "column"].tolist()
