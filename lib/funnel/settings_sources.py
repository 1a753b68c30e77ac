"""What an analyst may set about data that come from elsewhere: amoCRM, its exports, wide sheets, ad costs.

These are the keys `amocrm:`, `exports:`, `wide:` and `ad_costs:` of `funnel.yml`; `funnel.settings` takes
them in.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from funnel.errors import nearest
from funnel.validation import CODE

LEAD = "lead"
LOST = "lost"
OWN_COLUMNS = ("lead_id", "created_at", "customer_id")
DateOrder = Literal["day-first", "month-first"]
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]{1,5})?")
_SOURCE = re.compile(r"^(responsible|pipeline|tags(:.+)?|utm_[a-z]+|field:.+)$", re.DOTALL)


class Frozen(BaseModel):
    """A value that does not change and takes no unknown key."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _attribute(name: str) -> str:
    if name.casefold() in OWN_COLUMNS:
        raise ValueError(f"{name!r} is a column of its own; allowed: any other name")
    return name


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


Key = TypeVar("Key")
Name = Annotated[str, Field(min_length=1)]
AttributeName = Annotated[str, Field(min_length=1), AfterValidator(_attribute)]
Source = Annotated[str, AfterValidator(_source)]
Currency = Annotated[str, Field(pattern=CODE)]
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
    pipelines: dict[int | str, dict[int | str, str]] = {}
    attributes: dict[AttributeName, Source] = {}
    personal: tuple[str, ...] = ()
    payments: Literal["won", "none"] = "won"

    @property
    def base_url(self) -> str:
        """Where the account's API lives."""
        return f"{'http' if is_loopback(self.host) else 'https'}://{self.host}"

    def wrong(self, stage_keys: Sequence[str]) -> Iterator[str]:
        """Say what does not fit the funnel's stages."""
        yield from _wrong("amocrm", self.pipelines, self.personal, self.attributes, stage_keys)


class Exports(Frozen):
    """How the files of amoCRM's (Kommo's) own export become the funnel's tables.

    Attributes:
        pipelines: pipeline -> stage as the export names it -> stage key, `lead` (no stage yet) or `lost`. A
            pipeline that is not named is outside the funnel.
        attributes: column of `leads` -> where it comes from: `responsible`, `pipeline`, `tags`, `tags:A|B`
            (the first of these that the lead bears), `utm_source` and its like, `field:HEADER`. Columns that
            are not named here are dropped while reading.
        personal: attributes that keep telephone numbers and e-mail addresses; everywhere else they are
            blotted out.
        payments: `won`: the budget of a lead in the last stage is a payment made when it was closed; `none`:
            no payments.
        currency: of the budget, where the header does not say it.
        dates: how dates such as 03.04.2026 are written.
        open_words: what stands for "not closed" in the date of closing, besides the known words.
        aliases: a YAML file of more names of columns (`created_at: [Создано]`).
    """

    pipelines: dict[Name, dict[Name, str]] = {}
    attributes: dict[AttributeName, Source] = {}
    personal: tuple[str, ...] = ()
    payments: Literal["won", "none"] = "won"
    currency: Currency | None = None
    dates: DateOrder = "day-first"
    open_words: tuple[str, ...] = ()
    aliases: Path | None = None

    def wrong(self, stage_keys: Sequence[str]) -> Iterator[str]:
        """Say what does not fit the funnel's stages."""
        yield from _wrong("exports", self.pipelines, self.personal, self.attributes, stage_keys)


