"""Pin the newest versions: `make lock`. One resolution, for Python 3.11 and later on every platform; two sets.

``report.lock`` is what a report needs and the build backend of the editable install; ``dev.lock`` is what
development needs on top. Extras stay in the lock: where ``coverage[toml]`` is required, pip before 23.3 takes the
newest version there is in spite of ``coverage==1``, and stops.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from install import HERE, UV, bring, uv_asks

COMPILE = ["pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
WRITTEN = ["--generate-hashes", "--no-header", "--no-annotate", "--no-strip-extras"]


def blocks(lock: Path) -> list[str]:
    """Return the requirements of a lock, each with its hashes."""
    return re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8").strip())


def on_top(whole: Path, part: Path) -> str:
    """Return the text of a lock of what `whole` has and `part` has not, word for word."""
    known = set(blocks(part))
    return "".join(f"{block}\n" for block in blocks(whole) if block not in known)


def compile_lock(source: Path, target: Path, *words: str) -> None:
    """Resolve `source` into `target`."""
    offline, variables = uv_asks()
    command = [str(UV), *COMPILE, *WRITTEN, *words, *offline, "--output-file", str(target), str(source)]
    subprocess.run(command, check=True, env=variables)


def main() -> None:
    """Write the four locks."""
    bring("uv")
    project = HERE.parent / "pyproject.toml"
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.lock"
        compile_lock(project, whole, "--upgrade", "--group", f"{project}:dev")
        report = Path(folder) / "report.lock"
        compile_lock(project, report, "--constraint", str(whole), "--group", f"{project}:build")
        installers = {name: Path(folder) / f"{name}.lock" for name in ("uv", "pip")}
        for name, lock in installers.items():
            wanted = Path(folder) / f"{name}.in"
            wanted.write_text(f"{name}\n", encoding="utf-8")
            compile_lock(wanted, lock)
        (HERE / "dev.lock").write_text(on_top(whole, report), encoding="utf-8")
        for lock in (report, *installers.values()):
            (HERE / lock.name).write_text(lock.read_text(encoding="utf-8"), encoding="utf-8")


if __name__ == "__main__":
    main()
