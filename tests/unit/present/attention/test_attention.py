"""What the meeting works with: flags, shapes, investigations, initiatives, in both languages."""

import datetime as dt
import math

import pandas as pd
import pytest

from funnel.analysis.initiatives.verdict import scoreboard
from funnel.logbook import Initiative
from funnel.present.attention import charts as attention_charts
from funnel.present.attention import tables as attention_tables
from funnel.present.attention import words as attention_words
from funnel.present.cohorts.headline import Headline
from funnel.present.initiatives import blocks as initiative_blocks
from funnel.present.initiatives import tables as initiative_tables
from funnel.present.parts.cards import Card, Cards
from funnel.present.parts.grid import Grid
from funnel.present.parts.picture import Picture
from funnel.present.parts.texts import Texts
from funnel.schema import EDIT_COLUMNS, INVESTIGATION_COLUMNS
from funnel.settings import LANGUAGES

FAULTS = ("data_fault", "skipped_stage")

EN = Texts("en")
NAN, NAT = math.nan, pd.NaT
HOSTILE = '<script>alert(1)</script> `x` {{< include /etc/passwd >}} #eval("1") \u202etxt.exe'


def flag(value, stage="qualified", flagged=True, **changes):
    row = {
        "attribute": "manager", "value": value, "stage": stage, "observed": 0.336683, "expected": 0.555276,
        "low": 0.482412, "high": 0.628141, "p_value": 1e-6, "q_value": 1e-4, "kind": "history",
        "flag": flagged, "change": -0.393665, "effect_sales": -11.17, "effect_money": -1667694.6,
        "since": pd.Timestamp(2022, 8, 8), "weeks": 6, "first_week": pd.Timestamp(2022, 8, 15), "at_age": 0,
        "base": 199, "leads": 480, "small": False, "name": f"manager:{value}:{stage}", "investigation": "",
    }  # fmt: skip
    return row | changes


def investigation(**changes):
    row = {
        "id": "b", "opened": pd.Timestamp(2022, 9, 5), "closed": NAT, "state": "open", "age_weeks": 3,
        "attribute": "manager", "value": "Boris", "stage": "qualified",
        "first_week": pd.Timestamp(2022, 8, 8), "last_week": NAT, "question": "Why?",
        "who": "head of sales", "finding": "",
    }  # fmt: skip
    return row | changes


def dug(*rows):
    return pd.DataFrame(list(rows), columns=list(INVESTIGATION_COLUMNS))


def initiative(**changes):
    fields = {
        "id": "training", "title": {"en": "Training", "ru": "Обучение"}, "owner": "head of sales",
        "start": dt.date(2022, 1, 31), "scope": {"manager": ["Anna", "Denis"]},
        "hypotheses": [{"metric": "proposal_rate", "change": 0.4}, {"metric": "overall_rate", "change": 0.2}],
        "expected_sales_per_month": 14, "cost": {"money": 960000, "hours": 320},
    }  # fmt: skip
    return Initiative.model_validate(fields | changes)


def measured(metric, expected, change, low, high, verdict, **changes):
    row = {
        "initiative": "training", "metric": metric, "expected_change": expected, "measured_change": change,
        "low": low, "high": high, "p_value": 0.01, "readable_from": pd.Timestamp(2022, 8, 29),
        "verdict": verdict, "extra_sales": NAN, "extra_revenue": NAN, "cost": 960000.0, "roi": NAN,
        "reason": "", "method": "difference in differences",
        "before": 0.413, "after": 0.618, "without": 0.406,
        "weeks_before": 26, "weeks_after": 13, "at_age": 21, "mde": 0.29, "power": 0.9, "placebo": 0.0,
        "placebo_dates": 11, "overlaps": "", "extra_sales_low": NAN, "extra_sales_high": NAN,
        "extra_revenue_low": NAN, "extra_revenue_high": NAN, "roi_low": NAN, "roi_high": NAN,
        "sales_per_month": NAN, "revenue_per_month": NAN,
    }  # fmt: skip
    return row | changes


