"""The columns of a file that are read, row by row, clean but not yet understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from funnel.settings_exports import ColumnField, Export
from funnel.sources import clean
from funnel.sources.amounts import read_amounts
from funnel.sources.exports.filters import joined
from funnel.sources.exports.identity import one_writing, with_prefix
from funnel.sources.exports.layout import Layout
from funnel.sources.exports.products import put_together
from funnel.sources.header_text import SIGNS, currency_of
from funnel.sources.tabular import Cells, Mask, Sheet

_SIGN = rf"(?i:{SIGNS})"
_NUMBER = r"(?P<number>[^A-Za-zА-я$€£₽₸₴₹₺¥₾₼₪฿₩₫₱₦]+?)"
_SPACE = r"[\s\x{00a0}\x{202f}\x{2009}]"
_CODE = (
    rf"(?P<before>[A-Za-z]{{3}}{_SPACE}|[A-Z]{{3}}|{_SIGN}{_SPACE}?)?{_NUMBER}"
    rf"(?P<after>{_SPACE}?{_SIGN}|{_SPACE}[A-Za-z]{{3}}|[A-Z]{{3}})?$"
)
LOST_SIGN = r"^[?\x{fffd}]\s?([\d(-].*)$|^(.*\d)[\s\x{00a0}]?[?\x{fffd}]$"
"""An amount whose currency sign the file's encoding does not have: `? 3.500,00`."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Cells of the same rows.

    Attributes:
        rows: their numbers in the file.
        fields: by meaning; one that the file does not have is not there.
        stages: stage key -> its columns of dates.
        attributes: attribute -> text.
        filters: header of `where` or `drop` -> text.
        guesses: columns that may say whether a deal is won.
    """

    rows: npt.NDArray[np.int64]
    fields: Mapping[ColumnField, Cells]
    stages: Mapping[str, tuple[Cells, ...]]
    attributes: Mapping[str, pa.Array]
    filters: Mapping[str, pa.Array]
    guesses: tuple[pa.Array, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def text(self, name: ColumnField) -> pa.Array:
        """Return a meaning's column as text; nulls where the file does not have it."""
        return self.fields[name].text() if name in self.fields else pa.nulls(len(self), pa.string())

    def keep(self, mask: Mask) -> Columns:
        """Return some of the rows."""
        if mask.all():
            return self
        chosen = pa.array(mask)
        return Columns(
            self.rows[mask],
            {name: some(cells, mask) for name, cells in self.fields.items()},
            {key: tuple(some(cells, mask) for cells in several) for key, several in self.stages.items()},
            {name: values.filter(chosen) for name, values in self.attributes.items()},
            {name: values.filter(chosen) for name, values in self.filters.items()},
            tuple(values.filter(chosen) for values in self.guesses),
        )

    def with_field(self, name: ColumnField, cells: Cells) -> Columns:
        """Return the same with other cells for a meaning."""
        return replace(self, fields={**self.fields, name: cells})


def some(cells: Cells, mask: Mask) -> Cells:
    """Return the cells of some rows."""
    return Cells(cells.values.filter(pa.array(mask)), None if cells.kinds is None else cells.kinds[mask])


def take(sheet: Sheet, places: Sequence[int], layout: Layout, rules: Export) -> Columns:
    """Take the columns of a layout from a sheet that holds those at `places` of the file."""

    def cells(at: Sequence[int]) -> Cells:
        return clean.coalesced(sheet, places, at)

    return Columns(
        sheet.rows,
        {name: cells(at) for name, at in layout.fields.items()},
        {key: tuple(cells((place,)) for place in at) for key, at in layout.stages.items()},
        {
            name: _attribute(name, cells(at).text() if at else _only(name, rules, len(sheet.rows)), rules)
            for name, at in layout.attributes.items()
        },
        {name: cells(at).text() for name, at in layout.filters.items() if at},
        tuple(cells((place,)).text() for place in layout.guesses),
    )


