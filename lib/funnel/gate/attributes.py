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
FEW = 20
"""Newest leads from which that is told."""
DUE = 8.0
"""Leads without a value that would have gone on as others do; from so many it shows when hardly any do."""
HARDLY = 0.2
"""Of these the share up to which leads without a value hardly ever go on."""

VALUE_COLUMNS = ("attribute", "value", "leads")
"""One row per attribute and value that leads have."""
FILLED_COLUMNS = ("attribute", "leads", "empty", "newest", "newest_empty")
"""One row per attribute and step of the funnel, in order: the leads of the last year that reached it, those
of them without a value, and the same of the leads of the newest weeks."""

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


def filled(counts: pd.DataFrame, steps: Sequence[str]) -> pd.DataFrame:
    """Name the attributes that hardly a new lead has, and those that tell the outcome (`told_until`).

    Args:
        counts: `FILLED_COLUMNS`.
        steps: 'lead' and the stages in order.
    """
    require(counts, FILLED_COLUMNS, "counts")
    found = []
    for attribute, rows in counts.groupby("attribute", sort=False):
        of, without = int(rows["newest"].iloc[0]), int(rows["newest_empty"].iloc[0])
        step = told_until(rows["leads"].tolist(), rows["empty"].tolist()) if without or not of else 0
        kind = "leak" if step else "empty" if of >= FEW and without >= EMPTY * of else ""
        if kind:
            way = steps[step] if step else ""
            found.append(finding(kind, "leads", column=str(attribute), rows=without, of=of, example=way))
    return pd.DataFrame(found)


def told_until(leads: Sequence[float], empty: Sequence[float]) -> int:
    """Return the last step that tells whether leads have a value of an attribute; 0 where none does.

    Of the leads of the step before, those without a value hardly ever went on: a manager given at acceptance,
    a region filled in for buyers. Such an attribute is the outcome under another name.

    Args:
        leads: how many reached each step, from the lead on.
        empty: how many of these have no value.

    >>> told_until([100, 40, 20], [60, 0, 0]), told_until([100, 40, 20], [50, 20, 10])
    (1, 0)
    """
    last = 0
    for step in range(1, len(leads)):
        before, after = leads[step - 1] - empty[step - 1], leads[step] - empty[step]
        due = after / before * empty[step - 1] if before > 0 else 0.0
        if due >= DUE and empty[step] <= HARDLY * due:
            last = step
    return last


def tells_outcome(reached: pd.DataFrame, attribute: str, steps: Sequence[str]) -> bool:
    """Tell whether an attribute is the outcome under another name (`told_until`), by all leads of a cube.

    Args:
        reached: the cube (`schema.REACHED_COLUMNS`) of the attribute alone, or of more.
        attribute: which.
        steps: 'lead' and the stages that count, in order.
    """
    own = reached[(reached["attribute"] == attribute) & (reached["attribute2"] == "")]
    if not (own["value"] == "").any():
        return False
    every, without = (
        part.groupby("stage", observed=True)["leads"].sum().reindex(list(steps), fill_value=0).tolist()
        for part in (own, own[own["value"] == ""])
    )
    return told_until(every, without) > 0
