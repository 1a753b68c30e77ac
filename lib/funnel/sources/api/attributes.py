"""From the fields of a lead to the attributes that the settings name; the rest is dropped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from funnel.errors import Problem, SettingsError, nearest
from funnel.gate.personal import blot
from funnel.settings_accounts import Account
from funnel.sources.api.records import Fault, shown
from funnel.sources.api.references import Field
from funnel.sources.convert import CONTROL, REPLACED

AT_THE_END = ("responsible", "pipeline")
"""Sources that are resolved by id when the tables are built, so that a rename reaches every lead."""
_CONTROL = re.compile(CONTROL)
Record = TypeVar("Record")
Getter = Callable[[Record], str]


class NoDate(Exception):
    """A field of dates holds this number, which is none."""


@dataclass(frozen=True, slots=True)
class Attributes(Generic[Record]):
    """The attributes that are read off a lead.

    Attributes:
        getters: attribute -> how it is read.
        personal: attributes kept as they are, even with a telephone number in them.
        fields: ids of the account's fields that are read for them.
    """

    getters: dict[str, Getter[Record]]
    personal: frozenset[str]
    fields: tuple[int | str, ...] = ()

    def of(self, lead: Record, faults: list[Fault] | None = None) -> dict[str, str]:
        """Return the attributes of a lead that have a value; add to `faults` what cannot be read as it is."""
        values: dict[str, str] = {}
        odd = [] if faults is None else faults
        for name, getter in self.getters.items():
            try:
                value = _CONTROL.sub(REPLACED, getter(lead))
            except NoDate as error:
                odd.append(Fault(name, shown(error.args[0]), "is no date between 1970 and 2199"))
                continue
            if REPLACED in value:
                odd.append(Fault(name, "", "holds what cannot be printed, which was replaced"))
            if value:
                values[name] = value if name in self.personal else blot(value)
        return values


def plan(
    account: Account,
    fields: Sequence[Field],
    value: Callable[[Record, Field], str],
    tags: Callable[[Record], Iterable[str]] | None = None,
) -> Attributes[Record]:
    """Find the fields that the settings name.

    Args:
        account: its settings name the attributes.
        fields: the account's fields.
        value: reads a field off a lead.
        tags: reads the tags off a lead; None where the CRM has none.

    Raises:
        SettingsError: a named field is not in the account; all of them at once.
    """
    getters: dict[str, Getter[Record]] = {}
    used: dict[int | str, None] = {}
    problems = []
    for attribute, source in account.attributes.items():
        kind, _, rest = source.partition(":")
        where = f"key {account.key}.attributes.{attribute}"
        if source in AT_THE_END:
            continue
        if kind == "tags":
            if tags is None:
                problems.append(
                    Problem(where, "deals have no tags here", "responsible, pipeline, field:NAME")
                )
                continue
            getters[attribute] = _tags(
                [name.strip().casefold() for name in rest.split("|") if name.strip()], tags
            )
            continue
        found = _find(rest.strip() if kind == "field" else source, fields)
        if found or kind != "field":  # an account without UTM fields simply has no UTM marks
            getters[attribute] = _field(found, value)
            used |= {field.id: None for field in found}
            continue
        names = sorted({field.name for field in fields if field.name})
        problems.append(
            Problem(
                where,
                f"the account has no lead field {rest.strip()!r}{nearest(rest.strip(), names)}",
                ", ".join(names[:30]) or "none: the account has no lead fields",
            )
        )
    if problems:
        raise SettingsError("The settings name fields that are not in the account.", problems)
    return Attributes(getters, frozenset(account.personal), tuple(used))


def _find(wanted: str, fields: Sequence[Field]) -> list[Field]:
    """Return the fields meant, the best match first: by id, then by code, then by name."""
    word = wanted.casefold()
    by_id = [field for field in fields if str(field.id).casefold() == word]
    by_code = [field for field in fields if field.code.casefold() == word]
    by_name = [field for field in fields if field.name.strip().casefold() == word]
    return by_id or list({field.id: field for field in (*by_code, *by_name)}.values())


def _tags(wanted: Sequence[str], tags: Callable[[Record], Iterable[str]]) -> Getter[Record]:
    def get(lead: Record) -> str:
        names = {tag.strip().casefold(): tag.strip() for tag in tags(lead)}
        if wanted:
            return next((names[name] for name in wanted if name in names), "")
        return ", ".join(sorted(names.values()))

    return get


def _field(found: Sequence[Field], value: Callable[[Record, Field], str]) -> Getter[Record]:
    def get(lead: Record) -> str:
        return next((text for field in found if (text := value(lead, field))), "")

    return get


def text_of(value: object, field: Field) -> str:
    """Return a value as a user sees it: of choices the name, of several the names, of an object its value.

    >>> text_of(["7", 8], Field("region", "Region", options={"7": "Perm", "8": "Omsk"}))
    'Perm, Omsk'
    >>> text_of({"value": 12.0, "currency": "EUR"}, Field("price", "Price")), text_of(True, Field("v", "VIP"))
    ('12', 'yes')
    """
    if isinstance(value, list):
        return ", ".join(text for one in value if (text := text_of(one, field)))
    if isinstance(value, dict):
        named = next((value[name] for name in ("value", "label", "name", "id") if name in value), None)
        return "" if isinstance(named, dict | list) else text_of(named, field)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip() if isinstance(value, str | int | float) else ""
    return (field.options or {}).get(text, text)
