"""The explorer's built program: it is what its sources give, small, with its licences, and names no host."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "explorer"
BUILT = ROOT / "lib" / "funnel" / "present" / "explorer" / "built"
NAMES = ("explorer.js", "explorer.css")
PROGRAM = 600_000
"""Bytes that the program may have."""


def test_the_lock_names_every_package_by_hash_and_no_host() -> None:
    text = (SOURCES / "package-lock.json").read_text(encoding="utf-8")
    assert not re.search(r"https?:|resolved|registry", text)
    packages = {name: facts for name, facts in json.loads(text)["packages"].items() if name}
    assert "node_modules/@observablehq/plot" in packages and "node_modules/esbuild" in packages
    assert [
        name for name, facts in packages.items() if not facts.get("integrity", "").startswith("sha512-")
    ] == []


def test_the_built_program_is_of_these_sources() -> None:
    files = ["build.mjs", "package-lock.json", "package.json", "tsconfig.json"]
    files += [f"src/{path.name}" for path in sorted((SOURCES / "src").iterdir())]
    digest = hashlib.sha256()
    for name in files:
        digest.update(f"{name}\0".encode() + (SOURCES / name).read_bytes())
    assert digest.hexdigest() in (BUILT / "explorer.js").read_text(encoding="utf-8")[:200], "make explorer"


@pytest.mark.skipif(
    not ((SOURCES / "node_modules" / ".ready").is_file() and shutil.which("node")),
    reason="node, or the explorer's packages, are not here (make explorer)",
)
def test_building_again_gives_the_same_bytes(tmp_path: Path) -> None:
    subprocess.run(["node", "build.mjs", tmp_path], cwd=SOURCES, check=True)
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (BUILT / name).read_bytes(), "make explorer"


def test_it_is_small_bears_its_licences_and_asks_nobody() -> None:
    script = (BUILT / "explorer.js").read_text(encoding="utf-8")
    assert len(script.encode()) + len((BUILT / "explorer.css").read_bytes()) < PROGRAM
    assert "@observablehq/plot" in script and "d3-scale" in script
    assert script.count("Permission to use, copy, modify") >= 10
    assert "</script" not in script and "<!--" not in script
    code = script[script.index("*/") :]
    names = {
        "http://www.w3.org/" + name
        for name in ("2000/svg", "1999/xhtml", "1999/xlink", "XML/1998/namespace", "2000/xmlns/")
    }
    assert set(re.findall(r"""https?://[^"'` )]+""", code)) <= names
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|EventSource|importScripts|eval)\b\(", code)
    own = "".join(path.read_text(encoding="utf-8") for path in (SOURCES / "src").glob("*.ts"))
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|DOMParser", own)
