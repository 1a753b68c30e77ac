"""Amounts of a forecast: in one round unit for a whole table or figure, so that they compare at a glance."""

from __future__ import annotations

from dataclasses import dataclass

from babel.numbers import get_currency_symbol

from funnel.present.parts.texts import NBSP, Texts

_UNITS = ((1e9, "unit_billion"), (1e6, "unit_million"), (1e3, "unit_thousand"))


@dataclass(frozen=True, slots=True)
class Unit:
    """What amounts are counted in.

    Attributes:
        size: how many units of the currency.
        digits: after the point, so that the largest amount has three digits.
        name: in words, such as ``million RUB``.
    """

    size: float
    digits: int
    name: str

    def number(self, amount: float, texts: Texts) -> str:
        """Return an amount without the unit's name."""
        return texts.number(amount / self.size, self.digits)

    def words(self, amount: float, texts: Texts) -> str:
        """Return an amount with the unit's name."""
        return f"{self.number(amount, texts)}{NBSP}{self.name}"


def unit_for(largest: float, currency: str, texts: Texts) -> Unit:
    r"""Return the unit in which an amount has one to three digits before the point.

    >>> texts = Texts("en")
    >>> unit_for(27_692_410, "RUB", texts).words(4_652_793, texts)
    '4.7\xa0million RUB'
    >>> unit_for(980, "RUB", texts).words(980, texts)
    '980\xa0RUB'
    """
    code = currency_word(currency, texts)
    size, key = next(((size, key) for size, key in _UNITS if largest >= size), (1.0, ""))
    if not key:
        return Unit(1.0, 0, code)
    return Unit(
        size, 2 if largest < 10 * size else 1 if largest < 100 * size else 0, texts.t(key, currency=code)
    )


def currency_word(currency: str, texts: Texts) -> str:
    """Return how a currency is named beside a number: RUB, or ₽ in Russian."""
    return currency if texts.language == "en" else get_currency_symbol(currency, locale=texts.language)
