"""The figures of money: cost per sale by channel, payback."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from funnel.present.parts import theme as look
from funnel.present.parts.amounts import Unit, unit_for
from funnel.present.parts.drawing import at_right, band, figure_of, new, nothing, over_time, tick
from funnel.present.parts.escape import clean
from funnel.present.parts.marks import day_number
from funnel.present.parts.picture import Picture, finish
from funnel.present.parts.texts import Texts
from funnel.present.parts.theme import Theme
from funnel.present.parts.values import UNTOLD
from funnel.settings import Settings

MOST_CHANNELS = 5
"""Channels with a panel of their own: those that cost most."""
PAYBACK_WEEKS = 52
"""The payback curves end here, or where too few payments carry them (`analysis.money.ltv.payback_curve`)."""
ROOM = 1.6
"""The cost axis ends at so many times the largest expected cost; what lies higher is marked at its edge."""
DRAWN = 0.5
"""A channel has a panel where costs to expect are known of so many of the weeks in which it was paid for."""
_MIDDLE = 3.5


def cost_per_sale(frame: pd.DataFrame, settings: Settings, texts: Texts) -> Picture:
    """Draw the cost per sale by channel over the cohorts: as it stands, and with the sales to come.

    Args:
        frame: `analysis.money.costs.costs` by channel, with expected sales.
        settings: the currency, and the age up to which a cohort is drawn as unripe.
        texts: the language.
    """
    theme = look.load(settings)
    with look.style(theme):
        spent = frame["spend"].astype("float64").groupby(frame["value"]).sum()
        channels = list(spent[spent > 0].sort_values(ascending=False, kind="stable").index[:MOST_CHANNELS])
        mine = frame[frame["value"].isin(channels)]
        told = mine[["projected_cost_per_sale", f"cost_per_{settings.stage_keys[-1]}", "projected_low"]]
        if told.isna().all(axis=None):
            return nothing(texts, "empty_costs")
        known = mine[mine["spend"] > 0].groupby("value")["projected_low"].agg(lambda low: low.notna().mean())
        channels = [name for name in channels if known[name] >= DRAWN]
        if not channels:
            return nothing(texts, "empty_costs_chart")
        mine, told = mine[mine["value"].isin(channels)], told[mine["value"].isin(channels)]
        panels, strip = over_time(len(channels), 1.15, frame["cohort_week"], [], theme, texts)
        largest = next((float(end) for end in told.max() if end > 0), 0.0)
        unit = unit_for(largest, settings.currency, texts)
        young_from = frame["cohort_week"].max() - pd.Timedelta(weeks=settings.young_weeks - 1)
        for axes, channel in zip(panels, channels, strict=True):
            _costs(axes, mine[mine["value"] == channel], unit, young_from, settings, theme, texts)
            name = clean(channel, 40) or texts.t("not_given")
            axes.set_title(texts.t("chart_cost", channel=name, unit=unit.name), color=theme.ink)
        hue = theme.stage(settings.stage_keys[-1], settings)
        keys: list[tuple[Line2D | Patch, str]] = [
            (Line2D([], [], color=hue), texts.t("chart_cost_end")),
            (Patch(facecolor=hue, alpha=0.18), texts.t("chart_band")),
            (_dot(theme.muted, theme), texts.t("chart_cost_raw")),
            (_dot(theme.paper, theme), texts.t("chart_cost_young")),
            (_dot(theme.muted, theme, "^"), texts.t("chart_cost_above")),
        ]
        figure = figure_of(panels[0])
        _explain(figure, keys, theme)
        strip()
        return finish(figure, texts.t("alt_costs"))


def _costs(
    axes: Axes,
    part: pd.DataFrame,
    unit: Unit,
    young_from: pd.Timestamp,
    settings: Settings,
    theme: Theme,
    texts: Texts,
) -> None:
    hue = theme.stage(settings.stage_keys[-1], settings)
    at = part["cohort_week"].map(lambda week: day_number(week.date()) + _MIDDLE)
    expected, raw = part["projected_cost_per_sale"], part[f"cost_per_{settings.stage_keys[-1]}"]
    ends = [float(each.max()) for each in (expected * ROOM, raw * 1.15, part["projected_low"] * ROOM)]
    top = next((end for end in ends if end > 0), 1.0)
    high = part["projected_high"].fillna(top * 2).where(part["projected_low"].notna())
    band(axes, at, part["projected_low"], high, hue, texts.t("chart_band"), 0.18)
    axes.plot(at, expected, color=hue, label=texts.t("chart_cost_end"))
    for young in (False, True):
        mine = (part["cohort_week"] >= young_from) == young
        face = theme.paper if young else theme.muted
        seen = raw[mine]
        inside = seen <= top
        name = texts.t("chart_cost_young" if young else "chart_cost_raw")
        axes.plot(at[mine], seen, linestyle="none", label=name)  # all values; what is above the edge is told
        axes.plot(
            at[mine][inside], seen[inside], "o", color=theme.muted, markerfacecolor=face, markersize=3.5,
            gid=UNTOLD,
        )  # fmt: skip
        above = at[mine][~inside & (seen.notna() | (part["leads"][mine] > 0))]
        axes.plot(
            above,
            [top * 0.97] * len(above),
            "^",
            color=theme.muted,
            markerfacecolor=face,
            markersize=3.5,
            gid=UNTOLD,
        )
    axes.fmt_ydata = lambda amount: unit.number(amount, texts)
    axes.set_ylim(0, top)
    axes.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda amount, _: tick(amount / unit.size, texts)))
    last = expected[expected.notna()]
    if len(last):
        at_right(axes, float(last.iloc[-1]), unit.number(float(last.iloc[-1]), texts), hue)


def payback(frame: pd.DataFrame, settings: Settings, texts: Texts) -> Picture:
    """Draw what a contact has paid by age against what it cost: all, and the channels that cost most.

    Args:
        frame: `edition.lifetime.worth`, `payback`, of contacts, up to the age drawn (`PAYBACK_WEEKS`).
        settings: the currency.
        texts: the language.
    """
    theme = look.load(settings)
    with look.style(theme):
        groups = [(texts.t("all_contacts"), frame[frame["attribute"] == ""])]
        priced = frame[(frame["attribute"] == "channel") & (frame["cost_per_head"] > 0)]
        whole = (priced["cost_per_head"] * priced["number"]).groupby(priced["value"]).max()
        for value in whole.sort_values(ascending=False, kind="stable").index[:MOST_CHANNELS]:
            name = clean(value, 40) or texts.t("not_given")
            groups.append((name, priced[priced["value"] == value]))
        if groups[0][1].empty:
            return nothing(texts, "few_payments_ltv")
        if groups[0][1]["per_head"].abs().max() <= 0:
            return nothing(texts, "empty_ltv")
        columns = min(len(groups), 2)
        lines = math.ceil(len(groups) / columns)
        figure = new(1.7 * lines + 0.6)
        panels = figure.subplots(lines, columns, sharex=True, squeeze=False).ravel()
        highest = max(float(part[["high", "cost_per_head"]].max().max()) for _, part in groups)
        unit = unit_for(highest, settings.currency, texts)
        for axes, (name, part) in zip(panels, groups, strict=False):
            _payback(axes, name, part, unit, settings, theme, texts)
        for axes in panels[len(groups) :]:
            axes.set_visible(False)
        for axes in panels[max(len(groups) - columns, 0) : len(groups)]:
            axes.tick_params(labelbottom=True)
            axes.set_xlabel(texts.t("axis_contact_age"))
        hue = theme.stage(settings.stage_keys[-1], settings)
        keys: list[tuple[Line2D | Patch, str]] = [
            (Line2D([], [], color=hue), texts.t("chart_paid", unit=unit.name)),
            (Patch(facecolor=hue, alpha=0.18), texts.t("chart_band")),
            (
                Line2D([], [], color=theme.ink, linewidth=1.2, linestyle=(0, (4, 2))),
                texts.t("chart_acquired"),
            ),
        ]
        _explain(figure, keys, theme)
        return finish(figure, texts.t("alt_payback"))


def _payback(
    axes: Axes, name: str, part: pd.DataFrame, unit: Unit, settings: Settings, theme: Theme, texts: Texts
) -> None:
    hue = theme.stage(settings.stage_keys[-1], settings)
    band(axes, part["age"], part["low"], part["high"], hue, texts.t("chart_band"), 0.18)
    axes.plot(part["age"], part["per_head"], color=hue, label=texts.t("chart_paid", unit=unit.name))
    cost = float(part["cost_per_head"].iloc[0])
    title = name
    if not math.isnan(cost):
        axes.axhline(
            cost, color=theme.ink, linewidth=1.2, linestyle=(0, (4, 2)), label=texts.t("chart_acquired")
        )
        back = part.loc[part["per_head"] >= cost, "age"]
        said = texts.t("chart_not_yet")
        if len(back):
            age = int(back.iloc[0])
            paid = float(part.loc[part["age"] == age, "per_head"].iloc[0])
            axes.plot([age], [paid], "o", color=theme.ink, markersize=4.5, zorder=4, gid=UNTOLD)
            said = texts.t("chart_back", n=age)
        title = f"{name}: {said}"
    axes.set_title(title, color=theme.ink)
    axes.fmt_ydata = lambda amount: unit.number(amount, texts)
    axes.set_ylim(
        min(0.0, float(part["low"].min())),
        max(float(part["high"].max()), 0.0 if math.isnan(cost) else cost) * 1.08,
    )
    axes.set_xlim(0, max(int(part["age"].max()), 4))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda amount, _: tick(amount / unit.size, texts)))


def _dot(face: str, theme: Theme, marker: str = "o") -> Line2D:
    return Line2D(
        [], [], color=theme.muted, markerfacecolor=face, linestyle="none", marker=marker, markersize=4
    )


def _explain(figure: Figure, keys: Sequence[tuple[Line2D | Patch, str]], theme: Theme) -> None:
    """Explain what is drawn in a row above all panels."""
    figure.legend(
        [mark for mark, _ in keys], [words for _, words in keys], loc="outside upper right",
        ncols=len(keys), frameon=False, fontsize=8, labelcolor=theme.muted, handlelength=1.6,
        columnspacing=1.0, borderaxespad=0.1,
    )  # fmt: skip
