"""Lines of `funnel.yml` that would read a file: for the dry run, for errors, and for `funnel init`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import yaml

_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґ",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "e",
            "zh",
            "z",
            "i",
            "y",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "h",
            "ts",
            "ch",
            "sh",
            "sch",
            "",
            "y",
            "",
            "e",
            "yu",
            "ya",
            "i",
            "yi",
            "ye",
            "g",
        ],
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would read a file.

    Attributes:
        source: the key of `funnel.yml`: exports, wide, events.
        title: what the file is taken for.
        profile: the CRM, '' for none.
        lines: YAML for `funnel.yml`, accepted as it stands.
        counts: what is in the file: `rows`, and `won`, `lost`, `open` where it says so.
        notes: what to look at, or what could not be known.
        stages: stages proposed for the funnel, in order: key -> name in the file; empty where the settings
            have them.
        currency: most of the amounts', '' if the file does not say.
        attributes: proposed ones.
    """

    source: str
    title: str
    profile: str
    lines: str
    counts: Mapping[str, int]
    notes: tuple[str, ...] = ()
    stages: Mapping[str, str] = field(default_factory=dict)
    currency: str = ""
    attributes: tuple[str, ...] = ()


def line(key: str, value: object, indent: int = 0, note: str = "") -> str:
    """Return one line of YAML, with a comment behind it.

    >>> line("Новая заявка", "lead", 2, "3 deals")
    '  Новая заявка: lead # 3 deals'
    """
    flow = not isinstance(value, str | int | bool)
    clean = " ".join(key.split())
    text = yaml.safe_dump(
        {clean: value}, allow_unicode=True, width=10**6, default_flow_style=flow, sort_keys=False
    )
    text = text.strip()
    if flow and text.startswith("{"):
        text = text[1:-1]
    return " " * indent + text + (f" # {note}" if note else "")


def key_of(name: str, taken: Sequence[str] = ()) -> str:
    """Return a stage's key for a name: small Latin letters, digits and _.

    >>> key_of("Отправлено КП"), key_of("Demo (2nd)"), key_of("Lead")
    ('otpravleno_kp', 'demo_2nd', 'lead_stage')
    """
    latin = "".join(_LATIN.get(letter, letter) for letter in name.casefold())
    key = re.sub(r"[^a-z0-9]+", "_", latin).strip("_") or "stage"
    key = key if key[0].isalpha() else f"stage_{key}"
    key = f"{key}_stage" if key in ("lead", "lost", "sale") else key
    number = 2
    wanted = key
    while key in taken:
        key, number = f"{wanted}_{number}", number + 1
    return key


def as_item(lines: str) -> str:
    r"""Return a block of settings as one of a list of blocks.

    >>> print(as_item("exports:\n  profile: zoho\n  pipelines: {}\n"), end="")
    exports:
      - profile: zoho
        pipelines: {}
    """
    key, first, *others = lines.rstrip("\n").split("\n")
    moved = [f"  {line}" if line else line for line in others]
    return "\n".join([key, f"  - {first.removeprefix('  ')}", *moved]) + "\n"


def indented(lines: str, by: int = 2) -> str:
    """Return lines, each moved to the right."""
    return "\n".join(" " * by + one if one else one for one in lines.splitlines())
