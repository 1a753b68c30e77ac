"""Commands that write into the registers: investigate, initiative new."""

from __future__ import annotations

import csv
import datetime as dt
import math
import sys
from collections.abc import Hashable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funnel import errors
from funnel.cli import common
from funnel.cli.attention import cubes_at
from funnel.cli.common import (
    Format,
    FormatOption,
    app,
    load_settings,
    print_frame,
    say,
    today,
)
from funnel.dates import AsOf, parse_date

if TYPE_CHECKING:
    import pandas as pd

    from funnel.analysis.initiatives.prospects import Economics
    from funnel.edition.results import Cubes
    from funnel.logbook import Initiative
    from funnel.settings import Settings

initiative_app = typer.Typer(help="Projects that are to move the funnel.", no_args_is_help=True)
app.add_typer(initiative_app, name="initiative")
DateChoice = Annotated[
    str | None,
    typer.Option("--date", metavar="YYYY-MM-DD", help="Default: the last Monday the data reach."),
]
_COMMENT = "Written before the start. The file's name is the initiative's id."


@app.command()
def investigate(
    flag: Annotated[str, typer.Argument(metavar="FLAG", help="ATTR:VALUE:STAGE or total:STAGE.")],
    who: Annotated[str, typer.Option(help="Who digs: a role, such as 'head of sales'.")],
    date: DateChoice = None,
    question: Annotated[str, typer.Option(help="What is to be found out; default: why it differs.")] = "",
) -> None:
    """Open an investigation of a flag: writes its file."""
    import pandas as pd

    from funnel.edition.attention import flagged, investigations_at, watched
    from funnel.present.attention.words import segment, stage_name
    from funnel.present.parts.texts import Texts
    from funnel.sources.investigations import write_investigation

    settings = load_settings()
    cubes = cubes_at(date or _last_day(settings).isoformat())
    dug = investigations_at(cubes.investigations, cubes.report_date)
    fallen = watched(cubes, dug)
    row = _named(fallen if flag in set(fallen["name"]) else flagged(cubes, dug), flag)
    if row["investigation"]:
        say(f"Note: {row['investigation']} covers this already.")
    if not row["flag"]:
        say("Note: this is not flagged; it may well be chance.")
    if not question:
        texts = Texts(settings.language)
        question = texts.t(
            "ask_question",
            segment=segment(row, settings, texts),
            stage=stage_name(str(row["stage"]), settings, texts),
            change=texts.change(float(row["change"])),
        )
    since: pd.Timestamp = row["first_week"] if row.get("since", pd.NaT) is pd.NaT else row["since"]
    where = (str(row["attribute"]), str(row["value"]))
    path = write_investigation(
        settings.path("investigations"),
        cubes.report_date,
        where,
        str(row["stage"]),
        since.date(),
        question,
        who,
    )
    say(f"Investigation, yours to edit: {path}")


