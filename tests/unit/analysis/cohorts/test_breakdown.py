import datetime as dt

import pandas as pd

from funnel.analysis.cohorts.breakdown import slices_by, telling

STEPS = ("lead", "sale")
WEEKS = [dt.date(2022, 9, 12)]
NAMES = ["attribute", "value", "attribute2", "value2", "cohort_week", "stage", "lag", "leads"]


def reached(cells):
    """Leads and sales by (channel, manager)."""
    rows = []
    for (channel, manager), counts in cells.items():
        for stage, count in zip(STEPS, counts, strict=True):
            for slice_ in (
                ("", "", "", ""),
                ("channel", channel, "", ""),
                ("manager", manager, "", ""),
                ("channel", channel, "manager", manager),
            ):
                rows.append((*slice_, pd.Timestamp(WEEKS[0]), stage, 0, count))
    return pd.DataFrame(rows, columns=NAMES)


EVEN = {("web", "Anna"): (1000, 100), ("web", "Boris"): (1000, 100), ("fair", "Anna"): (1000, 100)}
EVEN |= {("fair", "Boris"): (1000, 100)}


def test_pairs_add_up_to_the_whole_and_know_the_small_ones():
    cells = EVEN | {("fair", "Galina"): (20, 1)}
    found = slices_by(reached(cells), STEPS, WEEKS, ("channel", "manager"))
    assert found["leads"].sum() == 4020 and found["sale"].sum() == 401
    small = found[found["small"]].iloc[0]
    assert (small["value"], small["value2"], small["overall_rate"]) == ("fair", "Galina", 0.05)


def test_the_attribute_that_differs_is_ranked_first_and_one_that_does_not_has_no_effect():
    cells = {(c, m): (1000, 150 if c == "web" else 50) for c, m in EVEN}
    found = telling(reached(cells), STEPS, WEEKS, [("manager",), ("channel",), ("channel", "manager")])
    assert found["attribute"].tolist()[0] == "channel"
    assert found.set_index(["attribute", "attribute2"]).loc[("manager", ""), "effect"] == 0.0
    assert found.set_index(["attribute", "attribute2"]).loc[("channel", "manager"), "effect"] == 0.0


def test_a_pair_counts_only_what_it_adds_to_its_attributes():
    cells = {(c, m): (1000, 150 if (c == "web") == (m == "Anna") else 50) for c, m in EVEN}
    found = telling(reached(cells), STEPS, WEEKS, [("manager",), ("channel",), ("channel", "manager")])
    assert found.loc[0, "attribute2"] == "manager" and found.loc[0, "effect"] > 0.1


def test_nothing_sold_tells_nothing():
    cells = dict.fromkeys(EVEN, (1000, 0))
    assert telling(reached(cells), STEPS, WEEKS, [("channel",)])["effect"].tolist() == [0.0]
