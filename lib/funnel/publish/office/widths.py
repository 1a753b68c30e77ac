"""How wide the columns of a table want to be, in signs."""

from __future__ import annotations

from collections.abc import Sequence

_LONGEST = 34
"""Signs from which on a cell's text goes on in a second line."""
_HEADS = 2
"""First rows, which may break between words."""
BESIDE = 3.0
"""Signs of room that a column takes beside its text."""


def wanted(rows: Sequence[Sequence[str]]) -> list[float]:
    """Return the signs of each column's longest text, with room; heads count by their longest word.

    >>> wanted([["Age, weeks", "Leads"], ["", ""], ["12", "1203"]])
    [8.0, 8.0]
    """
    count = max((len(row) for row in rows), default=0)
    found = []
    for at in range(count):
        texts = [(line, row[at]) for line, row in enumerate(rows) if at < len(row)]
        sizes = [_word(text) if line < _HEADS else len(text) for line, text in texts]
        found.append(min(max([3, *sizes]), _LONGEST) + BESIDE)
    return found


def _word(text: str) -> int:
    return max((len(word) for word in text.split(" ")), default=0)
