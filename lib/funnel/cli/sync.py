"""Commands about amoCRM (Kommo): sync."""

from __future__ import annotations

import datetime as dt
import os
import sys
from typing import Annotated

import typer

from funnel import errors
from funnel.cli import common
from funnel.cli.common import Bar, app, load_settings, now, say
from funnel.cli.data import demo_beside, gate, tell, tell_gate
from funnel.dates import parse_date
from funnel.settings import Settings

sync_app = typer.Typer(help="Bring the warehouse up to date from the CRM that the settings name.")
app.add_typer(sync_app, name="sync")


@sync_app.callback(invoke_without_command=True)
def everything(context: typer.Context) -> None:
    """Bring the warehouse up to date from the CRM that the settings name; without one, do nothing."""
    if context.invoked_subcommand is not None:
        return
    if load_settings().amocrm is None:
        say("The settings name no CRM, so there is nothing to sync.")
        return
    amocrm()


@sync_app.command()
def amocrm(
    since: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Only what changed on this day or later.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read the lists and one page; save nothing.")
    ] = False,
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
    anew = not dry_run and not _known(settings, f"amocrm {account.host}")
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
            progress=bar.count,
        )
    for note in pulled.notes:
        say(note)
    if dry_run:
        say("Nothing was saved.")
        return
    with Warehouse.open(settings.path("warehouse"), settings, write=True) as warehouse:
        loaded, unknown = warehouse.load(pulled.batch, now())
        mixed = demo_beside(warehouse)
        found = gate(warehouse)
    pulled.commit()
    tell(settings, loaded, [*pulled.batch.rejected, *unknown], mixed)
    enough = tell_gate(found, settings)
    if pulled.gone:
        say(f"Leads no longer in the account: {pulled.gone:,}")
    if not enough:
        raise typer.Exit(1)


def _known(settings: Settings, source: str) -> bool:
    """Whether the warehouse has ever been given anything of a source."""
    from funnel.warehouse import Warehouse

    path = settings.path("warehouse")
    if not path.is_file():
        return False
    with Warehouse.open(path, settings) as warehouse:
        return source in warehouse.files()
