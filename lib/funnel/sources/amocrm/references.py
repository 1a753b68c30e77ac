"""The account's own lists: pipelines, users, fields, loss reasons."""

from __future__ import annotations

from typing import TypeVar

from funnel.errors import InputError, Problem
from funnel.sources.amocrm.client import Client
from funnel.sources.amocrm.credentials import VENDOR
from funnel.sources.amocrm.wire import Account, CustomField, Named, Page, Pipeline, Status
from funnel.sources.api.records import Aside
from funnel.sources.api.references import LOST, WON, Field, Listed, Names, References, entries, remember
from funnel.sources.api.rounds import Round
from funnel.sources.api.state import State

LIMIT = 250
WON_ID, LOST_ID = 142, 143
Item = TypeVar("Item", bound=Named)


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
    odd: list[Aside] = []
    pipelines = _listed(client, "leads/pipelines", Pipeline, odd, paged=False)
    users = _listed(client, "users", Named, odd)
    fields = _listed(client, "leads/custom_fields", CustomField, odd)
    reasons = _listed(client, "leads/loss_reasons", Named, odd)
    zone, currency = account.parts.datetime_settings.timezone, account.currency
    found = References(
        str(account.id),
        currency if isinstance(currency, str) else "",
        zone if isinstance(zone, str) else "",
        tuple(_pipeline(item, odd) for item in sorted(pipelines, key=lambda item: (item.sort or 0, item.id))),
        tuple(Field(field.id, field.name, field.code, field.type) for field in fields),
        Names(
            users={user.id: user.name for user in users},
            reasons={reason.id: reason.name for reason in reasons},
        ),
    )
    return remember(state, VENDOR, found, odd)


def _pipeline(pipeline: Pipeline, odd: list[Aside]) -> Listed:
    read = entries(pipeline.parts.statuses, Status, f"statuses of {pipeline.id}", odd)
    statuses = sorted(read, key=lambda item: (item.sort or 0, item.id))
    return Listed(
        pipeline.id,
        pipeline.name,
        {status.id: status.name for status in statuses},
        {WON_ID: WON, LOST_ID: LOST},  # of every pipeline
        bool(pipeline.is_archive),
    )


def _listed(
    client: Client, path: str, model: type[Item], odd: list[Aside], *, paged: bool = True
) -> list[Item]:
    """Read one of the account's lists, whole; what cannot be read is added to `odd`."""
    found: list[Item] = []
    number, again = 1, False
    turn = Round(client, path)
    while True:
        page = client.get(path, {"limit": LIMIT, "page": number} if paged else {}, Page)
        if page is None and not again:
            again = True  # an empty answer is believed the second time
            continue
        if page is not None:
            rows = getattr(page.rows, path.rpartition("/")[2])
            turn.look(rows)
            found += entries(rows, model, path, odd)
        if page is None or not page.more or not paged:
            return list({item.id: item for item in found}.values())
        number, again = number + 1, False
