"""The summary in big numbers: the one cohort that is read this week."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from funnel.analysis.cohorts.table import SMALL, may_be_chance
from funnel.columns import OVERALL
from funnel.dates import read_position
from funnel.present.parts import theme as look
from funnel.present.parts.cards import notes_html, notes_typst
from funnel.present.parts.columned import change_cell
from funnel.present.parts.escape import clean, for_html, for_typst
from funnel.present.parts.grid import Cell, raw_blocks
from funnel.present.parts.grid_typst import PAGE_WIDTH
from funnel.present.parts.periods import cohort_name
from funnel.present.parts.texts import Texts
from funnel.present.parts.theme import HTML_FONTS, Theme
from funnel.settings import LEAD, Settings

ROW = 6
"""Tiles that stand in a row with ease; one more is taken in, since alone it would look wrong."""


def read_at(frame: pd.DataFrame, settings: Settings) -> int:
    """Return the position of the cohort the report reads, see `dates.read_position`.

    Args:
        frame: `analysis.cohorts.table.cohort_table`, not empty.
        settings: `reading_age`.
    """
    return read_position(frame["age_weeks"].tolist(), settings.reading_age)


def at_equal_age(
    week: pd.Timestamp, equal_age: pd.DataFrame, settings: Settings
) -> tuple[pd.Series, pd.Series, bool] | None:
    """Return a cohort and the one before it at one age, and whether their difference may be chance.

    Args:
        week: the cohort's Monday; None is returned where there is none before it at that age.
        equal_age: `analysis.cohorts.table.cohort_table` with an age.
        settings: the stages; the last one counts.
    """
    at = next((at for at, other in enumerate(equal_age["cohort_week"]) if other == week), 0)
    if at == 0:
        return None
    this, before = equal_age.iloc[at], equal_age.iloc[at - 1]
    return this, before, _chance(this, before, settings)


def _chance(this: pd.Series, before: pd.Series, settings: Settings) -> bool:
    """Whether the difference of two cohorts' conversion to the last stage may be chance."""
    last = settings.stage_keys[-1]
    return may_be_chance(int(this[last]), int(this["leads"]), int(before[last]), int(before["leads"]))


@dataclass(frozen=True, slots=True)
class Tile:
    """A title, a big number, and small lines under it."""

    title: str
    number: str
    lines: tuple[Cell, ...]
    colour: str


@dataclass(frozen=True, slots=True)
class Headline:
    """Tiles in a row, under a line that says which cohort they describe; without tiles, only that line.

    `notes` are small lines under them.

    On paper `sticky` ones stand on the page of what comes after them.
    """

    title: str
    tiles: tuple[Tile, ...]
    theme: Theme
    sticky: bool = False
    notes: tuple[str, ...] = ()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return raw_blocks(self._html(), self._typst())

    def _html(self) -> str:
        theme, tiles = self.theme, []
        for tile in self.tiles:
            lines = "".join(
                f'<div style="font-size:0.8rem;color:{line.colour or theme.muted}">'
                f"{for_html(line.text)}</div>"
                for line in tile.lines
            )
            tiles.append(
                f'<div style="flex:1 1 7rem;background:{theme.wash};border-top:3px solid {tile.colour};'
                f'padding:0.5rem 0.7rem"><div style="font-size:0.85rem;font-weight:600;color:{tile.colour}">'
                f'{for_html(tile.title)}</div><div style="font-size:1.7rem;font-weight:600;line-height:1.2;'
                f'white-space:nowrap">{for_html(tile.number)}</div>{lines}</div>'
            )
        return (
            f"<div style='font-family:{HTML_FONTS};background:{theme.paper};color:{theme.ink};"
            "margin:0.5rem 0 1rem'>"
            f'<p style="margin:0 0 0.4rem;font-weight:600">{for_html(self.title)}</p>'
            f'<div style="display:flex;flex-wrap:wrap;gap:0.5rem">{"".join(tiles)}</div>'
            f"{notes_html(self.notes, theme)}</div>"
        )

    def _typst(self) -> str:
        theme = self.theme
        sticky = f"sticky: {str(self.sticky).lower()}"
        title = f"#block(below: 6pt, {sticky}, text(weight: 600, {for_typst(self.title)}))"
        if not self.tiles:
            return title
        columns = in_a_row(len(self.tiles))
        room = (PAGE_WIDTH / columns - 18) / 0.6
        small = min(8.0, room / max(len(tile.title) for tile in self.tiles))
        large = min(15.0, room / max(len(tile.number) for tile in self.tiles))
        tiles = []
        for tile in self.tiles:
            lines = "".join(
                f' text(size: 7.5pt, fill: rgb("{line.colour or theme.muted}"), '
                f"{for_typst(line.text)}), linebreak(),"
                for line in tile.lines
            )
            paint = f'fill: rgb("{theme.wash}"), stroke: (top: 2pt + rgb("{tile.colour}"))'
            tiles.append(
                f"  grid.cell({paint}, [#stack(spacing: 4.5pt,"
                f' text(size: {small:.2f}pt, weight: 600, fill: rgb("{tile.colour}"), '
                f"{for_typst(tile.title)}),"
                f" text(size: {large:.2f}pt, weight: 600, {for_typst(tile.number)}),"
                f" {{ set par(leading: 0.35em); ({lines}).join() }})]),"
            )
        grid = f"#block(width: 100%, {sticky}, grid(columns: (1fr,) * {columns}, gutter: 5pt, inset: 6pt,"
        return "\n".join([title, grid, *tiles, "))"]) + notes_typst(self.notes, theme)


