"""The figures of the report."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from funnel.columns import OVERALL
from funnel.present.parts import theme as look
from funnel.present.parts.drawing import (
    Label,
    at_right,
    band,
    figure_of,
    new,
    nothing,
    over_time,
    share_axis,
    spread,
)
from funnel.present.parts.escape import clean
from funnel.present.parts.marks import Happening, day_number
from funnel.present.parts.periods import cohort_name
from funnel.present.parts.picture import Picture, finish
from funnel.present.parts.texts import Texts
from funnel.present.parts.theme import Theme
from funnel.present.parts.values import UNTOLD
from funnel.settings import LEAD, Settings

OLDEST = 26
"""Age in weeks at which the ripening curves end: later on young cohorts would be too small to see."""
RECENT = 4
"""How many of the newest cohorts the ripening curves highlight."""


def conversions_over_time(
    history: pd.DataFrame, happenings: Sequence[Happening], settings: Settings, texts: Texts
) -> Picture:
    """Draw every step's conversion over the cohorts at equal age, with its 90 % interval.

    Args:
        history: `analysis.cohorts.table.history`, of weeks or of longer periods.
        happenings: initiatives and episodes to mark.
        settings: stages, and the age up to which a cohort is drawn as unripe.
        texts: the language.
    """
    theme = look.load(settings)
    names = [*settings.stage_keys, OVERALL]
    with look.style(theme):
        if history.empty:
            return nothing(texts)
        spans = history.get("weeks", pd.Series(1, index=history.index))
        weeks = pd.concat(
            [history["cohort_week"], history["cohort_week"] + pd.to_timedelta(7 * (spans - 1), "D")]
        )
        panels, strip = over_time(len(names), 1.05, weeks, happenings, theme, texts)
        for axes, name in zip(panels, names, strict=True):
            part = history[history["stage"] == name]
            _conversion(
                axes, part, theme.stage(name, settings), 2 if name == OVERALL else 0, settings, theme, texts
            )
            axes.set_title(_title(name, settings, texts), color=theme.stage(name, settings))
            if "period" in part:
                axes.xaxis.set_gid(texts.t("col_cohort"))
                axes.fmt_xdata = _named({day: cohort_name(row, texts) for day, row in _middles(part)})
        if (history["age_weeks"] < settings.young_weeks).any():
            young = Line2D(
                [],
                [],
                marker="o",
                linestyle=":",
                color=theme.muted,
                markerfacecolor=theme.paper,
                markersize=3.5,
            )
            _key(panels[0], young, texts.t("chart_unripe"), theme)
        strip()
        return finish(figure_of(panels[0]), texts.t("alt_history"))


def leads_by_week(
    frame: pd.DataFrame, happenings: Sequence[Happening], settings: Settings, texts: Texts
) -> Picture:
    """Draw the number of leads of each week and its mean.

    Args:
        frame: one row per cohort with `cohort_week` and `leads`, such as the cohort table.
        happenings: initiatives and episodes to mark.
        settings: only for the look.
        texts: the language.
    """
    theme = look.load(settings)
    with look.style(theme):
        if frame.empty:
            return nothing(texts)
        (axes,), strip = over_time(1, 1.9, frame["cohort_week"], happenings, theme, texts)
        days, leads = [day_number(week.date()) for week in frame["cohort_week"]], frame["leads"]
        axes.bar(
            days, leads, width=5.6, align="edge", color=theme.stage(LEAD, settings), alpha=0.55, linewidth=0,
            label=texts.t("axis_leads"),
        )  # fmt: skip
        axes.bar(days[-1], leads.iloc[-1], width=5.6, align="edge", color=theme.ink, linewidth=0, gid=UNTOLD)
        axes.set_ylim(0, float(leads.max()) * 1.18 or 1)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: texts.number(value)))
        axes.axhline(float(leads.mean()), color=theme.ink, linewidth=0.8, label=texts.t("chart_level_mean"))
        axes.fmt_ydata = texts.number
        mean = Line2D([], [], color=theme.ink, linewidth=0.8)
        _key(axes, mean, texts.t("chart_mean", value=texts.number(float(leads.mean()))), theme)
        axes.annotate(
            texts.number(int(leads.iloc[-1])), (days[-1] + 2.8, float(leads.iloc[-1])), (0, 2),
            textcoords="offset points", ha="center", fontsize=8.5, fontweight=700,
        )  # fmt: skip
        axes.set_title(texts.t("axis_leads"), color=theme.muted)
        strip()
        return finish(figure_of(axes), texts.t("alt_leads"))


def triangle_curves(triangle: pd.DataFrame, settings: Settings, texts: Texts) -> Picture:
    """Draw how overall conversion grows with age: the newest cohorts against the older ones and their median.

    Args:
        triangle: `analysis.cohorts.table.triangle`, of the ages drawn (`OLDEST`).
        settings: only for the look.
        texts: the language.
    """
    theme = look.load(settings)
    with look.style(theme):
        if triangle.empty or triangle["rate"].isna().all():
            return nothing(texts)
        axes = new(3.4).subplots()
        ages = triangle.groupby("cohort_week")["age"].max()
        recent = [week for week in ages.index if ages[week] >= 1][-RECENT:]
        older = triangle[~triangle["cohort_week"].isin(recent)]
        labels: list[Label] = []
        line = partial(sns.lineplot, x="age", y="rate", estimator=None, legend=False, ax=axes)
        if len(older):
            line(older, units="cohort_week", color=theme.line, linewidth=0.8, zorder=1, gid=UNTOLD)
            several = older.groupby("age")["rate"].transform("size") >= min(3, older["cohort_week"].nunique())
            median = older[several].groupby("age")[["rate"]].median().reset_index()
            line(median, color=theme.muted, linewidth=2.2, zorder=2, label=texts.t("chart_median"))
            labels.append((*_last(median), texts.t("chart_median"), theme.muted))
        last = theme.stage(settings.stage_keys[-1], settings)
        hues = sns.light_palette(last, len(recent) + 2, as_cmap=False)[2:]
        for week, hue in zip(recent, hues, strict=True):
            part = triangle[triangle["cohort_week"] == week]
            name = cohort_name(part.iloc[0], texts)
            line(part, color=hue, marker="o", markeredgewidth=0, markevery=[-1], zorder=3, label=name)
            long = "period" in part and part["period"].iloc[0] != "4weeks"
            short = name if long else texts.short_week(week.date())
            labels.append((*_last(part), short, last))
        axes.set_ylim(bottom=0)
        axes.set_xlim(0, max(int(triangle["age"].max()), 2) * 1.02)
        axes.set(xlabel=texts.t("axis_age"), ylabel="")
        axes.set_title(texts.t("axis_overall"), color=theme.muted)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        share_axis(axes, texts, 6)
        spread(axes, labels)
        return finish(figure_of(axes), texts.t("alt_triangle_curves"))


def _last(curve: pd.DataFrame) -> tuple[int, float]:
    """Return the age and the share at which a curve ends."""
    return int(curve["age"].iloc[-1]), float(curve["rate"].iloc[-1])


def _key(axes: Axes, line: Line2D, words: str, theme: Theme) -> None:
    """Explain one kind of line above the axes, at the right."""
    axes.legend(
        [line], [words], loc="lower right", bbox_to_anchor=(1, 1), frameon=False, fontsize=8,
        labelcolor=theme.muted, borderaxespad=0.2, handlelength=1.6,
    )  # fmt: skip


def _conversion(
    axes: Axes, part: pd.DataFrame, hue: str, digits: int, settings: Settings, theme: Theme, texts: Texts
) -> None:
    days = pd.Series([day for day, _ in _middles(part)], index=part.index, dtype="float64")
    ripe = part["age_weeks"] >= settings.young_weeks
    band(axes, days, part["low"], part["high"], hue, texts.t("chart_band"))
    if ripe.any():
        sns.lineplot(
            x=days[ripe], y=part.loc[ripe, "rate"], ax=axes, color=hue, legend=False, errorbar=None,
            label=texts.t("chart_rate"),
        )  # fmt: skip
    axes.plot(
        days[~ripe],
        part.loc[~ripe, "rate"],
        "o:",
        color=hue,
        markerfacecolor=theme.paper,
        markersize=3.5,
        linewidth=1,
        label=texts.t("chart_unripe"),
    )
    axes.set(xlabel="", ylabel="")
    share_axis(axes, texts)
    seen = part[part["rate"].notna()]
    if len(seen):
        at_right(axes, float(seen["rate"].iloc[-1]), texts.percent(seen["rate"].iloc[-1], digits), hue)


def _middles(part: pd.DataFrame) -> list[tuple[float, dict[Hashable, Any]]]:
    """Return the middle of each cohort's days on the axis of time, and its row."""
    rows = part.to_dict("records")
    return [(day_number(row["cohort_week"].date()) + 3.5 * int(row.get("weeks", 1)), row) for row in rows]


def _named(cohorts: Mapping[float, str]) -> Callable[[float], str]:
    """Return what names the cohort at a place of the axis of time."""
    return lambda day: cohorts[min(cohorts, key=lambda middle: abs(middle - day))]


def _title(name: str, settings: Settings, texts: Texts) -> str:
    if name == OVERALL:
        return texts.t("chart_overall")
    base = settings.steps[settings.steps.index(name) - 1]
    if base == LEAD:
        return texts.t("chart_first", stage=clean(texts.stage(name, settings)))
    return texts.t(
        "chart_step", stage=clean(texts.stage(name, settings)), base=clean(texts.stage(base, settings))
    )
