"""What the cells of the workbook are to add up to, by hand."""

import pandas as pd
import pytest

from funnel.analysis.forecast.raking import _margin

WEEK, NEXT = pd.Timestamp("2022-08-01"), pd.Timestamp("2022-08-08")


def test_told_values_get_what_is_told_and_the_others_the_rest_scaled_to_the_week() -> None:
    cells = pd.DataFrame(
        {"cohort_week": [WEEK] * 4 + [NEXT] * 2, "attr_0": ["vk", "radio", "tv", "vk", "vk", "radio"]}
    )
    told = pd.DataFrame(
        [
            ("", "", WEEK, 10.0),
            ("channel", "vk", WEEK, 6.0),
            ("channel", "radio", WEEK, 1.0),
            ("", "", NEXT, 8.0),
            ("channel", "vk", NEXT, 3.0),
            ("channel", "radio", NEXT, 1.0),
        ],
        columns=["attribute", "value", "cohort_week", "coming"],
    )
    group, wanted = _margin(cells, told, "channel", "attr_0")
    assert group[0] == group[3] and len(set(group)) == 5
    by_cell = wanted[group]
    assert by_cell[:4].tolist() == pytest.approx([6, 1, 3, 6])  # tv, of which nothing is told, has the rest
    assert by_cell[4:].tolist() == pytest.approx([6, 2])  # 3 and 1 scaled to the week's 8
    week, total = _margin(cells, told, "", "")
    assert total[week].tolist() == [10, 10, 10, 10, 8, 8]
