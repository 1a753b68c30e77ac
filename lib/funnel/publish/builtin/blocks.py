"""What Quarto adds to Pandoc's Markdown, node by node: kept as our own nodes, or reported."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from funnel.errors import nearest
from funnel.publish.builtin.config import MEETING
from funnel.publish.builtin.problems import Place, Problems
from funnel.publish.builtin.scan import RAW_CLASS, Source
from funnel.publish.builtin.tree import Change, Node, nodes, raw_block, rewrite, string, words

CALLOUTS = ("callout-note", "callout-tip", "callout-warning", "callout-important", "callout-caution")
FLOATS = ("tbl", "fig")
REFERENCES = ("tbl", "fig", "sec")
_CALLOUT = ("title", "collapse", "appearance", "icon")
"""Attributes of a callout; it has one look here, and none has an icon."""
CONDITIONS = {
    "when-format": ("html", "typst"),
    "unless-format": ("html", "typst"),
    "when-profile": (MEETING,),
    "unless-profile": (MEETING,),
}
"""What a block can be shown or hidden by, and its values."""
DIVS = ("landscape", *CALLOUTS, "content-visible", "content-hidden", "panel-tabset", "columns", "column")
_ALLOWED = (
    "{#tbl-name}, {#fig-name}, {layout-ncol=2}, .landscape, .columns with .column, .panel-tabset, "
    ".callout-note|tip|warning|important|caution, .content-visible|hidden with when-format, unless-format, "
    "when-profile or unless-profile"
)
_CLASSES = {
    "Header": ("unnumbered", "unlisted"),
    "Span": ("smallcaps", "underline", "mark"),
    "Link": ("uri", "email"),
}
_SAFE_LINK = re.compile(r"(?:https?://|mailto:|#)\S+|(?![a-zA-Z][a-zA-Z0-9+.-]*:)[^\\\s]+")
_SIZE = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:%|px|cm|mm|in|em|pt)?")


@dataclass(slots=True)
class Blocks:
    """The change of one file's tree.

    Attributes:
        source: the file.
        problems: where what is wrong goes.
        image: keeps an image and returns its name.
        text: replaces the shortcodes of a text; None if it holds none.
    """

    source: Source
    problems: Problems
    image: Callable[[str, Place], str]
    text: Callable[[str], list[Node] | None]
    _divs: int = field(default=0)

    def alone(self, node: Node) -> list[Node] | None:
        """Change a node without a wider change around it."""
        return self.change(node, self.alone)

    def change(self, node: Node, inner: Change) -> list[Node] | None:
        """Change one node; `inner` is what its children are changed with."""
        kind = node["t"]
        if kind == "Str":
            return self.text(node["c"])
        handler = _HANDLERS.get(kind)
        return handler(self, node, inner) if handler else None

    # Blocks

    def _div(self, node: Node, inner: Change) -> list[Node]:
        (name, classes, pairs), content = node["c"]
        lines = self.source.divs
        place = (
            Place(self.source.name, lines[self._divs]) if self._divs < len(lines) else Place(self.source.name)
        )
        self._divs += 1
        body: list[Node] = rewrite(content, inner)
        attributes = dict(pairs)
        unknown = [item for item in classes if item not in DIVS]
        for item in unknown:
            self.problems.add(place, f"a block .{item}{nearest(item, DIVS)}", _ALLOWED, "render with Quarto")
        if unknown:
            return body
        kinds = [item for item in classes if item in DIVS]
        if len(kinds) > 1:
            self.problems.add(place, f"a block with {' and '.join(kinds)}", "one of them; nest two blocks")
            return body
        allowed: tuple[str, ...]
        allowed = {"": ("layout-ncol",), "column": ("width",)}.get(kinds[0] if kinds else "", ())
        if kinds and kinds[0] in CALLOUTS:
            allowed = _CALLOUT
        elif kinds and kinds[0].startswith("content-"):
            allowed = tuple(CONDITIONS)
        for key in attributes:
            if key not in allowed:
                what = f"the attribute {key} of a block"
                self.problems.add(place, what, ", ".join(allowed) or "none here")
        if "layout-ncol" in attributes:
            body = self._columns(attributes["layout-ncol"], body, place)
        if kinds and name:
            self.problems.add(place, f"an id #{name} on a block .{kinds[0]}", "no id there")
        if kinds and kinds[0] in CALLOUTS:
            return [self._callout(kinds[0], attributes, body)]
        if kinds and kinds[0] == "landscape":
            return [{"t": "X-Landscape", "body": body, "at": str(place)}]
        if kinds and kinds[0] == "column":
            return [{"t": "X-Column", "width": self._width(attributes.get("width", ""), place), "body": body}]
        if kinds and kinds[0] == "columns":
            return self._beside(body, place)
        if kinds and kinds[0] == "panel-tabset":
            return [_tab(one) if one["t"] == "Header" else one for one in body]
        if kinds:
            return self._when(kinds[0], attributes, body, place)
        return self._float(name, body, place) if name else body

    def _columns(self, count: str, body: list[Node], place: Place) -> list[Node]:
        if not re.fullmatch("[1-6]", count):
            self.problems.add(place, f"layout-ncol={count}", "1 to 6")
            return body
        return [{"t": "X-Columns", "widths": [1.0] * int(count), "body": [[block] for block in body]}]

    def _width(self, said: str, place: Place) -> float:
        """Return the share of the width that a column takes; 0 where it does not say."""
        share = re.fullmatch(r"(\d+(?:\.\d+)?)%", said)
        if said and not share:
            self.problems.add(place, f"width={said} of a column", "a share, such as 40%")
        return float(share[1]) if share else 0.0

    def _beside(self, body: list[Node], place: Place) -> list[Node]:
        """Return the columns of a block `.columns`; those without a width share what is left."""
        if not body or any(one["t"] != "X-Column" for one in body):
            self.problems.add(place, "a block .columns that holds something else", "blocks .column alone")
            return body
        said = [one["width"] for one in body]
        left = max(100.0 - sum(said), 1.0) / max(said.count(0.0), 1)
        widths = [width or left for width in said]
        return [{"t": "X-Columns", "widths": widths, "body": [one["body"] for one in body]}]

    def _callout(self, kind: str, attributes: Mapping[str, str], body: list[Node]) -> Node:
        title = attributes.get("title", "")
        heading: list[Node] = [string(title)] if title else []
        if body and body[0]["t"] == "Header" and not title:
            heading, body = body[0]["c"][2], body[1:]
        fold = attributes.get("collapse", "")
        return {"t": "X-Callout", "kind": kind, "title": heading, "body": body, "fold": fold}

    def _when(self, kind: str, attributes: dict[str, str], body: list[Node], place: Place) -> list[Node]:
        condition, value = next(iter(attributes.items()), ("", ""))
        if len(attributes) != 1 or value not in CONDITIONS.get(condition, ()):
            found = ", ".join(f'{key}="{value}"' for key, value in attributes.items()) or "no condition"
            self.problems.add(
                place,
                f"a .{kind} block with {found}",
                'one of when-format and unless-format, "html" or "typst" (the PDF), or of when-profile and '
                'unless-profile, "meeting"',
            )
            return body
        shown = (kind == "content-visible") == condition.startswith("when-")
        return [{"t": "X-When", "value": value, "shown": shown, "body": body}]

    def _float(self, name: str, body: list[Node], place: Place) -> list[Node]:
        kind = name.split("-", 1)[0]
        if kind not in FLOATS or "-" not in name:
            self.problems.add(place, f"a block with the id #{name}", "#tbl-name or #fig-name")
            return body
        if any(node["t"] == "X-Float" for node in nodes(body)):
            self.problems.add(place, f"a numbered table or figure inside #{name}", "one beside the other")
        columns = body[0] if body and body[0]["t"] == "X-Columns" else None
        last = columns["body"].pop()[0] if columns and columns["body"] else body.pop() if body else None
        rest = columns["body"] if columns else body
        if last is None or last["t"] not in ("Para", "Plain") or not rest:
            self.problems.add(
                place, f"#{name} has no caption", "content, an empty line, and the caption as last paragraph"
            )
            return body
        return [float_node(kind, name, last["c"], body, place)]

    def _figure(self, node: Node, inner: Change) -> list[Node]:
        (name, _, _), (_, caption), content = node["c"]
        image = next((item for item in nodes(content) if item["t"] == "Image"), None)
        name = name or (image["c"][0][0] if image else "")
        if image:
            image["c"][0][0] = ""
        body: list[Node] = rewrite(content, inner)
        place = self.source.find(f"#{name}") if name else Place(self.source.name)
        text: list[Node] = rewrite(caption[0]["c"] if caption else [], inner)
        if name.startswith("fig-"):
            return [float_node("fig", name, text, body, place)]
        if name:
            self.problems.add(place, f"an image with the id #{name}", "#fig-name")
        if not any(item["t"] == "Image" for item in nodes(body)):
            return [{"t": "Para", "c": body[0]["c"]}] if body else []
        return [{"t": "Figure", "c": [["", [], []], [None, [{"t": "Plain", "c": text}]], body]}]

    def _table(self, node: Node, inner: Change) -> list[Node] | None:
        (name, classes, pairs), (short, caption), *rest = node["c"]
        place = self.source.find(f"#{name}") if name else Place(self.source.name)
        if classes or pairs:
            self.problems.add(place, "classes or attributes of a table", "an id #tbl-name")
        if not name:
            return None
        if not name.startswith("tbl-") or not caption:
            self.problems.add(place, f"a table with the id #{name}", "#tbl-name, with a caption")
            return []
        table: Node = {"t": "Table", "c": [["", [], []], [short, []], *rest]}
        return [float_node("tbl", name, rewrite(caption[0]["c"], inner), rewrite([table], inner), place)]

    def _header(self, node: Node, _inner: Change) -> list[Node] | None:
        self._attributes(node, node["c"][1], words(node["c"][2]))
        return None

    def _code_block(self, node: Node, _inner: Change) -> list[Node] | None:
        (_, classes, pairs), text = node["c"]
        if RAW_CLASS in classes and self.source.trusted:
            return [raw_block(dict(pairs)["format"], text)]
        return [{"t": "CodeBlock", "c": [["", [], []], text]}]

    def _raw(self, node: Node, _inner: Change) -> list[Node]:
        target, text = node["c"]
        self.problems.add(
            self.source.find(text.split("\n")[0]),
            f"raw {target} in the text: {text.strip()[:40]}",
            "Markdown; or blocks {=html} and {=typst} in report.qmd",
        )
        return []

    # Inlines

    def _span(self, node: Node, _inner: Change) -> list[Node] | None:
        self._attributes(node, node["c"][0], words(node["c"][1]))
        return None

    def _link(self, node: Node, inner: Change) -> list[Node] | None:
        attributes, content, (target, _) = node["c"]
        self._attributes(node, attributes, target)
        if not _SAFE_LINK.fullmatch(target):
            return [*rewrite(content, inner), string(" ("), _code(target), string(")")]
        return [{"t": "Link", "c": [attributes, rewrite(content, inner), [target, ""]]}]

    def _image(self, node: Node, inner: Change) -> list[Node]:
        (name, classes, pairs), content, (target, _) = node["c"]
        place = self.source.find(target)
        if re.match(r"(?:[a-zA-Z][a-zA-Z0-9+.-]*:|//)", target):
            return [*rewrite(content, inner), string(" ("), _code(target), string(")")]
        sizes = [
            [key, value] for key, value in pairs if key in ("width", "height") and _SIZE.fullmatch(value)
        ]
        if name or classes or len(sizes) != len(pairs):
            self.problems.add(place, "an image with other attributes", "{#fig-name width=50%}")
        kept = self.image(target, place)
        return [{"t": "Image", "c": [["", [], sizes], rewrite(content, inner), [kept, ""]]}] if kept else []

    def _cite(self, node: Node, inner: Change) -> list[Node]:
        out: list[Node] = []
        for number, citation in enumerate(node["c"][0]):
            name = citation["citationId"]
            place = self.source.find(f"@{name}")
            if name.split("-", 1)[0] not in REFERENCES or "-" not in name:
                self.problems.add(
                    place,
                    f"@{name} is no reference",
                    "@tbl-name, @fig-name, @sec-name",
                    f"write \\@{name} for the text",
                )
            if number:
                out.append(string(", "))
            out.extend(rewrite(citation["citationPrefix"], inner))
            if citation["citationPrefix"]:
                out.append(string("\u00a0"))
            short = bool(citation["citationPrefix"]) or citation["citationMode"]["t"] == "SuppressAuthor"
            out.append({"t": "X-Ref", "id": name, "short": short, "at": str(place)})
            out.extend(rewrite(citation["citationSuffix"], inner))
        return out

    def _code_inline(self, node: Node, _inner: Change) -> list[Node]:
        return [_code(node["c"][1])]

    def _attributes(self, node: Node, attributes: list[Any], near: str) -> None:
        _, classes, pairs = attributes
        allowed = _CLASSES[node["t"]]
        wrong = [f".{item}" for item in classes if item not in allowed] + [f"{key}=" for key, _ in pairs]
        if wrong:
            place = self.source.find(wrong[0]) if self.source.find(wrong[0]).line else self.source.find(near)
            self.problems.add(
                place,
                f"{' '.join(wrong)} on a {node['t'].lower()}",
                " ".join(f".{item}" for item in allowed if node["t"] != "Link")
                or "no class or attribute there",
            )


def float_node(kind: str, name: str, caption: list[Node], body: list[Node], place: Place) -> Node:
    """Make a numbered table or figure."""
    return {"t": "X-Float", "kind": kind, "id": name, "caption": caption, "body": body, "at": str(place)}


def _tab(heading: Node) -> Node:
    """Return the title of a tab: without a script, and on paper, tabs stand one under the other."""
    return {"t": "Para", "c": [{"t": "Strong", "c": heading["c"][2]}]}


def _code(text: str) -> Node:
    return {"t": "Code", "c": [["", [], []], text]}


_HANDLERS: dict[str, Callable[[Blocks, Node, Change], list[Node] | None]] = {
    "Div": Blocks._div,
    "Figure": Blocks._figure,
    "Table": Blocks._table,
    "Header": Blocks._header,
    "CodeBlock": Blocks._code_block,
    "RawBlock": Blocks._raw,
    "RawInline": Blocks._raw,
    "Span": Blocks._span,
    "Link": Blocks._link,
    "Image": Blocks._image,
    "Cite": Blocks._cite,
    "Code": Blocks._code_inline,
}
