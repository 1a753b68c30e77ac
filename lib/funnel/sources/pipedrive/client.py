"""The conversation with Pipedrive: a personal API token."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import ClassVar

import httpx

from funnel.settings_accounts import PipedriveSettings
from funnel.sources.api import client
from funnel.sources.api.clock import retry_after
from funnel.sources.api.vendor import Vendor

VENDOR = Vendor("pipedrive", "Pipedrive", ("pipedrive.com",))


class Client(client.Client):
    """Reads from one account.

    Args:
        account: the account.
        token: the personal one.
        named_host: the host that was named beside the token.
        now: UTC.
        pace: the rate limit; by default eight requests a second, which every plan bears.
        log: told of every request.
    """

    per_second = 8
    refusals: ClassVar[Mapping[int, tuple[str, str]]] = {
        401: ("the token is not accepted ({})", "take the personal API token anew and set it"),
        402: ("the account is not paid for ({})", "pay, or import the interface's exports"),
        403: ("access is refused ({})", "take the token of a user who sees all deals"),
    }

    def __init__(
        self,
        account: PipedriveSettings,
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
        return None if renew else {"x-api-token": self._token}

    def hide(self, text: str) -> str:
        """Return a text without the token."""
        return text.replace(self._token, "[token]")

    def wanted_pause(self, answer: httpx.Response) -> float | None:
        """Return how long to wait, by either of the headers that say it."""
        reset = retry_after(answer.headers.get("x-ratelimit-reset", ""), self.server_time or self._now)
        wanted = super().wanted_pause(answer)
        return wanted if wanted is not None or answer.status_code != 429 else reset
