"""The figure of how long deals take."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from funnel.present.cohorts.duration_tables import told_days
from funnel.present.parts import theme as look
from funnel.present.parts.drawing import figure_of, legend, new, nothing, share_axis
from funnel.present.parts.escape import clean
from funnel.present.parts.picture import Picture, finish
from funnel.present.parts.texts import Texts
from funnel.present.parts.values import UNTOLD
from funnel.settings import LEAD, Settings

_TIMES = ((1 / 24, "hour"), (1, "day"), (7, "week"), (30, "month"), (91, "quarter"), (365, "year"))


def duration_curves(
    curves: pd.DataFrame, durations: pd.DataFrame, settings: Settings, texts: Texts
) -> Picture:
    """Draw by when those leads that reach a stage have reached it; half and 80 % of them are marked.

    Args:
        curves: `analysis.cohorts.durations.curves`, of the ways from the lead.
        durations: `analysis.cohorts.durations.durations` after `attribute`, `value`, `cohort_quarter`.
        settings: the stages.
        texts: the language.
    """
    theme = look.load(settings)
    with look.style(theme):
        shown = [
            (stage, part)
            for stage in settings.stage_keys
            if len(part := curves[curves["stage"] == stage]) and part["reached"].max() > 0
        ]
        if not shown:
            return nothing(texts, "empty_durations")
        whole = durations[(durations["attribute"] == "") & durations["cohort_quarter"].isna()]
        known = whole[whole["start"] == LEAD].set_index("stage")
        axes = new(3.2).subplots()
        keys: list[tuple[Line2D | Patch, str]] = []
        for stage, part in shown:
            hue = theme.stage(stage, settings)
            share = part["reached"] / part["reached"].iloc[-1]
            name = clean(texts.stage(stage, settings))
            sns.lineplot(
                x=part["days"], y=share, color=hue, estimator=None, ax=axes, label=name, legend=False
            )
            marks = [float(known[name][stage]) for name in ("median_days", "p80_days")]
            half, most = (told_days(mark, bool(known["at_least"][stage]), texts) for mark in marks)
            axes.plot(marks, [0.5, 0.8], "o", color=hue, markersize=5, zorder=4, gid=UNTOLD)
            words = texts.t(
                "chart_takes",
                stage=name,
                half=half,
                most=most,
            )
            keys.append((Line2D([], [], color=hue, marker="o", markersize=5), words))
        for level in (0.5, 0.8):
            axes.axhline(level, color=theme.muted, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1, gid=UNTOLD)
        last = float(curves["days"].max())
        axes.set_xscale("log")
        axes.set_xlim(1 / 24, last * 1.05)
        times = [(at, key) for at, key in _TIMES if at <= last]
        axes.set_xticks([at for at, _ in times], [texts.t(f"time_{key}") for _, key in times])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_ylim(0, 1.02)
        axes.set(xlabel=texts.t("axis_since_lead"), ylabel="")
        axes.set_title(texts.t("axis_durations"), color=theme.muted)
        share_axis(axes, texts, 6)
        axes.fmt_xdata = lambda days: texts.t("chart_days", days=texts.number(days, 0 if days >= 10 else 1))
        legend(axes, keys, theme, above=False)
        return finish(figure_of(axes), texts.t("alt_durations"))
