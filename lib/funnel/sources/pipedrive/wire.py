"""What we take from Pipedrive's answers, and nothing else. Fields bear the names that the CRM gives them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator

from funnel.sources.api.wire import (
    Amount,
    Id,
    Key,
    Records,
    SomeKey,
    SomeStamp,
    Stamp,
    Text,
    Wire,
    an_object,
)

Status = Literal["open", "won", "lost"]


class Deal(Wire):
    """A deal as it is now. A won or lost one keeps the stage in which it was won or lost."""

    needs: ClassVar[frozenset[str]] = frozenset(
        {"id", "add_time", "update_time", "pipeline_id", "stage_id", "status", "value"}
    )
    id: Id
    add_time: Stamp
    update_time: Stamp
    pipeline_id: Key
    stage_id: Key
    status: Status
    value: Amount = None
    currency: Text = ""
    owner_id: SomeKey = None
    person_id: SomeKey = None
    org_id: SomeKey = None
    stage_change_time: SomeStamp = None
    won_time: SomeStamp = None
    lost_time: SomeStamp = None
    lost_reason: Text = ""

    @property
    def came(self) -> int | None:
        """When it came to where it stands."""
        return {"won": self.won_time, "lost": self.lost_time, "open": self.stage_change_time}[self.status]


class Change(Wire):
    """A change of a field of a deal."""

    needs: ClassVar[frozenset[str]] = frozenset({"id", "field_key", "old_value", "new_value", "log_time"})
    id: Id
    field_key: Text
    old_value: SomeKey = None
    new_value: SomeKey = None
    log_time: Stamp


class Stage(Wire):
    """A stage of a pipeline; its id is its own in the whole account."""

    id: Key
    name: Text = ""
    order_nr: int = 0
    pipeline_id: Key


class Pipeline(Wire):
    """A pipeline."""

    id: Key
    name: Text = ""
    order_nr: int = 0


class User(Wire):
    """Who is responsible: the name alone."""

    id: Key
    name: Text = ""


class Option(Wire):
    """A value of a field of choices."""

    id: Text
    label: Text = ""


class DealField(Wire):
    """A field of deals."""

    needs: ClassVar[frozenset[str]] = frozenset({"field_code"})
    field_code: Text
    field_name: Text = ""
    field_type: Text = ""
    is_custom_field: bool = False
    options: Records = ()


class More(Wire):
    """Where the next page begins: version 2 has a marker, version 1 counts."""

    class Pagination(Wire):
        """Of version 1."""

        more_items_in_collection: bool = False
        next_start: int | None = None

    next_cursor: Text = ""
    pagination: Annotated[Pagination, BeforeValidator(an_object)] = Pagination()


class Rows(Wire):
    """A page of a list."""

    data: Records = ()
    additional_data: Annotated[More, BeforeValidator(an_object)] = More()


class Me(Wire):
    """Whose token it is: the account alone."""

    company_id: Text = ""
    default_currency: Text = ""
    timezone_name: Text = ""


class Own(Wire):
    """The same, as it is wrapped."""

    data: Annotated[Me, BeforeValidator(an_object)] = Me()
