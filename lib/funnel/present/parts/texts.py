"""Words, numbers and dates as a reader sees them, in one language.

Every text lies in `locale/<language>.yml`; numbers, dates, money and plural forms come from CLDR through
Babel. Dates: English ``12 Sep 2022``, Russian ``12.09.2022``. A per cent sign follows a no-break space in
both languages; what cannot be computed (0 / 0) is a dash, never 0.
"""

from __future__ import annotations

import datetime as dt
import math
import string
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import babel
import yaml
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, get_currency_symbol

from funnel.columns import OVERALL
from funnel.dates import WEEK
from funnel.settings import LANGUAGES, LEAD, LOST, Language, Settings

EMPTY = "–"
NBSP = "\u00a0"
MINUS = "\u2212"
_LOCALE = Path(__file__).parents[1] / "locale"
_DAY = {"en": ("d MMM y", "d MMM"), "ru": ("dd.MM.y", "dd.MM")}

Entry = str | dict[str, str]


@cache
def catalogue(language: Language) -> Mapping[str, Entry]:
    """Return all texts of a language as they stand: a string, or plural forms by CLDR category.

    >>> catalogue("en")["title"]
    'Weekly cohort report'
    """
    entries: dict[str, Entry] = yaml.safe_load((_LOCALE / f"{language}.yml").read_text(encoding="utf-8"))
    return entries


def placeholders(entry: Entry) -> frozenset[str]:
    """Return the names a text wants filled.

    >>> sorted(placeholders("{n} of {total}"))
    ['n', 'total']
    """
    forms = [entry] if isinstance(entry, str) else list(entry.values())
    return frozenset(name for form in forms for _, name, _, _ in string.Formatter().parse(form) if name)


@dataclass(frozen=True, slots=True)
class Said:
    """A text as it was said.

    Attributes:
        key: of the catalogue.
        values: what its placeholders were filled with; a whole number is not formatted yet.
        words: what came of them.
    """

    key: str
    values: Mapping[str, str | int]
    words: str