def _only(name: str, rules: Export, size: int) -> pa.Array:
    """Return an attribute whose column is not there: the pipeline, if the settings name just one."""
    known = rules.attributes[name] == "pipeline" and len(rules.pipelines) == 1
    one = next(iter(rules.pipelines)) if known else None
    return pa.array([one] * size, pa.string())


def _attribute(name: str, values: pa.Array, rules: Export) -> pa.Array:
    kind, _, rest = rules.attributes[name].partition(":")
    if kind == "tags":
        values = clean.tags(values, [word.strip() for word in rest.split("|") if word.strip()])
    if name in rules.join:
        values = joined(values, rules.join[name])
    return values if name in rules.personal else clean.blotted(values)


def with_ids(columns: Columns, kind: str, prefix: str | None) -> tuple[Columns, Mask]:
    """Bring the ids to one writing; also say which had their capitals changed on the way."""
    cells = columns.fields["lead_id"]
    ids, wrong = one_writing(cells.text(), kind)
    return columns.with_field("lead_id", with_prefix(Cells(ids, cells.kinds), prefix)), wrong


def with_amounts(columns: Columns) -> tuple[Columns, pa.Array]:
    """Take currencies off the amounts (`€ 3.500,00`, `USD 1,234.00`); return also their codes."""
    nothing = pa.nulls(len(columns), pa.string())
    if "amount" not in columns.fields:
        return columns, nothing
    cells = columns.fields["amount"]
    if not pa.types.is_string(cells.values.type):
        return columns, nothing
    text = cells.text()
    encoded = text.dictionary_encode()
    signed = pc.replace_substring_regex(encoded.dictionary, LOST_SIGN, r"\1\2")
    bare = pc.replace_substring_regex(signed, r"^\((.*)\)$", r"-\1")
    found = pc.extract_regex(bare, r"^(?P<minus>-?)\s*" + _CODE)
    parts = (
        {field.name: part for field, part in zip(found.type, found.flatten(), strict=True)}
        if len(bare)
        else {}
    )
    if not parts:
        return columns, nothing
    names = pc.utf8_trim_whitespace(pc.binary_join_element_wise(parts["before"], parts["after"], ""))
    codes = pa.array([currency_of(name) if name else None for name in names.to_pylist()], pa.string())
    known = pc.and_(found.is_valid(), pc.or_(codes.is_valid(), pc.equal(names, "").fill_null(False)))
    numbers = pc.binary_join_element_wise(parts["minus"], pc.utf8_trim_whitespace(parts["number"]), "")
    plain = pc.if_else(known, numbers, signed)
    return (
        columns.with_field("amount", Cells(plain.take(encoded.indices), cells.kinds)),
        pc.if_else(known, codes, pa.scalar(None, pa.string())).take(encoded.indices),
    )


def one_row_a_deal(columns: Columns, rules: Export, *, add: bool) -> tuple[Columns, Mask, str]:
    """Put the rows of a deal's products together; return also which rows are kept, and what is to be told."""
    every = np.ones(len(columns), bool)
    if not add or "amount" not in columns.fields:
        return columns, every, ""
    amounts = read_amounts(columns.fields["amount"], rules.decimal).values
    same = {f"field {name}": columns.text(name) for name in columns.fields if name != "amount"}
    same |= {
        f"stage {key} {n}": cells.text()
        for key, several in columns.stages.items()
        for n, cells in enumerate(several)
    }
    ids = same.pop("field lead_id")
    keep, totals, several = put_together(ids, pa.table({"id": ids, **same}), amounts)
    if not several:
        return columns, every, ""
    put = columns.with_field("amount", Cells(totals)).keep(keep)
    lines = int((~keep).sum()) + several
    return (
        put,
        keep,
        f"{lines:,} lines of products are those of {several:,} deals: their amounts are added up",
    )
