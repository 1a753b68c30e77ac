"""What an analyst may set about files of deals: state exports and wide sheets of any CRM, and event logs.

These are the keys `exports:`, `wide:`, `events:` and `files:` of `funnel.yml`; `settings_sources` takes
them in.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from funnel.errors import nearest
from funnel.validation import CODE

LEAD = "lead"
LOST = "lost"
OWN_COLUMNS = ("lead_id", "created_at", "customer_id")
DateOrder = Literal["day-first", "month-first"]
ORDERS: tuple[DateOrder, ...] = get_args(DateOrder)
ColumnField = Literal[
    "lead_id", "created_at", "updated_at", "stage_changed_at", "stage", "pipeline", "responsible", "tags",
    "amount", "currency_column", "lost_reason", "outcome", "is_won", "is_closed", "closed", "won", "lost",
    "paid_at",
]  # fmt: skip
"""What columns of a state export or wide sheet can mean; each is a key of `exports:` and `wide:`."""
COLUMN_FIELDS: tuple[ColumnField, ...] = get_args(ColumnField)
PREFIX = r"^[A-Za-z0-9._:-]*[A-Za-z._:-][A-Za-z0-9._:-]*$"
_FORMAT = re.compile(r"^(?=.*Y)(?=.*M)(?=.*D)[YMDHhmsA ,./:T-]+$")


class Frozen(BaseModel):
    """A value that does not change and takes no unknown key."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _attribute(name: str) -> str:
    if name.casefold() in OWN_COLUMNS:
        raise ValueError(f"{name!r} is a column of its own; allowed: any other name")
    return name


def zone(name: str) -> str:
    """Return the name of a time zone.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in zoneinfo.available_timezones():
        raise ValueError(f"{name!r} is not a time zone; allowed: an IANA name such as Europe/Moscow")
    return name


def _several(given: object) -> object:
    """Take one text as a list of one; nothing as an empty list."""
    return (given,) if isinstance(given, str) else () if given is None else given


def _writing(text: str) -> str:
    if text not in ORDERS and not _FORMAT.match(text):
        raise ValueError(
            f"{text!r} is no way to write dates; allowed: day-first, month-first, or a form such as "
            "DD.MM.YYYY HH:mm or MM/DD/YY hh:mm A"
        )
    return text


Name = Annotated[str, Field(min_length=1)]
Key = TypeVar("Key")
Block = TypeVar("Block", bound="FileRules")
ONE, SEVERAL = "(one)", "(several)"
Prefix = Annotated[str, Field(pattern=PREFIX, max_length=20)]
AttributeName = Annotated[str, Field(min_length=1), AfterValidator(_attribute)]
Currency = Annotated[str, Field(pattern=CODE)]
Zone = Annotated[str, AfterValidator(zone)]
Headers = Annotated[tuple[Name, ...], BeforeValidator(_several)]
"""One header, or several: the first filled cell of a row counts."""
Words = Annotated[tuple[str, ...], BeforeValidator(_several)]
Writings = Annotated[tuple[Annotated[str, AfterValidator(_writing)], ...], BeforeValidator(_several)]


Blocks = Annotated[
    Annotated[Block, Tag(ONE)] | Annotated[Annotated[tuple[Block, ...], Field(min_length=1)], Tag(SEVERAL)],
    Discriminator(lambda given: SEVERAL if isinstance(given, list | tuple) else ONE),
]
"""One block of settings, or a list of blocks: each for files of its own."""


class Limits(Frozen):
    """How much a file may be before it is refused; rows are not bounded by themselves.

    Attributes:
        unpacked_mb: megabytes that a file may unfold to: the parts of a workbook, the cells of a Parquet file
            at 16 bytes each, four times the size of a CSV file. Reading takes about as much memory.
        unpacked_ratio: how many times as big as the file that may be; below 50 MB it does not matter.
        columns: of one table.
        cell_characters: of one cell of a CSV file or workbook.
    """

    unpacked_mb: Annotated[int, Field(ge=1, le=1_000_000)] = 8_000
    unpacked_ratio: Annotated[int, Field(ge=2, le=1_000_000)] = 200
    columns: Annotated[int, Field(ge=10, le=100_000)] = 3_000
    cell_characters: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = 1_000_000


class FileRules(Frozen):
    """How a file writes what can be written in several ways: a value of `files`.

    Attributes:
        dates: `day-first` or `month-first`, for dates such as 03/04/2026; or the forms themselves, such as
            `MM/DD/YY hh:mm A`. By default each column itself must settle it.
        timezone: where times without an offset were taken; by default the funnel's own.
        decimal: what stands before the cents, `,` or `.`; by default each column itself must settle it.
    """

    dates: Writings = ()
    timezone: Zone | None = None
    decimal: Literal[",", "."] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> FileRules:
        if len(self.dates) > 1 and any(name in ORDERS for name in self.dates):
            raise ValueError("dates: name one order, or forms only")
        return self


class CanonicalRules(FileRules):
    """How a canonical file writes dates and amounts, and what it calls the stages: a value of `files`.

    Attributes:
        stages: word in the column `stage` -> stage key, `lead` (no stage yet) or `lost`.
    """

    stages: dict[Name, str] = Field(default_factory=dict)

    def problems(self, name: str, stage_keys: Sequence[str]) -> Iterator[str]:
        """Say what does not fit the funnel's stages."""
        for word, stage in self.stages.items():
            where = f"files.{name}.stages.{word}"
            yield from not_among(stage, (LEAD, *stage_keys, LOST), where, "no stage")


