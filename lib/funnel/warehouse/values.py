"""The words that occur in the data: values of an attribute, stages."""

from __future__ import annotations

import ibis.expr.types as ir

from funnel.dates import AsOf
from funnel.warehouse.known import Tables
from funnel.warehouse.reach import filled


def values(tables: Tables, as_of: AsOf, attribute: str) -> list[str]:
    """Return the values that leads have of an attribute, sorted; '' where one has none.

    Raises:
        InputError: the leads do not have this attribute.
    """
    tables.require_attributes([attribute], "attribute")
    return _distinct(tables.at("leads", as_of)[attribute])


def stages(tables: Tables, as_of: AsOf) -> list[str]:
    """Return the stages that leads entered, configured or not, sorted."""
    return _distinct(tables.at("stage_entries", as_of).stage)


def _distinct(column: ir.StringColumn) -> list[str]:
    found: list[str] = filled(column).name("word").as_table().distinct().to_pyarrow()["word"].to_pylist()
    return sorted(found)
