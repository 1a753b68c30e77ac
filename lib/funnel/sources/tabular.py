"""A file as a sheet: named columns of cells with row numbers, whatever format the file has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from funnel.errors import InputError, Problem
from funnel.stored import BLOCK

Mask = npt.NDArray[np.bool_]
_FITTING = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_dictionary,
    pa.types.is_null,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_date,
    pa.types.is_timestamp,
)
TEXT, NUMBER, DATE = np.int8(0), np.int8(1), np.int8(2)


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of one column.

    Attributes:
        values: text, or another Arrow type where the file is typed (Parquet). Never floating point.
        kinds: where cells of one column can differ in type (XLSX) or were floating point: `TEXT`, `NUMBER`
            or `DATE` for each cell. None: as the type of `values` says.
    """

    values: pa.Array
    kinds: npt.NDArray[np.int8] | None = None

    def raw(self) -> pa.Array:
        """Every cell as text, as it stands in the file."""
        values = self.values
        if pa.types.is_timestamp(values.type):
            clock = values.cast(pa.int64()).cast(pa.timestamp(values.type.unit))
            text = clock.cast(pa.timestamp("s"), safe=False).cast(pa.string())
            return pc.binary_join_element_wise(text, "Z", "") if values.type.tz else text
        return values.cast(pa.string())

    def text(self) -> pa.Array:
        """Every cell as stripped text; an empty one is null. Where nothing changes, no copy is kept."""
        raw = self.raw()
        values = pc.utf8_trim_whitespace(raw)
        values = raw if values.equals(raw) else values
        empty = pc.equal(values, "")
        return pc.if_else(empty, pa.scalar(None, pa.string()), values) if pc.any(empty).as_py() else values

    def are(self, kind: np.int8) -> Mask:
        """Which cells are of a kind."""
        return np.zeros(len(self.values), bool) if self.kinds is None else self.kinds == kind


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of cells.

    Attributes:
        where: the file as given, and the sheet of a workbook, for messages.
        names: the header as it stands, duplicates and blanks included.
        columns: the cells of each column, in the order of `names`.
        rows: the number of each row in the file; 1 is the first one under the header. Blank rows are
            skipped but keep their number.
        ragged: rows that have not as many cells as the header: number and cells.
        notice: what the user should know of the way it was read; '' for nothing.
    """

    where: str
    names: tuple[str, ...]
    columns: tuple[Cells, ...]
    rows: npt.NDArray[np.int64]
    ragged: Sequence[tuple[int, Sequence[str]]] = ()
    notice: str = ""

    def texts(self, positions: Sequence[int]) -> list[Mapping[str, str]]:
        """Return all cells of the rows at some positions as they stand in the file, as text."""
        chosen = pa.array(positions, pa.int64())
        columns = [
            ["" if cell is None else cell for cell in Cells(cells.values.take(chosen)).raw().to_pylist()]
            for cells in self.columns
        ]
        return [dict(zip(self.names, row, strict=True)) for row in zip(*columns, strict=True)]


def unreadable(where: str, wrong: str, todo: str = "") -> InputError:
    """Return the error for a file that cannot be used at all."""
    return InputError("The input cannot be used.", [Problem(where, wrong, todo=todo)])


def read_parquet(path: Path) -> Sheet:
    """Read a Parquet file.

    Raises:
        InputError: it is no Parquet file, is damaged, or holds nested or binary columns.
    """
    with _readable(path):
        table = pq.read_table(path)
        table.validate(full=True)
        names = tuple(table.column_names)
    _require_fitting(path, table.schema)
    return _sheet(path, names, table, 0)


def parquet_blocks(path: Path) -> Iterator[Sheet]:
    """Read a Parquet file some rows at a time; at least one sheet comes, if without rows.

    Raises:
        InputError: it is no Parquet file, is damaged, or holds nested or binary columns.
    """
    with _readable(path), pq.ParquetFile(path) as file:
        _require_fitting(path, file.schema_arrow)
        names = tuple(file.schema_arrow.names)
        first = 0
        for batch in file.iter_batches(BLOCK):
            batch.validate(full=True)
            yield _sheet(path, names, pa.Table.from_batches([batch]), first)
            first += batch.num_rows
        if not first:
            yield _sheet(path, names, file.schema_arrow.empty_table(), 0)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:  # of names that are no UTF-8, a ValueError
        if isinstance(error, InputError):
            raise
        what = str(error).strip().splitlines()[0]
        raise unreadable(
            str(path), f"it cannot be read as Parquet: {what}", "write the file again"
        ) from error


def _require_fitting(path: Path, schema: pa.Schema) -> None:
    problems = [
        Problem(f"{path}, column {name}", f"its cells are of type {kind}", "text, numbers, dates")
        for name, kind in zip(schema.names, schema.types, strict=True)
        if not any(fits(kind) for fits in _FITTING)
    ]
    if problems:
        raise InputError("The input cannot be used.", problems)


def _sheet(path: Path, names: tuple[str, ...], table: pa.Table, first: int) -> Sheet:
    """Return rows of a file as a sheet; before them stand `first` others."""
    rows = np.arange(first + 1, first + table.num_rows + 1)
    columns = []
    while table.num_columns:  # so that one column at a time is there twice
        columns.append(_cells(table.column(0)))
        table = table.remove_column(0)
    return Sheet(str(path), names, tuple(columns), rows)


def _cells(column: pa.ChunkedArray) -> Cells:
    """Decode what Parquet can hold into the few types `Cells` knows."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    values = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], kind)
    if pa.types.is_null(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return Cells(values.cast(pa.string()))
    if pa.types.is_floating(kind):
        # The shortest text that names the number; from here on it is never floating point again.
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, kind), values)
        return Cells(values.cast(pa.string()), np.full(len(values), NUMBER))
    return Cells(values)
