"""The CRMs that are read by their API: what they are called, without anything that has to be loaded."""

from __future__ import annotations

from typing import NamedTuple


class Vendor(NamedTuple):
    """A CRM: its key in `funnel.yml`, its name, the page that leads to it, and what an account's host is."""

    key: str
    title: str
    page: str
    example: str


AMOCRM = Vendor(
    "amocrm", "amoCRM or Kommo", "data/amocrm.md", "acme.amocrm.ru, acme.amocrm.com or acme.kommo.com"
)
BITRIX24 = Vendor("bitrix24", "Bitrix24", "docs/sources/bitrix24.md", "acme.bitrix24.ru or acme.bitrix24.com")
HUBSPOT = Vendor("hubspot", "HubSpot", "docs/sources/hubspot.md", "api.hubapi.com")
PIPEDRIVE = Vendor("pipedrive", "Pipedrive", "docs/sources/pipedrive.md", "acme.pipedrive.com")
VENDORS = (AMOCRM, BITRIX24, HUBSPOT, PIPEDRIVE)
