"""Headers of other programs as they are compared, and the currencies that stand in headers and cells."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from babel import Locale

CURRENCIES = {
    "₽": "RUB", "руб": "RUB", "руб.": "RUB", "р.": "RUB", "€": "EUR", "£": "GBP", "₸": "KZT", "₴": "UAH",
    "r$": "BRL", "us$": "USD", "zł": "PLN", "₹": "INR", "₺": "TRY", "¥": "JPY", "$": "",
    "a$": "AUD", "c$": "CAD", "ca$": "CAD", "nz$": "NZD", "s$": "SGD", "hk$": "HKD", "mx$": "MXN",
    "грн": "UAH", "грн.": "UAH", "тг": "KZT", "тг.": "KZT", "тенге": "KZT", "сум": "UZS", "₾": "GEL",
    "₼": "AZN", "₪": "ILS", "฿": "THB", "₩": "KRW", "₫": "VND", "₱": "PHP", "₦": "NGN",
}  # fmt: skip
"""Currency signs in headers and cells; a plain dollar sign is used by many currencies."""
DOLLARS = ("USD", "MXN", "ARS", "CLP", "COP", "CAD", "AUD", "SGD", "NZD", "UYU")
SIGNS = r"(?:(?:r|us|a|c|ca|nz|s|hk|mx)\$|[₽$€£₸₴₹₺¥₾₼₪฿₩₫₱₦]|zł|руб\.?|р\.|грн\.?|тг\.?|тенге|сум)"
_MONEY = re.compile(rf"^(?P<word>.*?)(?:[\s,]*\(?(?P<sign>{SIGNS})\)?|[\s,]+\(?(?P<code>[a-z]{{3}})\)?)$")
_NAMED = ("en", "ru", "uk", "de", "fr", "es", "pt", "it", "pl")


@lru_cache(maxsize=4096)
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


def currency_of(text: str) -> str | None:
    """Return the ISO code of a currency by its code, sign or name; '' for a dollar sign, None if it is none.

    >>> [currency_of(text) for text in ("Российский рубль", "usd", "€", "$", "x")]
    ['RUB', 'USD', 'EUR', '', None]
    """
    plain = normal(text)
    known = _currencies()
    return CURRENCIES.get(plain, known.get(plain))


@cache
def _currencies() -> dict[str, str]:
    names: dict[str, str] = {}
    for language in reversed(_NAMED):
        for code, name in Locale(language).currencies.items():
            if not re.search(r"\d{4}", name):  # no currency of the past
                names[normal(name)] = code
    names |= {str(code).casefold(): str(code) for code in Locale("en").currencies}
    return {**names, "рубль": "RUB", "российский рубль": "RUB", "dollar": "", "доллар": "", "евро": "EUR"}
