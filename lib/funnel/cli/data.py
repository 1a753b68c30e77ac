"""Commands about the data: import, check, simulate."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from funnel import errors
from funnel.cli.common import Bar, Format, FormatOption, app, load_settings, now, print_frame, say, state
from funnel.dates import AsOf

if TYPE_CHECKING:
    import pandas as pd

    from funnel.edition.unmet import Weight
    from funnel.schema import Known, Loaded, Rejected
    from funnel.settings import Settings
    from funnel.warehouse import Warehouse

DEMO = ("data", "demo")
"""The folder of the demo that comes with the project."""


@app.command("import")
def import_(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders; default: source in funnel.yml.")
    ] = None,
    full: Annotated[
        bool,
        typer.Option("--full", help="The files are everything: close rows they no longer hold as deleted."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what every file and column is taken for; import nothing.")
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Read the files again, though they are as they were imported.")
    ] = False,
    format: FormatOption = Format.table,
) -> None:
    """Read files into the warehouse: canonical ones, amoCRM exports, wide sheets, ad costs.

    Without a path and with an empty source it is an error, unless the leads come from a CRM.
    """
    import pandas as pd

    from funnel.cli import last_import
    from funnel.sources import describe, read

    settings = load_settings(bring_up=True)
    given = paths or _source(settings)
    if not given and settings.account is not None:
        say(f"Nothing to import: source is empty. The leads come from {settings.account.title}: funnel sync")
        return
    if not given:
        raise errors.InputError(
            "Nothing to import.",
            [
                errors.Problem(
                    "funnel import",
                    "no path given",
                    "",
                    "name files or a folder, or set source: in funnel.yml",
                )
            ],
        )
    if dry_run:
        print_frame(pd.DataFrame(map(asdict, describe(given, settings))), format)
        with Bar() as bar, TemporaryDirectory(prefix="funnel-") as folder:
            batch = read(given, settings, bar.done, lambda: _known(settings), Path(folder))
        for name, table in batch.tables.items():
            say(f"{name}: {table.num_rows:,} rows could be used of {batch.read.get(name, 0):,} read")
        _say_why(batch.rejected)
        say("Nothing was imported.")
        return
    last = None if anew else last_import.same(given, settings, full=full)
    if last and last.is_clean:
        say("The files are as they were imported, byte by byte; to read them all the same: --anew")
        tell(settings, last.again(), [], [], format)
        return
    if not _import(given, settings, full, format):
        raise typer.Exit(1)


def _import(
    given: Sequence[Path], settings: Settings, full: bool = False, format: Format = Format.table
) -> bool:
    """Import, and tell whether enough of it got in."""
    from funnel.cli import last_import
    from funnel.publish.files import after
    from funnel.sources import read
    from funnel.warehouse import Warehouse

    tell_of_kept(settings)
    with Bar() as bar, Warehouse.open(settings.path("warehouse"), settings, write=True) as warehouse:
        with aside(settings) as folder:
            batch = read(given, settings, bar.done, warehouse.known, folder)
            loaded, unknown = warehouse.load(batch, now(), full=full)
        with after("The import is in the warehouse"):
            mixed = demo_beside(warehouse)
            found = gate(warehouse)
    tell(settings, loaded, [*batch.rejected, *unknown], mixed, format)
    enough = tell_gate(found, settings)
    with after("The import is in the warehouse"):
        last_import.remember(given, settings, loaded, full=full, enough=enough)
    return enough


@contextmanager
def aside(settings: Settings) -> Iterator[Path]:
    """Give a folder for rows that are too many to be held; it and what a killed run left there is removed."""
    from shutil import rmtree

    folder = settings.path("run") / "rows"
    rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        rmtree(folder, ignore_errors=True)


def tell_of_kept(settings: Settings) -> None:
    """Say so where there is no warehouse, but the imports of one are kept."""
    from funnel.warehouse.kept import Kept

    path = settings.path("warehouse")
    kept = Kept.of(path)
    if kept.any and not path.exists():
        say(
            f"There is no warehouse {path}; a new one begins. The imports of the one before stay beside "
            f"{kept.folder}. To have it back instead: move this one away, move them back, run funnel rebuild"
        )


def _source(settings: Settings) -> list[Path]:
    """Return the paths of the source as a person would write them, without the steps up and down again."""
    return [Path(os.path.normpath(settings.root / path)) for path in settings.source]


def bring_new(settings: Settings) -> None:
    """Import the settings' source, unless its files and the settings are those of the last time."""
    from funnel.cli import last_import

    if settings.is_database:
        return
    given = _source(settings)
    there = settings.path("warehouse").is_file()
    missing = [path for path in given if not path.exists()]
    if missing and there:
        names = ", ".join(str(path) for path in missing)
        say(f"Not imported, since it is not there: {names}. The report is made of what was imported before.")
        given = [path for path in given if path.exists()]
    if not given:
        return
    if last_import.same(given, settings) is None:
        _import(given, settings)


