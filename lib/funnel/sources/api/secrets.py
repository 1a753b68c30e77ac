"""Secrets: from the environment or a file outside the repository; never shown, never kept with the data."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from funnel.errors import InputError, MissingError, Problem
from funnel.settings_accounts import Account
from funnel.sources.api.vendor import Vendor

_LONGEST = 100_000
"""Bytes of a file that may hold a secret."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the environment gives.

    Attributes:
        name: of the variable.
        text: the secret; of a file that is read by its own rules, ''.
        file: where it lies; None if the variable holds it.
        note: what the user should know about the file.
    """

    name: str
    text: str = field(default="", repr=False)
    file: Path | None = None
    note: str = ""


def named_host(vendor: Vendor, account: type[Account], environ: Mapping[str, str], host: str) -> str:
    """Return the host that the command line names, or the environment, or ''.

    Raises:
        InputError: it is no host.
    """
    variable = vendor.variable("host")
    return vendor.named(host or environ.get(variable, ""), "--host" if host else variable, account)


def find(
    vendor: Vendor, environ: Mapping[str, str], repo: Path, what: str, others: Mapping[str, str] | None = None
) -> Found:
    """Find a secret: exactly one of the variables must be set.

    Args:
        vendor: whose account it is for.
        environ: the environment.
        repo: the folder in which no secret may lie.
        what: the secret, such as `token`: `FUNNEL_..._TOKEN` holds it, `FUNNEL_..._TOKEN_FILE` names a file.
        others: more variables that name files, with what such a file is.

    Raises:
        MissingError: none is set, or the file is not there.
        InputError: several are set, or a file lies inside the repository or can be read by others.
    """
    itself, in_file = vendor.variable(what), vendor.variable(f"{what}_file")
    names = (itself, in_file, *(others or {}))
    given = [name for name in names if environ.get(name, "").strip()]
    if len(given) != 1:
        wrong = f"{' and '.join(given)} are set" if given else f"no {what} is given"
        more = "".join(f", {name} ({form})" for name, form in (others or {}).items())
        text = (
            f"{vendor.title}: {wrong}. Allowed: one of {itself} (the {what} itself), {in_file} (a file that "
            f"holds it){more}. The file lies outside the project."
        )
        raise InputError(text) if given else MissingError(text)
    name, value = given[0], environ[given[0]].strip()
    if name == itself:
        return Found(name, value)
    path = Path(value).expanduser().resolve()
    if path.is_relative_to(repo.resolve()):
        problem = Problem(
            name, "the file lies inside the project and could be committed", "a file outside the project",
            "move it, for example into the home folder",
        )  # fmt: skip
        raise InputError(f"The {vendor.title} {what} is in the wrong place.", [problem])
    if not path.is_file():
        raise MissingError(f"{name} names a file that is not there: {path}")
    note = _require_private(vendor, path, name, what)
    if not 0 < path.stat().st_size <= _LONGEST:  # of a file of the system without an end it says 0
        problem = Problem(name, f"{path} is empty or far too long", f"a file that holds the {what}")
        raise InputError(f"The {vendor.title} {what} cannot be read.", [problem])
    return Found(name, _text(path, what) if name == in_file else "", path, note)


def token(vendor: Vendor, found: Found) -> str:
    """Return a token that a header can hold.

    Raises:
        InputError: it is none.
    """
    text = found.text.removeprefix("Bearer").strip()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        problem = Problem(found.name, "the value is no token", "one line of letters, digits, dots and dashes")
        raise InputError(f"The {vendor.title} token cannot be used.", [problem])
    return text


def _text(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        raise MissingError(f"The {what} file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        return ""  # no secret, and told as such


def _tells_modes() -> bool:
    """Whether a file's mode says who may read it."""
    return os.name == "posix"


def _require_private(vendor: Vendor, path: Path, name: str, what: str) -> str:
    """Refuse a file that others can read or write; where the system does not say who can, return that."""
    if not _tells_modes():
        return f"This system does not tell who can read {path}; see to it that you alone can."
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & 0o077:
        return ""
    problem = Problem(
        name,
        f"others on this machine can read or change the file {path} (mode {mode:04o})",
        "a file of your own, mode 0600 or 0400",
        f"chmod 600 {shlex.quote(str(path))}; if others may have seen it, generate a new {what}",
    )
    raise InputError(f"The {vendor.title} {what} is not kept private.", [problem])
