"""What the program drafted of a narrative, and what its numbers were: kept beside it, in `.drafted/`.

By it an untouched draft is known from an edited one, and in an edited one the sentences whose numbers have
moved since they were written. The file belongs to the narrative: commit it with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from funnel.publish.files import write_text

FOLDER = ".drafted"
_END = re.compile(r"(?<=[.!?])\s+(?=[^\sa-zа-яё])|\n+(?:[-*>#]+ )?")
_NO_BREAK = str.maketrans({"\u00a0": " ", "\u202f": " "})
_SIGNS = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2212": "-"})
_LEAST = 3
"""Digits, or two and a per cent sign, that a number must have to be known again in a sentence."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """What is known of a narrative.

    Attributes:
        draft: digest of the newest draft; empty where the program drafted none.
        sentences: of the newest draft.
        earlier: sentences that earlier drafts had and the newest has not.
        values: words of every value that can be cited, the newest last.
    """

    draft: str = ""
    sentences: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def untouched(self, text: str) -> bool:
        """Tell whether a text is the newest draft, but for spaces at the ends of lines."""
        return bool(self.draft) and digest(text) == self.draft

    def again(self, draft: str, values: Mapping[str, str]) -> Drafted:
        """Return what is known after a run with this draft and these values."""
        now = tuple(sentences(draft))
        gone = dict.fromkeys((*self.earlier, *self.sentences))
        known = {
            name: (*(word for word in self.values.get(name, ()) if word != value), value)
            for name, value in values.items()
        }
        return Drafted(digest(draft), now, tuple(one for one in gone if one not in now), known)

    def moved(self, text: str) -> list[str]:
        """Return the sentences of an edited text whose numbers have moved since they were written.

        Those of an earlier draft that the newest would write otherwise, and those that hold, typed, what a
        value of the catalogue was and is no longer.
        """
        if self.untouched(text):
            return []
        now = {_plain(words[-1]) for words in self.values.values()}
        old = {_plain(word) for words in self.values.values() for word in words} - now
        typed = [re.compile(rf"(?<![\d.,]){re.escape(word)}(?!\d)") for word in old if _telling(word)]
        stale = {_plain(one) for one in self.earlier if re.search(r"\d", one)}
        return [
            " ".join(one.translate(_NO_BREAK).split())
            for one in sentences(text)
            if _plain(one) in stale or any(word.search(_plain(one)) for word in typed)
        ]


def beside(narrative: Path) -> Path:
    """Return the file that is kept beside a narrative."""
    return narrative.parent / FOLDER / f"{narrative.stem}.json"


def read(narrative: Path) -> Drafted:
    """Return what is known of a narrative; nothing where no file is beside it, or none that can be read."""
    try:
        found = json.loads(beside(narrative).read_text(encoding="utf-8"))
        return Drafted(
            str(found["draft"]),
            tuple(map(str, found["sentences"])),
            tuple(map(str, found["earlier"])),
            {str(name): tuple(map(str, words)) for name, words in found["values"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Drafted()  # then the narrative counts as edited, and is not touched


def write(narrative: Path, known: Drafted) -> None:
    """Keep what is known of a narrative beside it."""
    content = {
        "draft": known.draft,
        "sentences": known.sentences,
        "earlier": known.earlier,
        "values": known.values,
    }
    path = beside(narrative)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def digest(text: str) -> str:
    """Return the digest of a text, whatever its line ends and the spaces before them."""
    lines = text.removeprefix("\ufeff").splitlines()
    return sha256("\n".join(line.rstrip() for line in lines).strip().encode()).hexdigest()


def sentences(text: str) -> list[str]:
    r"""Return the sentences of a narrative, in order.

    >>> sentences("- One: 4.12 % of 558. Two!\n\nThree.\n")
    ['One: 4.12 % of 558.', 'Two!', 'Three.']
    """
    return [part.strip() for part in _END.split("\n" + text) if part and part.strip()]


def _plain(text: str) -> str:
    return " ".join(text.translate(_SIGNS).split())


def _telling(word: str) -> bool:
    digits = sum(sign.isdigit() for sign in word)
    return digits >= _LEAST or (digits == _LEAST - 1 and "%" in word)
