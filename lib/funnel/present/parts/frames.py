"""What pandas writes of a frame, a Series or a Styler, as a table in the look of the report.

The cells are the texts that the notebook shows, as pandas wrote them; numbers get the separators of the
language. What pandas marks with rows and columns
of the table, names of the index and levels of the columns, becomes titles and groups of columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from matplotlib.colors import is_color_like, to_hex

from funnel.present.parts.grid import Align, Cell, Grid, Head, Row
from funnel.present.parts.texts import EMPTY, MINUS, NBSP, Texts
from funnel.present.parts.theme import Theme

_MISSING = ("NaN", "nan", "NaT", "<NA>")
_NUMBER = re.compile(r"[-+−]?[\d.,\s\u00a0\u202f]*\d(?:[eE][-+]?\d+)?\s*%?")
_NO_VALUE = ("", EMPTY, "...")
_PANDAS = re.compile(r"-?(\d{1,3}(,\d{3})+|0|[1-9]\d*)(\.\d+)?(e[-+]\d+)?\s*%?")
_DAY = re.compile(r"\d\d\.(0\d|1[0-2])")
_SIZE = re.compile(r"(\d+) rows? × (\d+) columns?")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_CELL = re.compile(r"#(T_\w+)")


@dataclass(slots=True)
class _Spot:
    """A cell of pandas' table."""

    head: bool
    spans: tuple[int, int]
    id: str
    text: str = ""


