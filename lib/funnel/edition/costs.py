"""What the ad spend of one report date bought."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from funnel.analysis.cohorts.table import select
from funnel.analysis.forecast.final import Forecast, StageForecast
from funnel.analysis.forecast.slices_forecast import slice_forecasts
from funnel.analysis.money import costs
from funnel.analysis.money.costs import SPEND_KEYS, exact_sum, vat_state
from funnel.analysis.money.spend_match import SEVERAL, UNKNOWN, match_spend
from funnel.dates import AsOf, complete_weeks
from funnel.settings import Settings

if TYPE_CHECKING:
    from funnel.warehouse import Warehouse

CHANNEL, CAMPAIGN = SPEND_KEYS
PICTURED = 26
"""Cohorts in the picture of costs."""
FORECAST = 20
"""Channels whose sales to come are forecast in the report: those with most leads."""
PROJECTED = ("projected_cost_per_sale", "projected_low", "projected_high")


def known_spend(warehouse: Warehouse, settings: Settings, as_of: AsOf) -> pd.DataFrame:
    """Return the ad spend in the settings' currency, under the names that leads bear (`match_spend`).

    Raises:
        InputError: a currency has no rate.
    """
    own = costs.in_own_currency(warehouse.spend(as_of), settings)
    return match_spend(own, warehouse.spend_names(as_of), settings.spend_mapping, settings.values)


def known_weeks(reached: pd.DataFrame, report_date: dt.date, count: int) -> list[pd.Timestamp]:
    """Return the last cohorts that were complete at the report date, from the first lead on."""
    first = reached["cohort_week"].min()
    weeks = [pd.Timestamp(week) for week in complete_weeks(report_date, count)]
    return [week for week in weeks if week >= first]


@dataclass(frozen=True)
class Spending:
    """Everything that costs are made of.

    Attributes:
        spend: of `known_spend`.
        reached: the cube, of the total, by channel, and by channel and campaign where leads have them.
        paid: the same of the payments.
        moved: the cube of the leads' moves, of the total and by the attributes by which it is known.
        settings: the stages.
        whole: the forecast of the total.
        shown: the cohorts of the tables.
    """

    spend: pd.DataFrame
    reached: pd.DataFrame
    paid: pd.DataFrame
    moved: pd.DataFrame
    settings: Settings
    whole: Forecast
    shown: Sequence[pd.Timestamp]

    @property
    def _sale(self) -> str:
        return self.settings.stage_keys[-1]

    def costs(
        self, by: tuple[str, ...], weeks: Sequence[pd.Timestamp], expected: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """Return `analysis.money.costs.costs` of some cohorts."""
        days = [week.date() for week in weeks]
        steps = self.settings.steps
        return costs.costs(self.spend, self.reached, steps, days, by, self.paid, expected)

    def total(self) -> pd.DataFrame:
        """Return the costs of each shown cohort, with the sales to come."""
        return self.costs((), self.shown, expected_sales(self.whole.stages[self._sale]))

    def projected(self, attribute: str, weeks: Sequence[pd.Timestamp]) -> pd.DataFrame:
        """Return the costs of some cohorts by an attribute, with the sales to come."""
        own = self._channels if attribute == CHANNEL else self._forecasts(attribute)
        parts = [expected_sales(one).assign(value=value) for value, one in own.items()]
        columns = ["cohort_week", "value", "sales", "sales_low", "sales_high"]
        expected = pd.concat(parts) if parts else pd.DataFrame(columns=columns)
        expected["cohort_week"] = expected["cohort_week"].astype("datetime64[ns]")
        return self.costs((attribute,), weeks, expected)

    @cached_property
    def _by_channel(self) -> pd.DataFrame:
        return self.costs((CHANNEL,), self.shown)

    @cached_property
    def _by_campaign(self) -> pd.DataFrame | None:
        """None where leads have no campaign."""
        return self.costs(SPEND_KEYS, self.shown) if len(select(self.reached, *SPEND_KEYS)) else None

    def summary(self) -> pd.DataFrame:
        """Return the shown cohorts together, in all, by channel, by campaign.

        Returns:
            One row per `level` (total, channel, campaign), `value` (the channel) and `value2` (the campaign):
            `leads`, the stages, `spend` (Decimal), `vat`, `cost_per_lead`, `cost_per_<stage>`, `paid`
            (Decimal), `roas`, `projected_cost_per_sale` (NaN where not reliable yet), `projected_low`,
            `projected_high` (all NaN by campaign).
        """
        levels = {"total": self.costs((), self.shown), "channel": self._by_channel}
        if self._by_campaign is not None:
            levels["campaign"] = self._by_campaign
        ahead = {("total", ""): self.whole.stages[self._sale]}
        ahead |= {("channel", value): one for value, one in self._channels.items()}
        rows: list[dict[str, object]] = []
        for level, table in levels.items():
            keys = [name for name in ("value", "value2") if name in table]
            groups: list[tuple[Hashable, pd.DataFrame]] = list(table.groupby(keys)) if keys else [((), table)]
            for group, part in groups:
                values = group if isinstance(group, tuple) else ()
                names = dict(zip(("value", "value2"), (*map(str, values), "", ""), strict=False))
                row = {"level": level, **names, **_together(part, self.settings.steps)}
                one = ahead.get((level, names["value"]))
                sales = _summed(one, self.shown) if one else (0.0, 0.0, 0.0)
                spent = float(exact_sum(part["spend"])) if row["vat"] else np.nan
                rows.append(row | {name: _per(spent, x) for name, x in zip(PROJECTED, sales, strict=True)})
        return pd.DataFrame(rows)

    def account(self) -> pd.DataFrame:
        """Return where all spend went: matched by week, channel and, where leads have it, campaign.

        Returns:
            One row per channel with spend or leads, the total first (`level`: total, channel): `value`,
            `matched`, `no_leads` (of weeks and campaigns without a lead), `outside` (of weeks that are not
            shown), `spend` (Decimal, the sum of the three), `unknown_names` (the part of `no_leads` whose
            channel or campaign no lead ever bore), `vat`, `leads` (of the shown cohorts), `leads_no_spend`.
        """
        unknown = self.unknown()
        met = self._by_channel if self._by_campaign is None else self._by_campaign
        groups = [("total", "", self.spend, met)]
        for value in sorted({*self.spend["channel"], *met["value"]}):
            mine = met[met["value"] == value]
            groups.append(("channel", value, self.spend[self.spend["channel"] == value], mine))
        rows = []
        for level, value, spend, table in groups:
            parts = costs.account(spend, table).set_index("part")
            amounts = {
                "matched": parts["spend"][costs.MATCHED],
                "no_leads": parts["spend"][costs.NO_LEADS],
                "outside": parts["spend"][costs.OUTSIDE],
            }
            rows.append(
                {
                    "level": level,
                    "value": value,
                    **amounts,
                    "spend": exact_sum(pd.Series(amounts)),
                    "unknown_names": exact_sum(unknown["cost"][unknown.index.isin(spend.index)]),
                    "vat": vat_state(spend["vat_included"]),
                    "leads": int(parts["leads"].sum()),
                    "leads_no_spend": int(parts["leads"][costs.NO_SPEND]),
                }
            )
        return pd.DataFrame(rows)

    def unknown(self) -> pd.DataFrame:
        """Return the spend of the shown weeks whose names no lead bears: `spend_mapping` can mend it."""
        days, end = self.spend["date"], max(self.shown) + pd.Timedelta(weeks=1)
        unknown = self.spend["matched_by"].isin([UNKNOWN, SEVERAL])
        return self.spend[unknown & (days >= min(self.shown)) & (days < end)]

    @cached_property
    def _channels(self) -> Mapping[str, StageForecast]:
        return self._forecasts(CHANNEL, FORECAST)

    def _forecasts(self, attribute: str, most: int | None = None) -> Mapping[str, StageForecast]:
        """Forecast the last stage by value of an attribute; of at most so many, those with most leads."""
        every = select(self.reached, attribute)
        if every.empty:
            return {}
        moved = select(self.moved, attribute)
        return slice_forecasts(every, self.whole, self._sale, moved if len(moved) else None, most=most)


def expected_sales(one: StageForecast) -> pd.DataFrame:
    """Return expected final sales by cohort: `cohort_week`, `sales`, `sales_low`, `sales_high` (90 %).

    Where the forecast is not reliable yet there is no number, only the interval, which is wider then.
    """
    names = {"final_mean": "sales", "final_p05": "sales_low", "final_p95": "sales_high"}
    frame = one.frame()
    frame["final_mean"] = frame["final_mean"].where(frame["reliable"])
    return frame[["cohort_week", *names]].rename(columns=names)


def _summed(one: StageForecast, weeks: Sequence[pd.Timestamp]) -> tuple[float, float, float]:
    """Return the expected final sales of some cohorts together, then their upper and lower limit (90 %).

    There is no number if the forecast of one of them is not reliable yet.
    """
    here = np.isin(pd.DatetimeIndex(one.fit.triangle.weeks), pd.DatetimeIndex(list(weeks)))
    high, low = np.quantile(one.draws[here].sum(axis=0), [0.95, 0.05])
    reliable = not any(np.array(one.reasons(), dtype=object)[here])
    return float(one.mean[here].sum()) if reliable else np.nan, float(high), float(low)


def _together(table: pd.DataFrame, steps: Sequence[str]) -> dict[str, object]:
    """Add up cohorts of `analysis.money.costs.costs`, and divide again."""
    with_spend = table["match"] != costs.NO_SPEND
    spend, paid = exact_sum(table["spend"]), exact_sum(table["paid"])
    counts = {name: int(table[name].sum()) for name in ("leads", *steps[1:])}
    spent = float(spend) if with_spend.any() else np.nan
    return {
        **counts,
        "spend": spend,
        "vat": vat_state(table.loc[with_spend, "vat"]),
        "cost_per_lead": _per(spent, counts["leads"]),
        **{f"cost_per_{stage}": _per(spent, counts[stage]) for stage in steps[1:]},
        "paid": paid,
        "roas": _per(float(paid), spent) if table["roas"].notna().any() else np.nan,
    }


def _per(amount: float, count: float) -> float:
    return amount / count if count > 0 else np.nan
