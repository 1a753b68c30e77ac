"""How many planted mistakes the tests find: mutations sampled over `lib/funnel/analysis`, each tried alone.

    .venv/bin/python bench/mutations.py --seed 15 --count 60 --out run/mutations.json

A mutation swaps a comparison, a sign, `and` with `or`, a constant or what is returned. It is made in a copy
of the tree, and the tests run there until the first that fails: those that import the module, those of its
chapter, then those of the edition, of the pages and of the commands. A mutation that all of them let pass is
printed with its line; whether it changes anything at all is for a reader to say.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import importlib
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from py_compile import PycInvalidationMode

import pytest

ROOT = Path(__file__).parents[1]
PLACE = Path("lib/funnel/analysis")
WIDER = (
    "tests/unit/edition",
    "tests/unit/present",
    "tests/published/test_mack_1994.py",
    "tests/published/test_sentences.py",
    "tests/properties/test_forecast_invariants.py",
    "tests/backtests/test_flags_and_initiatives.py",
    "tests/backtests/test_segments.py",
    "tests/unit/test_cli.py",
    "tests/unit/test_cli_attention.py",
    "tests/unit/test_cli_money.py",
)
SECONDS = 900
LIBRARIES = ("scipy.stats", "pandas", "pyarrow.parquet", "ibis", "duckdb", "pydantic", "holidays")
"""Loaded once for all runs, since they are most of a short one; nothing of the copy is."""
COMPARED = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
}
SIGNS = {ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*")}
JOINED = {ast.And: ("and", "or"), ast.Or: ("or", "and")}


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change: in bytes of a file, from `start` to `end`."""

    file: str
    line: int
    kind: str
    start: int
    end: int
    old: str
    new: str

    def apply(self, content: bytes) -> bytes:
        assert content[self.start : self.end].decode() == self.old
        return content[: self.start] + self.new.encode() + content[self.end :]

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.kind}: {self.old!r} -> {self.new!r}"


def candidates(file: Path) -> Iterator[Mutation]:
    """Yield what can be changed in a file, annotations and docstrings aside."""
    content = file.read_bytes()
    starts = [0]
    for line in content.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def at(line: int, column: int) -> int:
        return starts[line - 1] + column

    def between(before: ast.AST, after: ast.AST, signs: tuple[str, str], kind: str) -> Iterator[Mutation]:
        start, end = at(before.end_lineno, before.end_col_offset), at(after.lineno, after.col_offset)
        found = content.find(signs[0].encode(), start, end)
        if found >= 0:
            size = len(signs[0])
            yield Mutation(name, before.end_lineno, kind, found, found + size, *signs)

    def whole(node: ast.expr, new: str, kind: str) -> Mutation:
        start, end = at(node.lineno, node.col_offset), at(node.end_lineno, node.end_col_offset)
        return Mutation(name, node.lineno, kind, start, end, content[start:end].decode(), new)

    name = str(file.relative_to(ROOT))
    tree = ast.parse(content)
    for node in _computed(tree):
        if isinstance(node, ast.Compare):
            for before, sign, after in zip(
                [node.left, *node.comparators], node.ops, node.comparators, strict=False
            ):
                if type(sign) in COMPARED:
                    yield from between(before, after, COMPARED[type(sign)], "comparison")
        elif isinstance(node, ast.BinOp) and type(node.op) in SIGNS:
            yield from between(node.left, node.right, SIGNS[type(node.op)], "sign")
        elif isinstance(node, ast.BoolOp):
            for before, after in zip(node.values, node.values[1:], strict=False):
                yield from between(before, after, JOINED[type(node.op)], "condition")
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
            yield whole(node, str(not node.value), "constant")
        elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            yield whole(node, repr(node.value + 1), "constant")
        elif isinstance(node, ast.Return) and node.value is not None and not _nothing(node.value):
            yield whole(node.value, "None", "return")


