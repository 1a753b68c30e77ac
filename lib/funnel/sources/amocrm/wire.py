"""What we take from the API's answers, and nothing else.

Whatever is not named here (names of leads, contacts, notes, ...) is dropped while an answer is parsed.
Shapes: the vendor's API v4 reference (Leads, Events, Pipelines, Custom fields, Users, Account).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue


def _list(value: object) -> object:
    """Empty lists come as null, and, from a PHP server, now and then as an object."""
    return value if isinstance(value, list) else []


def _object(value: object) -> object:
    return value if isinstance(value, dict) else {}


Item = TypeVar("Item")
Many = Annotated[tuple[Item, ...], BeforeValidator(_list)]


class Wire(BaseModel):
    """A part of an answer; unknown keys are dropped."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Named(Wire):
    """Anything with an id and a name: user, tag, loss reason."""

    id: int
    name: str = ""


class Value(Wire):
    """One value of a custom field."""

    value: JsonValue = None


class FieldValues(Wire):
    """A custom field with its values, as a lead bears it."""

    field_id: int
    field_type: str = ""
    values: Many[Value] = ()


class Contact(Wire):
    """A contact of a lead: the id alone."""

    id: int
    is_main: bool = False


class LeadParts(Wire):
    """What is embedded in a lead."""

    tags: Many[Named] = ()
    contacts: Many[Contact] = ()
    companies: Many[Contact] = ()


class Lead(Wire):
    """One lead as it is now. Times in unix seconds, UTC; `price` in the account's currency."""

    id: int
    price: Decimal | None = None
    price_with_minor_units: Decimal | None = None
    responsible_user_id: int | None = None
    status_id: int
    pipeline_id: int
    loss_reason_id: int | None = None
    created_at: int
    updated_at: int
    closed_at: int | None = None
    custom_fields_values: Many[FieldValues] = ()
    parts: Annotated[LeadParts, BeforeValidator(_object)] = Field(default=LeadParts(), alias="_embedded")


class StatusRef(Wire):
    """A status of a pipeline; the id alone is not unique, 142 and 143 are in every pipeline."""

    id: int
    pipeline_id: int


class EventValue(Wire):
    """One side of an event: only moves between statuses have one we need."""

    lead_status: StatusRef | None = None


class Event(Wire):
    """One event of a lead; `created_at` in unix seconds, UTC."""

    id: str
    type: str
    entity_id: int
    entity_type: str = "lead"
    created_at: int
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

    sort: int = 0


class PipelineParts(Wire):
    """What is embedded in a pipeline."""

    statuses: Many[Status] = ()


class Pipeline(Named):
    """A pipeline with its statuses."""

    sort: int = 0
    is_archive: bool = False
    parts: Annotated[PipelineParts, BeforeValidator(_object)] = Field(
        default=PipelineParts(), alias="_embedded"
    )


class CustomField(Named):
    """A custom field of leads."""

    code: str | None = None
    type: str = ""


class Timezone(Wire):
    """The account's settings of date and time."""

    timezone: str | None = None


class AccountParts(Wire):
    """What is embedded in the account."""

    datetime_settings: Timezone = Timezone()


class Account(Wire):
    """The account."""

    id: int
    currency: str | None = None
    parts: Annotated[AccountParts, BeforeValidator(_object)] = Field(
        default=AccountParts(), alias="_embedded"
    )


class Next(Wire):
    """A link; we never follow it, we only see that there is more."""

    href: str = ""


class Links(Wire):
    """The links of a page."""

    next: Next | None = None


class Rows(Wire):
    """The rows of a page, whichever kind it holds."""

    leads: Many[Lead] = ()
    events: Many[Event] = ()
    pipelines: Many[Pipeline] = ()
    users: Many[Named] = ()
    custom_fields: Many[CustomField] = ()
    loss_reasons: Many[Named] = ()


class Page(Wire):
    """One page of a list."""

    links: Annotated[Links, BeforeValidator(_object)] = Field(default=Links(), alias="_links")
    rows: Rows = Field(default=Rows(), alias="_embedded")

    @property
    def more(self) -> bool:
        """Whether the server offers a next page."""
        return self.links.next is not None