class Wide(Frozen):
    """A sheet with one row for each lead and a column of dates for each stage.

    Attributes:
        files: names of the files; `*` stands for anything, such as `leads_wide*.csv`.
        lead_id, created_at: their columns.
        stages: stage key -> column with the date the lead entered it.
        lost: column with the date of the loss.
        closed: column with the date of closing, instead of `lost`: a closed lead is lost if it has a reason,
            and has reached the last stage if it has none.
        lost_reason: column with the reason.
        paid_at, amount: columns of one payment for each lead.
        attributes: column of `leads` -> column of the sheet. Columns that are not named are dropped.
        personal: attributes that keep telephone numbers and e-mail addresses; everywhere else they are
            blotted out.
        empty: what stands for "no date".
        dates: how dates such as 03/04/2026 are written; by default the column itself must settle it.
        keeps: whether a stage's field keeps the `first` or the `last` entry. With `first`, another date in a
            later sheet is a correction and replaces the one known; with `last` it is one more entry.
    """

    files: Annotated[tuple[Name, ...], Field(min_length=1)]
    lead_id: Name = "lead_id"
    created_at: Name = "created_at"
    stages: Annotated[dict[Name, Name], Field(min_length=1)]
    lost: Name | None = None
    closed: Name | None = None
    lost_reason: Name | None = None
    paid_at: Name | None = None
    amount: Name | None = None
    attributes: dict[AttributeName, Name] = {}
    personal: tuple[str, ...] = ()
    empty: tuple[str, ...] = ("", "-", "не закрыта")
    dates: DateOrder | None = None
    keeps: Literal["first", "last"] = "first"

    @model_validator(mode="after")
    def _consistent(self) -> Wide:
        if self.lost and self.closed:
            raise ValueError("lost and closed: only one of the two says when a lead was lost")
        if self.closed and not self.lost_reason:
            raise ValueError("closed: it needs lost_reason, which tells a loss from a sale")
        if (self.paid_at is None) != (self.amount is None):
            raise ValueError("paid_at and amount: a payment needs both")
        return self

    def wrong(self, stage_keys: Sequence[str]) -> Iterator[str]:
        """Say what does not fit the funnel's stages."""
        for stage in self.stages:
            yield from _not_among(stage, tuple(stage_keys), "wide.stages", "no stage")
        for name in self.personal:
            yield from _not_among(name, tuple(self.attributes), "wide.personal", "no attribute")


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
    dates: DateOrder | None = None
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
        exports: amoCRM's own exports.
        wide: sheets with a date column for each stage.
        ad_costs: name of files (`*` stands for anything, such as `yandex_*.csv`) -> what they do not say
            themselves.
        spend_mapping: the leads' names for channels and campaigns of the ad spend; the first row that fits
            holds.
    """

    amocrm: Annotated[AmoSettings | None, BeforeValidator(lambda given: given or None)] = None
    exports: Exports | None = None
    wide: Wide | None = None
    ad_costs: dict[Name, AdFile] = {}
    spend_mapping: tuple[SpendName, ...] = ()

    def ad_file(self, name: str) -> AdFile | None:
        """Return what is set for an ad-cost file, by the first pattern that fits its name."""
        return next((item for pattern, item in self.ad_costs.items() if fits(name, (pattern,))), None)


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
        for part in (sources.amocrm, sources.exports, sources.wide)
        if part is not None
        for text in part.wrong(stage_keys)
    ]


def _wrong(
    key: str,
    pipelines: Mapping[Key, Mapping[Key, str]],
    personal: Sequence[str],
    attributes: Mapping[str, str],
    stage_keys: Sequence[str],
) -> Iterator[str]:
    """Say which stages and attributes of a mapping of pipelines are not there."""
    for pipeline, stages in pipelines.items():
        for name, stage in stages.items():
            where = f"{key}.pipelines.{pipeline}.{name}"
            yield from _not_among(stage, (LEAD, *stage_keys, LOST), where, "no stage")
    for attribute in personal:
        yield from _not_among(attribute, tuple(attributes), f"{key}.personal", "no attribute")


def _not_among(word: str, allowed: Sequence[str], where: str, what: str) -> Iterator[str]:
    if word not in allowed:
        listed = ", ".join(allowed) or "none"
        yield f"{where}: {word!r} is {what}{nearest(word, allowed)}; allowed: {listed}"
