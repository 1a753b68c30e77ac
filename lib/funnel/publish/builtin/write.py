"""The files a reader opens: one HTML page that loads nothing, and a PDF."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import font_source_sans_pro
import typst
from babel.dates import format_date

from funnel.errors import RenderError
from funnel.publish.builtin import pandoc
from funnel.publish.builtin.lower import lower
from funnel.publish.builtin.problems import Problems
from funnel.publish.builtin.read import Document
from funnel.publish.builtin.tree import Node, raw_inline, string, words
from funnel.publish.files import scratch
from funnel.publish.policy import policy

FONTS = Path(font_source_sans_pro.__file__).parent / "files"


def write_html(document: Document, problems: Problems) -> str:
    """Return the report as one HTML page.

    Raises:
        RenderError: references or the like are wrong; all problems found so far.
    """
    lowered = lower(document, "html", problems)
    problems.stop()
    config = document.config
    meta = _meta(document)
    css = (pandoc.TEMPLATES / "report.css").read_text(encoding="utf-8")
    colours = "".join(f"--{name}:{value};" for name, value in sorted(config.colours.items()))
    meta["css"] = _inlines([raw_inline("html", f":root{{{colours}}}\n{css}")])
    meta["policy"] = _inlines([raw_inline("html", policy())])
    meta["toc-title"] = _inlines([string(config.word("toc-title-document"))])
    options = [
        f"--template={pandoc.TEMPLATES / 'report.html'}",
        "--mathml",
        "--section-divs",
        "--no-highlight",
    ]
    if config.option("toc", "html", False):
        options += ["--toc", f"--toc-depth={config.option('toc-depth', 'html', 2)}"]
    return pandoc.write("html5", lowered.blocks, meta, options)


def write_typst(document: Document, problems: Problems) -> str:
    """Return the report as Typst source, which names images by their names in the document.

    Raises:
        RenderError: references or the like are wrong; all problems found so far.
    """
    lowered = lower(document, "typst", problems)
    problems.stop()
    config = document.config
    meta = _meta(document)
    pairs = ", ".join(f'"{name}": rgb("{value}")' for name, value in sorted(config.colours.items()))
    meta["colours"] = _inlines([raw_inline("typst", f"({pairs})")])
    if config.option("number-sections", "typst", False):
        meta["section-numbering"] = _inlines([string("1.1")])
    if config.option("toc", "typst", False):
        meta["toc"] = {"t": "MetaBool", "c": True}
        meta["toc-title"] = _inlines([string(config.word("toc-title-document"))])
        meta["toc-depth"] = _inlines([string(str(config.option("toc-depth", "typst", 2)))])
    options = [f"--template={pandoc.TEMPLATES / 'report.typ'}", "--no-highlight"]
    return pandoc.write("typst", lowered.blocks, meta, options)


def compile_pdf(source: str, images: Mapping[str, bytes], made: dt.datetime, *, tagged: bool = True) -> bytes:
    """Compile Typst source with our font alone, so that the same source gives the same bytes anywhere.

    Args:
        source: the report in Typst.
        images: its pictures, by file name.
        made: the time the file carries.
        tagged: with the structure that programs reading aloud need; it is half of the file.

    Raises:
        RenderError: Typst stopped; its own words.
    """
    return _compile(source, images, made, "pdf", tagged=tagged)


def compile_first_page(source: str, images: Mapping[str, bytes], made: dt.datetime, *, ppi: int) -> bytes:
    """Compile the first page of Typst source to a PNG picture; see `compile_pdf`.

    Args:
        source: the report in Typst.
        images: its pictures, by file name.
        made: the time of the report.
        ppi: pixels per inch.
    """
    return _compile(source, images, made, "png", ppi=ppi)


def _compile(
    source: str,
    images: Mapping[str, bytes],
    made: dt.datetime,
    format: Literal["pdf", "png"],
    *,
    ppi: float | None = None,
    tagged: bool = True,
) -> bytes:
    with scratch() as folder:
        root = Path(folder)
        (root / "report.typ").write_text(source, encoding="utf-8")
        for name, content in images.items():
            (root / name).write_bytes(content)
        try:
            pages = typst.compile(
                root / "report.typ",
                root=root,
                font_paths=[FONTS],
                ignore_system_fonts=True,
                timestamp=int(made.timestamp()),
                format=format,
                ppi=ppi,
                pdf_tags=tagged,
            )
        except RuntimeError as error:
            raise RenderError(f"Typst stopped: {getattr(error, 'diagnostic', error)}") from None
    return pages[0] if isinstance(pages, list) else pages


def _meta(document: Document) -> dict[str, Node]:
    meta = {key: _inlines(value) for key, value in document.meta.items()}
    lang = document.config.lang
    meta["lang"] = _inlines([string(lang)])
    try:
        day = dt.date.fromisoformat(words(document.meta.get("date", [])))
        meta["date"] = _inlines([string(format_date(day, "long", locale=lang))])
    except ValueError:
        pass  # the author's own words for the date stay as they are
    return meta


def _inlines(content: list[Node]) -> Node:
    return {"t": "MetaInlines", "c": content}
