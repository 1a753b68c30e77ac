"""What all settings about files share: their types, how a file writes dates and amounts, how big it may be.

These are the keys `files:` and `limits:` of `funnel.yml`; `settings_sources` takes them in.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
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
PREFIX = r"^[A-Za-z0-9._:-]*[A-Za-z._:-][A-Za-z0-9._:-]*$"
_FORMAT = re.compile(r"^(?=.*Y)(?=.*M)(?=.*D)[YMDHhmsA ,./:T-]+$")


class Frozen(BaseModel):
    """A value that does not change and takes no unknown key."""

    model_config = ConfigDict(frozen=True, defer_build=True, extra="forbid")


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


def _currency(code: str) -> str:
    """Return the code of a currency that there is."""
    from babel.core import get_global  # slow to load

    known = get_global("all_currencies").keys() - {"XXX", "XTS"}  # no currency, and one for tests
    if code not in known:
        raise ValueError(f"{code!r} is no currency; allowed: an ISO code such as EUR")
    return code


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
Currency = Annotated[str, Field(pattern=CODE), AfterValidator(_currency)]
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
            at 16 bytes each or by their texts, four times the size of a CSV file. Reading takes about as much
            memory.
        unpacked_ratio: how many times as big as the file that may be; below 50 MB it does not matter.
        columns: of one table.
        attributes: columns of a canonical table of leads beside its own: each takes the engine its time.
        cell_characters: of one cell.
    """

    unpacked_mb: Annotated[int, Field(ge=1, le=1_000_000)] = 8_000
    unpacked_ratio: Annotated[int, Field(ge=2, le=1_000_000)] = 200
    columns: Annotated[int, Field(ge=10, le=100_000)] = 3_000
    attributes: Annotated[int, Field(ge=1, le=3_000)] = 300
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
