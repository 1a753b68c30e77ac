"""Bring locked packages into the environment of the Python that runs this: with uv, else with pip.

    .venv/bin/python requirements/install.py requirements/report.lock [requirements/dev.lock] --editable .

Both installers are pinned with their hashes beside this file, so that whatever pip is there (23.0 is enough)
ends with the same packages. uv does its work from a temporary folder: it is 38 MB that no report needs. It
reads no pip.conf and no PIP_*: what pip is told about indexes, certificates and proxies is handed to it.
Standard library only: nothing is installed yet when this runs.
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
PIP = [sys.executable, "-m", "pip"]
QUIET = ["--quiet", "--disable-pip-version-check", "--no-input"]
SECTIONS = ("global", "install", ":env:")  # the later one holds, as in pip
# What pip is told, by pip's name; the variable that tells uv the same; and the older variable for it.
SETTINGS = {
    "index-url": ("UV_DEFAULT_INDEX", "UV_INDEX_URL"),
    "extra-index-url": ("UV_INDEX", "UV_EXTRA_INDEX_URL"),
    "find-links": ("UV_FIND_LINKS",),
    "trusted-host": ("UV_INSECURE_HOST",),
    "cert": ("SSL_CERT_FILE",),
    "client-cert": ("SSL_CLIENT_CERT",),
    "proxy": ("ALL_PROXY",),
    "default-timeout": ("UV_HTTP_TIMEOUT",),
    "timeout": ("UV_HTTP_TIMEOUT",),
}


def told(listing: str) -> dict[str, list[str]]:
    """Return what pip is told by the name of the setting; several values are apart by blanks or lines.

    Args:
        listing: what `pip config list` says, one ``global.index-url='https://...'`` a line.
    """
    found = {}
    for section in SECTIONS:
        for line in listing.splitlines():
            key, _, value = line.partition("=")
            if key.startswith(f"{section}."):
                found[key.removeprefix(f"{section}.")] = str(ast.literal_eval(value)).split()
    return found


def for_uv(
    settings: Mapping[str, Sequence[str]], already: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """Return the words and the variables that tell uv what pip was told.

    Args:
        settings: of pip.
        already: the variables that are set; what uv was told itself holds.
    """
    # As pip does, look for a package in every index; the hashes say which file is meant.
    variables = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    for name, known in SETTINGS.items():
        if name in settings and not any(variable in already for variable in known):
            variables[known[0]] = ("," if name == "find-links" else " ").join(settings[name])
    closed = settings.get("no-index", ["no"])[0].lower() in ("1", "true", "yes", "on")
    return (["--no-index"] if closed else []), {**variables, **already}


def uv_asks() -> tuple[list[str], dict[str, str]]:
    """Return the words and the variables for a run of uv here."""
    listing = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=False).stdout
    return for_uv(told(listing), os.environ)


def with_pip(lock: Path, *words: str) -> None:
    """Install a lock with the pip that is there."""
    command = [*PIP, "install", *QUIET, "--require-hashes", *words, "--requirement", str(lock)]
    subprocess.run(command, check=True)


@contextmanager
def uv() -> Iterator[str]:
    """Bring the pinned uv into a temporary folder and return its program.

    Raises:
        CalledProcessError, OSError: there is none for this platform, or no index to bring it from.
    """
    with tempfile.TemporaryDirectory(prefix="uv-") as folder:
        with_pip(HERE / "uv.lock", "--only-binary=:all:", "--target", folder)
        found = shutil.which("uv", path=os.pathsep.join(f"{folder}/{name}" for name in ("bin", "Scripts")))
        if found is None:
            raise OSError("its wheel holds no program")
        yield found


def install(locks: list[Path], editable: Path | None) -> None:
    """Install exactly the locks, then the project itself without asking any index.

    Raises:
        CalledProcessError, OSError: neither uv nor pip could; each has said why.
    """
    try:
        with uv() as program:
            words, variables = uv_asks()
            command = [program, "pip", "install", "--quiet", "--python", sys.executable, *words]
            _install(command, locks, editable, variables)
    except (subprocess.CalledProcessError, OSError) as error:
        said = error if isinstance(error, OSError) else f"exit code {error.returncode}"
        print(f"uv could not do it ({said}); pip does it now, which takes longer.", file=sys.stderr)
        with_pip(HERE / "pip.lock")
        _install([*PIP, "install", *QUIET], locks, editable, dict(os.environ))


def _install(command: list[str], locks: list[Path], editable: Path | None, variables: dict[str, str]) -> None:
    listed = [word for lock in locks for word in ("--requirement", str(lock))]
    subprocess.run([*command, "--require-hashes", *listed], check=True, env=variables)
    if editable:
        project = ["--no-deps", "--no-build-isolation", "--editable", str(editable)]
        subprocess.run([*command, *project], check=True, env=variables)


def main() -> int:
    """Read the words and install."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("locks", nargs="+", type=Path, help="requirements files with hashes")
    parser.add_argument("--editable", type=Path, help="the project to install from its folder")
    asked = parser.parse_args()
    try:
        install(asked.locks, asked.editable)
    except (subprocess.CalledProcessError, OSError):
        print(
            "The packages could not be brought; the lines above say why. To do: let pip reach a package "
            "index (`pip config list` says which one it asks), and run this again.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
