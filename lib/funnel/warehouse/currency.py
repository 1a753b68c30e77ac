"""Sums in several currencies turned into the settings' own, exactly."""

from __future__ import annotations

import decimal
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pandas as pd

from funnel.errors import InputError, Problem
from funnel.settings import Settings

_EXACT = decimal.Context(prec=80)


def in_own_currency(
    frame: pd.DataFrame, settings: Settings, columns: Sequence[str], *counts: str
) -> pd.DataFrame:
    """Multiply `amount` (Decimal) with the rate of `currency`, and add up rows that then have the same keys.

    Args:
        frame: with `amount`, `currency` and the columns asked for.
        settings: the currency and the rates.
        columns: what to return, `counts` and 'amount' among them; the others are the keys.
        counts: columns of whole numbers to add up too.

    Raises:
        InputError: a currency has no rate; all of them at once.
    """
    rates = {settings.currency: Decimal(1), **settings.rates}
    _require_rates(set(frame["currency"]), rates, settings)
    amounts = [
        _EXACT.multiply(amount, rates[currency])
        for amount, currency in zip(frame["amount"], frame["currency"], strict=True)
    ]
    result = frame.assign(amount=pd.Series(amounts, index=frame.index, dtype=object))
    if frame["currency"].nunique() > 1:
        keys = [name for name in columns if name not in (*counts, "amount")]
        result = result.groupby(keys, sort=False, as_index=False).agg(
            {**dict.fromkeys(counts, "sum"), "amount": _exact_sum},
        )
    return result[list(columns)].reset_index(drop=True)


def _exact_sum(amounts: pd.Series) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total


def _require_rates(found: set[str], rates: Mapping[str, Decimal], settings: Settings) -> None:
    problems = [
        Problem(
            f"payments, currency {currency!r}",
            f"no rate to {settings.currency}",
            ", ".join(rates),
            f"add it to funnel.yml, such as rates: {{{currency}: 90.5}}",
        )
        for currency in sorted(found - set(rates))
    ]
    if problems:
        raise InputError("Payments cannot be added up.", problems)
