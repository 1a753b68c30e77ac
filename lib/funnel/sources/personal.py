"""Nothing personal gets in: telephone numbers and e-mail addresses are blotted out at the door."""

from __future__ import annotations

import re

BLOT = "[personal]"
_EMAIL = re.compile(r"[^\s@<>,;:\"'()]+@[^\s@<>,;:\"'()]+\.[^\W\d_]{2,}")
_GAP = r"[\s().\u00a0-]*"
_PHONE = re.compile(
    rf"\+{_GAP}\d(?:{_GAP}\d){{8,14}}"  # +55 11 91234-5678
    rf"|(?<!\d)[78]{_GAP}9\d\d(?:{_GAP}\d){{7}}(?!\d)"  # 8 (916) 123-45-67, a Russian mobile without the plus
    r"|\(\d{3,4}\)[\s-]*\d{2,3}[\s-]*\d{2}[\s-]*\d{2}"  # (495) 123-45-67
)


def blot(text: str) -> str:
    """Replace every telephone number and e-mail address in a text.

    Plain numbers (campaign ids, prices) and dates stay: a number counts as a telephone only with a plus, with
    a bracketed area code, or as a Russian mobile.

    >>> blot("Иван, +7 (916) 123-45-67, ivan@mail.example")
    'Иван, [personal], [personal]'
    >>> blot("campaign 1234567890 of 2022-09-26 10:00:00")
    'campaign 1234567890 of 2022-09-26 10:00:00'
    """
    return _PHONE.sub(BLOT, _EMAIL.sub(BLOT, text))
