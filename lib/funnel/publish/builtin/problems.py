"""Everything that is wrong with a report, collected and then told at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from funnel.errors import Problem, RenderError


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, named relative to the project.

    >>> str(Place("report.qmd", 12)), str(Place("report.qmd", 0))
    ('report.qmd:12', 'report.qmd')
    """

    path: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(slots=True)
class Problems:
    """Problems found so far; `stop` raises them all."""

    found: list[Problem] = field(default_factory=list)

    def add(self, place: Place | str, wrong: str, allowed: str = "", todo: str = "") -> None:
        """Keep one problem; the same one twice is kept once."""
        problem = Problem(str(place), wrong, allowed, todo)
        if problem not in self.found:
            self.found.append(problem)

    def stop(self) -> None:
        """Raise what was found.

        Raises:
            RenderError: there is at least one problem; the text holds all of them, one a line.
        """
        if self.found:
            lines = ["The report cannot be rendered.", *(f"  - {problem}" for problem in self.found)]
            raise RenderError("\n".join(lines))