class Export(FileRules):
    """How a CRM's files of deals become the funnel's tables: a row a deal, as it stands, or with dates.

    Keys that name columns take a header or a list of headers; what is not set comes from the profile.

    Attributes:
        profile: whose names of columns and words hold: amocrm, bitrix24, hubspot, pipedrive, salesforce,
            zoho; by default the one that the header fits best.
        files: names of the files; `*` stands for anything. By default the header tells.
        id_prefix: stands before every id, so that those of two CRMs are never one.
        lead_id, created_at, updated_at: columns.
        stage_changed_at: when it came to the stage it stands in.
        stage, pipeline: where it stands.
        responsible, tags: for attributes.
        amount, currency_column: of the deal; what a won one brings.
        outcome: whether it is won, lost or open, by words; or `is_won` and `is_closed`: by yes and no.
        closed: when it was closed. Of an open deal it is no closing but a forecast, and not read.
        won, lost: dates of their own for the two ends.
        lost_reason: why it was lost.
        paid_at: the day of one payment for each lead, with `amount`.
        stages: stage key -> column, or columns, with the date the lead entered it: the earliest counts.
        pipelines: pipeline -> stage as the file names it -> stage key, `lead` (no stage yet) or `lost`. A
            pipeline that is not named is outside the funnel.
        won_words, lost_words, open_words: words of `outcome`, of stages, and of an empty date of closing.
        attributes: column of `leads` -> where it comes from: a header, `responsible`, `pipeline`, `tags`,
            `tags:A|B` (the first of these that the lead bears). Columns that are not named are not read.
        personal: attributes that keep telephone numbers and e-mail addresses; everywhere else they are
            blotted out.
        join: attribute -> the value to write -> the writings that mean it.
        where: header -> values: only rows with one of them are leads.
        drop: header -> values: rows with one of them are left out, such as duplicates and tests.
        payments: `won`: the amount of a won lead is a payment when it was closed; `none`: no payments.
        currency: of the amount, where the file does not say it.
        product_rows: `add`: rows of one lead are its products, and their amounts are added up; `same`: only
            rows that say the same are one.
        empty: what stands for "no date".
        keeps: whether a stage's date is that of the `first` or the `last` entry. With `first`, another
            date in a later sheet is a correction and replaces the one known; with `last` it is one more
            entry.
        aliases: a YAML file of more names of columns (`created_at: [Создано]`).
    """

    profile: Name | None = None
    files: Headers = ()
    id_prefix: Prefix | None = None
    lead_id: Headers = ()
    created_at: Headers = ()
    updated_at: Headers = ()
    stage_changed_at: Headers = ()
    stage: Headers = ()
    pipeline: Headers = ()
    responsible: Headers = ()
    tags: Headers = ()
    amount: Headers = ()
    currency_column: Headers = ()
    lost_reason: Headers = ()
    outcome: Headers = ()
    is_won: Headers = ()
    is_closed: Headers = ()
    closed: Headers = ()
    won: Headers = ()
    lost: Headers = ()
    paid_at: Headers = ()
    stages: dict[Name, Headers] = Field(default_factory=dict)
    pipelines: dict[Name, dict[Name, str]] = Field(default_factory=dict)
    won_words: Words = ()
    lost_words: Words = ()
    open_words: Words = ()
    attributes: dict[AttributeName, Name] = Field(default_factory=dict)
    personal: tuple[str, ...] = ()
    join: dict[Name, dict[Name, Words]] = Field(default_factory=dict)
    where: dict[Name, Words] = Field(default_factory=dict)
    drop: dict[Name, Words] = Field(default_factory=dict)
    payments: Literal["won", "none"] = "won"
    currency: Currency | None = None
    product_rows: Literal["same", "add"] | None = None
    empty: Words = ("", "-")
    keeps: Literal["first", "last"] | None = None
    aliases: Path | None = None

    @property
    def key(self) -> str:
        """The key of `funnel.yml` it is set by."""
        return "exports"

    @property
    def columns(self) -> dict[ColumnField, tuple[str, ...]]:
        """The headers that are named, by what they mean."""
        return {field: getattr(self, field) for field in COLUMN_FIELDS if getattr(self, field)}

    def problems(self, stage_keys: Sequence[str]) -> Iterator[str]:
        """Say what does not fit the funnel's stages."""
        yield from wrong_mapping(self.key, self.pipelines, self.personal, self.attributes, stage_keys)
        for stage in self.stages:
            yield from not_among(stage, tuple(stage_keys), f"{self.key}.stages", "no stage")
        for name in self.join:
            yield from not_among(name, tuple(self.attributes), f"{self.key}.join", "no attribute")


