"""The tests that need the Quarto program, and those that hold for both renderers."""

from __future__ import annotations

import pytest

from funnel.publish import quarto

needs_quarto = [
    pytest.mark.quarto,
    pytest.mark.skipif(
        quarto.find() is None, reason="no program quarto in QUARTO_PATH, the environment or the PATH"
    ),
]
RENDERERS = ["builtin", pytest.param("quarto", marks=needs_quarto)]
either = pytest.mark.parametrize("renderer", RENDERERS)
