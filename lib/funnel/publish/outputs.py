"""What the cells of an executed notebook show, made into what both renderers show alike.

A frame becomes a table in the look of the report, a figure stays a picture, the representations that Quarto
drops are dropped. HTML goes: Quarto would load scripts from elsewhere for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from funnel.errors import nearest
from funnel.present.parts import frames, theme, vector
from funnel.present.parts.texts import Texts

OPTIONS = ("label", "fig-cap", "fig-alt", "tbl-cap", "echo", "warning")
"""What a cell may say of itself in lines that begin with `#|`."""
PICTURES = ("image/png", "image/svg+xml")
_OPTION = re.compile(r"^#\|\s?(.*)$", re.MULTILINE)
_DRAWN = ("[<matplotlib", "<matplotlib", "<seaborn.")
_BRACKETS = re.compile(r"[<(\[].*[>)\]]")

Cell = Mapping[str, Any]


def options(cell: Cell) -> dict[str, Any]:
    r"""Return what a cell says of itself; nothing where it is no YAML.

    >>> options({"source": "#| label: fig-x\n#| fig-cap: Leads\nplt.plot()"})
    {'label': 'fig-x', 'fig-cap': 'Leads'}
    """
    try:
        said = yaml.safe_load("\n".join(_OPTION.findall(text(cell.get("source", "")))))
    except yaml.YAMLError:
        return {}
    return said if isinstance(said, dict) else {}


def text(value: str | list[str]) -> str:
    """Return a text that a notebook may keep as a list of lines."""
    return value if isinstance(value, str) else "".join(value)


def settle(cells: list[Any], name: str, brand: Path, texts: Texts) -> list[str]:
    """Change what the cells show into what both renderers show; return what neither can.

    Args:
        cells: of an executed notebook; changed.
        name: of the notebook, without its suffix.
        brand: the file of the colours of its tables.
        texts: the language of its tables.
    """
    problems: list[str] = []
    for cell in cells:
        said = options(cell)
        label = str(said.get("label", ""))
        if cell["cell_type"] != "code":
            continue
        if not label:
            for output in cell.outputs:
                output.get("data", {}).pop("text/html", None)
            continue
        wrong = _wrong(said)
        drawn = any(kind in output.get("data", {}) for output in cell.outputs for kind in PICTURES)
        kept: list[Any] = []
        for output in cell.outputs:
            if _dropped(output, drawn, said):
                continue
            wrong += filter(None, [_settle(output, f"{name}-{label}-{len(kept)}", brand, texts)])
            kept.append(output)
        cell.outputs = kept
        _alternatives(cell, said)
        problems += [f"cell {label!r}: {one}" for one in wrong]
    return problems


def _wrong(said: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with what a cell says of itself."""
    wrong = [
        f"the option {key!r} is not followed{nearest(str(key), OPTIONS)}; allowed: {', '.join(OPTIONS)}"
        for key in said
        if key not in OPTIONS
    ]
    for kind in ("fig", "tbl"):
        caption = said.get(f"{kind}-cap")
        if caption is None:
            continue
        if not isinstance(caption, str):
            wrong.append(
                f"{kind}-cap is not a text; to do: one caption, in quotation marks if it holds a colon"
            )
        if not str(said["label"]).startswith(f"{kind}-"):
            wrong.append(
                f"{kind}-cap is for a cell labelled {kind}-...; to do: #| label: {kind}-{said['label']}"
            )
    return wrong


def _dropped(output: Cell, drawn: bool, said: Mapping[str, Any]) -> bool:
    """Tell whether Quarto drops an output: what pyplot returns, an object beside its picture, warnings."""
    if output["output_type"] == "stream":
        return output["name"] == "stderr" and said.get("warning") is False
    data = output.get("data", {})
    if output["output_type"] != "execute_result" or list(data) != ["text/plain"]:
        return False
    plain = text(data["text/plain"]).strip()
    beside = drawn and "\n" not in plain and _BRACKETS.fullmatch(plain)
    return plain.startswith(_DRAWN) or bool(beside)


def _settle(output: Any, name: str, brand: Path, texts: Texts) -> str:
    """Leave the one kind of an output that is shown; return what is wrong, or nothing."""
    if output["output_type"] not in ("display_data", "execute_result"):
        return ""
    data = output["data"]
    kind = next((kind for kind in ("text/markdown", *PICTURES) if kind in data), "")
    if not kind and "text/html" in data:
        try:
            at = re.sub(r"[^a-z0-9-]+", "-", name.lower())
            grid = frames.grid(at, text(data["text/html"]), theme.read(brand), texts)
        except ValueError as error:
            return (
                f"a Styler's {error} is not shown in the PDF; to do: color, background-color or font-weight"
            )
        if grid is None:
            return "it shows HTML that is no frame of pandas; to do: a frame, a figure or Markdown"
        data["text/markdown"], kind = grid._repr_mimebundle_()["text/markdown"], "text/markdown"
    if not kind and "text/plain" not in data:
        return f"it shows {', '.join(data)}; to do: a frame, a figure or Markdown"
    shown = [kind or "text/plain", *([vector.KIND] if kind in PICTURES else [])]
    kept = [name for name in shown if name in data]
    output["data"] = type(data)({name: data[name] for name in kept})
    return ""


def _alternatives(cell: Any, said: Mapping[str, Any]) -> None:
    """Write the words of a cell's pictures into it: Quarto takes alternative text from nowhere else."""
    pictures = [output.get("metadata", {}).get("image/png", {}) for output in cell.outputs]
    words = [picture.get("alt", "") for picture in pictures]
    if "fig-alt" not in said and any(words):
        alt = json.dumps(words if len(words) > 1 else words[0], ensure_ascii=False)
        cell.source = f"#| fig-alt: {alt}\n{cell.source}"
