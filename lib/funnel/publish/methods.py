"""Changes of method, so that `funnel verify` can say which of them moved which number of an older edition.

Whoever changes how a published number is made adds a line at the end of `CHANGES`, and one marked [numbers]
in the CHANGELOG. The manifest of an edition keeps the keys of all the lines its program had; those it does
not name came later.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Change:
    """One change of method.

    Attributes:
        key: its name in manifests; never changed and never used again.
        version: of the program that made it.
        moves: the tables it moves, or columns of them: `ltv`, `forecast.final_mean`, `durations*.*_days`.
        what: the change, as a reader would say it.
    """

    key: str
    version: str
    moves: tuple[str, ...]
    what: str

    def explains(self, table: str, column: str) -> bool:
        """Tell whether it may have moved a column of a table ('' for its rows).

        >>> Change("k", "0.2.0", ("ltv", "forecast.final_*"), "").explains("forecast", "final_mean")
        True
        >>> Change("k", "0.2.0", ("ltv", "forecast.final_*"), "").explains("forecast", "reached")
        False
        """
        return any(
            fnmatchcase(table, one) or (column and fnmatchcase(f"{table}.{column}", one))
            for one in self.moves
        )


CHANGES: tuple[Change, ...] = (
    Change(
        "stamped-history",
        "0.2.0",
        ("forecast*", "maturity", "revenue*", "what_if", "backtest", "durations", "duration_curves", "ltv",
         "payback", "deviations", "change", "costs*", "problems"),
        "entries stamped at once, by a migration or at the lead's creation, tell no delay, duration, value "
        "or payment; of a cohort stamped for the most part the forecast knows nothing until the last stamp",
    ),
    Change(
        "what-if-on-odds",
        "0.2.0",
        ("what_if",),
        "a what-if changes the odds of a step, tells its conversion, and asks no full step for more",
    ),
    Change(
        "track-of-the-unknown",
        "0.2.0",
        ("track",),
        "the track record scores what was unknown when a forecast was told, apart from what was known",
    ),
    Change(
        "one-forecast",
        "0.2.0",
        ("forecast*", "maturity", "revenue*", "what_if", "backtest", "costs*", "impact", "change"),
        "open leads tell cohorts apart by what they proved to be worth, the marks and the backtest score the "
        "printed forecast, and slices add up to the whole",
    ),
    Change(
        "lifetime-value-pooled",
        "0.2.0",
        ("ltv", "payback"),
        "values are pooled as far as their payments are alike; no end is told from a log too short for it",
    ),
    Change(
        "values-beside-their-weeks",
        "0.2.0",
        ("slices_*", "telling*"),
        "a value is compared with all leads of the same weeks, so that a young one is not taken for bad",
    ),
    Change(
        "restated-cohorts",
        "0.2.0",
        ("restated", "change"),
        "restatements tell the cohort's numbers and count leads once; the change tells the spread of chance",
    ),
    Change(
        "payments-followed",
        "0.2.0",
        ("revenue*", "what_if"),
        "payments follow their own level and growth over time into the weeks ahead",
    ),
    Change(
        "durations-carried",
        "0.2.0",
        ("durations", "duration_curves"),
        "durations rest on 20 arrivals, on moments that were seen, and on a log longer than they are",
    ),
    Change(
        "concluded-is-no-history",
        "0.2.0",
        ("deviations", "flag_lines", "shapes", "impact", "lines", "scoreboard"),
        "what was concluded from where a lead stood, or stamped at once, is no history of flags",
    ),
    Change(
        "one-fact-one-flag",
        "0.2.0",
        ("deviations", "flag_lines", "shapes"),
        "no segments are leaks, inherited leads and what all have; one fact is one flag; effects are bounded",
    ),
    Change(
        "calendar-in-flags",
        "0.2.0",
        ("deviations", "flag_lines", "shapes"),
        "what is expected knows the country's holidays and entries that are made at the month's end",
    ),
    Change(
        "shapes-end",
        "0.2.0",
        ("shapes", "arrivals"),
        "a shape says when it was first seen; a good week of the next step is no fault; arrivals are watched",
    ),
    Change(
        "one-value-one-writing",
        "0.2.0",
        ("slices_*", "telling*", "deviations", "flag_lines", "shapes", "impact", "lines", "scoreboard",
         "change", "costs*", "spend*", "revenue_slices", "ltv", "payback", "durations", "duration_curves",
         "restated", "forecast*", "gate"),
        "values that differ in case or outer blanks alone are one value",
    ),
    Change(
        "slices-keep-their-level",
        "0.2.0",
        ("revenue_slices", "costs*"),
        "a segment keeps its own level of conversion, and the segments add up to the whole",
    ),
    Change(
        "settled-cohorts",
        "0.2.0",
        ("forecast", "backtest", "costs*"),
        "a cohort that has nothing to come carries no mark",
    ),
    Change(
        "outcome-tells-nothing",
        "0.2.0",
        ("telling*", "change", "deviations", "flag_lines", "shapes", "gate", "forecast*", "maturity",
         "revenue*", "what_if", "backtest", "costs*"),
        "an attribute that tells the outcome is compared nowhere and splits no forecast, by one rule for all",
    ),
    Change(
        "initiatives-with-a-season",
        "0.2.0",
        ("impact", "lines", "scoreboard"),
        "a verdict is fixed at its date of reading, knows the season, and tells money of a seen change alone",
    ),
    Change(
        "forecast-apart",
        "0.2.0",
        ("forecast*", "maturity", "revenue*", "what_if", "backtest", "costs*", "change"),
        "groups of leads that differ in delay or payment are forecast apart, each with its own payments",
    ),
    Change(
        "marks-by-what-was-lived",
        "0.2.0",
        ("forecast*", "revenue*", "what_if", "backtest", "costs*"),
        "a forecast is marked by how much of the delay the log has lived through and by misses beyond how "
        "unevenly the company closes; a long tail of the delay is weighed too",
    ),
    Change(
        "calendar-in-delay",
        "0.2.0",
        ("forecast*", "maturity", "revenue*", "what_if", "backtest", "costs*", "change"),
        "holidays and the end of the month are part of the delay",
    ),
    Change(
        "payments-after-the-sale",
        "0.2.0",
        ("revenue*", "what_if"),
        "payments follow a sale in a smooth pattern unless single weeks prove themselves",
    ),
    Change(
        "personal-blotted",
        "0.2.0",
        ("slices*", "forecast_slices*", "deviations", "costs*", "ltv", "durations", "restated"),
        "telephone numbers and e-mail addresses in values of attributes and names of campaigns are blotted",
    ),
    Change(
        "level-goes-on",
        "0.2.0",
        ("forecast*", "maturity", "revenue*", "what_if", "backtest", "costs*", "change"),
        "the level of conversion goes on whole, only a cohort's own luck fades; the late ones of a sum of "
        "waits are expected",
    ),
    Change(
        "sentences-counted-again",
        "0.2.0",
        ("gate",),
        "rows set aside for several reasons are no longer all said to bear a stage that is not configured",
    ),
    Change(
        "stages-in-order",
        "0.2.0",
        ("forecast*", "revenue*", "what_if", "costs*"),
        "a later stage is never told to have more leads than the one before it",
    ),
    Change(
        "worth-of-a-mix",
        "0.2.0",
        ("ltv", "revenue_slices"),
        "the lifetime value of the total is the sum of groups that are forecast apart, and a slow line of "
        "few payments keeps its own pattern",
    ),
    Change(
        "imported-leads",
        "0.2.0",
        ("forecast*", "maturity", "revenue*", "what_if", "backtest", "durations", "duration_curves", "ltv",
         "payback", "deviations", "arrivals", "shapes", "impact", "costs*", "gate"),
        "leads that were created by an import tell no delay, and their cohort is no history of others",
    ),
    Change(
        "months-entered-later",
        "0.2.0",
        ("deviations", "shapes", "arrivals"),
        "a month entered as the next one begins, and slow days around New Year, are expected; twice the "
        "leads are told",
    ),
    Change(
        "promised-power",
        "0.2.0",
        ("impact", "scoreboard"),
        "the power promised, and so the date of reading, is that of the reading with its errors widened",
    ),
    Change(
        "one-fact-of-all",
        "0.2.0",
        ("deviations",),
        "a change that all leads share is told of them, one of the mix is none, and flags that say a fact "
        "again let no further one in",
    ),
    Change(
        "chance-of-young-cohorts",
        "0.2.0",
        ("change.spread",),
        "what chance makes of the part of conversion is told for young cohorts beside old ones too",
    ),
    Change(
        "scored-in-order",
        "0.2.0",
        ("forecast*", "revenue*", "what_if", "backtest", "costs*"),
        "a later stage keeps within the one before it in every week, and the marks and the backtest ask for "
        "all stages, as the page does",
    ),
    Change(
        "uneven-cohorts-and-imported-weeks",
        "0.2.0",
        ("forecast*", "maturity", "revenue*", "what_if", "backtest", "costs*", "ltv", "payback"),
        "uneven cohorts alone take no groups apart, and a week of imported leads is no usual week of the "
        "leads to come",
    ),
    Change(
        "misses-of-a-change",
        "0.2.0",
        ("forecast*", "revenue*", "what_if", "backtest", "costs*"),
        "what a forecast missed at a date at which the delay seemed changed, and does so no more, is no "
        "reason for a mark",
    ),
    Change(
        "weeks-of-a-changed-delay",
        "0.2.0",
        ("forecast*", "maturity", "revenue*", "what_if", "backtest", "costs*", "ltv", "payback"),
        "whether the delay has changed is asked with each calendar week as it went for all cohorts: a month "
        "that is closed at its end is no change",
    ),
    Change(
        "slices-of-the-shown-periods",
        "0.2.0",
        ("slices_*", "reach_gap"),
        "where weeks bring too few leads the cohorts are longer periods, and slices are of these",
    ),
    Change(
        "closings-of-the-next-month",
        "0.2.0",
        ("forecast*", "maturity", "revenue*", "what_if", "backtest", "costs*", "ltv", "payback"),
        "a month whose entries are made in the first days of the next one is known as such, as one that is "
        "closed in its last days was",
    ),
    Change(
        "misses-while-little-was-known",
        "0.2.0",
        ("forecast*", "revenue*", "what_if", "backtest", "costs*"),
        "what a forecast missed while too little was known speaks against the forecast of now too",
    ),
    Change(
        "values-known-as-personal",
        "0.2.0",
        ("slices*", "deviations", "change*", "costs*", "spend*", "payback", "ltv", "revenue_slices",
         "telling*", "forecast*", "managers*", "losses*", "problems", "shapes", "scoreboard", "waiting*"),
        "more values are known as telephone numbers and e-mail addresses, and are shown together as "
        "[personal]",
    ),
)  # fmt: skip
"""Oldest first; a new line goes to the end."""


def since(known: Collection[str], changes: Sequence[Change] = CHANGES) -> list[Change]:
    """Return the changes that an edition's program did not have yet.

    Args:
        known: the keys its manifest names.
        changes: all of them.
    """
    return [change for change in changes if change.key not in known]
