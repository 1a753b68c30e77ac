"""Which ad spend brought which leads: by the marks that ads put on links, or by a table somebody keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import unquote_plus

import pandas as pd

from funnel.errors import InputError, Problem
from funnel.schema import require

MAPPING_COLUMNS = ("channel", "campaign", "value")
"""One row: spend of this channel and campaign ('' for all of them) belongs to the leads with this value."""


@dataclass(frozen=True, slots=True)
class Matched:
    """Spend with the leads it belongs to.

    Attributes:
        spend: the rows given, in order, with `value` (of the leads' attribute; '' where none was found) and
            `matched_by`
            (`mapping`, `campaign_id`, `campaign` or '').
        cost: all of it.
        unmatched_cost: what belongs to no lead.
        leads: all leads.
        unmatched_leads: leads that no spend belongs to; organic ones are among them.
    """

    spend: pd.DataFrame
    cost: Decimal
    unmatched_cost: Decimal
    leads: int
    unmatched_leads: int

    @property
    def unmatched_share(self) -> float:
        """Share of the cost that could not be matched, in 0..1; NaN where there is none."""
        return float(self.unmatched_cost / self.cost) if self.cost else float("nan")

    @property
    def unmatched_leads_share(self) -> float:
        """Share of the leads that no spend belongs to, in 0..1; NaN where there is none."""
        return self.unmatched_leads / self.leads if self.leads else float("nan")


def match_spend(spend: pd.DataFrame, leads: pd.DataFrame, mapping: pd.DataFrame | None = None) -> Matched:
    """Match ad spend to the values of a lead attribute, such as `utm_campaign`.

    A row of spend is matched by the first of these that fits: the mapping (channel and campaign, then channel
        alone),
    the campaign's id, the campaign's name. Names are compared as links carry them: decoded, capitals and
    outer spaces
    make no difference. A value that no lead has is no match.

    Args:
        spend: one row per day and campaign: `channel`, `campaign`, `cost` (Decimal), `currency`,
            `vat_included`; optional
            `campaign_id`.
        leads: one row per value of the attribute: `value`, `leads` (their number).
        mapping: see `MAPPING_COLUMNS`.

    Raises:
        InputError: costs in several currencies, or with and without VAT: they cannot be added up.

    >>> spend = pd.DataFrame({"channel": ["yandex", "yandex"], "campaign": ["Spring Sale", "Brand"],
    ...     "cost": [Decimal(30), Decimal(10)], "currency": "RUB", "vat_included": "no"})
    >>> leads = pd.DataFrame({"value": ["spring+sale", ""], "leads": [3, 1]})
    >>> matched = match_spend(spend, leads)
    >>> matched.spend["value"].tolist(), matched.unmatched_share, matched.unmatched_leads_share
    (['spring+sale', ''], 0.25, 0.25)
    """
    require(spend, ("channel", "campaign", "cost", "currency", "vat_included"), "spend")
    require(leads, ("value", "leads"), "leads")
    problems = list(_mixed(spend))
    if problems:
        raise InputError("The ad costs cannot be added up.", problems)
    values = {_word(value): value for value in leads["value"] if _word(value)}
    table = {} if mapping is None else _mapping(mapping, values)
    ids = spend["campaign_id"] if "campaign_id" in spend else pd.Series("", spend.index)
    found = [
        _one(str(channel), str(campaign), "" if pd.isna(id_) else str(id_), table, values)
        for channel, campaign, id_ in zip(spend["channel"], spend["campaign"].fillna(""), ids, strict=True)
    ]
    out = spend.assign(
        value=pd.Series([value for value, _ in found], spend.index, object),
        matched_by=pd.Series([how for _, how in found], spend.index, object),
    )
    reached = leads["value"].isin(set(out["value"]) - {""})
    return Matched(
        out,
        sum(out["cost"], Decimal(0)),
        sum(out.loc[out["value"] == "", "cost"], Decimal(0)),
        int(leads["leads"].sum()),
        int(leads.loc[~reached, "leads"].sum()),
    )


def _one(
    channel: str, campaign: str, id_: str, table: dict[tuple[str, str], str], values: dict[str, str]
) -> tuple[str, str]:
    for key in ((_word(channel), _word(campaign)), (_word(channel), "")):
        if key in table:
            return table[key], "mapping"
    for word, how in ((id_, "campaign_id"), (campaign, "campaign")):
        if _word(word) in values:
            return values[_word(word)], how
    return "", ""


def _mapping(mapping: pd.DataFrame, values: dict[str, str]) -> dict[tuple[str, str], str]:
    require(mapping, MAPPING_COLUMNS, "mapping")
    rows = mapping[list(MAPPING_COLUMNS)].fillna("").astype(str).itertuples(index=False)
    return {
        (_word(channel), _word(campaign)): values[_word(value)]
        for channel, campaign, value in rows
        if _word(value) in values
    }


def _word(text: object) -> str:
    """Return a name as it is compared, decoded as links encode it.

    >>> _word("%D0%9B%D0%B5%D1%82%D0%BE+2026")
    'лето 2026'
    """
    return " ".join(unquote_plus(str(text)).split()).casefold()


def _mixed(spend: pd.DataFrame) -> Iterator[Problem]:
    currencies = sorted(spend["currency"].dropna().unique())
    if len(currencies) > 1:
        todo = "convert them first, by rates in the settings"
        yield Problem("spend, currency", f"several: {', '.join(currencies)}", "one", todo)
    states = sorted(spend["vat_included"].dropna().unique())
    if len(states) > 1:
        rows = spend.groupby("vat_included")["channel"].unique()
        found = "; ".join(f"{state}: {', '.join(sorted(map(str, rows[state])))}" for state in states)
        todo = (
            "say for each file whether its costs hold VAT: vat under ad_costs; and export all of them one way"
        )
        yield Problem(
            "spend, vat_included", f"costs with and without VAT, or unknown ({found})", "one state", todo
        )
