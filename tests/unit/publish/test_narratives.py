"""The narrative: an untouched draft lives, an edited one is the analyst's; what cannot be shown is told."""

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import pytest

from funnel.errors import InputError
from funnel.publish import drafted
from funnel.publish.drafted import Drafted
from funnel.publish.narratives import high_headings, looked_at, narrative_for, require_fit, resolved
from funnel.settings import Settings


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("### Fine\n\n#### Finer\n", []),
        ("# One\n\n## Two ##\n", [(1, "One"), (3, "Two")]),
        ("#\n", [(1, "")]),
        ("#hash is a word\n", []),
        ("Above\n=====\n\nBelow\n---\n", [(1, "Above"), (4, "Below")]),
        ("\n---\n\n- item\n---\n", []),
        ("```\n# a comment\n```\n# after\n", [(4, "after")]),
        ("~~~~\n# a\n```\n# b\n~~~~\n", []),
        ("    # code\n", []),
    ],
)
def test_only_headings_of_the_first_two_levels_are_found(text: str, found: list[tuple[int, str]]) -> None:
    assert high_headings(text) == found


def edition(root: Path, **changes: object) -> SimpleNamespace:
    settings = Settings.model_validate({"stages": [{"key": "sale"}], "root": root, **changes})
    return SimpleNamespace(settings=settings, report_date=dt.date(2022, 9, 26))


def test_a_narrative_that_is_a_link_to_a_file_elsewhere_is_neither_shown_nor_quoted(tmp_path: Path) -> None:
    (tmp_path / "narrative").mkdir()
    (tmp_path / "key").write_text("# planted-0\n")
    (tmp_path / "narrative/2022-09-26.md").symlink_to("../key")
    with pytest.raises(InputError, match="is a link to a file elsewhere") as caught:
        narrative_for(edition(tmp_path), "en")
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("folder", ["../texts", "/texts"])
def test_narratives_outside_the_project_are_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "project").mkdir()
    with pytest.raises(InputError, match=r"funnel\.yml, key narrative: .*texts lies outside the project"):
        narrative_for(edition(tmp_path / "project", narrative=folder), "en")


VALUES = {"overall": "4.12 %", "leads": "558", "final": "8.2 %"}
DRAFT = "Overall conversion: {{< var n.overall >}}. Of it 50 % came; the cohort before has 3.02 %.\n"


def kept(path: Path) -> Drafted:
    known = Drafted().again(DRAFT, VALUES)
    drafted.write(path, known)
    assert drafted.read(path) == known
    return known


def test_an_untouched_draft_is_known_again_whatever_its_line_ends(tmp_path: Path) -> None:
    known = kept(tmp_path / "2022-09-26.md")
    assert known.untouched(DRAFT) and known.untouched("\ufeff" + DRAFT.replace("\n", " \r\n"))
    assert not known.untouched(DRAFT + "More.\n") and not Drafted().untouched(DRAFT)
    assert known.again(DRAFT, VALUES) == known  # a run in which nothing moved leaves the file as it is


def test_the_sentences_of_an_edited_one_whose_numbers_have_moved_are_named(tmp_path: Path) -> None:
    known = kept(tmp_path / "2022-09-26.md")
    edited = (
        DRAFT
        + "\nWe brought 558 leads. It cites {{< var n.overall >}}. We had 4.12 % before! There were 8 calls."
    )
    assert known.moved(edited) == []
    again = DRAFT.replace("3.02 %", "3.10 %")
    later = known.again(again, VALUES | {"overall": "4.30 %", "leads": "561"})
    assert later.moved(edited) == [
        "Of it 50 % came; the cohort before has 3.02 %.",  # as drafted once, and no more
        "We brought 558 leads.",
        "We had 4.12 % before!",
    ]
    # Once the analyst has typed what is true now, nothing is named; and when that moves too, it is again.
    right = "We brought 561 leads.\n"
    assert later.moved(right) == []
    assert later.again(again, VALUES | {"leads": "570"}).moved(right) == ["We brought 561 leads."]
    assert later.moved(again) == []  # a draft that nobody edited is only drafted anew


def test_a_damaged_record_makes_the_narrative_the_analyst_s_own(tmp_path: Path) -> None:
    path = tmp_path / "2022-09-26.md"
    kept(path)
    for content in ("{", "[]", '{"draft": 1}'):
        drafted.beside(path).write_text(content)
        assert not drafted.read(path).untouched(DRAFT)


def test_a_name_that_cannot_be_cited_is_told_with_its_line_before_anything_is_computed(
    tmp_path: Path,
) -> None:
    settings = edition(tmp_path).settings
    path = tmp_path / "narrative/2022-09-26.md"
    path.parent.mkdir()
    path.write_text(
        "Fine: {{< var n.rate.sale >}}.\n\nNot: {{< var n.overal >}}, {{<var n.rate.sail>}}.\n# High\n"
    )
    with pytest.raises(InputError) as caught:
        require_fit(settings, dt.date(2022, 9, 26), ["en"])
    said = str(caught.value)
    assert "line 3: n.overal cannot be cited; did you mean 'overall'?" in said
    assert "line 3: n.rate.sail cannot be cited; did you mean 'rate.sale'?" in said
    assert "line 4: the heading 'High' is too high" in said and "n.rate.sale cannot" not in said
    weights = [(weight, one.where) for weight, one in looked_at(settings)]
    assert weights == [("problem", f"{path}, line {line}") for line in (3, 3, 4)]


def test_what_is_archived_can_be_read_without_the_report() -> None:
    assert resolved(DRAFT, VALUES).startswith("Overall conversion: 4.12 %. Of it")


def test_a_draft_lives_until_somebody_edits_it_and_is_never_lost_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = {"draft": DRAFT, "values": VALUES}
    monkeypatch.setattr("funnel.publish.narratives._draft", lambda *_: world["draft"])
    monkeypatch.setattr("funnel.publish.narratives._values", lambda *_: world["values"])
    first = narrative_for(edition(tmp_path), "en")
    assert first.path.read_text() == DRAFT and first.moved == ()
    # The settings are corrected: nobody had edited the draft, so page 1 shows the new numbers.
    world |= {"draft": DRAFT.replace("3.02 %", "3.10 %"), "values": VALUES | {"leads": "561"}}
    assert narrative_for(edition(tmp_path), "en").path.read_text() == world["draft"]
    # An analyst writes; later the numbers move: not a word is changed, and the sentence is named.
    mine = "We brought 561 leads.\n"
    first.path.write_text(mine)
    world |= {"draft": DRAFT, "values": VALUES}
    later = narrative_for(edition(tmp_path), "en")
    assert later.path.read_text() == mine and later.moved == ("We brought 561 leads.",)
    ((weight, told),) = looked_at(edition(tmp_path).settings)
    assert weight == "remark" and "“We brought 561 leads.”" in str(told)
    # One that was there before anything was kept beside it is the analyst's own too.
    drafted.beside(first.path).unlink()
    assert narrative_for(edition(tmp_path), "en").path.read_text() == mine
