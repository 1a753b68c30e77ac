"""Bitrix24 by its REST: what is its own, beside what `api` does for all.

The secret is a part of the address (a webhook): `client` keeps it out of everything that is shown or saved.
"""

from funnel.sources.bitrix24.client import VENDOR
from funnel.sources.bitrix24.source import source

__all__ = ["VENDOR", "source"]
