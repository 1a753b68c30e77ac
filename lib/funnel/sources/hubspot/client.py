"""The conversation with HubSpot: the token of a private app."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import ClassVar

from funnel.settings_accounts import HubSpotSettings
from funnel.sources.api import client
from funnel.sources.api.vendor import Vendor

VENDOR = Vendor("hubspot", "HubSpot", ("hubapi.com",), ("api.hubapi.com",))


class Client(client.Client):
    """Reads from one account.

    Args:
        account: the account.
        token: of the private app.
        named_host: the host that was named beside the token.
        now: UTC.
        pace: the rate limit; by default four requests a second, which the search bears.
        log: told of every request.
    """

    per_second = 4
    refusals: ClassVar[Mapping[int, tuple[str, str]]] = {
        401: ("the token is not accepted ({})", "take the private app's token anew and set it"),
        403: (
            "access is refused ({})",
            "give the private app the scopes crm.objects.deals.read, crm.schemas.deals.read and "
            "crm.objects.owners.read",
        ),
    }

    def __init__(
        self,
        account: HubSpotSettings,
        token: str,
        named_host: str,
        now: dt.datetime,
        pace: client.Pace | None = None,
        log: client.Log | None = None,
    ) -> None:
        super().__init__(VENDOR, account, named_host, now, pace, log)
        self._token = token

    def headers(self, *, renew: bool = False) -> Mapping[str, str] | None:
        """Return the header with the token."""
        return None if renew else {"Authorization": f"Bearer {self._token}"}

    def hide(self, text: str) -> str:
        """Return a text without the token."""
        return text.replace(self._token, "[token]")
