"""Pipedrive by its API: what is its own, beside what `api` does for all."""

from funnel.sources.pipedrive.client import VENDOR
from funnel.sources.pipedrive.source import source

__all__ = ["VENDOR", "source"]
