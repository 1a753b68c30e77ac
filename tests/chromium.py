"""A headless Chromium opens a page, for the tests that look at what becomes of it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(NAMES)} is installed")
SECONDS = 60
"""After so long without an answer the browser is given up."""


def _command(folder: Path, *words: str) -> list[str]:
    quiet = [f"--disable-{word}" for word in ("gpu", "background-networking", "component-update", "sync")]
    command = [str(BROWSER), "--headless", "--no-sandbox", "--no-first-run", *quiet]
    return [*command, f"--user-data-dir={folder / 'browser'}", *words]


def opened(page: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Open a page and let its scripts run; stdout is what it became.

    Args:
        page: the file.
        folder: where the browser keeps what it writes.
        words: more of its options.
    """
    command = _command(folder, "--virtual-time-budget=5000", *words, "--dump-dom", page.as_uri())
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)


class Tab:
    """A page in a browser that is driven from here: keys, mouse, size, light. A context manager.

    Attributes:
        said: what the console and uncaught errors said, in order.
        asked: every address that was asked for, but those of the page's own data.
    """

    def __init__(self, folder: Path) -> None:
        """Start a browser, which keeps what it writes in a folder."""
        self.said: list[str] = []
        self.asked: list[str] = []
        self._number, self._rest, self._session = 0, b"", ""
        inward, outward = os.pipe(), os.pipe()
        words = _command(folder, "--remote-debugging-pipe", "about:blank")
        moved = f'exec "$@" 3<&{inward[0]} 4>&{outward[1]}'  # the browser listens at 3 and answers at 4
        self._process = subprocess.Popen(
            ["bash", "-c", moved, "bash", *words],
            pass_fds=(inward[0], outward[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(inward[0])
        os.close(outward[1])
        self._in, self._out = inward[1], outward[0]
        target = next(one for one in self("Target.getTargets")["targetInfos"] if one["type"] == "page")
        self._session = self("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self(f"{domain}.enable")
        self("Emulation.setFocusEmulationEnabled", enabled=True)

    def __enter__(self) -> Tab:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._in)
        self._process.kill()
        self._process.wait()
        os.close(self._out)

    def __call__(self, method: str, **parameters: Any) -> Any:
        """Ask the browser by its protocol, and return what it answers."""
        self._number += 1
        asked = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            asked["sessionId"] = self._session
        os.write(self._in, json.dumps(asked).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._out, 1 << 20)
            assert part, "the browser is gone"
            self._rest += part
        text, _, self._rest = self._rest.partition(b"\0")
        told: dict[str, Any] = json.loads(text)
        facts = told.get("params", {})
        if told.get("method") == "Runtime.consoleAPICalled":
            self.said.append(" ".join(str(one.get("value", one)) for one in facts["args"]))
        elif told.get("method") == "Runtime.exceptionThrown":
            self.said.append(json.dumps(facts["exceptionDetails"]))
        elif told.get("method") == "Log.entryAdded":
            self.said.append(facts["entry"]["text"])
        elif told.get("method") == "Network.requestWillBeSent":
            address = facts["request"]["url"]
            if not address.startswith(("data:", "blob:")):
                self.asked.append(address)
        return told

    def open(self, page: Path, fragment: str = "") -> None:
        """Open a file and wait until it is loaded."""
        self("Page.navigate", url=page.as_uri() + fragment)
        self.until("document.readyState === 'complete'")

    def run(self, script: str, *, hand: bool = False) -> Any:
        """Return the value of a script in the page, waited for; `hand` runs it as if a person had clicked."""
        told = self(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=hand
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def until(self, script: str) -> None:
        """Wait until a script is true in the page."""
        end = time.monotonic() + SECONDS
        while not self.run(f"Boolean({script})"):
            assert time.monotonic() < end, f"never true: {script}"
            time.sleep(0.02)

    def size(self, width: int, height: int = 900, *, dark: bool = False) -> None:
        """Give the page a size and a light."""
        self(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self("Emulation.setEmulatedMedia", features=[scheme])

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press and release a key, such as `Tab`, 9."""
        facts = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self("Input.dispatchKeyEvent", type="keyDown", **facts, **({"text": text} if text else {}))
        self("Input.dispatchKeyEvent", type="keyUp", **facts)

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Write what is seen as PNG."""
        told = self("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(told["data"]))
