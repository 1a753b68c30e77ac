"""Companies of all kinds as report repositories, each with the draft of its newest edition.

`make(name, folder)` writes canonical CSV files, registers and settings, imports them as `funnel import`
would, and drafts the narrative in both languages. What the draft said, with key and values, lies in
`run/said.*.json`; `recount.py` holds it against the files.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from catalogue import QUICK, SLOW
from companies import Company, Line
from odd_worlds import ODD
from sentence_made import NAMES, Made, invented, simulated, until, without

from funnel.dates import AsOf
from funnel.edition.compute import compute
from funnel.edition.model import load_edition
from funnel.edition.results import Earlier
from funnel.publish.narratives import narrative_for
from funnel.settings import load
from funnel.simulate import DEMO, World
from funnel.sources import read
from funnel.warehouse import Warehouse


def single_export() -> Made:
    """A CRM's one export: where every lead stands, and when it came there."""
    made = invented(Company("single", 120.0, weeks=70))
    entries = made.tables["stage_entries"].sort_values(["lead_id", "entered_at"], kind="stable")
    standing = entries.groupby("lead_id").tail(1).assign(origin="current")
    return replace(made, tables={**made.tables, "stage_entries": standing})


def stopped_feed() -> Made:
    """Leads are no longer imported; what becomes of the old ones is."""
    made = invented(Company("stopped", 100.0, weeks=80))
    last = pd.Timestamp(made.date - dt.timedelta(days=18))
    leads = made.tables["leads"][made.tables["leads"]["created_at"] < last]
    here = set(leads["lead_id"])
    rest = {n: f[f["lead_id"].isin(here)] for n, f in made.tables.items() if n != "leads"}
    return replace(made, tables={"leads": leads, **rest})


def ends_early() -> Made:
    """Nothing of the last ten days was imported."""
    made = invented(Company("early", 100.0, weeks=70))
    frames = until(made.tables, made.date - dt.timedelta(days=10))
    return replace(made, tables=frames)


def costs_with_gaps() -> Made:
    """Spend of one channel is unknown for months, and one campaign is called otherwise than in the leads."""
    made = simulated(World(weeks=52, leads_per_week=120.0, initiatives=(), episodes=()), seed=5)
    spend = made.tables["spend"]
    days = pd.to_datetime(spend["date"])
    lost = (spend["channel"] == "search") & (days > pd.Timestamp(made.date) - pd.Timedelta(weeks=9))
    spend = spend[~lost].assign(campaign=spend["campaign"].replace({"social-feed": "SF 2021"}))
    return replace(made, tables={**made.tables, "spend": spend})


def costs_of_nobody() -> Made:
    """No lead bears a channel that the spend knows; some spend holds VAT, some does not."""
    made = simulated(World(weeks=60, leads_per_week=80.0, initiatives=(), episodes=()), seed=6)
    spend = made.tables["spend"].assign(channel=lambda frame: "ads-" + frame["channel"])
    return replace(made, tables={**made.tables, "spend": spend})


def _initiative(name: str, start: dt.date, **more: object) -> Mapping[str, object]:
    known = {
        "title": {"en": f"About {name}", "ru": f"О деле «{name}»"},
        "owner": "head of sales",
        "start": start,
        "hypotheses": [{"metric": "overall_rate", "change": 0.3}, {"metric": "target_rate", "change": 0.1}],
        "cost": {"money": 300000, "hours": 40},
    }
    return {**known, **more}


def _decision(what: str, due: dt.date, **more: object) -> dict[str, object]:
    return {"what": what, "who": "head of sales", "due": due, **more}


