"""The kinds of files there are beside the canonical ones: one file a kind, found by being here.

A module of this folder with a `SOURCE` is a kind: how its files are recognised, how they are read, what a
dry run says of them, and which settings it proposes.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from funnel.schema import Known
from funnel.settings import Settings
from funnel.sources.findings import Finding
from funnel.sources.proposal import Proposal
from funnel.sources.shares import Brought

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Item:
    """A file, or one sheet of a workbook ('' for another file), of a kind."""

    kind: str
    path: Path
    sheet: str

    @property
    def where(self) -> str:
        """The file, and the sheet of a workbook."""
        return f"{self.path}, sheet {self.sheet}" if self.sheet else str(self.path)


class Source(Protocol):
    """A kind of files.

    Attributes:
        name: the key of `funnel.yml` that is about it.
        help: one line for a person: what it is, and what reads it.
        rank: kinds of lower rank are asked first, and read first.
    """

    name: str
    help: str
    rank: int

    def claims(self, path: Path, settings: Settings) -> bool:
        """Whether the settings name the file as one of this kind."""
        ...

    def fits(self, path: Path, rows: Rows, settings: Settings) -> bool:
        """Whether a file that nothing names looks like one, by its name and its first rows."""
        ...

    def describe(self, item: Item, settings: Settings) -> list[Finding]:
        """Say of the file and each of its columns what it is taken for."""
        ...

    def read(
        self, items: Sequence[Item], settings: Settings, known: Known | None, tell: Callable[[str], None]
    ) -> Brought:
        """Read files of this kind."""
        ...

    def propose(self, path: Path, sheet: str, settings: Settings | None) -> Proposal | None:
        """Propose settings that would read a file; None if it is none of this kind."""
        ...


@cache
def sources() -> tuple[Source, ...]:
    """Return the kinds, those asked first first."""
    modules = [
        importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)
    ]
    found: list[Source] = [module.SOURCE for module in modules]
    return tuple(sorted(found, key=lambda source: source.rank))


def source(name: str) -> Source:
    """Return a kind by its name."""
    return next(one for one in sources() if one.name == name)
