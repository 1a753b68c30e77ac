"""What an analyst may set about data that come from elsewhere: amoCRM, and ad costs.

These are the keys `amocrm:`, `ad_costs:` and `spend_mapping:` of `funnel.yml`, and those of
`settings_exports`; `funnel.settings` takes them in.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from funnel.settings_exports import (
    AttributeName,
    Block,
    Blocks,
    Currency,
    Events,
    Export,
    FileRules,
    Frozen,
    Limits,
    Name,
    Wide,
    Writings,
    wrong_mapping,
)

_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]{1,5})?")
_SOURCE = re.compile(r"^(responsible|pipeline|tags(:.+)?|utm_[a-z]+|field:.+)$", re.DOTALL)


def _source(text: str) -> str:
    if not _SOURCE.match(text):
        raise ValueError(
            f"{text!r} says not where the attribute comes from; allowed: responsible, pipeline, tags, "
            "tags:NAME|NAME, utm_source (or another utm_...), field:NAME (a header of the export; "
            "under amocrm the field's name, id or code)"
        )
    return text


def is_loopback(host: str) -> bool:
    """Whether a host, with or without a port, is this machine itself.

    >>> is_loopback("127.0.0.1:8123"), is_loopback("acme.amocrm.ru"), is_loopback("localhost:x@evil.example")
    (True, False, False)
    """
    return _LOOPBACK.fullmatch(host) is not None


def account_host(host: str) -> str:
    """Return the host of an account as it was given.

    Raises:
        ValueError: it is more than a host (a user, a path, a port), or not the account's own.
    """
    if not is_loopback(host) and (not _HOST.fullmatch(host) or host.startswith("www.")):
        shown = re.sub(r"(?s).*@", "...@", host)  # what stands before an @ may be a password
        raise ValueError(
            f"{shown!r} is not the address of an account; allowed: the whole host without https://, "
            "such as acme.amocrm.ru, acme.amocrm.com or acme.kommo.com"
        )
    return host


def _yes_or_no(value: object) -> object:
    """Take YAML's own yes and no, which are true and false, back to words."""
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


Source = Annotated[str, AfterValidator(_source)]
Declared = TypeVar("Declared", Export, Wide, Events)
Vat = Annotated[Literal["yes", "no", "unknown"], BeforeValidator(_yes_or_no)]


class AmoSettings(Frozen):
    """How one amoCRM (Kommo) account becomes the funnel's tables, by its API.

    Attributes:
        host: the account's whole host, such as `acme.amocrm.ru`. Always HTTPS, but for the loopback address.
            A host that is not the vendor's must be named beside the token too, see `sources.amocrm.hosts`.
        pipelines: for each pipeline that belongs to the funnel (by name or id), its statuses (by name or id)
            and what each means: a stage key, `lead` (no stage yet) or `lost`. A pipeline that is not named is
            outside the funnel. Won (142) means the last stage and lost (143) means `lost` unless said
            otherwise.
        attributes: column of `leads` -> where it comes from: `responsible`, `pipeline`, `tags`,
            `tags:A|B` (the first of these that the lead bears), `utm_source` and its like, `field:NAME`
            (name, code or id of a custom field; fields of the same name are coalesced).
        personal: attributes that may hold telephone numbers or e-mail addresses; everywhere else they are
            blotted out before anything is saved.
        payments: `won`: the budget of a lead in the last stage is a payment made when it got there; `none`:
            no payments.
    """

    host: Annotated[str, AfterValidator(account_host)]
    pipelines: dict[int | str, dict[int | str, str]] = Field(default_factory=dict)
    attributes: dict[AttributeName, Source] = Field(default_factory=dict)
    personal: tuple[str, ...] = ()
    payments: Literal["won", "none"] = "won"

    @property
    def base_url(self) -> str:
        """Where the account's API lives."""
        return f"{'http' if is_loopback(self.host) else 'https'}://{self.host}"

    def problems(self, stage_keys: Sequence[str]) -> Iterator[str]:
        """Say what does not fit the funnel's stages."""
        yield from wrong_mapping("amocrm", self.pipelines, self.personal, self.attributes, stage_keys)


class AdFile(Frozen):
    """What the files of one ad account do not say themselves.

    Attributes:
        platform: yandex, vk, google, meta, plain; by default the header tells.
        account: the account, where a file does not name it.
        channel: what the leads' channel is called; by default the platform.
        currency: of the costs, where the file does not say it.
        vat: whether the costs hold VAT: yes, no or unknown.
        micros: whether costs are millionths (the report API of Yandex.Direct unless told otherwise).
        dates: how dates such as 03/04/2026 are written; by default the column itself must settle it.
        spread: a row of several days is spread over them evenly; by default it is refused.
    """

    platform: Literal["yandex", "vk", "google", "meta", "plain"] | None = None
    account: str = ""
    channel: str = ""
    currency: Currency | None = None
    vat: Vat = "unknown"
    micros: bool | None = None
    dates: Writings = ()
    spread: bool = False