def gate(warehouse: Warehouse) -> pd.DataFrame:
    """Return what the gate finds in all that is known now (`schema.FINDING_COLUMNS`)."""
    from funnel.gate.rules import findings
    from funnel.settings_gate import Gate

    try:
        known_at = warehouse.known_at()
    except errors.MissingError:  # nothing was there to be read
        return findings([], Gate(), dt.date.min)
    try:
        day = warehouse.last_day() + dt.timedelta(days=1)
    except errors.MissingError:  # nothing got in
        day = known_at.date()
    return warehouse.findings(AsOf(day, known_at))


def tell_gate(found: pd.DataFrame, settings: Settings) -> bool:
    """Say what the gate found, what is refused at the end; return whether nothing is."""
    from funnel.gate.rules import REFUSE
    from funnel.present.parts.gate_words import sentences
    from funnel.present.parts.texts import Texts

    refused = found["grade"] == REFUSE
    for part in (found[~refused], found[refused]):
        for line in sentences(part, settings, Texts(settings.language)):
            say(line)
    return not refused.any()


def _known(settings: Settings) -> Known | None:
    from funnel.warehouse import Warehouse

    path = settings.path("warehouse")
    if not path.is_file():
        return None
    with Warehouse.open(path, settings) as warehouse:
        return warehouse.known()


def demo_beside(warehouse: Warehouse) -> list[errors.Problem]:
    """Say so where the invented demo lies in one warehouse with data from elsewhere."""
    files = warehouse.files()
    demo = {name for name in files if Path(name).parent.parts[-2:] == DEMO}
    if not demo or demo == files:
        return []
    wrong = "holds the invented demo beside your own data, so every number counts both"
    todo = "take data/demo out of source in funnel.yml, move the warehouse file away, bring your data in"
    return [errors.Problem("The warehouse", wrong, todo=todo)]


def tell(
    settings: Settings,
    loaded: Sequence[Loaded],
    rejected: Sequence[Rejected],
    mixed: Sequence[errors.Problem],
    format: Format = Format.table,
) -> None:
    """Say what came of an import, or print it as CSV or JSON; keep the rejected rows and say why they are."""
    import pandas as pd

    from funnel.publish.files import after
    from funnel.schema import Loaded
    from funnel.sources import write_rejected

    if format is not Format.table:
        frame = pd.DataFrame(map(asdict, loaded), columns=[field.name for field in fields(Loaded)])
        frame.insert(2, "accepted", frame["read"] - frame["rejected"])
        print_frame(frame, format)
    else:
        for table in loaded:
            say(
                f"{table.table}: read {table.read:,} = accepted {table.read - table.rejected:,} + rejected "
                f"{table.rejected:,}; new {table.inserted:,}, changed {table.changed:,}, "
                f"unchanged {table.unchanged:,}, closed {table.closed:,}"
            )
    with after("The import is in the warehouse"):
        files = write_rejected(rejected, settings.path("run") / "rejected")
    _say_why(rejected)
    if files:
        say(f"Rejected rows with their reasons: {', '.join(str(path) for path in files)}")
    for problem in mixed:
        say(str(problem))


def _say_why(rejected: Sequence[Rejected]) -> None:
    from funnel.sources import reasons

    if rejected:
        say("Why rows were rejected:")
    for line in reasons(rejected):
        say(f"  - {line}")


