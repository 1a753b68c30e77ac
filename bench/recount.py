"""Holds every sentence of a company's drafts against its files: `false_in(folder)`.

A key that nothing here recounts is false as well. `python bench/recount.py` prints which keys are recounted
in full and which in part, and why; `python bench/recount.py FOLDER` checks a company's folder.
"""

from __future__ import annotations

import sys
from pathlib import Path

import recount_ahead  # noqa: F401
import recount_attention  # noqa: F401
import recount_cohorts  # noqa: F401
import recount_data  # noqa: F401
import recount_gate  # noqa: F401
import recount_initiatives  # noqa: F401
import recount_meetings  # noqa: F401
import recount_newest  # noqa: F401
import recount_plan  # noqa: F401
from recount_facts import RECOUNTS, Said, all_said


def look(said: Said) -> list[str]:
    """Return what is false in one text."""
    known = RECOUNTS.get(said.key)
    if known is None:
        return [f"{said.key}: nothing recounts this key"]
    try:
        known.check(said)
    except Exception as error:
        return [f"{said.key}: cannot be recounted: {type(error).__name__}: {error}"]
    return [f"{said.key}: {one}" for one in said.wrong]


def false_in(folder: Path) -> tuple[int, list[str]]:
    """Return how many texts a company's drafts have, and what is false in them."""
    count, found = 0, []
    for language, texts in all_said(folder):
        count += len(texts)
        for said in texts:
            found += [f"{folder.name}, {language}: {one}\n    {said.words}" for one in look(said)]
    return count, found


def table() -> str:
    """Return which keys are recounted how."""
    rows = [f"| {key} | {one.how} | {one.rests} |" for key, one in sorted(RECOUNTS.items())]
    return "\n".join(["| key | recounted | rests on |", "|---|---|---|", *rows])


if __name__ == "__main__":
    if not sys.argv[1:]:
        print(table())
    wrong = [one for name in sys.argv[1:] for one in false_in(Path(name))[1]]
    print("\n".join(wrong))
    sys.exit(bool(wrong))
