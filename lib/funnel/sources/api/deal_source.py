"""An account with a deal reader, as `sync` asks for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, cast

from funnel.settings_accounts import Account
from funnel.sources.api.attributes import Attributes, plan
from funnel.sources.api.client import Client, Log, Pace
from funnel.sources.api.reader import Progress, Reader
from funnel.sources.api.references import Field, References
from funnel.sources.api.state import State
from funnel.sources.api.sync import Prepared

Asks = TypeVar("Asks", bound=Client)
Asked = TypeVar("Asked", bound=Client, contravariant=True)
Raw = dict[str, object]


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
    connect: Callable[[dt.datetime, Pace | None, Log | None], Asks]
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
