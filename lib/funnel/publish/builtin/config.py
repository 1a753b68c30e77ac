"""Settings of the report: `_quarto.yml`, its metadata files, the front matter, variables and colours.

The built-in renderer follows the keys listed here and stops at any other, so that a setting never has
an effect in one renderer and none in the other without anybody knowing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from funnel.errors import nearest
from funnel.publish.builtin.problems import Place, Problems
from funnel.yaml_loader import Loader

# Followed by the built-in renderer.
FOLLOWED = frozenset(
    re.findall(
        r"\S+",
        """
        title subtitle date lang company commit renderer metadata-files number-sections toc toc-depth
        format.html.toc format.html.toc-depth format.typst.toc format.typst.toc-depth
        """,
    )
)
# Words Quarto puts into the page, by language: `language.ru.crossref-tbl-title: Таблица`.
WORDS = (
    "toc-title-document",
    "crossref-fig-title",
    "crossref-tbl-title",
    "crossref-sec-prefix",
    *(f"callout-{kind}-title" for kind in ("note", "tip", "warning", "important", "caution")),
)
# Known, and without effect here: the built-in renderer makes one file that loads nothing, has its own
# look, runs no code and copies no notebook, whatever is set.
KNOWN = frozenset(
    re.findall(
        r"\S+",
        """
        project.type project.render project.output-dir brand notebook-links narrative
        format.html.embed-resources format.html.output-file format.html.format-links
        format.html.html-math-method format.html.theme format.html.css format.html.toc-location
        format.html.grid.body-width format.html.grid.sidebar-width format.html.grid.margin-width
        format.typst.template-partials format.typst.font-paths format.typst.section-numbering
        format.docx.reference-doc
        """,
    )
)
# Known with one value alone: the built-in renderer does what this filter does, and runs no code.
FIXED = {
    "filters": [{"path": "run/parts/report.lua", "at": "pre-ast"}],
    "execute.enabled": False,
}
MEETING = "meeting"
"""The profile of the PDF that the meeting reads, as Quarto knows profiles: `_quarto-meeting.yml`."""
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(slots=True)
class Config:
    """What the report is set to.

    Attributes:
        meta: all keys, merged: `_quarto.yml`, then its metadata files, then the front matter.
        variables: `_variables.yml`.
        colours: palette and semantic colours of `_brand.yml`, each as ``#rrggbb``.
        profile: what the report is made for, `MEETING` or '' for the full one.
    """

    meta: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    colours: dict[str, str] = field(default_factory=dict)
    profile: str = ""

    @property
    def lang(self) -> str:
        """Language of the report, `en` unless set."""
        return str(self.meta.get("lang", "en"))

    def option(self, key: str, target: str, default: Any) -> Any:
        """Return a setting for a format (html or typst), its own before the general one."""
        own = lookup(self.meta, f"format.{target}.{key}")
        return own if own is not None else self.meta.get(key, default)

    def word(self, key: str) -> str:
        """Return a word of `language.<lang>` in `_quarto.yml`."""
        return str(lookup(self.meta, f"language.{self.lang}.{key}"))


def lookup(tree: Mapping[str, Any], path: str) -> Any:
    """Return what stands under a dotted path, or None.

    >>> lookup({"a": {"b": 1}}, "a.b"), lookup({"a": 1}, "a.b")
    (1, None)
    """
    node: Any = tree
    for part in path.split("."):
        if not isinstance(node, Mapping) or part not in node:
            return None
        node = node[part]
    return node


def flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each leaf of nested keys with its dotted path."""
    for key, value in tree.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{path}.")
        else:
            yield path, value


def load(project: Path, source: Path, problems: Problems, profile: str = "") -> tuple[Config, str, int]:
    """Read all settings of a report; return them, the text after the front matter, and its first line."""
    config = Config(profile=profile)
    layers = [_file(project, "_quarto.yml", problems, required=True)]
    if profile:
        layers.append(_file(project, f"_quarto-{profile}.yml", problems, required=False))
    layers += [_file(project, name, problems, required=True) for name in _metadata_files(layers[0])]
    text = _read(source, source.relative_to(project).as_posix(), problems)
    front, body, first = front_matter(text)
    if front:
        where = source.relative_to(project).as_posix()
        layers.append(_parse(front, where, problems, shift=1))
    for layer in layers:
        config.meta = _merge(config.meta, layer)
    config.variables = _file(project, "_variables.yml", problems, required=False, check=False)
    config.colours = _colours(_file(project, "_brand.yml", problems, required=False, check=False), problems)
    for word in WORDS if layers[0] else ():
        if lookup(config.meta, f"language.{config.lang}.{word}") is None:
            problems.add(
                "_quarto.yml", f"no key language.{config.lang}.{word}", todo="add the word in that language"
            )
    return config, body, first