def in_a_row(tiles: int) -> int:
    """Return how many tiles stand in a row: all of up to seven, else rows as even as they can be.

    >>> [in_a_row(tiles) for tiles in (1, 6, 7, 8, 9, 13)]
    [1, 6, 7, 4, 5, 5]
    """
    return tiles if tiles <= ROW + 1 else math.ceil(tiles / math.ceil(tiles / ROW))


def headline(frame: pd.DataFrame, equal_age: pd.DataFrame, settings: Settings, texts: Texts) -> Headline:
    """Return the tiles of the cohort that is read: leads, the share of each step, overall, with changes.

    Args:
        frame: `analysis.cohorts.table.cohort_table`.
        equal_age: the same with an age, for the comparison of like with like.
        settings: stages and reading age.
        texts: the language.
    """
    theme = look.load(settings)
    if frame.empty:
        return Headline(texts.t("empty_cohorts"), (), theme)
    at = read_at(frame, settings)
    record = frame.iloc[at]
    week = texts.t("tile_cohort", week=cohort_name(record, texts, full=True))
    aged = "tile_age_period" if "period" in record else "tile_age"
    title = f"{week}, {texts.t(aged, n=int(record['age_weeks']))}"
    before = float(frame["leads"].iloc[at - 1]) if at else math.nan
    few, grown = record["leads"] < SMALL, "tile_leads_period" if "period" in record else "tile_leads"
    if before > 0 and "period" in record and record["weeks"] != frame["weeks"].iloc[at - 1]:
        before = math.nan  # not of the same length
    first = Tile(
        texts.stage(LEAD, settings),
        texts.number(record["leads"]),
        _growth(grown, float(record["leads"]), before, texts, theme)
        + ((Cell(texts.t("tile_few", n=SMALL)),) if few else ()),
        theme.stage(LEAD, settings),
    )
    tiles = [first]
    for base, stage in pairwise(("leads", *settings.stage_keys)):
        part = texts.t("tile_of", n=int(record[stage]), base=int(record[base]))
        name, rate = clean(texts.stage(stage, settings)), texts.percent(record[f"{stage}_rate"])
        tiles.append(Tile(name, rate, (Cell(part),), theme.stage(stage, settings)))
    lines = _at_equal_age(record["cohort_week"], equal_age, settings, texts, theme)
    tiles.append(
        Tile(texts.stage(OVERALL, settings), texts.percent(record["overall_rate"], 2), lines, theme.ink)
    )
    return Headline(title, tuple(tiles), theme)


def _at_equal_age(
    week: pd.Timestamp, equal_age: pd.DataFrame, settings: Settings, texts: Texts, theme: Theme
) -> tuple[Cell, ...]:
    """The change at equal age, marked where chance alone may have made it."""
    found = at_equal_age(week, equal_age, settings)
    if found is None:
        return ()
    this, _, chance = found
    return _compared("tile_equal", float(this["overall_change"]), texts, theme, chance=chance)


def _compared(key: str, relative: float, texts: Texts, theme: Theme, *, chance: bool) -> tuple[Cell, ...]:
    if math.isnan(relative):
        return ()
    cell = change_cell(relative, texts, theme, chance=chance)
    return (Cell(texts.t(key, change=cell.text), colour=cell.colour),)


def _growth(key: str, leads: float, before: float, texts: Texts, theme: Theme) -> tuple[Cell, ...]:
    """The change of the number of leads; chance inside the 90 % of two equal Poisson numbers."""
    chance = abs(leads - before) <= 1.645 * math.sqrt(leads + max(before, 0.0))
    change = leads / before - 1 if before > 0 else math.nan
    return _compared(key, change, texts, theme, chance=chance)
