"""One record at a time: what is wrong in one costs nothing but itself, and is named.

A record is set aside whole where a field that counts (its id, a time, its place, its price) cannot be read.
Where another field cannot, that field is as if it were not there. Either way a `Fault` says what and why.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from funnel.sources.api.wire import END, FIRST, LARGEST, Wire
from funnel.sources.convert import REPLACED

TELLING = ("id", "entity_id", "created_at", "updated_at", "pipeline_id", "status_id")
"""Fields that tell a person which record it is."""
_ROUNDS = 50  # of mending a record; each drops at least one part of it
_ID = re.compile(r"(?=.*\d)[A-Za-z0-9_-]{1,64}")  # of an event; letters alone may be a name
_PLAIN = re.compile(r"[-+\d.,:eETZ ]{1,40}|true|false|null|NaN|-?Infinity")
_WHY = {
    "missing": "is not there",
    "greater_than": "is no id",
    "greater_than_equal": "is no id",
    "less_than_equal": "is larger than any id",
    "string_type": "is no text",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
    "bool_type": "is neither true nor false",
    "bool_parsing": "is neither true nor false",
    "finite_number": "is no amount",
    "decimal_parsing": "is no amount",
    "decimal_type": "is no amount",
}
Record = TypeVar("Record", bound=Wire)


@dataclass(frozen=True, slots=True)
class Fault:
    """A field of a record that cannot be read: its name, its value as far as it is harmless, and why."""

    field: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Aside:
    """A record that is set aside, or of which something is.

    Attributes:
        key: its id; where that cannot be read, `no id` and a mark of its content.
        faults: all that is wrong with it.
        cells: what tells a person which one it is.
    """

    key: str
    faults: tuple[Fault, ...]
    cells: Mapping[str, str]


def read(raw: object, model: type[Record]) -> tuple[Record | None, tuple[Fault, ...]]:
    """Read a record; None where it has to be set aside, with all that is wrong either way.

    Args:
        raw: as it came.
        model: what to take of it.
    """
    if not isinstance(raw, dict):
        return None, (Fault("", shown(raw), "is no record"),)
    raw, replaced = _whole_text(raw)
    faults = [Fault("", "", "holds half a character (a lone surrogate), which was replaced")] * replaced
    for _ in range(_ROUNDS):
        try:
            return model.model_validate(raw), tuple(faults)
        except ValidationError as error:
            wrong = [(item["loc"], _reason(item)) for item in error.errors(include_url=False)]
        deadly = [(loc, why) for loc, why in wrong if not loc or loc[0] in model.needs]
        if deadly:
            return None, tuple(_fault(raw, loc, why) for loc, why in deadly)
        faults += [_fault(raw, loc, why) for loc, why in wrong]
        copy: dict[str, object] = json.loads(json.dumps(raw))
        for loc in sorted((loc for loc, _ in wrong), key=_backwards, reverse=True):
            _cut(copy, loc)
        raw = copy
    return None, tuple(faults)


def aside(raw: object, faults: Sequence[Fault], key: str = "id", telling: Sequence[str] = TELLING) -> Aside:
    """Say of a record what is wrong with it.

    Args:
        raw: as it came.
        faults: what is wrong.
        key: the field of its id.
        telling: fields that tell a person which one it is.
    """
    id_ = id_of(raw, key)
    fields = raw if isinstance(raw, dict) else {}
    cells = {name: shown(fields[name]) for name in telling if name in fields and name != key}
    given = fields.get(key)
    if key in fields:
        cells["id"] = shown(given)
    named = cells["id"] = given if isinstance(given, str) and _ID.fullmatch(given) else cells.get("id", "")
    if id_ is None and named != given:
        content = json.dumps(raw, sort_keys=True, default=str, ensure_ascii=True)
        named = f"no id {hashlib.sha256(content.encode()).hexdigest()[:12]}"
    return Aside(str(id_) if id_ is not None else named, tuple(faults), cells)


def id_of(raw: object, key: str = "id") -> int | None:
    """Return a record's id, however odd the rest of it is; None where it has none that can be read."""
    value = raw.get(key) if isinstance(raw, dict) else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 < value <= LARGEST else None  # type: ignore[operator]


def time_of(raw: object, name: str) -> int | None:
    """Return a time of a record, unix seconds; None where it is none."""
    value = raw.get(name) if isinstance(raw, dict) else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and FIRST <= value < END else None  # type: ignore[operator]


def shown(value: object) -> str:
    """Return what can be shown of a value: numbers, never a text that may be somebody's name.

    >>> shown(10**17), shown(None), shown("Anna"), shown({"a": 1})
    ('100000000000000000', 'null', 'a text of 4 characters', 'an object')
    """
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = value if isinstance(value, str) else json.dumps(value)
    return text if _PLAIN.fullmatch(text) else f"a text of {len(text)} characters"


def _whole_text(raw: dict[str, object]) -> tuple[dict[str, object], bool]:
    """Replace halves of characters, which no file can hold; say whether there were any."""
    try:
        text = json.dumps(raw, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:
        whole: dict[str, object] = json.loads(re.sub("[\ud800-\udfff]", REPLACED, text))
        return whole, True
    except (RecursionError, ValueError):
        return raw, False
    return raw, False


def _reason(item: Mapping[str, object]) -> str:
    kind = str(item["type"])
    if kind == "value_error":
        return str(item["msg"]).removeprefix("Value error, ")
    if item.get("input") is None:
        return "is empty" if kind != "missing" else _WHY[kind]
    return _WHY.get(kind, "is no whole number" if kind.startswith("int") else "is of another form")


def _fault(raw: object, loc: Sequence[int | str], why: str) -> Fault:
    value, path = raw, []
    for step in loc:
        if not _inside(value, step):
            break
        value = value[step]  # type: ignore[index]
        path.append(str(step))
    name = ".".join(path) or ".".join(map(str, loc[:1]))
    return Fault(name, "" if why == _WHY["missing"] else shown(value), why)


def _backwards(loc: Sequence[int | str]) -> list[tuple[bool, int, str]]:
    """Order places so that, reversed, what stands behind in a list is cut before what stands before it."""
    return [(True, step, "") if isinstance(step, int) else (False, 0, step) for step in loc]


def _cut(raw: dict[str, object], loc: Sequence[int | str]) -> None:
    """Take out the smallest part that can go: an item of a list, else the field itself."""
    steps: list[tuple[object, int | str]] = []
    value: object = raw
    for step in loc:
        if not _inside(value, step):
            break
        steps.append((value, step))
        value = value[step]  # type: ignore[index]
    items = [(holder, step) for holder, step in steps if isinstance(holder, list)]
    holder, step = items[-1] if items else steps[-1] if steps else (raw, loc[0])
    if _inside(holder, step):
        del holder[step]  # type: ignore[attr-defined]


def _inside(value: object, step: int | str) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value
