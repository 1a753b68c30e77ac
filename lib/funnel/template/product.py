"""The product as a company's repository names it: its wheel, by path or address, with its hash."""

from __future__ import annotations

import importlib.metadata
import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from funnel.errors import InputError, Problem
from funnel.publish.files import sha256

NAME = "funnel-cohort-report"
FILE = "requirements.txt"
_HEAD = """\
# The product, and everything it needs, each pinned with its hash:
#   pip install --require-hashes -r requirements.txt
-r requirements/report.lock
"""
_MISSING = f"""\
# The product itself is not named yet, since no wheel of it was given: funnel init --update . --wheel WHEEL
# {NAME} @ https://HOST/funnel_cohort_report-VERSION-py3-none-any.whl --hash=sha256:HASH
"""
_WHEEL = re.compile(r"funnel_cohort_report-[^/\\]+\.whl$")
_ALLOWED = "a wheel's file, or https://HOST/funnel_cohort_report-VERSION-py3-none-any.whl#sha256=HASH"


@dataclass(frozen=True, slots=True)
class Product:
    """What `requirements.txt` says of the product: its text, and the wheel to be laid beside it, if any."""

    text: str
    wheel: Path | None = None

    @property
    def pinned(self) -> bool:
        """Whether the product is named."""
        return _MISSING not in self.text

    @property
    def files(self) -> dict[str, bytes]:
        """What stands in the repository of it: path -> content."""
        wheel = {f"wheels/{self.wheel.name}": self.wheel.read_bytes()} if self.wheel else {}
        return {FILE: self.text.encode()} | wheel


def is_of_it(name: str) -> bool:
    """Whether a path in a repository is of the product's own.

    >>> is_of_it("requirements.txt"), is_of_it("report.qmd")
    (True, False)
    """
    return name == FILE or name.startswith("wheels/")


def version() -> str:
    """Return the installed version of the product."""
    return importlib.metadata.version(NAME)


def product(given: str | None) -> Product:
    """Return how the product is named: by the wheel that was given, else by the one it was installed from.

    Raises:
        InputError: what was given is no wheel of the product, or an address without a hash.
    """
    if given is None:
        return _installed()
    if urlsplit(given).scheme in ("http", "https"):
        address, _, mark = given.partition("#")
        return _by_address(address, mark.removeprefix("sha256="))
    path = Path(given)
    if not (path.is_file() and _WHEEL.search(path.name)):
        wrong = "is no wheel of the product" if path.exists() else "there is no such file"
        raise InputError("The product cannot be named.", [Problem(f"--wheel {given}", wrong, _ALLOWED)])
    return _by_file(path)


def _installed() -> Product:
    """Return what pip and uv noted down when they installed a wheel by path or address (PEP 610)."""
    noted = importlib.metadata.distribution(NAME).read_text("direct_url.json")
    origin = json.loads(noted) if noted else {}
    address = str(origin.get("url", ""))
    local = unquote(urlsplit(address).path) if address.startswith("file:") else ""
    path = Path(local[1:] if re.match(r"/[A-Za-z]:", local) else local)  # file:///C:/folder on Windows
    if local and _WHEEL.search(path.name) and path.is_file():
        return _by_file(path)
    digest = str(origin.get("archive_info", {}).get("hashes", {}).get("sha256", ""))
    if address.startswith("https:") and digest and not urlsplit(address).username:
        return _by_address(address, digest)
    return Product(_HEAD + _MISSING)


def _by_file(path: Path) -> Product:
    return Product(f"{_HEAD}./wheels/{path.name} --hash=sha256:{sha256(path)}\n", path)


def _by_address(address: str, digest: str) -> Product:
    parts = urlsplit(address)
    wrong = ""
    if parts.username or parts.password:
        wrong = "it holds a name or a password, which would stand in the repository"
    elif parts.scheme != "https":
        wrong = "it is not encrypted"
    elif not _WHEEL.search(unquote(parts.path)):
        wrong = "is no wheel of the product"
    elif not re.fullmatch(r"[0-9a-f]{64}", digest):
        wrong = "its hash is not named"
    if wrong:
        shown = f"{parts.scheme}://{parts.hostname}{parts.path}"
        raise InputError("The product cannot be named.", [Problem(f"--wheel {shown}", wrong, _ALLOWED)])
    return Product(f"{_HEAD}{NAME} @ {address} --hash=sha256:{digest}\n")
