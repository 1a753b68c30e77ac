"""What the gate found, in the words in which import, check, report and page 1 all tell it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import yaml

from funnel.gate.gaps import MISSING
from funnel.gate.rules import ACCEPTED, REFUSE
from funnel.present.parts.escape import clean
from funnel.present.parts.reason_words import reason_words
from funnel.present.parts.texts import Texts
from funnel.settings import Settings

SIGN = "‡"
"""Of numbers that rest on a table with gaps (`gap_marks`), and of what page 1 says of these gaps."""
SHORT = 160
"""Signs of an example."""
AMOUNTS = ("amounts_up", "amounts_down")
ON_PAGE_ONE = (
    "stopped", "unusable", "unmatched", "rejected", "ahead", "stamped", "created", "imported", "won",
    *AMOUNTS,
)  # fmt: skip
"""The kinds that page 1 tells; the others are of attributes and stand in `funnel check`."""


def sentence(one: Mapping[Any, Any], settings: Settings, texts: Texts) -> str:
    """Return a finding (`schema.FINDING_COLUMNS`) as a sentence or two, with what to do."""
    table = texts.t(f"table_{one['table']}")
    first, last = (
        texts.date(pd.Timestamp(one[name]).date()) if pd.notna(one[name]) else ""
        for name in ("first", "last")
    )
    words: dict[str, str | int] = {
        "table": table,
        "attribute": clean(texts.attribute(one["column"], settings)) if one["column"] else "",
        "column": clean(one["column"]),
        "n": int(one["rows"]),
        "of": int(one["of"]),
        "share": texts.percent(one["share"], 1) if pd.notna(one["share"]) else "",
        "part": texts.percent(one["rows"] / one["of"], 1) if one["of"] else "",
        "first": first,
        "last": last,
        "span": first if first == last else f"{first} – {last}",
        "example": reason_words(one["example"], one["column"], texts)
        if one["kind"] == "rejected"
        else clean(one["example"], SHORT),
        "stage": clean(texts.stage(one["example"], settings)) if one["kind"] in ("leak", "won") else "",
        "times": texts.number(max(one["share"], 1 / one["share"])) if one["kind"] in AMOUNTS else "",
        "setting": _setting(one) if one["kind"] in ("writings", "leak") else "",
    }
    if one["kind"] in ("unmatched", "rejected") and words["share"] != words["part"]:
        words["share"] = texts.t("share_newest", part=words["part"], share=words["share"])
    said = [texts.t(f"gate_{one['kind']}", **words)]
    if one["grade"] == REFUSE:
        said.append(texts.t("gate_refused", table=one["table"]))
    if one["grade"] == ACCEPTED:
        said.append(texts.t("gate_accepted", reason=clean(one["reason"], SHORT)))
    return " ".join(said)


def _setting(one: Mapping[Any, Any]) -> str:
    """Return what joins the writings of a value, or names no value, as `funnel.yml` would say it."""
    if one["kind"] == "leak":
        name, others = "...", [""]
    else:
        name, *others = [clean(value, SHORT) for value in one["example"].split(" = ")]
    joins = {"values": {clean(one["column"], SHORT): {name: others}}}
    return yaml.safe_dump(joins, allow_unicode=True, default_flow_style=True, width=10_000).strip()[1:-1]


def sentences(findings: pd.DataFrame, settings: Settings, texts: Texts, *, page: bool = False) -> list[str]:
    """Return all findings as sentences, the gravest first; for `page` those of page 1."""
    some = findings[findings["kind"].isin(ON_PAGE_ONE)] if page else findings
    return [
        f"{SIGN} {said}" if page and one["kind"] in MISSING else said
        for one in some.to_dict("records")
        for said in [sentence(one, settings, texts)]
    ]
