"""The cube as text in a page: facts and columns of whole numbers, deflated, in base64."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from funnel.analysis.cube.cross import Cross, Whole


def pack(facts: Mapping[str, object], table: Cross) -> str:
    """Return the facts and the columns of the cross as one text; the same input gives the same text.

    The bytes are the length of the facts (4 bytes, least first), the facts as JSON, which name the columns,
    and the columns, each number in as many bytes as its largest needs.
    """
    columns = {
        "week": table.week,
        **{f"attr_{number}": table.codes[:, number] for number in range(table.codes.shape[1])},
        "leads": table.leads,
        "events": np.bincount(table.of_cell, minlength=len(table.leads)),
        "step": table.step,
        "lag": table.lag,
        "count": table.count,
    }
    small = {name: _small(column) for name, column in columns.items()}
    named = [[name, column.dtype.itemsize * 8, len(column)] for name, column in small.items()]
    head = json.dumps({**facts, "columns": named}, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "replace"
    )
    body = b"".join(column.tobytes() for column in small.values())
    return base64.b64encode(zlib.compress(struct.pack("<I", len(head)) + head + body, 6)).decode()


def _small(column: Whole) -> npt.NDArray[np.unsignedinteger]:
    """Return whole numbers in the fewest bytes, least byte first."""
    most = int(column.max()) if len(column) else 0
    return column.astype("<u1" if most < 2**8 else "<u2" if most < 2**16 else "<u4")
