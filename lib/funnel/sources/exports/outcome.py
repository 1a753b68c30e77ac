"""Is a deal won, lost or open? By words, by two columns of yes and no, or by the reason of a loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from funnel.sources.tabular import Mask

WON, LOST_STATE, OPEN = "won", "lost", "open"
_YES = (
    "true",
    "1",
    "1.0",
    "yes",
    "y",
    "да",
    "истина",
    "wahr",
    "ja",
    "sí",
    "sim",
    "oui",
    "vrai",
    "verdadero",
    "verdadeiro",
    "vero",
    "sì",
    "si",
    "так",
    "tak",
    "prawda",
    "x",
    "✓",
)
Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Words:
    """Names of states and stages that mean won and lost, folded."""

    won: frozenset[str]
    lost: frozenset[str]

    @classmethod
    def of(cls, won: Sequence[str], lost: Sequence[str]) -> Words:
        """Make it of words as they stand."""
        return cls(frozenset(map(folded, won)), frozenset(map(folded, lost)))

    def state(self, text: str) -> str:
        """Return what a word means; the reason of a loss may stand in brackets behind it."""
        plain = folded(text)
        if plain in self.won:
            return WON
        if plain in self.lost or any(
            plain.startswith(f"{word} (") and plain.endswith(")") for word in self.lost
        ):
            return LOST_STATE
        return OPEN


def folded(text: str) -> str:
    """Return a name as it is compared."""
    return " ".join(text.split()).casefold()


def by_words(values: pa.Array, words: Words) -> tuple[pa.Array, dict[str, int]]:
    """Return the state of each row by a word, and the words taken as open with the number of rows."""
    encoded = values.dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    states = pa.array([words.state(text) for text in distinct], pa.string())
    counts = {
        item["values"]: item["counts"] for item in pc.value_counts(encoded.indices.drop_null()).to_pylist()
    }
    still = {text: counts.get(n, 0) for n, text in enumerate(distinct) if states[n].as_py() == OPEN}
    return states.take(encoded.indices).fill_null(OPEN), still


def by_flags(won: pa.Array, closed: pa.Array | None) -> pa.Array:
    """Return the state of each row by two columns of yes and no; without the second it may be null."""
    is_won = _yes(won)
    if closed is None:
        return pc.if_else(pa.array(is_won), WON, pa.scalar(None, pa.string()))
    is_closed = _yes(closed)
    return pa.array(np.where(is_won, WON, np.where(is_closed, LOST_STATE, OPEN)).tolist(), pa.string())


def by_reason(closed: pa.Array, reason: pa.Array) -> pa.Array:
    """Return the state of each row by its date of closing: lost with a reason, won without one."""
    ended = pc.if_else(reason.is_valid(), LOST_STATE, WON)
    return pc.if_else(closed.is_valid(), ended, OPEN)


def _yes(values: pa.Array) -> Mask:
    mask: Mask = (
        pc.is_in(pc.utf8_lower(values), pa.array(_YES, pa.string()))
        .fill_null(False)
        .to_numpy(zero_copy_only=False)
    )
    return mask
