"""What we take from HubSpot's answers, and nothing else. Fields bear the names that the CRM gives them."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from funnel.sources.api.wire import Amount, Id, Key, Records, SomeKey, Stamp, Text, Wire, an_object


class Deal(Wire):
    """A deal as it is now: its id and its properties side by side. Its close date is no fact, so not read."""

    needs: ClassVar[frozenset[str]] = frozenset(
        {"id", "createdate", "hs_lastmodifieddate", "pipeline", "dealstage", "amount"}
    )
    id: Id
    createdate: Stamp
    hs_lastmodifieddate: Stamp
    pipeline: Key
    dealstage: Key
    amount: Amount = None
    deal_currency_code: Text = ""
    hubspot_owner_id: SomeKey = None
    hs_primary_associated_company: SomeKey = None
    closed_lost_reason: Text = ""
    hs_merged_object_ids: Text = ""


class Revision(Wire):
    """A value that a property had, and since when."""

    needs: ClassVar[frozenset[str]] = frozenset({"value", "timestamp"})
    value: Key
    timestamp: Stamp


class Revisions(Wire):
    """The history of where a deal stood, newest first."""

    dealstage: Records = ()


class WithHistory(Wire):
    """A deal with its history."""

    id: Id
    properties: Annotated[dict[str, object], BeforeValidator(an_object)] = Field(default_factory=dict)
    propertiesWithHistory: Annotated[Revisions, BeforeValidator(an_object)] = Revisions()


class Metadata(Wire):
    """What a stage means."""

    probability: Text = ""
    isClosed: Text = ""


class Stage(Wire):
    """A stage of a pipeline."""

    id: Key
    label: Text = ""
    displayOrder: int = 0
    metadata: Annotated[Metadata, BeforeValidator(an_object)] = Metadata()


class Pipeline(Wire):
    """A pipeline."""

    id: Key
    label: Text = ""
    displayOrder: int = 0
    archived: bool = False
    stages: Records = ()


class Owner(Wire):
    """Who is responsible: the name alone."""

    id: Key
    firstName: Text = ""
    lastName: Text = ""


class Option(Wire):
    """A value of a property of choices."""

    needs: ClassVar[frozenset[str]] = frozenset({"value"})
    value: Text
    label: Text = ""


class Property(Wire):
    """A property of deals."""

    needs: ClassVar[frozenset[str]] = frozenset({"name"})
    name: Text
    label: Text = ""
    type: Text = ""
    options: Records = ()


class Next(Wire):
    """Where the next page begins."""

    after: Text = ""


class Paging(Wire):
    """Of a list that is read by pages."""

    next: Annotated[Next, BeforeValidator(an_object)] = Next()


class Rows(Wire):
    """A page of a list."""

    results: Records = ()
    paging: Annotated[Paging, BeforeValidator(an_object)] = Paging()


class Details(Wire):
    """The account."""

    portalId: Text = ""
    timeZone: Text = ""
    companyCurrency: Text = ""
