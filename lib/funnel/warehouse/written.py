"""One value of an attribute in several writings: what is stored stays, what is counted is one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from funnel.dates import AsOf
from funnel.gate.attributes import named, shown_as
from funnel.gate.contacts import SUSPECT
from funnel.gate.personal import blot, blot_id, is_about_people
from funnel.settings import Settings
from funnel.warehouse.known import Tables
from funnel.warehouse.reach import filled

_BLANKS = "[\\s\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"  # \p{Z} is not every engine's
_AT_ONCE = 50  # attributes of one question: an engine plans one of hundreds with gigabytes


def is_hidden(attribute: str, settings: Settings) -> bool:
    """Whether a column never leaves the warehouse: it looks personal, and the settings do not name it."""
    listed = attribute in settings.attributes or attribute in settings.personal
    return not listed and is_about_people(attribute)


def find(tables: Tables, settings: Settings, as_of: AsOf) -> Mapping[str, Mapping[str, str]]:
    """Return by attribute the values of the leads of an `AsOf` that are shown as another one, and as which.

    Args:
        tables: with the values as they are stored.
        settings: `values`.
        as_of: the two clocks; the writing that most leads bear then is shown.
    """
    leads = tables.at("leads", as_of)
    asked = [
        tables.attributes[first : first + _AT_ONCE] for first in range(0, len(tables.attributes), _AT_ONCE)
    ]
    if not asked:
        return {}
    frame = pd.concat([_alike(leads.select(*names), names, settings) for names in asked], ignore_index=True)
    return _blotted(frame, shown_as(frame, settings.values), settings)


def _alike(leads: ir.Table, names: Sequence[str], settings: Settings) -> pd.DataFrame:
    """Return the values (`attribute`, `value`, `leads`) that may be shown as another one."""
    parts = []
    for number, name in enumerate(names):
        counts = leads.group_by(value=filled(leads[name])).aggregate(leads=ibis._.count())
        plain = counts.value.re_replace(_BLANKS, " ").strip()
        counts = counts.mutate(plain=plain, word=plain.lower())
        alike = ibis.window(group_by="word")
        counts = counts.mutate(alike=counts.count().over(alike))
        known = list(named(settings.values.get(name, {})))
        wanted = (counts.alike > 1) | (counts.plain != counts.value)
        wanted = (wanted | counts.word.isin(known)) if known else wanted
        if name not in settings.personal:
            wanted = wanted | counts.value.re_search(SUSPECT)
        found = counts.filter(wanted).select("value", "leads", number=ibis.literal(number, type="int16"))
        parts.append(found)
    whole = ibis.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
    frame: pd.DataFrame = whole.to_pyarrow().to_pandas()
    frame["attribute"] = [names[number] for number in frame["number"]]
    return frame


def _blotted(
    values: pd.DataFrame, shown: Mapping[str, Mapping[str, str]], settings: Settings
) -> Mapping[str, Mapping[str, str]]:
    """Add the values that hold something personal: what older versions took in is blotted on its way out."""
    result = {attribute: dict(others) for attribute, others in shown.items()}
    for attribute, value in zip(values["attribute"], values["value"], strict=True):
        others = result.get(attribute, {})
        plain = others.get(value, value)
        if attribute not in settings.personal and (clean := blot(plain)) != plain:
            result.setdefault(attribute, {})[value] = clean
    return result


def in_one_writing(
    leads: ir.Table, shown: Mapping[str, Mapping[str, str]], engine: str = "duckdb"
) -> ir.Table:
    """Return the leads with each value in the writing it is shown in.

    Args:
        leads: with the values as they are stored.
        shown: see `find`.
        engine: a table of words is brought to our own engine alone; others are only read.
    """
    for name, others in shown.items():
        if engine != "duckdb":
            same = filled(leads[name])
            cases = [(same == value, ibis.literal(text)) for value, text in others.items()]
            leads = leads.mutate(**{name: ibis.cases(*cases, else_=leads[name])}) if cases else leads
            continue
        words = ibis.memtable({"funnel_value": list(others), "funnel_shown": list(others.values())})
        value = filled(leads[name])
        joined = leads.left_join(words, value == words.funnel_value)
        leads = joined.mutate(**{name: ibis.coalesce(joined.funnel_shown, joined[name])}).drop(words.columns)
    return leads


def blotted(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Blot telephone numbers and addresses out of columns of text that is not an attribute's, or of ids."""
    for name in names:
        one = blot_id if name.endswith("_id") else blot
        clean = {value: one(value) for value in frame[name].dropna().unique() if isinstance(value, str)}
        if any(value != text for value, text in clean.items()):
            frame[name] = frame[name].map(lambda value, clean=clean: clean.get(value, value))
    return frame
