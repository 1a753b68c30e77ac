"""An account of Pipedrive as `api.sync` asks for it."""

from __future__ import annotations

from functools import partial

from funnel.settings_accounts import PipedriveSettings
from funnel.sources.api.deal_source import by_token
from funnel.sources.pipedrive.client import Client
from funnel.sources.pipedrive.reading import Reader
from funnel.sources.pipedrive.references import read_references

source = partial(by_token, PipedriveSettings, Client, read_references, Reader)
"""Returns an account with the token that the environment holds; see `api.accounts.source`."""
