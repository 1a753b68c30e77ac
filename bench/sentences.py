"""Forty-three companies of all kinds, and no sentence of their drafts false.

    python bench/sentences.py [--worlds 'demo,young'] [--quick] [--keep FOLDER] [--again]

Every company is made as a report repository (`sentence_worlds`), its edition computed and drafted in English
and Russian; then every sentence is held against the files (`recount`). Prints what is false, how many texts
were looked at, and which keys no company told. Exit code 1 where a sentence is false. `--again` drafts
companies that lie in FOLDER anew without computing them. Full: about 25 minutes on a quiet processor.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from recount import false_in
from recount_facts import RECOUNTS, all_said
from sentence_worlds import QUICK_ONES, WORLDS, draft, make


def main() -> int:
    """Make, draft, recount; return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--worlds", default="")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--again", action="store_true")
    given = parser.parse_args()
    names = given.worlds.split(",") if given.worlds else QUICK_ONES if given.quick else list(WORLDS)
    with tempfile.TemporaryDirectory() as aside:
        home, wrong, told = given.keep or Path(aside), 0, Counter[str]()
        for name in names:
            if given.again:
                draft(home / name)
            else:
                shutil.rmtree(home / name, ignore_errors=True)
                make(name, home / name)
            count, found = false_in(home / name)
            told.update(said.key for _, texts in all_said(home / name) for said in texts)
            wrong += len(found)
            print(f"{name}: {count} texts, {len(found)} false", *found, sep="\n", flush=True)
    print(f"{sum(told.values())} texts of {len(names)} companies, {wrong} false")
    print("Told by none of them:", ", ".join(sorted(set(RECOUNTS) - set(told))))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
