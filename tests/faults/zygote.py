"""A process that has loaded the command line once and forks for every run: `python -m tests.faults.zygote`.

It reads runs and writes what came of them, a line of JSON each.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import papermill  # noqa: F401  loaded once

import funnel.cli
import funnel.publish.weekly
import funnel.sources.api.accounts
import funnel.sources.api.client
import funnel.sources.api.sync
import funnel.warehouse.rebuild
from tests.faults.points import Points


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
    points = Points(order["folder"], order["stop"], order["full"])
    code: object = 0
    points.install()
    try:
        funnel.cli.main()
    except SystemExit as stop:
        code = stop.code or 0
    except BaseException:
        code = 99
        traceback.print_exc()
    sys.settrace(None)
    sys.stdout.flush()
    sys.stderr.flush()
    points.full = False
    points.stop = 0
    met.write_text(json.dumps(points.met))
    os._exit(code if isinstance(code, int) else 1)


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
            answer = {
                "code": os.waitstatus_to_exitcode(status),
                "said": said.read_text(errors="replace") if said.is_file() else "",
                "met": json.loads(met.read_text()) if met.is_file() else [],
            }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
