"""What an analyst may set about a company's own database that the leads are read from.

These are the keys `warehouse:`, where it is an address, and `tables:` of `funnel.yml`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from funnel.settings_files import Frozen
from funnel.validation import FILLED

SCHEMES: Mapping[str, str] = {"postgres": "postgres", "postgresql": "postgres", "sc": "pyspark"}
"""How an address begins -> what Ibis calls the engine; `sc` is Spark Connect's own."""
ALLOWED = "a file such as data/warehouse.duckdb, postgres://HOST/DATABASE, or sc://HOST:PORT (Spark Connect)"
_ADDRESS = re.compile(r"(?P<scheme>[a-z]+)://(?P<rest>.*)", re.DOTALL)
_SECRET = re.compile(r"[^/@]*:[^/@]*@|\b(password|token|sslpassword)=", re.IGNORECASE)
_POSTGRES = re.compile(r"([^/@:?\s]+@)?([^/@:?\s]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?/[^/?\s]+")
_SPARK = re.compile(r"[^/@:?\s]+(:\d{1,5})?")


class EngineTable(Frozen):
    """A table or view of the company's database that is one of the canonical tables.

    Attributes:
        table: its name; one with a schema as `crm.deals`.
        columns: what a canonical column, or an attribute of the leads, is called there; one that is not named
            here is called the same.
    """

    table: Annotated[str, Field(pattern=FILLED)]
    columns: dict[str, Annotated[str, Field(pattern=FILLED)]] = Field(default_factory=dict)


EngineTables = dict[Literal["leads", "stage_entries", "payments", "spend"], EngineTable]


def engine_of(warehouse: str) -> str:
    """Return what Ibis calls the engine of a warehouse: duckdb for a file.

    >>> engine_of("data/warehouse.duckdb"), engine_of("postgres://db.example/sales")
    ('duckdb', 'postgres')
    """
    found = _ADDRESS.fullmatch(warehouse)
    return SCHEMES[found["scheme"]] if found else "duckdb"


def checked(warehouse: str) -> str:
    """Return a file or an address as it was given.

    Raises:
        ValueError: it is of no engine that is read, or holds a password; none of it is told then.
    """
    found = _ADDRESS.fullmatch(warehouse.strip())
    if not found:
        return warehouse
    scheme, rest = found["scheme"], found["rest"]
    if _SECRET.search(rest):
        raise ValueError(
            "the address holds a password; to do: take it out; for PostgreSQL put it into PGPASSWORD or "
            "~/.pgpass, for Spark the whole address into SPARK_REMOTE"
        )
    form = {"postgres": _POSTGRES, "pyspark": _SPARK}.get(SCHEMES.get(scheme, ""))
    if form is None or not form.fullmatch(rest):
        raise ValueError(f"{warehouse!r} is no warehouse that is read; allowed: {ALLOWED}")
    return warehouse.strip()