class Wide(Export):
    """A sheet of one's own with one row for each lead and a column of dates for each stage: see `Export`."""

    files: Annotated[Headers, Field(min_length=1)]
    lead_id: Headers = ("lead_id",)
    created_at: Headers = ("created_at",)
    stages: Annotated[dict[Name, Headers], Field(min_length=1)]
    empty: Words = ("", "-", "не закрыта")
    keeps: Literal["first", "last"] | None = "first"

    @model_validator(mode="after")
    def _consistent(self) -> Wide:
        if self.lost and self.closed:
            raise ValueError("lost and closed: only one of the two says when a lead was lost")
        if self.closed and not (self.lost_reason or self.outcome or self.is_won or self.stage):
            raise ValueError(
                "closed: it needs outcome (a column that says won, lost or open), or lost_reason, "
                "which tells a loss from a sale"
            )
        if self.paid_at and not self.amount:
            raise ValueError("paid_at and amount: a payment needs both")
        if self.amount and not (self.paid_at or self.closed or self.won):
            raise ValueError("paid_at and amount: a payment needs both, or a won lead with closed")
        return self

    @property
    def key(self) -> str:
        """The key of `funnel.yml` it is set by."""
        return "wide"


class Events(FileRules):
    """An event log: a row for each lead that came to a stage, as a warehouse or a CRM's history gives it.

    Attributes:
        files: names of the files; `*` stands for anything.
        id_prefix: stands before every id, as under `exports`.
        lead_id, stage, entered_at: their columns.
        pipeline: its column, where stages are named by pipeline.
        reason: column with the reason of a loss.
        stages: stage as the file names it -> stage key, `lead` (no stage yet) or `lost`.
        where, drop: header -> values: which rows count, which are left out.
        leads: whether each lead of the log is one that came with its first event; else other files bring the
            leads.
        attributes: with `leads`: column of `leads` -> header; the last filled one of a lead counts.
        profile: whose ids they are, where a CRM writes one id in several ways (salesforce, zoho).
    """

    files: Annotated[Headers, Field(min_length=1)]
    id_prefix: Prefix | None = None
    lead_id: Headers = ("lead_id",)
    stage: Headers = ("stage",)
    entered_at: Headers = ("entered_at",)
    pipeline: Headers = ()
    reason: Headers = ()
    stages: Annotated[dict[Name, str], Field(min_length=1)]
    where: dict[Name, Words] = Field(default_factory=dict)
    drop: dict[Name, Words] = Field(default_factory=dict)
    leads: bool = False
    profile: Name | None = None
    attributes: dict[AttributeName, Name] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Events:
        if self.attributes and not self.leads:
            raise ValueError("attributes: set leads: true, so that the log brings the leads")
        return self

    def problems(self, stage_keys: Sequence[str]) -> Iterator[str]:
        """Say what does not fit the funnel's stages."""
        for name, stage in self.stages.items():
            yield from not_among(stage, (LEAD, *stage_keys, LOST), f"events.stages.{name}", "no stage")


def wrong_mapping(
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
            yield from not_among(stage, (LEAD, *stage_keys, LOST), where, "no stage")
    for attribute in personal:
        yield from not_among(attribute, tuple(attributes), f"{key}.personal", "no attribute")


def not_among(word: str, allowed: Sequence[str], where: str, what: str) -> Iterator[str]:
    """Say that a word is not among those allowed, and which is nearest."""
    if word not in allowed:
        listed = ", ".join(allowed) or "none"
        yield f"{where}: {word!r} is {what}{nearest(word, allowed)}; allowed: {listed}"
