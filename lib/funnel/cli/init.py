"""The command `init`: a company's own report repository, written and brought up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from funnel.cli.common import app
from funnel.template.proposal import CRMS

KINDS = ("files", "wide", "events", "crm", *CRMS, "demo")


@app.command()
def init(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="The folder; new or empty.")] = None,
    kind: Annotated[
        str | None, typer.Option("--from", metavar="KIND", help=f"What the data are: {', '.join(KINDS)}.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="The folder or file of the data, to look into.")] = None,
    company: Annotated[str | None, typer.Option(help="The company's name, for the title.")] = None,
    currency: Annotated[str | None, typer.Option(help="ISO code of the amounts, such as EUR.")] = None,
    timezone: Annotated[str | None, typer.Option(help="IANA name, such as Europe/Moscow.")] = None,
    lang: Annotated[str, typer.Option(help="Language of the report: en or ru.")] = "en",
    host: Annotated[str | None, typer.Option(help="Of a CRM's account, such as acme.amocrm.ru.")] = None,
    jobs: Annotated[
        str | None, typer.Option(help="Weekly jobs to write, by comma, or none; default: all there are.")
    ] = None,
    wheel: Annotated[
        str | None,
        typer.Option(help="The product's wheel, to be pinned: a file, or address#sha256=HASH."),
    ] = None,
    bring: Annotated[
        bool,
        typer.Option("--update", help="Bring DIR to the installed version; edited files are kept."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --update: change nothing.")] = False,
) -> None:
    """Write a report repository of your own, or bring one to the installed version.

    With --data it looks into the files and proposes stages, attributes and currency.
    """
    from funnel.cli import repository

    if bring:
        repository.update(folder or Path(), wheel, dry_run)
        return
    given = repository.Given(kind, data, company, currency, timezone, lang, host, jobs, wheel)
    repository.write(folder, given, KINDS)
