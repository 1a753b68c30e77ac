"""Which stages the words of canonical files are: keys as they stand, or words that the settings translate."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from funnel.errors import InputError, Problem
from funnel.settings import LEAD, LOST
from funnel.sources.exports.look import SALE
from funnel.sources.exports.outcome import LOST_STATE, WON, folded
from funnel.sources.exports.stage_guess import state_of, step
from funnel.sources.proposal import key_of, line
from funnel.template.proposal import ProposedStage, title
from funnel.template.stage_order import in_order
from funnel.validation import KEY


def words_of(firsts: pd.DataFrame, where: str) -> dict[str, str]:
    """Return what each word of the files means: a stage's key, lead or lost. A key means itself.

    Raises:
        InputError: there is none.
    """
    words = [str(word) for word in firsts.columns]
    if not any(word != LOST for word in words):
        problem = Problem(f"{where}, stage_entries", "no row of it names a stage and a time")
        raise InputError("The stages cannot be proposed.", [problem])
    if all(re.match(KEY, word) for word in words):
        return {word: word for word in words}
    state = {word: state_of(word) for word in words}
    first = in_order(firsts)[0].key
    found: dict[str, str] = {}
    for word in words:
        known = next((found[other] for other in found if folded(other) == folded(word)), None)
        if known or word == LOST or state[word] == LOST_STATE:
            found[word] = known or LOST
        elif state[word] == WON:
            found[word] = SALE
        elif word == first and step(word) == 0:
            found[word] = LEAD
        else:
            found[word] = word if re.match(KEY, word) else key_of(word, list(found.values()))
    return found


def stages_of(firsts: pd.DataFrame, words: Mapping[str, str]) -> list[ProposedStage]:
    """Return the stages in their order, each with what was seen of it; a sale by a word comes last."""
    keys = [key for key in dict.fromkeys(words.values()) if key not in (LEAD, LOST)]
    called = {key: word for word, key in reversed(list(words.items()))}
    ordered = in_order(firsts[keys])
    if any(word != key for word, key in words.items()):
        ordered.sort(key=lambda seen: seen.key == SALE)
    return [
        ProposedStage(
            seen.key, title(seen.key) if called[seen.key] == seen.key else called[seen.key], seen.note
        )
        for seen in ordered
    ]


def mapping(files: Sequence[str], words: Mapping[str, str], firsts: pd.DataFrame) -> str:
    """Return lines of `files` that say what the words mean; '' where all of them are keys."""
    if all(word == key for word, key in words.items()):
        return ""
    order = [LEAD, *(stage.key for stage in stages_of(firsts, words)), LOST]
    lines = ["", "# What the words in the column stage mean; check each line.", "files:"]
    for name in files:
        lines += [
            line(name, "", 2).rstrip("' "),
            "    stages: # word in the file -> stage, lead (none yet) or lost",
        ]
        for word in sorted(words, key=lambda word: order.index(words[word])):
            lines.append(line(word, words[word], 6))
    return "\n".join(lines) + "\n"
