"""What pydantic finds wrong, in words an analyst can act on; nobody else words its errors."""

from __future__ import annotations

import re
import types
import unicodedata
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from funnel.errors import Problem, nearest

DAY = "a day as YYYY-MM-DD, such as 2022-09-26"
CODE = r"^[A-Z]{3}$"
KEY = r"^[a-z][a-z0-9_]*$"
FILLED = r"\S"
_TAG = re.compile(r"(constrained-str|str|dict\[.*\])$")
_BLOCKS = ("(one)", "(several)")
_PLAIN = re.compile(r"\w[\w ]*")
_DAY = re.compile(r"datetime\.date\((\d+), (\d+), (\d+)\)")
_TEXT_OR_MAPPING = "text_or_mapping"
_LIST = "a list, such as [a, b]"
_WHOLE = "a whole number"
_NUMBER = "a number, such as 0.2"
_YES_NO = "true or false"
_PATTERNS: Mapping[str, str] = {
    CODE: "three capital Latin letters, such as USD",
    KEY: "small Latin letters, digits and _, a letter first, such as first_call",
}
_YAML_WORDS: Mapping[object, str] = {None: "an empty value", True: "true", False: "false"}
_KINDS: Mapping[str, tuple[str, str]] = {
    "list_type": ("no list", _LIST),
    "tuple_type": ("no list", _LIST),
    "int_type": ("no whole number", _WHOLE),
    "int_parsing": ("no whole number", _WHOLE),
    "int_from_float": ("no whole number", _WHOLE),
    "int_parsing_size": ("no usable number", _WHOLE),
    "float_type": ("no number", _NUMBER),
    "float_parsing": ("no number", _NUMBER),
    "decimal_type": ("no number", _NUMBER),
    "decimal_parsing": ("no number", _NUMBER),
    "finite_number": ("no finite number", _NUMBER),
    "bool_type": ("neither true nor false", _YES_NO),
    "bool_parsing": ("neither true nor false", _YES_NO),
    "string_type": ("no text", "a text; a number meant as one stands in quotes"),
    "path_type": ("no path", "the name of a file or folder"),
}
"""Kind of error -> what the value is, and what is allowed."""


def one_writing(value: str) -> str:
    """Return a value as it is compared: case and blanks around it, or doubled in it, make no difference.

    >>> one_writing(" AVITO ") == one_writing("Avito")
    True
    """
    return " ".join(value.split()).casefold()


def is_one_line(name: str) -> bool:
    r"""Whether a name can be written down on a line: file systems and settings take any sign.

    >>> is_one_line("Leads\u00a01.csv"), is_one_line("a\nb"), is_one_line("\x1b[31m")
    (True, False, False)
    """
    return not any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in name)


class Found(NamedTuple):
    """One error of pydantic: where (tags of unions left out), its kind, the value, its context and words."""

    at: tuple[int | str, ...]
    kind: str
    value: object
    context: Mapping[str, Any]
    text: str


def problems(
    error: ValidationError,
    model: type[BaseModel] | None,
    where: Callable[[str], str],
    hidden: Container[str] = (),
) -> list[Problem]:
    """Turn an error of pydantic into our problems, an unknown key naming the nearest known one.

    Args:
        error: all of what is wrong.
        model: what was to be made.
        where: how the place of a key (`stages.0.name`; '' for the whole) is told.
        hidden: keys of the model that are not to be set.
    """
    return [_problem(item, model, where, hidden) for item in _found(error)]


def _found(error: ValidationError) -> Iterator[Found]:
    """Leave out what only follows from another error: a list found empty since its parts are wrong."""
    items = []
    for raw in error.errors():
        at, tagged = _without_tags(raw["loc"])
        other_form = tagged and raw["type"] in ("string_type", "dict_type")
        kind = _TEXT_OR_MAPPING if other_form else raw["type"]
        items.append(Found(at, kind, raw["input"], raw.get("ctx", {}), raw["msg"]))
    told = set()
    for item in items:
        inside = [other for other in items if other.at[: len(item.at)] == item.at]
        if item.kind == _TEXT_OR_MAPPING:
            follows = any(other.kind != _TEXT_OR_MAPPING for other in inside)
        else:
            follows = item.kind == "too_short" and any(len(other.at) > len(item.at) for other in inside)
        if not follows and (item.at, item.kind) not in told:
            told.add((item.at, item.kind))
            yield item


def _without_tags(location: Sequence[int | str]) -> tuple[tuple[int | str, ...], bool]:
    """Take out the names pydantic gives to the members of a text-or-mapping; keys that are days as ISO."""
    told = [part for part in location if part not in _BLOCKS]
    at = tuple(_iso(part) for part in told if not _TAG.match(str(part)))
    return at, len(at) < len(told)


def _iso(part: int | str) -> int | str:
    """Write a day as in the file.

    >>> _iso("datetime.date(2022, 10, 3)")
    '2022-10-03'
    """
    day = _DAY.fullmatch(str(part))
    return "{:0>4}-{:0>2}-{:0>2}".format(*day.groups()) if day else part


