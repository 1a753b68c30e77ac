"""Names of fields and values that Excel tells apart: in its pivots and formulas it knows no case."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from funnel.present.parts.escape import clean
from funnel.present.workbook.cells import LIMIT


def folded(text: str) -> str:
    """Return a text as the widest comparison sees it; SUMIFS takes what looks like a number for that number.

    >>> folded("Straße") == folded("STRASSE"), folded("Web") == folded("web "), folded("7.0") == folded("07")
    (True, True, True)
    """
    plain = unicodedata.normalize("NFKC", text).casefold().strip()
    try:
        return str(float(plain))
    except ValueError:
        return plain


class Names:
    """Gives out names that differ in the widest comparison; a later one bears a number.

    >>> names = Names()
    >>> names.new("Web"), names.new("web"), names.new("")
    ('Web', 'web (2)', '-')
    """

    def __init__(self, limit: int = 60) -> None:
        self._limit = limit
        self._taken: set[str] = set()

    def new(self, wanted: str) -> str:
        """Return a name that was not given out, as like the wanted one as can be."""
        name, number = clean(wanted, self._limit) or "-", 1
        while folded(name) in self._taken:
            number += 1
            end = f" ({number})"
            name = f"{clean(wanted, self._limit - len(end))}{end}"
        self._taken.add(folded(name))
        return name


def told_apart(values: Iterable[str], none: str) -> dict[str, str]:
    """Return a name for every value, each different from the others as Excel sees them.

    A value that looks as it is has its name before one that has to be cleaned, cut or named.

    Args:
        values: of an attribute, each once.
        none: the name of no value.

    >>> told_apart(["web", "Web", "", "none"], "none")
    {'Web': 'Web', 'none': 'none', 'web': 'web (2)', '': 'none (2)'}
    """
    names = Names(LIMIT)
    order = sorted(values, key=lambda value: (clean(value, LIMIT) != value or not value, value))
    return {value: names.new(value or none) for value in order}
