"""A process that has loaded the command line once and forks for every run: `python -m tests.faults.zygote`.

It reads runs and writes what came of them, a line of JSON each. What a run had to load is loaded here for the
next.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import papermill  # noqa: F401  loaded once

from tests.faults.points import Points, tell_of_engines

tell_of_engines()

import funnel.cli  # noqa: E402  loaded with its points
import funnel.publish.weekly  # noqa: E402
import funnel.sources.api.accounts  # noqa: E402
import funnel.sources.api.client  # noqa: E402
import funnel.sources.api.sync  # noqa: E402
import funnel.warehouse.rebuild  # noqa: E402


def run(order: dict[str, Any], said: Path, met: Path) -> None:
    """Be the command line of a project: the body of a forked process."""
    signal.alarm(300)

    os.chdir(order["folder"])
    os.environ.update(order["environment"])
    stream = os.open(said, os.O_WRONLY | os.O_CREAT)
    for descriptor in (1, 2):
        os.dup2(stream, descriptor)
    sys.argv = ["funnel", *order["words"]]
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    tempfile.tempdir = None
    funnel.cli.common.notes = funnel.cli.common.console()
    points = Points(order["folder"], order["stop"], order["full"], order["copies"])
    code: object = 0
    if order["counted"]:
        points.install()
    try:
        funnel.cli.main()
    except SystemExit as stop:
        code = stop.code or 0
    except BaseException:
        code = 99
        traceback.print_exc()
    points.folder, points.copies = os.devnull, ""
    sys.stdout.flush()
    sys.stderr.flush()
    met.write_text(json.dumps([points.met, sorted(sys.modules)]))
    os._exit(code if isinstance(code, int) else 1)


def load(modules: list[str]) -> None:
    """Load what a run has loaded, where it can be loaded by its name."""
    for name in modules:
        if name not in sys.modules and not name.startswith("__"):
            with contextlib.suppress(Exception):
                importlib.import_module(name)


def main() -> None:
    funnel.sources.api.client.Pace.wait = lambda _pace: None  # a stand-in account bears any pace
    for line in sys.stdin:
        order = json.loads(line)
        with tempfile.TemporaryDirectory() as name:
            said, met = Path(name) / "said", Path(name) / "met"
            child = os.fork()
            if not child:
                run(order, said, met)
            _, status = os.waitpid(child, 0)
            points, modules = json.loads(met.read_text()) if met.is_file() else ([], [])
            answer = {
                "code": os.waitstatus_to_exitcode(status),
                "said": said.read_text(errors="replace") if said.is_file() else "",
                "met": points,
            }
            load(modules)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
