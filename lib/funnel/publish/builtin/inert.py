"""Narratives made harmless for Quarto, which would take raw HTML, code cells and settings from them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from funnel.publish.builtin import pandoc
from funnel.publish.builtin.blocks import Blocks
from funnel.publish.builtin.config import front_matter
from funnel.publish.builtin.problems import Place, Problems
from funnel.publish.builtin.scan import TOKEN, Shortcode, scan
from funnel.publish.builtin.tree import rewrite

ALLOWED = ("include", "var", "meta", "pagebreak")
_INCLUDE = re.compile(r"^\s*\{\{<\s*include\s+(\S+)\s*>\}\}\s*$", re.MULTILINE)


@contextmanager
def inert_includes(project: Path, source: Path, folder: Path) -> Iterator[None]:
    """Let the files that a report includes from `folder` be harmless for a while, then be as they were.

    Raises:
        RenderError: they hold what the built-in renderer would refuse too; with file and line.
    """
    problems = Problems()
    before: dict[Path, str] = {}
    after: dict[Path, str] = {}
    for target in _INCLUDE.findall(source.read_text(encoding="utf-8")):
        path = (project / target.lstrip("/")).resolve()
        if path.is_relative_to(folder.resolve()) and path.is_file():
            before[path] = path.read_text(encoding="utf-8")
            after[path] = inert(project, path, problems)
    problems.stop()
    try:
        for path, text in after.items():
            path.write_text(text, encoding="utf-8")
        yield
    finally:
        for path, text in before.items():
            path.write_text(text, encoding="utf-8")


def inert(project: Path, path: Path, problems: Problems, above: Sequence[Path] = ()) -> str:
    """Return a file, with what it includes, as Markdown that shows the same and can do nothing else.

    Pandoc reads it without raw HTML, TeX and attributes, and writes what it saw as Markdown again, so that
    Quarto sees the same. What the built-in renderer would refuse is added to the problems.
    """
    project, path = project.resolve(), path.resolve()
    name = path.relative_to(project).as_posix()
    text = path.read_text(encoding="utf-8")
    if front_matter(text)[0]:
        problems.add(Place(name, 1), "front matter in an included file", todo="delete it")
    calls: list[Shortcode] = []
    source = scan(name, text, 1, False, calls, problems)
    for call in calls:
        if call.name not in ALLOWED:
            problems.add(call.place, f"the shortcode {call.name} in a narrative", ", ".join(ALLOWED))
    (tree,) = pandoc.parse([(pandoc.UNTRUSTED, source.text)])
    checks = Blocks(source, problems, lambda target, _: target, lambda _: None)
    rewrite(tree, lambda node: checks.change(node, checks.alone))
    shown = pandoc.write("markdown", tree, {}, [])
    shown = shown.replace("`{=", "`\\{=")  # code with text after it, not a raw inline

    def written(token: re.Match[str]) -> str:
        call = calls[int(token[1])]
        if call.name != "include":
            return " ".join(("{{<", call.name, *call.arguments, ">}}"))
        inner = (project / "".join(call.arguments).lstrip("/")).resolve()
        if inner in (path, *above) or not inner.is_relative_to(project) or not inner.is_file():
            problems.add(call.place, f"include {' '.join(call.arguments)}", "another file of the project")
            return ""
        return inert(project, inner, problems, (path, *above))

    return TOKEN.sub(written, shown)
