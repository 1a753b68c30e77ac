"""Commands about the weekly edition: report, verify."""

from __future__ import annotations

from typing import Annotated

import typer

from funnel.cli import common
from funnel.cli.common import Bar, app, chosen_words, load_settings, now, say, today, words
from funnel.cli.data import bring_new
from funnel.dates import parse_date


@app.command()
def report(
    date: Annotated[
        str | None,
        typer.Option("--date", metavar="YYYY-MM-DD", help="Default: the last Monday the data reach."),
    ] = None,
    formats: Annotated[
        str, typer.Option(help="Of html, pdf, xlsx, docx and pptx, by comma.")
    ] = "html,pdf,xlsx",
    renderer: Annotated[str, typer.Option(help="auto, quarto or builtin.")] = "auto",
    lang: Annotated[
        str | None, typer.Option(help="en, ru, or both, by comma; the first is report.html.")
    ] = None,
    draft: Annotated[
        bool, typer.Option("--draft", help="Into run/report; the archive stays as it is.")
    ] = False,
    bring: Annotated[
        bool, typer.Option("--import/--no-import", help="Read the source first where its files have changed.")
    ] = True,
) -> None:
    """Make the edition of a report date: new data, notebooks, narrative, pages, archive.

    It reads what `source` in funnel.yml names, if that has changed; a CRM is asked by `funnel sync` alone.
    """
    chosen = chosen_words("--formats", formats, ("html", "pdf", "xlsx", "docx", "pptx"))
    (program,) = chosen_words("--renderer", renderer, ("auto", "quarto", "builtin"), most=1)
    asked = parse_date(date) if date else None

    from funnel.edition.checks import language_of, report_date_for  # slow to load: after what may be refused
    from funnel.publish.order import Order
    from funnel.publish.sizes import too_large
    from funnel.publish.weekly import make_edition
    from funnel.template.update import behind
    from funnel.warehouse import Warehouse

    settings = load_settings(bring_up=True)
    if older := behind(settings.root):
        say(f"Not of the installed version: {', '.join(older)}. Captions may not fit what they show.")
        say("To do: funnel init --update . brings them; what was edited stays.")
    languages = [language_of(settings, word) for word in words(lang)] if lang else [settings.language]
    if bring:
        bring_new(settings)
    with Warehouse.of(settings) as warehouse:
        day = report_date_for(warehouse, today(settings), asked)
    order = Order(day, languages, chosen, program, draft)
    with Bar() as bar:
        made = make_edition(settings, common.state["config"].name, order, now(), bar)
    if made.data_end:
        say(f"The data end on {made.data_end}: if something happened later, it is not imported yet.")
    word = "Draft" if draft else "Edition" if made.new else "Unchanged edition"
    say(f"{word} of {day}, rendered by {made.renderer}: {made.folder}")
    if told := too_large(made.folder):
        say(told)
    for narrative in made.narratives:
        say(f"Narrative, yours to edit: {narrative.path}")
        if narrative.moved:
            say("  Numbers have moved since it was written; look at these sentences:")
        for sentence in narrative.moved:
            say(f"  - {sentence}")


@app.command()
def verify(
    edition: Annotated[
        str, typer.Argument(metavar="D", help="Report date or folder name of an archived edition.")
    ],
) -> None:
    """Run an archived edition again with the knowledge of that day, and compare.

    Exit code 1 if it differs; a number that a later change of method moved is told with that change.
    """
    from funnel.publish import archive
    from funnel.publish.verify import verify as compare

    settings = load_settings()
    found = archive.find(settings.path("archive"), edition)
    came = compare(found, settings)
    if not came.moved:
        say(f"{found.folder.name}: all {came.same} tables come out the same.")
        return
    say(f"{found.folder.name}: {came.same} tables come out the same; the others by today's methods:")
    for line in came.moved:
        say(f"  - {line}")
