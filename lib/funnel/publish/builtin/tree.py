"""Pandoc's document tree as JSON: small makers and one walk.

A node is ``{"t": kind, "c": content}``. Besides Pandoc's kinds the tree holds ours, whose names start
with ``X-``; `lower` replaces them before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

Node = dict[str, Any]  # JSON from another program: its shape is checked where it is used
Change = Callable[[Node], "list[Node] | None"]


def rewrite(tree: Any, change: Change) -> Any:
    """Return a new tree in which `change` has replaced nodes.

    Args:
        tree: a node or any list of nodes.
        change: gets each node, parents first; returns its replacement (not walked again), or None to
            keep the node and walk into it.

    >>> rewrite([{"t": "Emph", "c": [string("a")]}], lambda n: [string("b")] if n["t"] == "Str" else None)
    [{'t': 'Emph', 'c': [{'t': 'Str', 'c': 'b'}]}]
    """
    if isinstance(tree, list):
        out: list[Any] = []
        for item in tree:
            new = change(item) if isinstance(item, dict) and "t" in item else None
            if new is None:
                out.append(rewrite(item, change))
            else:
                out.extend(new)
        return out
    if isinstance(tree, dict):
        return {key: rewrite(value, change) for key, value in tree.items()}
    return tree


def nodes(tree: Any) -> Iterator[Node]:
    """Yield every node of a tree, parents first."""
    if isinstance(tree, list):
        for item in tree:
            yield from nodes(item)
    elif isinstance(tree, dict):
        if "t" in tree:
            yield tree
        for value in tree.values():
            yield from nodes(value)


def string(text: str) -> Node:
    """Make a piece of text without spaces in it being significant."""
    return {"t": "Str", "c": text}


def plain(inlines: Sequence[Node]) -> Node:
    """Make a block of inlines that is no paragraph."""
    return {"t": "Plain", "c": list(inlines)}


def raw_block(target: str, text: str) -> Node:
    """Make a block that the writer of `target` (html or typst) passes through."""
    return {"t": "RawBlock", "c": [target, text]}


def raw_inline(target: str, text: str) -> Node:
    """Make an inline that the writer of `target` (html or typst) passes through."""
    return {"t": "RawInline", "c": [target, text]}


def words(tree: Any) -> str:
    """Return the text of a tree without any markup.

    >>> words([string("a"), {"t": "Space"}, {"t": "Strong", "c": [string("b")]}])
    'a b'
    """
    out = []
    for node in nodes(tree):
        if node["t"] == "Str":
            out.append(node["c"])
        elif node["t"] in ("Space", "SoftBreak", "LineBreak"):
            out.append(" ")
        elif node["t"] in ("Code", "Math"):
            out.append(node["c"][1])
    return "".join(out)
