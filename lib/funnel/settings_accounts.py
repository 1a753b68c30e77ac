"""What an analyst may set about accounts that are read by their API: one key of `funnel.yml` a CRM.

These are the keys `amocrm:`, `bitrix24:`, `hubspot:` and `pipedrive:`; `settings_sources` takes them in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, field_validator

from funnel import vendors
from funnel.settings_files import AttributeName, Frozen, wrong_mapping

_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})+")
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]{1,5})?")
_SOURCE = re.compile(r"^(responsible|pipeline|tags(:.+)?|utm_[a-z]+|field:.+)$", re.DOTALL)


def _source(text: str) -> str:
    if not _SOURCE.match(text):
        raise ValueError(
            f"{text!r} says not where the attribute comes from; allowed: responsible, pipeline, tags, "
            "tags:NAME|NAME, utm_source (or another utm_...), field:NAME (a header of the export; "
            "under the key of a CRM that is read by its API the field's name, id or code)"
        )
    return text


def is_loopback(host: str) -> bool:
    """Whether a host, with or without a port, is this machine itself.

    >>> is_loopback("127.0.0.1:8123"), is_loopback("acme.amocrm.ru"), is_loopback("localhost:x@evil.example")
    (True, False, False)
    """
    return _LOOPBACK.fullmatch(host) is not None


Source = Annotated[str, AfterValidator(_source)]


class Account(Frozen):
    """How one account of a CRM becomes the funnel's tables, by its API.

    Attributes:
        host: the whole host. Always HTTPS, but for the loopback address. One that is not the vendor's must
            be named beside the token too, see `sources.api.vendor`.
        pipelines: for each pipeline that belongs to the funnel (by name or id), its stages (by name or id)
            and what each means: a stage key, `lead` (no stage yet) or `lost`. A pipeline that is not named is
            outside the funnel. What the CRM itself calls won means the last stage, and what it calls lost
            means `lost`, unless said otherwise.
        attributes: column of `leads` -> where it comes from: `responsible`, `pipeline`, `tags`,
            `tags:A|B` (the first of these that the lead bears), `utm_source` and its like, `field:NAME`
            (name, code or id of a field; fields of the same name are coalesced).
        personal: attributes that may hold telephone numbers or e-mail addresses; everywhere else they are
            blotted out before anything is saved.
        payments: `won`: the amount of a lead in the last stage is a payment made when it got there; `none`:
            no payments.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    page: ClassVar[str]
    example: ClassVar[str]
    host: str
    pipelines: dict[int | str, dict[int | str, str]] = Field(default_factory=dict)
    attributes: dict[AttributeName, Source] = Field(default_factory=dict)
    personal: tuple[str, ...] = ()
    payments: Literal["won", "none"] = "won"

    @field_validator("host")
    @classmethod
    def checked_host(cls, host: str) -> str:
        """Return the host of an account as it was given.

        Raises:
            ValueError: it is more than a host (a user, a path, a port), or not the account's own.
        """
        if not is_loopback(host) and (not _HOST.fullmatch(host) or host.startswith("www.")):
            shown = re.sub(r"(?s).*@", "...@", host)  # what stands before an @ may be a password
            shown = re.sub(r"(?s)(?<=[^:/])/.+", "/...", shown)  # behind a / may be a webhook's secret
            raise ValueError(
                f"{shown!r} is not the address of an account; allowed: the whole host without https://, "
                f"such as {cls.example}"
            )
        return host

    @property
    def base_url(self) -> str:
        """Where the account's API lives."""
        return f"{'http' if is_loopback(self.host) else 'https'}://{self.host}"

    def problems(self, stage_keys: Sequence[str]) -> Iterator[str]:
        """Say what does not fit the funnel's stages."""
        yield from wrong_mapping(self.key, self.pipelines, self.personal, self.attributes, stage_keys)


class AmoSettings(Account):
    """An account of amoCRM or Kommo. Won (142) and lost (143) are known; `tags` are the lead's."""

    key, title, page, example = vendors.AMOCRM


class BitrixSettings(Account):
    """A portal of Bitrix24. It has no tags.

    Attributes:
        entity: what a lead of the funnel is: a `deal`, or a `lead` of the CRM's own, which ends as converted.
    """

    key, title, page, example = vendors.BITRIX24
    entity: Literal["deal", "lead"] = "deal"


class HubSpotSettings(Account):
    """An account of HubSpot: its deals. All accounts share one host."""

    key, title, page, example = vendors.HUBSPOT
    host: str = "api.hubapi.com"


class PipedriveSettings(Account):
    """An account of Pipedrive: its deals. `won` and `lost` stand beside the stages of each pipeline."""

    key, title, page, example = vendors.PIPEDRIVE


ACCOUNTS: tuple[type[Account], ...] = (AmoSettings, BitrixSettings, HubSpotSettings, PipedriveSettings)
"""The CRMs that are read by their API."""