class SpendName(Frozen):
    """How leads name what an ad platform names otherwise: a row of `spend_mapping`.

    Attributes:
        channel, campaign: of the spend; `*` stands for anything, and is the default.
        lead_channel, lead_campaign: what the leads bear instead; without one of them it stays as it is.
    """

    channel: Name = "*"
    campaign: Name = "*"
    lead_channel: str = ""
    lead_campaign: str = ""

    @model_validator(mode="after")
    def _says_something(self) -> SpendName:
        if not (self.lead_channel or self.lead_campaign):
            raise ValueError("give lead_channel, lead_campaign or both: what the leads bear")
        return self


class Sources(Frozen):
    """The keys of `funnel.yml` about files that come from elsewhere.

    Attributes:
        amocrm: the account that `funnel sync amocrm` reads, and its mapping; an empty one is none.
        exports: a CRM's own exports of deals; a list where there are several kinds of them.
        wide: sheets of one's own with a date column for each stage, likewise.
        events: logs of a row for each lead that came to a stage, likewise.
        files: name of canonical files (`*` stands for anything, such as `leads.csv`) -> how they write dates
            and amounts.
        limits: how much a file may unfold to.
        ad_costs: name of files (`*` stands for anything, such as `yandex_*.csv`) -> what they do not say
            themselves.
        spend_mapping: the leads' names for channels and campaigns of the ad spend; the first row that fits
            holds.
    """

    amocrm: Annotated[AmoSettings | None, BeforeValidator(lambda given: given or None)] = None
    exports: Blocks[Export] | None = None
    wide: Blocks[Wide] | None = None
    events: Blocks[Events] | None = None
    files: dict[Name, FileRules] = Field(default_factory=dict)
    limits: Limits = Limits()
    ad_costs: dict[Name, AdFile] = Field(default_factory=dict)
    spend_mapping: tuple[SpendName, ...] = ()

    @model_validator(mode="after")
    def _told_apart(self) -> Sources:
        blocks = self.of_exports
        by_header = [block.profile for block in blocks if not block.files]
        if len(set(by_header)) < len(by_header):
            raise ValueError(
                "exports: nothing tells the files of two blocks apart; give each block files (names; * "
                "stands for anything), or another profile"
            )
        for key, several in (("exports", blocks), ("wide", self.of_wide)):
            if len({block.keeps for block in several}) > 1:
                raise ValueError(f"{key}: keeps is first in one block and last in another; choose one")
        return self

    @property
    def of_exports(self) -> tuple[Export, ...]:
        """The blocks of `exports`."""
        return _several(self.exports)

    @property
    def of_wide(self) -> tuple[Wide, ...]:
        """The blocks of `wide`."""
        return _several(self.wide)

    @property
    def of_events(self) -> tuple[Events, ...]:
        """The blocks of `events`."""
        return _several(self.events)

    def ad_file(self, name: str) -> AdFile | None:
        """Return what is set for an ad-cost file, by the first pattern that fits its name."""
        return next((item for pattern, item in self.ad_costs.items() if fits(name, (pattern,))), None)

    def file_rules(self, name: str) -> FileRules:
        """Return how a canonical file writes dates and amounts, by the first pattern that fits its name."""
        found = (item for pattern, item in self.files.items() if fits(name, (pattern,)))
        return next(found, FileRules())


def _several(given: Block | tuple[Block, ...] | None) -> tuple[Block, ...]:
    return given if isinstance(given, tuple) else () if given is None else (given,)


def named(name: str, blocks: Sequence[Declared]) -> Declared | None:
    """Return the first block whose `files` fit a file's name."""
    return next((block for block in blocks if fits(name, block.files)), None)


def fits(name: str, patterns: Sequence[str]) -> bool:
    """Whether a file's name fits one of some patterns; capitals make no difference.

    >>> fits("Leads_wide_2026.CSV", ["leads_wide*.csv"])
    True
    """
    return any(fnmatch.fnmatchcase(name.casefold(), pattern.casefold()) for pattern in patterns)


def stage_problems(sources: Sources, stage_keys: Sequence[str]) -> list[str]:
    """Return what in the sources' settings does not fit the funnel's stages."""
    return [
        text
        for part in (sources.amocrm, *sources.of_exports, *sources.of_wide, *sources.of_events)
        if part is not None
        for text in part.problems(stage_keys)
    ]
