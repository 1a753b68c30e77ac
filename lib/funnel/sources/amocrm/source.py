"""An account of amoCRM as `api.sync` asks for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from funnel.settings_accounts import Account, AmoSettings
from funnel.sources.amocrm.attributes import plan
from funnel.sources.amocrm.client import Client
from funnel.sources.amocrm.credentials import VENDOR, Credentials, from_environment
from funnel.sources.amocrm.reading import Reader
from funnel.sources.amocrm.references import read_references
from funnel.sources.api import client as api
from funnel.sources.api.reader import Progress
from funnel.sources.api.references import References
from funnel.sources.api.state import State
from funnel.sources.api.sync import Prepared


@dataclass(frozen=True, slots=True)
class Source:
    """One account.

    Attributes:
        account: its settings.
        credentials: its token.
    """

    account: AmoSettings
    credentials: Credentials

    def warnings(self, now: dt.datetime) -> list[str]:
        """Say what the user should know of the token."""
        return [note for note in (self.credentials.warning(now), self.credentials.note) if note]

    def client(self, now: dt.datetime, pace: api.Pace | None, log: api.Log | None = None) -> Client:
        """Return who asks."""
        return Client(self.account, self.credentials, now, pace, log)

    def references(self, client: api.Client, state: State) -> References:
        """Read the account's own lists."""
        return read_references(cast(Client, client), state)

    def prepare(self, client: api.Client, state: State, references: References, timezone: str) -> Prepared:
        """Fit the settings to the account."""
        attributes = plan(self.account, references.fields, timezone)

        def made(number: int, now: dt.datetime, progress: Progress | None) -> Reader:
            return Reader(cast(Client, client), state, number, attributes, now, progress)

        return made


def source(account: Account, environ: Mapping[str, str], repo: Path, host: str = "") -> Source:
    """Return an account with the token that the environment holds.

    Args:
        account: its settings.
        environ: the environment.
        repo: the folder in which no token may lie.
        host: what the command line names.
    """
    credentials = from_environment(environ, repo, host)
    return Source(VENDOR.at(cast(AmoSettings, account), credentials.host), credentials)