def initiatives() -> Made:
    """Three initiatives with effects and four of other kinds; investigations open and closed."""
    world = World(weeks=108, leads_per_week=400.0)
    made = simulated(world, seed=8)
    date, demo = made.date, {item.id: item for item in world.initiatives}
    chat = demo["chat-15-seconds"]
    training = demo["manager-training"]
    half = date - dt.timedelta(weeks=30)
    twins = {"scope": {"channel": ["partner"]}}
    files = {
        "chat": _initiative("chat", chat.start, scope={"channel": ["chat"]}),
        "training": _initiative(
            "training",
            training.start,
            scope={"manager": [*training.values]},
            hypotheses=[{"metric": "proposal_rate", "change": 0.4}, {"metric": "sale_rate", "change": -0.1}],
        ),
        "chain": _initiative("chain", demo["message-chain"].start),
        "nothing": _initiative("nothing", half, scope={"channel": ["search", "social"]}),
        "late": _initiative("late", date - dt.timedelta(weeks=2), scope={"channel": ["organic"]}),
        "twin-a": _initiative("twin-a", date - dt.timedelta(weeks=24), **twins),
        "twin-b": _initiative("twin-b", date - dt.timedelta(weeks=24), **twins),
        "nobody": _initiative("nobody", half, scope={"channel": ["telex"]}),
    }
    registers = {f"initiatives/{name}.yml": content for name, content in files.items()}
    dug = {"stage": "qualified", "attribute": "manager", "value": "Boris", "who": "head of sales"}
    registers |= {
        "investigations/boris.yml": {
            **dug, "opened": date - dt.timedelta(weeks=4), "first_week": date - dt.timedelta(weeks=7),
            "question": "Why?",
        },
        "investigations/chat.yml": {
            "stage": "overall", "attribute": "channel", "value": "chat", "who": "analyst",
            "opened": date - dt.timedelta(weeks=9), "first_week": date - dt.timedelta(weeks=12),
            "last_week": date - dt.timedelta(weeks=10), "question": "What was that?", "state": "noise",
            "finding": "Nothing. *Really* nothing.", "closed": date - dt.timedelta(weeks=1),
        },
    }  # fmt: skip
    last, ago = date - dt.timedelta(weeks=1), date - dt.timedelta(weeks=9)
    registers |= {
        f"meetings/{ago}.yml": {
            "decisions": [
                _decision("Long done", ago, done=ago, outcome="It was."),
                _decision("Done *of late*", last, done=last, outcome="It was."),
                _decision("Late second", date - dt.timedelta(days=1)),
                _decision("Late first | [x](y)", last),
            ]
        },
        f"meetings/{last}.yml": {
            "decisions": [
                _decision("Due later", date + dt.timedelta(weeks=3)),
                _decision("Due on the day", date),
                _decision("Closed on the day", date, done=date, outcome="After the report."),
            ],
            "questions": ["Why?"],
        },
        f"meetings/{date}.yml": {"decisions": [_decision("Decided by the report", last)]},
    }
    goals = {"leads": 1700, "sales": 70, "revenue": 9_000_000}
    plan = {f"{month:%Y-%m}": goals for month in (date.replace(day=1) - dt.timedelta(days=1), date)}
    return replace(made, registers=registers, settings={**made.settings, "plan": plan})


def edited() -> Made:
    """Two earlier editions; since the last one leads were deleted, added, reassigned and entries moved."""
    company = Company("edited", 100.0, (Line(weeks=(0.3, 0.6, 1.5, 2.0)),), weeks=40)
    made = invented(company)
    weeks, rng = [made.date - dt.timedelta(weeks=n) for n in (14, 5)], np.random.default_rng(3)
    before = {week: until(made.tables, week) for week in weeks}
    leads, entries = made.tables["leads"], made.tables["stage_entries"]
    old = leads["lead_id"][leads["created_at"] < pd.Timestamp(weeks[1])].to_numpy()
    gone, moved, added = np.split(rng.permutation(old)[:120], [40, 80])
    for week in weeks:  # these were entered in the CRM long after they came
        early = before[week]
        before[week] = {n: f[~f["lead_id"].isin(added)] for n, f in early.items()}
    leads = leads[~leads["lead_id"].isin(gone)].copy()
    leads.loc[leads["lead_id"].isin(moved[:20]), "created_at"] -= pd.Timedelta(days=7)
    entries = entries[~entries["lead_id"].isin(gone)]
    drop = entries["lead_id"].isin(moved[20:]) & (entries["stage"] == "sale")
    paid = made.tables["payments"]
    now = {"leads": leads, "stage_entries": entries[~drop], "payments": paid[~paid["lead_id"].isin(gone)]}
    return replace(made, tables=now, before=before)