@initiative_app.command("new")
def new(
    name: Annotated[str, typer.Argument(metavar="ID", help="Name of the file, such as chat-15-seconds.")],
    title: Annotated[str, typer.Option(help="What it is called.")] = "",
    owner: Annotated[str, typer.Option(help="Who answers for it: a role.")] = "",
    start: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="First day of treated leads.")] = "",
    hypothesis: Annotated[
        list[str] | None, typer.Option(metavar="METRIC=CHANGE", help="E.g. target_rate=+20%; once for each.")
    ] = None,
    cost: Annotated[str, typer.Option(help="Money, in the settings' currency.")] = "",
    end: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Last day, where it is known.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ATTR=VALUE,VALUE",
            help="Only these leads; at most two attributes. A value with a comma stands in double quotes.",
        ),
    ] = None,
    hours: Annotated[float, typer.Option(min=0, help="Hours of work.")] = 0,
    per_hour: Annotated[str, typer.Option(help="What an hour costs, where it is to count.")] = "",
    sales: Annotated[float | None, typer.Option(help="Extra sales a month hoped for.")] = None,
    revenue: Annotated[str, typer.Option(help="Extra revenue a month hoped for.")] = "",
    weeks_after: Annotated[
        int, typer.Option(help="Cohorts after the start that the answer is read on.")
    ] = 13,
    stop_rule: Annotated[str, typer.Option(help="When it is given up.")] = "",
    date: DateChoice = None,
    format: FormatOption = Format.table,
) -> None:
    """Write down a project before it starts, and say what it may earn and when the answer can be read.

    What is needed and not given as an option is asked for.
    """
    from funnel.analysis.initiatives.prospects import prospects
    from funnel.analysis.revenue.whatif import CANNOT_RISE
    from funnel.logbook import Initiative
    from funnel.sources.initiatives import unknown_names
    from funnel.sources.register import new_path, to_be_written, write_entry

    settings = load_settings()
    path = new_path(settings.path("initiatives"), name)
    given = {"--title": title, "--owner": owner, "--start": start, "--cost": cost}
    title, owner, start, cost, hypotheses = _asked(given, hypothesis or [], settings)
    content: dict[str, object] = {
        "title": title,
        "owner": owner,
        "start": _day(start, "--start"),
        **({"end": _day(end, "--end")} if end else {}),
        **({"scope": _scope(scope)} if scope else {}),
        "hypotheses": [_hypothesis(text) for text in hypotheses],
        **({"expected_sales_per_month": sales} if sales is not None else {}),
        **({"expected_revenue_per_month": _amount(revenue, "--revenue")} if revenue else {}),
        **({"weeks_after": weeks_after} if weeks_after != 13 else {}),
        "cost": {
            "money": _amount(cost, "--cost"),
            **({"hours": int(hours) if hours.is_integer() else hours} if hours else {}),
            **({"per_hour": _amount(per_hour, "--per-hour")} if per_hour else {}),
        },
        **({"stop_rule": stop_rule} if stop_rule else {}),
    }
    item = to_be_written(content, path, Initiative)
    wrong = list(unknown_names(path, item, settings))
    if wrong:
        raise errors.SettingsError("Nothing was written.", wrong)
    content["hypotheses"] = [hypothesis.model_dump() for hypothesis in item.hypotheses]
    cubes = _cubes_with(item, date, settings)
    economics, frame = prospects(
        cubes.reached,
        settings.steps,
        cubes.report_date,
        cubes.initiatives[-1],
        cubes.initiatives[:-1],
        cubes.paid,
    )
    write_entry(path, content, _COMMENT)
    say(f"Initiative, yours to edit until it starts: {path}")
    if item.start < today(settings):
        say(f"Note: it starts on {item.start}, before today; a hypothesis written afterwards proves little.")
    _tell(economics, settings)
    for metric in frame.loc[frame["reason"] == CANNOT_RISE, "metric"]:
        say(
            f"{metric}: the leads do not allow so much more, too many make it already; "
            "only what they allow is counted."
        )
    for metric in frame.loc[frame["reason"] == "varies", "metric"]:
        say(
            f"{metric}: the weeks until now vary so much that an effect is seen where nothing happened; "
            "nothing could be told of it. Roll it out to some segments first, and the others show the rest."
        )
    print_frame(frame, format)


def _cubes_with(item: Initiative, date: str | None, settings: Settings) -> Cubes:
    """Return what is known of an initiative's leads beside the other initiatives, it being the last of them.

    Raises:
        InputError: no lead has a value of its scope.
    """
    from funnel.edition.checks import report_date_for
    from funnel.edition.compute import ask
    from funnel.edition.logbook import Logbook
    from funnel.edition.unmet import values_unknown
    from funnel.sources.initiatives import read_initiatives
    from funnel.warehouse import Warehouse

    wrong: list[errors.Problem] = []
    others, _ = read_initiatives(settings.path("initiatives"), settings)
    with Warehouse.of(settings) as warehouse:
        day = report_date_for(warehouse, today(settings), parse_date(date) if date else None)
        as_of = AsOf(day, warehouse.known_at())
        for attribute, values in item.scope.items():
            known = {attribute: warehouse.values(as_of, attribute)}
            values = tuple(warehouse.meant(as_of, attribute, value) for value in values)
            wrong += values_unknown(f"--scope {attribute}", attribute, values, known)
        if wrong:
            raise errors.InputError("Nothing was written.", wrong)
        return ask(warehouse, settings, as_of, Logbook((*others, item)))


def _last_day(settings: Settings) -> dt.date:
    from funnel.edition.checks import report_date_for
    from funnel.warehouse import Warehouse

    with Warehouse.of(settings) as warehouse:
        return report_date_for(warehouse, today(settings), None)


def _named(rows: pd.DataFrame, flag: str) -> dict[Hashable, Any]:
    """Return the deviation of this name; of several kinds the flagged one."""
    mine = rows[rows["name"] == flag].sort_values("flag", ascending=False, kind="stable")
    if mine.empty:
        names = rows["name"].tolist()
        flags = rows.loc[rows["flag"], "name"].tolist()
        found = f"no deviation has this name{errors.nearest(flag, names)}"
        allowed = f"the flags of this date: {', '.join(flags) or 'none'}"
        todo = "see the column name of funnel deviations --date D"
        raise errors.InputError("There is no such flag.", [errors.Problem(flag, found, allowed, todo)])
    return mine.iloc[0].to_dict()


