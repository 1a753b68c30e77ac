"""How the parts of an answer are written, whoever wrote it: ids, times, amounts, names, lists.

Whatever a model of a CRM does not name is dropped while an answer is parsed.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from decimal import Decimal
from typing import Annotated, ClassVar, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

LARGEST = 2**63 - 1  # of an id: the saved state holds no larger number
FIRST, END = 1, 7_258_118_400  # seconds: 0 and less, and what lies after 2199, is no time
TOO_MUCH = Decimal(10) ** 16  # as in the warehouse: 16 digits before the point
_DIGITS = 40  # of a number; a longer one is text
_DAY = re.compile(r"\d{4}-\d\d-\d\d([ T]\d.*)?")
_KEY = re.compile(r"[1-9][0-9]{0,17}|0")


def loads(body: bytes) -> object:
    """Parse an answer, whatever its records hold: NaN and endless numbers are text, bad bytes are replaced.

    Raises:
        ValueError: it is no JSON, or is nested too deeply to be read.
    """
    try:
        return json.loads(
            body.decode("utf-8-sig", "replace"),
            parse_int=lambda text: int(text) if len(text) <= _DIGITS else text,
            parse_float=lambda text: float(text) if math.isfinite(float(text)) else text,
            parse_constant=str,
            strict=False,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def listed(value: object) -> object:
    """Empty lists come as null, and a PHP server now and then writes a list as an object of its places."""
    if isinstance(value, dict) and all(str(key).isdigit() for key in value):
        return list(value.values())
    return [] if value is None or isinstance(value, dict) else value


def rows(value: object) -> object:
    """Return a list as a list, and anything else as an empty one."""
    made = listed(value)
    return made if isinstance(made, list) else []


def an_object(value: object) -> object:
    """Return an object as it is, and anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def number(value: object) -> object:
    """Refuse true and false, which are numbers to Python; an empty text is nothing.

    Raises:
        ValueError: it is true or false.
    """
    if isinstance(value, bool):
        raise ValueError("is true or false")
    return None if value == "" else value


def key(value: object) -> int | str:
    """Return an id as it is compared, whether it came as a number or as text.

    >>> key("7001"), key(" C5:NEW "), key(3), key("007")
    (7001, 'C5:NEW', 3, '007')
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("is no id")
    text = str(value).strip()
    if not text or len(text) > 100 or not text.isprintable():
        raise ValueError("is no id")
    return int(text) if _KEY.fullmatch(text) else text


def seconds(value: object) -> int:
    """Read a time as APIs write it, ISO 8601 with an offset or in UTC: unix seconds.

    >>> seconds("2024-09-02T18:37:18+02:00")
    1725295038
    >>> seconds("2024-09-02 16:37:18"), seconds("2024-09-02T16:37:18.2Z")
    (1725295038, 1725295038)

    Raises:
        ValueError: it is no such time.
    """
    if not isinstance(value, str) or not _DAY.fullmatch(value.strip()):
        raise ValueError("is no time such as 2026-01-31T12:00:00Z")
    try:
        read = dt.datetime.fromisoformat(value.strip())
    except ValueError:
        raise ValueError("is no time such as 2026-01-31T12:00:00Z") from None
    try:
        return _time(math.floor((read if read.tzinfo else read.replace(tzinfo=dt.UTC)).timestamp()))
    except OverflowError:
        raise ValueError("is no time between 1970 and 2199") from None


def time_or_none(value: object) -> int | None:
    """Read a time as `seconds` does; None where it is none."""
    try:
        return seconds(value)
    except ValueError:
        return None


def _time(value: int) -> int:
    if FIRST <= value < END:
        return value
    if END <= value < END * 1000:
        raise ValueError("is a time in milliseconds, not in seconds, or lies after 2199")
    raise ValueError("is no time between 1970 and 2199")


def _no_time(value: object) -> object:
    return None if value in (0, "0", "") and not isinstance(value, bool) else value


def _amount(value: Decimal) -> Decimal:
    if not 0 <= value < TOO_MUCH:
        raise ValueError("is below 0" if value < 0 else "is larger than any amount of 16 digits")
    return value


def _name(value: object) -> object:
    """A name that is not there is an empty one; a number is its digits."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Item = TypeVar("Item")
Many = Annotated[tuple[Item, ...], BeforeValidator(listed)]
Records = Annotated[tuple[object, ...], BeforeValidator(rows)]
"""The rows of a page as they came; `records` reads them one by one."""
Id = Annotated[int, Field(gt=0, le=LARGEST), BeforeValidator(number)]
Some = Annotated[Annotated[int, Field(ge=0, le=LARGEST)] | None, BeforeValidator(number)]
"""An id that may be missing; 0 is nobody."""
Key = Annotated[int | str, BeforeValidator(key)]
"""An id of a pipeline, a stage or a user: digits or words."""
SomeKey = Annotated[Key | None, BeforeValidator(lambda given: None if given in ("", 0, "0") else given)]
Time = Annotated[int, AfterValidator(_time), BeforeValidator(number)]
Perhaps = Annotated[Annotated[int, AfterValidator(_time), BeforeValidator(number)] | None,
                    BeforeValidator(_no_time)]  # fmt: skip
"""A time in unix seconds that may be missing."""
Stamp = Annotated[int, BeforeValidator(seconds)]
"""A time in ISO 8601."""
SomeStamp = Annotated[Stamp | None, BeforeValidator(lambda given: None if given == "" else given)]
Amount = Annotated[Annotated[Decimal, AfterValidator(_amount)] | None, BeforeValidator(number)]
Text = Annotated[str, BeforeValidator(_name)]


class Wire(BaseModel):
    """A part of an answer; unknown keys are dropped.

    Attributes:
        needs: fields, as the CRM names them, without which a record has to be set aside.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    needs: ClassVar[frozenset[str]] = frozenset({"id"})
