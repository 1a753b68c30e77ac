"""Headers of other programs as they are compared, and the currency that stands in them."""

from __future__ import annotations

import re

CURRENCIES = {
    "₽": "RUB", "руб": "RUB", "руб.": "RUB", "р.": "RUB", "€": "EUR", "£": "GBP", "₸": "KZT", "₴": "UAH",
    "r$": "BRL", "us$": "USD", "$": "",
}  # fmt: skip
"""Currency signs in headers; a plain dollar sign is used by many currencies."""
DOLLARS = ("USD", "MXN", "ARS", "CLP", "COP", "CAD", "AUD", "SGD", "NZD", "UYU")
_MONEY = re.compile(
    r"^(?P<word>.*?)(?:[\s,]*\(?(?P<sign>r\$|us\$|[₽$€£₸₴]|руб\.?|р\.)\)?|[\s,]+\(?(?P<code>[a-z]{3})\)?)$"
)


def normal(header: str) -> str:
    """Return a header as it is compared: without capitals, needless spaces and a guard apostrophe.

    >>> normal("  Бюджет  ")
    'бюджет'
    """
    return " ".join(header.lstrip("\ufeff'").split()).casefold()


def without_currency(header: str) -> tuple[str, str | None]:
    """Split the currency off a header: its normal form, and an ISO code; '' for a dollar sign, None for none.

    >>> without_currency("Бюджет ₽"), without_currency("Lead venda R$"), without_currency("Presupuesto $")
    (('бюджет', 'RUB'), ('lead venda', 'BRL'), ('presupuesto', ''))
    >>> without_currency("Amount spent (USD)"), without_currency("Venda")
    (('amount spent', 'USD'), ('venda', None))
    """
    plain = normal(header)
    found = _MONEY.match(plain)
    if not found or not found["word"]:
        return plain, None
    currency = CURRENCIES[found["sign"]] if found["sign"] else found["code"].upper()
    return found["word"].rstrip(" ,("), currency
