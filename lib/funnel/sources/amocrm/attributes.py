"""From tags, UTM marks and custom fields to the attributes that the settings name; the rest is dropped."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from funnel.errors import Problem, SettingsError, nearest
from funnel.gate.personal import blot
from funnel.settings_sources import AmoSettings
from funnel.sources.amocrm.records import Fault, shown
from funnel.sources.amocrm.wire import END, CustomField, FieldValues, Lead
from funnel.sources.convert import CONTROL, REPLACED

AT_THE_END = ("responsible", "pipeline")
"""Sources that are resolved by id when the tables are built, so that a rename reaches every lead."""

Getter = Callable[[Lead], str]
_CONTROL = re.compile(CONTROL)


class NoDate(Exception):
    """A field of dates holds this number, which is none."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes that are read off a lead.

    Attributes:
        getters: attribute -> how it is read.
        personal: attributes kept as they are, even with a telephone number in them.
    """

    getters: dict[str, Getter]
    personal: frozenset[str]

    def of(self, lead: Lead, faults: list[Fault] | None = None) -> dict[str, str]:
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


def plan(settings: AmoSettings, fields: Sequence[CustomField], timezone: str) -> Attributes:
    """Find the fields that the settings name.

    Args:
        settings: names the attributes.
        fields: the account's custom fields.
        timezone: the account's, for values that are dates.

    Raises:
        SettingsError: a named field is not in the account; all of them at once.
    """
    zone = zoneinfo.ZoneInfo(timezone)
    getters: dict[str, Getter] = {}
    problems = []
    for attribute, source in settings.attributes.items():
        kind, _, rest = source.partition(":")
        if source in AT_THE_END:
            continue
        if kind == "tags":
            getters[attribute] = _tags([name.strip().casefold() for name in rest.split("|") if name.strip()])
            continue
        ids = _find(rest.strip() if kind == "field" else source, fields)
        if ids or kind != "field":  # an account without UTM fields simply has no UTM marks
            getters[attribute] = _field(ids, zone)
            continue
        names = sorted({field.name for field in fields if field.name})
        problems.append(
            Problem(
                f"key amocrm.attributes.{attribute}",
                f"the account has no lead field {rest.strip()!r}{nearest(rest.strip(), names)}",
                ", ".join(names[:30]) or "none: the account has no lead fields",
            )
        )
    if problems:
        raise SettingsError("The amoCRM settings name fields that are not there.", problems)
    return Attributes(getters, frozenset(settings.personal))


def _find(wanted: str, fields: Sequence[CustomField]) -> list[int]:
    """Return the ids of the fields meant, the best match first: by id, then by code, then by name."""
    by_id = [field.id for field in fields if str(field.id) == wanted]
    word = wanted.casefold()
    by_code = [field.id for field in fields if (field.code or "").casefold() == word]
    by_name = [field.id for field in fields if field.name.strip().casefold() == word]
    return by_id or list(dict.fromkeys([*by_code, *by_name]))


def _tags(wanted: Sequence[str]) -> Getter:
    def get(lead: Lead) -> str:
        names = {tag.name.strip().casefold(): tag.name.strip() for tag in lead.embedded.tags}
        if wanted:
            return next((names[name] for name in wanted if name in names), "")
        return ", ".join(sorted(names.values()))

    return get


def _field(ids: Sequence[int], zone: zoneinfo.ZoneInfo) -> Getter:
    def get(lead: Lead) -> str:
        borne = {item.field_id: item for item in lead.custom_fields_values if item.field_id in ids}
        texts = (_text(borne[id_], zone) for id_ in ids if id_ in borne)
        return next((text for text in texts if text), "")

    return get


def _text(field: FieldValues, zone: zoneinfo.ZoneInfo) -> str:
    texts = [_value(item.value, field.field_type, zone) for item in field.values]
    return ", ".join(text for text in texts if text)


def _value(value: object, kind: str, zone: zoneinfo.ZoneInfo) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float) and kind in ("date", "date_time", "birthday"):
        if not -END < value < END:  # a birthday may lie before 1970
            raise NoDate(value)
        local = dt.datetime.fromtimestamp(value, zone)
        return local.strftime("%Y-%m-%d %H:%M:%S" if kind == "date_time" else "%Y-%m-%d")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() if isinstance(value, str | int | float) else ""