EARNED = {
    "extra_sales": 90.3, "extra_sales_low": -3.9, "extra_sales_high": 165.8, "extra_revenue": 11648151.0,
    "extra_revenue_low": -501525.0, "extra_revenue_high": 21376701.0, "roi": 11.13, "roi_low": -1.52,
    "roi_high": 21.27, "sales_per_month": 11.52, "revenue_per_month": 1486_000.0,
}  # fmt: skip
ROWS = [
    measured("proposal_rate", 0.4, 0.52, 0.35, 0.71, "confirmed"),
    measured("overall_rate", 0.2, 0.24, -0.008, 0.547, "no effect seen", mde=0.5, **EARNED),
    measured("target_rate", NAN, 0.01, -0.06, 0.09, ""),
]


def frames(rows=ROWS, edits=()):
    impact = pd.DataFrame(rows)
    weeks = pd.date_range("2021-08-02", periods=39, freq="7D")
    lines = pd.DataFrame(
        {
            "initiative": "training", "metric": "proposal_rate", "cohort_week": weeks, "group": "treated",
            "base": 40, "reached": 20, "rate": 0.5,
            "at_age": 21,
            "period": ["before" if week < pd.Timestamp(2022, 1, 31) else "after" for week in weeks],
        }
    )  # fmt: skip
    return {
        "impact": impact,
        "lines": lines if impact["measured_change"].notna().any() else lines.iloc[:0],
        "scoreboard": scoreboard(impact),
        "edits": pd.DataFrame(list(edits), columns=list(EDIT_COLUMNS)),
    }


def shown(part):
    bundle = part._repr_mimebundle_()
    return bundle["text/markdown"] if isinstance(bundle, dict) else bundle[0]["image/png"]


def blocks(settings, made=None, item=None, problems=(), texts=EN):
    item = item or initiative()
    return initiative_blocks.blocks(made or frames(), [item], [item], problems, settings, texts)


def words(grid):
    return [[cell.text for cell in row.cells] for row in grid.rows]


def test_the_list_shows_flags_only_in_their_order_and_who_digs(settings):
    flags = pd.DataFrame(
        [flag("Boris", investigation="b"), flag("Oleg", since=NAT), flag("Anna", flagged=False)]
    )
    grid = attention_tables.look_first_grid(flags, dug(investigation()), settings, EN)
    assert words(grid) == [
        ["Manager: Boris", "Qualified", "▼ −39\xa0%", "33.7\xa0%", "56\xa0%", "48–63\xa0%", "8 Aug 2022",
         "−11", "−1.67", "head of sales"],
        ["Manager: Oleg", "Qualified", "▼ −39\xa0%", "33.7\xa0%", "56\xa0%", "48–63\xa0%", "–",
         "−11", "−1.67", "nobody digs here"],
    ]  # fmt: skip
    assert "funnel investigate manager:Oleg:qualified" in grid.notes[-1]
    assert "3 comparisons" in grid.notes[0]


def test_a_flag_against_a_target_and_a_closed_case_say_so(settings):
    flags = pd.DataFrame([flag("Boris", kind="target", expected=0.4, investigation="b")])
    over = investigation(state="explained", closed=pd.Timestamp(2022, 9, 19), finding="Found.")
    (row,) = words(attention_tables.look_first_grid(flags, dug(over), settings, EN))
    assert row[4] == "40\xa0% (target)" and row[-1] == "explained"


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_flags_the_page_says_that_nothing_stands_out(settings, language):
    texts = Texts(language)
    quiet = pd.DataFrame([flag("Anna", flagged=False), flag("Oleg", flagged=False)])
    for part in (attention_tables.look_first_grid, attention_tables.flag_cards):
        made = part(quiet, dug(), settings, texts)
        assert made.empty == texts.t("empty_flags", n=2)
        assert part(quiet.iloc[:0], dug(), settings, texts).empty == texts.t("empty_flags_short")
        assert shown(made)
    empty = attention_charts.flags_over_time(pd.DataFrame(), quiet, settings, texts)
    assert isinstance(empty, Picture) and empty.alt == texts.t("empty_flags", n=2)


def test_a_flag_is_told_in_one_line_with_its_cost(settings):
    (card,) = attention_tables.flag_cards(pd.DataFrame([flag("Boris")]), dug(), settings, EN).cards
    assert card.title == "Manager: Boris · Qualified ▼ −39\xa0%"
    assert card.lines == (
        "33.7\xa0% instead of the usual 55.5\xa0%, 6 weeks together (15 Aug 2022 – 25 Sep 2022). "
        "It began before these, in the week of 8 Aug 2022; only the newest weeks that are old enough are "
        "counted. "
        "If all goes on as usual from there, that costs about 11 sales (1.67\xa0million USD) "
        "in these cohorts.",
        "Nobody digs there yet.",
    )


