"""Companies to which something odd happened: what a first page may say of them in good faith, and wrongly."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from companies import Company, Line
from sentence_made import Made, Tables, invented

_FAST = Line(weeks=(0.05, 0.15, 0.3, 0.5))


def _of(made: Made, leads: pd.DataFrame) -> Tables:
    """Return the tables with some of the leads alone."""
    here = set(leads["lead_id"])
    rest = {n: f[f["lead_id"].isin(here)] for n, f in made.tables.items() if n not in ("leads", "spend")}
    return {**made.tables, "leads": leads, **rest}


def _since(made: Made, weeks: float) -> pd.Timestamp:
    return pd.Timestamp(made.date) - pd.Timedelta(weeks=weeks)


def renamed() -> Made:
    """Half-way a stage was named otherwise; the settings know its new name alone."""
    made = invented(Company("renamed", 150.0, weeks=90))
    entries = made.tables["stage_entries"].copy()
    old = (entries["stage"] == "stage_2") & (pd.to_datetime(entries["entered_at"]) < _since(made, 40))
    entries.loc[old, "stage"] = "interview"
    return replace(made, tables={**made.tables, "stage_entries": entries})


def closed_line() -> Made:
    """One of two lines was closed half a year ago: its leads come no more, the old ones go on."""
    slow = Line("retail", 0.5, weeks=(1.0, 3.0, 6.0, 9.0))
    made = invented(Company("closed", 160.0, (replace(_FAST, name="trade", share=0.5), slow), weeks=100))
    leads = made.tables["leads"]
    late = (leads["product"] == "retail") & (pd.to_datetime(leads["created_at"]) >= _since(made, 26))
    return replace(
        made, tables=_of(made, leads[~late]), settings={**made.settings, "slices": ["product", "manager"]}
    )


def namesakes() -> Made:
    """A second manager of a name comes, and sells half as well."""
    made = invented(Company("namesakes", 250.0, (_FAST,), weeks=80))
    leads, rng = made.tables["leads"].copy(), np.random.default_rng(4)
    late = pd.to_datetime(leads["created_at"]) >= _since(made, 10)
    taken = late & (rng.random(len(leads)) < 0.2)
    leads.loc[taken, "manager"] = "Boris"
    unsold = set(leads["lead_id"][taken & (rng.random(len(leads)) < 0.5)])
    entries, paid = made.tables["stage_entries"], made.tables["payments"]
    entries = entries[~(entries["lead_id"].isin(unsold) & entries["stage"].isin(["stage_3", "sale"]))]
    paid = paid[~paid["lead_id"].isin(unsold)]
    return replace(made, tables={**made.tables, "leads": leads, "stage_entries": entries, "payments": paid})


def new_channel() -> Made:
    """A channel that came three weeks ago, and brings a third of the leads since."""
    made = invented(Company("new-channel", 150.0, (_FAST,), weeks=70))
    leads, rng = made.tables["leads"].copy(), np.random.default_rng(5)
    late = pd.to_datetime(leads["created_at"]) >= _since(made, 3)
    leads.loc[late & (rng.random(len(leads)) < 0.33), "channel"] = "marketplace"
    return replace(made, tables={**made.tables, "leads": leads})


def strike() -> Made:
    """No lead came in the last week but two, and twice as many in the next; both go on as ever."""
    made = invented(Company("strike", 140.0, (_FAST,), weeks=70))
    leads = made.tables["leads"]
    moment = pd.to_datetime(leads["created_at"])
    gone = (moment >= _since(made, 3)) & (moment < _since(made, 2))
    made = replace(made, tables=_of(made, leads[~gone]))
    twice = leads[(moment >= _since(made, 2)) & (moment < _since(made, 1))]
    return replace(made, tables=_twinned(made, twice, entries=True))


def _twinned(made: Made, leads: pd.DataFrame, *, entries: bool) -> Tables:
    """Return the tables with some leads twice; with all that became of them, or as leads that go nowhere."""
    own = dict(zip(leads["lead_id"], (f"T{number}" for number in range(len(leads))), strict=True))
    tables = {**made.tables, "leads": pd.concat([made.tables["leads"], leads.replace({"lead_id": own})])}
    for name in ("stage_entries", "payments") if entries else ():
        mine = made.tables[name][made.tables[name]["lead_id"].isin(set(own))]
        tables[name] = pd.concat([made.tables[name], mine.assign(lead_id=mine["lead_id"].map(own))])
    return tables


def cleaned_up() -> Made:
    """Ten days ago an administrator marked everything as lost that was a month old and open."""
    made = invented(Company("cleaned-up", 150.0, closed=0.4, weeks=80))
    leads, entries = made.tables["leads"], made.tables["stage_entries"]
    day = pd.Timestamp(made.date) - pd.Timedelta(days=10)
    ended = set(entries["lead_id"][entries["stage"].isin(["lost", "sale"])])
    old = leads[(pd.to_datetime(leads["created_at"]) < day - pd.Timedelta(days=30))]
    open_ = old[~old["lead_id"].isin(ended)]
    lost = pd.DataFrame(
        {"lead_id": open_["lead_id"], "stage": "lost", "entered_at": day + pd.Timedelta(hours=11)}
    )
    entries = entries[
        ~(entries["lead_id"].isin(set(open_["lead_id"])) & (pd.to_datetime(entries["entered_at"]) >= day))
    ]
    return replace(made, tables={**made.tables, "stage_entries": pd.concat([entries, lost])})


def duplicated() -> Made:
    """For five weeks a form sends each lead of a channel twice; the second one goes nowhere."""
    made = invented(Company("duplicated", 150.0, (_FAST,), weeks=70))
    leads = made.tables["leads"]
    late = pd.to_datetime(leads["created_at"]) >= _since(made, 5)
    return replace(made, tables=_twinned(made, leads[late & (leads["channel"] == "search")], entries=False))


def never_sold() -> Made:
    """Leads come and are proposed to, and nobody has ever bought."""
    made = invented(Company("never", 60.0, weeks=40))
    entries = made.tables["stage_entries"]
    kept = {**made.tables, "stage_entries": entries[entries["stage"] != "sale"]}
    return replace(made, tables={name: frame for name, frame in kept.items() if name != "payments"})


def in_cents() -> Made:
    """From twenty weeks ago on the CRM exports cents: all amounts are a hundred times as large."""
    made = invented(Company("cents", 120.0, (_FAST,), weeks=70))
    paid = made.tables["payments"].copy()
    late = pd.to_datetime(paid["paid_at"]) >= _since(made, 20)
    paid["amount"] = paid["amount"].astype(float).where(~late, paid["amount"].astype(float) * 100).round(2)
    return replace(made, tables={**made.tables, "payments": paid})


def only_won() -> Made:
    """The export was filtered: all leads there are have bought."""
    made = invented(Company("won", 150.0, (_FAST,), weeks=60))
    entries = made.tables["stage_entries"]
    won = set(entries["lead_id"][entries["stage"] == "sale"])
    leads = made.tables["leads"]
    return replace(made, tables=_of(made, leads[leads["lead_id"].isin(won)]))


ODD: Mapping[str, Callable[[], Made]] = {
    "renamed": renamed,
    "closed-line": closed_line,
    "namesakes": namesakes,
    "new-channel": new_channel,
    "strike": strike,
    "cleaned-up": cleaned_up,
    "duplicated": duplicated,
    "never-sold": never_sold,
    "in-cents": in_cents,
    "only-won": only_won,
    "one-a-week": lambda: invented(Company("one-a-week", 1.0, weeks=80)),
    "six-weeks": lambda: invented(Company("six-weeks", 80.0, (_FAST,), weeks=6)),
    "five-years": lambda: invented(Company("five-years", 40.0, weeks=260, start=dt.date(2017, 10, 2))),
}
"""By name."""
