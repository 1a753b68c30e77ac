"""What an analyst may set about files of deals: state exports and wide sheets of any CRM.

These are the keys `exports:` and `wide:` of `funnel.yml`; `settings_sources` takes them in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from funnel.settings_files import (
    AttributeName,
    Currency,
    FileRules,
    Headers,
    Name,
    Prefix,
    Words,
    not_among,
    wrong_mapping,
)

ColumnField = Literal[
    "lead_id", "created_at", "updated_at", "stage_changed_at", "stage", "pipeline", "responsible", "tags",
    "amount", "currency_column", "lost_reason", "outcome", "is_won", "is_closed", "closed", "won", "lost",
    "paid_at",
]  # fmt: skip
"""What columns of a state export or wide sheet can mean; each is a key of `exports:` and `wide:`."""
COLUMN_FIELDS: tuple[ColumnField, ...] = get_args(ColumnField)


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
