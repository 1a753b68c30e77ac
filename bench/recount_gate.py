"""The recount of what is said of data that did not get in, stopped, or tell no time."""

from __future__ import annotations

import pandas as pd
from recount_calendar import days_in
from recount_facts import Facts, Said, names, recounts

names("table_leads", "table_stage_entries", "table_payments", "table_spend")
_MOMENT = {"leads": "created_at", "stage_entries": "entered_at", "payments": "paid_at", "spend": "date"}


def _table(said: Said) -> tuple[str, pd.DataFrame, pd.Series]:
    """Return a named table, its rows, and their moments."""
    name = said.facts.key_of(said["table"], "table_")
    frame = said.facts.read(name)
    return name, frame, pd.to_datetime(frame[_MOMENT[name]], format="mixed", errors="coerce")


@recounts("gate_stopped")
def stopped(said: Said) -> None:
    """The last row of the table, days of silence since, never so many before, and others that go on."""
    facts, (name, _, moments) = said.facts, _table(said)
    days = moments[moments < facts.date].dt.normalize().drop_duplicates().sort_values()
    last = days.iloc[-1]
    said.must(days_in(said["last"])[0] == last, f"the last is of {last:%Y-%m-%d}")
    silent = (facts.date - last).days - 1
    said.same("n", silent)
    said.must(silent > days.diff().dt.days.max() - 1, "it was silent longer before")
    others = [_others(facts, other) for other in _MOMENT if other != name]
    newest = max(one.max() for one in others if len(one))
    said.must(days_in(said["first"])[0] == newest.normalize(), f"others go on until {newest:%Y-%m-%d}")


def _others(facts: Facts, name: str) -> pd.Series:
    frame = facts.read(name)
    if frame.empty:
        return pd.Series(dtype="datetime64[ns]")
    moments = pd.to_datetime(frame[_MOMENT[name]], format="mixed", errors="coerce")
    return moments[moments < facts.date]


@recounts("gate_unmatched", "gate_rejected")
def rejected(said: Said) -> None:
    """Rows with a stage that is not configured, or without a usable date."""
    facts, (name, frame, moments) = said.facts, _table(said)
    known = (
        frame["stage"].isin([*facts.stages, "lost"]) if name == "stage_entries" else moments.notna() | True
    )
    if name != "leads" and "lead_id" in frame:
        known &= frame["lead_id"].isin(facts.read("leads")["lead_id"]) | ~known
    bad = ~known if said.key == "gate_unmatched" else moments.isna() | ~known
    said.same("n", int(bad.sum()))
    said.same("share", said.number("n") / len(frame))
    if said.key == "gate_unmatched":
        said.must((moments[known].notna()).all(), "others were set aside for their dates")


@recounts("share_newest", rests="to which weeks a row without a date belongs is estimated")
def share_newest(said: Said) -> None:
    """Two shares."""
    said.must(0 < said.number("part") < 1 and said.number("share") <= 1, "no shares")


@recounts(
    "gate_stamped",
    "gate_created",
    rests="which moments are a migration's is the gate's rule; the rows between are counted",
)
def stamped(said: Said) -> None:
    """As many rows as there are; a part of them between the two days."""
    facts, (_, frame, moments) = said.facts, _table(said)
    known = moments.notna() & (moments < facts.date)
    said.must(abs(said.number("of") - known.sum()) <= 0.02 * len(frame), f"{known.sum()} rows")
    said.same("part", said.number("n") / said.number("of"))
    first, last = days_in(said["first"])[0], days_in(said["last"])[0]
    between = known & (moments >= first) & (moments < last + pd.Timedelta(days=1))
    if said.key == "gate_created":
        between &= moments == frame["lead_id"].map(facts.leads["at"])
    said.must(said.number("n") <= between.sum(), f"{between.sum()} rows lie there")


@recounts("gate_won")
def won(said: Said) -> None:
    """Leads that reached the last stage, of all there are."""
    facts = said.facts
    reached = int(facts.reached[facts.last].notna().sum())
    said.same("n", reached)
    said.same("of", len(facts.leads))
    said.must(
        reached >= 0.99 * len(facts.leads) and len(facts.leads) >= 30, f"{reached} of {len(facts.leads)}"
    )


@recounts("gate_amounts_up", "gate_amounts_down", rests="since which month is found by the largest change")
def amounts(said: Said) -> None:
    """Payments since a day are many times as large, or small, as those of the quarter before it."""
    paid, day = said.facts.paid, days_in(said["first"])[0]
    after = paid[(paid["at"] >= day) & (paid["amount"] > 0)]
    before = paid[(paid["at"] < day) & (paid["at"] >= day - pd.Timedelta(days=93)) & (paid["amount"] > 0)]
    said.same("n", len(after))
    said.same("of", int((paid["amount"] > 0).sum()))
    times = after["amount"].median() / before["amount"].median()
    times = times if said.key.endswith("up") else 1 / times
    said.must(0.5 <= said.number("times") / times <= 2, f"{times:.0f} times")


@recounts("gate_ahead")
def ahead(said: Said) -> None:
    """Rows of after the day where the data end."""
    _, _, moments = _table(said)
    after = moments[moments >= days_in(said["last"])[0] + pd.Timedelta(days=1)]
    said.same("n", len(after))
    said.must(days_in(said["first"])[0] == after.min().normalize(), "not the first of them")


@recounts("gate_accepted", "gate_refused")
def accepted(said: Said) -> None:
    """What the settings accept."""
    words = str(said.facts.settings.get("gate", {}))
    said.must(said.key == "gate_refused" or said["reason"] in words, "not in the settings")