def _nothing(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _computed(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run: no annotation, and no docstring, which holds no number anyway."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child
                yield from _computed(child)


def sample(count: int, seed: int) -> list[Mutation]:
    """Return mutations drawn evenly from all that can be made, no two on one line."""
    every = [one for file in sorted((ROOT / PLACE).rglob("*.py")) for one in candidates(file)]
    random.Random(seed).shuffle(every)
    chosen: dict[tuple[str, int], Mutation] = {}
    for one in every:
        if len(chosen) < count:
            chosen.setdefault((one.file, one.line), one)
    return list(chosen.values())


def tests_of(file: Path, root: Path) -> list[list[str]]:
    """Return the tests to run, in steps: those that import the module, its chapter's, all that rest on it."""
    chapter, module = file.parts[-2], file.stem
    every = sorted((root / "tests").rglob("test_*.py"))
    near = [
        str(test.relative_to(root))
        for test in every
        if {"unit"} & set(test.parts)
        and (f"analysis.{chapter}.{module} " in (text := test.read_text()) or f"import {module}" in text)
    ]
    return [
        ["--doctest-modules", str(PLACE / chapter / file.name), *near],
        [f"tests/unit/analysis/{chapter}"],
        list(WIDER),
    ]


def fails(copy: Path, tests: list[str]) -> str:
    """Run some tests in the copy, in a fork that has the libraries; return the first that failed, or ''."""
    told = copy.parent / "told"
    run = multiprocessing.get_context("fork").Process(target=_test, args=(copy, tests, told))
    run.start()
    run.join()
    if run.exitcode == -signal.SIGXCPU:
        return "took too long"
    if run.exitcode in (0, 5):
        return ""
    text = told.read_text(encoding="utf-8", errors="replace")
    if run.exitcode == 4:
        raise SystemExit(text)
    said = [line for line in text.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return said[0] if said else text[-300:]


def _test(copy: Path, tests: list[str], told: Path) -> None:
    """Be a run of pytest whose words go into a file; its own seconds are limited, whatever else runs."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 10))
    with told.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(copy)
    sys.path[:0] = [str(copy / "lib"), str(copy)]
    os.environ |= {"PYTHONPATH": str(copy / "lib"), "PYTHONDONTWRITEBYTECODE": "1"}
    sys.dont_write_bytecode = True
    code = pytest.main(["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--no-header", *tests])
    sys.stdout.flush()
    os._exit(int(code))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=15)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--only", type=int, nargs="*", help="numbers of mutations to try again")
    parser.add_argument(
        "--steps", type=int, default=3, help="of the tests: 1 nearest, 2 the chapter's, 3 all"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "run" / "mutations.json")
    given = parser.parse_args()
    for library in LIBRARIES:
        importlib.import_module(library)
    told, killed = [], 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "tree"
        left_out = shutil.ignore_patterns(".git", ".venv", "run", "__pycache__", "node_modules")
        shutil.copytree(ROOT, copy, ignore=left_out, symlinks=True)
        # Compiled once; what is read again is known by its hash, so that a mutation within a second is seen.
        compileall.compile_dir(copy / "lib", quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
        for number, one in enumerate(sample(given.count, given.seed)):
            if given.only and number not in given.only:
                continue
            file = copy / one.file
            content = file.read_bytes()
            file.write_bytes(one.apply(content))
            by = ""
            for tests in tests_of(file, copy)[: given.steps]:
                by = by or (fails(copy, tests) if tests else "")
            file.write_bytes(content)
            killed += bool(by)
            told.append({"number": number, **asdict(one), "killed_by": by})
            print(f"{number:3} {'killed ' if by else 'SURVIVED'} {one} {by[:90]}", flush=True)
            given.out.parent.mkdir(exist_ok=True)
            given.out.write_text(json.dumps(told, indent=1, ensure_ascii=False))
    print(f"{killed} of {len(told)} were found by the tests (seed {given.seed})")


if __name__ == "__main__":
    main()
