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
from funnel.cli.data import tell
from funnel.dates import parse_date

sync_app = typer.Typer(help="Bring the warehouse up to date from a CRM.", no_args_is_help=True)
app.add_typer(sync_app, name="sync")


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
) -> None:
    """Bring leads and stage history from amoCRM or Kommo; incremental, and resumed where it was stopped."""
    from funnel.sources.amocrm import from_environment, pull
    from funnel.sources.amocrm import suggest_mapping as suggest
    from funnel.warehouse import Warehouse

    settings = load_settings()
    account = settings.amocrm
    if account is None:
        problem = errors.Problem(
            f"{common.state['config']}, key amocrm",
            "is not there",
            "host: acme.amocrm.ru and the mapping",
            "see data/amocrm.md",
        )
        raise errors.SettingsError("The account is not known.", [problem])
    credentials = from_environment(os.environ, settings.root)
    moment = now().replace(tzinfo=dt.UTC)
    if suggest_mapping:
        sys.stdout.write(suggest(settings, account, credentials, moment))
        return
    with Bar() as bar:
        pulled = pull(
            settings,
            account,
            credentials,
            settings.root / "data" / "amocrm",
            moment,
            since=parse_date(since, "--since") if since else None,
            full=full,
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
    pulled.commit()
    tell(settings, pulled.batch, loaded, unknown)
    if pulled.gone:
        say(f"Leads no longer in the account: {pulled.gone:,}")
