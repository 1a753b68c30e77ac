"""One block for each running or just finished initiative: verdict, money, before and after, every step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from funnel.columns.initiatives import IMPACT
from funnel.logbook import Initiative
from funnel.present.attention.words import (
    LONG,
    WHOLE,
    change_range,
    main,
    metric_name,
    reason_words,
    verdict_sentence,
    verdict_word,
)
from funnel.present.cohorts.headline import Headline, Tile
from funnel.present.forecast.tables import signed
from funnel.present.initiatives.charts import before_after
from funnel.present.initiatives.tables import verdict_colour
from funnel.present.parts import columned
from funnel.present.parts import theme as look
from funnel.present.parts.amounts import unit_for
from funnel.present.parts.cards import Card, Cards
from funnel.present.parts.escape import clean
from funnel.present.parts.grid import Cell, Grid, Row
from funnel.present.parts.picture import Picture
from funnel.present.parts.texts import EMPTY, Texts
from funnel.present.parts.theme import Theme
from funnel.settings import Settings

Part = Cards | Headline | Picture | Grid


def blocks(
    frames: Mapping[str, pd.DataFrame],
    shown: Sequence[Initiative],
    initiatives: Sequence[Initiative],
    problems: Sequence[str],
    settings: Settings,
    texts: Texts,
) -> list[Part]:
    """Return what is shown of the initiatives, in order.

    Args:
        frames: the results of `edition.attention` by name: `impact`, `lines`, `scoreboard`, `edits`.
        shown: those shown in detail.
        initiatives: all of them, for the names of those that overlap.
        problems: what is wrong with files that were left out, in words.
        settings: stages, attributes and currency.
        texts: the language.
    """
    theme = look.load(settings)
    parts: list[Part] = []
    if problems:
        lines = tuple(clean(problem, LONG) for problem in problems)
        parts.append(Cards((Card(texts.t("registers_wrong"), lines, theme.down),), theme))
    if not shown:
        parts.append(Cards((), theme, texts.t("empty_running")))
    names = {item.id: clean(item.name(texts.language), 60) for item in initiatives}
    whole = dict(zip(frames["scoreboard"]["initiative"], frames["scoreboard"]["verdict"], strict=True))
    for item in reversed(shown):
        mine = {
            name: frame[frame["initiative"] == item.id] for name, frame in frames.items() if name in _USED
        }
        parts += _block(item, mine, whole[item.id], names, settings, texts, theme)
    return parts


def in_cards(parts: Sequence[Part]) -> Cards:
    """Return the boxes of `blocks` alone, one for each initiative: what the meeting's PDF shows."""
    boxes = [part for part in parts if isinstance(part, Cards)]
    return Cards(tuple(card for part in boxes for card in part.cards), boxes[0].theme, boxes[0].empty)


_USED = ("impact", "lines", "edits")


def _block(
    item: Initiative,
    mine: Mapping[str, pd.DataFrame],
    verdict: str,
    names: Mapping[str, str],
    settings: Settings,
    texts: Texts,
    theme: Theme,
) -> Iterable[Part]:
    rows = mine["impact"]
    sentence = verdict_sentence(rows, verdict, names, settings, texts)
    lines = [sentence, *_changed(mine["edits"], texts), _about(item, settings, texts)]
    title = clean(item.name(texts.language), 100)
    earned = rows[(rows["metric"] == WHOLE) & rows["extra_sales"].notna()]
    answered = verdict not in ("too early", "cannot be told")
    if answered and earned.empty:
        lines.insert(1, texts.t("earned_unseen"))
    colour = verdict_colour(str(main(rows)["verdict"]) if answered else verdict, theme)
    card = Card(title, tuple(lines), colour, strong=True)
    yield Cards((card,), theme, sticky=True)
    if len(earned):
        tiles = _tiles(item, earned.iloc[0], settings, texts, theme)
        yield Headline(texts.t("tiles_earned"), tiles, theme, sticky=True)
    if len(mine["lines"]):
        yield before_after(mine["lines"], rows, item, settings, texts)
    yield _grid(item, rows, [*_notes(rows, mine["edits"], names, settings, texts)], texts, settings, theme)


def _about(item: Initiative, settings: Settings, texts: Texts) -> str:
    """Since when, where and who answers for it."""
    scope = "; ".join(
        f"{clean(texts.attribute(name, settings), 30)}: {', '.join(clean(value, 30) for value in values)}"
        for name, values in item.scope.items()
    )
    days = (
        texts.t("about_since", date=texts.date(item.start))
        if item.end is None
        else f"{texts.date(item.start)} – {texts.date(item.end)}"
    )
    words = [days, scope or texts.t("all_leads"), texts.t("about_owner", who=clean(item.owner, 60))]
    if item.stop_rule:
        words.append(texts.t("about_stop", rule=clean(item.stop_rule, LONG)))
    return " · ".join(words)


def _changed(edits: pd.DataFrame, texts: Texts) -> list[str]:
    """What was changed in the file after the start: it must not pass unseen."""
    return [
        texts.t(
            "edited_on" if row["edited"] else "edited_now",
            what=texts.t(f"key_{row['key']}"),
            was=clean(row["was"], 160),
            now=clean(row["now"], 160),
            **({"date": texts.date(pd.Timestamp(row["edited"]).date())} if row["edited"] else {}),
        )
        for row in edits[edits["state"] == "edited"].to_dict("records")
    ]