@app.command()
def check(
    engine: Annotated[
        bool, typer.Option("--engine", help="Only: what a database of the company lacks, as the warehouse.")
    ] = False,
    format: FormatOption = Format.table,
) -> None:
    """Look for problems in data, settings and registers; exit code 1 if one wants a hand."""
    if engine:
        _check_engine(format)
        return
    import pandas as pd

    from funnel.edition.logbook import read_registers
    from funnel.edition.unmet import unmet
    from funnel.gate.rules import REFUSE
    from funnel.publish.narratives import looked_at
    from funnel.warehouse import Warehouse
    from funnel.warehouse.problems import WANTS_A_HAND

    settings, file = load_settings(), str(state["config"])
    registers = read_registers(settings)
    with Warehouse.of(settings) as warehouse:
        found = gate(warehouse)
        if found["grade"].eq(REFUSE).any() and not warehouse.imports()["inserted"].any():
            tell_gate(found, settings)
            raise typer.Exit(1)
        as_of = AsOf(warehouse.last_day() + dt.timedelta(days=1), warehouse.known_at())
        data = warehouse.problems(as_of)
        written = unmet(warehouse, settings, registers, as_of, file)
        mixed = demo_beside(warehouse)
    written = [
        *_gated(found, settings),
        *(("problem", one) for one in (*mixed, *registers.problems)),
        *written,
        *looked_at(settings),
    ]
    data.insert(0, "weight", ["problem" if one in WANTS_A_HAND else "remark" for one in data["problem"]])
    data = data.rename(columns={"table": "where"})
    if format is Format.table:
        print_frame(data, format)
        for weight, one in written:
            say(f"{weight.capitalize()}: {one}")
    else:
        print_frame(pd.concat([data, _as_rows(written)], ignore_index=True), format)
    weights = [*data["weight"], *(weight for weight, _ in written)]
    wrong, remarks = weights.count("problem"), weights.count("remark")
    say(f"Problems that want a hand: {wrong or 'none'}; remarks: {remarks or 'none'}.")
    if wrong:
        raise typer.Exit(1)


def _check_engine(format: Format) -> None:
    """Say what the engine of the warehouse lacks; exit code 1 if rows count wrongly or not at all."""
    from funnel.warehouse import Warehouse

    settings = load_settings()
    with Warehouse.of(settings) as warehouse:
        found = warehouse.lacks()
    if format is not Format.table:
        print_frame(_as_rows(found).drop(columns=["rows", "leads"]), format)
    for weight, one in found if format is Format.table else ():
        say(f"{weight.capitalize()}: {one}")
    wrong = sum(weight == "problem" for weight, _ in found)
    say(f"Engine {settings.engine}, {settings.warehouse}: problems {wrong or 'none'}.")
    if wrong:
        raise typer.Exit(1)


def _gated(found: pd.DataFrame, settings: Settings) -> list[tuple[Weight, errors.Problem]]:
    """Return the findings of the gate as `check` tells them."""
    from funnel.gate.rules import FAILS
    from funnel.present.parts.gate_words import sentence
    from funnel.present.parts.texts import Texts

    texts = Texts(settings.language)
    return [
        (
            "problem" if one["grade"] in FAILS else "remark",
            errors.Problem(one["table"], sentence(one, settings, texts)),
        )
        for one in found.to_dict("records")
    ]


def _as_rows(written: Sequence[tuple[str, errors.Problem]]) -> pd.DataFrame:
    """Return what is wrong in files as rows like those of the data, without numbers of rows and leads."""
    import pandas as pd

    rows = [(weight, one.where, one.wrong, one.allowed, one.todo) for weight, one in written]
    frame = pd.DataFrame(rows, columns=["weight", "where", "problem", "allowed", "todo"])
    return frame.assign(**{name: pd.Series(pd.NA, frame.index, "Int64") for name in ("rows", "leads")})


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder for the files.")],
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same files; 61 made the demo.")],
    weeks: Annotated[
        int | None, typer.Option(min=1, max=1040, help="Weekly cohorts; without it and --leads, the demo.")
    ] = None,
    leads: Annotated[float | None, typer.Option(min=1, help="Leads a week, on average.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files of these names in the folder.")
    ] = False,
) -> None:
    """Write an invented company's history as canonical files, with the truth in truth.json."""
    from funnel.schema import TABLES
    from funnel.simulate import DEMO, World, write
    from funnel.simulate import simulate as make

    names = [*(f"{name}.parquet" for name in TABLES), "truth.json"]
    there = [path for path in (out / name for name in names) if path.exists()]
    if there and not force:
        todo = "choose another folder, or add --force to replace them"
        problems = [errors.Problem(str(path), "is there already", todo=todo) for path in there]
        raise errors.InputError("Nothing was written.", problems)

    world = World(weeks=weeks or DEMO.weeks, leads_per_week=leads or 550.0) if weeks or leads else DEMO
    files = write(make(world, seed), out)
    say(f"Written: {', '.join(str(path) for path in files)}")
