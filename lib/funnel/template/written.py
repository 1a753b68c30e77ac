"""What `funnel init` noted down of the files it wrote, so that an update changes none that was edited."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ValidationError

from funnel.errors import InputError, MissingError, Problem
from funnel.publish.files import write_text

FILE = ".funnel.json"


class Written(BaseModel):
    """The note.

    Attributes:
        version: of the product that wrote the files.
        kind: what the repository was made from.
        jobs: the hosts whose weekly job it has.
        files: path -> hash of the content as it was written.
    """

    version: str
    kind: str
    jobs: tuple[str, ...] = ()
    files: dict[str, str] = {}

    def save(self, folder: Path) -> None:
        """Write the note into a repository."""
        text = json.dumps(self.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False)
        write_text(folder / FILE, text + "\n")


def digest(content: bytes) -> str:
    r"""Return the SHA-256 of a file, whatever line ends git has given it on this machine.

    >>> digest(b"a\r\nb") == digest(b"a\nb")
    True
    """
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


def read(folder: Path) -> Written:
    """Read the note of a repository.

    Raises:
        MissingError: there is none, so `funnel init` has not made this folder.
        InputError: it is damaged, or names a file outside of the folder.
    """
    path = folder / FILE
    if not path.is_file():
        raise MissingError(
            f"{folder} is no report repository that `funnel init` wrote: it has no {FILE}. To do: name such "
            "a folder, or make one (funnel init NEW --from files --data FOLDER) and move your funnel.yml, "
            "data, narrative and archive into it."
        )
    try:
        found = Written.model_validate_json(path.read_bytes())
    except ValidationError:
        problem = Problem(str(path), "it is damaged", todo=f"restore it: git checkout -- {FILE}")
        raise InputError("The repository cannot be updated.", [problem]) from None
    outside = [name for name in found.files if not _inside(name)]
    if outside:
        problems = [Problem(f"{path}, {name!r}", "it lies outside of the repository") for name in outside]
        raise InputError("The repository cannot be updated.", problems)
    return found


def _inside(name: str) -> bool:
    pure = PurePosixPath(name)
    return not pure.is_absolute() and ".." not in pure.parts and "\\" not in name and ":" not in name
