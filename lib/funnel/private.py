"""Files that not everybody on the machine can read: they hold leads, or rows that were refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def private() -> Iterator[None]:
    """Let no file or folder made meanwhile be open to all, whatever the umask says.

    The group keeps what the umask gives it, for those who share a folder. It holds for the whole process;
    files that are there keep their rights.
    """
    before = os.umask(0o077)
    os.umask(before | 0o007)
    try:
        yield
    finally:
        os.umask(before)
