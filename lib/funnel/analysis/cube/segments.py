"""Which slices are segments whose conversions can be compared with their own history.

An attribute that is known only of leads that advanced is the outcome under another name; a value that nearly
everybody has is the total again; a step that everybody passes tells nothing of a segment. The open leads that
somebody inherits are those that had not ended before, and what the one who left keeps are those that had.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from funnel.analysis.cube.cells import TOTAL, Cells
from funnel.gate.attributes import told_until

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

ENOUGH = 8.0
"""Ends due without a difference; from so many on it shows when there are hardly any."""
NEARLY_ALL = 0.95
"""Share of all leads from which a value is the total again."""
FULL = 0.99
"""Share of its base from which a step counts as passed by everybody."""
INHERITED = 0.1
"""Share of the ends that were due by then from which a segment has leads of its own."""
RIPE = 0.05
"""Share of a cohort that is open at most where it does not matter who keeps the open ones."""


def leaks(table: Cells) -> dict[str, int]:
    """Return by attribute the last step that tells whether leads have a value of it, where one does.

    By the rule of the gate, of all leads so far.
    """
    found: dict[str, int] = {}
    whole = _known(table, table.keys.index(TOTAL)).tolist()
    for number, key in enumerate(table.keys):
        if key[0] and not key[1] and not key[2]:
            step = told_until(whole, _known(table, number).tolist())
            found |= {key[0]: step} if step else {}
    return found


def _known(table: Cells, cell: int) -> Floats:
    """Return the leads of a slice that have reached each step so far."""
    rows = np.arange(len(table.weeks))
    return np.array([table.reached[cell, rows, step, table.ages].sum() for step in range(len(table.steps))])


def comparable(table: Cells, before: int, after: int) -> Flags:
    """Tell of every slice whether a conversion of it is a fact of its own; the total's always is."""
    whole = table.keys.index(TOTAL)
    told, leads = leaks(table), table.at(0, 0).sum(axis=1)
    known = _known(table, whole)
    full = known[before] > 0 and known[after] >= FULL * known[before]
    result = np.array(
        [not full and told.get(key[0], 0) <= before and told.get(key[2], 0) <= before for key in table.keys]
    )
    result &= leads < NEARLY_ALL * leads[whole]
    result[whole] = True
    return result


def full_but_one(table: Cells) -> bool:
    """Tell whether everybody passes all steps but one, so that this step and the whole are one fact."""
    known = _known(table, table.keys.index(TOTAL))
    return int((known[1:] < FULL * known[:-1]).sum()) <= 1


def handed_over(table: Cells) -> Flags:
    """Mark weeks of slices, (slices, weeks), of which they have a selection: inherited, or left behind.

    Inherited are the cohorts until the last week by which hardly any of its leads had ended (sold or lost),
    though many of as many others had. Left behind are cohorts that still have open leads elsewhere, in a
    slice that has hardly any.
    """
    marked = np.zeros((len(table.keys), len(table.weeks)), dtype=bool)
    if table.ended is None:
        return marked
    whole, leads = table.keys.index(TOTAL), table.at(0, 0)
    share = table.ended[whole] / np.maximum(leads[whole][:, None], 1.0)
    for now in range(len(table.weeks)):
        weeks = np.arange(now + 1)
        due = (leads[:, weeks] * share[weeks, now - weeks]).sum(axis=1)
        ended = table.ended[:, weeks, now - weeks].sum(axis=1)
        marked[np.ix_((due >= ENOUGH) & (ended <= INHERITED * due), weeks)] = True
    rows = np.arange(len(table.weeks))
    still = np.maximum(1 - share[rows, table.ages], 0.0)
    due = (leads * still).sum(axis=1)
    left = (due >= ENOUGH) & ((leads - table.ended[:, rows, table.ages]).sum(axis=1) <= INHERITED * due)
    marked[np.ix_(left, still > RIPE)] = True
    marked[whole] = False
    return marked
