"""The account's own lists: pipelines, users, fields, loss reasons. Names once seen are remembered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import BaseModel

from funnel.errors import InputError, Problem
from funnel.sources.amocrm.client import Client
from funnel.sources.amocrm.state import State
from funnel.sources.amocrm.wire import Account, CustomField, Named, Page, Pipeline
from funnel.sources.personal import blot

LIMIT = 250


class Names(BaseModel):
    """Names by id, also of what is deleted by now: the history still speaks of it.

    Attributes:
        pipelines: by id.
        statuses: by pipeline id, then by status id; in the account's order.
        users: by id.
        reasons: why leads were lost, by id.
    """

    pipelines: dict[int, str] = {}
    statuses: dict[int, dict[int, str]] = {}
    users: dict[int, str] = {}
    reasons: dict[int, str] = {}


@dataclass(frozen=True, slots=True)
class References:
    """Everything but leads and events.

    Attributes:
        account: currency and time zone.
        pipelines: as they are now, in the account's order, archived ones too.
        fields: the custom fields of leads.
        names: names by id, remembered ones included.
    """

    account: Account
    pipelines: tuple[Pipeline, ...]
    fields: tuple[CustomField, ...]
    names: Names


def read_references(client: Client, state: State) -> References:
    """Read the account's lists, whole, and add their names to those remembered.

    Raises:
        InputError: the saved state is another account's.
    """
    account = client.get("account", {"with": "datetime_settings"}, Account)
    if account is None:
        raise InputError("amoCRM cannot be read.", [Problem("account", "the account's own page is empty")])
    known = state.get("account")
    if known and known != str(account.id):
        problem = Problem(
            "amocrm.host", f"it is account {account.id}, but the saved state is of account {known}",
            todo="set the right host, or move the state's folder away to begin anew",
        )  # fmt: skip
        raise InputError("The account is another one.", [problem])
    pages = client.get("leads/pipelines", {}, Page)
    pipelines = sorted(pages.rows.pipelines if pages else (), key=lambda item: (item.sort, item.id))
    users = [user for page in _pages(client, "users") for user in page.rows.users]
    fields = tuple(item for page in _pages(client, "leads/custom_fields") for item in page.rows.custom_fields)
    reasons = [reason for page in _pages(client, "leads/loss_reasons") for reason in page.rows.loss_reasons]

    old = state.get("names")
    names = Names.model_validate_json(old) if old else Names()
    names.pipelines |= {item.id: blot(item.name) for item in pipelines}
    names.users |= _named(users)
    names.reasons |= _named(reasons)
    for pipeline in pipelines:
        statuses = sorted(pipeline.parts.statuses, key=lambda item: (item.sort, item.id))
        names.statuses[pipeline.id] = names.statuses.get(pipeline.id, {}) | _named(statuses)
    with state.transaction():
        state.put("account", str(account.id))
        state.put("names", names.model_dump_json())
    return References(account, tuple(pipelines), fields, names)


def _named(items: Iterable[Named]) -> dict[int, str]:
    return {item.id: blot(item.name) for item in items}


def _pages(client: Client, path: str) -> list[Page]:
    pages: list[Page] = []
    while True:
        page = client.get(path, {"limit": LIMIT, "page": len(pages) + 1}, Page)
        if page is not None:
            pages.append(page)
        if page is None or not page.more:
            return pages
