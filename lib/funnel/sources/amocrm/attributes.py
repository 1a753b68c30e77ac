"""What amoCRM's fields of a lead hold, as text."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Sequence

from funnel.settings_accounts import AmoSettings
from funnel.sources.amocrm.wire import FieldValues, Lead
from funnel.sources.api.attributes import Attributes, NoDate
from funnel.sources.api.attributes import plan as plan_of
from funnel.sources.api.references import Field
from funnel.sources.api.wire import END


def plan(settings: AmoSettings, fields: Sequence[Field], timezone: str) -> Attributes[Lead]:
    """Find the fields that the settings name.

    Args:
        settings: names the attributes.
        fields: the account's custom fields.
        timezone: the account's, for values that are dates.

    Raises:
        SettingsError: a named field is not in the account; all of them at once.
    """
    zone = zoneinfo.ZoneInfo(timezone)

    def value(lead: Lead, field: Field) -> str:
        borne = (item for item in lead.custom_fields_values if item.field_id == field.id)
        return _text(next(borne, None), zone)

    return plan_of(settings, fields, value, lambda lead: (tag.name for tag in lead.embedded.tags))


def _text(field: FieldValues | None, zone: zoneinfo.ZoneInfo) -> str:
    if field is None:
        return ""
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
