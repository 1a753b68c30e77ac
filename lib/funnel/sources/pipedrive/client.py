"""The conversation with Pipedrive: a personal API token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import httpx

from funnel.sources.api import client
from funnel.sources.api.clock import retry_after
from funnel.sources.api.vendor import Vendor

VENDOR = Vendor("pipedrive", "Pipedrive", ("pipedrive.com",))


class Client(client.TokenClient):
    """Reads from one account: eight requests a second, which every plan bears."""

    vendor = VENDOR
    header = ("x-api-token", "")
    per_second = 8
    refusals: ClassVar[Mapping[int, tuple[str, str]]] = {
        401: ("the token is not accepted ({})", "take the personal API token anew and set it"),
        402: ("the account is not paid for ({})", "pay, or import the interface's exports"),
        403: ("access is refused ({})", "take the token of a user who sees all deals"),
    }

    def wanted_pause(self, answer: httpx.Response) -> float | None:
        """Return how long to wait, by either of the headers that say it."""
        reset = retry_after(answer.headers.get("x-ratelimit-reset", ""), self.server_time or self._now)
        wanted = super().wanted_pause(answer)
        return wanted if wanted is not None or answer.status_code != 429 else reset