@dataclass(slots=True)
class _Seen(HTMLParser):
    """The tables of a piece of HTML: lines of their heads and bodies, and the words around them."""

    heads: list[list[_Spot]] = field(default_factory=list)
    body: list[list[_Spot]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    style: str = ""
    tables: int = 0
    _in: str = ""
    _spot: _Spot | None = None

    def __post_init__(self) -> None:
        HTMLParser.__init__(self, convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tables += tag == "table"
        if tag in ("thead", "tbody", "style", "p", "caption"):
            self._in = tag
            if tag in ("p", "caption"):
                self.words.append("")
        elif tag == "tr":
            (self.body if self._in == "tbody" else self.heads).append([])
        elif tag in ("th", "td") and (self.heads or self.body):
            spans = int(given.get("rowspan", "1")), int(given.get("colspan", "1"))
            self._spot = _Spot(tag == "th", spans, given.get("id", ""))
            (self.body if self._in == "tbody" else self.heads)[-1].append(self._spot)
        elif tag == "br" and self._spot:
            self._spot.text += " "

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td"):
            self._spot = None
        elif tag == self._in and tag in ("p", "caption", "style"):
            self._in = ""

    def handle_data(self, data: str) -> None:
        if self._spot:
            self._spot.text += data
        elif self._in == "style":
            self.style += data
        elif self._in in ("p", "caption"):
            self.words[-1] += data


def grid(name: str, html: str, theme: Theme, texts: Texts) -> Grid | None:
    """Return pandas' HTML as a table, or None where it is none of pandas'.

    Args:
        name: the HTML id of the table.
        html: what a frame shows in a notebook.
        theme: the colours.
        texts: the language of what is said under the table.

    Raises:
        ValueError: a Styler's style cannot be shown; its words say what can.
    """
    seen = _Seen()
    seen.feed(html)
    if seen.tables != 1 or not ('class="dataframe"' in html or 'id="T_' in html):
        return None
    style = _styles(seen.style)
    over, lines = _filled(seen.heads, repeat=True), _filled(seen.body)
    count = max((len(line) for line in [*over, *lines]), default=0)
    index = sum(spot.head for spot in seen.body[0]) if seen.body else _named(seen.heads)
    heads = _titles(over, count, index)
    first = index if _counts(heads, lines, index) else 0
    filled = [[_cell(spot, style) for spot in line[first:]] for line in lines]
    rows = tuple(
        map(Row, zip(*(_as_written(column, texts) for column in zip(*filled, strict=True)), strict=True))
    )
    aligned = tuple(
        Head(head.title, head.group, _align(row.cells[at].text for row in rows))
        for at, head in enumerate(heads[first:])
    )
    return Grid(name, aligned, rows, theme, tuple(_notes(seen.words, texts)), texts.t("empty_frame"))


def _filled(lines: Sequence[Sequence[_Spot]], repeat: bool = False) -> list[list[_Spot | None]]:
    """Return lines with a place for each column; None, or the cell again, where one goes on."""
    down: dict[int, int] = {}
    filled: list[list[_Spot | None]] = []
    for line in lines:
        out: list[_Spot | None] = []
        for spot in line:
            while down.get(len(out), 0):
                down[len(out)] -= 1
                out.append(None)
            for at in range(spot.spans[1]):
                down[len(out)] = spot.spans[0] - 1
                out.append(spot if repeat or at == 0 else None)
        filled.append(out)
    return filled


def _named(heads: Sequence[Sequence[_Spot]]) -> int:
    """Return how many columns of a frame without rows are its index."""
    return next((at for at, spot in enumerate(heads[0] if heads else []) if spot.text.strip()), 0)


def _titles(heads: Sequence[Sequence[_Spot | None]], count: int, index: int) -> list[Head]:
    """Return title and group of each column: the lowest words over it, and those above them."""
    words: list[list[str]] = []
    for at in range(count):
        over = [line[at] for line in heads if at < len(line)]
        words.append([" ".join(spot.text.split()) for spot in over if spot and spot.text.strip()])
    # What stands over the index and is not its name is the name of the columns.
    named = next((own[0] for own in words[:index] if len(own) > 1), "")
    found = []
    for at, own in enumerate(words):
        group = " · ".join([named, *own[:-1]] if named else own[:-1]) if at >= index else ""
        found.append(Head(own[-1] if own else "", group))
    return found


def _counts(heads: Sequence[Head], lines: Sequence[Sequence[_Spot | None]], index: int) -> bool:
    """Tell whether the index has no name and only counts the rows: nothing would be read from it."""
    numbers = [spot.text.strip() for line in lines for spot in line[:1] if spot]
    return index == 1 and not heads[0].title and numbers == [str(at) for at in range(len(lines))]


def _cell(spot: _Spot | None, style: dict[str, dict[str, str]]) -> Cell:
    if spot is None:
        return Cell("")
    text, own = " ".join(spot.text.split()), style.get(spot.id, {})
    return Cell(
        EMPTY if text in _MISSING else text,
        colour=own.get("color", ""),
        ground=own.get("background-color", ""),
        strong="font-weight" in own,
    )


def _as_written(column: Sequence[Cell], texts: Texts) -> list[Cell]:
    """Return a column of numbers as the language writes them; pandas knows the English way alone.

    Days such as 12.09 are no numbers: a column of nothing but such stays as it is.
    """
    found = [cell.text for cell in column if cell.text not in _NO_VALUE]
    known = found and all(_PANDAS.fullmatch(text) for text in found)
    if texts.language == "en" or not known or all(_DAY.fullmatch(text) for text in found):
        return list(column)
    signs = str.maketrans({",": NBSP, ".": ",", "-": MINUS})
    return [
        cell if cell.text in _NO_VALUE else replace(cell, text=cell.text.translate(signs)) for cell in column
    ]


def _align(texts: Iterable[str]) -> Align:
    known = [text for text in texts if text not in _NO_VALUE]
    return "right" if known and all(_NUMBER.fullmatch(text) for text in known) else "left"


def _styles(css: str) -> dict[str, dict[str, str]]:
    """Return what a Styler says of its cells, by their ids."""
    found: dict[str, dict[str, str]] = {}
    for selectors, body in _RULE.findall(css):
        ids = [_CELL.fullmatch(one.strip()) for one in selectors.split(",")]
        if not all(ids):
            continue  # rules for the whole table: the report's own look takes their place
        for rule in filter(None, (one.strip() for one in body.split(";"))):
            key, _, value = (part.strip() for part in rule.partition(":"))
            shown = _shown(key, value)
            if shown is None:
                raise ValueError(f"{key}: {value}")
            for one in ids:
                if one:
                    found.setdefault(one[1], {})[key] = shown
    return found


def _shown(key: str, value: str) -> str | None:
    """Return a rule's value as both formats show it; None where they do not."""
    if key in ("color", "background-color") and is_color_like(value):
        return to_hex(value)
    return value if (key, value) in (("font-weight", "bold"), ("font-weight", "700")) else None


def _notes(words: Sequence[str], texts: Texts) -> list[str]:
    found = []
    for one in filter(None, (" ".join(word.split()) for word in words)):
        size = _SIZE.fullmatch(one)
        if not size:
            found.append(one)
        elif int(size[1]):
            found.append(texts.t("frame_cut", rows=int(size[1]), columns=int(size[2])))
    return found