def metadata_files(project: Path, problems: Problems) -> list[str]:
    """Return the names under `metadata-files` of `_quarto.yml`."""
    return _metadata_files(_file(project, "_quarto.yml", problems, required=True, check=False))


def _metadata_files(base: Mapping[str, Any]) -> list[str]:
    names = base.get("metadata-files") or []
    return [str(name) for name in names]


def front_matter(text: str) -> tuple[str, str, int]:
    r"""Split a text into front matter, the rest, and the line on which the rest starts.

    >>> front_matter("---\ntitle: A\n---\nText")
    ('title: A', 'Text', 4)
    """
    lines = text.lstrip("\ufeff").split("\n")
    if lines[0].rstrip() == "---":
        for number, line in enumerate(lines[1:], 1):
            if line.rstrip() in ("---", "..."):
                return "\n".join(lines[1:number]), "\n".join(lines[number + 1 :]), number + 2
    return "", "\n".join(lines), 1


def _read(path: Path, name: str, problems: Problems) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else "cannot be read"
        problems.add(
            name,
            f"the file {why}",
            todo="put it back, or check the name; what lies in run/ is made by `funnel report`",
        )
        return ""


def _file(project: Path, name: str, problems: Problems, required: bool, check: bool = True) -> dict[str, Any]:
    path = project / name
    if not required and not path.exists():
        return {}
    return _parse(_read(path, name, problems), name, problems, check=check)


def _parse(text: str, name: str, problems: Problems, shift: int = 0, check: bool = True) -> dict[str, Any]:
    try:
        reader = _Loader(text)
        node = reader.get_single_node()
        data: Any = (None if node is None else reader.construct_document(node)) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(name, mark.line + 1 + shift if mark else 0)
        problems.add(place, f"YAML that cannot be read: {getattr(error, 'problem', error)}")
        return {}
    if not isinstance(data, dict):
        problems.add(name, "YAML without keys", "key: value")
        return {}
    if check and node is not None:
        _check(data, _lines(node), name, shift, problems)
    return data


class _Loader(Loader):
    """YAML whose dates stay text, as Quarto shows them."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _lines(node: yaml.Node, prefix: str = "") -> dict[str, int]:
    found: dict[str, int] = {}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            path = f"{prefix}{key.value}"
            found[path] = key.start_mark.line + 1
            found |= _lines(value, f"{path}.")
    return found


def _check(
    data: Mapping[str, Any], lines: Mapping[str, int], name: str, shift: int, problems: Problems
) -> None:
    for path, value in flat(data):
        is_word = re.fullmatch(rf"language\.[a-z]{{2}}\.({'|'.join(WORDS)})", path)
        if path in FOLLOWED | KNOWN | {"format.html", "format.typst"} or is_word:
            continue
        line = lines.get(path, lines.get(path.rsplit(".", 1)[0], 0))
        if path in FIXED:
            if value != FIXED[path]:
                problems.add(
                    Place(name, line + shift), f"{path}: {value}", f"{FIXED[path]}", "render with Quarto"
                )
            continue
        hint = nearest(path, sorted(FOLLOWED | KNOWN))
        problems.add(
            Place(name, line + shift if line else 0),
            f"the key {path} is not known to the built-in renderer{hint}",
            ", ".join(sorted(FOLLOWED)),
            "delete it, or render with Quarto",
        )


def _merge(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(low)
    for key, value in high.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = _merge(old, value) if both else value  # type: ignore[arg-type]
    return merged


def _colours(brand: Mapping[str, Any], problems: Problems) -> dict[str, str]:
    """Return palette and semantic colours; a semantic one may name a colour of the palette."""
    tree = brand.get("color") or {}
    palette = {str(key): value for key, value in (tree.get("palette") or {}).items()}
    semantic = {str(key): value for key, value in tree.items() if key != "palette"}
    found: dict[str, str] = {}
    for key, value in {**palette, **semantic}.items():
        colour = str(palette.get(str(value), value))
        if not _COLOUR.fullmatch(colour):
            problems.add("_brand.yml", f"color {key}: {value!r}", "#rrggbb, or the name of a palette colour")
        found[key] = colour
    return found
