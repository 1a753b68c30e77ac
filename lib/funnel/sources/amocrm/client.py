"""The conversation with amoCRM: a token that lasts, or one that is renewed by OAuth."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import ClassVar

import httpx

from funnel.settings_accounts import AmoSettings
from funnel.sources.amocrm.credentials import VENDOR, Credentials
from funnel.sources.api import client


class Client(client.Client):
    """Reads from one account.

    Args:
        settings: the account.
        credentials: the token.
        now: UTC; against it an access token's end is judged.
        pace: the rate limit.
        log: told of every request.
    """

    refusals: ClassVar[Mapping[int, tuple[str, str]]] = {
        401: ("the token is not accepted ({})", "generate a new one and set it"),
        402: ("the account is not paid for ({})", "pay, or import the interface's exports"),
        403: (
            "access is refused ({}): the token's user has too few rights, this address is not on the "
            "account's list of allowed addresses, or the account is blocked after too many requests",
            "look into the account before the next sync; nothing was tried again",
        ),
    }

    def __init__(
        self,
        settings: AmoSettings,
        credentials: Credentials,
        now: dt.datetime,
        pace: client.Pace | None = None,
        log: client.Log | None = None,
    ) -> None:
        super().__init__(VENDOR, settings, credentials.host, now, pace, log)
        self._credentials, self._bearer = credentials, ""
        self.prefix = self.shown = "/api/v4/"

    def headers(self, *, renew: bool = False) -> Mapping[str, str] | None:
        """Return the header with a token that is valid now."""
        if renew or not self._bearer:
            bearer = self._credentials.bearer(self._now, self._exchange, renew=renew)
            if bearer is None:
                return None
            self._bearer = bearer
        return {"Authorization": f"Bearer {self._bearer}"}

    def hide(self, text: str) -> str:
        """Return a text without the token."""
        return text.replace(self._bearer, "[token]") if self._bearer else text

    def _exchange(self, body: Mapping[str, str]) -> bytes:
        """Post to the token endpoint. Never tried again: the old refresh token may be spent already."""
        path = "/oauth2/access_token"
        try:
            answer = self.send(self._http.build_request("POST", path, json=dict(body)), path)
        except httpx.RequestError as error:
            raise self.error(
                f"the token cannot be renewed ({type(error).__name__})", "try again later"
            ) from None
        if answer.status_code != 200:
            self._refused = self._refused or answer.status_code == 403
            raise self.error(
                f"the token cannot be renewed ({answer.status_code})",
                "authorise the integration anew and put the new code into the OAuth file",
            )
        return answer.content
