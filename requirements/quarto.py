"""Bring the Quarto program into the environment of the Python that runs this (`make quarto`), or say why not.

Quarto is a program of its own: its archive comes from its makers' releases and is unpacked only if it is the
one they released. Where the release host cannot be reached, `QUARTO_RELEASES` names another place with the
same files (an address or `file:///folder`, holding ``v<version>/quarto-<version>-...``).
Standard library only.
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import os
import platform
import shutil
import ssl
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, build_opener

from install import PIP, told

VERSION = "1.10.19"
# SHA-256 of archives; one that is not named here is held against the list that its release publishes.
PINNED = {
    "quarto-1.10.19-linux-amd64.tar.gz": "8e38c2b2df6a6dbd369ea16e15acded6894545258d13a02f777f81ad18fd7973",
    "quarto-1.10.19-linux-arm64.tar.gz": "bba2bb55add74c754c313905df42b0f45a8250aee2110a4fce7f83020bfe1b8f",
}
RELEASES = "https://github.com/quarto-dev/quarto-cli/releases/download"
ROOM = 900_000_000
"""Bytes that the archive and what it holds take together."""
SECONDS = 60
PARTS = 1 << 20


class Refused(Exception):
    """Why Quarto could not be had, in one line."""


def archive_name(version: str, system: str, machine: str) -> str:
    """Return the name of the archive for a platform, as `platform.system` and `platform.machine` call it.

    Raises:
        Refused: there is none for it.
    """
    chip = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}.get(machine.lower())
    if system == "Linux" and chip:
        return f"quarto-{version}-linux-{chip}.tar.gz"
    if system == "Darwin":
        return f"quarto-{version}-macos.tar.gz"
    if system == "Windows" and chip == "amd64":
        return f"quarto-{version}-win.zip"
    raise Refused(f"its makers release none for {system} on {machine}")


def opener() -> OpenerDirector:
    """Return what opens addresses, with the proxy and the certificates that pip was told."""
    listing = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=False).stdout
    settings = told(listing)
    proxy, bundle = (" ".join(settings.get(name, [])) for name in ("proxy", "cert"))
    handlers = [HTTPSHandler(context=ssl.create_default_context(cafile=bundle or None))]
    return build_opener(*handlers, *([ProxyHandler({"http": proxy, "https": proxy})] if proxy else []))


def bring(address: str, target: Path) -> str:
    """Write what lies at an address to a file and return its SHA-256."""
    digest = hashlib.sha256()
    with opener().open(address, timeout=SECONDS) as source, target.open("wb") as file:
        while part := source.read(PARTS):
            digest.update(part)
            file.write(part)
    return digest.hexdigest()


def expected(name: str, folder: str, beside: Path) -> str:
    """Return the SHA-256 that an archive must have: pinned here, else in the list its release publishes."""
    if name in PINNED:
        return PINNED[name]
    version = name.split("-")[1]
    listed = beside / "checksums.txt"
    bring(f"{folder}/quarto-{version}-checksums.txt", listed)
    for line in listed.read_text(encoding="utf-8").splitlines():
        if line.split()[1:] == [name]:
            return line.split()[0].lower()
    raise Refused(f"its release publishes no checksum of {name}")


def unpack(archive: Path, target: Path) -> None:
    """Put `bin` and `share` of the archive into a folder; Linux's lie in a folder of their own inside it."""
    inside = archive.parent / "unpacked"
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(inside)
    else:
        with tarfile.open(archive) as packed:
            packed.extractall(inside, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    found = next((path.parent.parent for path in sorted(inside.glob("**/bin/quarto*"))), None)
    if found is None:
        raise Refused("its archive holds no program")
    shutil.rmtree(target, ignore_errors=True)
    found.replace(target)


def install(version: str, prefix: Path) -> Path:
    """Bring a version into ``<prefix>/quarto``, whole or not at all, and return its program.

    Raises:
        Refused: why it could not be had.
    """
    name = archive_name(version, platform.system(), platform.machine())
    folder = f"{os.environ.get('QUARTO_RELEASES', RELEASES).rstrip('/')}/v{version}"
    if shutil.disk_usage(prefix).free < ROOM:
        raise Refused(f"the disk of {prefix} has not the {ROOM // 1_000_000} MB that it takes")
    with tempfile.TemporaryDirectory(dir=prefix, prefix="quarto-") as beside:
        archive = Path(beside) / name
        is_ = bring(f"{folder}/{name}", archive)
        must = expected(name, folder, Path(beside))
        if is_ != must:
            raise Refused(f"{name} is not the one that was released: its SHA-256 is {is_}, not {must}")
        unpack(archive, prefix / "quarto")
    program = prefix / "quarto" / "bin" / "quarto"
    if os.name != "nt":
        link = prefix / "bin" / "quarto"
        link.parent.mkdir(exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(Path("..") / "quarto" / "bin" / "quarto")
    return program


def in_one_line(work: Callable[[], Path]) -> str:
    """Do the work; return '' or, in one line, why it could not be done."""
    try:
        work()
    except Refused as error:
        return str(error)
    except HTTPError as error:
        return f"the release host answered {error.code} {error.reason}"
    except ValueError as error:
        return f"QUARTO_RELEASES is no address ({error})"
    except (URLError, TimeoutError, ConnectionError) as error:
        return f"the release host cannot be reached ({getattr(error, 'reason', None) or error})"
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return "there is no room on the disk" if full else f"it cannot be written ({error})"
    except (tarfile.TarError, zipfile.BadZipFile) as error:
        return f"its archive cannot be unpacked ({error})"
    return ""


def main() -> int:
    """Read the words, bring Quarto, and say what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--version", default=VERSION)
    parser.add_argument("--into", type=Path, default=Path(sys.prefix), help="an environment")
    asked = parser.parse_args()
    why = in_one_line(lambda: install(asked.version, asked.into))
    if why:
        print(
            f"Quarto {asked.version} could not be had: {why}. Reports are made without it.",
            file=sys.stderr,
        )
        return 1
    print(f"Quarto {asked.version} is in {asked.into}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
