"""What an edition was made of: clocks, settings, code, inputs, packages."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from funnel import versions
from funnel.edition.model import Edition
from funnel.publish.files import sha256
from funnel.publish.methods import CHANGES
from funnel.settings import Settings

PACKAGES = (
    "duckdb", "holidays", "ibis-framework", "matplotlib", "numpy", "pandas", "papermill",
)  # fmt: skip


_OF_A_HOOK = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE",
)  # fmt: skip
"""What git tells its hooks of the repository they run for."""


def git(root: Path, *words: str) -> str:
    """Return what git prints, or '' where there is no git or no repository.

    It is that of the folder, also where a hook of another repository runs us and says so in the environment.
    """
    own = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    command = ["git", "--literal-pathspecs", "-c", "log.showSignature=false", "-C", str(root), *words]
    try:
        done = subprocess.run(
            command, env=own, capture_output=True, encoding="utf-8", errors="replace", timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def commit_of(root: Path) -> str:
    """Return the commit of the project, or '' where it is not a repository."""
    return git(root, "rev-parse", "HEAD")


def settings_json(settings: Settings) -> dict[str, object]:
    """Return the settings as the manifest keeps them."""
    return settings.model_dump(mode="json")


def settings_hash(settings: Settings) -> str:
    """Return the SHA-256 of the settings, whatever the file's comments; the order of attributes counts."""
    return hashlib.sha256(json.dumps(settings_json(settings)).encode()).hexdigest()


def describe(
    edition: Edition, languages: Sequence[str], renderer: Mapping[str, str], now: dt.datetime
) -> dict[str, object]:
    """Return the manifest of an edition, without the hashes of its files.

    Args:
        edition: the edition.
        languages: the first is that of `report.html`.
        renderer: its name and the versions of its programs.
        now: UTC, from the command line.
    """
    root = edition.settings.root
    lock = root / "requirements" / "report.lock"
    return {
        "schema": versions.MANIFEST,
        "methods": [change.key for change in CHANGES],
        "report_date": edition.report_date.isoformat(),
        "as_of": [edition.report_date.isoformat(), edition.as_of.known_at.isoformat()],
        "previous": [edition.previous.report_date.isoformat(), edition.previous.known_at.isoformat()]
        if edition.previous
        else None,
        "earlier": list(edition.earlier),
        "made_at": now.isoformat(timespec="seconds"),
        "languages": list(languages),
        "commit": commit_of(root),
        "tree_clean": not git(root, "status", "--porcelain", "--untracked-files=no"),
        "lock_sha256": sha256(lock) if lock.is_file() else "",
        "settings_sha256": settings_hash(edition.settings),
        "settings": settings_json(edition.settings),
        "inputs": dict(edition.fingerprint),
        "registers": edition.logbook.as_json(),
        "calendar": edition.calendar.as_json(),
        "renderer": dict(renderer),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "python": platform.python_version(),
    }
