"""Commands about amoCRM (Kommo): sync."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funnel import errors
from funnel.cli import common
from funnel.cli.common import Bar, app, load_settings, now, say
from funnel.cli.data import demo_beside, gate, tell, tell_gate
from funnel.dates import parse_date
from funnel.schema import SYNCED
from funnel.settings import Settings

if TYPE_CHECKING:
    from funnel.sources.amocrm import Pulled

sync_app = typer.Typer(help="Bring the warehouse up to date from the CRM that the settings name.")
app.add_typer(sync_app, name="sync")


DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Say what would change, and save nothing; of an account never read, one page is looked at.",
    ),
]


@sync_app.callback(invoke_without_command=True)
def everything(context: typer.Context, dry_run: DryRun = False) -> None:
    """Bring the warehouse up to date from the CRM that the settings name; without one, do nothing."""
    if context.invoked_subcommand is not None:
        if dry_run:
            raise errors.InputError("--dry-run stands behind the CRM: funnel sync amocrm --dry-run")
        return
    if load_settings().amocrm is None:
        say("The settings name no CRM, so there is nothing to sync.")
        return
    amocrm(dry_run=dry_run)


@sync_app.command()
def amocrm(
    since: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Only what changed on this day or later.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again.")] = False,
    dry_run: DryRun = False,
    check: Annotated[
        bool | None,
        typer.Option(
            "--check/--no-check",
            help="Compare the whole list of leads with what is known, now or not at all; else once a day.",
        ),
    ] = None,
    suggest_mapping: Annotated[
        bool, typer.Option("--suggest-mapping", help="Print a proposal for `amocrm:` in funnel.yml.")
    ] = False,
    host: Annotated[
        str,
        typer.Option(
            metavar="HOST",
            help="The account's host, where it is not one of the vendor's; else funnel.yml names it.",
        ),
    ] = "",
) -> None:
    """Bring leads and stage history from amoCRM or Kommo; incremental, and resumed where it was stopped."""
    from funnel.publish.files import after
    from funnel.sources.amocrm import at, from_environment, pull
    from funnel.sources.amocrm import suggest_mapping as suggest
    from funnel.warehouse import Warehouse

    settings = load_settings(bring_up=True)
    account = settings.amocrm
    if account is None:
        problem = errors.Problem(
            f"{common.state['config']}, key amocrm",
            "is not there",
            "host: acme.amocrm.ru and the mapping",
            "see data/amocrm.md",
        )
        raise errors.SettingsError("The account is not known.", [problem])
    credentials = from_environment(os.environ, settings.root, host)
    account = at(account, credentials.host)
    moment = now().replace(tzinfo=dt.UTC)
    if suggest_mapping:
        sys.stdout.write(suggest(settings, account, credentials, moment))
        return
    anew = not _known(settings, f"{SYNCED}{account.host}")
    with Bar() as bar:
        pulled = pull(
            settings,
            account,
            credentials,
            settings.root / "data" / "amocrm",
            moment,
            since=parse_date(since, "--since") if since else None,
            full=full,
            anew=anew,
            dry_run=dry_run,
            check_now=check,
            progress=bar.count,
        )
    for note in pulled.notes:
        say(note)
    if dry_run:
        _would(settings, pulled)
        return
    with Warehouse.open(settings.path("warehouse"), settings, write=True) as warehouse:
        loaded, unknown = warehouse.load(pulled.batch, now())
        mixed = demo_beside(warehouse)
        found = gate(warehouse)
    with after("What the account told is in the warehouse"):
        pulled.commit()
    tell(settings, loaded, [*pulled.batch.rejected, *unknown], mixed)
    enough = tell_gate(found, settings)
    if pulled.gone:
        say(f"Leads no longer in the account: {pulled.gone:,}")
    if not enough:
        raise typer.Exit(1)


def _would(settings: Settings, pulled: Pulled) -> None:
    """Say what loading would do, by doing it to a copy of the warehouse."""
    from funnel.sources import reasons
    from funnel.warehouse import Warehouse

    path = settings.path("warehouse")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        if path.is_file():
            shutil.copyfile(path, copy)
        with Warehouse.open(copy, settings, write=True) as warehouse:
            loaded, unknown = warehouse.load(pulled.batch, now(), keep=False)
    for table in loaded:
        say(
            f"{table.table}: {table.inserted:,} would be new, {table.changed:,} changed, {table.unchanged:,} "
            f"unchanged, {table.closed:,} closed, {table.rejected:,} set aside"
        )
    for line in reasons([*pulled.batch.rejected, *unknown]):
        say(f"  - {line}")
    if pulled.gone:
        say(f"Leads no longer in the account: {pulled.gone:,}")
    say("Nothing was saved.")


def _known(settings: Settings, source: str) -> bool:
    """Whether the warehouse has ever been given anything of a source."""
    from funnel.warehouse import Warehouse

    path = settings.path("warehouse")
    if not path.is_file():
        return False
    with Warehouse.open(path, settings) as warehouse:
        return source in warehouse.files()
