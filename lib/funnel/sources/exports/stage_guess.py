"""The order of a CRM's stages, and which stage of the funnel each may mean: for proposals, to be checked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from functools import cache

from funnel.settings import LEAD
from funnel.sources.exports.outcome import Words, folded
from funnel.sources.profiles import profiles

_STEPS: tuple[tuple[str, str], ...] = (
    (r"^new\b|\bnew (lead|deal)|новая|новый|^лид|incoming|неразобранн|inbox|первичн|prospect"
     r"|appointment|open$|создан", "lead"),
    (r"contact|связ|дозвон|в работ|working|attempt|connected|needs|value prop|взят", "target"),
    (r"qualif|квалиф|целев|target|analysis|id\. decision|decision maker|demo|демо|встреч|meeting"
     r"|презент|present", "qualified"),
    (r"propos|quote|offer|estimate|коммерч|\bкп\b|предложен|расч[её]т|смет", "proposal"),
    (r"negot|review|переговор|соглас", "negotiation"),
    (r"contract|договор|подпис|agreement|verbal", "contract"),
    (r"invoice|payment|сч[её]т|оплат|prepay|аванс|delivery|final", "payment"),
)  # fmt: skip
"""Words in the names of stages, in the order in which sales go on."""


_WON = re.compile(r"\bwon\b|успеш|выигр|продано|продажа состоял|^sold\b|\bsigned\b")
_LOST = re.compile(
    r"\blost\b|\bdead\b|cancel|reject|declin|disqualif|\bjunk\b|spam|no deal"
    r"|отказ|провал|проигр|отмен|не реализ"
    r"|потер|дубл|спам|некачеств"
)


def end(name: str) -> str:
    """Return whether the words in a stage's name say that it is an end: won, lost or '' for none.

    >>> end("Closed Lost - no budget"), end("Отказ клиента"), end("Won"), end("Договор подписан")
    ('lost', 'lost', 'won', '')
    """
    plain = folded(name)
    return "lost" if _LOST.search(plain) else "won" if _WON.search(plain) else ""


@cache
def known_words() -> Words:
    """Return the words that any CRM has for won and lost."""
    every = profiles().values()
    return Words.of(
        [word for profile in every for word in profile.won_words],
        [word for profile in every for word in profile.lost_words],
    )


def state_of(name: str) -> str:
    """Return whether a stage is won, lost or open, by the words in its name, else by those that CRMs have."""
    return end(name) or known_words().state(name)


def step(name: str) -> int | None:
    """Return how far on a stage is by the words in its name; None where they say nothing."""
    plain = folded(name)
    return next((n for n, (words, _) in enumerate(_STEPS) if re.search(words, plain)), None)


def in_order(names: Sequence[str], chance: Mapping[str, float]) -> tuple[list[str], bool]:
    """Put stages in order: by their probability, else by the words in their names, else as they came.

    Returns:
        the names, and whether their order is known rather than guessed.
    """
    if all(name in chance for name in names) and len({chance[name] for name in names}) == len(names):
        return sorted(names, key=chance.__getitem__), True
    places = {name: step(name) for name in names}
    known = all(place is not None for place in places.values()) and len(set(places.values())) == len(names)
    last = -1.0
    rank: dict[str, float] = {}
    for name in names:
        place = places[name]
        last = float(place) if place is not None else last + 0.01
        rank[name] = last
    if chance:
        return sorted(names, key=lambda name: (chance.get(name, 50), rank[name])), False
    return sorted(names, key=rank.__getitem__), known


def mapped(
    ordered: Sequence[str], stage_keys: Sequence[str], names: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Say which stage of a funnel each stage of a CRM may mean; never further on than its name says.

    Args:
        ordered: the CRM's open stages in order.
        stage_keys: the funnel's stages.
        names: stage key -> how readers call it.
    """
    called = {folded(word): key for key in stage_keys for word in (key, *names.get(key, ()))}
    words = {word: number for number, (_, word) in enumerate(_STEPS)}
    result, last = {}, LEAD
    order = (LEAD, *stage_keys)
    for name in ordered:
        near = difflib.get_close_matches(folded(name), list(called), n=1, cutoff=0.8)
        key = called[near[0]] if near else ""
        place = step(name)
        if not key and place is not None:
            fitting = [other for other in order[:-1] if other in words and words[other] <= place]
            key = fitting[-1] if fitting else ""
        key = key or last
        last = key if order.index(key) >= order.index(last) else last
        result[name] = key
    return result
