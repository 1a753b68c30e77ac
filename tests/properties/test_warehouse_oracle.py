"""The cubes against a slow and plain count of the same history, made without an engine."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funnel.dates import AsOf
from funnel.gate.stamps import NO_STAMPS
from funnel.schema import INSTANT, MONEY, Batch
from funnel.settings import Settings, Stage
from funnel.warehouse import Warehouse

STAGES = ("target", "qualified", "sale")
CONFIG = Settings(
    stages=tuple(Stage(key=key) for key in STAGES),
    timezone="Europe/Berlin",
    attributes={"channel": {}, "manager": {}},
    rates={"EUR": Decimal("1.0837")},
)
START = dt.datetime(2022, 3, 14)  # the clocks change on 2022-03-27
TICK = dt.timedelta(microseconds=1)
EDGES = [START + dt.timedelta(weeks=week) + off * TICK for week in (1, 2, 3) for off in (-1, 0, 1)]
MOMENTS = st.one_of(  # few different ones, so that ties and midnights of report dates are common
    st.sampled_from(EDGES),
    st.sampled_from([dt.datetime(2022, 3, 27, 2, 30), dt.datetime(2022, 3, 27, 3, 0)]),
    st.builds(lambda minutes: START + dt.timedelta(minutes=minutes), st.integers(0, 5 * 7 * 24 * 60)),
)
REPORT_DATES = st.one_of(
    st.sampled_from([(START + dt.timedelta(weeks=week)).date() for week in (1, 2, 3)]),
    st.dates(dt.date(2022, 3, 13), dt.date(2022, 4, 26)),
)
IDS = st.sampled_from([f"9007199254740993{number:03}" for number in range(25)])
LEAD = st.tuples(MOMENTS, st.sampled_from(["web", "fair", None]), st.sampled_from(["Ann", "Bob", None]))
ENTRY = st.tuples(IDS, st.sampled_from([*STAGES, "lost"]), MOMENTS)
PAYMENT = st.tuples(IDS, MOMENTS, st.sampled_from(["0.01", "100.10", "-5.00", "99999999999999.99"]))
STATE = st.fixed_dictionaries(
    {
        "leads": st.dictionaries(IDS, LEAD, min_size=10, max_size=25),
        "entries": st.sets(ENTRY, min_size=50, max_size=80),
        "payments": st.dictionaries(PAYMENT, st.sampled_from(["EUR", "USD", None]), max_size=6),
    }
)
EDIT = st.fixed_dictionaries(
    {
        "drop": st.sets(IDS, max_size=3),
        "leads": st.dictionaries(IDS, LEAD, max_size=4),
        "take": st.integers(0, 4),
        "entries": st.sets(ENTRY, max_size=5),
    }
)
BY = ((), ("channel",), ("manager", "channel"))
COUNTS = ("leads", "payments", "stamped", "concluded")
KNOWN = [dt.datetime(2022, 5, 1), dt.datetime(2022, 5, 2)]


def edited(state: dict, edit: dict) -> dict:
    leads = {key: lead for key, lead in state["leads"].items() if key not in edit["drop"]} | edit["leads"]
    entries = set(sorted(state["entries"])[edit["take"] :]) | edit["entries"]
    return {"leads": leads, "entries": entries, "payments": state["payments"]}


def origin(moment: dt.datetime) -> str:
    return "current" if moment.minute % 3 == 1 else "event"


def batch(state: dict) -> Batch:
    leads = [(key, *lead) for key, lead in state["leads"].items()]
    entries = [(*entry, origin(entry[2])) for entry in state["entries"]]
    payments = [(*key, currency) for key, currency in state["payments"].items()]

    def table(rows: list, names: list[str], types: list[pa.DataType]) -> pa.Table:
        columns = list(zip(*rows, strict=True)) if rows else [[]] * len(names)
        return pa.table({name: pa.array(c, t) for name, c, t in zip(names, columns, types, strict=True)})

    text = pa.string()
    payments = [(lead, at, Decimal(amount), currency) for lead, at, amount, currency in payments]
    return Batch(
        {
            "leads": table(
                leads, ["lead_id", "created_at", "channel", "manager"], [text, INSTANT, text, text]
            ),
            "stage_entries": table(
                entries, ["lead_id", "stage", "entered_at", "origin"], [text, text, INSTANT, text]
            ),
            "payments": table(
                payments, ["lead_id", "paid_at", "amount", "currency"], [text, INSTANT, MONEY, text]
            ),
        }
    )


def monday(moment: dt.datetime) -> dt.date:
    return moment.date() - dt.timedelta(days=moment.weekday())


def lag(created: dt.datetime, moment: dt.datetime) -> int:
    return (monday(max(created, moment)) - monday(created)).days // 7


class Oracle:
    """Counts one lead after another."""

    def __init__(self, state: dict, report_date: dt.date, rule: str, where: dict[str, str]) -> None:
        self.cutoff = dt.datetime.combine(report_date, dt.time())
        self.rule = rule
        self.state = state
        self.leads = {
            key: (created, {"channel": channel or "", "manager": manager or ""})
            for key, (created, channel, manager) in state["leads"].items()
            if created < self.cutoff
            and all({"channel": channel or "", "manager": manager or ""}[k] == v for k, v in where.items())
        }

    def entries(self, lead: str) -> list[tuple[dt.datetime, int]]:
        order = {name: number for number, name in enumerate((*STAGES, "lost"))}
        return sorted(
            (at, order[stage]) for who, stage, at in self.state["entries"] if who == lead and at < self.cutoff
        )

    def reach(self, lead: str) -> dict[int, dt.datetime]:
        found: dict[int, dt.datetime] = {}
        for at, stage in self.entries(lead):
            if stage == len(STAGES):
                continue
            for counted in range(stage + 1) if self.rule == "any-later" else [stage]:
                found.setdefault(counted, at)
        return found

    def slices(self, lead: str) -> list[tuple]:
        values = self.leads[lead][1]
        return [
            sum(((name, values[name]) for name in names), ()) + ("", "") * (2 - len(names)) for names in BY
        ]

    def reached(self) -> Counter:
        count: Counter = Counter()
        for lead, (created, _) in self.leads.items():
            cells = [("lead", 0)]
            cells += [(STAGES[stage], lag(created, at)) for stage, at in self.reach(lead).items()]
            losses = [at for at, stage in self.entries(lead) if stage == len(STAGES)]
            cells += [("lost", lag(created, losses[0]))] if losses else []
            for where in self.slices(lead):
                for stage, weeks in cells:
                    count[(*where, monday(created), stage, weeks)] += 1
        return count

    def moved(self) -> Counter:
        count: Counter = Counter()
        for lead, (created, _) in self.leads.items():
            way = [("lead", created)]
            furthest = -1
            for stage, at in sorted(
                self.reach(lead).items(), key=lambda pair: (max(pair[1], created), pair[0])
            ):
                if stage > furthest:
                    way.append((STAGES[stage], max(at, created)))
                    furthest = stage
            if furthest < len(STAGES) - 1:
                way.append(self.end(lead, created))
            for (stage, at), (following, until) in pairwise(way):
                weeks = [(monday(moment) - monday(created)).days // 7 for moment in (at, until)]
                for where in self.slices(lead):
                    count[(*where, monday(created), stage, following, *weeks)] += 1
        return count

    def waits(self) -> Counter:
        """Outcomes of the ways from the lead, and from each stage to the next.

        A moment that was concluded tells no time; where more than one of twenty of a month's leads came to
        the end of a way at such a moment, those who are left are no fair sample, and none of them counts.
        """
        found: list[tuple[str, tuple, str, bool]] = []
        for lead, (created, _) in self.leads.items():
            reached, lost = self.reach(lead), self.loss(lead)
            at = {0: created} | {stage + 1: max(moment, created) for stage, moment in reached.items()}
            seen = {0: created}
            for moment, stage in self.entries(lead):
                if stage < len(STAGES) and origin(moment) != "current":
                    seen.setdefault(stage + 1, max(moment, created))
            ways = [(0, to) for to in range(1, len(STAGES) + 1)]
            ways += [(to - 1, to) for to in range(2, len(STAGES) + 1)]
            for start, to in ways:
                if start not in at or seen.get(start) != at[start] or at.get(to, at[start]) < at[start]:
                    continue
                ended = reached.get(to - 1, lost)
                outcome = "reached" if to in at else "lost" if lost is not None else "open"
                way = (monday(created).replace(day=1), start, to)
                found.append((lead, way, outcome, ended is not None and origin(ended) == "current"))
        ends = Counter(way for _, way, outcome, _ in found if outcome != "open")
        untimed = Counter(way for _, way, _, concluded in found if concluded)
        count: Counter = Counter()
        for lead, way, outcome, concluded in found:
            if not concluded and untimed[way] <= 0.05 * ends[way]:
                for where in self.slices(lead):
                    count[(*where, ("lead", *STAGES)[way[1]], STAGES[way[2] - 1], outcome)] += 1
        return count

    def loss(self, lead: str) -> dt.datetime | None:
        """When a lead was lost, as it is written down; None unless its last entry of all is a loss."""
        entries = self.entries(lead)
        if not entries or entries[-1][1] != len(STAGES):
            return None
        losses = [at for at, stage in entries if stage == len(STAGES)]
        last_step = max((at for at, stage in entries if stage < len(STAGES)), default=losses[0])
        return losses[0] if losses[0] >= last_step else losses[-1]

    def end(self, lead: str, created: dt.datetime) -> tuple[str, dt.datetime]:
        lost = self.loss(lead)
        return ("", self.cutoff) if lost is None else ("lost", max(created, lost))

    def paid(self) -> tuple[Counter, Counter]:
        number: Counter = Counter()
        amounts: Counter = Counter()
        for (lead, at, amount), currency in self.state["payments"].items():
            if lead in self.leads and at < self.cutoff:
                created = self.leads[lead][0]
                for where in self.slices(lead):
                    key = (*where, monday(created), lag(created, at))
                    number[key] += 1
                    amounts[key] += Decimal(amount) * (Decimal("1.0837") if currency == "EUR" else 1)
        return number, amounts


def counted(frame: pd.DataFrame, value: str = "leads") -> dict:
    assert not frame["stamped"].any()
    keys = [name for name in frame.columns if name not in (*COUNTS, "amount")]
    frame = frame.assign(cohort_week=[week.date() for week in frame["cohort_week"]])
    assert not frame.duplicated(keys).any()
    return dict(zip(frame[keys].itertuples(index=False, name=None), frame[value], strict=True))


def usable(states: list[dict]) -> list[dict]:
    """Leave out rows of leads that were never known until then: the import sets them aside."""
    seen: set[str] = set()
    found = []
    for state in states:
        seen |= set(state["leads"])
        found.append(
            {
                "leads": state["leads"],
                "entries": {entry for entry in state["entries"] if entry[0] in seen},
                "payments": {key: value for key, value in state["payments"].items() if key[0] in seen},
            }
        )
    return found


@pytest.mark.parametrize("rule", ["any-later", "entered"])
@settings(
    max_examples=12,  # what takes time is the engine's text of each question, not the rows
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    state=STATE,
    edit=EDIT,
    report_date=REPORT_DATES,
    where=st.sampled_from([{}, {"channel": "web"}, {"manager": ""}]),
    known=st.sampled_from(KNOWN),
    hold=st.booleans(),
)
def test_cubes_equal_a_plain_count(
    rule: str,
    state: dict,
    edit: dict,
    report_date: dt.date,
    where: dict[str, str],
    known: dt.datetime,
    hold: bool,
) -> None:
    """Of what was known at both times `reached` and `restated` tell; the other cubes of one of them, which
    differs from example to example, as does whether rows are held for later questions."""
    states = [state, edited(state, edit)]
    with (
        TemporaryDirectory() as folder,
        Warehouse.open(Path(folder) / "w.duckdb", CONFIG, write=True) as house,
        patch.object(Warehouse, "stamps", lambda *_: NO_STAMPS),  # tests/unit/gate has those
    ):
        for one, moment in zip(states, KNOWN, strict=True):
            house.load(batch(one), moment, full=True)
        if hold:
            house.hold()
        totals = []
        for one, moment in zip(usable(states), KNOWN, strict=True):
            oracle = Oracle(one, report_date, rule, where)
            as_of = AsOf(report_date, moment)
            assert counted(house.reached(as_of, BY, rule, where)) == oracle.reached()
            if moment == known:
                assert counted(house.moved(as_of, BY, rule, where)) == oracle.moved()
                ways = house.waits(as_of, BY, rule, where).drop(columns=["cohort_month", "days"])
                ways = ways.groupby([name for name in ways.columns if name != "leads"])["leads"].sum()
                assert ways.to_dict() == oracle.waits()
                paid = house.paid(as_of, BY, where)
                numbers, amounts = oracle.paid()
                assert counted(paid, "payments") == numbers
                assert counted(paid, "amount") == {key: amounts[key] for key in numbers}
            total: Counter = Counter()
            for key, leads in Oracle(one, report_date, rule, {}).reached().items():
                if key[0] == "" and key[5] != "lost":
                    total[(key[4], key[5])] += leads
            totals.append(total)
        restated = house.restated(report_date, KNOWN[0], KNOWN[1], rule)
    difference: Counter = Counter()
    for row in restated.itertuples():
        assert row.leads >= max(row.before, row.after) and row.before + row.after >= row.leads
        cell = (row.cohort_week.date(), row.stage)
        difference[cell] += row.after - row.before
        # Beside each edit stand the numbers of the whole cohort, then and now.
        assert (row.cohort_before, row.cohort_after) == (totals[0][cell], totals[1][cell])
        assert row.leads_once <= row.leads
    cells = {*totals[0], *totals[1], *difference}
    assert {cell: difference[cell] for cell in cells} == {
        cell: totals[1][cell] - totals[0][cell] for cell in cells
    }
