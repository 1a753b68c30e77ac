"""Fault points of a run: every place where the program changes a file, or asks an engine to do so.

A point is a call that Python tells of (a file opened for writing, moved, removed, a folder made), or a
statement of the product that asks DuckDB, SQLite or Arrow for something. The run is counted, ended with
SIGKILL at one of its points, or made to find the disk full from one of them on; or the files are copied as
they stand at each.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import duckdb

FOUND = importlib.util.find_spec("funnel")
assert FOUND and FOUND.origin
PRODUCT = str(Path(FOUND.origin).parent)
MOVES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.chmod", "os.link", "os.symlink"}
ENGINE = re.compile(
    r"\.(?:execute|executemany|executescript|commit|begin|rollback|close)\(|\bself\._run\(|write_table\("
)
FREES = re.compile(r"\.close\(|rollback")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
FULL = "No space left on device"
TOLD = "__fault_point__"
"""The function of a point, which stands before each statement that asks an engine."""


class _Told(ast.NodeTransformer):
    """Puts a call of `TOLD` before every statement of a function that asks an engine for something."""

    def __init__(self, source: str, state: str) -> None:
        self._lines = source.splitlines()
        self._state = state

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Go through all, and through the lists of statements below a function with another eye."""
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and not isinstance(node, ast.Module | ast.ClassDef):
                setattr(node, name, list(self._with_points(body)))
        return node

    def _with_points(self, body: list[ast.stmt]) -> Iterator[ast.stmt]:
        for statement in body:
            asked = [line for line in self._head(statement) if ENGINE.search(line)]
            if asked:
                grows = not any(FREES.search(line) for line in asked)
                call = ast.parse(f"{TOLD}({self._state!r}, {grows})").body[0]
                for part in ast.walk(call):
                    ast.copy_location(part, statement)
                yield call
            yield statement

    def _head(self, statement: ast.stmt) -> list[str]:
        """Return the lines of a statement without those of the statements in it."""
        if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.Try):
            return []
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            return []
        first: list[ast.stmt] = getattr(statement, "body", [])
        last = first[0].lineno - 1 if first else statement.end_lineno
        return self._lines[statement.lineno - 1 : last]


def tell_of_engines() -> None:
    """From now on the product is loaded with a point before each statement that asks an engine."""
    usual = SourceFileLoader.get_code

    def get_code(loader: SourceFileLoader, name: str) -> CodeType | None:
        if not loader.path.startswith(PRODUCT):
            return usual(loader, name)
        source = loader.get_data(loader.path).decode()
        state = "sqlite" if loader.path.endswith("state.py") else "duckdb"
        tree = _Told(source, state).visit(ast.parse(source))
        return compile(tree, loader.path, "exec", dont_inherit=True)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
    setattr(builtins, TOLD, lambda kind, grows: None)


@dataclass
class Points:
    """Counts the points of this process; see the module.

    Attributes:
        folder: only what is changed in it counts.
        stop: the number of the point at which something happens; 0 for never.
        full: the disk is full from there on, instead of a kill.
        copies: a folder for the files as they stand at each point, those that differ; none for no copies.
        met: kind and place in the product of every point so far, whether it takes room, its copy's number.
    """

    folder: str
    stop: int = 0
    full: bool = False
    copies: str = ""
    met: list[tuple[str, str, bool, int]] = field(default_factory=list)
    _busy: threading.local = field(default_factory=threading.local)
    _states: dict[str, int] = field(default_factory=dict)

    def install(self) -> None:
        """Begin to count."""
        sys.addaudithook(self._audit)
        setattr(builtins, TOLD, lambda kind, grows: self._point(kind, sys._getframe(2), grows=grows))

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in MOVES and event != "open":
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITES):
            return
        if self._ours(arguments[0]):
            self._point(event, sys._getframe(1), grows=event in ("open", "os.mkdir"))

    def _ours(self, path: object) -> bool:
        """Whether a path lies in the folder; one that is only a name belongs to a folder being removed."""
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if not isinstance(path, str | os.PathLike):
            return False
        text = os.fspath(path)
        return not text.startswith(os.sep) or text.startswith(self.folder)

    def _point(self, kind: str, frame: FrameType | None, *, grows: bool) -> None:
        if getattr(self._busy, "on", False):
            return
        self._busy.on = True
        try:
            self._meet(kind, frame, grows=grows)
        finally:
            self._busy.on = False

    def _meet(self, kind: str, frame: FrameType | None, *, grows: bool) -> None:
        while frame is not None and not frame.f_code.co_filename.startswith(PRODUCT):
            frame = frame.f_back
        place = f"{frame.f_code.co_filename[len(PRODUCT) + 1 :]}:{frame.f_lineno}" if frame else "outside"
        self.met.append((kind, place, grows, self._copied() if self.copies else 0))
        if self.stop and len(self.met) == self.stop and not self.full:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.stop and len(self.met) >= self.stop and self.full and grows:
            raise {
                "duckdb": duckdb.IOException(f"IO Error: Could not write file: {FULL}"),
                "sqlite": sqlite3.OperationalError("database or disk is full"),
            }.get(kind, OSError(28, FULL))

    def _copied(self) -> int:
        """Keep the project and its temporary files as a kill would leave them now; return the number."""
        roots = {"project": Path(self.folder), "scratch": Path(os.environ["TMPDIR"])}
        state = hashlib.blake2b()
        for root in roots.values():
            for path in sorted(root.rglob("*")):
                held = path.read_bytes() if path.is_file() else b""
                state.update(f"{path}\0{len(held)}\0{path.lstat().st_mode}\0".encode() + held)
        number = self._states.setdefault(state.hexdigest(), len(self._states))
        target = Path(self.copies) / str(number)
        if not target.exists():
            for name, root in roots.items():
                shutil.copytree(root, target / name, symlinks=True)
        return number
