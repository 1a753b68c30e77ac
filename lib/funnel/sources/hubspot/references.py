"""The account's own lists: pipelines with their stages, owners, properties of deals."""

from __future__ import annotations

from funnel.sources.api.client import Params
from funnel.sources.api.records import Aside
from funnel.sources.api.references import LOST, WON, End, Field, Listed, Names, References, entries, remember
from funnel.sources.api.rounds import Round
from funnel.sources.api.state import State
from funnel.sources.hubspot.client import VENDOR, Client
from funnel.sources.hubspot.wire import Details, Option, Owner, Pipeline, Property, Rows, Stage


def read_references(client: Client, state: State) -> References:
    """Read the account's lists, whole, and add their names to those remembered."""
    odd: list[Aside] = []
    details = client.get("account-info/v3/details", {}, Details, optional=True) or Details()
    page = client.get("crm/v3/pipelines/deals", {}, Rows)
    pipelines = entries(page.results if page else (), Pipeline, "pipelines", odd)
    page = client.get("crm/v3/properties/deals", {}, Rows)
    properties = entries(page.results if page else (), Property, "properties", odd, "name")
    found = References(
        details.portalId,
        details.companyCurrency,
        details.timeZone,
        tuple(
            _pipeline(one, odd) for one in sorted(pipelines, key=lambda one: (one.displayOrder, one.label))
        ),
        tuple(_field(one, odd) for one in properties),
        Names(users={**_owners(client, odd, archived=True), **_owners(client, odd, archived=False)}),
    )
    return remember(state, VENDOR, found, odd)


def _pipeline(pipeline: Pipeline, odd: list[Aside]) -> Listed:
    """Read a pipeline: a stage of probability 1 is won, one of 0 is lost."""
    stages = entries(pipeline.stages, Stage, f"stages of {pipeline.id}", odd)
    stages.sort(key=lambda stage: (stage.displayOrder, stage.label))
    ends: dict[int | str, End] = {}
    for stage in stages:
        try:
            chance = float(stage.metadata.probability)
        except ValueError:
            continue
        if chance in (0.0, 1.0) and stage.metadata.isClosed != "false":
            ends[stage.id] = WON if chance else LOST
    return Listed(
        pipeline.id, pipeline.label, {stage.id: stage.label for stage in stages}, ends, pipeline.archived
    )


def _field(found: Property, odd: list[Aside]) -> Field:
    options = entries(found.options, Option, f"options of {found.name}", odd, "value")
    return Field(
        found.name, found.label, found.name, found.type, {option.value: option.label for option in options}
    )


def _owners(client: Client, odd: list[Aside], *, archived: bool) -> dict[int | str, str]:
    found: dict[int | str, str] = {}
    after = ""
    turn = Round(client, "owners")
    while True:
        query: Params = {"limit": 100, "archived": "true" if archived else "false"}
        page = client.get("crm/v3/owners", {**query, **({"after": after} if after else {})}, Rows)
        turn.look(page.results if page else ())
        for owner in entries(page.results if page else (), Owner, "owners", odd):
            found[owner.id] = f"{owner.firstName} {owner.lastName}".strip() or f"user {owner.id}"
        following = page.paging.next.after if page else ""
        if not following or following == after:
            return found
        after = following
