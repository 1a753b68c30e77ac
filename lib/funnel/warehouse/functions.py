"""Functions that an engine has by a name of its own and Ibis does not know."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import ibis
import ibis.expr.types as ir


def native(name: str, *takes: str, gives: str) -> Callable[..., ir.Value]:
    """Return a function of an engine.

    Args:
        name: as the engine calls it.
        takes: the types of its parameters, as Ibis calls them.
        gives: the type of what it returns.
    """

    def never_called() -> None: ...

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    never_called.__name__ = name
    never_called.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(f"value_{number}", kind) for number in range(len(takes))]
    )
    found: Callable[..., ir.Value] = ibis.udf.scalar.builtin(
        never_called, name=name, signature=(takes, gives)
    )
    return found
