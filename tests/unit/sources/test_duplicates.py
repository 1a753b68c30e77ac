"""Rows that stand twice are found whatever the size of the table, part by part."""

import numpy as np
import pyarrow as pa
import pytest

from funnel.schema import LEADS
from funnel.sources import duplicates
from funnel.sources.duplicates import Duplicate


@pytest.mark.parametrize("large", [10**9, 10])
def test_a_large_table_is_looked_through_in_parts(large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "_LARGE", large)
    ids = [f"id {number}" for number in range(1_000)]
    ids[700], ids[900], ids[901] = ids[3], ids[17], ids[17]  # an exact copy; one id with three contents
    rows = pa.table({"lead_id": ids, "channel": ["web"] * 900 + ["shop"] + ["fair"] * 99})
    assert duplicates.find(rows, LEADS) == [
        Duplicate(17, 900, False),
        Duplicate(700, 3, True),
        Duplicate(900, 17, False),
        Duplicate(901, 17, False),
    ]


def test_ids_of_one_character_and_none_at_all_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "_LARGE", 1)
    rows = pa.table({"lead_id": ["a", "ба", "", "a", "ба"], "channel": np.arange(5).astype(str)})
    assert [found.place for found in duplicates.find(rows, LEADS)] == [0, 1, 3, 4]
