"""From files to one tree: includes, embeds, variables and Quarto's blocks, each problem with its line."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from funnel.errors import nearest
from funnel.publish.builtin import config, pandoc
from funnel.publish.builtin.blocks import Blocks, float_node
from funnel.publish.builtin.config import Config
from funnel.publish.builtin.notebook import Exhibit, Notebooks, Shown
from funnel.publish.builtin.problems import Place, Problems
from funnel.publish.builtin.reach import TEXTS, Reach
from funnel.publish.builtin.scan import (
    OPEN,
    SHORTCODES,
    TOKEN,
    Shortcode,
    Source,
    mark_raw,
    scan,
    unmarked,
)
from funnel.publish.builtin.tree import Node, rewrite, string

META = ("title", "subtitle", "date", "company", "commit", "renderer")
_PLAIN_PARAMETERS = {"embed": 1, "include": 1, "var": 1, "meta": 1, "pagebreak": 0}
_STANDALONE = ("embed", "include", "pagebreak")


@dataclass(slots=True)
class Document:
    """A report, read: no format decided yet.

    Attributes:
        blocks: Pandoc's tree with our own nodes (``X-...``) for what Quarto adds to Pandoc.
        meta: title and the like, as inlines.
        images: PNG, JPEG or SVG by name; the tree refers to the names.
        config: settings, colours and words.
        sources: the files read, to find the line of a text.
    """

    blocks: list[Node]
    meta: dict[str, list[Node]]
    images: dict[str, bytes]
    config: Config
    sources: list[Source]

    def find(self, needle: str) -> Place:
        """Return where a text stands in the files read."""
        places = [source.find(needle) for source in self.sources]
        return next((place for place in places if place.line), places[0])


def read(project: Path, source: Path, problems: Problems, texts: Sequence[str] = TEXTS) -> Document:
    """Read a report and everything it names; what is wrong is added to the problems.

    Args:
        project: its folder.
        source: the report.
        problems: where what is wrong goes.
        texts: folders that included texts may show files of, relative to the project.
    """
    settings, body, first = config.load(project, source, problems)
    name = source.relative_to(project).as_posix()
    reader = _Reader(project, source.parent, settings, problems, Reach(project, problems, texts))
    main = reader.scan(name, body, first, trusted=True)
    blocks = reader.build(main)
    return Document(blocks, reader.meta, reader.images, settings, reader.sources)


@dataclass(slots=True)
class _Reader:
    project: Path
    folder: Path
    settings: Config
    problems: Problems
    reach: Reach
    shortcodes: list[Shortcode] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    images: dict[str, bytes] = field(default_factory=dict)
    meta: dict[str, list[Node]] = field(default_factory=dict)
    texts: list[tuple[str, str]] = field(default_factory=list)
    trees: list[list[Node]] = field(default_factory=list)
    included: dict[int, Source] = field(default_factory=dict)  # number of the shortcode -> file
    values: dict[int, int] = field(default_factory=dict)  # number of the shortcode -> number of the text
    shown: dict[int, tuple[Exhibit, list[Source | None], Source | None]] = field(default_factory=dict)
    number_of: dict[int, int] = field(default_factory=dict)  # id of a source -> number of its text

    def scan(self, name: str, text: str, first: int, trusted: bool, above: Sequence[str] = ()) -> Source:
        """Scan a file and, depth first, what it includes."""
        start = len(self.shortcodes)
        source = scan(name, text, first, trusted, self.shortcodes, self.problems)
        self._add(source)
        for number in range(start, len(self.shortcodes)):
            self._check(self.shortcodes[number], number, source, (*above, name))
        return source

    def _add(self, source: Source) -> None:
        self.sources.append(source)
        self.number_of[id(source)] = len(self.texts)
        self.texts.append((pandoc.TRUSTED if source.trusted else pandoc.UNTRUSTED, source.text))

    def _check(self, call: Shortcode, number: int, source: Source, above: Sequence[str]) -> None:
        wanted = _PLAIN_PARAMETERS.get(call.name)
        if wanted is None:
            self.problems.add(
                call.place,
                f"the shortcode {call.name} is not supported{nearest(call.name, _PLAIN_PARAMETERS)}",
                SHORTCODES,
                "render with Quarto, or write it without",
            )
        elif len(call.arguments) != wanted:
            self.problems.add(
                call.place, f"{call.name} with {len(call.arguments)} arguments", f"{wanted} without options"
            )
        elif call.name == "include":
            self._include(call, number, source, above)
        elif call.name == "embed" and not source.trusted:
            self.problems.add(call.place, "an embed inside an included file", "embeds in report.qmd itself")
        elif call.name in ("var", "meta"):
            self._value(call, number)

    def _include(self, call: Shortcode, number: int, source: Source, above: Sequence[str]) -> None:
        path = self.reach.file(call.arguments[0], call.place, trusted=source.trusted, base=self.folder)
        if path is None:
            return
        name = path.relative_to(self.project.resolve()).as_posix()
        if name in above:
            self.problems.add(call.place, f"{name} includes itself")
            return
        text = self.reach.text(path, call.place)
        if text is None:
            return
        if config.front_matter(text)[0]:
            self.problems.add(Place(name, 1), "front matter in an included file", todo="delete it")
        self.included[number] = self.scan(name, text, 1, False, above)

    def _value(self, call: Shortcode, number: int) -> None:
        known = self.settings.variables if call.name == "var" else self.settings.meta
        file = "_variables.yml" if call.name == "var" else "the settings of the report"
        value = config.lookup(known, call.arguments[0])
        if isinstance(value, (str, int, float, bool)):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            self.values[number] = len(self.texts)
            self.texts.append((pandoc.UNTRUSTED, unmarked(text.strip())))
            return
        leaves = [path for path, _ in config.flat(known)]
        what = "holds no single value in" if value is not None else "is not in"
        self.problems.add(
            call.place, f"{call.arguments[0]} {what} {file}{nearest(call.arguments[0], leaves)}"
        )

    def build(self, main: Source) -> list[Node]:
        """Parse everything that was found in one run of Pandoc, and put it together."""
        books = Notebooks(self.reach)
        for number, call in enumerate(list(self.shortcodes)):
            if call.name == "embed" and len(call.arguments) == 1 and call.place.path == main.name:
                exhibit = books.shown(call.arguments[0], call.place)
                if exhibit is not None:
                    self._embed(number, call, exhibit)
        meta = {key: str(self.settings.meta[key]) for key in META if self.settings.meta.get(key) is not None}
        first = len(self.texts)
        self.texts.extend((pandoc.UNTRUSTED, unmarked(text)) for text in meta.values())
        self.trees = pandoc.parse(self.texts)
        for offset, key in enumerate(meta):
            self.meta[key] = self._inlines(self.trees[first + offset], Place("_quarto.yml"))
        return self._blocks(main)

    def _embed(self, number: int, call: Shortcode, exhibit: Exhibit) -> None:
        """Scan what a cell shows as Markdown, and its caption."""
        address, found = call.arguments[0], []
        for shown in exhibit.outputs:
            output = mark_raw(address, shown.markdown, self.problems) if shown.markdown else None
            if output:
                self._add(output)
            found.append(output)
        caption = self.scan(address, exhibit.caption, 1, False) if exhibit.caption else None
        self.shown[number] = exhibit, found, caption

    def _blocks(self, source: Source) -> list[Node]:
        blocks = Blocks(source, self.problems, self._images(source), self._text)
        done: list[Node] = rewrite(self.trees[self.number_of[id(source)]], self._standing(blocks))
        self._forgotten(done)
        return done

    def _standing(self, blocks: Blocks) -> Callable[[Node], list[Node] | None]:
        """Return the change of a tree that also knows shortcodes standing alone in their paragraph."""

        def change(node: Node) -> list[Node] | None:
            if node["t"] in ("Para", "Plain") and len(node["c"]) == 1 and node["c"][0]["t"] == "Str":
                token = TOKEN.fullmatch(node["c"][0]["c"])
                if token and self.shortcodes[int(token[1])].name in _STANDALONE:
                    return self._alone(int(token[1]))
            return blocks.change(node, change)

        return change

    def _alone(self, number: int) -> list[Node]:
        call = self.shortcodes[number]
        if call.name == "pagebreak":
            return [{"t": "X-Break"}]
        if call.name == "include":
            return self._blocks(self.included[number]) if number in self.included else []
        if number not in self.shown:
            return []
        exhibit, sources, caption = self.shown[number]
        address = call.arguments[0]
        out = [
            node
            for shown, source in zip(exhibit.outputs, sources, strict=True)
            for node in self._output(shown, source, address)
        ]
        if not exhibit.kind:
            return out
        words = self._blocks(caption) if caption else []
        if len(words) > 1:
            self.problems.add(call.place, f"the caption of {address} is more than one paragraph", "one")
        return [float_node(exhibit.kind, exhibit.name, words[0]["c"] if words else [], out, call.place)]

    def _output(self, shown: Shown, source: Source | None, address: str) -> list[Node]:
        if source:
            return [{"t": "X-Output", "address": address, "body": self._blocks(source)}]
        if shown.picture:
            name = self._store(shown.picture, shown.suffix)
            return [{"t": "X-Image", "name": name, "alt": shown.alt, "address": address}]
        return [{"t": "CodeBlock", "c": [["", [], []], shown.words.rstrip("\n")]}]

    def _text(self, text: str) -> list[Node] | None:
        """Return a piece of text with its shortcodes replaced, or None if it holds none."""
        if OPEN not in text:
            return None
        out: list[Node] = []
        at = 0
        for token in TOKEN.finditer(text):
            if text[at : token.start()]:
                out.append(string(text[at : token.start()]))
            at = token.end()
            number = int(token[1])
            call = self.shortcodes[number]
            if number in self.values:
                out.extend(self._inlines(self.trees[self.values[number]], call.place))
            elif call.name in _STANDALONE:
                self.problems.add(call.place, f"{call.name} inside a paragraph", "a paragraph of its own")
        if text[at:]:
            out.append(string(text[at:]))
        return out

    def _inlines(self, tree: list[Node], place: Place) -> list[Node]:
        if not tree:
            return []
        if len(tree) > 1 or tree[0]["t"] not in ("Para", "Plain"):
            self.problems.add(place, "a value that is more than one paragraph of text", "one paragraph")
            return []
        source = Source(place.path, trusted=False)
        blocks = Blocks(source, self.problems, self._images(source), lambda _: None)
        inlines: list[Node] = rewrite(tree[0]["c"], lambda node: blocks.change(node, blocks.alone))
        return inlines

    def _forgotten(self, tree: list[Node]) -> None:
        """Report shortcodes in places where they have no effect, such as the address of a link."""
        for found in re.finditer(f"(?:{OPEN}|%EE%80%80)([0-9]+)", json.dumps(tree, ensure_ascii=False)):
            number = int(found[1])
            if number >= len(self.shortcodes):
                continue  # no mark of ours, but an address that was written so
            call = self.shortcodes[number]
            self.problems.add(call.place, f"{call.name} in an address or attribute", "plain text")

    def _images(self, source: Source) -> Callable[[str, Place], str]:
        """Return what keeps an image that a text names, and gives the name it is known by, or nothing."""

        def keep(target: str, place: Place) -> str:
            found = self.reach.image(target, place, trusted=source.trusted, base=self.folder)
            return self._store(found[0].read_bytes(), found[1]) if found else ""

        return keep

    def _store(self, content: bytes, suffix: str) -> str:
        name = hashlib.sha256(content).hexdigest()[:16] + suffix
        self.images[name] = content
        return name
