"""What attributes hide: one value written in several ways, none at all, or the outcome itself."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from funnel.gate.rules import finding
from funnel.schema import require
from funnel.validation import one_writing

Names = Mapping[str, Mapping[str, Sequence[str]]]
"""By attribute and name of a value: the other writings that mean it."""

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


def shown_as(values: pd.DataFrame, names: Names) -> dict[str, dict[str, str]]:
    """Return by attribute the writings that are shown as another one, and as which.

    Case, and blanks around or doubled, never make two values: the writing that most leads bear is shown, or
    the name that the settings give.

    Args:
        values: `VALUE_COLUMNS`; at least every value that is not alone in its writing.
        names: `settings.values`.

    >>> three = {"value": ["Avito", "AVITO ", "Авито"], "leads": [3, 2, 1]}
    >>> values = pd.DataFrame({"attribute": "channel", **three})
    >>> shown_as(values, {}), shown_as(values, {"channel": {"avito": ("Авито",)}})["channel"]["Авито"]
    ({'channel': {'AVITO ': 'Avito'}}, 'avito')
    """
    require(values, VALUE_COLUMNS, "values")
    found: dict[str, dict[str, str]] = {}
    for attribute, rows in values.groupby("attribute", sort=True):
        shown = named(names.get(str(attribute), {}))
        for value in most_used(rows["value"], rows["leads"]):
            shown.setdefault(one_writing(value), value)
        other = {value: shown[one_writing(value)] for value in rows["value"]}
        found[str(attribute)] = {value: name for value, name in sorted(other.items()) if value != name}
    return {attribute: others for attribute, others in found.items() if others}


def most_used(values: pd.Series, leads: pd.Series) -> list[str]:
    """Return the values without outer and double blanks, those of most leads first, then by the alphabet."""
    count = leads.groupby([" ".join(value.split()) for value in values]).sum()
    return sorted(count.index, key=lambda value: (-int(count[value]), str(value)))


def named(names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return for each writing that the settings know, brought into one, the name it is shown under."""
    return {one_writing(writing): name for name, others in names.items() for writing in (name, *others)}


def meant(value: str, known: Collection[str], names: Mapping[str, Sequence[str]]) -> str:
    """Return the value of an attribute that somebody means who writes it so; itself where none is.

    Args:
        value: as it was written, on a command line or in a register.
        known: the values that leads have.
        names: the settings' names of the values of this attribute.

    >>> meant("авито", ["Avito", "VK"], {"Avito": ["Авито"]}), meant(" vk", ["VK"], {}), meant("x", [], {})
    ('Avito', 'VK', 'x')
    """
    word = one_writing(value)
    if value in known:
        return value
    return named(names).get(word) or next((one for one in known if one_writing(one) == word), value)


def writings(values: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Name the values that differ only in how they are written, the most leads first.

    Values that the settings name, each by its own name, are said to differ.

    Args:
        values: `VALUE_COLUMNS`, as they are shown.
        names: `settings.values`.
    """
    require(values, VALUE_COLUMNS, "values")
    some = values[values["value"] != ""]
    found = []
    for (attribute, _), rows in some.groupby(["attribute", some["value"].map(plain)], sort=False):
        if len(rows) > 1 and not rows["value"].isin(list(names.get(str(attribute), {}))).all():
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
