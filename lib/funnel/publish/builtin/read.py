"""From files to the texts that Pandoc reads: includes, embeds and variables, each problem with its line."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel.dates import format_date

from funnel.errors import nearest
from funnel.publish.builtin import config
from funnel.publish.builtin.config import Config
from funnel.publish.builtin.notebook import Notebooks
from funnel.publish.builtin.pandoc import Texts
from funnel.publish.builtin.problems import Place, Problems
from funnel.publish.builtin.reach import TEXTS, Reach
from funnel.publish.builtin.scan import CLOSE, OPEN, SHORTCODES, Shortcode, Source, mark_raw, scan, unmarked
from funnel.publish.outputs import PICTURES, options, text

META = ("title", "subtitle", "date", "company", "commit")
_ARGUMENTS = {"embed": 1, "include": 1, "var": 1, "meta": 1, "pagebreak": 0}
_MIME = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "svg": "image/svg+xml"}
_SUFFIXES = {"image/png": ".png", "image/svg+xml": ".svg"}
_COLOURED = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(slots=True)
class Document:
    """A report, read: no format decided yet.

    Attributes:
        reach: what it may show; its problems.
        folder: that names in it are relative to.
        config: settings, colours and words.
        texts: what Pandoc reads.
        images: PNG, JPEG or SVG by name.
    """

    reach: Reach
    folder: Path
    config: Config
    texts: Texts = field(default_factory=Texts)
    images: dict[str, bytes] = field(default_factory=dict)

    def image(self, target: str, place: str, trusted: bool) -> str:
        """Keep an image that a text names; return the name it is known by, or nothing."""
        found = self.reach.image(target, Place(place), trusted=trusted, base=self.folder)
        return self.store(found[0].read_bytes(), found[1]) if found else ""

    def store(self, content: bytes, suffix: str) -> str:
        """Keep a picture; return its name."""
        name = hashlib.sha256(content).hexdigest()[:16] + suffix
        self.images[name] = content
        return name

    def data(self, name: str) -> str:
        """Return a picture as an address that holds all of it."""
        kind = _MIME[name.rsplit(".", 1)[-1]]
        return f"data:{kind};base64,{base64.b64encode(self.images[name]).decode('ascii')}"


def read(project: Path, source: Path, problems: Problems, texts: Sequence[str] = TEXTS) -> Document:
    """Read a report and everything it names; what is wrong is added to the problems.

    Args:
        project: its folder.
        source: the report.
        problems: where what is wrong goes.
        texts: folders that included texts may show files of, relative to the project.
    """
    settings, body, first = config.load(project, source, problems)
    reader = _Reader(Document(Reach(project, problems, texts), source.parent, settings))
    reader.scan(source.relative_to(project).as_posix(), body, first, trusted=True)
    for key in META:
        if settings.meta.get(key) is not None:
            text = str(settings.meta[key])
            with contextlib.suppress(ValueError):  # the author's own words for the date stay as they are
                day = dt.date.fromisoformat(text) if key == "date" else None
                text = format_date(day, "long", locale=settings.lang) if day else text
            reader.texts.meta[key] = reader.value(text, "_quarto.yml")
    return reader.document


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document, self.texts, self.reach = document, document.texts, document.reach
        self.problems, self.settings = document.reach.problems, document.config
        self.books = Notebooks(document.reach)
        self.shortcodes: list[Shortcode] = []

    def scan(self, name: str, text: str, first: int, trusted: bool, above: Sequence[str] = ()) -> int:
        """Add a file and, depth first, what it includes; return its number."""
        start = len(self.shortcodes)
        source = scan(name, text, first, trusted, self.shortcodes, self.problems)
        added = self.shortcodes[start:]
        calls: list[dict[str, object]] = [{"name": call.name, "place": str(call.place)} for call in added]
        self.texts.calls.extend(calls)
        number = self.texts.add(source)
        for call, noted in zip(added, calls, strict=True):
            noted |= self._meaning(call, source, (*above, name))
        return number

    def value(self, text: str, name: str) -> int:
        """Add a text that stands in no file; return its number."""
        return self.texts.add(Source(name, trusted=False, text=unmarked(text.strip()), first=0))

    def _meaning(self, call: Shortcode, source: Source, above: Sequence[str]) -> dict[str, object]:
        """Return what a shortcode stands for; nothing, with a problem, where that is wrong."""
        wanted = _ARGUMENTS.get(call.name)
        wrong = allowed = todo = ""
        if wanted is None:
            wrong, allowed = (
                f"the shortcode {call.name} is not supported{nearest(call.name, _ARGUMENTS)}",
                SHORTCODES,
            )
            todo = "render with Quarto, or write it without"
        elif len(call.arguments) != wanted:
            wrong, allowed = (
                f"{call.name} with {len(call.arguments)} arguments",
                f"{wanted} without options",
            )
        elif call.name == "embed" and not source.trusted:
            wrong, allowed = "an embed inside an included file", "embeds in report.qmd itself"
        elif call.name == "include":
            return self._include(call, source, above)
        elif call.name == "embed":
            return self._exhibit(call)
        elif call.name in ("var", "meta"):
            return self._variable(call)
        if wrong:
            self.problems.add(call.place, wrong, allowed, todo)
        return {}

    def _include(self, call: Shortcode, source: Source, above: Sequence[str]) -> dict[str, object]:
        path = self.reach.file(
            call.arguments[0], call.place, trusted=source.trusted, base=self.document.folder
        )
        if path is None:
            return {}
        name = path.relative_to(self.reach.project.resolve()).as_posix()
        if name in above:
            self.problems.add(call.place, f"{name} includes itself")
            return {}
        text = self.reach.text(path, call.place)
        if text is None:
            return {}
        if config.front_matter(text)[0]:
            self.problems.add(Place(name, 1), "front matter in an included file", todo="delete it")
        return {"source": self.scan(name, text, 1, False, above)}

    def _variable(self, call: Shortcode) -> dict[str, object]:
        known = self.settings.variables if call.name == "var" else self.settings.meta
        file = "_variables.yml" if call.name == "var" else "the settings of the report"
        value = config.lookup(known, call.arguments[0])
        if isinstance(value, (str, int, float, bool)):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            return {"value": self.value(text, call.place.path)}
        leaves = [path for path, _ in config.flat(known)]
        what = "holds no single value in" if value is not None else "is not in"
        near = nearest(call.arguments[0], leaves)
        self.problems.add(call.place, f"{call.arguments[0]} {what} {file}{near}")
        return {}

    def _exhibit(self, call: Shortcode) -> dict[str, object]:
        """Return what a cell shows: its outputs, and its caption as Markdown."""
        address = call.arguments[0]
        cell = self.books.cell(address, call.place)
        if cell is None:
            return {}
        said, outputs = options(cell), cell.get("outputs", [])
        label, alts = str(said["label"]), said.get("fig-alt", "")
        shown = [
            self._output(output, alts if isinstance(alts, str) else alts[at] if at < len(alts) else "", call)
            for at, output in enumerate(outputs)
        ]
        if not outputs:
            self.problems.add(
                call.place,
                f"{address} shows nothing",
                "a cell that ends in a frame, a figure or Markdown",
                "let it end so, and run `funnel report`",
            )
        kind = next((kind for kind in ("fig", "tbl") if label.startswith(f"{kind}-")), "")
        words = str(said.get(f"{kind}-cap") or "")
        caption = self.scan(address, words, 1, False) if words else None
        exhibit = {
            "address": address,
            "kind": kind,
            "name": label,
            "outputs": [one for one in shown if one],
            "caption": caption,
        }
        return {"exhibit": exhibit}

    def _output(self, output: Mapping[str, Any], alt: object, call: Shortcode) -> dict[str, object]:
        """Return one output: Markdown, a picture (without words of its own the caption serves), or words."""
        data, address = output.get("data", {}), call.arguments[0]
        if "text/markdown" in data:
            source = mark_raw(address, text(data["text/markdown"]), self.problems)
            return {"source": self.texts.add(source)}
        if kind := next((kind for kind in PICTURES if kind in data), ""):
            content = text(data[kind])
            picture = base64.b64decode(content) if kind == "image/png" else content.encode()
            name = self.document.store(picture, _SUFFIXES[kind])
            return {"picture": f"{OPEN}p{name}{CLOSE}", "alt": str(alt)}
        words = output["text"] if output.get("output_type") == "stream" else data.get("text/plain")
        if words is None or len(data) > 1:
            ended = f"ended in an error: {output.get('ename')}" if "ename" in output else ""
            what = ended or f"shows {', '.join(data) or 'nothing that is known'}"
            self.problems.add(call.place, f"{address} {what}", todo="" if ended else "run `funnel report`")
            return {}
        return {"words": _COLOURED.sub("", text(words)).rstrip("\n")}
