"""Nothing personal gets in or out: numbers and addresses are blotted, columns about people hidden."""

from __future__ import annotations

import re

from funnel.gate import contacts

BLOT = "[personal]"
PERSONAL = re.compile(
    r"телефон|факс|e-?mail|почт|контакт|примечан|комментар|адрес|мессендж|whatsapp|telegram|skype|phone|mobile|fax\b"
    r"|contact|person\b|\bnotes?\b"
    r"|comment|tel[ée]fono|telefone|correo|\bnotas?\b|nombre completo|nome completo"
    r"|полное имя|celular"
)
"""Headers, normalised, of columns that may hold telephone numbers, addresses or names of people."""
_PEOPLE = re.compile(
    r"\bфио\b|фамили|отчеств|\bимя\b|рожден|паспорт|снилс|\bинн\b|passport|birth|surname|\be?mail\b"
    r"|\b(first|last|full|middle|given|family|customer|client|lead|buyer) ?name\b"
)


def is_about_people(header: str) -> bool:
    """Whether a column's name says that it holds names, telephone numbers or addresses of people.

    >>> [is_about_people(name) for name in ("Телефон", "client_name", "E-mail", "ФИО", "contact_phone")]
    [True, True, True, True, True]
    >>> [is_about_people(name) for name in ("channel", "utm_campaign", "manager", "region", "campaign_name")]
    [False, False, False, False, False]
    """
    plain = " ".join(re.sub(r"[_\-.]", " ", header).split()).casefold()
    return bool(PERSONAL.search(plain) or PERSONAL.search(header.casefold()) or _PEOPLE.search(plain))


def blot(text: str) -> str:
    """Replace every telephone number and e-mail address in a text.

    Plain numbers (campaign ids, prices) and dates stay: a number counts as a telephone only with a plus, with
    a bracketed area code, in the groups that numbers are written in, behind a word or link that says so, or
    where its eleven digits (twelve of some neighbours) begin as those of a Russian number. One within a word
    of letters and digits, such as a hash, stays too. Time and memory grow as the text does.

    >>> blot("Иван, +7 (916) 123-45-67, ivan@mail.example")
    'Иван, [personal], [personal]'
    >>> blot("campaign 1234567890 of 2022-09-26 10:00:00")
    'campaign 1234567890 of 2022-09-26 10:00:00'
    >>> blot("тел89161234567, a7c89161234567fe, 8–800–555–35–35")
    'тел[personal], a7c89161234567fe, [personal]'
    """
    return contacts.without(text, BLOT)


def blot_id(text: str) -> str:
    """Blot an id: of those of digits alone, only what is the number of a Russian mobile.

    >>> blot_id("84951234567"), blot_id("89161234567"), blot_id("8-495-123-45-67")
    ('84951234567', '[personal]', '[personal]')
    """
    return text if text.isdecimal() and not contacts.MOBILE.fullmatch(text) else blot(text)
