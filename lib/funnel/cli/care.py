"""Commands that keep the warehouse sound: rebuild and prune; and what is said when it is damaged."""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING, Annotated

import typer

from funnel import errors
from funnel.cli.common import Format, FormatOption, app, load_settings, now, print_frame, say, state

if TYPE_CHECKING:
    from funnel.settings import Settings

INTERRUPTED = re.compile("^Query interrupted|KeyboardInterrupt")
"""What DuckDB and pydantic make of the user's stopping them."""
_TODO = {
    errno.EACCES: "see to the rights of the file and its folder",
    errno.EPERM: "see to the rights of the file and its folder",
    errno.EROFS: "work in a folder that can be written to",
    errno.ENAMETOOLONG: "give it a shorter name",
    errno.EMFILE: "allow a process more open files (ulimit -n)",
    errno.ENFILE: "allow the machine more open files",
}


@app.command()
def rebuild(
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also where the warehouse is whole; it is kept aside.")
    ] = False,
) -> None:
    """Make a damaged or lost warehouse again from the kept imports; what was known when stays known."""
    from funnel.warehouse.rebuild import look

    settings = load_settings()
    path = settings.path("warehouse")
    if path.is_file() and not anyway:
        try:
            look(path, settings)
        except errors.DamagedError as error:
            say(str(error.problems[0].where) + ": " + error.problems[0].wrong)
        else:
            say(f"The warehouse {path} is whole: nothing to do. All the same: funnel rebuild --anyway")
            return
    make_again(settings)


def make_again(settings: Settings) -> None:
    """Make the warehouse again and say what came of it."""
    from funnel.publish.files import folders, sweep
    from funnel.warehouse.rebuild import rebuild

    sweep(folders(settings))
    made = rebuild(settings.path("warehouse"), settings, now())
    if made.aside:
        say(f"The file that stood is kept aside: {made.aside}")
    say(
        f"The warehouse is made again from the kept imports: {made.imports:,} imports, the last known at "
        f"{made.known_at:%Y-%m-%d %H:%M:%S} UTC."
    )
    if made.other:
        numbers = ", ".join(map(str, made.other))
        say(f"Imports that this version of funnel takes in otherwise than then: {numbers}. See CHANGELOG.md")


@app.command()
def prune() -> None:
    """Join the kept imports into one, so that they take less room; a rebuild gives the same as before."""
    from funnel.warehouse import Warehouse

    settings = load_settings(bring_up=True)
    with Warehouse.open(settings.path("warehouse"), settings, write=True) as warehouse:
        before = warehouse.prune()
    say(f"Kept imports: {before:,} joined into one.")


@app.command()
def doctor(format: FormatOption = Format.table) -> None:
    """Look at everything here and say what to do; exit code 1 if something is out of order."""
    import os
    from dataclasses import asdict

    import pandas as pd

    from funnel.template.doctor import OK, PROBLEM, examine

    seen = examine(state["config"], os.environ, now())
    if format is Format.table:
        for one in seen:
            say(f"{one.what} ({one.state}): {one.found}" + (f". To do: {one.todo}" if one.todo else ""))
    else:
        print_frame(pd.DataFrame(map(asdict, seen)), format)
    wrong = sum(one.state == PROBLEM for one in seen)
    remarks = sum(one.state not in (OK, PROBLEM) for one in seen)
    say(f"Out of order: {wrong or 'nothing'}; remarks: {remarks or 'none'}.")
    if wrong:
        raise typer.Exit(1)


def refused(error: OSError) -> errors.FunnelError:
    """Return what a file that the system did not give or take means to a user."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    todo = "make room on the disk" if full else _TODO.get(error.errno or 0, "see to the file or its disk")
    return errors.FunnelError(
        f"a file could not be read or written: {error}. None is left half written. "
        f"To do: {todo}, then run this again."
    )


def damage(error: Exception) -> errors.FunnelError | None:
    """Return what an error of the engine means to a user; None for a fault of ours."""
    module = type(error).__module__
    if module.startswith(("psycopg", "pyspark")):
        from funnel.warehouse.database import refused

        return refused(load_settings(), error)
    if not module.startswith(("duckdb", "_duckdb")):
        return None
    from funnel.warehouse.rebuild import look
    from funnel.warehouse.store import FULL

    text = str(error).splitlines()[0]
    if FULL.search(text):
        return errors.FunnelError(
            f"The disk or the memory is full ({text}). The warehouse is as it was. "
            "To do: make room, then run this again."
        )
    settings = load_settings()
    try:
        look(settings.path("warehouse"), settings)
    except errors.DamagedError as found:
        return found
    except errors.FunnelError:
        return None
    return None


def mended(error: errors.DamagedError) -> bool:
    """Say that the warehouse is damaged and make it again, if its imports are kept; tell whether it is."""
    say(f"{error.problems[0].where}: {error.problems[0].wrong}.")
    try:
        make_again(load_settings())
    except (errors.MissingError, errors.InputError) as other:
        say(f"Error: {other}")
        return False
    return True
