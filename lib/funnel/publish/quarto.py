"""The Quarto program: found, asked for its version, and run on the project."""

from __future__ import annotations

import datetime as dt
import filecmp
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path

import font_source_sans_pro

from funnel.errors import RenderError
from funnel.publish import office
from funnel.publish.builtin import config, pandoc
from funnel.publish.builtin.inert import inert_includes
from funnel.publish.builtin.problems import Problems
from funnel.publish.builtin.reach import TEXTS
from funnel.publish.files import scratch, write_bytes
from funnel.publish.policy import with_policy

SECONDS = 300
# Quarto only warns about these, and shows ?var:name and the like in the report.
_LOST = re.compile(r"(?i)unknown (?:var|meta)|unable to resolve (?:crossref|link)|shortcode .* not found")
PARTS = (
    "report.lua",
    "nothing.lua",
    "office.lua",
    "tiles.lua",
    "quarto.css",
    "typst-template.typ",
    "typst-show.typ",
)
"""What Quarto needs of the built-in templates, by `_quarto.yml`."""
_TARGETS = {"html": "html", "pdf": "typst", "docx": "docx", "pptx": "pptx"}


PAGES = (
    ("report", "html", ""),
    ("report", "pdf", config.MEETING),
    ("report-full", "pdf", ""),
    ("report", "docx", ""),
    ("report", "pptx", config.MEETING),
)
"""What is made: its name, its format, and the profile it is made for."""


def find() -> str | None:
    """Return the program that `QUARTO_PATH` names, else the environment's, else the PATH's, or None.

    `make quarto` puts it into the environment; so does a package that brings a program of this name.
    """
    named = os.environ.get("QUARTO_PATH")
    if named:
        return shutil.which(named)
    here = os.pathsep.join([sysconfig.get_path("scripts"), str(Path(sys.prefix) / "quarto" / "bin")])
    return shutil.which("quarto", path=here) or shutil.which("quarto")


def stage(run: Path) -> None:
    """Put into `run/` what `_quarto.yml` names: fonts, and the filter, style and templates of the pages.

    They are this version's own each time, so that no file of a project names a path inside the library, and
    `quarto render` finds them.
    """
    fonts = Path(font_source_sans_pro.__file__).parent / "files"
    for style in ("Regular", "It", "Semibold", "SemiboldIt", "Bold", "BoldIt"):
        _copy(fonts / f"SourceSansPro-{style}.ttf", run / "fonts")
    for name in PARTS:
        _copy(pandoc.TEMPLATES / name, run / "parts")
    content, reference = office.reference(), run / "parts" / "reference.docx"
    if not (reference.is_file() and reference.read_bytes() == content):
        write_bytes(reference, content)


def _copy(source: Path, folder: Path) -> None:
    """Copy a file unless the very same stands there, since `quarto preview` may be reading it."""
    target = folder / source.name
    if not (target.is_file() and filecmp.cmp(source, target, shallow=False)):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


@cache
def version(program: str) -> str:
    """Return what ``quarto --version`` says.

    Raises:
        RenderError: it does not run.
    """
    return _run([program, "--version"], Path.cwd(), {}).strip()


def render(
    program: str,
    project: Path,
    source: Path,
    formats: Collection[str],
    made: dt.datetime,
    out: Path,
    texts: Sequence[str] = TEXTS,
) -> tuple[Path, ...]:
    """Run Quarto once for each format and move its pages to `out`.

    Args:
        program: path of Quarto.
        project: the folder with `_quarto.yml`.
        source: the report, relative to the project.
        formats: of html, pdf, docx, pptx.
        made: the time the files carry.
        out: folder for the files that `PAGES` names.
        texts: folders that included texts may show files of, relative to the project.

    Raises:
        RenderError: Quarto stopped, took too long, left something out, or made nothing; its own words.
    """
    problems = Problems()
    for name in config.metadata_files(project, problems):
        if not (project / name).is_file():
            problems.add("_quarto.yml", f"metadata-files: there is no {name}", todo="run `funnel report`")
    problems.stop()
    with inert_includes(project, project / source, project / "run", texts):
        pages = [page for page in PAGES if page[1] in formats]
        return tuple(_render(program, project, source, page, made, out) for page in pages)


def _render(
    program: str, project: Path, source: Path, page: tuple[str, str, str], made: dt.datetime, out: Path
) -> Path:
    stem, name, profile = page
    settings = {"SOURCE_DATE_EPOCH": str(int(made.timestamp())), "NO_COLOR": "1"}
    with scratch(project / "run") as folder:
        said = ["--metadata", f"renderer:Quarto {version(program)}"]
        command = [program, "render", str(source), "--to", _TARGETS[name], "--output-dir", folder, *said]
        command += ["--profile", profile] if profile else []
        _run(command, project, settings)
        made_here = list(Path(folder).rglob(f"*.{name}"))  # `output-file` names it
        if not made_here:
            raise RenderError(f"Quarto made no {source.stem}.{name} and reported no error.")
        if name == "html":
            text = made_here[0].read_text(encoding="utf-8")
            made_here[0].write_text(with_policy(text), encoding="utf-8", newline="")
        return Path(shutil.move(made_here[0], out / f"{stem}.{name}"))


def _run(command: Sequence[str], folder: Path, settings: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RenderError(f"Quarto did not finish within {SECONDS} seconds.") from None
    except OSError as error:
        raise RenderError(f"Quarto could not be started: {error}") from None
    lost = [line for line in done.stderr.splitlines() if _LOST.search(line)]
    if lost:  # first, since the PDF may stop at the same with less to say of it
        raise RenderError("Quarto left something out of the report:\n" + "\n".join(lost))
    if done.returncode != 0:
        raise RenderError(f"Quarto stopped (exit code {done.returncode}):\n{done.stderr.strip()}")
    return done.stdout
