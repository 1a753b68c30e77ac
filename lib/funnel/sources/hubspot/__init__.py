"""HubSpot by its API: what is its own, beside what `api` does for all."""

from funnel.sources.hubspot.client import VENDOR
from funnel.sources.hubspot.source import source

__all__ = ["VENDOR", "source"]
