"""What we take from Bitrix24's answers, and nothing else. Fields bear the names that the CRM gives them."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, RootModel

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


class Deal(Wire):
    """A deal as it is now. Its date of closing is a forecast while it is open, so it is not read."""

    needs: ClassVar[frozenset[str]] = frozenset(
        {"ID", "DATE_CREATE", "DATE_MODIFY", "CATEGORY_ID", "STAGE_ID", "OPPORTUNITY"}
    )
    ID: Id
    DATE_CREATE: Stamp
    DATE_MODIFY: Stamp
    MOVED_TIME: SomeStamp = None
    CATEGORY_ID: Key = 0
    STAGE_ID: Key
    OPPORTUNITY: Amount = None
    CURRENCY_ID: Text = ""
    ASSIGNED_BY_ID: SomeKey = None
    CONTACT_ID: SomeKey = None
    COMPANY_ID: SomeKey = None
    IS_RECURRING: Text = "N"


class Lead(Deal):
    """A lead of the CRM's own: it has no pipelines, and calls its stage a status."""

    needs: ClassVar[frozenset[str]] = frozenset(
        {"ID", "DATE_CREATE", "DATE_MODIFY", "STATUS_ID", "OPPORTUNITY"}
    )
    STAGE_ID: Key = Field(validation_alias="STATUS_ID")


class Record(Wire):
    """A record of the history of stages: where a deal came to, and when."""

    needs: ClassVar[frozenset[str]] = frozenset({"ID", "OWNER_ID", "CREATED_TIME", "STAGE_ID", "CATEGORY_ID"})
    ID: Id
    TYPE_ID: int = 2
    OWNER_ID: Id
    CREATED_TIME: Stamp
    CATEGORY_ID: Key = 0
    STAGE_ID: Key


class LeadRecord(Record):
    """The same of a lead."""

    needs: ClassVar[frozenset[str]] = frozenset({"ID", "OWNER_ID", "CREATED_TIME", "STATUS_ID"})
    STAGE_ID: Key = Field(validation_alias="STATUS_ID")


class Category(Wire):
    """A pipeline."""

    id: Key
    name: Text = ""
    sort: int = 0


class Extra(Wire):
    """What a stage means."""

    SEMANTICS: Text = ""


class Status(Wire):
    """An entry of a directory: a stage of a pipeline, a source."""

    needs: ClassVar[frozenset[str]] = frozenset({"ENTITY_ID", "STATUS_ID"})
    ENTITY_ID: Text
    STATUS_ID: Key
    NAME: Text = ""
    SORT: int = 0
    SEMANTICS: Text = ""
    EXTRA: Annotated[Extra, BeforeValidator(an_object)] = Extra()


class User(Wire):
    """Who is responsible: the name alone."""

    needs: ClassVar[frozenset[str]] = frozenset({"ID"})
    ID: Key
    NAME: Text = ""
    LAST_NAME: Text = ""


class Option(Wire):
    """A value of a field of choices."""

    ID: Text
    VALUE: Text = ""


class DealField(Wire):
    """A field of deals."""

    needs: ClassVar[frozenset[str]] = frozenset()
    type: Text = ""
    title: Text = ""
    listLabel: Text = ""
    formLabel: Text = ""
    statusType: Text = ""
    items: Records = ()


class Total(Wire):
    """How many there are."""

    total: int


class Next(Wire):
    """Of a list that is read by pages."""

    next: int | None = None


class Rows(Next):
    """A page of a list."""

    result: Records = ()


class Items(Wire):
    """A page of the history."""

    items: Records = ()


class Histories(Wire):
    """A page of the history, as it is wrapped."""

    result: Annotated[Items, BeforeValidator(an_object)] = Items()


class Categories(Wire):
    """All pipelines."""

    class Inner(Wire):
        """As they are wrapped."""

        categories: Records = ()

    result: Annotated[Inner, BeforeValidator(an_object)] = Inner()


class Fields(Wire):
    """All fields of deals, by code."""

    result: Annotated[dict[str, object], BeforeValidator(an_object)] = Field(default_factory=dict)


Anything = RootModel[object]
