"""Where a token may go: to the vendor's own domains, to this machine, or where its holder says.

`funnel.yml` lies in the repository, and who may edit that file need not be one who may have the token. So a
file alone sends no token to any other host: the environment or the command line must name it, as they do the
token.
"""

from __future__ import annotations

from funnel.errors import InputError, Problem
from funnel.settings_sources import AmoSettings, account_host, is_loopback

HOST = "FUNNEL_AMOCRM_HOST"
VENDOR = ("amocrm.ru", "amocrm.com", "kommo.com")
"""The domains under which the vendor gives every account a host of its own."""


def is_vendor(host: str) -> bool:
    """Whether a host is one of the vendor's.

    >>> is_vendor("acme.amocrm.ru"), is_vendor("acme.amocrm.ru.evil.example"), is_vendor("evilamocrm.ru")
    (True, False, False)
    """
    return host.endswith(tuple(f".{domain}" for domain in VENDOR))


def named(host: str, where: str) -> str:
    """Return a host that the environment or the command line names, or an empty string.

    Raises:
        InputError: it is no host.
    """
    try:
        return account_host(host.strip()) if host.strip() else ""
    except ValueError as error:
        raise InputError("The host of the account cannot be used.", [Problem(where, str(error))]) from None


def require_safe(host: str, named_host: str) -> None:
    """Refuse a host that is neither the vendor's nor this machine nor the one that was named.

    Raises:
        InputError: with what to do.
    """
    if is_vendor(host) or is_loopback(host) or host == named_host:
        return
    problem = Problem(
        "amocrm.host",
        f"{host!r} is no host of amoCRM or Kommo, and a file alone may not say where the token goes",
        ", ".join(f"NAME.{domain}" for domain in VENDOR),
        f"correct funnel.yml; or, if the account really is there, say so: {HOST}={host}, or --host {host}",
    )
    raise InputError("The token was sent nowhere.", [problem])


def at(account: AmoSettings, named_host: str) -> AmoSettings:
    """Return an account at the host that was named, or where its settings say.

    Raises:
        InputError: the settings alone name a host that is not the vendor's.
    """
    host = named_host or account.host
    require_safe(host, named_host)
    return account.model_copy(update={"host": host})
