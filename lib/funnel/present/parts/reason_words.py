"""Why rows were set aside, in the reader's language: reasons are kept as the import said them, in English."""

from __future__ import annotations

import re

from funnel.present.parts.escape import clean
from funnel.present.parts.texts import Texts

OTHER = "other"
KINDS: tuple[tuple[str, str], ...] = (
    ("date_order", r"can be read as day/month or month/day|does not fit the order of day and month"),
    ("date_far", r"a date before \S+ or after|is no (?:time|date) between|is a time in milliseconds"),
    ("date_far", r"is later than the server's own time"),
    ("date", r"not a date|the date of .* cannot be read|is no time|is no date"),
    ("day", r"a day without a time of day is needed"),
    ("period", r"the period ends before it begins|it spans several days"),
    ("amount_two", r"the separator can mean thousands|not an amount that can be read one way"),
    ("amount", r"not an amount|is no amount|is below|is larger than any amount"),
    ("number", r"not a whole number|is no whole number"),
    ("empty", r"it is empty|is empty$|is not there$"),
    ("stage", r"not a configured stage"),
    ("currency", r"a currency without a rate"),
    ("choice", r"allowed: |is neither true nor false|is true or false$"),
    ("several", r"the same .*, but other content|it stands in several rows|the key occurs more than once"),
    ("copy", r"exact duplicate of"),
    ("again", r"\S.* brings these days of its platform"),
    ("unknown_lead", r"no lead with this lead_id is known"),
    ("personal_id", r"it is a telephone number or an address"),
    ("id", r"the id |a character of the id|it is longer than|its last three characters|is no id"),
    ("id", r"is larger than any id"),
    ("cells", r"it has .* cells"),
    ("control", r"it holds a control character|holds "),
    ("deleted", r"the account marks it as deleted"),
    ("template", r"is a template of repeated deals"),
    ("record", r"is no record|is of another form|is too long|is no text|nested too deeply|says not where"),
)
"""Key of the words (`reason_KEY`) and how reasons of that kind begin, behind the name of a field or not."""


def kind_of(reason: str) -> str:
    """Return which of `KINDS` a reason is; `OTHER` for one that this version does not give.

    >>> kind_of("not a date; readable: #-#-#"), kind_of("created_at is empty"), kind_of("so it was")
    ('date', 'empty', 'other')
    """
    for key, pattern in KINDS:
        if re.match(rf"(?:\S+ )?(?:{pattern})", reason):
            return key
    return OTHER


def reason_words(reason: str, column: str, texts: Texts) -> str:
    """Return why rows were set aside, with the column in question.

    Args:
        reason: `gate.gaps.ASIDE_COLUMNS`.
        column: of the table; '' where the row as a whole cannot be used.
        texts: the language.
    """
    why = texts.t(f"reason_{kind_of(reason)}")
    return texts.t("reason_in_column", column=clean(column), why=why) if column else why
