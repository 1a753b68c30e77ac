"""Nothing personal gets in or out: numbers and addresses are blotted, columns about people hidden."""

from __future__ import annotations

import re

BLOT = "[personal]"
SUSPECT = r"@|[+(]|[78][^0-9]*9"
"""What stands in every text that holds a number or an address; most texts have nothing of it. For RE2."""
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
_STOPS = r"\s@<>,;:\"'()"  # what no e-mail address holds on either side of its @
_STOP = re.compile(f"[{_STOPS}]")
_DOMAIN = re.compile(rf"[^{_STOPS}]+\.[^\W\d_]{{2,}}")
_GAP = r"[\s().\u00a0-]*"
_PHONE = re.compile(
    rf"\+{_GAP}\d(?:{_GAP}\d){{8,14}}"  # +55 11 91234-5678
    rf"|(?P<bare>(?<!\d)[78]{_GAP}9\d\d(?:{_GAP}\d){{7}}(?!\d))"  # 8 (916) 123-45-67, without the plus
    r"|\(\d{3,4}\)[\s-]*\d{2,3}[\s-]*\d{2}[\s-]*\d{2}"  # (495) 123-45-67
)
_BEFORE, _AFTER = re.compile(r"[^\W_]*\Z"), re.compile(r"[^\W_]*")
_NEAR = 40  # characters on each side of a number that are looked at


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
    a bracketed area code, or as a Russian mobile. One within a word of letters and digits, such as a hash,
    stays too. Time and memory grow as the text does.

    >>> blot("Иван, +7 (916) 123-45-67, ivan@mail.example")
    'Иван, [personal], [personal]'
    >>> blot("campaign 1234567890 of 2022-09-26 10:00:00")
    'campaign 1234567890 of 2022-09-26 10:00:00'
    >>> blot("тел89161234567, a7c89161234567fe")
    'тел[personal], a7c89161234567fe'
    """
    return _PHONE.sub(_number, _without_addresses(text))


def _without_addresses(text: str) -> str:
    """Blot e-mail addresses, from one @ to the next: an expression would start at every letter."""
    done: list[str] = []
    start = after = 0  # of what is not written yet; of the piece that may hold the next name
    at = text.find("@")
    while at >= 0:
        name = _STOP.split(text[after:at])[-1]
        domain = _DOMAIN.match(text, at + 1)
        after = at + 1
        if name and domain:
            done += [text[start : at - len(name)], BLOT]
            start = after = domain.end()
        at = text.find("@", after)
    return "".join([*done, text[start:]])


def _number(match: re.Match[str]) -> str:
    """Blot a telephone number; a bare one stays where it is a part of an id."""
    if match["bare"] is None:
        return BLOT
    text = match.string
    before = _BEFORE.search(text[max(0, match.start() - _NEAR) : match.start()])
    after = _AFTER.match(text[match.end() : match.end() + _NEAR])
    sides = [side[0] for side in (before, after) if side and side[0]]
    glued = "".join(sides)
    is_id = len(sides) == 2 or any(sign.isdigit() for sign in glued) or re.fullmatch("[a-fA-F]+", glued)
    return match[0] if is_id else BLOT