class Texts:
    """The texts and formats of one language.

    Attributes:
        said: every text that was filled, in order, where a list is given to keep them in.

    >>> en, ru = Texts("en"), Texts("ru")
    >>> en.week(dt.date(2022, 9, 12)), ru.week(dt.date(2022, 9, 12))
    ('12 Sep 2022 – 18 Sep 2022', '12.09.2022 – 18.09.2022')
    >>> ru.t("n_leads", n=558), ru.t("n_leads", n=1), ru.t("n_leads", n=3)
    ('558 лидов', '1 лид', '3 лида')
    >>> said = []
    >>> Texts("en", said).t("n_leads", n=3), said
    ('3 leads', [Said(key='n_leads', values={'n': 3}, words='3 leads')])
    """

    def __init__(self, language: Language, said: list[Said] | None = None) -> None:
        self.language = language
        self.said = said
        self._entries = catalogue(language)
        self._locale = babel.Locale.parse(language)
        self._full, self._short = _DAY[language]

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def t(self, key: str, **values: str | int) -> str:
        """Return a text with its placeholders filled; a whole number is formatted, `n` chooses the plural.

        Raises:
            KeyError: there is no such text, or a placeholder has no value (a programmer's error).
        """
        entry = self._entries[key]
        if isinstance(entry, dict):
            entry = entry[self._locale.plural_form(abs(int(values["n"])))]
        filled = {name: self.number(v) if isinstance(v, int) else v for name, v in values.items()}
        words = entry.format(**filled)
        if self.said is not None:
            self.said.append(Said(key, values, words))
        return words

    def plain(self) -> dict[str, str]:
        """Return every text that needs no filling, for `_variables.yml`."""
        return {
            key: entry.strip()
            for key, entry in self._entries.items()
            if isinstance(entry, str) and not placeholders(entry)
        }

    def number(self, value: float | Decimal, digits: int = 0) -> str:
        r"""Return a number with the language's separators; NaN is a dash.

        >>> Texts("ru").number(12345), Texts("en").number(1234.5, 1)
        ('12\xa0345', '1,234.5')
        """
        if _missing(value):
            return EMPTY
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return format_decimal(value, pattern, locale=self._locale).replace("-", MINUS)

    def percent(self, rate: float, digits: int = 0) -> str:
        r"""Return a share (0..1) in per cent.

        >>> Texts("en").percent(23 / 558, 2), Texts("ru").percent(23 / 558, 2)
        ('4.12\xa0%', '4,12\xa0%')
        """
        return EMPTY if _missing(rate) else f"{self.number(rate * 100, digits)}{NBSP}%"

    def change(self, relative: float, digits: int = 0) -> str:
        r"""Return a relative change (0.22 is 22 per cent up) with its sign.

        >>> Texts("en").change(0.22), Texts("en").change(-0.105), Texts("en").change(0.001)
        ('+22\xa0%', '−10\xa0%', '0\xa0%')
        """
        text = self.percent(abs(relative), digits)
        if _missing(relative) or text == self.percent(0.0, digits):
            return text
        return ("+" if relative > 0 else MINUS) + text

    def money(self, amount: Decimal | float, currency: str) -> str:
        r"""Return an amount in whole units of its currency.

        >>> Texts("en").money(Decimal("1234.5"), "USD"), Texts("en").money(Decimal("-12"), "RUB")
        ('$1,234', '−RUB\xa012')
        """
        if _missing(amount):
            return EMPTY
        gap = NBSP if get_currency_symbol(currency, locale=self._locale).isalpha() else ""
        pattern = {"en": f"¤{gap}#,##0", "ru": f"#,##0{NBSP}¤"}[self.language]
        text = format_currency(amount, currency, pattern, locale=self._locale, currency_digits=False)
        return text.replace("-", MINUS)

    def date(self, day: dt.date) -> str:
        """Return a day in full.

        >>> Texts("en").date(dt.date(2022, 9, 26)), Texts("ru").date(dt.date(2022, 9, 26))
        ('26 Sep 2022', '26.09.2022')
        """
        return format_date(day, self._full, locale=self._locale)

    def month(self, day: dt.date) -> str:
        """Return the short name of a month, as on a time axis.

        >>> Texts("en").month(dt.date(2022, 9, 26)), Texts("ru").month(dt.date(2022, 9, 26))
        ('Sep', 'сент.')
        """
        return format_date(day, "LLL", locale=self._locale)

    def month_of_year(self, day: dt.date) -> str:
        """Return a month and its year.

        >>> Texts("en").month_of_year(dt.date(2022, 9, 26)), Texts("ru").month_of_year(dt.date(2022, 9, 26))
        ('September 2022', 'сентябрь 2022')
        """
        return format_date(day, "LLLL y", locale=self._locale)

    def moment(self, instant: dt.datetime) -> str:
        """Return a time to the minute.

        >>> Texts("ru").moment(dt.datetime(2022, 9, 26, 9, 5))
        '26.09.2022 09:05'
        """
        return format_datetime(instant, f"{self._full} HH:mm", locale=self._locale)

    def week(self, monday: dt.date) -> str:
        """Return a week as its first and last day."""
        return f"{self.date(monday)} – {self.date(monday + WEEK - dt.timedelta(days=1))}"

    def short_week(self, monday: dt.date) -> str:
        """Return a week by its Monday, without the year.

        >>> Texts("en").short_week(dt.date(2022, 9, 12)), Texts("ru").short_week(dt.date(2022, 9, 12))
        ('12 Sep', '12.09')
        """
        return format_date(monday, self._short, locale=self._locale)

    def compact_week(self, monday: dt.date) -> str:
        """Return a week as in the first column of a table: what both days share is said once.

        >>> Texts("en").compact_week(dt.date(2022, 9, 12)), Texts("ru").compact_week(dt.date(2022, 9, 12))
        ('12–18 Sep 2022', '12.09–18.09.2022')
        >>> Texts("en").compact_week(dt.date(2022, 6, 27)), Texts("en").compact_week(dt.date(2022, 12, 26))
        ('27 Jun – 3 Jul 2022', '26 Dec 2022 – 1 Jan 2023')
        """
        sunday = monday + WEEK - dt.timedelta(days=1)
        if monday.year != sunday.year:
            return self.week(monday)
        if self.language == "ru":
            return f"{self.short_week(monday)}–{self.date(sunday)}"
        if monday.month == sunday.month:
            return f"{monday.day}–{self.date(sunday)}"
        return f"{self.short_week(monday)} – {self.date(sunday)}"

    def stage(self, key: str, settings: Settings) -> str:
        """Return the name of a stage, of the lead itself, of `lost` or of `overall`.

        A stage with no name in this language is shown by the one it has in another, else by its key.

        Raises:
            KeyError: no such stage is configured.
        """
        if key in (LEAD, LOST, OVERALL):
            return self.t(f"stage_{key}")
        return self._called({stage.key: stage.name for stage in settings.stages}[key], key)

    def attribute(self, name: str, settings: Settings) -> str:
        """Return the name of a lead attribute, as `stage` does."""
        return self._called(settings.attributes.get(name, {}), name)

    def _called(self, names: Mapping[Any, str], key: str) -> str:
        known: list[Language] = [self.language, *LANGUAGES]
        return next((names[one] for one in known if names.get(one)), key)


def _missing(value: float | Decimal) -> bool:
    return not math.isfinite(value)
