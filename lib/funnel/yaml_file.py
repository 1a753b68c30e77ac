"""Files that an analyst writes in YAML: `funnel.yml`, initiatives, investigations, aliases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from funnel import validation
from funnel.change import TYPED
from funnel.errors import Problem, SettingsError
from funnel.yaml_loader import BYTES, Loader

Model = TypeVar("Model", bound=BaseModel)


def read_yaml(
    path: Path, model: type[Model], bring: Callable[[str], str] | None = None, **fixed: object
) -> Model:
    """Read a YAML file into a model.

    Args:
        path: the file.
        model: what to make of it.
        bring: makes today's text of the file's, where it may be of an older form.
        fixed: fields that come from the program, not from the file.

    Raises:
        SettingsError: it does not parse (file and line), a key is written twice (both lines), or keys or
            values are not allowed; all at once.
    """
    try:
        text = _text(path)
        loader = Loader(bring(text) if bring else text)
        node = loader.get_single_node()
        twice = [
            Problem(f"{path}, line {second}", f"key {key!r} is in line {first} already", todo="keep one")
            for key, first, second in _twice(node)
        ]
        content: object = None if node is None else loader.construct_document(node)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}, line {mark.line + 1}" if mark else str(path)
        not_text = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else ""
        what = not_text or getattr(error, "problem", None) or str(error)
        raise SettingsError(f"{path.name} cannot be read.", [Problem(where, what, "YAML in UTF-8")]) from None
    if not isinstance(content, dict):
        problem = Problem(str(path), "it holds no keys", "lines of the form `key: value`")
        raise SettingsError(f"{path.name} cannot be read.", [problem])
    try:
        read = _made(content, path, model, fixed, node)
    except SettingsError as error:
        raise SettingsError(error.headline, [*twice, *error.problems]) from None
    if twice:
        raise SettingsError(f"{path.name} cannot be used.", twice)
    return read


def _text(path: Path) -> str:
    """Return the text of a file; one without an end, such as a pipe or a device, is not begun.

    Raises:
        YAMLError: it is none, or larger than any.
    """
    if path.exists() and not path.is_file():
        raise yaml.YAMLError("it is no file")
    size = path.stat().st_size
    if size > 4 * BYTES:
        raise yaml.YAMLError(f"the file has more than {4 * BYTES:,} bytes; is it the right one?")
    if not size:  # said of files of the system too, some of which never end
        return ""
    return path.read_text(encoding="utf-8")


def validated(content: Mapping[str, object], path: Path, model: type[Model], **fixed: object) -> Model:
    """Turn the content of a YAML file, read or about to be written, into a model; see `read_yaml`.

    Raises:
        SettingsError: keys or values are not allowed; all at once.
    """
    return _made(content, path, model, fixed, None)


def _made(
    content: Mapping[str, object],
    path: Path,
    model: type[Model],
    fixed: Mapping[str, object],
    node: yaml.Node | None,
) -> Model:
    """Turn content into a model; with the tree that it was read from, what is wrong has its line."""
    given = [Problem(_where(path, name, node), "is not to be set here") for name in fixed if name in content]
    if given:
        raise SettingsError(f"{path.name} cannot be used.", given)
    try:
        return model.model_validate({**content, **fixed}, context=TYPED)
    except ValidationError as error:
        found = validation.problems(error, model, lambda key: _where(path, key, node), hidden=fixed)
        raise SettingsError(f"{path.name} cannot be used.", found) from None


def _where(path: Path, key: str, node: yaml.Node | None) -> str:
    line = _line(node, key)
    return ", ".join([str(path), *([f"line {line}"] if line else []), *([f"key {key}"] if key else [])])


def _line(node: yaml.Node | None, key: str) -> int:
    """Return the line of a key such as `stages.0.name`, or of what it would stand in; 0 for the whole."""
    line = 0
    while key and isinstance(node, yaml.CollectionNode):
        if isinstance(node, yaml.SequenceNode):
            parts = {str(place): (item, item) for place, item in enumerate(node.value)}
        else:
            parts = {str(name.value): (name, item) for name, item in node.value}
        fitting = [name for name in parts if f"{key}.".startswith(f"{name}.")]
        if not fitting:
            break
        name = max(fitting, key=len)  # a name may hold dots itself
        first, node = parts[name]
        line, key = first.start_mark.line + 1, key[len(name) + 1 :]
    return line


def _twice(node: yaml.Node | None) -> Iterator[tuple[str, int, int]]:
    """Find keys that stand twice in one mapping, of which YAML takes the last: key and both lines."""
    waiting, seen = [node], set()
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            lines: dict[str, int] = {}
            for key, value in node.value:
                waiting.append(value)
                if isinstance(key, yaml.ScalarNode) and not key.tag.endswith(":merge"):
                    line = key.start_mark.line + 1
                    if key.value in lines:
                        yield key.value, lines[key.value], line
                    lines.setdefault(key.value, line)
