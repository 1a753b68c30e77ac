"""What we take from the API's answers, and nothing else.

Whatever is not named here (names of leads, contacts, notes, ...) is dropped while an answer is parsed.
Shapes: the vendor's API v4 reference (Leads, Events, Pipelines, Custom fields, Users, Account).

A page is taken apart without looking into its records; `records` reads them one by one, so that an odd one
costs nothing but itself.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

LARGEST = 2**63 - 1  # of an id: the saved state holds no larger number
FIRST, END = 1, 7_258_118_400  # seconds: 0 and less, and what lies after 2199, is no time
TOO_MUCH = Decimal(10) ** 16  # as in the warehouse: 16 digits before the point
_DIGITS = 40  # of a number; a longer one is text


def loads(body: bytes) -> object:
    """Parse an answer, whatever its records hold: NaN and endless numbers are text, bad bytes are replaced.

    Raises:
        ValueError: it is no JSON, or is nested too deeply to be read.
    """
    try:
        return json.loads(
            body.decode("utf-8-sig", "replace"),
            parse_int=lambda text: int(text) if len(text) <= _DIGITS else text,
            parse_float=lambda text: float(text) if math.isfinite(float(text)) else text,
            parse_constant=str,
            strict=False,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _list(value: object) -> object:
    """Empty lists come as null, and a PHP server now and then writes a list as an object of its places."""
    if isinstance(value, dict) and all(str(key).isdigit() for key in value):
        return list(value.values())
    return [] if value is None or isinstance(value, dict) else value


def _rows(value: object) -> object:
    listed = _list(value)
    return listed if isinstance(listed, list) else []


def _object(value: object) -> object:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("is true or false")
    return None if value == "" else value


def _time(value: int) -> int:
    if FIRST <= value < END:
        return value
    if END <= value < END * 1000:
        raise ValueError("is a time in milliseconds, not in seconds, or lies after 2199")
    raise ValueError("is no time between 1970 and 2199")


def _no_time(value: object) -> object:
    return None if value in (0, "0", "") and not isinstance(value, bool) else value


def _amount(value: Decimal) -> Decimal:
    if not 0 <= value < TOO_MUCH:
        raise ValueError("is below 0" if value < 0 else "is larger than any amount of 16 digits")
    return value


def _name(value: object) -> object:
    """A name that is not there is an empty one; a number is its digits."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Item = TypeVar("Item")
Many = Annotated[tuple[Item, ...], BeforeValidator(_list)]
Id = Annotated[int, Field(gt=0, le=LARGEST), BeforeValidator(_number)]
Some = Annotated[Annotated[int, Field(ge=0, le=LARGEST)] | None, BeforeValidator(_number)]
"""An id that may be missing; 0 is nobody."""
Time = Annotated[int, AfterValidator(_time), BeforeValidator(_number)]
Perhaps = Annotated[Annotated[int, AfterValidator(_time), BeforeValidator(_number)] | None,
                    BeforeValidator(_no_time)]  # fmt: skip
"""A time that may be missing."""
Amount = Annotated[Annotated[Decimal, AfterValidator(_amount)] | None, BeforeValidator(_number)]
Text = Annotated[str, BeforeValidator(_name)]


class Wire(BaseModel):
    """A part of an answer; unknown keys are dropped."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Named(Wire):
    """Anything with an id and a name: user, tag, loss reason."""

    id: Id
    name: Text = ""


class Tag(Wire):
    """A tag of a lead: its name alone."""

    name: Text = ""


class Value(Wire):
    """One value of a custom field."""

    value: object = None


class FieldValues(Wire):
    """A custom field with its values, as a lead bears it."""

    field_id: Id
    field_type: Text = ""
    values: Many[Value] = ()


class Contact(Wire):
    """A contact of a lead: the id alone."""

    id: Id
    is_main: bool | None = False


class LeadParts(Wire):
    """What is embedded in a lead."""

    tags: Many[Tag] = ()
    contacts: Many[Contact] = ()
    companies: Many[Contact] = ()


class Lead(Wire):
    """One lead as it is now. Times in unix seconds, UTC; `price` in the account's currency."""

    id: Id
    price: Amount = None
    price_with_minor_units: Amount = None
    responsible_user_id: Some = None
    status_id: Id
    pipeline_id: Id
    loss_reason_id: Some = None
    created_at: Time
    updated_at: Time
    closed_at: Perhaps = None
    is_deleted: bool | None = False
    custom_fields_values: Many[FieldValues] = ()
    parts: LeadParts | None = Field(default=LeadParts(), alias="_embedded")

    @property
    def embedded(self) -> LeadParts:
        """What is embedded in it."""
        return self.parts or LeadParts()


class StatusRef(Wire):
    """A status of a pipeline; the id alone is not unique, 142 and 143 are in every pipeline."""

    id: Id
    pipeline_id: Id


class EventValue(Wire):
    """One side of an event: only moves between statuses have one we need."""

    lead_status: StatusRef | None = None


class Event(Wire):
    """One event of a lead; `created_at` in unix seconds, UTC."""

    id: Annotated[Text, Field(min_length=1, max_length=200)]
    type: str
    entity_id: Id
    entity_type: str = "lead"
    created_at: Time
    value_before: Many[EventValue] = ()
    value_after: Many[EventValue] = ()

    @property
    def before(self) -> StatusRef | None:
        """The status the lead left."""
        return self.value_before[0].lead_status if self.value_before else None

    @property
    def after(self) -> StatusRef | None:
        """The status the lead entered."""
        return self.value_after[0].lead_status if self.value_after else None


class Status(Named):
    """A status of a pipeline."""

    sort: Some = 0


class PipelineParts(Wire):
    """What is embedded in a pipeline."""

    statuses: Annotated[tuple[object, ...], BeforeValidator(_rows)] = ()


class Pipeline(Named):
    """A pipeline; `records` reads its statuses one by one."""

    sort: Some = 0
    is_archive: bool | None = False
    parts: Annotated[PipelineParts, BeforeValidator(_object)] = Field(
        default=PipelineParts(), alias="_embedded"
    )


class CustomField(Named):
    """A custom field of leads."""

    code: Text = ""
    type: Text = ""


class Timezone(Wire):
    """The account's settings of date and time."""

    timezone: object = None


class AccountParts(Wire):
    """What is embedded in the account."""

    datetime_settings: Annotated[Timezone, BeforeValidator(_object)] = Timezone()


class Account(Wire):
    """The account."""

    id: Id
    currency: object = None
    parts: Annotated[AccountParts, BeforeValidator(_object)] = Field(
        default=AccountParts(), alias="_embedded"
    )


class Links(Wire):
    """The links of a page; we never follow them, we only see that there is more."""

    next: object = None


Records = Annotated[tuple[object, ...], BeforeValidator(_rows)]


class Rows(Wire):
    """The rows of a page, whichever kind it holds, as they came."""

    leads: Records = ()
    events: Records = ()
    pipelines: Records = ()
    users: Records = ()
    custom_fields: Records = ()
    loss_reasons: Records = ()


class Page(Wire):
    """One page of a list."""

    links: Annotated[Links, BeforeValidator(_object)] = Field(default=Links(), alias="_links")
    rows: Annotated[Rows, BeforeValidator(_object)] = Field(default=Rows(), alias="_embedded")

    @property
    def more(self) -> bool:
        """Whether the server offers a next page."""
        return bool(self.links.next)
