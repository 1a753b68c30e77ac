"""YAML that anybody may have written, read within limits: what cannot be read is an error with its line.

PyYAML's safe loader runs no code, but it can be made to run out of stack or memory, and of a value that
cannot be it tells by whatever Python raises. Here both end in a `yaml.YAMLError`, before memory is spent.
"""

from __future__ import annotations

import yaml

BYTES = 1_000_000
DEPTH = 50
NODES = 100_000
DIGITS = 100
_KINDS = {"int": "a whole number", "float": "a number", "bool": "yes or no", "str": "a text"}


class Loader(yaml.SafeLoader):
    """The safe loader within limits.

    A day that no calendar has stays a text, so that the model it goes into can say where it is.
    """

    _depth = 0

    def __init__(self, text: str) -> None:
        if len(text) > BYTES:
            raise yaml.YAMLError(f"the file is longer than {BYTES:,} characters; is it the right one?")
        super().__init__(text)

    def get_single_node(self) -> yaml.Node | None:
        """Return the tree of the only document.

        Raises:
            YAMLError: it is no YAML, is nested too deeply, or its references would make too much of it.
        """
        try:
            node = super().get_single_node()
        except (ValueError, OverflowError) as error:  # a character that there is not, such as "\U00110000"
            raise yaml.MarkedYAMLError(
                problem=f"a character cannot be: {error}", problem_mark=self.get_mark()
            ) from None
        if node is not None:
            _require_small(node)
        return node

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Read a part and what is in it, to a depth."""
        self._depth += 1
        if self._depth > DEPTH:
            raise yaml.MarkedYAMLError(
                problem=f"it is nested more than {DEPTH} levels deep", problem_mark=self.get_mark()
            )
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        """Return the value of a part."""
        try:
            value = super().construct_object(node, deep)
        except (ValueError, LookupError, ArithmeticError, AttributeError, TypeError):
            raise _unreadable(node) from None
        if (
            isinstance(value, str)
            and not value.isascii()
            and any("\ud800" <= sign <= "\udfff" for sign in value)
        ):
            raise _unreadable(node)
        return value

    def construct_number(self, node: yaml.ScalarNode) -> object:
        """Return a whole or broken number; none is so long that writing it down takes its time."""
        if len(node.value) > DIGITS:
            raise _unreadable(node)
        kind = node.tag.rpartition(":")[2]
        return self.construct_yaml_int(node) if kind == "int" else self.construct_yaml_float(node)

    def construct_day(self, node: yaml.ScalarNode) -> object:
        """Return a day or a time, or its text."""
        try:
            return self.construct_yaml_timestamp(node)
        except (ValueError, OverflowError, AttributeError):
            return node.value


Loader.add_constructor("tag:yaml.org,2002:int", Loader.construct_number)
Loader.add_constructor("tag:yaml.org,2002:float", Loader.construct_number)
Loader.add_constructor("tag:yaml.org,2002:timestamp", Loader.construct_day)


def load(text: str, loader: type[Loader] = Loader) -> object:
    """Return what a text holds.

    Raises:
        YAMLError: it cannot be read.
    """
    reader = loader(text)
    node = reader.get_single_node()
    return None if node is None else reader.construct_document(node)


def _unreadable(node: yaml.Node) -> yaml.MarkedYAMLError:
    kind = node.tag.rpartition(":")[2]
    text = str(node.value) if isinstance(node, yaml.ScalarNode) else ""
    shown = repr(text) if len(text) <= DIGITS else f"{text[:20]!r}... ({len(text):,} characters)"
    problem = f"{shown} cannot be read as {_KINDS.get(kind, kind)}"
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _require_small(root: yaml.Node) -> None:
    """Refuse a tree that grows too large, or without end, when every reference is written out."""
    sizes: dict[int, int] = {}
    open_: set[int] = set()

    def size(node: yaml.Node) -> int:
        if not isinstance(node, yaml.CollectionNode):
            return 1
        if id(node) in open_:
            raise yaml.MarkedYAMLError(problem="a part refers to itself", problem_mark=node.start_mark)
        if id(node) not in sizes:
            open_.add(id(node))
            parts = (
                node.value
                if isinstance(node, yaml.SequenceNode)
                else [p for pair in node.value for p in pair]
            )
            sizes[id(node)] = 1 + sum(size(part) for part in parts)
            open_.remove(id(node))
        if sizes[id(node)] > NODES:
            problem = f"with its references written out it has more than {NODES:,} parts"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        return sizes[id(node)]

    size(root)
