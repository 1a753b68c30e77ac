"""The analyst's headings stay below the report's own."""

import pytest

from funnel.publish.narratives import high_headings


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
