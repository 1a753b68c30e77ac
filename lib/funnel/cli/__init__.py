"""The command line: thin, and the only place that asks what day it is.

Tables go to stdout; everything else goes to stderr. Exit codes: 0 done, 1 a failed check, 2 wrong usage or
bad input. Whatever a user can cause is told without a traceback.
"""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
import warnings
from pathlib import Path
from typing import Annotated, NoReturn

import typer

# Before numpy is loaded, here and in the kernels of notebooks: the matrices are small, so threads cost more
# than they bring.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from funnel import errors
from funnel.cli import attention, care, common, data, editions, init, meeting, money, registers, sync, tables

__all__ = [
    "attention",
    "care",
    "common",
    "data",
    "editions",
    "init",
    "main",
    "meeting",
    "money",
    "registers",
    "sync",
    "tables",
]


STOPPED = 130
"""The exit code of a command that the user stopped."""


def main() -> None:
    """Run the command line; errors a user can cause become a message and an exit code.

    A damaged warehouse is made again from the kept imports, and the command is run again.
    """
    # Loading libraries makes objects that stay; looking through them again and again is a tenth of a command.
    gc.set_threshold(100_000, 20, 20)
    atexit.register(gc.freeze)  # looking through all of them once more at the end is a fifth of a short one
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a code page that lacks a letter stops nothing
            stream.reconfigure(errors="backslashreplace")
    found = _run()
    if isinstance(found, errors.DamagedError):
        if not care.mended(found):
            sys.exit(found.exit_code)
        found = _run()
    if found is not None:
        common.say(f"Error: {found}")
        sys.exit(found.exit_code)


def _run() -> errors.FunnelError | None:
    """Run the command that was asked for; return what went wrong, if a user can cause it."""
    try:
        common.app(standalone_mode=True)
    except errors.FunnelError as error:
        return error
    except KeyboardInterrupt:
        _stopped()
    except SystemExit as end:
        if end.code == STOPPED:
            _stopped()
        raise
    except OSError as error:
        return care.refused(error)
    except Exception as error:
        if care.INTERRUPTED.search(str(error)):
            _stopped()
        found = care.damage(error)
        if found is None:
            raise
        return found
    return None


def _stopped() -> NoReturn:
    """End a command that the user stopped."""
    common.say("Stopped. Nothing is left half written; what was done before stays done.")
    sys.exit(STOPPED)


@common.app.callback(invoke_without_command=True)
def _settings(
    context: typer.Context,
    config: Annotated[Path, typer.Option("--config", help="The settings file.")] = Path("funnel.yml"),
) -> None:
    common.state["config"] = config
    warnings.filterwarnings("ignore", category=FutureWarning)
    if context.invoked_subcommand is None:
        _say_where_it_stands(config)


def _say_where_it_stands(config: Path) -> None:
    from funnel.template.standing import standing

    found = standing(config, common.now().date())
    for fact in found.facts:
        common.say(fact)
    common.say("Next:")
    for step in found.next:
        common.say(f"  {step}")
    common.say("All commands: funnel --help")