def _problem(
    item: Found, model: type[BaseModel] | None, where: Callable[[str], str], hidden: Container[str]
) -> Problem:
    of_key = bool(item.at) and item.at[-1] == "[key]"
    at = item.at[:-2] if of_key else item.at
    place = where(".".join(map(str, at)))
    if item.kind in ("extra_forbidden", "invalid_key"):
        name, inside = str(item.at[-1]), _at(model, item.at[:-1])
        keys = [key for key in _keys(inside) if key not in hidden]
        return Problem(place, f"unknown key{nearest(name, keys)}", ", ".join(keys))
    if item.kind == "missing":
        return Problem(place, "is missing", todo="add this key")
    wrong, allowed = _words(item, _at(model, at))
    return Problem(place, f"the key {wrong}" if of_key else wrong, allowed)


def _words(item: Found, annotation: object) -> tuple[str, str]:
    """Return what is wrong, and what is allowed."""
    value, context = item.value, item.context
    told = _YAML_WORDS.get(value, repr(value)) if value is None or isinstance(value, bool) else repr(value)
    short = told if len(told) <= 60 else f"{told[:57]}..."
    if item.kind in _KINDS:
        what, allowed = _KINDS[item.kind]
        if allowed == _LIST and isinstance(value, str) and _PLAIN.fullmatch(value):
            allowed = f"a list, such as [{value}]"
        return f"{short} is {what}", allowed
    if item.kind == "value_error":
        return item.text.removeprefix("Value error, ").removesuffix("."), ""
    if item.kind in ("literal_error", "enum"):
        names = re.findall(r"'([^']*)'", str(context["expected"]))
        return f"{short} is not allowed{nearest(str(value), names)}", ", ".join(names)
    if item.kind.startswith("date"):
        return f"{short} is no day", DAY
    if item.kind == "string_pattern_mismatch":
        form, text = str(context["pattern"]), str(value)
        if form == FILLED:
            return "is empty", "a text"
        meant = next((word for word in (text.upper(), text.lower()) if re.match(form, word)), "")
        return f"{short} is not of the form wanted{nearest(meant, [meant]) if meant else ''}", _PATTERNS.get(
            form, form
        )
    if item.kind == _TEXT_OR_MAPPING:
        return f"{short} is no text", f"a text, or {_mapping(dict[Literal['en', 'ru'], str], 'Offer')}"
    if item.kind in ("dict_type", "mapping_type", "model_type", "model_attributes_type"):
        return f"{short} has no keys", _mapping(annotation, value)
    if item.kind in ("too_short", "string_too_short"):
        return "is empty", "a text" if item.kind == "string_too_short" else "at least one"
    if item.kind == "too_long":
        return f"{context['actual_length']} are too many", f"at most {context['max_length']}"
    if item.kind in _BOUNDS:
        word, name = _BOUNDS[item.kind]
        return f"{short} is out of range", f"{word} {context[name]:g}"
    return f"{short} cannot be used", ""


_BOUNDS: Mapping[str, tuple[str, str]] = {
    "greater_than": ("greater than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def _mapping(annotation: object, value: object) -> str:
    """Say how a mapping is written, with the value in it that was given without one.

    >>> _mapping(dict[Literal["en", "ru"], str], "Offer")
    'a text by language (en, ru), such as {en: Offer, ru: Offer}'
    """
    example = value if isinstance(value, str) and _PLAIN.fullmatch(value) else "..."
    if keys := _keys(annotation):
        first = keys[0]
        return f"a mapping with the keys {', '.join(keys)}, such as {{{first}: {example}}}"
    of_keys = next(iter(get_args(annotation)), None)
    if get_origin(of_keys) is Literal:
        names = get_args(of_keys)
        written = ", ".join(f"{name}: {example}" for name in names)
        return f"a text by language ({', '.join(names)}), such as {{{written}}}"
    return "lines of the form `key: value`"


def _keys(annotation: object) -> list[str]:
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return []
    return [field.alias or name for name, field in annotation.model_fields.items()]


def _at(annotation: object, location: Sequence[int | str]) -> object:
    """Return the type wanted at a place inside a model, through lists, mappings and nested models."""
    annotation = _bare(annotation)
    if not location:
        return annotation
    part, rest = location[0], location[1:]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if isinstance(part, int):  # a list of what may also stand alone
            return _at(annotation, rest)
        fields = {field.alias or name: field for name, field in annotation.model_fields.items()}
        return _at(fields[str(part)].annotation, rest) if part in fields else None
    inner = get_args(annotation)
    if not inner:
        return None
    return _at(inner[1] if get_origin(annotation) is dict else inner[0], rest)


def _bare(annotation: object) -> object:
    """Take off what is only optional or annotated."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        mapping = [member for member in members if get_origin(member) is dict]
        return _bare((mapping or members)[0])
    return annotation
