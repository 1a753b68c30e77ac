"""An account of HubSpot as `api.sync` asks for it."""

from __future__ import annotations

from functools import partial

from funnel.settings_accounts import HubSpotSettings
from funnel.sources.api.deal_source import by_token
from funnel.sources.hubspot.client import Client
from funnel.sources.hubspot.reading import Reader
from funnel.sources.hubspot.references import read_references

source = partial(by_token, HubSpotSettings, Client, read_references, Reader)
"""Returns an account with the token that the environment holds; see `api.accounts.source`."""
