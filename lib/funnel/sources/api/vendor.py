"""Where a token may go: to the vendor's own domains, to this machine, or where its holder says.

`funnel.yml` lies in the repository, and who may edit that file need not be one who may have the token. So a
file alone sends no token to any other host: the environment or the command line must name it, as they do the
token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from funnel.errors import InputError, Problem
from funnel.settings_accounts import Account, is_loopback

Settings = TypeVar("Settings", bound=Account)


@dataclass(frozen=True, slots=True)
class Vendor:
    """Who makes a CRM.

    Attributes:
        key: of `funnel.yml` and of the command, such as `amocrm`.
        title: as it calls itself.
        domains: under which it gives every account a host of its own.
        hosts: its hosts that all accounts share.
    """

    key: str
    title: str
    domains: tuple[str, ...]
    hosts: tuple[str, ...] = ()

    def variable(self, what: str) -> str:
        """Return the name of an environment variable.

        >>> Vendor("amocrm", "amoCRM", ("amocrm.ru",)).variable("host")
        'FUNNEL_AMOCRM_HOST'
        """
        return f"FUNNEL_{self.key.upper()}_{what.upper()}"

    def owns(self, host: str) -> bool:
        """Whether a host is one of the vendor's.

        >>> amo = Vendor("amocrm", "amoCRM", ("amocrm.ru",))
        >>> amo.owns("acme.amocrm.ru"), amo.owns("acme.amocrm.ru.evil.example"), amo.owns("evilamocrm.ru")
        (True, False, False)
        """
        return host in self.hosts or host.endswith(tuple(f".{domain}" for domain in self.domains))

    def named(self, host: str, where: str, account: type[Account]) -> str:
        """Return a host that the environment or the command line names, or an empty string.

        Raises:
            InputError: it is no host.
        """
        try:
            return account.checked_host(host.strip()) if host.strip() else ""
        except ValueError as error:
            raise InputError(
                "The host of the account cannot be used.", [Problem(where, str(error))]
            ) from None

    def require_safe(self, host: str, named_host: str) -> None:
        """Refuse a host that is neither the vendor's nor this machine nor the one that was named.

        Raises:
            InputError: with what to do.
        """
        if self.owns(host) or is_loopback(host) or host == named_host:
            return
        allowed = ", ".join([*self.hosts, *(f"NAME.{domain}" for domain in self.domains)])
        problem = Problem(
            f"{self.key}.host",
            f"{host!r} is no host of {self.title}, and a file alone may not say where the token goes",
            allowed,
            f"correct funnel.yml; or, if the account really is there, say so: "
            f"{self.variable('host')}={host}, or --host {host}",
        )
        raise InputError("The token was sent nowhere.", [problem])

    def at(self, account: Settings, named_host: str) -> Settings:
        """Return an account at the host that was named, or where its settings say.

        Raises:
            InputError: the settings alone name a host that is not the vendor's.
        """
        host = named_host or account.host
        self.require_safe(host, named_host)
        return account.model_copy(update={"host": host})
