"""The command about ad spend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from funnel import errors
from funnel.cli.common import (
    DateOption,
    Format,
    FormatOption,
    app,
    load_settings,
    print_frame,
    require_attributes,
    say,
    today,
)
from funnel.dates import AsOf, parse_date

if TYPE_CHECKING:
    from decimal import Decimal

    import pandas as pd

    from funnel.edition.costs import Spending


NAMED = 5
"""Names without leads that are told one by one."""


@app.command()
def costs(
    date: DateOption,
    by: Annotated[str, typer.Option(metavar="ATTR", help="One row per value of an attribute.")] = "",
    weeks: Annotated[int | None, typer.Option(min=1, max=520, help="How many cohorts.")] = None,
    format: FormatOption = Format.table,
) -> None:
    """Print what the conversions of each cohort cost, as they stand and with the sales to come."""
    from funnel.analysis.money.costs import SPEND_KEYS
    from funnel.edition.checks import report_date_for
    from funnel.edition.compute import ask_slices
    from funnel.edition.costs import CHANNEL, Spending, known_spend, known_weeks
    from funnel.warehouse import Warehouse

    settings = load_settings()
    day = parse_date(date)
    with Warehouse.of(settings) as warehouse:
        report_date_for(warehouse, today(settings), day)
        as_of = AsOf(day, warehouse.known_at())
        known = warehouse.attributes()
        require_attributes([by] if by else [], known, "--by")
        slices: list[tuple[str, ...]] = [(), (by,)] if by else [()]
        if by and by not in SPEND_KEYS:
            if CHANNEL not in known:
                raise _no_channel(by)
            slices.append((CHANNEL, by))
        cubes = ask_slices(warehouse, settings, as_of, slices)
        spend = known_spend(warehouse, settings, as_of)
    shown = known_weeks(cubes.reached, day, weeks or settings.cohorts)
    spending = Spending(spend, cubes.reached, cubes.paid, cubes.moved, settings, cubes.forecast(), shown)
    table = spending.projected(by, shown) if by else spending.total()
    _account(spending, table)
    if (table["projected_cost_per_sale"].isna() & table["projected_low"].notna()).any():
        say(
            "projected_cost_per_sale is empty where the forecast is not reliable yet (funnel forecast "
            "says why); its interval is wider for that reason."
        )
    print_frame(_ordered(table, by, settings.stage_keys), format)


def _ordered(table: pd.DataFrame, by: str, stages: tuple[str, ...]) -> pd.DataFrame:
    """Return the columns in the order that is promised, what is not promised after them."""
    named = table.rename(columns={"value": by})
    first = ["cohort_week", *([by] if by else []), "spend", *(f"cost_per_{stage}" for stage in stages)]
    first.append("projected_cost_per_sale")
    return named[[*first, *(name for name in named.columns if name not in first)]]


def _account(spending: Spending, table: pd.DataFrame) -> None:
    """Say where all spend went, and what cannot be compared."""
    from funnel.analysis.money.costs import MATCHED, NO_LEADS, NO_SPEND, OUTSIDE, account, vat_states

    spend, currency = spending.spend, spending.settings.currency
    if spend.empty:
        say("No ad spend is known before this date, so nothing has a cost.")
        return
    parts = account(spend, table).set_index("part")
    amounts = {part: f"{parts['spend'][part]:,.2f}" for part in (MATCHED, NO_LEADS, OUTSIDE)}
    say(
        f"Ad spend {sum(parts['spend']):,.2f} {currency} = with leads {amounts[MATCHED]} + without leads "
        f"{amounts[NO_LEADS]} + weeks not shown {amounts[OUTSIDE]}; "
        f"leads that met no spend: {parts['leads'][NO_SPEND]:,}"
    )
    inside = parts["spend"][MATCHED] + parts["spend"][NO_LEADS]
    say(
        f"Unmatched: {_share(parts['spend'][NO_LEADS], inside)} of the spend of the weeks shown, "
        f"{_share(parts['leads'][NO_SPEND], parts['leads'].sum())} of their leads."
    )
    _say_unknown(spending, inside)
    states = vat_states(spend)
    if len(states) > 1:
        words = {"yes": "with VAT", "no": "without VAT", "unknown": "VAT unknown"}
        rows = zip(states["vat_included"], states["spend"], strict=True)
        of = ", ".join(f"{words[state]} {amount:,.2f}" for state, amount in rows)
        say(f"The spend is not of one kind: {of}. Column vat says what each row holds.")


def _share(part: Decimal | float, whole: Decimal | float) -> str:
    """Return a share in per cent, a dash where there is nothing to share.

    >>> _share(1, 8), _share(-1, 100_000), _share(0, 0)
    ('12.5 %', '0.0 %', '–')
    """
    return f"{float(part) / float(whole):z.1%}".replace("%", " %") if whole else "–"


def _say_unknown(spending: Spending, inside: Decimal | float) -> None:
    """Say how much of the spend of the shown weeks bears names that no lead bears, the costliest first."""
    from funnel.analysis.money.costs import exact_sum
    from funnel.analysis.money.spend_match import SEVERAL
    from funnel.present.parts.escape import for_terminal

    unknown = spending.unknown()
    if not len(unknown):
        return
    keys = ["channel", "campaign", "matched_by"]
    by_name = unknown.groupby(keys, as_index=False).agg(cost=("cost", exact_sum))
    costliest = by_name.sort_values("cost", ascending=False).head(NAMED)
    first = (
        f"{for_terminal(f'{channel} / {campaign}' if campaign else channel)} {cost:,.2f}"
        + (" (leads bear it in several writings)" if matched_by == SEVERAL else "")
        for channel, campaign, matched_by, cost in costliest.itertuples(index=False, name=None)
    )
    left = f", and {len(by_name) - NAMED:,} more" if len(by_name) > NAMED else ""
    cost = exact_sum(unknown["cost"])
    say(
        f"Of it {cost:,.2f} ({_share(cost, inside)}) bears names that no lead bears: "
        f"{'; '.join(first)}{left}. "
        "To do: say in funnel.yml, under spend_mapping, what these leads bear."
    )


def _no_channel(by: str) -> errors.InputError:
    problem = errors.Problem(
        f"--by {by}",
        "spend is shared out over the leads of its channel, and no lead has the attribute 'channel'",
        todo="leave --by out, or import leads with a column channel",
    )
    return errors.InputError("Costs by this attribute cannot be told.", [problem])
