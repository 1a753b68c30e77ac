"""An account of Pipedrive as `api.sync` asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import cast

from funnel.settings_accounts import Account, PipedriveSettings
from funnel.sources.api import secrets
from funnel.sources.api.attributes import text_of
from funnel.sources.api.deal_source import DealSource
from funnel.sources.pipedrive.client import VENDOR, Client
from funnel.sources.pipedrive.reading import Reader
from funnel.sources.pipedrive.references import read_references


def source(account: Account, environ: Mapping[str, str], repo: Path, host: str = "") -> DealSource[Client]:
    """Return an account with the token that the environment holds; see `api.accounts.source`."""
    named = secrets.named_host(VENDOR, PipedriveSettings, environ, host)
    at = VENDOR.at(cast(PipedriveSettings, account), named)
    found = secrets.find(VENDOR, environ, repo, "token")
    return DealSource(
        at,
        found.note,
        partial(Client, at, secrets.token(VENDOR, found), named),
        read_references,
        lambda deal, field: text_of(deal.get(str(field.id)), field),
        Reader,
    )
