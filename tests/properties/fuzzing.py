"""Tries with made-up input: as long as `FUNNEL_FUZZ_SECONDS` says, and only what is told may come of one."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funnel.errors import FunnelError

SECONDS = float(os.environ.get("FUNNEL_FUZZ_SECONDS", "2"))
BATCH = 25
"""Examples of one round; a round is begun as long as there is time."""
HANG = 20.0
"""Seconds of the processor after which a small input counts as one that never ends."""
ODD = (
    "", "1", "2022-09-05", "05.09.2022", "99999999", "1e999999999", "-0", "nan", "\x00", "\ue000", "=1+1",
    '"', "'", "+7 916 123-45-67", "@" * 50, "1,234", "(5)", "2022-02-30", "0001-01-01",
    "9999-12-31T23:59:59+14:00", "٣",
)  # fmt: skip
CELLS = st.one_of(st.sampled_from(ODD), st.text(max_size=12), st.floats().map(str), st.integers().map(str))
HITS = st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=4)


def fuzzed(*strategies: st.SearchStrategy) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Make a test of a function of made-up values: rounds of examples until the time is over."""

    def made(body: Callable[..., None]) -> Callable[[], None]:
        chosen = settings(max_examples=BATCH, deadline=None, suppress_health_check=list(HealthCheck))
        tries = chosen(given(*strategies)(body))

        def test() -> None:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                tries()

        test.__doc__ = body.__doc__
        return test

    return made


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Let errors pass that are told to a user; no other, and nothing that never ends."""
    start = time.process_time()
    with contextlib.suppress(FunnelError):
        yield
    assert time.process_time() - start < HANG, "a small input took the time of a large one"


def tried(name: str, content: bytes, use: Callable[[Path], object]) -> None:
    """Use a file of some bytes."""
    with tempfile.TemporaryDirectory() as folder, told():
        path = Path(folder) / name
        path.write_bytes(content)
        use(path)


def damaged(content: bytes, hits: list[tuple[int, int]]) -> bytes:
    """Return some bytes with single ones changed."""
    changed = bytearray(content)
    for place, byte in hits:
        if changed:
            changed[place % len(changed)] = byte
    return bytes(changed)
