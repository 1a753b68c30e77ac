"""A page as a file of Word or PowerPoint: tables stay tables, pictures stay pictures."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.etree import ElementTree

from funnel.errors import RenderError
from funnel.publish.builtin import pandoc
from funnel.publish.files import scratch
from funnel.publish.office import slides, words

_FILTER = Path(__file__).parent / "office.lua"
_OPTIONS: dict[str, tuple[str, ...]] = {"docx": (), "pptx": ("--slide-level=1",)}
_SHAPED: dict[str, Callable[[ElementTree.Element], None]] = {
    "word/document.xml": words.shape,
    "ppt/slides/slide": slides.shape,
}
_REFERENCE = {"word/document.xml": words.shape, "word/styles.xml": words.shape_styles}
"""What shapes the parts whose names begin so."""
_FIRST = dt.datetime(1980, 1, 1, tzinfo=dt.UTC)
"""The first time that a file of parts can carry."""
FORMATS = tuple(_OPTIONS)


def write(page: str, kind: str, out: Path, made: dt.datetime) -> None:
    """Write a page of the built-in renderer as docx or pptx; the same page gives the same bytes.

    Args:
        page: HTML with its pictures in it.
        kind: docx or pptx.
        out: the file.
        made: the time that it carries.

    Raises:
        RenderError: Pandoc stopped; its own words.
    """
    with scratch() as folder:
        raw = Path(folder) / f"report.{kind}"
        command = [
            pandoc.program(),
            "--from=html",
            f"--to={kind}",
            f"--lua-filter={_FILTER}",
            *_OPTIONS[kind],
        ]
        settings = {**os.environ, "SOURCE_DATE_EPOCH": str(int(made.timestamp()))}
        try:
            done = subprocess.run(
                [*command, f"--output={raw}"], input=page, env=settings, capture_output=True,
                encoding="utf-8", timeout=pandoc.SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise RenderError(f"Pandoc did not finish within {pandoc.SECONDS} seconds.") from None
        if done.returncode != 0:
            raise RenderError(f"Pandoc stopped: {done.stderr.strip()}")
        _pack(raw, out, _SHAPED, made)


def reference() -> bytes:
    """Return the document that gives Quarto's Word its pages and styles, always the same bytes."""
    command = [pandoc.program(), "--print-default-data-file=reference.docx"]
    done = subprocess.run(command, capture_output=True, timeout=pandoc.SECONDS, check=True)
    with scratch() as folder:
        raw, out = Path(folder) / "raw.docx", Path(folder) / "reference.docx"
        raw.write_bytes(done.stdout)
        _pack(raw, out, _REFERENCE, _FIRST)
        return out.read_bytes()


def _pack(
    raw: Path, out: Path, shapes: Mapping[str, Callable[[ElementTree.Element], None]], made: dt.datetime
) -> None:
    """Write a file of parts again, shaped, with one time for all of its parts."""
    with zipfile.ZipFile(raw) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            content = before.read(name)
            for shape in (one for begins, one in shapes.items() if name.startswith(begins)):
                for prefix, address in _spaces(content):
                    ElementTree.register_namespace(prefix, address)
                tree = ElementTree.fromstring(content)
                shape(tree)
                content = ElementTree.tostring(tree, encoding="UTF-8", xml_declaration=True)
            after.writestr(zipfile.ZipInfo(name, made.timetuple()[:6]), content, zipfile.ZIP_DEFLATED)


def _spaces(content: bytes) -> list[tuple[str, str]]:
    """Return the prefixes that a part uses, which stay as they are."""
    with scratch() as folder:
        part = Path(folder) / "part.xml"
        part.write_bytes(content)
        found = ElementTree.iterparse(part, events=["start-ns"])
        return [pair for _, pair in found if isinstance(pair, tuple)]
