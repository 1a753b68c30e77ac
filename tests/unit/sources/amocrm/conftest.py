from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from standin import truth
from standin.account import Account
from standin.server import serve


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Callable[..., Account]]:
    """Makes accounts: `account(api)`."""
    with ExitStack() as stack:
        yield lambda api: Account(api, stack.enter_context(serve(api)), tmp_path / "amocrm")


@pytest.fixture(scope="session")
def told() -> SimpleNamespace:
    """700 stories and the moments between which a week's changes lie."""
    made = truth.stories(700, seed=7, days=150)
    times = truth.Player(made).times
    return SimpleNamespace(stories=made, times=times, end=times[-1] + 1)
