"""The recount of what is said of the rows that were read, their problems, and restatements."""

from __future__ import annotations

import pandas as pd
from recount_calendar import days_in, plain
from recount_facts import WEEK, Facts, Said, names, recounts


def _rows(facts: Facts) -> tuple[int, int]:
    """Return how many rows the files have, and how many of them can be used."""
    read = usable = 0
    for table, moment in (
        ("leads", "created_at"),
        ("stage_entries", "entered_at"),
        ("payments", "paid_at"),
        ("spend", "date"),
    ):
        frame = facts.read(table)
        if frame.empty:
            continue
        good = pd.to_datetime(frame[moment], format="mixed", errors="coerce").notna()
        if table == "stage_entries":
            good &= frame["stage"].isin([*facts.stages, "lost"])
        if table in ("stage_entries", "payments"):
            good &= frame["lead_id"].isin(facts.read("leads")["lead_id"])
        read, usable = read + len(frame), usable + int(good.sum())
    return read, usable


@recounts("say_quality", "say_quality_clean")
def quality(said: Said) -> None:
    """Rows read, accepted, rejected."""
    read, usable = _rows(said.facts)
    said.same("read", read)
    if said.key == "say_quality":
        said.same("accepted", usable)
        said.same("rejected", read - usable)
        said.must(usable < read, "none was rejected")
    else:
        said.must(usable == read, f"{read - usable} cannot be used")


def _gone(facts: Facts) -> set[str]:
    """Return the leads that earlier editions knew and that are there no more."""
    here = set(facts.read("leads")["lead_id"])
    return {one for then in facts.earlier for one in then.leads.index} - here


def _problems(facts: Facts) -> dict[str, int]:
    """Return the problems that can be counted from the files alone, by kind."""
    leads, entries, paid = facts.leads, facts.read("stage_entries"), facts.paid
    entries = entries.assign(at=pd.to_datetime(entries["entered_at"], format="mixed", errors="coerce"))
    entries = entries[entries["at"].lt(facts.date) & entries["stage"].isin([*facts.stages, "lost"])]
    born = leads["at"]
    known = entries[entries["lead_id"].isin(leads.index)]
    mine = known["lead_id"].map(born)
    only_day = known["at"] == mine.dt.normalize()
    first = known.groupby(["lead_id", "stage"])["at"].min().unstack().reindex(columns=facts.stages)
    first = first.astype("datetime64[ns]")  # a stage that nobody reached has no dates
    later = first[facts.stages[::-1]].cummin(axis=1)[facts.stages]
    for at in range(len(facts.stages)):
        later.iloc[:, at] = first.iloc[:, at + 1 :].min(axis=1) if at + 1 < len(facts.stages) else pd.NaT
    of_paid = paid["lead_id"].map(born)
    counts = {
        "entered_before_created": int(((known["at"] < mine) & ~only_day).sum()),
        "paid_before_created": int(((paid["at"] < of_paid) & (paid["at"] != of_paid.dt.normalize())).sum()),
        "deleted_lead": int((entries["lead_id"].isin(_gone(facts))).sum()),
        "out_of_sequence": int((first > later).sum().sum()),
        "skipped_stage": int((first.isna() & later.notna()).sum().sum()),
        "reached_at_least": int(
            known.get("origin", pd.Series(dtype=str)).isin(["current", "snapshot"]).sum()
        ),
        "negative_cost": int(
            (pd.to_numeric(facts.read("spend").get("cost", pd.Series(dtype=float))) < 0).sum()
        ),
    }
    for column in facts.attributes.values():
        if column in leads:
            counts[f"missing_value:{column}"] = int((leads[column].str.strip() == "").sum())
    return {kind: number for kind, number in counts.items() if number}


@recounts(
    "say_problems", "say_problems_none",
    rests="what a migration stamped at once is found by the gate's rule; only its rows are compared then",
)  # fmt: skip
def problems(said: Said) -> None:
    """How many kinds of problems, and how often the commonest occurs."""
    facts, found = said.facts, _problems(said.facts)
    if said.key == "say_problems_none":
        said.must(not found, f"there are {found}")
        return
    stamped = plain(facts.words["problem_stamped_at_once"])
    kind = facts.key_of(said["problem"], "problem_")
    if said["problem"] == stamped or kind == "stamped_at_once":
        said.must(said.number("cases") >= max(found.values(), default=0), f"there are {found}")
        return
    name = said["problem"].rpartition(": ")[2]
    kind = kind or f"missing_value:{facts.attributes.get(name, '')}"
    said.must(kind in found, f"{said['problem']!r} is not among {found}")
    if kind in found:
        said.same("cases", found[kind])
        said.must(found[kind] == max(found.values()), f"not the commonest of {found}")
    said.must(0 <= said.number("n") - len(found) <= 2, f"there are {found}")  # stamped entries, payments


