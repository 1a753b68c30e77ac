"""Sums in several currencies turned into the settings' own, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pandas as pd

from funnel.settings import Settings
from funnel.warehouse.money import _EXACT, _exact_sum, _require_rates


def in_own_currency(
    frame: pd.DataFrame, settings: Settings, columns: Sequence[str], count: str
) -> pd.DataFrame:
    """Multiply `amount` (Decimal) with the rate of `currency`, and add up rows that then have the same keys.

    Args:
        frame: with `amount`, `currency` and the columns asked for.
        settings: the currency and the rates.
        columns: what to return, `count` and 'amount' among them; the others are the keys.
        count: a column of whole numbers to add up too.

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
        keys = [name for name in columns if name not in (count, "amount")]
        result = result.groupby(keys, sort=False, as_index=False).agg(
            {count: "sum", "amount": _exact_sum},
        )
    return result[list(columns)].reset_index(drop=True)
