"""One format's tree: conditions decided, tables, figures and sections numbered, references resolved."""

from __future__ import annotations

import base64
import html
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from funnel.errors import nearest
from funnel.publish.builtin.problems import Problems
from funnel.publish.builtin.read import Document
from funnel.publish.builtin.tree import Node, nodes, plain, raw_block, raw_inline, rewrite, string, words

QUOTES = {"ru": {"DoubleQuote": "«»", "SingleQuote": "„“"}, "en": {"DoubleQuote": "“”", "SingleQuote": "‘’"}}
_WORD = {"tbl": "crossref-tbl-title", "fig": "crossref-fig-title", "sec": "crossref-sec-prefix"}
_MIME = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "svg": "image/svg+xml"}
NBSP = "\u00a0"
FULL = "report-full.pdf"
"""Where the meeting's PDF sends a reader for what it does not show."""


@dataclass(slots=True)
class Lowered:
    """The tree of one format, all in Pandoc's own nodes.

    Attributes:
        exhibits: id of each numbered thing -> its reference, such as ``Table 2``.
    """

    blocks: list[Node]
    exhibits: dict[str, str]


def lower(document: Document, target: str, problems: Problems) -> Lowered:
    """Make the tree of a format (html or typst); what is wrong is added to the problems."""
    holding = {target, document.config.profile}
    blocks: list[Node] = rewrite(document.blocks, lambda node: _when(node, holding))
    work = _Lowering(document, target, problems, hidden=_named(document.blocks) - _named(blocks))
    work.check_pages(blocks)
    work.number(blocks)
    return Lowered(rewrite(blocks, work.change), work.exhibits)


def _when(node: Node, holding: Collection[str]) -> list[Node] | None:
    if node["t"] != "X-When":
        return None
    if (node["value"] in holding) != node["shown"]:
        return []
    body: list[Node] = rewrite(node["body"], lambda inner: _when(inner, holding))
    return body


def _named(blocks: Sequence[Node]) -> frozenset[str]:
    """Return the ids of tables, figures and headings."""
    floats = {node["id"] for node in nodes(blocks) if node["t"] == "X-Float"}
    return frozenset(floats | {node["c"][1][0] for node in nodes(blocks) if node["t"] == "Header"})


