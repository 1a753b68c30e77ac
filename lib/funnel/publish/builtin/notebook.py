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
from funnel.publish.outputs import PICTURES, options, text

_KINDS = {"image/png": ".png", "image/svg+xml": ".svg"}
_COLOURED = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Shown:
    """One output: Markdown, a picture with its alternative text (none: the caption serves), or words."""

    markdown: str = ""
    picture: bytes = b""
    suffix: str = ""
    alt: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """What a cell shows.

    Attributes:
        kind: fig or tbl where its label makes it a numbered figure or table, else nothing.
        name: its label.
        caption: as Markdown.
        outputs: in order.
    """

    kind: str
    name: str
    caption: str
    outputs: tuple[Shown, ...]


@dataclass(slots=True)
class Notebooks:
    """The notebooks of a project, each read once."""

    reach: Reach
    _read: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def problems(self) -> Problems:
        """Where what is wrong goes."""
        return self.reach.problems

    def shown(self, address: str, place: Place) -> Exhibit | None:
        """Return what ``run/name.ipynb#label`` shows, or None with a problem."""
        path, _, label = address.partition("#")
        if not label:
            self.problems.add(place, f"embed {address}: no #label", "run/name.ipynb#label")
            return None
        cells = self._cells(path, place)
        if cells is None:
            return None
        if label not in cells:
            known = ", ".join(cells) or "none"
            self.problems.add(
                place, f"{path} has no cell labelled {label}{nearest(label, cells)}", f"labels: {known}"
            )
            return None
        said = options(cells[label])
        kind = next((kind for kind in ("fig", "tbl") if label.startswith(f"{kind}-")), "")
        return Exhibit(
            kind, label, str(said.get(f"{kind}-cap") or ""), self._outputs(cells[label], said, address, place)
        )

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
            labelled = [(str(options(cell).get("label", "")), cell) for cell in cells]
            self._read[path] = {label: cell for label, cell in labelled if label}
        return self._read[path]

    def _outputs(
        self, cell: Mapping[str, Any], said: Mapping[str, Any], address: str, place: Place
    ) -> tuple[Shown, ...]:
        alts = said.get("fig-alt", "")
        shown: list[Shown] = []
        for at, output in enumerate(cell.get("outputs", [])):
            alt = alts if isinstance(alts, str) else alts[at] if at < len(alts) else ""
            data = output.get("data", {})
            if output.get("output_type") == "error":
                self.problems.add(place, f"{address} ended in an error: {output.get('ename')}")
            elif output.get("output_type") == "stream":
                shown.append(Shown(words=_COLOURED.sub("", text(output["text"]))))
            elif "text/markdown" in data:
                shown.append(Shown(markdown=text(data["text/markdown"])))
            elif kind := next((kind for kind in PICTURES if kind in data), ""):
                content = text(data[kind])
                picture = base64.b64decode(content) if kind == "image/png" else content.encode()
                shown.append(Shown(picture=picture, suffix=_KINDS[kind], alt=str(alt)))
            elif list(data) == ["text/plain"]:
                shown.append(Shown(words=text(data["text/plain"])))
            else:
                what = ", ".join(data) or "nothing that is known"
                self.problems.add(place, f"{address} shows {what}", todo="run `funnel report`")
        if not cell.get("outputs"):
            self.problems.add(
                place,
                f"{address} shows nothing",
                "a cell that ends in a frame, a figure or Markdown",
                "let it end so, and run `funnel report`",
            )
        return tuple(shown)
