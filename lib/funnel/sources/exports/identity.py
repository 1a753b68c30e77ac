"""One id in several writings: Salesforce's of 15 and of 18 characters, Zoho's with its prefix."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from funnel.gate.personal import blot_id
from funnel.sources.clean import blotted
from funnel.sources.convert import Fault, id_faults
from funnel.sources.tabular import TEXT, Cells, Mask

_ZOHO = r"^zcrm_"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHORT = re.compile(r"[A-Za-z0-9]{15}")
_LONG = re.compile(r"[A-Za-z0-9]{18}")


def one_writing(ids: pa.Array, kind: str) -> tuple[pa.Array, Mask]:
    """Bring ids to one writing; also say which of them had their capitals changed on the way.

    Args:
        ids: text.
        kind: plain, salesforce or zoho.
    """
    if kind == "zoho":
        return pc.replace_substring_regex(ids, _ZOHO, ""), np.zeros(len(ids), bool)
    if kind != "salesforce":
        return pc.replace_substring(ids, ".0", "") if are_floats(ids) else ids, np.zeros(len(ids), bool)
    texts: list[str | None] = ids.to_pylist()
    wrong = np.fromiter((bool(text and not is_whole(text)) for text in texts), bool, len(texts))
    return pa.array([text and lengthened(text) for text in texts], pa.string()), wrong


def are_floats(ids: pa.Array) -> bool:
    """Whether every id is a whole number with `.0` behind it, as a table with gaps writes them.

    >>> are_floats(pa.array(["12.0", None, "7.0"])), are_floats(pa.array(["12.0", "7"]))
    (True, False)
    """
    found = pc.match_substring_regex(ids, r"^\d+\.0$")
    return bool(pc.all(found).as_py()) and ids.null_count < len(ids)


def with_prefix(cells: Cells, prefix: str | None) -> Cells:
    """Put the words before every id that keep the ids of two CRMs apart; a spoilt id stays as it is."""
    if not prefix:
        return cells
    text = cells.text()
    spoilt = np.zeros(len(text), bool)
    for mask, _ in id_faults(cells, text):
        spoilt |= mask
    ids = pc.if_else(pa.array(spoilt), text, pc.binary_join_element_wise(prefix, text, ""))
    return Cells(ids, None if cells.kinds is None else np.where(spoilt, cells.kinds, TEXT))


def lengthened(text: str) -> str:
    """Return a Salesforce id of 15 characters with the three that say which of its letters are capitals.

    The Salesforce Object Reference tells how: each group of five letters gives one, by which of them are
        capitals.

    >>> lengthened("001A0000006Vm9r"), lengthened("L-17")
    ('001A0000006Vm9rIAC', 'L-17')
    """
    return text + _suffix(text) if _SHORT.fullmatch(text) else text


def is_whole(text: str) -> bool:
    """Whether an id of 18 characters fits its last three; another text is whole.

    >>> is_whole("001A0000006Vm9rIAC"), is_whole("001a0000006vm9rIAC")
    (True, False)
    """
    return not _LONG.fullmatch(text) or text[15:].upper() == _suffix(text[:15])


def _suffix(text: str) -> str:
    groups = (text[start : start + 5] for start in (0, 5, 10))
    return "".join(
        _LETTERS[sum(1 << place for place, sign in enumerate(group) if sign.isupper())] for group in groups
    )


def doubtful(ids: pa.Array, spoilt: Mask) -> list[Fault]:
    """Return what sets a lead aside by its id alone.

    Args:
        ids: text.
        spoilt: whose capitals were changed on the way; see `one_writing`.
    """
    telling = pc.not_equal(blotted(ids, blot_id), ids).fill_null(False).to_numpy(zero_copy_only=False)
    personal = "it is a telephone number or an address; give leads a number of your own"
    return [
        Fault("lead_id", telling, lambda _: personal),
        Fault("lead_id", spoilt, lambda _: "its last three characters say that its capitals were changed"),
    ]