def _tiles(
    item: Initiative, row: pd.Series, settings: Settings, texts: Texts, theme: Theme
) -> tuple[Tile, ...]:
    """Extra sales, extra revenue, cost and return, each with its interval; without payments no amounts."""

    def between(low: str, high: str) -> Cell:
        return Cell(texts.t("tile_interval", low=low, high=high))

    rate = texts.t("tile_a_month", n=signed(float(row["sales_per_month"]), texts))
    if item.expected_sales_per_month is not None:
        rate += "; " + texts.t("tile_hoped", n=signed(item.expected_sales_per_month, texts))
    tiles = [
        Tile(
            texts.t("tile_extra_sales"),
            signed(float(row["extra_sales"]), texts, 0),
            (
                between(*(signed(float(row[f"extra_sales_{end}"]), texts, 0) for end in ("low", "high"))),
                Cell(rate),
            ),
            theme.ink,
        )
    ]
    if not math.isnan(row["extra_revenue"]):
        unit = unit_for(abs(float(row["extra_revenue"])), settings.currency, texts)
        digits = 2 if unit.size > 1 else unit.digits
        monthly = texts.t(
            "tile_a_month", n=signed(float(row["revenue_per_month"]) / unit.size, texts, digits)
        )
        if item.expected_revenue_per_month is not None:
            hoped = float(item.expected_revenue_per_month) / unit.size
            monthly += "; " + texts.t("tile_hoped", n=signed(hoped, texts, digits))
        tiles.append(
            Tile(
                texts.t("tile_extra_revenue"),
                signed(float(row["extra_revenue"]) / unit.size, texts, unit.digits),
                (
                    Cell(unit.name),
                    between(
                        *(
                            signed(float(row[f"extra_revenue_{end}"]) / unit.size, texts, unit.digits)
                            for end in ("low", "high")
                        )
                    ),
                    Cell(monthly),
                ),
                theme.ink,
            )
        )
    else:
        words = (Cell(texts.t("empty_revenue")),)
        tiles.append(Tile(texts.t("tile_extra_revenue"), EMPTY, words, theme.muted))
    unit = unit_for(float(row["cost"]), settings.currency, texts)
    hours = (Cell(texts.t("tile_hours", n=round(item.cost.hours))),) if item.cost.hours else ()
    tiles.append(
        Tile(
            texts.t("tile_cost"), unit.number(float(row["cost"]), texts), (Cell(unit.name), *hours), theme.ink
        )
    )
    if not math.isnan(row["roi"]):
        low, high = (signed(float(row[f"roi_{end}"]), texts) for end in ("low", "high"))
        lines = (Cell(texts.t("tile_return_is")), between(low, high))
        tiles.append(Tile(texts.t("tile_return"), signed(float(row["roi"]), texts), lines, theme.ink))
    return tuple(tiles)


def _grid(
    item: Initiative,
    rows: pd.DataFrame,
    notes: Sequence[str],
    texts: Texts,
    settings: Settings,
    theme: Theme,
) -> Grid:
    """Every step and the whole: before, after, what would have been; expected beside measured."""
    lines = []
    for record in rows.to_dict("records"):
        digits = 2 if record["metric"] == WHOLE else 1
        tested = not math.isnan(record["expected_change"])
        said = verdict_word(record["verdict"], texts)
        if record["verdict"] == "too early" and not pd.isna(record["readable_from"]):
            said = texts.t("readable", date=texts.date(record["readable_from"].date()))
        cells = [
            Cell(metric_name(record["metric"], settings, texts)),
            *(Cell(texts.percent(record[name], digits)) for name in ("before", "without", "after")),
            Cell(texts.change(record["expected_change"])),
            Cell(texts.change(record["measured_change"])),
            Cell(
                texts.number(math.nan)
                if math.isnan(record["low"])
                else change_range(record["low"], record["high"], texts)
            ),
            Cell(said, colour=verdict_colour(record["verdict"], theme) if tested else ""),
        ]
        lines.append(Row(tuple(cells), "plain" if tested else "muted"))
    heads = tuple(columned.heads(IMPACT, settings, texts, theme))
    name = "initiative-" + "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in item.id)
    return Grid(name, heads, tuple(lines), theme, tuple(notes))


def _notes(
    rows: pd.DataFrame, edits: pd.DataFrame, names: Mapping[str, str], settings: Settings, texts: Texts
) -> Iterable[str]:
    first = rows.iloc[0]
    read = rows[rows["measured_change"].notna()]
    if len(read):
        key = "method_" + str(first["method"]).replace(" ", "_")
        ages = sorted({int(age) for age in read["at_age"]})
        yield texts.t(
            "note_impact",
            method=texts.t(key),
            before=int(first["weeks_before"]),
            after=int(first["weeks_after"]),
            age=f"{ages[0]}–{ages[-1]}" if len(ages) > 1 else str(ages[0]),
        )
    for reason in dict.fromkeys(reason for reason in rows["reason"] if reason and reason != "not_ripe"):
        yield texts.t("note_reason", reason=reason_words(reason, names, texts))
    missed = rows[(rows["verdict"] == "no effect seen") & rows["mde"].notna()]
    if len(missed):
        sizes = "; ".join(
            f"{metric_name(row['metric'], settings, texts)}: {texts.change(row['mde'])}"
            for row in missed.to_dict("records")
        )
        yield texts.t("note_mde", sizes=sizes)
    if len(read):
        dates = int(first["placebo_dates"])
        yield (
            texts.t("note_placebo", n=dates, share=texts.percent(first["placebo"]))
            if dates
            else texts.t("note_no_placebo")
        )
    for overlap in filter(None, str(first["overlaps"]).split("; ")):
        other, _, how = overlap.partition(": ")
        yield texts.t("overlap_" + how.replace(" ", "_"), other=names.get(other, clean(other, 60)))
    for reason in edits.loc[edits["state"] == "cannot be told", "reason"]:
        yield texts.t(f"untold_{reason}")
    if (edits["state"] == "unchanged").any():
        yield texts.t("note_unedited")
