"""Whose export a file is, and in which row its header stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from funnel.errors import InputError, Problem, nearest
from funnel.settings import Settings
from funnel.settings_exports import COLUMN_FIELDS, ColumnField, Export, Wide
from funnel.settings_files import Frozen, Headers
from funnel.settings_sources import named
from funnel.sources import table_file as tables
from funnel.sources.header_text import normal
from funnel.sources.profiles import PLAIN, Match, profiles, recognised
from funnel.yaml_file import read_yaml

_OTHER: dict[str, ColumnField] = {"closed_at": "closed", "budget": "amount", "currency": "currency_column"}


class AliasFile(Frozen):
    """A user's own names of columns, by meaning; they come before the known ones."""

    lead_id: Headers = ()
    created_at: Headers = ()
    updated_at: Headers = ()
    stage_changed_at: Headers = ()
    closed_at: Headers = ()
    stage: Headers = ()
    pipeline: Headers = ()
    responsible: Headers = ()
    budget: Headers = ()
    currency: Headers = ()
    tags: Headers = ()
    lost_reason: Headers = ()
    outcome: Headers = ()

    def names(self) -> dict[ColumnField, tuple[str, ...]]:
        """Return them by the meanings that the settings know."""
        known: dict[str, ColumnField] = {**{field: field for field in COLUMN_FIELDS}, **_OTHER}
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return {known[name]: names for name, names in given.items() if names}


def alias_names(rules: Export, settings: Settings) -> dict[ColumnField, tuple[str, ...]]:
    """Return the names of columns in the user's own file.

    Raises:
        SettingsError: it cannot be read, or names a meaning that does not exist.
    """
    return read_yaml(settings.root / rules.aliases, AliasFile).names() if rules.aliases else {}


def block_of(path: Path, rows: Sequence[Sequence[str]], settings: Settings) -> Export | None:
    """Return the block of `exports` that a file belongs to: by its name, else by its header.

    Args:
        path: the file.
        rows: its first rows.
        settings: their blocks; without one, what the profiles know.
    """
    blocks = settings.of_exports or (Export(),)
    if found := named(path.name, blocks):
        return found
    known: list[tuple[float, bool, int]] = []
    for number, block in enumerate(blocks):
        if block.files and len(blocks) > 1:
            continue
        own = {**alias_names(block, settings), **block.columns}
        among = [profiles()[block.profile]] if len(blocks) > 1 and block.profile in profiles() else None
        match = recognised(rows, path.name, own, among)
        known += [(match.score, bool(block.profile), -number)] if match else []
    return blocks[-max(known)[2]] if known else None


def matched(path: Path, sheet: str, rules: Export, settings: Settings) -> Match:
    """Say whose export a file is that the settings are about, and where its header stands.

    Raises:
        InputError: the file cannot be read, or there is no profile of the name set.
    """
    rows = tables.head(path, sheet)
    own = {**alias_names(rules, settings), **rules.columns}
    if rules.profile:
        if rules.profile not in profiles():
            what = f"{rules.profile!r} is no CRM with a profile{nearest(rules.profile, profiles())}"
            raise InputError("", [Problem(f"{rules.key}.profile", what, ", ".join(profiles()))])
        profile = profiles()[rules.profile]
        return recognised(rows, path.name, own, [profile]) or Match(profile, first_wide(rows), 0)
    if isinstance(rules, Wide):
        needed = {normal(name) for names in (rules.lead_id, rules.created_at) for name in names}
        at = (n for n, row in enumerate(rows) if needed <= {normal(cell) for cell in row})
        return Match(PLAIN, next(at, first_wide(rows)), 0)
    return recognised(rows, path.name, own) or Match(profiles()["amocrm"], first_wide(rows), 0)


def first_wide(rows: Sequence[Sequence[str]]) -> int:
    """Return the first row with more than two filled cells: titles stand above the header."""
    return next((n for n, row in enumerate(rows) if sum(bool(cell.strip()) for cell in row) > 2), 0)
