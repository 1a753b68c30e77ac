"""One value of an attribute in several writings: what is stored stays, what is counted is one value."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import pandas as pd

from funnel.dates import AsOf
from funnel.gate.attributes import named, shown_as
from funnel.settings import Settings
from funnel.warehouse.known import Tables
from funnel.warehouse.reach import filled

_BLANKS = r"[\s\p{Z}]+"


def find(tables: Tables, settings: Settings, as_of: AsOf) -> Mapping[str, Mapping[str, str]]:
    """Return by attribute the values of the leads of an `AsOf` that are shown as another one, and as which.

    Args:
        tables: with the values as they are stored.
        settings: `values`.
        as_of: the two clocks; the writing that most leads bear then is shown.
    """
    leads = tables.at("leads", as_of)
    parts = []
    for number, name in enumerate(tables.attributes):
        counts = leads.group_by(value=filled(leads[name])).aggregate(leads=ibis._.count())
        plain = counts.value.re_replace(_BLANKS, " ").strip()
        counts = counts.mutate(plain=plain, word=plain.lower())
        alike = ibis.window(group_by="word")
        counts = counts.mutate(alike=counts.count().over(alike))
        known = list(named(settings.values.get(name, {})))
        wanted = (counts.alike > 1) | (counts.plain != counts.value)
        wanted = (wanted | counts.word.isin(known)) if known else wanted
        found = counts.filter(wanted).select("value", "leads", number=ibis.literal(number, type="int16"))
        parts.append(found)
    if not parts:
        return {}
    whole = ibis.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
    frame: pd.DataFrame = whole.to_pyarrow().to_pandas()
    frame["attribute"] = [tables.attributes[number] for number in frame["number"]]
    return shown_as(frame, settings.values)


def in_one_writing(leads: ir.Table, shown: Mapping[str, Mapping[str, str]]) -> ir.Table:
    """Return the leads with each value in the writing it is shown in."""
    for name, others in shown.items():
        words = ibis.memtable({"funnel_value": list(others), "funnel_shown": list(others.values())})
        value = filled(leads[name])
        joined = leads.left_join(words, value == words.funnel_value)
        leads = joined.mutate(**{name: ibis.coalesce(joined.funnel_shown, joined[name])}).drop(words.columns)
    return leads
