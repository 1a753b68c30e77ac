"""From the pipeline and stage a file names to a stage of the funnel, and the reason of a loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from funnel.errors import Problem, nearest
from funnel.gate.personal import blot
from funnel.settings import LOST, Settings
from funnel.settings_exports import Export
from funnel.sources.exports.outcome import folded

_BETWEEN = "\x1f"


@dataclass(frozen=True, slots=True)
class States:
    """Where the leads stand.

    Attributes:
        stage: stage key, `lead` or `lost`; null outside the funnel.
        reason: why it was lost, of every row that says so.
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


def stages(
    pipeline: pa.Array,
    stage: pa.Array,
    rules: Export,
    settings: Settings,
    ends: tuple[Sequence[str], Sequence[str]],
    where: str,
) -> States:
    """Map pipeline and stage of every row.

    Args:
        pipeline: names; all null where the file has no such column and the settings have one pipeline.
        stage: names, perhaps with the reason of a loss behind them; null: it is not known where the lead
            stands.
        rules: the mapping.
        settings: the funnel's stages.
        ends: the CRM's own names of a won and of a lost stage, which need no mapping.
        where: the file, for messages.
    """
    known = {
        folded(word): key
        for words, key in zip(ends, (settings.stage_keys[-1], LOST), strict=True)
        for word in words
    }
    lookup = {
        folded(name): {**known, **{folded(word): key for word, key in words.items()}}
        for name, words in rules.pipelines.items()
    }
    only = next(iter(rules.pipelines), "") if len(rules.pipelines) == 1 else ""
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
        words = lookup.get(folded(name))
        key, why = None, None
        if words is None:
            outside[blot(name)] = outside.get(blot(name), 0) + counts[number]
        elif text:
            lost = sorted((word for word, key in words.items() if key == LOST), key=len, reverse=True)
            word, why = (text, None) if folded(text) in words else split_reason(text, lost)
            key = words.get(folded(word))
            if key is None:
                unmapped.setdefault(blot(name), {})[word] = counts[number]
        keys.append(key)
        reasons.append(blot(why) if why else None)
    found = pa.array(keys, pa.string()).take(pairs.indices)
    why_lost = pa.array(reasons, pa.string()).take(pairs.indices)
    return States(found, why_lost, outside, tuple(_unmapped(unmapped, rules, where)))


def inside(pipeline: pa.Array, rules: Export) -> pa.Array:
    """Say which rows belong to a pipeline of the funnel."""
    if not rules.pipelines:
        return pa.array([True] * len(pipeline), pa.bool_())
    names = {folded(name) for name in rules.pipelines}
    only = next(iter(rules.pipelines)) if len(rules.pipelines) == 1 else ""
    encoded = pipeline.fill_null(only).dictionary_encode()
    found = pa.array([folded(name) in names for name in encoded.dictionary.to_pylist()], pa.bool_())
    return found.take(encoded.indices)


def _unmapped(unmapped: dict[str, dict[str, int]], rules: Export, where: str) -> list[Problem]:
    problems = []
    for name, words in unmapped.items():
        known = next((stages for own, stages in rules.pipelines.items() if folded(own) == folded(name)), {})
        for word, rows in words.items():
            shown = blot(word)
            what = f"{rows} leads of the pipeline {name!r} stand in the stage {shown!r}, which is not mapped"
            allowed = ", ".join(known)
            todo = f"add it to {rules.key}.pipelines.{name}"
            problems.append(Problem(where, what + nearest(shown, known), allowed, todo))
    return problems
