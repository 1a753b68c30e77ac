"""A headless Chromium opens a page, for the tests that look at what becomes of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(NAMES)} is installed")


def opened(page: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Open a page and let its scripts run; stdout is what it became.

    Args:
        page: the file.
        folder: where the browser keeps what it writes.
        words: more of its options.
    """
    command = [str(BROWSER), "--headless", "--no-sandbox", "--no-first-run", "--virtual-time-budget=5000"]
    command += [f"--disable-{word}" for word in ("gpu", "background-networking", "component-update", "sync")]
    command += [f"--user-data-dir={folder / 'browser'}", *words, "--dump-dom", page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
