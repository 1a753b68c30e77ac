"""Where a lead stands in the CRM: the key `crm_url:` of `funnel.yml`; `settings_sources` takes it in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BeforeValidator

LONGEST = 2079
"""Characters of the longest address that Excel opens."""
_EXAMPLE = "such as https://acme.amocrm.ru/leads/detail/{id}"
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?")
_SAFE = re.compile(r"[!#$%&'()*+,./0-9:;=?@A-Z_a-z~-]+")


def _template(text: str) -> str:
    """Refuse what is no address of a page that a lead's id belongs into."""
    address = text.replace("{id}", "0")
    parts = urlsplit(address)
    if parts.scheme != "https":
        raise ValueError(f"{text!r} does not begin with https://; allowed: the address of a lead, {_EXAMPLE}")
    if not _HOST.fullmatch(parts.netloc) or "{id}" in urlsplit(text).netloc:
        raise ValueError(f"{text!r} has no plain host; allowed: a name without user or password, {_EXAMPLE}")
    if text.count("{id}") != 1:
        raise ValueError(f"{text!r} holds {{id}} {text.count('{id}')} times; allowed: once, {_EXAMPLE}")
    if not _SAFE.fullmatch(address) or len(text) > 1000:
        raise ValueError(
            f"{text[:60]!r} is no address; allowed: at most 1,000 of the signs of one, {_EXAMPLE}"
        )
    return text


def _by_prefix(given: object) -> object:
    return {"": given} if isinstance(given, str) else given or {}


CrmUrl = Annotated[dict[str, Annotated[str, AfterValidator(_template)]], BeforeValidator(_by_prefix)]
"""The addresses by what the ids begin with ('' for any): a text alone is for all ids."""


def lead_url(templates: Mapping[str, str], lead_id: str) -> str:
    """Return the address of a lead in the CRM; '' where none is known, or Excel could not open it.

    Of several templates the one with the longest fitting beginning (`id_prefix`) holds, and the CRM does not
    know that beginning.

    >>> lead_url({"": "https://acme.amocrm.ru/leads/detail/{id}"}, "12 &7")
    'https://acme.amocrm.ru/leads/detail/12%20%267'
    >>> lead_url({"hs-": "https://app.hubspot.com/contacts/1/record/0-3/{id}"}, "hs-42")
    'https://app.hubspot.com/contacts/1/record/0-3/42'
    >>> lead_url({"hs-": "https://app.hubspot.com/contacts/1/record/0-3/{id}"}, "42")
    ''
    """
    fitting = [prefix for prefix in templates if lead_id.startswith(prefix)]
    if not fitting:
        return ""
    prefix = max(fitting, key=len)
    own = lead_id[len(prefix) :]
    address = templates[prefix].replace("{id}", quote(own, safe=""))
    return address if own and len(address) <= LONGEST else ""
