"""What every command uses: the settings, the clock, messages, progress, tables, options."""

from __future__ import annotations

import datetime as dt
import os
import sys
import zoneinfo
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperGroup

from funnel import errors
from funnel.dates import AsOf
from funnel.present.parts.escape import for_terminal, in_short

if TYPE_CHECKING:
    import pandas as pd
    from typer._click import Context

    from funnel.settings import Settings
    from funnel.warehouse import Warehouse


class Commands(TyperGroup):
    """The commands; what pydantic says of an option becomes our own sentence."""

    def invoke(self, ctx: Context) -> object:
        """Run the command that was asked for.

        Raises:
            InputError: an option has a value that is not allowed.
        """
        try:
            result: object = super().invoke(ctx)
        except typer.BadParameter as error:
            from pydantic import ValidationError

            from funnel import validation

            if not isinstance(error.__cause__, ValidationError) or error.param is None:
                raise
            option = error.param.opts[0] if error.param.opts[0].startswith("-") else error.param.name or ""
            found = validation.problems(error.__cause__, None, lambda _: option)
            raise errors.InputError("An option cannot be used.", found) from None
        return result


app = typer.Typer(
    name="funnel",
    cls=Commands,
    help="The weekly sales-funnel cohort report.",
    add_completion=False,
    pretty_exceptions_enable=False,
)


def console() -> Console:
    """Return where everything but tables is written: stderr."""
    return Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


notes = console()


class Format(StrEnum):
    """How a table is printed."""

    table = "table"
    csv = "csv"
    json = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="table, csv or json; to stdout.")]
DateOption = Annotated[str, typer.Option("--date", metavar="YYYY-MM-DD", help="Report date.")]
state: dict[str, Path] = {"config": Path("funnel.yml")}


def say(text: str) -> None:
    """Tell the user something on stderr, whatever characters it holds."""
    notes.print(for_terminal(in_short(text), lines=True), markup=False, soft_wrap=True)


def load_settings(*, bring_up: bool = False) -> Settings:
    """Return the settings of the file named by `--config`.

    Args:
        bring_up: write a file of an older form anew; for commands that write anyway.
    """
    from funnel import settings_form
    from funnel.settings import load

    path = state["config"]
    settings = load(path)
    if bring_up:
        from funnel.publish.files import folders, sweep

        sweep(folders(settings))
    kept = settings_form.bring_up(path) if bring_up and os.access(path, os.W_OK) else None
    if kept:
        say(f"{path} is written in today's form; as it was: {kept}")
    return settings


def now() -> dt.datetime:
    """Return the present, UTC, without offset."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def today(settings: Settings) -> dt.date:
    """Return today's date in the funnel's time zone."""
    return dt.datetime.now(zoneinfo.ZoneInfo(settings.timezone)).date()


class Bar:
    """A progress bar on stderr; a line for each step where stderr is no terminal."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=notes,
            disable=not notes.is_terminal,
        )
        self._task = self._progress.add_task("working", total=None)

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def expect(self, steps: int) -> None:
        """Say how many steps there will be."""
        self._progress.update(self._task, total=steps)

    def count(self, what: str, rows: int) -> None:
        """Say how much of something there is by now, where nobody knows how much there will be."""
        self._progress.update(self._task, advance=1, description=_described(f"{what} {rows:,}"))

    def done(self, what: str) -> None:
        """Say that one step is done."""
        self._progress.update(self._task, advance=1, description=_described(what))
        if not notes.is_terminal:
            say(what)


def _described(step: str) -> str:
    """Return the name of a step as a progress bar takes it: on one line, without marks of its own."""
    return escape(for_terminal(in_short(step)))


def words(text: str) -> list[str]:
    """Split a list by comma."""
    return [word.strip() for word in text.split(",") if word.strip()]


def chosen_words(option: str, text: str, allowed: Sequence[str], most: int | None = None) -> list[str]:
    """Read a list of words by comma and check each against those allowed."""
    given = words(text)
    wrong = [word for word in given if word not in allowed]
    if wrong or not given or (most and len(given) > most):
        found = f"{', '.join(wrong) or text!r} is not allowed" + (
            errors.nearest(wrong[0], allowed) if wrong else ""
        )
        raise errors.InputError(
            "An option cannot be used.", [errors.Problem(option, found, ", ".join(allowed))]
        )
    return given


def require_attributes(names: Sequence[str], known: Sequence[str], option: str) -> None:
    """Refuse attributes that no lead has."""
    problems = [
        errors.Problem(
            option,
            f"no lead has the attribute {name!r}{errors.nearest(name, known)}",
            ", ".join(known) or "none",
        )
        for name in names
        if name not in known
    ]
    if problems:
        raise errors.InputError("An attribute is not there.", problems)


def read_filters(pairs: Sequence[str], warehouse: Warehouse, as_of: AsOf) -> Mapping[str, str]:
    """Read ATTR=VALUE pairs; the attribute and the value must occur among the leads."""
    if not pairs:
        return {}
    from funnel.edition.unmet import values_unknown

    wrong = [
        errors.Problem("--where", f"{pair!r} is no pair", "ATTR=VALUE") for pair in pairs if "=" not in pair
    ]
    if wrong:
        raise errors.InputError("A filter cannot be read.", wrong)
    result = dict(pair.split("=", 1) for pair in pairs)
    require_attributes(list(result), warehouse.attributes(), "--where")
    result = {name: warehouse.meant(as_of, name, value) for name, value in result.items()}
    for name, value in result.items():
        wrong += values_unknown("--where", name, [value], {name: warehouse.values(as_of, name)})
    if wrong:
        raise errors.InputError("A filter fits no lead.", wrong)
    return result


def print_frame(frame: pd.DataFrame, format: Format) -> None:
    """Print a frame to stdout: a table for people, CSV or JSON for programs."""
    from funnel.publish.tables import csv_text, plain

    if format is Format.csv:
        to_stdout(csv_text(frame))
    elif format is Format.json:
        text = plain(frame).to_json(orient="records", force_ascii=False, indent=1, double_precision=15)
        to_stdout(f"{text}\n")
    else:
        from funnel.present.parts.terminal import print_table

        print_table(frame)


def to_stdout(text: str) -> None:
    """Write text to stdout: a program gets it as it is, a terminal without signs that it would obey."""
    sys.stdout.write(for_terminal(text, lines=True) if sys.stdout.isatty() else text)
