"""Rows in a file because they are too many to be held, and numbers that mostly follow one another."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

BLOCK = 250_000
"""Rows that are held at once of a table that is not held as a whole."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A table as a Parquet file of our own, its rows in order.

    Attributes:
        path: the file; whoever made it removes it.
        num_rows: how many there are.
        column_names: the columns in order.
    """

    path: Path
    num_rows: int
    column_names: list[str]

    @classmethod
    def of(cls, path: Path) -> Stored:
        """Return what lies in a file."""
        from pyarrow import parquet  # here and below: most commands read no rows

        told = parquet.read_schema(path)
        return cls(path, parquet.read_metadata(path).num_rows, told.names)

    def blocks(self) -> Iterator[pa.Table]:
        """Yield the rows, some at a time; one block without rows where there are none."""
        from pyarrow import parquet

        with parquet.ParquetFile(self.path) as file:
            if not self.num_rows:
                yield file.schema_arrow.empty_table()
            for batch in file.iter_batches(BLOCK):
                yield pa.Table.from_batches([batch])


Rows = pa.Table | Stored
"""The rows of a table: held, or in a file."""


@dataclass(frozen=True, slots=True)
class Runs(Sequence[int]):
    """Numbers of which most are one more than the one before: only where that is not so is written down.

    >>> runs = Runs.of([np.array([1, 2, 3]), np.array([4, 9, 10])])
    >>> list(runs), runs.places
    ([1, 2, 3, 4, 9, 10], (0, 4))
    """

    places: tuple[int, ...]
    firsts: tuple[int, ...]
    size: int

    @classmethod
    def of(cls, blocks: Sequence[npt.NDArray[np.int64]]) -> Runs:
        """Return the numbers of blocks that stand one after the other."""
        places: list[int] = []
        firsts: list[int] = []
        size, before = 0, None
        for block in blocks:
            breaks = np.flatnonzero(np.diff(block, prepend=block[:1] - 1 if before is None else before) != 1)
            begins = breaks if size or not len(block) else np.union1d([0], breaks)
            places += (size + begins).tolist()
            firsts += block[begins].tolist()
            size += len(block)
            before = block[-1] if len(block) else before
        return cls(tuple(places), tuple(firsts), size)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, place):  # type: ignore[no-untyped-def] # one number; nobody takes a slice
        if not 0 <= place < self.size:
            raise IndexError(place)
        run = bisect.bisect_right(self.places, place) - 1
        return self.firsts[run] + place - self.places[run]
