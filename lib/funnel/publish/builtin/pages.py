"""The files a reader opens: one HTML page that loads nothing, and a PDF."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import font_source_sans_pro
import typst

from funnel.errors import RenderError
from funnel.present.parts.texts import Texts
from funnel.publish.builtin import pandoc
from funnel.publish.builtin.config import WORDS, Config
from funnel.publish.builtin.read import Document
from funnel.publish.builtin.scan import CLOSE, OPEN
from funnel.publish.files import scratch
from funnel.publish.policy import policy

HTML, TYPST = "html", "typst"
_PICTURE = re.compile(f"{OPEN}p([0-9a-f]+[.][a-z]+){CLOSE}")
FONTS = Path(font_source_sans_pro.__file__).parent / "files"


def write(document: Document, pages: Sequence[tuple[str, Config]], renderer: str = "") -> list[str]:
    """Return pages of a report: HTML, or Typst source that names pictures by their names in the document.

    Args:
        document: the report.
        pages: of each its format (`HTML` or `TYPST`) and its settings.
        renderer: who makes them, as they say.

    Raises:
        RenderError: something is wrong; all problems found so far.
    """
    problems, config = document.reach.problems, document.config
    made = pandoc.pages(
        document.texts,
        document.image,
        problems,
        wanted=[_page(target, settings, renderer) for target, settings in pages],
        lang=config.lang,
        words={word: config.word(word) for word in WORDS} | {"left-out": _left_out(config.lang)},
    )
    problems.stop()
    shown = {HTML: lambda name: document.data(name[1]), TYPST: lambda name: name[1]}
    return [_PICTURE.sub(shown[page[0]], text) for page, text in zip(pages, made, strict=True)]


def _left_out(lang: str) -> str:
    """Return the heading over what a report has no data for."""
    return Texts("ru" if lang.startswith("ru") else "en").t("sec_left_out")


def _page(target: str, config: Config, renderer: str) -> dict[str, Any]:
    """Return what `builtin.lua` is told of a page."""
    said = {"lang": config.lang, "renderer": renderer}
    toc = bool(config.option("toc", target, False))
    numbered = bool(config.option("number-sections", target, False))
    depth = int(config.option("toc-depth", target, 2))
    if toc:
        said["toc-title"] = config.word("toc-title-document")
    if target == HTML:
        colours = "".join(f"--{name}:{value};" for name, value in sorted(config.colours.items()))
        css = (pandoc.TEMPLATES / "report.css").read_text(encoding="utf-8")
        raw = {"css": f":root{{{colours}}}\n{css}", "policy": policy()}
    else:
        pairs = ", ".join(f'"{name}": rgb("{value}")' for name, value in sorted(config.colours.items()))
        raw = {"colours": f"({pairs})"}
        said |= {"toc": "true", "toc-depth": str(depth)} if toc else {}
        said |= {"section-numbering": "1.1"} if numbered else {}
    return {
        "target": target,
        "profile": config.profile,
        "numbered": numbered,
        "template": str(pandoc.TEMPLATES / ("report.html" if target == HTML else "report.typ")),
        "toc": toc and target == HTML,
        "toc_depth": depth,
        "said": said,
        "raw": raw,
    }


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
