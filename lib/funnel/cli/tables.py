"""Commands that print a table as of a date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, cast

import typer

from funnel import errors
from funnel.cli.common import (
    DateOption,
    Format,
    FormatOption,
    app,
    chosen_words,
    load_settings,
    print_frame,
    read_filters,
    require_attributes,
    say,
    today,
    words,
)
from funnel.dates import PERIODS, WEEK, AsOf, Period, age_weeks, complete_weeks, parse_date, week_of

if TYPE_CHECKING:
    import pandas as pd

    from funnel.edition.results import Cubes


@app.command()
def cohorts(
    date: DateOption,
    weeks: Annotated[int | None, typer.Option(min=1, max=520, help="How many cohorts.")] = None,
    by: Annotated[
        str, typer.Option(metavar="ATTR[,ATTR]", help="One row per value of an attribute, or of a pair.")
    ] = "",
    where: Annotated[list[str] | None, typer.Option(metavar="ATTR=VALUE", help="Only these leads.")] = None,
    age: Annotated[int | None, typer.Option(min=0, help="Compare at this age in weeks.")] = None,
    period: Annotated[
        str, typer.Option(metavar="PERIOD", help="A cohort is a week, 4weeks, month or quarter.")
    ] = "week",
    reach: Annotated[str | None, typer.Option(help="any-later or entered.")] = None,
    format: FormatOption = Format.table,
) -> None:
    """Print the cohort table as of a date."""
    from funnel.analysis.cohorts.table import SMALL, cohort_table
    from funnel.columns import COHORTS, EQUAL_AGE, SMALL_MARK, written_out
    from funnel.edition.checks import report_date_for, require_cohort
    from funnel.warehouse import Warehouse

    settings = load_settings()
    if reach:
        (rule,) = chosen_words("--reach", reach, ("any-later", "entered"), most=1)
        settings = settings.model_copy(update={"reach": rule})
    (chosen,) = chosen_words("--period", period, PERIODS, most=1)
    kind = cast(Period, chosen)
    day = parse_date(date)
    with Warehouse.of(settings) as warehouse:
        report_date_for(warehouse, today(settings), day)
        as_of = AsOf(day, warehouse.known_at())
        attributes = words(by)
        require_attributes(attributes, warehouse.attributes(), "--by")
        if len(set(attributes)) != len(attributes) or len(attributes) > 2 or (by and not attributes):
            problem = errors.Problem("--by", f"{by!r} cannot be sliced by", "one or two different attributes")
            raise errors.InputError("The table cannot be sliced so.", [problem])
        only = read_filters(where or [], warehouse, as_of)
        cube = warehouse.reached(as_of, [tuple(attributes)], settings.reach, only)
        require_cohort(cube, day, warehouse.first_day())
    shown = _shown(cube, day, kind, weeks or settings.cohorts)
    first, second = [*attributes, "", ""][:2]
    table = cohort_table(cube, settings.steps, day, shown, first, age, second, kind)
    if age is not None and table.empty:
        oldest = age_weeks(max(shown[0], cube["cohort_week"].min().date()), day)
        found = f"no cohort of the {len(shown)} shown weeks is {age} weeks old on {day}"
        problem = errors.Problem("--age", found, f"0 to {oldest}", "or show more cohorts with --weeks")
        raise errors.InputError("No cohort is that old.", [problem])
    small = table["leads"] < SMALL
    if format is Format.table and small.any():
        table.insert(
            list(table.columns).index("leads") + 1, "small", small.map({True: SMALL_MARK, False: ""})
        )
    columns = written_out(COHORTS if age is None else EQUAL_AGE, settings.stage_keys)
    hidden = [column.key for column in columns if "command" not in column.places]
    if kind != "week":
        hidden += ["cohort_week", "period"]
        for place, name in enumerate(("period_start", "weeks", "weeks_of")):
            table.insert(place, name, table.pop(name))
    print_frame(table.drop(columns=hidden), format)
    if small.any():
        say(f"{SMALL_MARK} Fewer than {SMALL} leads: a share of so few says little; see --period.")


def _shown(cube: pd.DataFrame, day: dt.date, period: Period, count: int) -> list[dt.date]:
    """Return the weeks of the newest cohorts; longer periods begin with the first lead."""
    from funnel.analysis.cohorts.periods import newest

    if period == "week":
        return complete_weeks(day, count)
    first = cube["cohort_week"].min().date()
    weeks = [week for week in complete_weeks(day, (day - first).days // 7 + 1) if week >= first]
    return newest(weeks, period, day, count)


@app.command()
def forecast(
    date: DateOption,
    revenue: Annotated[bool, typer.Option("--revenue", help="Revenue by week instead of cohorts.")] = False,
    by: Annotated[str, typer.Option(metavar="ATTR", help="One forecast for each value of it.")] = "",
    weeks: Annotated[int, typer.Option(min=1, max=104, help="With --revenue: weeks ahead.")] = 26,
    what_if: Annotated[
        str | None,
        typer.Option(
            metavar="STAGE=CHANGE",
            help="With --revenue: the sum of --weeks without it, with the odds of a step changed, and the "
            "difference.",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="YYYY-MM-DD",
            help="With --what-if: the week it begins; default the report date's.",
        ),
    ] = None,
    format: FormatOption = Format.table,
) -> None:
    """Print what every cohort will become, or the revenue to expect, as of a date."""
    import pandas as pd

    from funnel.analysis.cohorts.table import select
    from funnel.analysis.forecast.slices_forecast import forecast_slices
    from funnel.analysis.revenue.revenue_slices import revenue_slices
    from funnel.analysis.revenue.weeks import forecast_revenue
    from funnel.analysis.revenue.whatif import CANNOT_RISE, FULL
    from funnel.analysis.revenue.whatif import what_if as answer
    from funnel.present.parts.final import revenue_doubt
    from funnel.present.parts.texts import Texts

    day = parse_date(date)
    if by and what_if:
        raise errors.InputError(
            "The options do not go together.",
            [errors.Problem("--what-if", "is answered for the whole only", todo="leave --by out")],
        )
    cubes = _cubes(day, by)
    sliced = select(cubes.reached, by) if by else cubes.reached
    moved = select(cubes.moved, by) if by else None
    whole = cubes.forecast()
    if not revenue:
        for option, value in (("--what-if", what_if), ("--from", start)):
            if value:
                raise _needs(option, "--revenue")
        print_frame(
            forecast_slices(sliced, whole, moved).rename(columns={"value": by}) if by else whole.frame(),
            format,
        )
        return
    for words_of_doubt in revenue_doubt(whole.frame(), cubes.settings, Texts("en")):
        say(words_of_doubt)
    paid = cubes.paid
    if paid.empty:
        say("No payments are imported, so revenue is not known.")
    if what_if:
        stage, change = _change(what_if, cubes.settings.stage_keys)
        begin = pd.Timestamp(_begin(start, day, weeks))
        told = answer(whole, paid, [(stage, change, begin)], cubes.plan(), [weeks])
        if (told["reason"] == CANNOT_RISE).any():
            rate = told["rate"].iloc[0]
            say(f"{stage} converts {rate:.1%}: a step above {FULL:.0%} cannot rise to speak of.")
        print_frame(told, format)
        return
    if start:
        raise _needs("--from", "--what-if")
    ahead = forecast_revenue(whole, paid, weeks=weeks, plan=cubes.plan())
    if by:
        shared = revenue_slices(sliced, select(cubes.paid, by), whole, ahead, moved)
        print_frame(shared.rename(columns={"value": by}), format)
        return
    print_frame(ahead.frame(), format)


@app.command()
def backtest(
    start: Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD", help="First date to forecast at.")],
    end: Annotated[
        str, typer.Option("--to", metavar="YYYY-MM-DD", help="What had come by then is the truth.")
    ],
    every: Annotated[int, typer.Option(min=1, help="Weeks between the dates.")] = 1,
    stage: Annotated[str | None, typer.Option(help="Default: the last one.")] = None,
    format: FormatOption = Format.table,
) -> None:
    """Print how well the forecast would have done, beside simple methods, by age of the cohort."""
    from funnel.analysis.forecast.backtest import backtest as run

    first, last = parse_date(start, "--from"), parse_date(end, "--to")
    if first >= last:
        problem = errors.Problem(f"--from {first}", f"is not before --to {last}", "an earlier date")
        raise errors.InputError("The dates cannot be used.", [problem])
    cubes = _cubes(last)
    chosen = _stage(stage or cubes.settings.stage_keys[-1], cubes.settings.stage_keys)
    when = [first + WEEK * number for number in range(0, (last - first).days // 7 + 1, every)]
    print_frame(run(cubes.history(), chosen, last, when), format)


def _cubes(day: dt.date, by: str = "") -> Cubes:
    """Ask the warehouse for the cubes of the total, and of an attribute, as of a date."""
    from funnel.edition.checks import report_date_for
    from funnel.edition.compute import ask_slices
    from funnel.warehouse import Warehouse

    settings = load_settings()
    with Warehouse.of(settings) as warehouse:
        report_date_for(warehouse, today(settings), day)
        require_attributes([by] if by else [], warehouse.attributes(), "--by")
        slices: list[tuple[str, ...]] = [(), (by,)] if by else [()]
        return ask_slices(warehouse, settings, AsOf(day, warehouse.known_at()), slices)


def _needs(option: str, other: str) -> errors.InputError:
    problem = errors.Problem(
        option, f"has no meaning without {other}", "", f"add {other}, or leave {option} out"
    )
    return errors.InputError("The options do not go together.", [problem])


def _stage(key: str, known: Sequence[str]) -> str:
    if key not in known:
        found = f"{key!r} is not a stage{errors.nearest(key, known)}"
        raise errors.InputError("A stage is not known.", [errors.Problem("stage", found, ", ".join(known))])
    return key


def _begin(start: str | None, day: dt.date, weeks: int) -> dt.date:
    """Return the Monday of the week in which a change begins: one of those that are forecast."""
    first = week_of(day)
    last = first + WEEK * (weeks - 1)
    begin = week_of(parse_date(start, "--from")) if start else first
    if not first <= begin <= last:
        found = "is not a day of the weeks that are forecast"
        problem = errors.Problem(f"--from {start}", found, f"{day} to {last + dt.timedelta(days=6)}")
        raise errors.InputError("A what-if cannot be answered.", [problem])
    return begin


def _change(text: str, known: Sequence[str]) -> tuple[str, float]:
    """Read STAGE=CHANGE, the change as 0.1 or +10%."""
    from funnel.change import read_change

    stage, _, size = text.partition("=")
    try:
        change = read_change(size)
    except ValueError as error:
        problem = errors.Problem("--what-if", str(error), todo="write STAGE=CHANGE such as proposal=+10%")
        raise errors.InputError("A what-if cannot be read.", [problem]) from None
    return _stage(stage.strip(), known), change
