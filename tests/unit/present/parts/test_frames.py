"""An analyst's frame is written as the language writes numbers; what only looks like one is left alone."""

from __future__ import annotations

import pandas as pd
import pytest

from funnel.present.parts import frames, theme
from funnel.present.parts.texts import Texts
from funnel.settings import Settings

FRAME = pd.DataFrame(
    {
        "rate": [0.125, -1234.5, None],
        "leads": [1203, 7, 45],
        "day": ["12.09", "31.10", "01.12"],
        "version": ["1.2", "1.3", "2.0b"],
        "code": ["007.5", "1.5", "2.5"],
    }
)


@pytest.mark.parametrize(
    ("language", "rates"), [("en", ["0.125", "-1234.500", "–"]), ("ru", ["0,125", "−1234,500", "–"])]
)
def test_numbers_are_written_in_the_language_and_days_versions_and_codes_as_they_are(
    settings: Settings, language: str, rates: list[str]
) -> None:
    texts = Texts("ru" if language == "ru" else "en")
    grid = frames.grid("own", FRAME._repr_html_(), theme.load(settings), texts)  # type: ignore[operator]
    assert grid is not None
    columns = [[row.cells[at].text for row in grid.rows] for at in range(len(grid.heads))]
    assert columns == [
        rates,
        ["1203", "7", "45"],
        *(FRAME[name].tolist() for name in ("day", "version", "code")),
    ]
    assert [head.align for head in grid.heads] == ["right", "right", "right", "left", "right"]


def test_thousands_of_a_styler_are_told_apart_by_a_space(settings: Settings) -> None:
    styled = FRAME[["leads"]].style.format("{:,.1f}").to_html()
    grid = frames.grid("own", styled, theme.load(settings), Texts("ru"))
    assert grid is not None
    assert [row.cells[0].text for row in grid.rows] == ["1\xa0203,0", "7,0", "45,0"]
