"""The Pandoc program: many texts in, their trees out; one tree in, a page out."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pypandoc

from funnel.errors import RenderError
from funnel.publish.builtin.tree import Node

TEMPLATES = Path(__file__).parent / "templates"
SECONDS = 60
# Raw text is never markup by accident: `scan` marks the raw blocks that count. In report.qmd itself raw
# HTML is still recognised, to be reported.
_OFF = (
    "raw_tex raw_attribute latex_macros yaml_metadata_block pandoc_title_block native_divs native_spans "
    "markdown_in_html_blocks"
)
UNTRUSTED = "markdown" + "".join(f"-{name}" for name in [*_OFF.split(), "raw_html"])
TRUSTED = "markdown" + "".join(f"-{name}" for name in _OFF.split())


@cache
def program() -> str:
    """Return the Pandoc that `pypandoc_binary` brings, whatever else is installed: same pages anywhere."""
    brought = Path(pypandoc.__file__).parent / "files" / "pandoc"
    return str(brought if brought.is_file() else pypandoc.get_pandoc_path())


@cache
def version() -> str:
    """Return Pandoc's version."""
    return _run(["--version"], "").split()[1]


def parse(texts: Sequence[tuple[str, str]]) -> list[list[Node]]:
    """Read (format, text) pairs, all in one run of the program, each on its own."""
    script = TEMPLATES / "parse.lua"
    answer = _run(["lua", str(script)], json.dumps([list(pair) for pair in texts]))
    trees: list[list[Node]] = json.loads(answer)
    return trees


def write(target: str, blocks: Sequence[Node], meta: Mapping[str, Node], options: Sequence[str]) -> str:
    """Write a document with our template for `target` (html5 or typst)."""
    document: dict[str, Any] = {"pandoc-api-version": [1, 23, 1], "meta": meta, "blocks": blocks}
    return _run(
        ["--from=json", f"--to={target}", "--standalone", "--wrap=preserve", *options], json.dumps(document)
    )


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
    if done.returncode != 0:
        raise RenderError(f"Pandoc stopped: {done.stderr.strip()}")
    return done.stdout
