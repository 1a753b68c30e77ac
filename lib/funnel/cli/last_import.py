"""What the last import was made of: files that are the same, byte by byte, are not read again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from funnel.errors import MissingError
from funnel.schema import Loaded

if TYPE_CHECKING:
    from funnel.settings import Settings

FILE = "import.json"


class LastImport(BaseModel):
    """The last import of files.

    Attributes:
        state: one hash of the files, the settings, the program, and how far the warehouse had come after it.
        loaded: what it did to each table.
        enough: whether the gate let it in.
    """

    state: str
    loaded: tuple[Loaded, ...]
    enough: bool

    @property
    def is_clean(self) -> bool:
        """Whether every row got in: of others it is told again why they did not."""
        return self.enough and not any(table.rejected for table in self.loaded)

    def again(self) -> list[Loaded]:
        """Return what the same import does to the warehouse when it is done again: nothing."""
        return [
            replace(table, inserted=0, changed=0, closed=0, unchanged=table.read - table.rejected)
            for table in self.loaded
        ]


def same(given: Sequence[Path], settings: Settings, *, full: bool = False) -> LastImport | None:
    """Return the last import, if these files were it and nothing has come since; else None."""
    path = settings.path("run") / FILE
    if not settings.path("warehouse").is_file() or not path.is_file():
        return None
    try:
        last = LastImport.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    return last if last.state == _state(given, settings, full=full) else None


def remember(
    given: Sequence[Path], settings: Settings, loaded: Sequence[Loaded], *, full: bool, enough: bool
) -> None:
    """Write down an import that is in the warehouse."""
    from funnel.publish.files import write_text

    state = _state(given, settings, full=full)
    last = LastImport(state=state, loaded=tuple(loaded), enough=enough)
    write_text(settings.path("run") / FILE, last.model_dump_json(indent=1) + "\n")


def _state(given: Sequence[Path], settings: Settings, *, full: bool) -> str:
    from funnel.publish.files import sha256_of
    from funnel.publish.manifest import settings_hash
    from funnel.warehouse import Warehouse

    files = [file for path in given for file in (path.iterdir() if path.is_dir() else (path,))]
    files += [settings.root / block.aliases for block in settings.of_exports if block.aliases]
    program = sha256_of(Path(__file__).parents[1].rglob("*.py"))
    known = ""
    with Warehouse.open(settings.path("warehouse"), settings) as warehouse, suppress(MissingError):
        known = warehouse.known_at().isoformat()  # nothing may have got in
    found = [file for file in files if file.is_file() and file.stat().st_size]  # not one without an end
    return sha256_of(found, settings_hash(settings), program, known, str(full))
