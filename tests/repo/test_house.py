"""What keeps the house easy to walk: short modules and functions, one name a thing, what is public told."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median

LIB = Path(__file__).parents[2] / "lib" / "funnel"
MODULES = sorted(path for path in LIB.rglob("*.py") if path.name != "__init__.py")
CHAPTERS = {"cohorts", "forecast", "revenue", "attention", "initiatives", "money", "quality"}
CRMS = {path.parent for path in LIB.glob("sources/*/source.py")} | {LIB / "sources" / "api"}


def defined(node: ast.AST, public: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    """Yield classes and functions, each with whether others may use it: not what a function holds."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            used = public and not child.name.startswith("_")
            yield child, used
            yield from defined(child, used and isinstance(child, ast.ClassDef))


def every() -> Iterator[tuple[Path, ast.AST, bool]]:
    for path in MODULES:
        for node, public in defined(ast.parse(path.read_text(encoding="utf-8"))):
            yield path.relative_to(LIB), node, public


def test_no_module_is_long_and_half_of_them_are_short() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {path.name: count for path, count in lines.items() if count > 400} == {}
    assert median(lines.values()) <= 130


def test_no_function_does_more_than_sixty_lines() -> None:
    long = {}
    for path, node, _ in every():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            done = node.body[1:] if ast.get_docstring(node) else node.body
            lines = node.end_lineno - done[0].lineno + 1 if done else 0
            long |= {f"{path}:{node.name}": lines} if lines > 60 else {}
    assert long == {}


def test_what_is_public_is_told() -> None:
    public = [(f"{path}:{node.name}", ast.get_docstring(node)) for path, node, used in every() if used]
    untold = [name for name, told in public if not told]
    assert len(untold) <= 0.04 * len(public), untold


def test_a_name_of_a_module_stands_for_one_thing() -> None:
    """A chapter has its tables, charts and words, and its name in every room; CRMs have the same files."""
    shared = {"tables", "charts", "words"} | CHAPTERS
    rooms = [path for path in MODULES if path.stem not in shared]
    names = Counter(path.stem for path in rooms if path.parent not in CRMS)
    names.update({path.stem for path in rooms if path.parent in CRMS})
    assert {name: count for name, count in names.items() if count > 2} == {}


def test_the_readme_is_short() -> None:
    """Words that are read: no code, no addresses, no signs of tables."""
    text = (LIB.parents[1] / "README.md").read_text(encoding="utf-8")
    prose = re.sub(r"(?s)```.*?```|\]\([^)]*\)", " ", text)
    assert len(re.findall(r"[^\W_][^\s|`*#>\[\]]*", prose)) < 900
