"""Pages that come again: a server that takes no heed of the page's number would be read for ever."""

from __future__ import annotations

from collections.abc import Sequence

from funnel.sources.api.client import Client

REPEATED = 20
"""So many pages one after the other that were there before, and no end is to be expected."""


class Round:
    """One way through a list, page by page.

    Args:
        client: whose pages they are.
        what: the list, as it is told.
    """

    def __init__(self, client: Client, what: str) -> None:
        self._client, self._what = client, what
        self.begin()

    def begin(self) -> None:
        """Go through it once more, from its first page."""
        self._met: set[int] = set()
        self._again = 0

    def look(self, rows: Sequence[object]) -> None:
        """Look at a page; one without rows is none that is new.

        Raises:
            InputError: page after page was there before.
        """
        page = hash(str(rows))
        self._again = self._again + 1 if page in self._met or not rows else 0
        self._met.add(page)
        if self._again >= REPEATED:
            wrong = f"it gives the same pages of {self._what} again and again"
            raise self._client.error(wrong, "ask the vendor: the list has no end")
