"""What a labelled cell of an executed notebook shows."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from funnel.errors import nearest
from funnel.publish.builtin.problems import Place, Problems
from funnel.publish.builtin.reach import Reach

_OPTION = re.compile(r"^#\|\s*([a-z-]+):\s*(.*?)\s*$", re.MULTILINE)
OPTIONS = ("label", "fig-alt", "echo", "output")


@dataclass(frozen=True, slots=True)
class Shown:
    """One output: Markdown, or a PNG with its alternative text (none: the caption takes its place)."""

    markdown: str = ""
    png: bytes = b""
    alt: str = ""


@dataclass(slots=True)
class Notebooks:
    """The notebooks of a project, each read once."""

    reach: Reach
    _read: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def problems(self) -> Problems:
        """Where what is wrong goes."""
        return self.reach.problems

    def outputs(self, address: str, place: Place) -> list[Shown]:
        """Return what ``run/name.ipynb#label`` shows; what is wrong is added to the problems."""
        path, _, label = address.partition("#")
        if not label:
            self.problems.add(place, f"embed {address}: no #label", "run/name.ipynb#label")
            return []
        cells = self._cells(path, place)
        if cells is None:
            return []
        if label not in cells:
            known = ", ".join(cells) or "none"
            self.problems.add(
                place, f"{path} has no cell labelled {label}{nearest(label, cells)}", f"labels: {known}"
            )
            return []
        return self._shown(cells[label], address, place)

    def _cells(self, path: str, place: Place) -> dict[str, Mapping[str, Any]] | None:
        if path not in self._read:
            file = self.reach.file(path, place, trusted=True, what="notebook")
            if file is None:
                return None
            try:
                content = json.loads(file.read_text(encoding="utf-8"))
                cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
            except (ValueError, KeyError, TypeError):
                self.problems.add(place, f"{path} is not a Jupyter notebook", todo="run `funnel report`")
                return None
            labelled = [(_options(cell).get("label", ""), cell) for cell in cells]
            self._read[path] = {label: cell for label, cell in labelled if label}
        return self._read[path]

    def _shown(self, cell: Mapping[str, Any], address: str, place: Place) -> list[Shown]:
        options = _options(cell)
        for option in options:
            if option not in OPTIONS:
                self.problems.add(place, f"{address}: cell option {option}", ", ".join(OPTIONS))
        shown: list[Shown] = []
        for output in cell.get("outputs", []):
            kind = output.get("output_type")
            data = output.get("data", {})
            if kind == "error":
                self.problems.add(place, f"{address} ended in an error: {output.get('ename')}")
            elif "text/markdown" in data:
                shown.append(Shown(markdown=_text(data["text/markdown"])))
            elif "image/png" in data:
                png = base64.b64decode(_text(data["image/png"]))
                said = output.get("metadata", {}).get("image/png", {}).get("alt", "")
                shown.append(Shown(png=png, alt=options.get("fig-alt", "").strip("\"'") or said))
            else:
                what = (
                    f"a stream ({output.get('name')})" if kind == "stream" else ", ".join(data) or str(kind)
                )
                self.problems.add(
                    place,
                    f"{address} shows {what}: not for the report",
                    "text/markdown or image/png",
                    "end the cell in an object of funnel.present",
                )
        if not cell.get("outputs"):
            self.problems.add(place, f"{address} shows nothing", todo="run `funnel report`")
        return shown


def _options(cell: Mapping[str, Any]) -> dict[str, str]:
    return dict(_OPTION.findall(_text(cell.get("source", ""))))


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)
