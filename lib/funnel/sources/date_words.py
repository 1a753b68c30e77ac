"""Words and signs around a date, taken out before it is read."""

from __future__ import annotations

from functools import cache

import pyarrow as pa
import pyarrow.compute as pc
from babel import Locale

LANGUAGES = ("en", "ru", "uk", "de", "fr", "es", "pt", "it", "pl", "nl")
"""Whose names of months and days are read."""
_PLAIN = r"^[0-9:./\- TZ+]*$"
_SPACES = r"[\x{00a0}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}]"
_MARKS = r"[\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}\x{feff}]"
_HALF = r"(?i)\s?\b([ap])\.?\s?m\.?$"  # p. m., PM, p.m.
_AT = r"(?i)(\d\.?|г\.|р\.),?\s+(?:at|в|о|um|à|a las|às|alle|om)\s+(\d{1,2}:)"
_FROM_UTC = r"(?i)\s?(?:UTC|GMT)\s?([+-])(\d{1,2})(?::?(\d\d))?$"


def bare(texts: pa.Array) -> pa.Array:
    """Return dates as text without what stands around them.

    Spaces of any kind become one, direction marks go, so do the day of the week and the word before the time;
    halves of the day are written `am` and `pm`, an offset from UTC as +03.

    >>> texts = pa.array(["Sat, 5 Sep 2026 at 2:03 p. m.", "5.09.2026 в 14:03", "5/9/26 1:00 UTC+3"])
    >>> bare(texts).to_pylist()
    ['5 Sep 2026 2:03 pm', '5.09.2026 14:03', '5/9/26 1:00 +03']
    """
    if pc.all(pc.match_substring_regex(texts, _PLAIN)).as_py() is not False:
        return texts
    texts = pc.replace_substring_regex(texts, _SPACES, " ")
    texts = pc.replace_substring_regex(texts, _MARKS, "")
    texts = pc.replace_substring_regex(texts, _weekday(), "")
    texts = pc.replace_substring_regex(texts, _AT, r"\1 \2")
    texts = pc.replace_substring_regex(texts, _HALF, r" \1m")
    texts = pc.replace_substring_regex(texts, _FROM_UTC, r" \1 0\2:\3")
    texts = pc.replace_substring_regex(texts, r"([+-]) 0?(\d\d):(\d*)$", r"\1\2:\3")
    texts = pc.replace_substring_regex(texts, r"([+-]\d\d):$", r"\1")
    return pc.utf8_trim_whitespace(texts)


@cache
def _weekday() -> str:
    """Return the form of a day of the week before a date."""
    words: set[str] = set()
    for language in LANGUAGES:
        days = Locale(language).days["format"]
        words |= {
            word.rstrip(".") for width in ("abbreviated", "wide", "short") for word in days[width].values()
        }
    return rf"(?i)^(?:{'|'.join(sorted(words, key=len, reverse=True))})\.?,?\s+"
