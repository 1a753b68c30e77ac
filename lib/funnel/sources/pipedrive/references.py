"""The account's own lists: pipelines with their stages, users, fields of deals."""

from __future__ import annotations

from funnel.sources.api.records import Aside
from funnel.sources.api.references import LOST, WON, Field, Listed, Names, References, entries, remember
from funnel.sources.api.rounds import Round
from funnel.sources.api.state import State
from funnel.sources.pipedrive.client import VENDOR, Client
from funnel.sources.pipedrive.wire import DealField, Option, Own, Pipeline, Rows, Stage, User


def read_references(client: Client, state: State) -> References:
    """Read the account's lists, whole, and add their names to those remembered."""
    odd: list[Aside] = []
    me = (client.get("api/v1/users/me", {}, Own, optional=True) or Own()).data
    pipelines = entries(_rows(client, "api/v2/pipelines"), Pipeline, "pipelines", odd)
    stages = entries(_rows(client, "api/v2/stages"), Stage, "stages", odd)
    page = client.get("api/v1/users", {}, Rows)
    users = entries(page.data if page else (), User, "users", odd)
    fields = entries(_rows(client, "api/v2/dealFields"), DealField, "dealFields", odd, "field_code")
    found = References(
        me.company_id,
        me.default_currency,
        me.timezone_name,
        tuple(
            _pipeline(pipeline, stages)
            for pipeline in sorted(pipelines, key=lambda one: (one.order_nr, one.name))
        ),
        tuple(_field(field, odd) for field in fields),
        Names(users={user.id: user.name or f"user {user.id}" for user in users}),
    )
    return remember(state, VENDOR, found, odd)


def _pipeline(pipeline: Pipeline, stages: list[Stage]) -> Listed:
    """Read a pipeline; `won` and `lost` stand behind its stages, for every deal can end so."""
    own = sorted(
        (stage for stage in stages if stage.pipeline_id == pipeline.id),
        key=lambda stage: (stage.order_nr, stage.name),
    )
    names = {stage.id: stage.name for stage in own}
    return Listed(pipeline.id, pipeline.name, {**names, WON: WON, LOST: LOST}, {WON: WON, LOST: LOST})


def _field(field: DealField, odd: list[Aside]) -> Field:
    options = entries(field.options, Option, f"options of {field.field_code}", odd)
    kind = f"custom {field.field_type}" if field.is_custom_field else field.field_type
    return Field(
        field.field_code, field.field_name, field.field_code, kind, {one.id: one.label for one in options}
    )


def _rows(client: Client, path: str) -> list[object]:
    found: list[object] = []
    after = ""
    turn = Round(client, path)
    while True:
        page = client.get(path, {"limit": 500, **({"cursor": after} if after else {})}, Rows)
        turn.look(page.data if page else ())
        found += page.data if page else ()
        following = page.additional_data.next_cursor if page else ""
        if not following or following == after:
            return found
        after = following