def messy() -> Made:
    """Missing values, several writings, names that are Markdown, entries of deleted leads and odd stages."""
    company = Company("messy", 120.0, weeks=80, skips=0.2, reopened=0.1, friday=True, month_end=0.7)
    made, rng = invented(company), np.random.default_rng(9)
    leads = made.tables["leads"].copy()
    leads.loc[rng.random(len(leads)) < 0.05, "manager"] = ""
    names = {"search": "*search*", "social": "so_ci_al | <b>x</b>"}
    leads["channel"] = leads["channel"].replace(names)
    entries = made.tables["stage_entries"]
    odd = entries.sample(30, random_state=1).assign(lead_id=[f"X{n}" for n in range(30)])
    return replace(made, tables={**made.tables, "leads": leads, "stage_entries": pd.concat([entries, odd])})


def rejected() -> Made:
    """Rows that cannot be used: dates of no calendar, a stage that is not configured."""
    made = invented(Company("rejected", 100.0, weeks=60))
    entries = made.tables["stage_entries"].copy()
    entries["entered_at"] = entries["entered_at"].astype(str)
    rows = entries.sample(frac=0.03, random_state=2).index
    entries.loc[rows[: len(rows) // 2], "entered_at"] = "2021-02-30"
    entries.loc[rows[len(rows) // 2 :], "stage"] = "parked"
    return replace(made, tables={**made.tables, "stage_entries": entries})


def fallen() -> Made:
    """One channel brings no more leads, one manager no longer gets past the first step."""
    made = invented(Company("fallen", 180.0, weeks=60))
    leads, entries = made.tables["leads"], made.tables["stage_entries"]
    newest = leads["created_at"] >= pd.Timestamp(made.date - dt.timedelta(weeks=1))
    leads = leads[~(newest & (leads["channel"] == "fair"))]
    late = leads["created_at"] >= pd.Timestamp(made.date - dt.timedelta(weeks=8))
    hit = set(leads["lead_id"][late & (leads["manager"] == "Boris")].iloc[::2])
    here = set(leads["lead_id"])
    entries = entries[entries["lead_id"].isin(here) & ~entries["lead_id"].isin(hit)]
    paid = made.tables["payments"]
    paid = paid[paid["lead_id"].isin(here) & ~paid["lead_id"].isin(hit)]
    target = {"stage": "sale", "minimum": 0.9}
    return replace(
        made,
        tables={"leads": leads, "stage_entries": entries, "payments": paid},
        settings={**made.settings, "targets": [target]},
    )


def empty_weeks() -> Made:
    """No lead in the week that is read; the one before it brought some."""
    made = invented(Company("empty", 20.0, weeks=30))
    first, last = (pd.Timestamp(made.date - dt.timedelta(weeks=n)) for n in (2, 1))
    leads = made.tables["leads"]
    leads = leads[(leads["created_at"] < first) | (leads["created_at"] >= last)]
    here = set(leads["lead_id"])
    return replace(
        made,
        tables={n: leads if n == "leads" else f[f["lead_id"].isin(here)] for n, f in made.tables.items()},
    )


_JANUARY = dt.date(2020, 1, 13)
_QUICK = Line(weeks=(0.05, 0.15, 0.3, 0.5))
WORLDS: Mapping[str, Callable[[], Made]] = {
    "demo": lambda: simulated(DEMO, 61),
    "small-15": lambda: simulated(World(weeks=104, leads_per_week=15.0, initiatives=(), episodes=()), 2),
    "large-2000": lambda: invented(Company("large", 2000.0, weeks=60)),
    "tiny-no-payments": lambda: without(invented(Company("tiny", 6.0, weeks=30)), "payments"),
    "lines": lambda: invented(Company("lines", 150.0, (QUICK, SLOW), weeks=120)),
    "short-log": lambda: invented(Company("short", 60.0, weeks=5)),
    "no-payments": lambda: without(simulated(World(weeks=80, leads_per_week=120.0), 3), "payments", "spend"),
    "one-stage": lambda: invented(Company("one", 150.0, (Line(steps=(0.05,), weeks=(9.0,)),), weeks=70)),
    "stamped": lambda: invented(Company("stamped", 150.0, migration="stamped", migrated_at=50, weeks=90)),
    "at-creation": lambda: invented(Company("born", 150.0, migration="created", migrated_at=50, weeks=90)),
    "holidays": lambda: invented(
        Company("holidays", 150.0, start=_JANUARY, country="RU", weekend=0.3, weeks=104)
    ),
    "single-export": single_export,
    "stopped": stopped_feed,
    "ends-early": ends_early,
    "gaps-in-costs": costs_with_gaps,
    "costs-of-nobody": costs_of_nobody,
    "initiatives": initiatives,
    "edited": edited,
    "young": lambda: invented(Company("young", 300.0, (_QUICK,), weeks=20)),
    "messy": messy,
    "rejected": rejected,
    "fallen": fallen,
    "empty-week": empty_weeks,
    "year": lambda: invented(Company("year", 150.0, (Line(weeks=(1.0, 4.0, 12.0, 30.0)),), weeks=130)),
    "season": lambda: invented(Company("season", 300.0, season=0.35, weeks=110), slices=["manager"]),
    "months": lambda: simulated(
        World(weeks=70, leads_per_week=12.0, initiatives=(), episodes=()), 4, period="month", cohorts=6
    ),
    "quarters": lambda: invented(Company("quarters", 5.0, weeks=100), period="quarter", reading_age=13),
    "four-weeks": lambda: invented(Company("four", 12.0, weeks=60), period="4weeks"),
    "months-many": lambda: simulated(World(weeks=104, leads_per_week=150.0), 7, period="month"),
    "better": lambda: invented(Company("better", 200.0, base=(80, 1.8), weeks=110)),
    **ODD,
}
"""By name."""
QUICK_ONES = (
    "short-log", "edited", "gaps-in-costs", "tiny-no-payments", "fallen", "empty-week", "months", "quarters",
)  # fmt: skip
"""Those of the tests."""


def make(name: str, folder: Path) -> None:
    """Make a company's repository in `folder`, import its files, compute the edition and draft it.

    What was computed is kept in `run/edition`, so that `draft` can be asked again.
    """
    made = WORLDS[name]()
    _lay_out(made, folder)
    settings, earlier, previous = load(folder / "funnel.yml"), [], None
    with Warehouse.open(settings.path("warehouse"), settings, write=True) as warehouse:
        files = [(date, folder / "before" / str(date)) for date in made.before]
        for date, files_then in [*files, (made.date, folder / "data")]:
            paths = sorted(files_then.glob("*.csv"))
            moment = dt.datetime.combine(date, dt.time(6))
            warehouse.load(read(paths, settings, lambda _: None, warehouse.known()), moment, full=True)
            edition = compute(warehouse, settings, date, previous=previous, earlier=earlier)
            previous = AsOf(date, moment)
            told = [edition.results[one] for one in ("forecast", "revenue", "forecast_ahead")]
            earlier.append(Earlier(str(date), date, *told))
            edition.save(folder / "run" / "edition")
    draft(folder)


def draft(folder: Path) -> None:
    """Draft the narrative of a company that was made, in both languages."""
    edition = load_edition(folder / "run" / "edition", folder)
    for language in ("en", "ru"):
        narrative_for(edition, language)


def _lay_out(made: Made, folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    stages = [
        {"key": key, "name": {"en": key.capitalize(), "ru": word}}
        for key, word in zip(
            ("target", "qualified", "proposal", "sale"),
            ("Целевые", "Квалифицированные", "Предложение", "Продажа"),
            strict=True,
        )
    ]
    settings = {
        "schema": 2, "company": "Bench & Co", "timezone": "Europe/Moscow", "currency": "RUB",
        "period": "week",  # unless a world says otherwise
        "stages": stages,
        "attributes": NAMES, **made.settings,
    }  # fmt: skip
    (folder / "funnel.yml").write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False))
    for place, frames in {
        "data": made.tables,
        **{f"before/{day}": t for day, t in made.before.items()},
    }.items():
        (folder / place).mkdir(parents=True, exist_ok=True)
        for table, frame in frames.items():
            frame.to_csv(folder / place / f"{table}.csv", index=False)
    for file, content in made.registers.items():
        path = folder / "data" / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    facts = {"date": str(made.date), "before": [str(day) for day in made.before]}
    (folder / "world.json").write_text(json.dumps(facts))
