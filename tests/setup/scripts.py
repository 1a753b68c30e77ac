"""The scripts of `requirements/`, which run before anything is installed, as modules."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

REQUIREMENTS = Path(__file__).parents[2] / "requirements"


def script(name: str) -> Any:
    """Load one; it imports its neighbours by their bare names, as it does when it is run."""
    sys.path.insert(0, str(REQUIREMENTS))
    try:
        spec = importlib.util.spec_from_file_location(f"requirements_{name}", REQUIREMENTS / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(REQUIREMENTS))
