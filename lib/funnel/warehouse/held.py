"""Rows that many questions need of every lead, made once: temporary tables of our own engine."""

from __future__ import annotations

from itertools import count

import ibis.expr.types as ir


class Held:
    """The tables made so far. The engine makes what a question names five times five times."""

    def __init__(self) -> None:
        self._kept: dict[object, ir.Table] = {}
        self._passing = ""
        self._numbers = count()

    def made(self, table: ir.Table, *, keep: bool) -> ir.Table:
        """Return the same rows as a table.

        Args:
            table: of our own engine.
            keep: for later questions too, which name the same; else until another one is made.
        """
        if table.op() in self._kept:
            return self._kept[table.op()]
        engine, name = table.get_backend(), f"funnel_held_{next(self._numbers)}"
        made: ir.Table = engine.create_table(name, table, temp=True)
        if keep:
            self._kept[table.op()] = made
            return made
        if self._passing:  # what was made from it is made
            engine.con.execute(f"DROP TABLE {self._passing}")
        self._passing = name
        return made
