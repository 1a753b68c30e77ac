"""The report's pages: Quarto where it can be had, the built-in renderer elsewhere, from the same files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path

from funnel.errors import InputError, MissingError, Problem, RenderError
from funnel.publish import office, quarto
from funnel.publish.builtin import pandoc
from funnel.publish.builtin.config import MEETING, load
from funnel.publish.builtin.pages import HTML, TYPST, compile_pdf, write
from funnel.publish.builtin.pandoc import FULL
from funnel.publish.builtin.problems import Problems
from funnel.publish.builtin.reach import TEXTS
from funnel.publish.builtin.read import read

FORMATS = ("html", "pdf", *office.FORMATS)
LINKED = ("html", *office.FORMATS)
"""Formats whose pages lead to the explorer that lies beside them."""
RENDERERS = ("auto", "quarto", "builtin")


@dataclass(frozen=True, slots=True)
class Rendered:
    """What was made.

    Attributes:
        renderer: quarto or builtin.
        versions: of the programs that did it, by name.
        files: in `out`, those asked for: ``report.html``, ``report.pdf`` (which the meeting reads),
            ``report-full.pdf``, ``report.docx`` (the full report) and ``report.pptx`` (the meeting's).
    """

    renderer: str
    versions: dict[str, str]
    files: tuple[Path, ...]


def render(
    project: Path,
    *,
    report_date: dt.date,
    out: Path,
    source: Path = Path("report.qmd"),
    formats: Collection[str] = ("html", "pdf"),
    renderer: str = "auto",
    texts: Sequence[str] = TEXTS,
) -> Rendered:
    """Render a report whose notebooks have run.

    Args:
        project: folder with `_quarto.yml`, `report.qmd`, `_variables.yml` and `run/`.
        report_date: D; files carry its midnight (UTC) as their time, whenever they are made.
        out: folder the pages are written to, made if it is not there.
        source: the report, relative to the project.
        formats: of html, pdf, docx, pptx.
        renderer: auto takes Quarto if its program is found, else the built-in one.
        texts: folders that included texts, such as the narrative, may show files of, relative to the project.

    Raises:
        InputError: an unknown format or renderer.
        MissingError: there is no report to render; or see `program_for`.
        RenderError: the report cannot be rendered; all problems with file and line.
    """
    project = project.resolve()
    _check(project / source, formats, renderer)
    made = dt.datetime.combine(report_date, dt.time(), dt.UTC)
    program = program_for(renderer)
    quarto.stage(project / "run")
    out.mkdir(parents=True, exist_ok=True)
    if program:
        files = quarto.render(program, project, source, formats, made, out, texts)
        return Rendered("quarto", {"quarto": quarto.version(program)}, files)
    return _builtin(project, project / source, formats, made, out, texts)


def program_for(renderer: str) -> str | None:
    """Return the Quarto that will render, asked whether it runs; None is the built-in renderer.

    Raises:
        MissingError: Quarto was asked for and is not there.
        RenderError: it is there and does not run.
    """
    program = quarto.find() if renderer != "builtin" else None
    if program is None and renderer == "quarto":
        raise MissingError(
            "The program quarto was not found. To do: bring it (`make quarto`, or https://quarto.org), or "
            "name it in the environment variable QUARTO_PATH, or use --renderer builtin."
        )
    if program:
        try:
            quarto.version(program)
        except RenderError as error:
            raise RenderError(f"{error}\nTo do: mend {program}, or use --renderer builtin.") from None
    return program


def _builtin(
    project: Path, source: Path, formats: Collection[str], made: dt.datetime, out: Path, texts: Sequence[str]
) -> Rendered:
    versions = {"pandoc": pandoc.version(), "typst": version_of("typst")}
    problems = Problems()
    document = read(project, source, problems, texts)
    programs = ", ".join(f"{name} {version}" for name, version in versions.items())
    both = {"pdf", "pptx"} & set(formats)
    meeting = load(project, source, problems, MEETING)[0] if both else document.config
    made_of = {
        "report.html": (HTML, document.config),
        "report.pdf": (TYPST, meeting),
        FULL: (TYPST, document.config),
        "report.docx": (HTML, document.config),
        "report.pptx": (HTML, meeting),
    }
    wanted = {name: page for name, page in made_of.items() if name.rsplit(".", 1)[1] in formats}
    files = [out / name for name in wanted]
    for path, text in zip(files, write(document, [*wanted.values()], f"funnel ({programs})"), strict=True):
        if path.suffix == ".html":
            path.write_text(text, encoding="utf-8", newline="\n")
        elif path.suffix != ".pdf":
            office.write(text, path.suffix[1:], path, made)
        else:
            path.write_bytes(compile_pdf(text, document.images, made))
    return Rendered("builtin", versions, tuple(files))


def _check(source: Path, formats: Collection[str], renderer: str) -> None:
    problems = [
        Problem("--formats", f"{name!r} is not a page format", ", ".join(FORMATS))
        for name in sorted(formats)
        if name not in FORMATS
    ]
    if renderer not in RENDERERS:
        problems.append(Problem("--renderer", f"{renderer!r} is not a renderer", ", ".join(RENDERERS)))
    if problems:
        raise InputError("The report cannot be rendered so.", problems)
    if not source.is_file():
        raise MissingError(f"There is no report {source}. To do: restore it from the repository.")
