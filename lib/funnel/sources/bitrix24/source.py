"""A portal of Bitrix24 as `api.sync` asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import cast

from funnel.settings_accounts import Account, BitrixSettings
from funnel.sources.api import secrets
from funnel.sources.api.deal_source import DealSource, by_name
from funnel.sources.bitrix24.client import VENDOR, Client, webhook
from funnel.sources.bitrix24.reading import LeadReader, Reader
from funnel.sources.bitrix24.references import read_references


def source(account: Account, environ: Mapping[str, str], repo: Path, host: str = "") -> DealSource[Client]:
    """Return a portal with the webhook that the environment holds; see `api.accounts.source`."""
    named = secrets.named_host(VENDOR, BitrixSettings, environ, host)
    portal = VENDOR.at(cast(BitrixSettings, account), named)
    path, note = webhook(environ, repo, portal)
    return DealSource(
        portal,
        note,
        partial(Client, portal, path, named),
        partial(read_references, account=portal),
        by_name,
        LeadReader if portal.entity == "lead" else Reader,
    )
