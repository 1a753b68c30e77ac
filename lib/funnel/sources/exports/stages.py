"""From the pipeline and stage an export names to a stage of the funnel, and the reason of a loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import yaml

from funnel.errors import Problem, nearest
from funnel.settings import LOST, Settings
from funnel.settings_sources import Exports
from funnel.sources.personal import blot

WON_WORD, LOST_WORD = "Успешно реализовано", "Закрыто и не реализовано"
_BETWEEN = "\x1f"


@dataclass(frozen=True, slots=True)
class States:
    """Where the leads stand.

    Attributes:
        stage: stage key, `lead` or `lost`; null outside the funnel.
        reason: why it was lost.
        outside: pipelines outside the funnel -> rows.
        problems: stages that the settings do not map.
    """

    stage: pa.Array
    reason: pa.Array
    outside: dict[str, int]
    problems: tuple[Problem, ...]


def split_reason(text: str, lost: Sequence[str]) -> tuple[str, str | None]:
    """Split the reason off a lost stage: at the first bracket after its name; other stages are left whole.

    >>> split_reason("Закрыто и не реализовано (Дорого (не смог продать))", ["Закрыто и не реализовано"])
    ('Закрыто и не реализовано', 'Дорого (не смог продать)')
    >>> split_reason("Договор (оплата)", ["Закрыто и не реализовано"])
    ('Договор (оплата)', None)
    """
    for name in lost:
        if text.casefold().startswith(f"{name.casefold()} (") and text.endswith(")"):
            return name, text[len(name) + 2 : -1].strip() or None
    return text, None


def stages(pipeline: pa.Array, stage: pa.Array, reason: pa.Array, settings: Settings, where: str) -> States:
    """Map pipeline and stage of every row.

    Args:
        pipeline: names; all null where the export has no such column and the settings have one pipeline.
        stage: names, with the reason of a loss behind them.
        reason: the reasons' own column, where there is one.
        settings: the mapping.
        where: the file, for messages.
    """
    exports = settings.exports or Exports()
    lookup = {
        name.strip().casefold(): {
            WON_WORD.casefold(): settings.stage_keys[-1],
            LOST_WORD.casefold(): LOST,
            **{word.strip().casefold(): key for word, key in words.items()},
        }
        for name, words in exports.pipelines.items()
    }
    only = next(iter(exports.pipelines), "") if len(exports.pipelines) == 1 else ""
    pairs = pc.binary_join_element_wise(
        pipeline.fill_null(only), stage.fill_null(""), _BETWEEN
    ).dictionary_encode()
    counts = {item["values"]: item["counts"] for item in pc.value_counts(pairs.indices).to_pylist()}
    keys: list[str | None] = []
    reasons: list[str | None] = []
    outside: dict[str, int] = {}
    unmapped: dict[str, dict[str, int]] = {}
    for number, pair in enumerate(pairs.dictionary.to_pylist()):
        name, _, text = pair.partition(_BETWEEN)
        words = lookup.get(name.strip().casefold())
        if words is None:
            outside[blot(name)] = outside.get(blot(name), 0) + counts[number]
            keys.append(None)
            reasons.append(None)
            if not lookup:
                unmapped.setdefault(blot(name), {})[split_reason(text, [LOST_WORD])[0]] = counts[number]
            continue
        lost = sorted((word for word, key in words.items() if key == LOST), key=len, reverse=True)
        word, why = (text, None) if text.casefold() in words else split_reason(text, lost)
        key = words.get(word.strip().casefold())
        if key is None:
            unmapped.setdefault(blot(name), {})[word] = counts[number]
        keys.append(key)
        reasons.append(blot(why) if why else None)
    found = pa.array(keys, pa.string()).take(pairs.indices)
    own = pc.coalesce(pa.array(reasons, pa.string()).take(pairs.indices), reason)
    is_lost = pc.equal(found, LOST).fill_null(False)
    why_lost = pc.if_else(is_lost, own, pa.scalar(None, pa.string()))
    problems = _unmapped(unmapped, exports, settings, where)
    return States(found, why_lost, outside, tuple(problems))


def _unmapped(
    unmapped: dict[str, dict[str, int]], exports: Exports, settings: Settings, where: str
) -> list[Problem]:
    if unmapped and not exports.pipelines:
        asked = {name: {blot(word): "?" for word in words} for name, words in unmapped.items()}
        text = yaml.safe_dump(
            {"exports": {"pipelines": asked}}, allow_unicode=True, sort_keys=False, width=200
        )
        allowed = ", ".join(("lead", *settings.stage_keys, LOST))
        what = "exports.pipelines does not say yet what its stages mean in the funnel"
        todo = f"put this into the settings, with one of the allowed words for each question mark:\n{text}"
        return [Problem(where, what, allowed, todo)]
    problems = []
    for name, words in unmapped.items():
        known = next((stages for own, stages in exports.pipelines.items() if same(own, name)), {})
        for word, rows in words.items():
            shown = blot(word)
            what = f"{rows} leads of the pipeline {name!r} stand in the stage {shown!r}, which is not mapped"
            allowed = ", ".join(known)
            todo = f"add it to exports.pipelines.{name}"
            problems.append(Problem(where, what + nearest(shown, known), allowed, todo))
    return problems


def same(one: str, other: str) -> bool:
    """Whether two names are the same but for capitals and outer spaces."""
    return one.strip().casefold() == other.strip().casefold()
