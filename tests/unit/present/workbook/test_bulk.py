"""Many rows written a few thousand at a time: the same as one after the other."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET

import numpy as np
import pyarrow as pa

from funnel.present.workbook import bulk
from funnel.present.workbook.bulk import Lines, Styles, field_cells, repeated, rows, value_cells
from funnel.present.workbook.field import Column


def test_lines_are_made_in_blocks_and_know_their_size() -> None:
    count = 2 * bulk._BLOCK + 7
    codes = np.arange(count) % 3
    lines = Lines(("<", repeated(["а", "bb", ""], codes), "|", pa.array(map(str, range(count))), ">"), count)
    blocks = [block.to_pybytes() for block in lines]
    assert len(blocks) == 3
    expected = "".join(f"<{('а', 'bb', '')[n % 3]}|{n}>" for n in range(count))
    assert b"".join(blocks).decode() == expected
    assert lines.size == len(expected.encode()) == sum(map(len, blocks))


def test_no_lines_are_nothing() -> None:
    lines = Lines(("<r>", pa.array([], pa.string()), "</r>"), 0)
    assert list(lines) == []
    assert lines.size == 0


def test_cells_of_rows() -> None:
    styles = Styles(4, 5)
    group = Column("Who", items=("Anna", "=1+1"), codes=np.array([1, 0, 0]))
    whole = Column("Leads", values=np.array([2.0, np.nan, 7.0]), whole=True)
    part = Column("Sum", values=np.array([0.1, 1e17, np.nan]))
    listed = value_cells(["x", None, 3], styles, 200, ["https://a.example/1", "", ""])
    cells = [
        ("A", field_cells(group, styles)),
        ("B", field_cells(whole, styles)),
        ("C", field_cells(part, styles)),
    ]
    text = b"".join(
        block.to_pybytes() for block in rows([*cells, ("D", listed)], 2, [0.0, 30.0, 0.0])
    ).decode()
    found = list(ET.parse(io.StringIO(f"<s>{text}</s>")).getroot())
    assert [row.attrib for row in found] == [
        {"r": "2"}, {"r": "3", "ht": "30.0", "customHeight": "1"}, {"r": "4"}
    ]  # fmt: skip
    assert [[cell.get("r") for cell in row] for row in found] == [
        [f"{c}{n}" for c in "ABCD"] for n in (2, 3, 4)
    ]
    assert ["".join(cell.itertext()) for cell in found[0]] == [
        "=1+1",
        "2",
        "0.1",
        'HYPERLINK("https://a.example/1","x")x',
    ]
    assert ["".join(cell.itertext()) for cell in found[1]] == ["Anna", "", "1e+17", ""]
    assert ["".join(cell.itertext()) for cell in found[2]] == ["Anna", "7", "", "3"]
    assert [row[0].get("s") for row in found] == ["5", "4", "4"]
