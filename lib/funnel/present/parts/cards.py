"""Short texts in boxes, one under the other: what is too long for a table, and is read on a telephone."""

from __future__ import annotations

from dataclasses import dataclass

from funnel.present.parts.escape import for_html, for_typst
from funnel.present.parts.grid import raw_blocks
from funnel.present.parts.grid_html import linked
from funnel.present.parts.theme import HTML_FONTS, Theme


@dataclass(frozen=True, slots=True)
class Card:
    """One box.

    Attributes:
        title: bold.
        lines: under it, one paragraph each; not yet escaped.
        colour: of the bar at its left.
        strong: the first line is as important as the title.
        link: where the title leads on a screen; '' for nowhere.
    """

    title: str
    lines: tuple[str, ...]
    colour: str
    strong: bool = False
    link: str = ""


@dataclass(frozen=True, slots=True)
class Cards:
    """Boxes in order; `empty` is said where there are none, `notes` under them.

    On paper `sticky` boxes stand on the page of what comes after them.
    """

    cards: tuple[Card, ...]
    theme: Theme
    empty: str = ""
    sticky: bool = False
    notes: tuple[str, ...] = ()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return raw_blocks(self._html(), self._typst())

    def _html(self) -> str:
        theme = self.theme
        boxes = "".join(
            f'<div style="border-left:4px solid {card.colour};background:{theme.wash};'
            f'padding:0.5rem 0.8rem;margin:0 0 0.5rem">'
            f'<p style="margin:0;font-weight:600;color:{theme.ink}">{linked(card.title, card.link)}</p>'
            + "".join(
                f'<p style="margin:0.15rem 0 0;font-size:{"1rem" if strong else "0.875rem"};'
                f'color:{theme.ink if strong else theme.muted};overflow-wrap:anywhere">{for_html(line)}</p>'
                for line, strong in _ranked(card)
            )
            + "</div>"
            for card in self.cards
        )
        empty = f'<p style="margin:0.3rem 0;color:{theme.muted}">{for_html(self.empty)}</p>'
        notes = notes_html(self.notes, theme)
        look = f"font-family:{HTML_FONTS};background:{theme.paper};margin:0.5rem 0 1rem"
        return f"<div style='{look}'>{boxes or empty}{notes}</div>"

    def _typst(self) -> str:
        theme = self.theme
        if not self.cards:
            return f'#text(fill: rgb("{theme.muted}"), {for_typst(self.empty)})'
        boxes = "\n".join(
            f"#block(width: 100%, breakable: false, sticky: {str(self.sticky).lower()}, "
            f'below: 6pt, fill: rgb("{theme.wash}"), '
            f'inset: (x: 8pt, y: 6pt), stroke: (left: 3pt + rgb("{card.colour}")), {{\n'
            "  set par(justify: false, spacing: 4.5pt)\n"
            f"  par(text(weight: 600, {for_typst(card.title)}))\n"
            + "".join(
                f'  par(text(size: {9.5 if strong else 8.5}pt, fill: rgb("{theme.ink if strong else theme.muted}"), '  # noqa: E501
                f"{for_typst(line)}))\n"
                for line, strong in _ranked(card)
            )
            + "})"
            for card in self.cards
        )
        return boxes + notes_typst(self.notes, theme)


def notes_html(notes: tuple[str, ...], theme: Theme) -> str:
    """Return small lines under boxes."""
    style = f"margin:0.15rem 0 0;font-size:0.8rem;color:{theme.muted};overflow-wrap:anywhere"
    return "".join(f'<p style="{style}">{for_html(note)}</p>' for note in notes)


def notes_typst(notes: tuple[str, ...], theme: Theme) -> str:
    """Return the same on paper."""
    return "".join(
        f'\n#block(above: 4pt, below: 6pt, text(size: 8pt, fill: rgb("{theme.muted}"), {for_typst(note)}))'
        for note in notes
    )


def _ranked(card: Card) -> list[tuple[str, bool]]:
    return [(line, card.strong and at == 0) for at, line in enumerate(card.lines)]
