"""Commands about what needs attention: deviations, impact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from funnel.cli.common import DateOption, Format, FormatOption, app, load_settings, print_frame, say, today
from funnel.dates import AsOf, parse_date

if TYPE_CHECKING:
    from funnel.edition.results import Cubes


@app.command()
def deviations(
    date: DateOption,
    newest: Annotated[bool, typer.Option("--newest", help="Say whether the newest leads are good.")] = False,
    format: FormatOption = Format.table,
) -> None:
    """Print every step of every segment beside its target, tolerance and history; flags first."""
    from funnel.edition.attention import flagged, investigations_at, judged

    cubes = cubes_at(date)
    if newest:
        print_frame(judged(cubes), format)
        return
    frame = flagged(cubes, investigations_at(cubes.investigations, cubes.report_date))
    first = ["attribute", "value", "stage", "observed", "expected", "low", "high", "p_value", "q_value"]
    first += ["kind", "flag"]
    print_frame(frame[[*first, *(name for name in frame.columns if name not in first)]], format)


@app.command()
def impact(date: DateOption, format: FormatOption = Format.table) -> None:
    """Print what every initiative moved, beside what was expected of it."""
    from funnel.analysis.initiatives.impact import impact as measure

    cubes = cubes_at(date)
    frame = measure(cubes.reached, cubes.settings.steps, cubes.report_date, cubes.initiatives, cubes.paid)
    print_frame(frame, format)


def cubes_at(date: str) -> Cubes:
    """Ask the warehouse for the cubes as of a date; say which files of the registers are left out."""
    from funnel.edition.checks import report_date_for
    from funnel.edition.compute import ask
    from funnel.edition.logbook import read_registers
    from funnel.warehouse import Warehouse

    settings, day = load_settings(), parse_date(date)
    registers = read_registers(settings)
    for problem in registers.problems:
        say(f"Left out: {problem}")
    with Warehouse.of(settings) as warehouse:
        report_date_for(warehouse, today(settings), day)
        return ask(warehouse, settings, AsOf(day, warehouse.known_at()), registers)
