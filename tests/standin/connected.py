"""What the tests of Bitrix24, HubSpot and Pipedrive sync with: an account served, a store, tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from funnel.settings import Settings
from funnel.sources.api import accounts
from funnel.sources.api.sync import Pulled, pull
from standin.account import Warehouse, lifted
from standin.company import STAGES

NOW = 1_700_000_000


class Connected:
    """A stand-in served, a store, and a warehouse of plain dictionaries beside it.

    Args:
        key: of the CRM.
        api: the stand-in; it has a clock of its own.
        host: where it is served.
        store: folder of the saved state.
        mapping: pipelines and attributes.
        secret: makes the environment of the token, given the host.
    """

    def __init__(
        self, key: str, api, host: str, store: Path, mapping: dict, secret: Callable[[str], dict[str, str]]
    ) -> None:
        self.key, self.api, self.host, self.store, self.mapping = key, api, host, store, mapping
        self.environ = secret(host)
        self.warehouse = Warehouse()
        self.funnel = self.settings()

    def settings(self, **changes: object) -> Settings:
        return Settings.model_validate(
            {
                "timezone": "Europe/Moscow", "currency": "RUB", "rates": {"EUR": 90},
                "stages": [{"key": key} for key in STAGES],
                self.key: {"host": self.host, **self.mapping, **changes},
            }
        )  # fmt: skip

    def source(self, **changes: object):
        account = self.settings(**changes).account
        assert account is not None
        return accounts.source(account, self.environ, self.store)

    def pull(self, now: int = NOW, server: int = 0, changes: dict | None = None, **options) -> Pulled:
        self.api.now = server or now
        return pull(
            self.funnel,
            self.source(**(changes or {})),
            self.store,
            dt.datetime.fromtimestamp(now, dt.UTC),
            pace=options.pop("pace", None) or lifted(),
            **options,
        )

    def sync(self, now: int = NOW, **options) -> Pulled:
        """Pull, load, commit."""
        pulled = self.pull(now, **options)
        self.warehouse.load(pulled)
        pulled.commit()
        return pulled

    def ids(self) -> set[str]:
        return {row[0] for row in self.warehouse.tables()["leads"]}