names(
    "problem_dated_ahead", "problem_entered_before_created", "problem_paid_before_created",
    "problem_deleted_lead",
    "problem_unknown_stage", "problem_out_of_sequence", "problem_skipped_stage", "problem_reached_at_least",
    "problem_stamped_at_once", "problem_negative_cost", "kind_deleted", "kind_added_late",
    "kind_creation_moved",
    "kind_entry_added", "kind_entry_removed", "kind_entry_redated", "kind_reassigned",
)  # fmt: skip


@recounts("problem_missing_value")
def problem_name(said: Said) -> None:
    """A value that is missing is of an attribute."""
    said.must(said["attribute"] in said.facts.attributes, "no such attribute")


# restatements


def _restated(facts: Facts) -> tuple[int, int]:
    """Return how many counts of cohorts differ from the last edition's, and how many leads do."""
    then = facts.earlier[-1]
    now = Facts(facts.folder, facts.language, facts.folder / "data", then.day)
    weeks = sorted({*then.leads["week"], *now.leads["week"]})
    differ = 0
    tables = []
    for one in (then, now):
        flags = one.reached.notna().assign(leads=True).groupby(one.leads["week"]).sum()
        tables.append(flags.reindex(weeks, fill_value=0))
    differ = int((tables[0] != tables[1]).sum().sum())
    return differ, len(_touched(then, now))


def _touched(then: Facts, now: Facts) -> set[str]:
    """Return the leads whose week, reached stages or attributes are not what they were."""
    columns = list(then.attributes.values())
    sides = []
    for one in (then, now):
        own = one.reached.assign(week=one.leads["week"])
        for column in columns:
            if column in one.leads:
                own[column] = one.leads[column]
        sides.append(own.astype(str))
    every = sides[0].index.union(sides[1].index)
    a, b = (side.reindex(every, fill_value="-") for side in sides)
    return set(every[(a != b).any(axis=1)])


@recounts("say_restated", "say_restated_same", "say_restated_none", "say_restated_first")
def restated(said: Said) -> None:
    """Counts of the last edition's date, then and now."""
    facts = said.facts
    if said.key == "say_restated_first" or not facts.earlier:
        said.must(
            said.key == "say_restated_first" and not facts.earlier, "there are earlier editions or none"
        )
        return
    differ, touched = _restated(facts)
    if said.key == "say_restated_none":
        said.must(touched == 0, f"{touched} leads were touched")
        return
    said.same("leads", touched)
    if said.key == "say_restated_same":
        said.must(differ == 0, f"{differ} counts have changed")
        return
    said.same("n", differ)
    kind = facts.key_of(said["kind"], "kind_")
    said.must(kind, f"{said['kind']!r} is no kind of edit")
    week, then = said.week("week"), facts.earlier[-1]
    now = Facts(facts.folder, facts.language, facts.folder / "data", then.day)
    side = [one.reached.loc[one.leads["week"] == week] for one in (then, now)]
    gone, come = side[0].index.difference(side[1].index), side[1].index.difference(side[0].index)
    if kind == "deleted":
        said.must(len(gone.difference(now.leads.index)), "no lead of it was deleted")
    if kind == "added_late":
        said.must(len(come.difference(then.leads.index)), "no lead of it was added")
    said.must(len(gone) or len(come) or not side[0].equals(side[1]), "nothing changed in it")


@recounts("note_data_end")
def data_end(said: Said) -> None:
    """The last day of anything, where the whole week before the report is empty."""
    facts = said.facts
    moments = [facts.leads["at"], facts.entries["at"], facts.paid["at"]]
    spend = facts.read("spend")
    if len(spend):
        moments.append(pd.to_datetime(spend["date"], format="mixed"))
    last = max(one[one < facts.date].max() for one in moments if len(one))
    said.must(days_in(said["day"])[0] == last.normalize(), f"the last day is {last:%Y-%m-%d}")
    said.must(last < facts.date - WEEK, "something happened in the last week")
