"""The conversation with Bitrix24: a webhook, whose secret is a part of the address."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import httpx

from funnel.errors import InputError, Problem
from funnel.settings_accounts import BitrixSettings, is_loopback
from funnel.sources.api import client, secrets
from funnel.sources.api.vendor import Vendor
from funnel.sources.api.wire import loads

VENDOR = Vendor(
    "bitrix24",
    "Bitrix24",
    tuple(
        f"bitrix24.{end}"
        for end in (
            *("ru", "by", "kz", "ua", "uz", "com", "eu", "de", "fr", "es", "it", "pl", "co.uk"),
            *("com.br", "com.tr", "in", "cn", "jp", "vn", "id", "mx", "co"),
        )
    ),
)
_WEBHOOK = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>[^/\s?#@]+)/rest/(?P<user>[0-9]+)/(?P<code>[A-Za-z0-9_-]{6,})/?"
)
_LATER = 60.0  # seconds, where the server says only that a method was asked too much


class Webhook(str):
    """The path of a webhook, `USER/CODE`; it shows itself to nobody."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Webhook(...)"


def webhook(environ: Mapping[str, str], repo: Path, account: BitrixSettings) -> tuple[Webhook, str]:
    """Find the webhook's address; return its path, and what the user should know of its file.

    Args:
        environ: the environment.
        repo: the folder in which no secret may lie.
        account: where it has to lead to.

    Raises:
        MissingError: none is set, or the file is not there.
        InputError: the secret cannot be used, or is another portal's.
    """
    found = secrets.find(VENDOR, environ, repo, "webhook")
    form = "https://PORTAL/rest/USER/CODE/, as Bitrix24 shows it under Developer resources, Inbound webhook"
    match = _WEBHOOK.fullmatch(found.text)
    if match is None:
        problem = Problem(found.name, "the value is no address of a webhook", form)
        raise InputError("The Bitrix24 webhook cannot be used.", [problem])
    if match["scheme"] == "http" and not is_loopback(match["host"]):
        problem = Problem(found.name, "the address is not encrypted", form)
        raise InputError("The Bitrix24 webhook cannot be used.", [problem])
    if match["host"] != account.host:
        problem = Problem(
            found.name,
            f"the webhook is of another portal than bitrix24.host, which is {account.host!r}",
            todo="correct funnel.yml, or make a webhook on that portal",
        )
        raise InputError("The webhook was sent nowhere.", [problem])
    return Webhook(f"{match['user']}/{match['code']}"), found.note


class Client(client.Client):
    """Reads from one portal.

    Args:
        account: the portal.
        path: of the webhook.
        named_host: the host that was named beside the secret.
        now: UTC.
        pace: the rate limit; by default two requests a second, which every tariff bears for long.
        log: told of every request.
    """

    per_second = 2
    refusals: ClassVar[Mapping[int, tuple[str, str]]] = {
        401: ("the webhook is not accepted ({})", "make a new one and set it"),
        403: (
            "access is refused ({}): the webhook lacks a scope, its user a right, or the tariff has no REST",
            "give the webhook the scopes crm and user_brief, and its user the right to read all deals",
        ),
    }

    def __init__(
        self,
        account: BitrixSettings,
        path: Webhook,
        named_host: str,
        now: dt.datetime,
        pace: client.Pace | None = None,
        log: client.Log | None = None,
    ) -> None:
        super().__init__(VENDOR, account, named_host, now, pace, log)
        self._secret = path
        self.prefix, self.shown = f"/rest/{path}/", "/rest/"

    def hide(self, text: str) -> str:
        """Return a text without the secret."""
        return text.replace(self._secret, "[webhook]").replace(self._secret.partition("/")[2], "[webhook]")

    def wanted_pause(self, answer: httpx.Response) -> float | None:
        """Return how long to wait; a method that used up its time is free again some minutes later."""
        wanted = super().wanted_pause(answer)
        if wanted is not None or answer.status_code != 429:
            return wanted
        try:
            reset = float(loads(answer.content)["time"]["operating_reset_at"])  # type: ignore[index]
        except (ValueError, TypeError, KeyError, OverflowError):
            return _LATER
        return max(reset - (self.server_time or self._now).timestamp(), 1.0)
