"""What a company of the bench of sentences is, and two ways to invent one: by `companies`, by `simulate`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd
from catalogue import rng_of
from companies import Company, draw
from cuts import tables

from funnel.simulate import World, simulate

Tables = dict[str, pd.DataFrame]
NAMES = {
    "channel": {"en": "Channel", "ru": "Канал"},
    "manager": {"en": "Manager", "ru": "Менеджер"},
    "product": {"en": "Product", "ru": "Продукт"},
    "region": {"en": "Region", "ru": "Регион"},
}
_DATED = {"leads": "created_at", "stage_entries": "entered_at", "payments": "paid_at", "spend": "date"}


@dataclass(frozen=True, slots=True)
class Made:
    """A company on a report date.

    Attributes:
        date: the report date.
        tables: the canonical tables, with nothing of later days.
        settings: what `funnel.yml` says beside what all say.
        registers: content of files under `data/`, by path.
        before: tables as they were imported before an edition of an earlier date, by that date, oldest first.
    """

    date: dt.date
    tables: Tables
    settings: Mapping[str, object] = field(default_factory=dict)
    registers: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    before: Mapping[dt.date, Tables] = field(default_factory=dict)


def until(frames: Mapping[str, pd.DataFrame], date: dt.date) -> Tables:
    """Return the rows of before a day."""
    stamp, kept = pd.Timestamp(date), {}
    for name, frame in frames.items():
        kept[name] = frame[pd.to_datetime(frame[_DATED[name]]) < stamp].reset_index(drop=True)
    here = set(kept["leads"]["lead_id"])
    for name in kept.keys() & {"stage_entries", "payments"}:
        kept[name] = kept[name][kept[name]["lead_id"].isin(here)].reset_index(drop=True)
    return kept


def invented(company: Company, run: int = 0, **more: object) -> Made:
    """Return a company of the bench at its newest date; its stages are named by their keys."""
    history = draw(company, rng_of(company.name, run))
    stages = [{"key": key, "name": {"en": key, "ru": key}} for key in company.stages]
    settings = {"stages": stages, "country": company.country, "slices": ["channel", "manager"], **more}
    names = ["channel", "manager", *(["product"] if len(company.lines) > 1 else [])]
    settings["attributes"] = {name: NAMES[name] for name in names}
    date = company.dates[-1]
    frames = tables(history)
    if len(company.lines) == 1:
        frames["leads"] = frames["leads"].drop(columns="product")
    return Made(date, until(frames, date), settings)


def simulated(world: World, seed: int = 1, date: dt.date | None = None, **more: object) -> Made:
    """Return what `funnel simulate` would write, with costs, payments and four attributes."""
    history = simulate(world, seed)
    date = date or world.end
    frames = {name: table.to_pandas() for name, table in history.tables.items()}
    return Made(date, until(frames, date), {"slices": ["channel", "manager", "product"], **more})


def without(made: Made, *names: str) -> Made:
    """Return it without some tables."""
    return replace(made, tables={name: frame for name, frame in made.tables.items() if name not in names})
