"""A package index in a folder: small wheels written here, and real ones laid beside them."""

from __future__ import annotations

import base64
import hashlib
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path


def write_wheel(folder: Path, name: str, version: str, metadata: Sequence[str] = ()) -> Path:
    """Write a wheel of one module; `metadata` are further lines such as ``Requires-Dist: tomli``."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    head = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *metadata]
    files = {
        f"{module}.py": f'VERSION = "{version}"\n',
        f"{info}/METADATA": "\n".join(head) + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = []
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(text.encode())}")
    files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,"]) + "\n"
    made = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as packed:
        for path, text in files.items():
            packed.writestr(path, text)
    return made


def add(index: Path, name: str, wheel: Path) -> None:
    """Lay a wheel into the index and write the page of its package anew."""
    folder = index / name
    folder.mkdir(parents=True, exist_ok=True)
    if wheel.parent != folder:
        shutil.copyfile(wheel, folder / wheel.name)
    links = [f'<a href="{path.name}">{path.name}</a><br>' for path in sorted(folder.glob("*.whl"))]
    (folder / "index.html").write_text(f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>")


def release(index: Path, name: str, version: str, metadata: Sequence[str] = ()) -> None:
    """Make a release of a package in the index."""
    (index / name).mkdir(parents=True, exist_ok=True)
    add(index, name, write_wheel(index / name, name, version, metadata))
