"""Pin the newest versions (`make lock`): one resolution for Python 3.11 or later on any platform, three sets.

``report.lock`` is what a report needs and the build backend of the editable install; ``dev.lock`` is what
development needs on top, ``engines.lock`` what the extras need on top of both. Extras stay in the lock:
where ``coverage[toml]`` is required, pip before 23.3 takes
the newest version there is in spite of ``coverage==1``, and stops.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from install import HERE, uv, uv_asks

COMPILE = ["pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
TOOLS = {"uv": ("uv",), "pip": ("pip",), "audit": ("pip-audit", "detect-secrets")}
"""Locks of their own: the installers, and what the workflow `audit` looks for holes and secrets with."""
WRITTEN = ["--generate-hashes", "--no-header", "--no-annotate", "--no-strip-extras"]


def blocks(lock: Path) -> list[str]:
    """Return the requirements of a lock, each with its hashes."""
    return re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8").strip())


def on_top(whole: Path, part: Path) -> str:
    """Return the text of a lock of what `whole` has and `part` has not, word for word."""
    known = set(blocks(part))
    return "".join(f"{block}\n" for block in blocks(whole) if block not in known)


def compile_lock(program: str, source: Path, target: Path, *words: str) -> None:
    """Resolve `source` into `target` with uv.

    Only the index itself is asked: what lies in further places here need not be what others are given.
    """
    offline, variables = uv_asks()
    for further in ("UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"):
        variables.pop(further, None)
    command = [program, *COMPILE, *WRITTEN, *words, *offline, "--output-file", str(target), str(source)]
    subprocess.run(command, check=True, env=variables)


def pin(program: str, project: Path, folder: Path) -> None:
    """Write the locks into the folder: what to install, uv and pip, which do it, and what looks through it.

    Args:
        program: uv.
        project: a `pyproject.toml` with the groups build and dev.
        folder: where the locks lie.
    """
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary)
        whole, report = made / "whole.lock", made / "report.lock"
        compile_lock(program, project, whole, "--upgrade", "--group", f"{project}:dev")
        compile_lock(program, project, report, "--constraint", str(whole), "--group", f"{project}:build")
        extras = made / "extras.lock"
        compile_lock(
            program, project, extras, "--constraint", str(whole), "--group", f"{project}:dev", "--all-extras"
        )
        (made / "engines.lock").write_text(on_top(extras, whole), encoding="utf-8")
        for name, tools in TOOLS.items():
            wanted = made / f"{name}.in"
            wanted.write_text("".join(f"{tool}\n" for tool in tools), encoding="utf-8")
            compile_lock(program, wanted, made / f"{name}.lock")
        (made / "dev.lock").write_text(on_top(whole, report), encoding="utf-8")
        for lock in ("report.lock", "dev.lock", "engines.lock", *(f"{name}.lock" for name in TOOLS)):
            shutil.copyfile(made / lock, folder / lock)


if __name__ == "__main__":
    with uv() as found:
        pin(found, HERE.parent / "pyproject.toml", HERE)
