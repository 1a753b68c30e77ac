"""The figure of the forecast: how a stage matures."""

from __future__ import annotations

import textwrap

import pandas as pd
import seaborn as sns
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from funnel.present.parts import theme as look
from funnel.present.parts.drawing import WORDS_WIDE, band, figure_of, legend, new, nothing, share_axis
from funnel.present.parts.escape import clean
from funnel.present.parts.picture import Picture, finish
from funnel.present.parts.texts import EMPTY, Texts
from funnel.present.parts.values import UNTOLD
from funnel.settings import Settings

RIPE = 0.99
"""The curves are drawn up to the age at which the slowest stage has this share of its final number."""
SEEN = 0.5
"""A step of a curve is drawn solid when at least this share of it rests on conversions seen."""
_DASHES = (0, (2, 1.6))


def maturity_curves(
    maturity: pd.DataFrame, settings: Settings, texts: Texts, apart: pd.DataFrame | None = None
) -> Picture:
    """Draw which share of its final number each stage has reached by age: solid as far as it was seen.

    Args:
        maturity: `analysis.forecast.maturity.MATURITY_COLUMNS`.
        settings: the stages.
        texts: the language.
        apart: `analysis.forecast.apart.APART_COLUMNS`; if leads are forecast apart, the picture says by what.
    """
    theme = look.load(settings)
    said = _apart_words(apart, settings, texts)
    with look.style(theme):
        curves = {
            stage: part
            for stage in settings.stage_keys
            if len(part := maturity[maturity["stage"] == stage]) and part["maturity"].max() > 0
        }
        if not curves:
            return nothing(texts, "empty_maturity")
        axes = new(3.4).subplots()
        last = max(_age_at(part, RIPE) or int(part["age_weeks"].max()) for part in curves.values())
        keys: list[tuple[Line2D | Patch, str]] = []
        for stage, part in curves.items():
            hue = theme.stage(stage, settings)
            ages, share = part["age_weeks"], part["maturity"]
            name = clean(texts.stage(stage, settings))
            band(axes, ages, part["low"], part["high"], hue, f"{name}: {texts.t('chart_band')}", 0.18)
            sns.lineplot(
                x=ages,
                y=share,
                color=hue,
                linestyle=_DASHES,
                linewidth=1.4,
                ax=axes,
                label=name,
                legend=False,
            )
            axes.plot(ages, share.where(part["seen"] >= SEEN), color=hue, gid=UNTOLD)
            words = texts.t(
                "chart_matures",
                stage=name,
                half=_age_words(part, 0.5, texts),
                most=_age_words(part, 0.9, texts),
            )
            keys.append((Line2D([], [], color=hue), words))
        if any((part["seen"] < SEEN)[part["age_weeks"] <= last].any() for part in curves.values()):
            tail = Line2D([], [], color=theme.muted, linestyle=_DASHES, linewidth=1.4)
            keys.append((tail, texts.t("chart_tail")))
        keys.append((Patch(facecolor=theme.muted, alpha=0.25), texts.t("chart_band")))
        axes.set_xlim(0, max(last, 13))
        axes.set_ylim(0, 1.02)
        axes.set(ylabel="")
        axes.set_xlabel("\n".join([texts.t("axis_age"), *textwrap.wrap(said, WORDS_WIDE)]))
        axes.set_title(texts.t("axis_maturity"), color=theme.muted)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        share_axis(axes, texts, 6)
        legend(axes, keys, theme, above=False)
        return finish(figure_of(axes), " ".join(filter(None, [texts.t("alt_maturity"), said])))


def _apart_words(apart: pd.DataFrame | None, settings: Settings, texts: Texts) -> str:
    """Return by what leads are forecast apart, in a sentence; '' where all are forecast together."""
    if apart is None or apart.empty:
        return ""
    names = []
    for _, group in apart.groupby("group", sort=False):
        many = len(group) > 1
        names.append(
            texts.t("other_values", n=len(group))
            if many
            else clean(str(group["value"].iloc[0]), 30) or texts.t("not_given")
        )
    attribute = clean(texts.attribute(str(apart["attribute"].iloc[0]), settings))
    return texts.t("say_apart", attribute=attribute, groups=", ".join(names))


def _age_at(curve: pd.DataFrame, share: float) -> int | None:
    ripe = curve.loc[curve["maturity"] >= share, "age_weeks"]
    return int(ripe.min()) if len(ripe) else None


def _age_words(curve: pd.DataFrame, share: float, texts: Texts) -> str:
    age = _age_at(curve, share)
    return EMPTY if age is None else texts.number(age)
