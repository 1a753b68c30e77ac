"""The account's own lists: pipelines, users, fields, loss reasons. Names once seen are remembered."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

from funnel.errors import InputError, Problem
from funnel.gate.personal import blot
from funnel.sources.amocrm import asides, records
from funnel.sources.amocrm.client import Client
from funnel.sources.amocrm.records import Aside
from funnel.sources.amocrm.state import State
from funnel.sources.amocrm.wire import Account, CustomField, Named, Page, Pipeline, Status
from funnel.sources.convert import CONTROL, REPLACED

LIMIT = 250
NO_PASS = 2**31  # the lists are read whole by every pass
_NEEDS = frozenset({"id"})
_CONTROL = re.compile(CONTROL)
Item = TypeVar("Item", bound=Named)


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
    account = None
    for _ in range(2):  # an empty answer is believed the second time
        account = account or client.get("account", {"with": "datetime_settings"}, Account)
    if account is None:
        raise InputError("amoCRM cannot be read.", [Problem("account", "the account's own page is empty")])
    known = state.get("account")
    if known and known != str(account.id):
        problem = Problem(
            "amocrm.host", f"it is account {account.id}, but the saved state is of account {known}",
            todo="set the right host, or move the state's folder away to begin anew",
        )  # fmt: skip
        raise InputError("The account is another one.", [problem])
    odd: list[Aside] = []
    listed = _listed(client, "leads/pipelines", Pipeline, odd, paged=False)
    pipelines = sorted(listed, key=lambda item: (item.sort or 0, item.id))
    users = _listed(client, "users", Named, odd)
    fields = tuple(_listed(client, "leads/custom_fields", CustomField, odd))
    reasons = _listed(client, "leads/loss_reasons", Named, odd)

    old = state.get("names")
    names = Names.model_validate_json(old) if old else Names()
    names.pipelines |= {item.id: blot(item.name) for item in pipelines}
    names.users |= _named(users)
    names.reasons |= _named(reasons)
    for pipeline in pipelines:
        statuses = statuses_of(pipeline, odd)
        names.statuses[pipeline.id] = names.statuses.get(pipeline.id, {}) | _named(statuses)
    with state.transaction():
        state.put("account", str(account.id))
        state.put("names", names.model_dump_json())
        state.change("DELETE FROM aside WHERE stream = ?", [(asides.LISTS,)])
        asides.keep(state, asides.LISTS, odd, NO_PASS)
    return References(account, tuple(pipelines), fields, names)


def statuses_of(pipeline: Pipeline, odd: list[Aside] | None = None) -> list[Status]:
    """Return the statuses of a pipeline in their order; those that cannot be read are added to `odd`."""
    read = _read(pipeline.parts.statuses, Status, f"statuses of {pipeline.id}", [] if odd is None else odd)
    return sorted(read, key=lambda item: (item.sort or 0, item.id))


def _named(items: Iterable[Named]) -> dict[int, str]:
    return {item.id: blot(_CONTROL.sub(REPLACED, item.name)) for item in items}


def _listed(
    client: Client, path: str, model: type[Item], odd: list[Aside], *, paged: bool = True
) -> list[Item]:
    """Read one of the account's lists, whole; what cannot be read is added to `odd`."""
    found: list[Item] = []
    number, again = 1, False
    while True:
        page = client.get(path, {"limit": LIMIT, "page": number} if paged else {}, Page)
        if page is None and not again:
            again = True  # an empty answer is believed the second time
            continue
        if page is not None:
            rows = getattr(page.rows, path.rpartition("/")[2])
            found += _read(rows, model, path, odd)
        if page is None or not page.more or not paged:
            return list({item.id: item for item in found}.values())
        number, again = number + 1, False


def _read(rows: Iterable[object], model: type[Item], path: str, odd: list[Aside]) -> list[Item]:
    good = []
    for raw in rows:
        item, faults = records.read(raw, model, _NEEDS)
        if item is not None:
            good.append(item)
        if faults:
            found = records.aside(raw, faults)
            odd.append(Aside(f"{path} {found.key}", found.faults, found.cells))
    return good
