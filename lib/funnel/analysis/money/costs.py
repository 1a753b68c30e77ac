"""What each conversion costs: ad spend matched to the leads of the same week, channel and campaign.

Spend and leads meet at the level of the view: by week alone all spend of a week meets all its leads; by
channel the spend of a channel's week meets that channel's leads. Spend that meets no lead is unmatched, leads
that meet no spend (free channels, lost tags) are unmatched leads: both stay in the table and are counted,
never hidden. Money is Decimal until it is divided by a count.
"""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pandas as pd

from funnel.analysis.cohorts.breakdown import VALUES, counts_by
from funnel.errors import InputError, Problem
from funnel.schema import PAID_COLUMNS, require
from funnel.settings import Settings

SPEND_KEYS = ("channel", "campaign")
"""The attributes that spend has too; by any other one it is shared out over the leads of its channel."""
MATCHED, NO_LEADS, NO_SPEND = "matched", "no leads", "no spend"
OUTSIDE = "outside"
_SPEND = ("date", "channel", "campaign", "cost", "currency", "vat_included")
_CENT = Decimal("0.01")
_EXACT = decimal.Context(prec=60)


def in_own_currency(spend: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Return the spend with every cost in the settings' currency, exactly; nothing is rounded.

    Raises:
        InputError: a currency has no rate; all of them at once.
    """
    require(spend, _SPEND, "spend")
    rates = {settings.currency: Decimal(1), **settings.rates}
    problems = [
        Problem(
            f"spend, currency {currency!r}",
            f"no rate to {settings.currency}",
            ", ".join(rates),
            f"add it to funnel.yml, such as rates: {{{currency}: 90.5}}",
        )
        for currency in sorted(set(spend["currency"]) - set(rates))
    ]
    if problems:
        raise InputError("Ad spend cannot be added up.", problems)
    costs = [
        _EXACT.multiply(cost, rates[currency])
        for cost, currency in zip(spend["cost"], spend["currency"], strict=True)
    ]
    own = pd.Series(costs, index=spend.index, dtype=object)
    return spend.assign(cost=own, currency=settings.currency)


def by_week(spend: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Add up spend (in one currency) by the week of its day and some of its columns.

    Returns:
        One row per week and keys: `cohort_week`, the keys as `value`, `value2`, `spend` (Decimal), `vat`
        ('yes', 'no', 'unknown', or 'mixed' where amounts with and without VAT are added up).
    """
    require(spend, _SPEND, "spend")
    names = ["cohort_week", *VALUES[: len(keys)]]
    days = spend["date"] - pd.to_timedelta(spend["date"].dt.weekday, unit="D")
    frame = pd.DataFrame({"cohort_week": days, "spend": spend["cost"], "vat": spend["vat_included"]})
    for name, key in zip(VALUES, keys, strict=False):
        frame[name] = spend[key]
    if frame.empty:
        return frame.reindex(columns=[*names, "spend", "vat"])
    return frame.groupby(names, as_index=False).agg(spend=("spend", exact_sum), vat=("vat", vat_state))


def costs(
    spend: pd.DataFrame,
    reached: pd.DataFrame,
    steps: Sequence[str],
    weeks: Sequence[dt.date],
    by: Sequence[str] = (),
    paid: pd.DataFrame | None = None,
    expected: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the cost of every conversion by cohort week, or by week and an attribute.

    Args:
        spend: the frame `spend` in one currency (`in_own_currency`).
        reached: the cube with the slice `by`; for an attribute that spend does not have, also with the pair
            ('channel', attribute), over whose leads each channel's spend is shared out evenly, to the cent.
        steps: 'lead' and the stages in order.
        weeks: the cohorts shown.
        by: none, ('channel',), ('campaign',), ('channel', 'campaign'), or one other attribute.
        paid: the cube `paid` with the same slice: adds `paid` and `roas`.
        expected: one row per cohort week and value: `cohort_week`, [`value`, [`value2`]], `sales`,
            `sales_low`, `sales_high` (final, with an interval) and optionally `revenue`, `revenue_low`,
            `revenue_high`.

    Returns:
        One row per cohort week and value that has leads or spend: `cohort_week`, [`value`, [`value2`]],
        `leads`, the count of each stage, `spend` (Decimal), `vat` ('' without spend), `match` ('matched', 'no
        leads', 'no spend'), `cost_per_lead`, `cost_per_<stage>` (float; NaN where nobody reached it or no
        spend is known; 0 where the spend is 0), [`paid` (Decimal), `roas` (payments so far / spend)],
        [`projected_cost_per_sale`, `projected_low`, `projected_high`: spend / expected final sales, a low
        cost from the high limit], [`projected_roas`, `projected_roas_low`, `projected_roas_high`].
    """
    values = list(VALUES[: len(by)])
    keys = ["cohort_week", *values]
    shown = pd.DatetimeIndex(list(weeks))
    counts = counts_by(reached, steps, weeks, by)
    known = _spend_for(spend, reached, steps, weeks, by)
    table = counts.merge(known[known["cohort_week"].isin(shown)], how="outer", on=keys)
    table = table.sort_values(keys, ignore_index=True)
    columns = ["leads", *steps[1:]]
    table[columns] = table[columns].fillna(0).astype("int64")
    without = table["spend"].isna()
    table["match"] = np.select([without, table["leads"] == 0], [NO_SPEND, NO_LEADS], MATCHED)
    table["spend"] = table["spend"].where(~without, Decimal(0))
    table["vat"] = table["vat"].fillna("")
    money = table["spend"].astype("float64").where(~without)
    table["cost_per_lead"] = _per(money, table["leads"])
    for stage in steps[1:]:
        table[f"cost_per_{stage}"] = _per(money, table[stage])
    if paid is not None:
        table = table.merge(_paid(paid, by), how="left", on=keys)
        table["paid"] = table["paid"].where(table["paid"].notna(), Decimal(0))
        table["roas"] = _per(table["paid"].astype("float64"), money) if len(paid) else np.nan
    if expected is not None:
        table = _projected(table, money, expected, keys)
    return table[_in_order(table, keys, steps)]


def account(spend: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Show where all spend went: what was read is what is shown, and what met no lead, and what lies outside.

    Args:
        spend: the frame that `costs` was given.
        table: what `costs` returned.

    Returns:
        Rows 'matched', 'no leads' (unmatched spend), 'outside' (weeks that are not shown) and 'no spend'
        (leads that met no spend): `part`, `spend` (Decimal), `leads`. The spend adds up to all spend to the
        cent, the leads to all leads of the table.
    """
    rows = []
    for part in (MATCHED, NO_LEADS, NO_SPEND):
        of_part = table[table["match"] == part]
        rows.append((part, exact_sum(of_part["spend"]), int(of_part["leads"].sum())))
    inside = sum((amount for _, amount, _ in rows), Decimal(0))
    rows.insert(2, (OUTSIDE, exact_sum(spend["cost"]) - inside, 0))
    return pd.DataFrame(rows, columns=["part", "spend", "leads"])


def vat_states(spend: pd.DataFrame) -> pd.DataFrame:
    """Return spend by its VAT state. One row: `vat_included` ('yes', 'no', 'unknown'), `spend` (Decimal)."""
    require(spend, _SPEND, "spend")
    if spend.empty:
        return pd.DataFrame(columns=["vat_included", "spend"])
    return spend.groupby("vat_included", as_index=False).agg(spend=("cost", exact_sum))


def share_out(amount: Decimal, weights: npt.NDArray[np.int64]) -> list[Decimal]:
    """Split an amount in proportion to whole weights, to the cent, so that the parts add up to it exactly.

    >>> [str(part) for part in share_out(Decimal("10.00"), np.array([1, 1, 1]))]
    ['3.33', '3.34', '3.33']
    """
    total = int(weights.sum())
    parts, before, upto = [], Decimal(0), 0
    for weight in weights.tolist():
        upto += weight
        edge = amount if upto == total else (amount * upto / total).quantize(_CENT, decimal.ROUND_HALF_UP)
        parts.append(edge - before)
        before = edge
    return parts


def _spend_for(
    spend: pd.DataFrame,
    reached: pd.DataFrame,
    steps: Sequence[str],
    weeks: Sequence[dt.date],
    by: Sequence[str],
) -> pd.DataFrame:
    if set(by) <= set(SPEND_KEYS):
        return by_week(spend, by)
    pairs = counts_by(reached, steps[:1], weeks, ("channel", *by))
    return (
        shared(by_week(spend, ("channel",)), pairs)
        .drop(columns="value")
        .rename(columns={"value2": "value"})
        .pipe(
            lambda frame: frame.groupby(["cohort_week", "value"], as_index=False).agg(
                spend=("spend", exact_sum), vat=("vat", vat_state)
            )
        )
    )


def shared(known: pd.DataFrame, leads: pd.DataFrame) -> pd.DataFrame:
    """Share each channel's weekly spend out over its leads by a second attribute.

    Args:
        known: `by_week` by channel.
        leads: `counts_by` for the pair (channel, attribute): `cohort_week`, `value`, `value2`, `leads`.

    Returns:
        One row per week, channel and attribute's value: `cohort_week`, `value`, `value2`, `spend`, `vat`.
        Spend of a channel without leads in its week has the value ''.
    """
    groups = dict(iter(leads.groupby(["cohort_week", "value"])))
    rows = []
    for week, channel, amount, vat in known[["cohort_week", "value", "spend", "vat"]].itertuples(index=False):
        group = groups.get((week, channel))
        if group is None:
            rows.append((week, channel, "", amount, vat))
            continue
        parts = share_out(amount, group["leads"].to_numpy(dtype=np.int64))
        rows += [
            (week, channel, value, part, vat) for value, part in zip(group["value2"], parts, strict=True)
        ]
    return pd.DataFrame(rows, columns=["cohort_week", "value", "value2", "spend", "vat"])


def _paid(paid: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    require(paid, PAID_COLUMNS, "paid")
    attribute, attribute2 = [*by, "", ""][:2]
    part = paid[(paid["attribute"] == attribute) & (paid["attribute2"] == attribute2)]
    keys = ["cohort_week", *VALUES[: len(by)]]
    if part.empty:
        return part.reindex(columns=[*keys, "paid"])
    return part.groupby(keys, as_index=False).agg(paid=("amount", exact_sum))


def _projected(
    table: pd.DataFrame, money: pd.Series, expected: pd.DataFrame, keys: list[str]
) -> pd.DataFrame:
    known = table[keys].merge(expected, how="left", on=keys, validate="one_to_one")
    ends = {"projected_cost_per_sale": "sales", "projected_low": "sales_high", "projected_high": "sales_low"}
    result = table.copy()
    for name, column in ends.items():
        result[name] = _per(money, known[column])
    if "revenue" in known:
        for end in ("", "_low", "_high"):
            result[f"projected_roas{end}"] = _per(known[f"revenue{end}"], money)
    return result


def _in_order(table: pd.DataFrame, keys: list[str], steps: Sequence[str]) -> list[str]:
    first = [*keys, "leads", *steps[1:], "spend", "vat", "match"]
    return first + [name for name in table.columns if name not in first]


def _per(amount: pd.Series, count: pd.Series) -> pd.Series:
    whole = count.astype("float64")
    return (amount.astype("float64") / whole.where(whole > 0)).astype("float64")


def exact_sum(amounts: pd.Series) -> Decimal:
    """Add up Decimals without rounding; nothing at all is 0."""
    total = Decimal(0)
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total


def vat_state(states: pd.Series) -> str:
    """Return the one state, 'mixed' where there are several, '' where there is none.

    >>> vat_state(pd.Series(["yes", "yes"])), vat_state(pd.Series(["yes", "no"])), vat_state(pd.Series([]))
    ('yes', 'mixed', '')
    """
    different = set(states)
    return "mixed" if len(different) > 1 else str(next(iter(different), ""))
