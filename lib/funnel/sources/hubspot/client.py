"""The conversation with HubSpot: the token of a private app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from funnel.sources.api import client
from funnel.sources.api.vendor import Vendor

VENDOR = Vendor("hubspot", "HubSpot", ("hubapi.com",), ("api.hubapi.com",))


class Client(client.TokenClient):
    """Reads from one account: four requests a second, which the search bears."""

    vendor = VENDOR
    per_second = 4
    refusals: ClassVar[Mapping[int, tuple[str, str]]] = {
        401: ("the token is not accepted ({})", "take the private app's token anew and set it"),
        403: (
            "access is refused ({})",
            "give the private app the scopes crm.objects.deals.read, crm.schemas.deals.read and "
            "crm.objects.owners.read",
        ),
    }
