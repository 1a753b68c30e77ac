"""The Pandoc program, which reads every text of a report and writes its pages in one run of `builtin.lua`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pypandoc

from funnel.errors import RenderError, nearest
from funnel.publish.builtin.problems import Problems
from funnel.publish.builtin.scan import CLOSE, OPEN, Source

TEMPLATES = Path(__file__).parent / "templates"
SECONDS = 60
# Raw text is never markup by accident: `scan` marks the raw blocks that count. In report.qmd itself raw
# HTML is still recognised, to be reported.
_OFF = (
    "raw_tex raw_attribute latex_macros yaml_metadata_block pandoc_title_block native_divs native_spans "
    "markdown_in_html_blocks"
)
TRUSTED = "markdown" + "".join(f"-{name}" for name in _OFF.split())
UNTRUSTED = f"{TRUSTED}-raw_html"
QUOTES = {
    "ru": {"DoubleQuote": ["«", "»"], "SingleQuote": ["„", "“"]},
    "en": {"DoubleQuote": ["“", "”"], "SingleQuote": ["‘", "’"]},
}
FULL = "report-full.pdf"
"""Where the meeting's PDF sends a reader for what it does not show."""


@dataclass(slots=True)
class Texts:
    """What Pandoc reads, and what stands in it.

    Attributes:
        sources: the report first, then every text that it shows; the others name them by number, from 1.
        calls: each shortcode: `name`, `place`, and what it stands for: `source`, `value` or `exhibit`.
        meta: title and the like.
    """

    sources: list[Source] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    meta: dict[str, int] = field(default_factory=dict)

    def add(self, source: Source) -> int:
        """Add a text; return its number."""
        self.sources.append(source)
        return len(self.sources)


@cache
def program() -> str:
    """Return the Pandoc that `pypandoc_binary` brings, whatever else is installed: same pages anywhere."""
    brought = Path(pypandoc.__file__).parent / "files" / "pandoc"
    return str(brought if brought.is_file() else pypandoc.get_pandoc_path())


@cache
def version() -> str:
    """Return Pandoc's version."""
    return _run(["--version"], "").split()[1]


def pages(
    texts: Texts,
    image: Callable[[str, str, bool], str],
    problems: Problems,
    *,
    wanted: Sequence[Mapping[str, Any]] = (),
    lang: str = "en",
    words: Mapping[str, str] | None = None,
    again: bool = False,
) -> list[str]:
    """Return the pages that are wanted, or nothing where something is wrong.

    Args:
        texts: what is read.
        image: told what a text names as an image, where, and whether `report.qmd` itself does; returns the
            name it is known by, or nothing. In the pages, names of pictures stand between `OPEN` and `CLOSE`.
        problems: where what is wrong goes.
        wanted: of each page its target (html or typst), profile, template, variables and settings.
        lang: for its quotation marks.
        words: those that stand in a page.
        again: return the first text as Markdown too, as Pandoc saw it.
    """
    given = {
        "folder": str(TEMPLATES),
        "sources": [asdict(source) for source in texts.sources],
        "calls": texts.calls,
        "meta": texts.meta,
        "pages": list(wanted),
        "trusted": TRUSTED,
        "untrusted": UNTRUSTED,
        "quotes": QUOTES.get(lang, QUOTES["en"]),
        "words": words or {},
        "again": again,
    }
    answer = json.loads(_run(["lua", str(TEMPLATES / "builtin.lua")], json.dumps(given)))
    for place, wrong, allowed, todo, like, known in answer["problems"]:
        problems.add(place, wrong + (nearest(like, known) if like else ""), allowed, todo)
    names = [image(target, place, trusted) for target, place, trusted in answer["images"]]
    made: list[str] = answer["pages"]
    for number, name in enumerate(names, 1):
        made = [page.replace(f"{OPEN}i{number}{CLOSE}", f"{OPEN}p{name}{CLOSE}") for page in made]
    return made


def _run(arguments: Sequence[str], given: str) -> str:
    try:
        done = subprocess.run(
            [program(), *arguments],
            input=given,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RenderError(f"Pandoc did not finish within {SECONDS} seconds.") from None
    if done.returncode != 0 and ("NESTED" in done.stderr or "stack overflow" in done.stderr):
        raise RenderError(
            "The report cannot be rendered: something in it is nested too deeply. To do: look for emphasis, "
            "lists or tables within one another in the narrative."
        )
    if done.returncode != 0:
        raise RenderError(f"Pandoc stopped: {done.stderr.strip()}")
    return done.stdout
