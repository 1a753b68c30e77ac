"""The labelled cells of executed notebooks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from funnel.errors import nearest
from funnel.publish.builtin.problems import Place, Problems
from funnel.publish.builtin.reach import Reach
from funnel.publish.outputs import options


@dataclass(slots=True)
class Notebooks:
    """The notebooks of a project, each read once."""

    reach: Reach
    _read: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def problems(self) -> Problems:
        """Where what is wrong goes."""
        return self.reach.problems

    def cell(self, address: str, place: Place) -> Mapping[str, Any] | None:
        """Return the cell that ``run/name.ipynb#label`` names, or None with a problem."""
        path, _, label = address.partition("#")
        if not label:
            self.problems.add(place, f"embed {address}: no #label", "run/name.ipynb#label")
            return None
        cells = self._cells(path, place)
        if cells is None or label in cells:
            return cells[label] if cells else None
        known = ", ".join(cells) or "none"
        self.problems.add(
            place, f"{path} has no cell labelled {label}{nearest(label, cells)}", f"labels: {known}"
        )
        return None

    def _cells(self, path: str, place: Place) -> dict[str, Mapping[str, Any]] | None:
        if path not in self._read:
            file = self.reach.file(path, place, trusted=True, what="notebook")
            if file is None:
                return None
            try:
                content = json.loads(file.read_text(encoding="utf-8"))
                cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
            except (ValueError, KeyError, TypeError):
                self.reach.problems.add(
                    place, f"{path} is not a Jupyter notebook", todo="run `funnel report`"
                )
                return None
            labelled = [(str(options(cell).get("label", "")), cell) for cell in cells]
            self._read[path] = {label: cell for label, cell in labelled if label}
        return self._read[path]
