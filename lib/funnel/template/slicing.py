"""Which columns of the leads are worth slicing by, and why others are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from funnel.gate.personal import blot
from funnel.template.proposal import ProposedAttribute

MOST_VALUES = 60
SHOWN_VALUES = 15
SLICES = 2
_SAMPLE = 1000
_FIRST = ("channel", "source", "utm_source", "manager", "product", "region")


def attributes_of(columns: Mapping[str, pd.Series], won: pd.Series) -> list[ProposedAttribute]:
    """Say of every column what it holds and whether the report should slice by it.

    Args:
        columns: the leads' columns but their own ones, as texts.
        won: whether each lead reached the last stage.
    """
    return [_judged(name, texts, won) for name, texts in columns.items()]


def _judged(name: str, texts: pd.Series, won: pd.Series) -> ProposedAttribute:
    filled = texts.notna()
    values = texts[filled].value_counts()
    told = f"{len(values):,} value{'s' * (len(values) != 1)} in {int(filled.sum()):,} of {len(texts):,} leads"
    why = next(_against(values, filled, won), "")
    return ProposedAttribute(name, f"{told}: {why}" if why else told, proposed=not why)


def _against(values: pd.Series, filled: pd.Series, won: pd.Series) -> Iterator[str]:
    """Say why a column should not be sliced by; nothing if it should."""
    if any(blot(str(value)) != value for value in values.index[:_SAMPLE]):
        yield "telephone numbers or e-mail addresses; take the column out of the file"
    if not len(values):
        yield "empty"
    elif len(values) == 1:
        yield "one value only"
    if len(values) > MOST_VALUES:
        yield "too many to compare"
    if won.any() and not won.all():
        winners, others = filled[won].mean(), filled[~won].mean()
        if winners > 0.1 and others < 0.05 * winners:
            yield "filled for won leads alone, so it tells the outcome instead of explaining it"


def slices_of(attributes: Sequence[ProposedAttribute], texts: Mapping[str, pd.Series]) -> list[str]:
    """Choose what the report shows: columns of few values, mostly filled, the usual names first."""
    fit = [
        item.column
        for item in attributes
        if item.proposed
        and texts[item.column].nunique() <= SHOWN_VALUES
        and texts[item.column].notna().mean() >= 0.5
    ]
    rank = {name: place for place, name in enumerate(_FIRST)}
    fit.sort(key=lambda name: (rank.get(name.casefold(), len(rank)), texts[name].nunique()))
    return fit[:SLICES]
