"""Fault points of a run: every place where the program changes a file, or asks an engine to do so.

A point is a call that Python tells of (a file opened for writing, moved, removed, a folder made), or a
line of the product that asks DuckDB, SQLite or Arrow for something. The run is counted, ended with SIGKILL at
one of its points, or made to find the disk full from one of them on.
"""

from __future__ import annotations

import linecache
import os
import re
import signal
import sqlite3
import sys
import threading
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import duckdb

import funnel

PRODUCT = str(Path(funnel.__file__).parent)
MOVES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.chmod", "os.link", "os.symlink"}
ENGINE = re.compile(
    r"\.(?:execute|executemany|executescript|commit|begin|rollback|close)\(|\bself\._run\(|write_table\("
)
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
FULL = "No space left on device"


@cache
def asking(code: CodeType) -> frozenset[int]:
    """Return the lines of a function of the product that ask an engine for something."""
    if not code.co_filename.startswith(PRODUCT):
        return frozenset()
    lines = {line for _, _, line in code.co_lines() if line}
    return frozenset(line for line in lines if ENGINE.search(linecache.getline(code.co_filename, line)))


@dataclass
class Points:
    """Counts the points of this process; see the module.

    Attributes:
        folder: only what is changed in it counts.
        stop: the number of the point at which something happens; 0 for never.
        full: the disk is full from there on, instead of a kill.
        met: kind and place in the product of every point so far.
    """

    folder: str
    stop: int = 0
    full: bool = False
    met: list[tuple[str, str]] = field(default_factory=list)
    _busy: threading.local = field(default_factory=threading.local)

    def install(self) -> None:
        """Begin to count."""
        sys.addaudithook(self._audit)
        threading.settrace(self._calls)
        sys.settrace(self._calls)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in MOVES and event != "open":
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITES):
            return
        if not self._ours(arguments[0]) or getattr(self._busy, "on", False):
            return
        self._busy.on = True
        try:
            self._point(event, sys._getframe(1), grows=event in ("open", "os.mkdir"))
        finally:
            self._busy.on = False

    def _ours(self, path: object) -> bool:
        """Whether a path lies in the folder; one that is only a name belongs to a folder being removed."""
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if not isinstance(path, str | os.PathLike):
            return False
        text = os.fspath(path)
        return not text.startswith(os.sep) or text.startswith(self.folder)

    def _calls(self, frame: FrameType, event: str, argument: object) -> Any:
        return self._lines if asking(frame.f_code) else None

    def _lines(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "line" and frame.f_lineno in asking(frame.f_code):
            state = "sqlite" if frame.f_code.co_filename.endswith("state.py") else "duckdb"
            line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
            self._point(state, frame, grows=".close(" not in line and "rollback" not in line)
        return self._lines

    def _point(self, kind: str, frame: FrameType | None, *, grows: bool) -> None:
        while frame is not None and not frame.f_code.co_filename.startswith(PRODUCT):
            frame = frame.f_back
        place = f"{frame.f_code.co_filename[len(PRODUCT) + 1 :]}:{frame.f_lineno}" if frame else "outside"
        self.met.append((kind, place))
        if self.stop and len(self.met) == self.stop and not self.full:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.stop and len(self.met) >= self.stop and self.full and grows:
            raise {
                "duckdb": duckdb.IOException(f"IO Error: Could not write file: {FULL}"),
                "sqlite": sqlite3.OperationalError("database or disk is full"),
            }.get(kind, OSError(28, FULL))
