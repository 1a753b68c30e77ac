"""Canonical files that name stages by words of their own: `files` in the settings says what each means."""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from funnel.gate.personal import blot
from funnel.settings import LEAD, LOST, Settings
from funnel.sources.exports.columns import some
from funnel.sources.exports.outcome import LOST_STATE, WON, Words, folded
from funnel.sources.exports.stage_guess import end, in_order, mapped
from funnel.sources.profiles import profiles
from funnel.sources.proposal import line
from funnel.sources.tabular import Cells, Sheet

MOST = 40
"""More words than this are no stages: only so many are proposed."""


@dataclass(slots=True)
class Untold:
    """What is to be told of the words of a file: rows passed over, and rows by word that is no stage."""

    lead: int = 0
    unknown: collections.Counter[str] = field(default_factory=collections.Counter)

    def tell(self, where: str, settings: Settings, tell: Callable[[str], None]) -> None:
        """Tell it, with the lines of settings that would say what the words mean."""
        if self.lead:
            tell(f"{where}: {self.lead:,} rows of no stage yet (lead) passed over")
        if not self.unknown:
            return
        what = f"{len(self.unknown):,} words in the column stage are no stages of the funnel"
        lines = _lines(_name(where), self.unknown, settings)
        todo = f"say what they mean in the settings, and check each line:\n{lines}"
        tell(f"{where}: {what}; {self.unknown.total():,} rows are set aside. To do: {todo}")


def translated(
    sheet: Sheet, columns: Mapping[str, Cells], settings: Settings, tell: Callable[[str], None]
) -> tuple[Sheet, Mapping[str, Cells]]:
    """Put stages in place of the words for them, take out the rows of the lead itself, and tell of both.

    Args:
        sheet: of `stage_entries`.
        columns: its cells, by column of the table.
        settings: stages, and `files` with the words.
        tell: is told of the words that mean nothing yet, with the lines that would say it.

    Returns:
        the sheet and its cells. Rows of unknown words are rejected later, with all others; the gate says so.
    """
    told = Untold()
    found = translate(sheet, columns, settings, told)
    told.tell(sheet.where, settings, tell)
    return found


def translate(
    sheet: Sheet, columns: Mapping[str, Cells], settings: Settings, told: Untold
) -> tuple[Sheet, Mapping[str, Cells]]:
    """Do the same without a word; what is to be told comes to `told`."""
    meaning = {folded(word): key for word, key in settings.file_rules(_name(sheet.where)).stages.items()}
    text = columns["stage"].text()
    encoded = text.dictionary_encode()
    known = (*settings.stage_keys, LOST)
    words: list[str] = encoded.dictionary.to_pylist()
    keys = [word if word in known else meaning.get(folded(word), word) for word in words]
    stage = pa.array(keys, pa.string()).take(encoded.indices)
    lead = pc.equal(stage, LEAD).fill_null(False).to_numpy(zero_copy_only=False)
    counts = {one["values"]: one["counts"] for one in text.drop_null().value_counts().to_pylist()}
    for word, key in zip(words, keys, strict=True):
        if key not in (LEAD, *known):
            told.unknown[word] += counts[word]
    columns = {**columns, "stage": Cells(stage)}
    if meaning and lead.any():
        told.lead += int(lead.sum())
        kept = tuple(some(cells, ~lead) for cells in sheet.columns)
        sheet = replace(sheet, columns=kept, rows=sheet.rows[~lead])
        columns = {column: some(cells, ~lead) for column, cells in columns.items()}
    return sheet, columns


def _name(where: str) -> str:
    return Path(where.split(", sheet ")[0]).name


def _lines(name: str, unknown: Mapping[str, int], settings: Settings) -> str:
    """Return the lines of settings that would say what the words mean, as far as their names tell."""
    ends = Words.of(
        [word for profile in profiles().values() for word in profile.won_words],
        [word for profile in profiles().values() for word in profile.lost_words],
    )
    last = settings.stage_keys[-1]
    state = {word: {"won": WON, "lost": LOST_STATE}.get(end(word)) or ends.state(word) for word in unknown}
    ordered, _ = in_order([word for word in unknown if state[word] not in (WON, LOST_STATE)], {})
    called = {stage.key: tuple(stage.name.values()) for stage in settings.stages}
    meaning = mapped(ordered, settings.stage_keys, called)
    lines = [
        "files:",
        line(name, "", 2).rstrip("' "),
        "    stages: # word in the file -> stage, lead or lost",
    ]
    for word in [*ordered, *(word for word in unknown if word not in ordered)][:MOST]:
        key = {WON: last, LOST_STATE: LOST}.get(state[word]) or meaning[word]
        lines.append(line(blot(word), key, 6, f"{unknown[word]:,} rows; check"))
    return "\n".join(lines) + "\n"
