"""Which files of a project a report may show: never what is hidden or lies elsewhere.

The report itself (`report.qmd`) names any file of the project that is not hidden. A text that it includes,
such as a narrative, reaches the folders of texts alone: who writes it need not know what else lies there. A
file counts where it really lies, so that a link leads nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from funnel.publish.builtin.problems import Place, Problems

TEXTS = ("narrative", "docs")
IMAGES = (".png", ".jpg", ".jpeg", ".svg")
_ELSEWHERE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//|~")
_DOUBTFUL = re.compile(r"[\\?#\x00-\x1f\x7f]|%[0-9a-fA-F]{2}")


@dataclass(frozen=True, slots=True)
class Reach:
    """What of a project can be shown.

    Attributes:
        project: its folder.
        problems: where what is refused goes.
        texts: folders that an included text may show files of, relative to the project.
    """

    project: Path
    problems: Problems
    texts: Sequence[str] = TEXTS

    def file(
        self, target: str, place: Place, *, trusted: bool, what: str = "file", base: Path | None = None
    ) -> Path | None:
        """Return the file that a target names, or None with a problem.

        Args:
            target: as it was written; a leading slash is the project's folder.
            place: where it was written.
            trusted: whether `report.qmd` itself names it.
            what: file, image or notebook.
            base: folder that a relative target starts from; by default the project's.
        """
        root = self.project.resolve()
        path = (self.project if target.startswith("/") else base or self.project) / target.lstrip("/")
        try:
            real = path.resolve()
            there = real.is_relative_to(root) and path.is_file() and not _ELSEWHERE.match(target)
        except (OSError, ValueError, RuntimeError):  # a name no file can have, or links in a circle
            there = False
        if not there:
            todo = "run `funnel report`" if what == "notebook" else ""
            self.problems.add(place, f"there is no {what} {target} in the project", todo=todo)
            return None
        inside = real.relative_to(root)
        if any(
            part.startswith(".") for part in (*inside.parts, *PurePosixPath(target).parts) if part != ".."
        ):
            self.problems.add(place, f"the {what} {target} is hidden", "files whose names begin with no dot")
            return None
        if not trusted and not any(inside.is_relative_to(folder) for folder in self._folders(root)):
            allowed = " and ".join(f"{folder}/" for folder in self.texts)
            self.problems.add(
                place,
                f"the {what} {target} lies outside the folders that a narrative may show",
                f"files in {allowed}",
                f"move it to {self.texts[0]}/, or name it in report.qmd",
            )
            return None
        return real

    def image(
        self, target: str, place: Place, *, trusted: bool, base: Path | None = None
    ) -> tuple[Path, str] | None:
        """Return the file of an image and its suffix, or None with a problem.

        The name is taken as Pandoc takes it, with `%20` for a space; what else a name may hide is refused.
        """
        name = unquote(target)
        suffix = PurePosixPath(name).suffix.lower()
        if suffix not in IMAGES or _DOUBTFUL.search(name):
            self.problems.add(place, f"an image {target}", "png, jpg and svg files of the project")
            return None
        path = self.file(name, place, trusted=trusted, what="image", base=base)
        if path is None:
            return None
        if path.suffix.lower() not in IMAGES:  # a link named like an image
            self.problems.add(place, f"an image {target}", "png, jpg and svg files of the project")
            return None
        return path, suffix

    def text(self, path: Path, place: Place) -> str | None:
        """Return the text of a file, or None with a problem."""
        try:
            return path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            name = path.relative_to(self.project.resolve()).as_posix()
            self.problems.add(place, f"{name} is not a text in UTF-8")
            return None

    def _folders(self, root: Path) -> list[Path]:
        """Return where the folders of texts really lie, those inside the project."""
        real = [(self.project / folder).resolve() for folder in self.texts]
        return [folder.relative_to(root) for folder in real if folder.is_relative_to(root)]