@dataclass(slots=True)
class _Lowering:
    document: Document
    target: str
    problems: Problems
    hidden: frozenset[str] = frozenset()  # ids of what this format or profile does not show
    exhibits: dict[str, str] = field(default_factory=dict)
    sections: list[str] = field(default_factory=list)  # numbers of the headings, in order
    ids: set[str] = field(default_factory=set)
    top: int = 1
    _next_section: int = 0

    def check_pages(self, blocks: Sequence[Node]) -> None:
        """Report page breaks and landscape pages inside other blocks: a page cannot start there."""
        for block in blocks:
            inside = block["body"] if block["t"] == "X-Landscape" else [block]
            for node in inside:
                for deep in list(nodes(node))[1:]:
                    if deep["t"] in ("X-Break", "X-Landscape"):
                        what = "a page break" if deep["t"] == "X-Break" else "a landscape block"
                        where = deep.get("at") or self.document.find("landscape")
                        self.problems.add(str(where), f"{what} inside another block", "at the outer level")

    def number(self, blocks: Sequence[Node]) -> None:
        """Give every section, table and figure its number; report ids used twice."""
        word = self.document.config.word
        numbered = bool(self.document.config.option("number-sections", self.target, False))
        headings = [node for node in nodes(blocks) if node["t"] == "Header"]
        self.top = min((node["c"][0] for node in headings), default=1)
        counters = [0] * 7
        floats = {"tbl": 0, "fig": 0}
        for node in nodes(blocks):
            if node["t"] == "Header":
                level, (name, classes, _), text = node["c"]
                label = ""
                if numbered and "unnumbered" not in classes:
                    depth = level - self.top
                    counters[depth] += 1
                    counters[depth + 1 :] = [0] * (6 - depth)
                    label = ".".join(str(count) for count in counters[: depth + 1])
                self.sections.append(label)
                name = self._unique(name)
                node["c"][1][0] = name
                if name.startswith("sec-"):
                    self.exhibits[name] = (
                        f"{word(_WORD['sec'])}{NBSP}{label}" if label else f"«{words(text)}»"
                    )
            elif node["t"] == "X-Float":
                floats[node["kind"]] += 1
                if node["id"] in self.ids:
                    self.problems.add(node["at"], f"the id #{node['id']} is used twice", todo="rename one")
                self.ids.add(node["id"])
                self.exhibits[node["id"]] = f"{word(_WORD[node['kind']])}{NBSP}{floats[node['kind']]}"
            elif node["t"] == "Span" and node["c"][0][0]:
                self.ids.add(node["c"][0][0])

    def _unique(self, name: str) -> str:
        """Return an id no other heading has; one that can be referred to must be so already."""
        if name in self.ids and name.startswith("sec-"):
            self.problems.add(
                str(self.document.find(f"#{name}")), f"the id #{name} is used twice", todo="rename one"
            )
        fresh, count = name, 0
        while fresh in self.ids:
            count += 1
            fresh = f"{name}-{count}"
        self.ids.add(fresh)
        return fresh

    def change(self, node: Node) -> list[Node] | None:
        """Replace one node by what the format's writer understands."""
        handler = getattr(self, "_" + node["t"].lower().replace("-", "_"), None)
        if handler is None:
            return None
        out: list[Node] = handler(node)
        return out

    def _header(self, node: Node) -> list[Node]:
        level, (name, classes, _), text = node["c"]
        number = self.sections[self._next_section]
        self._next_section += 1
        text = rewrite(text, self.change)
        if self.target == "html":
            if number:
                span = {"t": "Span", "c": [["", ["header-section-number"], []], [string(number)]]}
                text = [span, string(NBSP), *text]
            return [{"t": "Header", "c": [min(level - self.top + 2, 6), [name, classes, []], text]}]
        kept = [*classes, *([] if number or "unnumbered" in classes else ["unnumbered"])]
        return [{"t": "Header", "c": [level - self.top + 1, [name, kept, []], text]}]

    def _quoted(self, node: Node) -> list[Node]:
        kind, content = node["c"]
        marks = QUOTES.get(self.document.config.lang, QUOTES["en"])[kind["t"]]
        return [string(marks[0]), *rewrite(content, self.change), string(marks[1])]

    def _link(self, node: Node) -> list[Node]:
        attributes, content, (target, title) = node["c"]
        if target.startswith("#") and target[1:] not in self.ids:
            place = self.document.find(f"({target}")
            self.problems.add(place, f"a link to {target}, which is nowhere{nearest(target[1:], self.ids)}")
        return [{"t": "Link", "c": [attributes, rewrite(content, self.change), [target, title]]}]

    def _x_ref(self, node: Node) -> list[Node]:
        label = self.exhibits.get(node["id"])
        if label is None and node["id"] in self.hidden and self.document.config.profile:
            word = self.document.config.word(_WORD[node["id"].partition("-")[0]])
            return [string(f"{word}{NBSP}({FULL})")]
        if label is None:
            known = ", ".join(self.exhibits) or "none"
            self.problems.add(
                node["at"], f"@{node['id']} refers to nothing{nearest(node['id'], self.exhibits)}", known
            )
            return []
        text = label.rsplit(NBSP, 1)[-1] if node["short"] else label
        return [{"t": "Link", "c": [["", ["reference"], []], [string(text)], [f"#{node['id']}", ""]]}]

    def _x_float(self, node: Node) -> list[Node]:
        caption: list[Node] = rewrite(node["caption"], self.change)
        self._alternatives(node["body"], words(node["caption"]))
        body: list[Node] = rewrite(node["body"], self.change)
        label, kind, name = self.exhibits[node["id"]], node["kind"], node["id"]
        lead: list[Node] = [
            {"t": "Span", "c": [["", ["caption-label"], []], [string(f"{label}:" if caption else label)]]},
            {"t": "Space"},
        ]
        if self.target == "html":
            figcaption = [
                raw_block("html", "<figcaption>"),
                plain([*lead, *caption]),
                raw_block("html", "</figcaption>"),
            ]
            scroll = [raw_block("html", '<div class="scroll">'), *body, raw_block("html", "</div>")]
            inner = [*figcaption, *scroll] if kind == "tbl" else [*body, *figcaption]
            start = raw_block("html", f'<figure id="{html.escape(name)}" class="exhibit {kind}">')
            return [start, *inner, raw_block("html", "</figure>")]
        word, position = label.rsplit(NBSP, 1)[0], "top" if kind == "tbl" else "bottom"
        tail = f'kind: "quarto-float-{kind}", supplement: [{word}]'
        return [
            raw_block("typst", "#figure(["),
            *body,
            plain(
                [
                    raw_inline(
                        "typst", f"], caption: figure.caption(position: {position}, separator: [: ], ["
                    ),
                    *caption,
                    raw_inline("typst", f']), {tail}, numbering: "1") <{name}>'),
                ]
            ),
        ]

    def _alternatives(self, body: Sequence[Node], caption: str) -> None:
        for node in nodes(body):
            if node["t"] == "X-Image" and not node["alt"]:
                node["alt"] = caption

    def _x_image(self, node: Node) -> list[Node]:
        if self.target == "html":
            alt = html.escape(node["alt"])
            return [raw_block("html", f'<img src="{self._data(node["name"])}" alt="{alt}">')]
        alt = node["alt"].replace("\\", "\\\\").replace('"', '\\"')
        return [raw_block("typst", f'#image("{node["name"]}", width: 100%, alt: "{alt}")')]

    def _image(self, node: Node) -> list[Node]:
        attributes, content, (name, title) = node["c"]
        source = self._data(name) if self.target == "html" else name
        return [{"t": "Image", "c": [attributes, rewrite(content, self.change), [source, title]]}]

    def _data(self, name: str) -> str:
        content = base64.b64encode(self.document.images[name]).decode("ascii")
        return f"data:{_MIME[name.rsplit('.', 1)[-1]]};base64,{content}"

    def _x_output(self, node: Node) -> list[Node]:
        """Return a notebook's output, which must have something to show in this format."""
        body: list[Node] = rewrite(node["body"], self.change)
        if all(block["t"] == "RawBlock" and block["c"][0] != self.target for block in body):
            place = self.document.find("embed")
            self.problems.add(place.path, f"{node['address']} has nothing to show in {self.target}")
        return body

    def _x_columns(self, node: Node) -> list[Node]:
        cells: list[list[Node]] = [rewrite(cell, self.change) for cell in node["body"]]
        out: list[Node] = []
        if self.target == "html":
            shares = " ".join(f"minmax(0,{width:g}fr)" for width in node["widths"])
            out.append(raw_block("html", f'<div class="columns" style="--columns:{shares}">'))
            for cell in cells:
                out.extend([raw_block("html", "<div>"), *cell, raw_block("html", "</div>")])
            return [*out, raw_block("html", "</div>")]
        shares = " ".join(f"{width:g}fr," for width in node["widths"])
        out.append(raw_block("typst", f"#grid(columns: ({shares}), gutter: 1em,"))
        for cell in cells:
            out.extend([raw_block("typst", "["), *cell, raw_block("typst", "],")])
        return [*out, raw_block("typst", ")")]

    def _x_callout(self, node: Node) -> list[Node]:
        kind = node["kind"].removeprefix("callout-")
        title: list[Node] = rewrite(node["title"], self.change)
        title = title or [string(self.document.config.word(f"callout-{kind}-title"))]
        body: list[Node] = rewrite(node["body"], self.change)
        if self.target == "html":
            shut = " open" if node["fold"] == "false" else ""
            outer, inner = (f"details{shut}", "summary") if node["fold"] else ("aside", "p")
            outer = f'{outer} class="callout {kind}"'
            start = [raw_block("html", f'<{outer}><{inner} class="callout-title">'), plain(title)]
            end = raw_block("html", f"</{outer.split()[0]}>")
            return [*start, raw_block("html", f"</{inner}>"), *body, end]
        start = [plain([raw_inline("typst", f'#report-box("{kind}", ['), *title, raw_inline("typst", "])[")])]
        return [*start, *body, raw_block("typst", "]")]

    def _x_landscape(self, node: Node) -> list[Node]:
        body: list[Node] = rewrite(node["body"], self.change)
        if self.target == "html":
            return body
        return [raw_block("typst", "#page(flipped: true)["), *body, raw_block("typst", "]")]

    def _x_break(self, _node: Node) -> list[Node]:
        if self.target == "html":
            return [raw_block("html", '<div class="page-break"></div>')]
        return [raw_block("typst", "#pagebreak(weak: true)")]
