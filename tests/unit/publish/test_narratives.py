"""The analyst's headings stay below the report's own."""

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import pytest

from funnel.errors import InputError
from funnel.publish.narratives import high_headings, narrative_for
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


def issue(root: Path, **changes: object) -> SimpleNamespace:
    settings = Settings.model_validate({"stages": [{"key": "sale"}], "root": root, **changes})
    return SimpleNamespace(settings=settings, report_date=dt.date(2022, 9, 26))


def test_a_narrative_that_is_a_link_to_a_file_elsewhere_is_neither_shown_nor_quoted(tmp_path: Path) -> None:
    (tmp_path / "narrative").mkdir()
    (tmp_path / "key").write_text("# planted-0\n")
    (tmp_path / "narrative/2022-09-26.md").symlink_to("../key")
    with pytest.raises(InputError, match="is a link to a file elsewhere") as caught:
        narrative_for(issue(tmp_path), "en")
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("folder", ["../texts", "/texts"])
def test_narratives_outside_the_project_are_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "project").mkdir()
    with pytest.raises(InputError, match=r"funnel\.yml, key narrative: .*texts lies outside the project"):
        narrative_for(issue(tmp_path / "project", narrative=folder), "en")
