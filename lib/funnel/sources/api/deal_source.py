"""An account with a deal reader, as `sync` asks for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Generic, Protocol, TypeVar, cast

from funnel.settings_accounts import Account
from funnel.sources.api import secrets
from funnel.sources.api.attributes import Attributes, plan, text_of
from funnel.sources.api.client import Client, Log, Pace, TokenClient
from funnel.sources.api.deals import Raw
from funnel.sources.api.reader import Progress, Reader
from funnel.sources.api.references import Field, References
from funnel.sources.api.state import State
from funnel.sources.api.sync import Prepared

Asks = TypeVar("Asks", bound=Client)
Asked = TypeVar("Asked", bound=Client, contravariant=True)


class Made(Protocol[Asked]):
    """Makes the reader of a pass."""

    def __call__(
        self,
        client: Asked,
        state: State,
        number: int,
        references: References,
        attributes: Attributes[Raw],
        now: dt.datetime,
        progress: Progress | None,
    ) -> Reader:
        """Make it."""
        ...


@dataclass(frozen=True, slots=True)
class DealSource(Generic[Asks]):
    """One account whose deals bear their fields by name.

    Attributes:
        account: its settings.
        note: what the user should know of the secret's file.
        connect: makes who asks; the secret is his.
        lists: reads the account's own lists.
        value: reads a field off a deal.
        made: makes the reader of a pass.
    """

    account: Account
    note: str
    connect: Callable[[dt.datetime, Pace | None, Log | None], Asks] = field(repr=False)
    lists: Callable[[Asks, State], References]
    value: Callable[[Raw, Field], str]
    made: Made[Asks]

    def warnings(self, now: dt.datetime) -> list[str]:  # noqa: ARG002
        """Say what the user should know of the secret; of its end nobody tells."""
        return [self.note] if self.note else []

    def client(self, now: dt.datetime, pace: Pace | None, log: Log | None = None) -> Asks:
        """Return who asks."""
        return self.connect(now, pace, log)

    def references(self, client: Client, state: State) -> References:
        """Read the account's own lists."""
        return self.lists(cast(Asks, client), state)

    def prepare(self, client: Client, state: State, references: References, timezone: str) -> Prepared:  # noqa: ARG002
        """Fit the settings to the account."""
        attributes: Attributes[Raw] = plan(self.account, references.fields, self.value)

        def made(number: int, now: dt.datetime, progress: Progress | None) -> Reader:
            return self.made(cast(Asks, client), state, number, references, attributes, now, progress)

        return made


Token = TypeVar("Token", bound=TokenClient)


def by_token(
    kind: type[Account],
    client: type[Token],
    lists: Callable[[Token, State], References],
    reader: Made[Token],
    account: Account,
    environ: Mapping[str, str],
    repo: Path,
    host: str = "",
) -> DealSource[Token]:
    """Return an account with the token that the environment holds.

    Args:
        kind: of the settings.
        client: who asks.
        lists: reads the account's own lists.
        reader: of a pass.
        account: its settings.
        environ: the environment.
        repo: the folder in which no token may lie.
        host: what the command line names instead of the environment.
    """
    named = secrets.named_host(client.vendor, kind, environ, host)
    at = client.vendor.at(account, named)
    found = secrets.find(client.vendor, environ, repo, "token")
    connect = partial(client, at, secrets.token(client.vendor, found), named)
    return DealSource(at, found.note, connect, lists, by_name, reader)


def by_name(deal: Raw, field: Field) -> str:
    """Return what a deal bears under the name of a field."""
    return text_of(deal.get(str(field.id)), field)
