"""A portal's own lists: pipelines with their stages, users, fields of deals."""

from __future__ import annotations

from funnel.settings_accounts import BitrixSettings
from funnel.sources.api import records
from funnel.sources.api.records import Aside
from funnel.sources.api.references import LOST, WON, End, Field, Listed, Names, References, entries, remember
from funnel.sources.api.rounds import Round
from funnel.sources.api.state import State
from funnel.sources.bitrix24.client import VENDOR, Client
from funnel.sources.bitrix24.wire import (
    Categories,
    Category,
    DealField,
    Fields,
    Option,
    Rows,
    Status,
    User,
)

_ENDS: dict[str, End] = {"S": WON, "success": WON, "F": LOST, "failure": LOST, "apology": LOST}


def read_references(client: Client, state: State, account: BitrixSettings) -> References:
    """Read the portal's lists, whole, and add their names to those remembered."""
    odd: list[Aside] = []
    page = client.post("crm.status.list", {"order": {"SORT": "ASC"}}, Rows)
    directory = entries(page.result if page else (), Status, "crm.status.list", odd, "STATUS_ID")
    found = References(
        account.host,
        "",  # each deal bears its own currency
        "",
        tuple(_pipelines(client, account, directory, odd)),
        tuple(_fields(client, account, directory, odd)),
        Names(users=_users(client, odd)),
    )
    return remember(state, VENDOR, found, odd)


def _pipelines(
    client: Client, account: BitrixSettings, directory: list[Status], odd: list[Aside]
) -> list[Listed]:
    if account.entity == "lead":
        return [_pipeline(Category(id=0, name="Leads"), "STATUS", directory)]
    page = client.post("crm.category.list", {"entityTypeId": 2}, Categories)
    rows = page.result.categories if page else ()
    found = sorted(
        entries(rows, Category, "crm.category.list", odd), key=lambda item: (item.sort, str(item.id))
    )
    return [
        _pipeline(category, f"DEAL_STAGE_{category.id}" if category.id else "DEAL_STAGE", directory)
        for category in found
    ]


def _pipeline(category: Category, entity: str, directory: list[Status]) -> Listed:
    stages = sorted((one for one in directory if entity == one.ENTITY_ID), key=lambda stage: stage.SORT)
    ends = {
        stage.STATUS_ID: end
        for stage in stages
        if (end := _ENDS.get(stage.SEMANTICS or stage.EXTRA.SEMANTICS)) is not None
    }
    return Listed(category.id, category.name, {stage.STATUS_ID: stage.NAME for stage in stages}, ends)


def _users(client: Client, odd: list[Aside]) -> dict[int | str, str]:
    """Read all users; pages by number are safe here, since users do not come by the minute."""
    found: dict[int | str, str] = {}
    start: int | None = 0
    turn = Round(client, "users")
    while start is not None:
        body = {"sort": "ID", "order": "ASC", "select": ["ID", "NAME", "LAST_NAME"], "start": start}
        page = client.post("user.get", body, Rows)
        turn.look(page.result if page else ())
        for user in entries(page.result if page else (), User, "user.get", odd, "ID"):
            found[user.ID] = f"{user.NAME} {user.LAST_NAME}".strip() or f"user {user.ID}"
        following = page.next if page else None
        start = following if following is not None and following > start else None
    return found


def _fields(
    client: Client, account: BitrixSettings, directory: list[Status], odd: list[Aside]
) -> list[Field]:
    page = client.post(f"crm.{account.entity}.fields", {}, Fields)
    found = []
    for code, raw in (page.result if page else {}).items():
        field, faults = records.read(raw, DealField)
        if field is None or faults:
            odd.append(Aside(f"crm.{account.entity}.fields {code}", faults, {}))
        if field is None:
            continue
        options = {
            option.ID: option.VALUE for option in entries(field.items, Option, f"values of {code}", odd, "ID")
        }
        if field.statusType:
            options = {str(one.STATUS_ID): one.NAME for one in directory if field.statusType == one.ENTITY_ID}
        name = field.listLabel or field.formLabel or field.title
        found.append(Field(code, name, code, field.type, options))
    return found
