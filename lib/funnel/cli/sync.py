"""Commands about the CRM that the settings name: sync, for each that is read by its API."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funnel import errors
from funnel.cli import common
from funnel.cli.common import Bar, app, load_settings, now, say, to_stdout
from funnel.cli.data import demo_beside, gate, tell, tell_gate
from funnel.dates import parse_date
from funnel.vendors import VENDORS, Vendor

if TYPE_CHECKING:
    from funnel.settings import Settings
    from funnel.settings_accounts import Account
    from funnel.sources.api.sync import Pulled

sync_app = typer.Typer(help="Bring the warehouse up to date from the CRM that the settings name.")
app.add_typer(sync_app, name="sync")


Since = Annotated[
    str | None, typer.Option(metavar="YYYY-MM-DD", help="Only what changed on this day or later.")
]
Full = Annotated[bool, typer.Option("--full", help="Read everything again.")]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Say what would change, and save nothing; of an account never read, one page is looked at.",
    ),
]
Check = Annotated[
    bool | None,
    typer.Option(
        "--check/--no-check",
        help="Compare the whole list of leads with what is known, now or not at all; else once a day.",
    ),
]
Suggest = Annotated[
    bool, typer.Option("--suggest-mapping", help="Print a proposal for `pipelines:` in funnel.yml.")
]
Host = Annotated[
    str,
    typer.Option(
        metavar="HOST",
        help="The account's host, where it is not one of the vendor's; else funnel.yml names it.",
    ),
]


@sync_app.callback(invoke_without_command=True)
def everything(context: typer.Context, dry_run: DryRun = False) -> None:
    """Bring the warehouse up to date from the CRM that the settings name; without one, do nothing."""
    if context.invoked_subcommand is not None:
        if dry_run:
            raise errors.InputError(
                f"--dry-run stands behind the CRM: funnel sync {context.invoked_subcommand} --dry-run"
            )
        return
    account = load_settings().account
    if account is None:
        say("The settings name no CRM, so there is nothing to sync.")
        return
    _sync(account.key, None, False, dry_run, None, False, "")


def _command(vendor: Vendor) -> Callable[..., None]:
    """Return the command that syncs one CRM."""

    def command(
        since: Since = None,
        full: Full = False,
        dry_run: DryRun = False,
        check: Check = None,
        suggest_mapping: Suggest = False,
        host: Host = "",
    ) -> None:
        _sync(vendor.key, since, full, dry_run, check, suggest_mapping, host)

    command.__doc__ = (
        f"Bring leads and stage history from {vendor.title}; incremental, and resumed where it was stopped."
    )
    return command


for _vendor in VENDORS:
    sync_app.command(_vendor.key)(_command(_vendor))


def _sync(
    key: str,
    since: str | None,
    full: bool,
    dry_run: bool,
    check: bool | None,
    suggest_mapping: bool,
    host: str,
) -> None:
    """Bring what changed in an account, and say what came of it."""
    from funnel.publish.files import after, sweep
    from funnel.sources.api import accounts, sync
    from funnel.sources.api.tables import source_of
    from funnel.warehouse import Warehouse

    settings = load_settings(bring_up=True)
    renewed = [path for name, path in os.environ.items() if re.fullmatch(r"FUNNEL_\w+_OAUTH_FILE", name)]
    sweep(Path(path).parent for path in renewed)
    source = accounts.source(_account_of(settings, key), os.environ, settings.root, host)
    moment = now().replace(tzinfo=dt.UTC)
    if suggest_mapping:
        to_stdout(sync.suggest_mapping(settings, source, moment))
        return
    anew = not _known(settings, source_of(source.account))
    with Bar() as bar:
        pulled = sync.pull(
            settings,
            source,
            settings.root / "data" / key,
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
        with after("What the account told is in the warehouse"):
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


def _account_of(settings: Settings, key: str) -> Account:
    """Return the account of a CRM that the settings name.

    Raises:
        SettingsError: they name none.
    """
    for account in settings.accounts:
        if account.key == key:
            return account
    page = next(vendor.page for vendor in VENDORS if vendor.key == key)
    problem = errors.Problem(
        f"{common.state['config']}, key {key}", "is not there", "the account and the mapping", f"see {page}"
    )
    raise errors.SettingsError("The account is not known.", [problem])


def _would(settings: Settings, pulled: Pulled) -> None:
    """Say what loading would do, by doing it to a copy of the warehouse."""
    from funnel.publish.files import scratch
    from funnel.sources import reasons
    from funnel.warehouse import Warehouse

    path = settings.path("warehouse")
    with scratch() as folder:
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
