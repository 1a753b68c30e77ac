"""Narratives made harmless for Quarto, which would take raw HTML, code cells and settings from them.

Quarto also follows an include or an image wherever it leads, so what a report names is looked at first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from funnel.publish.builtin import pandoc
from funnel.publish.builtin.config import front_matter
from funnel.publish.builtin.pandoc import Texts
from funnel.publish.builtin.problems import Place, Problems
from funnel.publish.builtin.reach import TEXTS, Reach
from funnel.publish.builtin.scan import TOKEN, Shortcode, scan

ALLOWED = ("include", "var", "meta", "pagebreak")
_INCLUDE = re.compile(r"(?<!\{)\{\{<\s*include\s+(.*?)\s*>\}\}")


@contextmanager
def inert_includes(project: Path, source: Path, folder: Path, texts: Sequence[str] = TEXTS) -> Iterator[None]:
    """Let the files that a report includes from `folder` be harmless for a while, then be as they were.

    Args:
        project: the project's folder.
        source: the report.
        folder: everything in it may be changed for a while; files elsewhere are looked at and left.
        texts: folders that included texts may show files of, relative to the project.

    Raises:
        RenderError: they hold what the built-in renderer would refuse too, or a file that may not be shown is
            named; with file and line.
    """
    problems = Problems()
    reach = Reach(project, problems, texts)
    before: dict[Path, str] = {}
    after: dict[Path, str] = {}
    for path in _included(source, reach):
        again = inert(path, reach)
        if path.is_relative_to(folder.resolve()):
            before[path] = path.read_text(encoding="utf-8")
            after[path] = again
    problems.stop()
    try:
        for path, text in after.items():
            path.write_text(text, encoding="utf-8")
        yield
    finally:
        for path, text in before.items():
            path.write_text(text, encoding="utf-8")


def _included(source: Path, reach: Reach) -> list[Path]:
    """Return the files that a report includes, and look at everything else that it names."""
    name = source.resolve().relative_to(reach.project.resolve()).as_posix()
    calls: list[Shortcode] = []
    _, body, first = front_matter(source.read_text(encoding="utf-8"))
    # What else may be wrong with the report is Quarto's to say: it knows more than the built-in renderer.
    texts = Texts([scan(name, body, first, True, calls, Problems())])
    _images(texts, Problems(), reach, source.parent)
    for call in calls:
        if call.name == "embed":
            address = "".join(call.arguments[:1]).partition("#")[0]
            reach.file(address, call.place, trusted=True, what="notebook", base=source.parent)
    found: list[Path] = []
    for call_text in _INCLUDE.finditer(body):  # in code and comments too: Quarto may follow it there
        place = Place(name, first + body.count("\n", 0, call_text.start()))
        path = reach.file(call_text[1].strip("\"'"), place, trusted=True, base=source.parent)
        if path is not None:
            found.append(path)
    return found


def _images(texts: Texts, problems: Problems, reach: Reach, base: Path | None) -> list[str]:
    """Look at a text as the built-in renderer does, and at its images; return it as Markdown."""

    def image(target: str, place: str, trusted: bool) -> str:
        reach.image(target, Place(place), trusted=trusted, base=base)
        return ""

    return pandoc.pages(texts, image, problems, again=True)


def inert(path: Path, reach: Reach, above: Sequence[Path] = ()) -> str:
    """Return a file, with what it includes, as Markdown that shows the same and can do nothing else.

    Pandoc reads it without raw HTML, TeX and attributes, and writes what it saw as Markdown again, so that
    Quarto sees the same. What the built-in renderer would refuse is added to the problems.
    """
    project, path, problems = reach.project.resolve(), path.resolve(), reach.problems
    name = path.relative_to(project).as_posix()
    text = reach.text(path, Place(name))
    if text is None:
        return ""
    if front_matter(text)[0]:
        problems.add(Place(name, 1), "front matter in an included file", todo="delete it")
    calls: list[Shortcode] = []
    source = scan(name, text, 1, False, calls, problems)
    for call in calls:
        if call.name not in ALLOWED:
            problems.add(call.place, f"the shortcode {call.name} in a narrative", ", ".join(ALLOWED))
    (shown,) = _images(Texts([source]), problems, reach, None)
    shown = shown.replace("`{=", "`\\{=")  # code with text after it, not a raw inline
    if "{{<" in shown:  # put together from pieces, or inside code: Quarto would take it for a shortcode
        problems.add(name, "a shortcode inside code", todo="move it out")
        shown = shown.replace("{{<", "")

    def written(token: re.Match[str]) -> str:
        call = calls[int(token[1]) - 1]
        if call.name != "include":
            return " ".join(("{{<", call.name, *call.arguments, ">}}"))
        inner = reach.file(" ".join(call.arguments), call.place, trusted=False)
        if inner in (path, *above):
            problems.add(call.place, f"{' '.join(call.arguments)} includes itself")
            return ""
        return inert(inner, reach, (path, *above)) if inner else ""

    return TOKEN.sub(written, shown)
