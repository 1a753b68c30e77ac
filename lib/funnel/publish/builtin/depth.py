"""How deep a text is nested: Pandoc's time doubles with each open bracket, and every level takes stack.

Twenty open brackets keep it busy for half a minute, so a text is looked at before it is handed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LEVELS = 40
BRACKETS = 8
LINKS = 40
CHARACTERS = 300_000
OPENINGS = 500
_MARKERS = re.compile(r"(?:[\s>]|[-*+](?=\s)|\d{1,9}[.)](?=\s))*")
_MARKER = re.compile(r"[>*+-]|\d+[.)]")
_TICKS = re.compile(rf"`{{{LEVELS},}}")
_PASSED = re.compile(r"\\.|`+[^`]*`+")


def too_much(text: str) -> str:
    """Return what there is too much of in a text, or nothing: each opening may be looked for to its end."""
    if len(text) > CHARACTERS:
        return f"a text of more than {CHARACTERS:,} characters"
    for opening in ("<!--", "{{<"):
        if text.count(opening) > OPENINGS:
            return f"more than {OPENINGS} {opening}"
    return ""


@dataclass(slots=True)
class Depth:
    """What is open while lines of prose are read, one after the other."""

    _brackets: int = 0
    _links: int = 0

    def wrong(self, line: str, divs: int) -> str:
        """Return what of a line is too deep, or nothing.

        Args:
            line: the next one, outside code.
            divs: how many ::: blocks are open.
        """
        if not line.strip():
            self._brackets = self._links = 0
            return ""
        markers = _MARKERS.match(line)
        if markers and len(_MARKER.findall(markers[0])) > LEVELS:
            return f"quotes and lists more than {LEVELS} levels deep"
        if divs > LEVELS:
            return f"::: blocks more than {LEVELS} levels deep"
        if _TICKS.search(line):
            return f"{LEVELS} back-ticks or more in a row"
        passed = _PASSED.sub("", line)
        for sign in re.findall(r"\]\(|\)", passed):  # an address is looked for from each of them to the end
            self._links = max(0, self._links + (1 if sign == "](" else -1))
            if self._links > LINKS:
                return f"more than {LINKS} links that do not end; write \\( for a bracket that is text"
        for sign in re.findall(r"[\[\]]", passed):
            self._brackets = max(0, self._brackets + (1 if sign == "[" else -1))
            if self._brackets > BRACKETS:
                return f"more than {BRACKETS} open brackets; write \\[ for a bracket that is text"
        return ""
