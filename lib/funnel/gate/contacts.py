"""What a telephone number and an e-mail address look like, however they are written; `personal` blots them.

Spaces, dashes, digits and signs of other writings count as the plain ones, and what cannot be seen counts as
nothing. Everything is found in time that grows as the text does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

Span = tuple[int, int]
_DIGITS = "\uff10-\uff19\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\U0001d7ce-\U0001d7ff"  # beside 0 to 9
_UNSEEN = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\u20e3"
_LABELS = "[Тт][Ее][Лл]|[Мм][Оо][Бб]|[Сс][Оо][Тт]|[Tt][Ee][Ll]|[Mm][Oo][Bb]|[Pp][Hh][Oo]|[Cc][Ee][Ll]"
_LABELS += "|[Aa][Pp][Pp]|[Вв][Оо][Тт]|[Вв][Аа][Тт]|[Вв][Аа][Йй]|[Vv][Ii][Bb]"
_NOT = "[^0-9A-Za-z]"
SUSPECT = (
    f"[@\uff20\ufe6b+\uff0b\ufe62(\uff08{_DIGITS}{_UNSEEN}]|%40|%2[Bb]|&#|&[Cc]|[/=:] ?[0-9]{{7}}"
    f"|(?:^|[^0-9])[78]{_NOT}*[34789][0-9][0-9]{_NOT}*[0-9]"
    f"|[0-9]{{3}}{_NOT}+[0-9]{{3}}{_NOT}+[0-9][0-9]"
    f"|(?:^|[^0-9])00[1-9][0-9]*{_NOT}+[0-9]"
    "|(?:^|[^0-9])(?:37[345]|380|99[2-8])[0-9]{8}"
    f"|(?:{_LABELS})[^0-9]{{0,12}}[0-9]{{2}}"
)
"""What stands in every text that holds a number or an address; most texts have nothing of it. It is read by
RE2, PostgreSQL and Java alike."""
_SIGNS = {"\u3002": ".", "\u2212": "-", "\u02d7": "-", "\u2043": "-"}
_HIDDEN = re.compile(f"[{_UNSEEN}]")


class _Plain(dict[int, str]):
    """One plain sign for each sign that is written otherwise, so that places stay."""

    def __missing__(self, number: int) -> str:
        """Look a sign up once."""
        sign = chr(number)
        kind = unicodedata.category(sign)
        folded = unicodedata.normalize("NFKC", sign)
        if kind[0] == "Z":
            plain = " "
        elif re.match(f"[{_DIGITS}]", sign):
            plain = str(unicodedata.decimal(sign))
        elif kind == "Pd":
            plain = "-"
        else:
            plain = _SIGNS.get(sign, folded if len(folded) == 1 else sign)
        self[number] = plain
        return plain


_PLAIN = _Plain()


def plain(text: str) -> tuple[str, Sequence[int]]:
    r"""Return a text with plain spaces, dashes, digits and signs, and where in the text each sign stands.

    What is not seen is left out.

    >>> plain("８–9\u200b16")
    ('8-916', [0, 1, 2, 4, 5])
    """
    if text.isascii():
        return text, range(len(text))
    if not _HIDDEN.search(text):
        return text.translate(_PLAIN), range(len(text))
    places = [place for place, sign in enumerate(text) if not _HIDDEN.match(sign)]
    return "".join(text[place] for place in places).translate(_PLAIN), places


def without(text: str, blot: str) -> str:
    """Return a text with a word instead of each address and number."""
    for find in (addresses, numbers, said):
        shown, places = plain(text)
        done: list[str] = []
        start = 0
        for first, end in find(shown):
            done += [text[start : places[first]], blot]
            start = places[end - 1] + 1
        text = "".join([*done, text[start:]]) if done else text
    return text


_STOPS = r"\s@<>,;:\"'()"  # what no e-mail address holds on either side of its @
_STOP = re.compile(f"[{_STOPS}]")
_AT = re.compile("@|%40|&#0*64;|&#x0*40;|&commat;", re.IGNORECASE)
_DOMAIN = re.compile(rf" ?[^{_STOPS}%&]+\.(?:xn--[a-z0-9-]+|[^\W\d_]{{2,}})", re.IGNORECASE)


def addresses(text: str) -> Iterator[Span]:
    """Find e-mail addresses, from one @ to the next: an expression would start at every letter.

    >>> [*addresses("an ivan@mail.example, mailto:a%40b.example")]
    [(3, 20), (29, 42)]
    """
    after = 0
    for at in _AT.finditer(text):
        if at.start() < after:
            continue
        name = _name(text[after : at.start()], text[at.end() : at.end() + 1] == " ")
        domain = _DOMAIN.match(text, at.end()) if name else None
        after = domain.end() if domain else at.end()
        if domain:
            yield at.start() - len(name), after


def _name(before: str, spaced: bool) -> str:
    """Return what stands before an @ and belongs to it; a quoted part or a remark is within.

    Args:
        before: the text.
        spaced: whether a space stands behind the @, so that one may stand before it: `@name` is no address.
    """
    if before[-1:] == " " and spaced and (name := _STOP.split(before[:-1])[-1]):
        return f"{name} "
    for opening, closing in ('""', "()"):
        start = before.rfind(opening, 0, -1) if before.endswith(closing) else -1
        if start >= 0:
            return _STOP.split(before[:start])[-1] + before[start:]
    return _STOP.split(before)[-1]


_GAP = r"[\s().\-_/]*"
_BETWEEN = r"[\s\-]{1,3}"
_NO_DAY = r"(?!\s*(?:(?:19|20)[0-9]{2}[-./]|[0-9]{1,2}[./][0-9]{1,2}[./]))"
_LABEL = r"тел(?:ефон)?|моб(?:ильный)?|сот(?:овый)?|tel|phone|mobile|cell|whats ?app|в[оа]тс?ап|вайбер|viber"
_NUMBER = re.compile(
    rf"(?:\+|%2[Bb]){_GAP}[0-9](?:{_GAP}[0-9]){{8,14}}"  # +55 11 91234-5678
    rf"|(?:\([0-9]{{2}}\){_NO_DAY}(?:{_GAP}[0-9]){{8,9}}|\([0-9]{{3}}\){_NO_DAY}(?:{_GAP}[0-9]){{6,8}}"
    rf"|\((?!19|20)[0-9]{{4}}\){_NO_DAY}(?:{_GAP}[0-9]){{6,7}}|\([0-9]{{5}}\)(?:{_GAP}[0-9]){{5,6}})(?![0-9])"
    r"|(?<![0-9])(?=[0-9])(?:"
    rf"(?P<bare>[78]{_GAP}[34789][0-9][0-9](?:{_GAP}[0-9]){{7}}(?![0-9]))"  # 8 (916) 123-45-67
    rf"|(?P<grouped>[0-9]{{3}}{_BETWEEN}[0-9]{{3}}{_BETWEEN}[0-9]{{2}}{_BETWEEN}[0-9]{{2}}(?![0-9])"
    r"|[2-9][0-9]{2}[-. ][0-9]{3}[-. ][0-9]{4}(?![0-9]))"  # 916 123-45-67, 555-123-4567
    rf"|00[1-9][0-9]{{0,2}}{_BETWEEN}[0-9](?:{_GAP}[0-9]){{7,12}}(?![0-9])"  # 0044 20 7946 0958
    r"|(?P<abroad>(?:(?:375|380|99[2-8])[0-9]{9}|37[34][0-9]{8})(?![0-9])))"  # 375291234567
)
_SAID = re.compile(
    rf"(?:wa\.me/|(?:phone|tel|msisdn|whatsapp)=|(?:tel|callto|sms):){_GAP}(?P<linked>[0-9]{{7,15}})"
    rf"|(?=[тмсtpcwвv])(?<![^\W_])(?:{_LABEL})[\s.:№\-]{{0,4}}"
    rf"(?P<labelled>(?:9[0-9]{{2}}(?:{_GAP}[0-9]){{7}}|[0-9]{{2,3}}[\s-][0-9]{{2}}[\s-][0-9]{{2}})(?![0-9]))"
)
"""Where a link or a word before it says what a number is."""
_AMOUNTS = re.compile(r"[78](?:[ .][0-9]{3}){2}\s?-\s?[0-9]{1,3}[ .][0-9]{3}(?![0-9])")
"""From 8 300 000 - 9 000 000."""
_BEFORE, _AFTER = re.compile(r"[^\W_]*\Z"), re.compile(r"[^\W_]*")
_NEAR = 40  # characters on each side of a number that are looked at
MOBILE = re.compile("[78]9[0-9]{9}")
"""A Russian mobile number of digits alone."""


def numbers(text: str) -> Iterator[Span]:
    """Find telephone numbers by their look.

    >>> [*numbers("8-800-555-35-35, + 44 20 7946 0958")]
    [(0, 15), (17, 34)]
    """
    for match in _NUMBER.finditer(text):
        if not match.lastgroup or not (_is_of_an_id(match) or _AMOUNTS.match(text, match.start())):
            yield match.span()


def said(text: str) -> Iterator[Span]:
    """Find numbers that a link or a word before them says to be telephone numbers.

    >>> [*said("wa.me/15552234567, тел. 9161234567")]
    [(6, 17), (24, 34)]
    """
    low = text.lower()
    for match in _SAID.finditer(low if len(low) == len(text) else text):
        yield match.span(match.lastgroup or 0)


def _is_of_an_id(match: re.Match[str]) -> bool:
    """Whether a number stands within a word of letters and digits, such as a hash."""
    text = match.string
    before = _BEFORE.search(text[max(0, match.start() - _NEAR) : match.start()])
    after = _AFTER.match(text[match.end() : match.end() + _NEAR])
    sides = [side[0] for side in (before, after) if side and side[0]]
    glued = "".join(sides)
    return len(sides) == 2 or any(sign.isdigit() for sign in glued) or bool(re.fullmatch("[a-fA-F]+", glued))
