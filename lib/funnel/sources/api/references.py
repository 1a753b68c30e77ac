"""An account's own lists: pipelines, users, fields, reasons. Names once seen are remembered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from pydantic import BaseModel

from funnel.errors import InputError, Problem
from funnel.gate.personal import blot
from funnel.sources.api import asides, records
from funnel.sources.api.records import Aside
from funnel.sources.api.state import State
from funnel.sources.api.vendor import Vendor
from funnel.sources.api.wire import Key, Wire
from funnel.sources.convert import CONTROL, REPLACED

NO_PASS = 2**31  # the lists are read whole by every pass
End = Literal["won", "lost"]
WON: End = "won"
LOST: End = "lost"
_CONTROL = re.compile(CONTROL)
Item = TypeVar("Item", bound=Wire)


class Names(BaseModel):
    """Names by id, also of what is deleted by now: the history still speaks of it.

    Attributes:
        pipelines: by id.
        statuses: by pipeline id, then by status id; in the account's order.
        ends: the statuses that are won or lost, likewise.
        users: by id.
        reasons: why leads were lost, by id.
    """

    pipelines: dict[Key, str] = {}
    statuses: dict[Key, dict[Key, str]] = {}
    ends: dict[Key, dict[Key, End]] = {}
    users: dict[Key, str] = {}
    reasons: dict[Key, str] = {}


@dataclass(frozen=True, slots=True)
class Listed:
    """A pipeline as it is now, with its statuses in their order: id -> name."""

    id: int | str
    name: str
    statuses: Mapping[int | str, str]
    ends: Mapping[int | str, End]
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A field of leads that the settings may name.

    Attributes:
        id: by which a lead bears it.
        name: as a user sees it.
        code: another name of it.
        kind: what its values are, as the CRM says.
        options: value -> what a user sees.
    """

    id: int | str
    name: str
    code: str = ""
    kind: str = ""
    options: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class References:
    """Everything but leads and events.

    Attributes:
        account: what tells the account from others; '' where nothing does.
        currency: of amounts that name none; '' where the account does not say it.
        timezone: likewise.
        pipelines: as they are now, in the account's order, archived ones too.
        fields: those of leads that the settings may name.
        names: names by id, remembered ones included.
    """

    account: str
    currency: str
    timezone: str
    pipelines: tuple[Listed, ...]
    fields: tuple[Field, ...]
    names: Names


def remember(
    state: State,
    vendor: Vendor,
    found: References,
    odd: Sequence[Aside],
) -> References:
    """Add the names of an account's lists to those remembered, and keep what could not be read.

    Raises:
        InputError: the saved state is another account's.
    """
    known = state.get("account")
    if known and known != found.account:
        problem = Problem(
            f"{vendor.key}.host", f"it is account {found.account}, but the saved state is of account {known}",
            todo="set the right host, or move the state's folder away to begin anew",
        )  # fmt: skip
        raise InputError("The account is another one.", [problem])
    old = state.get("names")
    names = Names.model_validate_json(old) if old else Names()
    names.pipelines |= {item.id: clean(item.name) for item in found.pipelines}
    names.users |= {id_: clean(name) for id_, name in found.names.users.items()}
    names.reasons |= {id_: clean(name) for id_, name in found.names.reasons.items()}
    for pipeline in found.pipelines:
        shown = {id_: clean(name) for id_, name in pipeline.statuses.items()}
        names.statuses[pipeline.id] = names.statuses.get(pipeline.id, {}) | shown
        names.ends[pipeline.id] = {**names.ends.get(pipeline.id, {}), **pipeline.ends}
    with state.transaction():
        state.put("account", found.account)
        state.put("names", names.model_dump_json())
        state.change("DELETE FROM aside WHERE stream = ?", [(asides.LISTS,)])
        asides.keep(state, asides.LISTS, odd, NO_PASS)
    return References(found.account, found.currency, found.timezone, found.pipelines, found.fields, names)


def clean(name: str) -> str:
    """Return a name without anything personal and without what cannot be printed."""
    return blot(_CONTROL.sub(REPLACED, name))


def entries(
    rows: Iterable[object], model: type[Item], where: str, odd: list[Aside], key: str = "id"
) -> list[Item]:
    """Read the entries of a list; what cannot be read, wholly or in part, is added to `odd`."""
    good = []
    for raw in rows:
        item, faults = records.read(raw, model)
        if item is not None:
            good.append(item)
        if faults:
            found = records.aside(raw, faults, key)
            odd.append(Aside(f"{where} {found.key}", found.faults, found.cells))
    return good
