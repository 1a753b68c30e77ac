"""Which attribute of the settings has a role that chapters ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from funnel.validation import one_writing

MANAGER = "manager"
"""What the readers of every CRM call the one who works on a lead."""
_MANAGERS = frozenset(
    {
        MANAGER, "sales manager", "sales rep", "salesperson", "responsible", "responsible user", "owner",
        "deal owner",
        "менеджер", "менеджер по продажам", "ответственный", "ответственный менеджер", "продавец",
    }
)  # fmt: skip


def manager_of(attributes: Mapping[str, Iterable[str]]) -> str:
    """Return the attribute that says who works on a lead; '' for none.

    It is the one called `manager`; else the first whose key or name in the settings is a usual word for one.

    Args:
        attributes: the names for a reader, by key.

    >>> manager_of({"channel": [], "Ответственный": []}), manager_of({"who": ["Sales manager"]})
    ('Ответственный', 'who')
    >>> manager_of({"channel": ["Channel"]})
    ''
    """
    if MANAGER in attributes:
        return MANAGER
    named = (
        name
        for name, names in attributes.items()
        if any(one_writing(word.replace("_", " ")) in _MANAGERS for word in (name, *names))
    )
    return next(named, "")
