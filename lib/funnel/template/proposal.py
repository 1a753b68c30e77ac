"""What a look into data proposes for `funnel.yml`, with what it rests on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from funnel.settings_sources import LEAD, LOST

_CYRILLIC = str.maketrans(
    dict(zip("абвгдеёзийклмнопрстуфыэ", "abvgdeeziiklmnoprstufye", strict=True))
    | {"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "iu", "я": "ia"}
    | {"ъ": "", "ь": ""}
)


@dataclass(frozen=True, slots=True)
class ProposedStage:
    """A stage: the key in the data, what a reader sees, and what was seen of it."""

    key: str
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ProposedAttribute:
    """An attribute of the leads: its column, what was seen of it, and whether it is proposed."""

    column: str
    note: str
    proposed: bool = True


@dataclass(frozen=True, slots=True)
class Proposal:
    """What `funnel.yml` shall say.

    Attributes:
        stages: in the order of the funnel.
        attributes: proposed ones, and those left out with the reason.
        slices: columns of proposed attributes that the report shows.
        source: what `funnel import` reads, relative to the project.
        currency: of the money in the data, '' where they do not say it.
        rates: currencies that the money of the data needs a rate for.
        block: more settings, as YAML: of a wide sheet, of a CRM.
        notes: what the user should look at.
    """

    stages: Sequence[ProposedStage]
    attributes: Sequence[ProposedAttribute] = ()
    slices: Sequence[str] = ()
    source: Sequence[str] = ()
    currency: str = ""
    rates: Sequence[str] = ()
    block: str = ""
    notes: Sequence[str] = field(default=())


USUAL = tuple(
    ProposedStage(key, name)
    for key, name in (
        ("target", "Target"),
        ("qualified", "Qualified"),
        ("proposal", "Proposal"),
        ("sale", "Sale"),
    )
)
"""The stages where no data say them; the company puts its own in their place."""


def title(word: str) -> str:
    """Return a key or a column as a reader sees it.

    >>> title("first_call"), title("UTM source")
    ('First call', 'UTM source')
    """
    spaced = " ".join(word.replace("_", " ").split())
    return spaced[:1].upper() + spaced[1:]


def key_of(text: str, taken: Sequence[str] = ()) -> str:
    """Return a stage key made of a header or a name: Latin, without the word for date, and not taken yet.

    >>> key_of("Дата КП"), key_of("Proposal sent at"), key_of("2nd call"), key_of("Sale", ["sale"])
    ('kp', 'proposal_sent', 'stage_2nd_call', 'sale_2')
    """
    words = re.sub(r"[^a-z0-9]+", " ", text.casefold().translate(_CYRILLIC)).split()
    told = [word for word in words if word not in ("date", "data", "time", "at", "of")] or words or ["stage"]
    key = "_".join(told)
    key = key if key[0].isalpha() else f"stage_{key}"
    used, number, unique = {*taken, LEAD, LOST}, 2, key
    while unique in used:
        unique, number = f"{key}_{number}", number + 1
    return unique
