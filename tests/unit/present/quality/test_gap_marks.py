"""Numbers that rest on a table with gaps bear a mark, and the sentence that it stands for; others do not."""

from __future__ import annotations

import pandas as pd
import pytest

from funnel.gate.rules import REFUSE, STOPPED, finding, findings
from funnel.present.cohorts.headline import Headline, Tile
from funnel.present.parts import theme
from funnel.present.parts.cards import Card, Cards
from funnel.present.parts.drawing import new
from funnel.present.parts.gate_words import SIGN
from funnel.present.parts.gate_words import sentences as gate_sentences
from funnel.present.parts.grid import Cell, Grid, Head, Row
from funnel.present.parts.picture import Picture, finish
from funnel.present.parts.texts import Texts
from funnel.present.quality.gap_marks import LEADS as COUNTED
from funnel.present.quality.gap_marks import SPENT, marked, marker, sentences
from funnel.settings import LANGUAGES, Language, Settings, Stage
from funnel.settings_gate import Gate

DAY = pd.Timestamp("2026-10-19").date()
SETTINGS = Settings(stages=(Stage(key="sale"),))


def found(*rows: dict[str, object]) -> pd.DataFrame:
    return findings([pd.DataFrame(rows)], Gate(), DAY)


SPEND = finding("rejected", "spend", column="cost", rows=80, of=100, share=0.8, example="it is no number")
PAYMENTS = finding("unusable", "payments", REFUSE, column="amount", rows=5, of=5, share=1.0, example="p.csv")
LEADS = finding("stopped", "leads", STOPPED, rows=21, last=pd.Timestamp("2026-09-27"))
WRITINGS = finding("writings", "leads", column="channel", rows=1, of=9, example="A = a")


def costs(name: str = "costs") -> Grid:
    keys = ("cohort_week", "leads", "spend", "cost_per_lead", "roas")
    heads = tuple(Head(key, key=key) for key in keys)
    return Grid(name, heads, (Row(tuple(Cell("1") for _ in keys)),), theme.load(SETTINGS), ("as before",))


def signs(grid: Grid) -> list[bool]:
    return [SIGN in head.title for head in grid.heads]


@pytest.mark.parametrize("language", LANGUAGES)
def test_costs_bear_the_mark_of_spend_and_returns_that_of_payments(language: Language) -> None:
    texts = Texts(language)
    grid = costs()
    assert signs(marked(grid, found(SPEND), SETTINGS, texts)) == [False, False, True, True, True]
    assert signs(marked(grid, found(PAYMENTS), SETTINGS, texts)) == [False, False, False, False, True]
    assert signs(marked(grid, found(LEADS), SETTINGS, texts)) == [False, True, False, True, True]
    said = marked(grid, found(SPEND, LEADS), SETTINGS, texts).notes
    assert len(said) == 3 and said[-1] == "as before" and all(note.startswith(SIGN) for note in said[:2])
    assert "80" in said[1]


def test_what_a_contact_cost_rests_on_spend_and_what_it_pays_does_not() -> None:
    texts = Texts("en")
    heads = tuple(Head(key, key=key) for key in ("value", "per_customer", "cost_per_customer"))
    grid = Grid("ltv", heads, (Row((Cell("1"),) * 3),), theme.load(SETTINGS))
    assert signs(marked(grid, found(SPEND), SETTINGS, texts)) == [False, False, True]
    assert signs(marked(grid, found(PAYMENTS), SETTINGS, texts)) == [False, True, False]


def test_what_does_not_rest_on_it_and_what_lacks_nothing_bears_none() -> None:
    texts = Texts("en")
    assert marked(costs(), found(WRITINGS), SETTINGS, texts) == costs()
    slices = costs("slices-channel")
    assert not any(signs(marked(slices, found(PAYMENTS), SETTINGS, texts))[:2])
    assert not sentences(found(PAYMENTS), texts, {"leads", "stage_entries"})


def test_every_kind_of_gap_has_its_sentence_in_both_languages() -> None:
    every = {"leads", "payments", "spend", "stage_entries"}
    for language in LANGUAGES:
        said = sentences(found(SPEND, PAYMENTS, LEADS), Texts(language), every)
        assert len(said) == 3 and len(set(said)) == 3
        assert not any("{" in line for line in said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_boxes_big_numbers_and_pictures_bear_it_and_say_what_it_means(language: Language) -> None:
    texts, look = Texts(language), theme.load(SETTINGS)
    mark = marker(found(SPEND), SETTINGS, texts)
    boxes = Cards((Card("−20 %", ("since May",), look.down),), look)
    tiles = Headline("one cohort", (Tile("Leads", "5", (), look.ink),), look)
    picture = finish(new(1.0), "a line")
    for part in (boxes, tiles, picture):
        assert mark(part, COUNTED) == part  # no cost in it
    said = sentences(found(SPEND), texts, {"spend"})
    for shown in (mark(boxes, SPENT), mark(tiles, SPENT)):
        for form in shown._repr_mimebundle_()["text/markdown"].split("{=typst}"):
            assert form.count(SIGN) == 2 and "80" in form
    drawn = mark(picture, SPENT)
    assert drawn.alt == f"a line {said[0]}" and drawn.height > picture.height and drawn.width == picture.width
    assert mark(picture, SPENT) == drawn  # the same bytes


def test_what_shows_nothing_bears_no_mark() -> None:
    look = theme.load(SETTINGS)
    mark = marker(found(LEADS), SETTINGS, Texts("en"))
    empty = Cards((), look, "nothing stands out")
    assert mark(empty) == empty
    nothing = Headline("no cohort yet", (), look)
    assert mark(nothing) == nothing
    nothing = Picture(b"", "Nothing to draw.", 0.0, 0.0)
    assert mark(nothing) == nothing


def test_page_one_tells_the_gaps_beside_the_sign_that_numbers_bear() -> None:
    texts = Texts("en")
    said = gate_sentences(found(SPEND, WRITINGS), SETTINGS, texts, page=True)
    assert len(said) == 1 and said[0].startswith(SIGN)
    grid = costs()
    told = marked(grid, found(SPEND), SETTINGS, texts, told=True)
    assert signs(told) == signs(marked(grid, found(SPEND), SETTINGS, texts)) and told.notes == grid.notes
