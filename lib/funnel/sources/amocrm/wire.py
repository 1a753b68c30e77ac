"""What we take from the API's answers, and nothing else.

Whatever is not named here (names of leads, contacts, notes, ...) is dropped while an answer is parsed.
Shapes: the vendor's API v4 reference (Leads, Events, Pipelines, Custom fields, Users, Account).

A page is taken apart without looking into its records; `records` reads them one by one, so that an odd one
costs nothing but itself.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from funnel.sources.api.wire import (
    Amount,
    Id,
    Many,
    Perhaps,
    Records,
    Some,
    Text,
    Time,
    Wire,
    an_object,
)

DELETED, RESTORED, MERGED = "lead_deleted", "lead_restored", "entity_merged"
"""Kinds of events beside those of `api.state`."""


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

    needs: ClassVar[frozenset[str]] = frozenset(
        {"id", "created_at", "updated_at", "closed_at", "pipeline_id", "status_id", "price"}
    )
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

    needs: ClassVar[frozenset[str]] = frozenset({"id", "type", "entity_id", "created_at"})
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

    statuses: Records = ()


class Pipeline(Named):
    """A pipeline; `records` reads its statuses one by one."""

    sort: Some = 0
    is_archive: bool | None = False
    parts: Annotated[PipelineParts, BeforeValidator(an_object)] = Field(
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

    datetime_settings: Annotated[Timezone, BeforeValidator(an_object)] = Timezone()


class Account(Wire):
    """The account."""

    id: Id
    currency: object = None
    parts: Annotated[AccountParts, BeforeValidator(an_object)] = Field(
        default=AccountParts(), alias="_embedded"
    )


class Links(Wire):
    """The links of a page; we never follow them, we only see that there is more."""

    next: object = None


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

    links: Annotated[Links, BeforeValidator(an_object)] = Field(default=Links(), alias="_links")
    rows: Annotated[Rows, BeforeValidator(an_object)] = Field(default=Rows(), alias="_embedded")

    @property
    def more(self) -> bool:
        """Whether the server offers a next page."""
        return bool(self.links.next)