def test_investigations_open_ones_with_their_age_then_those_closed_since(settings):
    late = investigation(id="late", opened=pd.Timestamp(2022, 9, 19), age_weeks=1, attribute="", value="")
    over = {"state": "noise", "finding": "Chance."}
    news = investigation(id="news", closed=pd.Timestamp(2022, 9, 20), **over)
    old = investigation(id="old", closed=pd.Timestamp(2022, 9, 19), **over)
    frame = dug(late, investigation(), news, old)
    cards = attention_tables.investigation_cards(frame, dt.date(2022, 9, 19), settings, EN).cards
    assert [card.title for card in cards] == [
        "Manager: Boris · Qualified", "All leads · Qualified", "Manager: Boris · Qualified",
    ]  # fmt: skip
    assert cards[0].lines[0] == "Who digs: head of sales, for 3 weeks (since 5 Sep 2022)."
    assert cards[2].lines[0] == "Closed as noise: Chance."


@pytest.mark.parametrize("shape", ["overload", "market", "hidden_launch", "data_fault", "skipped_stage"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_shape_is_named_in_a_sentence(settings, shape, language):
    row = {
        "shape": shape, "attribute": "stage" if shape in FAULTS else "", "value": "proposal",
        "first_week": pd.Timestamp(2022, 7, 4), "last_week": pd.Timestamp(2022, 7, 25), "volume": 1.78,
        "change": -0.27, "score": -3.1, "seen": pd.Timestamp(2022, 9, 26), "name": "total:overall",
        "investigation": "",
    }  # fmt: skip
    shapes, since = pd.DataFrame([row]), dt.date(2022, 9, 19)
    (card,) = attention_tables.shape_cards(shapes, dug(), since, settings, Texts(language)).cards
    assert "funnel investigate total:overall" in card.lines[1]
    assert Texts(language).date(dt.date(2022, 7, 31)) in card.lines[0]
    assert ("Proposal" in card.lines[0] or "Предложение" in card.lines[0]) == (shape in FAULTS)
    assert ("+78" in card.lines[0]) == (shape not in FAULTS)


def test_a_shape_is_news_once_and_then_a_line_with_its_answer(settings):
    rows = [
        {
            "shape": "market", "attribute": "", "value": "", "first_week": pd.Timestamp(2022, 4, 4),
            "last_week": pd.Timestamp(2022, 4, 25), "volume": 1.0, "change": -0.27, "score": -3.1,
            "seen": pd.Timestamp(2022, 5, 2), "name": "total:overall", "investigation": answer,
        }
        for answer in ("", "2022-09-05-boris")
    ]  # fmt: skip
    frame = dug(investigation(id="2022-09-05-boris"))
    since = dt.date(2022, 9, 19)
    (card,) = attention_tables.shape_cards(pd.DataFrame(rows), frame, since, settings, EN).cards
    assert card.title == "Seen before"
    assert card.lines == (
        "The market as a whole, cohorts 4 Apr 2022 – 1 May 2022: nobody digs here.",
        "The market as a whole, cohorts 4 Apr 2022 – 1 May 2022: head of sales.",
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_leads_that_no_longer_come_stand_before_every_flag(settings, language):
    row = {
        "attribute": "channel", "value": "fair", "stage": "lead", "cohort_week": pd.Timestamp(2022, 9, 19),
        "leads": 0, "expected": 61.4, "low": 47.0, "high": 76.0, "change": -1.0, "flag": True, "rise": False,
        "instead": "", "instead_leads": 0,
        "name": "channel:fair:lead", "investigation": "",
    }  # fmt: skip
    twice = row | {"value": "web", "leads": 130, "change": 1.12, "flag": False, "rise": True}
    flags, texts = pd.DataFrame([flag("Boris")]), Texts(language)
    cards = attention_tables.flag_cards(flags, dug(), settings, texts, pd.DataFrame([row, twice])).cards
    assert "fair" in cards[0].title and "web" in cards[2].title and len(cards) == 3
    told = [set(card.lines[0].replace(";", " ").replace(",", " ").split()) for card in cards]
    assert {"0", "61", "47"} <= told[0] and {"130", "61", "76"} <= told[2]
    assert cards[2].colour != cards[0].colour  # neither good nor bad


def test_money_is_told_of_a_change_that_is_seen_alone_and_the_colour_is_the_main_hypothesis_s(settings):
    first = measured("target_rate", 0.2, 0.02, -0.1, 0.16, "no effect seen")
    rows = [first, measured("proposal_rate", 0.4, 0.52, 0.35, 0.71, "confirmed"),
            measured("overall_rate", NAN, 0.4, 0.02, 0.78, "")]  # fmt: skip
    card, *others = blocks(settings, frames(rows))
    assert card.cards[0].lines[1].startswith("What it brought cannot be told")
    assert not any(isinstance(part, Headline) for part in others)
    assert card.cards[0].colour == card.theme.muted  # one of two came true, but not the one it was for
    later = {"later_change": 0.08, "later_low": 0.01, "later_high": 0.15}
    (again, *_) = blocks(settings, frames([first | later, *rows[1:]]))
    assert again.cards[0].lines[0].endswith("Read again now: +8\xa0% (+1\xa0% to +15\xa0%).")


def test_a_block_is_verdict_money_picture_and_every_step(settings):
    card, tiles, picture, grid = blocks(settings)
    assert isinstance(card, Cards) and isinstance(tiles, Headline)
    assert isinstance(picture, Picture) and isinstance(grid, Grid)
    assert card.cards[0].lines[0] == (
        "Partly confirmed: 1 of 2 hypotheses came true; Qualified → Proposal +52\xa0% "
        "(90 % interval +35\xa0% to +71\xa0%), expected +40\xa0%: confirmed."
    )
    assert [tile.number for tile in tiles.tiles] == ["+90", "+11.6", "960", "+11.1"]
    assert [line.text for line in tiles.tiles[0].lines] == [
        "90 %: −4 to +166",
        "+11.5 a month; expected +14.0",
    ]
    revenue = tiles.tiles[1].lines
    assert [line.text for line in revenue] == ["million USD", "90 %: −0.5 to +21.4", "+1.49 a month"]
    hoped = blocks(settings, item=initiative(expected_revenue_per_month="900000"))[1].tiles[1].lines
    assert hoped[-1].text == "+1.49 a month; expected +0.90"
    assert words(grid)[0] == [
        "Qualified → Proposal", "41.3\xa0%", "40.6\xa0%", "61.8\xa0%", "+40\xa0%", "+52\xa0%",
        "+35\xa0% to +71\xa0%", "Confirmed",
    ]  # fmt: skip
    assert [row.tone for row in grid.rows] == ["plain", "plain", "muted"]
    assert any("Lead-to-sale conversion: +50" in note for note in grid.notes)
    assert any("Placebo: at 11 other dates" in note for note in grid.notes)


def test_too_early_tells_the_date_and_untold_the_reason(settings):
    early = [measured("proposal_rate", 0.4, NAN, NAN, NAN, "too early", reason="not_ripe")]
    card, grid = blocks(settings, frames(early))
    assert card.cards[0].lines[0] == "Too early to say: readable from 29 Aug 2022."
    assert words(grid)[0][-1] == "too early, from 29 Aug 2022"
    untold = [
        measured(
            "proposal_rate", 0.4, NAN, NAN, NAN, "cannot be told", reason="overlap:chat", readable_from=NAT
        )
    ]
    card, grid = blocks(settings, frames(untold))
    assert card.cards[0].lines[0].startswith("Cannot be told: “chat” runs in the same segments and weeks")


@pytest.mark.parametrize(
    ("overlap", "says"),
    [
        ("chat: reaches treated and others alike", "reaches treated and other leads alike"),
        ("chat: spread over treated and others alike", "is spread over"),
        ("chat: its segments left out", "its segments are left out"),
        ("chat: only weeks without its change are read", "only weeks without its change"),
        ("chat: same segments and weeks", "cannot be told apart"),
    ],
)
def test_an_overlap_is_named_in_both_languages(settings, overlap, says):
    made = frames([row | {"overlaps": overlap} for row in ROWS])
    assert any(says in note and "“chat”" in note for note in blocks(settings, made)[-1].notes)
    assert any("«chat»" in note for note in blocks(settings, made, texts=Texts("ru"))[-1].notes)


def test_an_edited_hypothesis_stands_right_under_the_verdict(settings):
    edit = ("training", "edited", "", "2022-04-04", "abc", "hypotheses", "[{change: 0.4}]", "[{change: 0.1}]")
    card, *_, grid = blocks(settings, frames(edits=[edit]))
    assert card.cards[0].lines[1] == (
        "Edited after the start, on 4 Apr 2022: hypotheses, was [{change: 0.4}], is [{change: 0.1}]."
    )
    assert EN.t("note_unedited") not in grid.notes
    clean = ("training", "unchanged", "", "", "", "", "", "")
    assert EN.t("note_unedited") in blocks(settings, frames(edits=[clean]))[-1].notes


def test_files_left_out_are_named_and_the_others_still_come_out(settings):
    first, *rest = blocks(settings, problems=["bad.yml, line 3: found <b>"])
    assert first.cards[0].lines == ("bad.yml, line 3: found <b>",)
    assert len(rest) == 4


def test_the_scoreboard_counts_every_initiative_and_all(settings):
    grid = initiative_tables.scoreboard_grid(frames()["scoreboard"], [initiative()], settings, EN)
    assert words(grid) == [
        ["Training", "2", "1", "0", "0", "1", "0", "0", "100\xa0%", "0.8", "Partly confirmed"],
        ["All", "2", "1", "0", "0", "1", "0", "0", "100\xa0%", "0.8", ""],
    ]
    nothing = initiative_tables.scoreboard_grid(frames()["scoreboard"].iloc[:0], [], settings, EN)
    assert nothing.rows == () and "data/initiatives" in nothing.empty


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_names_and_texts_stay_text(settings, language):
    texts = Texts(language)
    item = initiative(title=HOSTILE, owner=HOSTILE, stop_rule=HOSTILE, scope={"manager": [HOSTILE]})
    rows = [row | {"overlaps": f"{HOSTILE}: same segments and weeks"} for row in ROWS]
    edit = ("training", "edited", "", "", "", "cost", HOSTILE, HOSTILE)
    case = investigation(value=HOSTILE, question=HOSTILE, who=HOSTILE, stage=HOSTILE)
    flags = pd.DataFrame([flag(HOSTILE), flag(HOSTILE, investigation="b")])
    parts = [
        *blocks(settings, frames(rows, [edit]), item, [HOSTILE], texts),
        attention_tables.flag_cards(flags, dug(case), settings, texts),
        attention_tables.look_first_grid(flags, dug(case), settings, texts),
        attention_tables.investigation_cards(dug(case), dt.date(2022, 9, 1), settings, texts),
        initiative_tables.scoreboard_grid(scoreboard(pd.DataFrame(rows)), [item], settings, texts),
    ]
    for part in parts:
        text = shown(part)
        assert "<script" not in text and "{{<" not in text and "\u202e" not in text
        assert text.count("```") in (0, 4)


def test_the_draft_says_what_the_sections_show(settings):
    made = frames() | {
        "deviations": pd.DataFrame([flag("Boris*", investigation="b")]),
        "investigations": dug(investigation(value="Boris*")),
        "shapes": pd.DataFrame(columns=["shape", "seen"]),
        "arrivals": pd.DataFrame({"flag": pd.Series(dtype=bool)}),
    }
    item = initiative(title="A *bold* plan")
    first, second, third = attention_words.paragraphs(
        made, [item], [item], dt.date(2022, 9, 19), settings, EN
    )
    assert first[0] == "**Look here first: 1 flag.** It differs by more than chance explains."
    assert first[1].startswith("Manager: Boris\\*, conversion to “Qualified”: 33.7\xa0% instead of")
    assert first[2] == "Who digs: head of sales."
    assert second == ["**Investigations:** 1 is open, for 3 weeks."]
    assert third[0].startswith("**A \\*bold\\* plan.** Partly confirmed: 1 of 2")


def test_a_change_within_the_counted_weeks_only_says_when_it_began(settings):
    later = flag("Boris", since=pd.Timestamp(2022, 8, 29))
    said = attention_words.flag_sentences(later, settings, EN)
    assert "It began in the week of 29 Aug 2022." in said and "before these" not in said
    assert "Началось ещё раньше, с недели 08.08.2022: учтены только самые новые" in (
        attention_words.flag_sentences(flag("Boris"), settings, Texts("ru"))
    )


def test_cards_say_why_there_are_none(settings):
    theme = attention_tables.look.load(settings)
    assert "Nothing &lt;here&gt;" in shown(Cards((), theme, "Nothing <here>"))
    assert shown(Cards((Card("T", ("a", "b"), theme.up),), theme)).count("par(text(") == 3
