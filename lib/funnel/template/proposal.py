"""What a look into data proposes for `funnel.yml`, with what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


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


CRMS = ("amocrm", "bitrix24", "hubspot", "pipedrive", "salesforce", "zoho")
"""The CRMs whose exports are known; four of them have an API that is read too."""
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