def _asked(
    given: Mapping[str, str], hypotheses: Sequence[str], settings: Settings
) -> tuple[str, str, str, str, list[str]]:
    """Ask for what is missing; where nobody can answer, name all of it."""
    from funnel.sources.initiatives import metrics

    missing = [option for option, text in given.items() if not text]
    missing += [] if hypotheses else ["--hypothesis"]
    if missing and not sys.stdin.isatty():
        problems = [errors.Problem(option, "is missing") for option in missing]
        raise errors.InputError("Nothing was written: something is missing.", problems)
    asked = {
        option: text or _ask(_PROMPTS[option].format(currency=settings.currency))
        for option, text in given.items()
    }
    chosen = list(hypotheses)
    if not chosen:
        say(f"Metrics: {', '.join(metrics(settings))}")
        chosen.append(_ask(_PROMPTS["--hypothesis"]))
        while more := _ask(f"{_PROMPTS['--hypothesis']} Empty: no more.", empty=True):
            chosen.append(more)
    return asked["--title"], asked["--owner"], asked["--start"], asked["--cost"], chosen


def _ask(question: str, *, empty: bool = False) -> str:
    """Ask on stderr, so that stdout holds the table alone."""
    while True:
        try:
            answer = common.notes.input(f"{question} ", markup=False).strip()
        except EOFError:
            raise errors.InputError("Nothing was written: the answers ended too early.") from None
        if answer or empty:
            return answer


_PROMPTS = {
    "--title": "What is it called?",
    "--owner": "Who answers for it (a role)?",
    "--start": "First day of treated leads (YYYY-MM-DD)?",
    "--cost": "What does it cost in money ({currency})?",
    "--hypothesis": "What should it move, METRIC=CHANGE such as target_rate=+20%?",
}


def _day(text: str, option: str) -> dt.date:
    return parse_date(text, option)


def _hypothesis(text: str) -> dict[str, object]:
    metric, equals, change = text.partition("=")
    if not equals:
        raise _bad("--hypothesis", text, "METRIC=CHANGE such as target_rate=+20%")
    return {"metric": metric.strip(), "change": change}


def _scope(pairs: Sequence[str]) -> dict[str, list[str]]:
    """Read `ATTR=VALUE,VALUE` as in a line of CSV: a value that holds a comma stands in double quotes.

    >>> _scope(['channel=chat, "Search, brand"', "channel=social"])
    {'channel': ['chat', 'Search, brand', 'social']}
    """
    found: dict[str, list[str]] = {}
    for text in pairs:
        name, _, values = text.partition("=")
        cells = next(csv.reader([values], skipinitialspace=True), [])
        listed = [value.strip() for value in cells if value.strip()]
        if not listed:
            raise _bad("--scope", text, "ATTR=VALUE,VALUE such as channel=chat")
        found.setdefault(name.strip(), []).extend(listed)
    return found


def _amount(text: str, option: str) -> int | float:
    """Read an amount as the file is to hold it."""
    try:
        amount = Decimal(text.replace(" ", "").replace("\u00a0", ""))
    except InvalidOperation:
        raise _bad(option, text, "a number such as 420000") from None
    return int(amount) if amount.is_finite() and amount == int(amount) else float(amount)


def _bad(option: str, text: str, allowed: str) -> errors.InputError:
    problem = errors.Problem(option, f"{text!r} cannot be read", allowed)
    return errors.InputError("Nothing was written.", [problem])


def _tell(economics: Economics, settings: Settings) -> None:
    """Say what the hypothesis is worth at today's volume."""
    code = settings.currency
    say(
        f"At today's volume: {economics.leads:,.0f} leads a month in its scope bring "
        f"{economics.sales:,.1f} sales; {economics.change:+.1%} is {economics.extra_sales:+,.1f} more."
    )
    if math.isnan(economics.extra_revenue):
        say(f"No payments are imported, so revenue is not known; cost: {economics.cost:,.0f} {code}.")
        return
    say(f"Extra revenue: {economics.extra_revenue:,.0f} {code} a month; cost: {economics.cost:,.0f} {code}.")
    if math.isfinite(economics.payback_months):
        say(f"The cost is back after {economics.payback_months:,.1f} months.")
    if math.isfinite(economics.return_in_a_year):
        say(f"In a year, net: {economics.return_in_a_year:+,.1f} {code} for each {code} of cost.")
