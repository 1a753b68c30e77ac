"""What the settings say of data that did not get in."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from funnel.settings_files import Frozen
from funnel.validation import FILLED


class Accepted(Frozen):
    """A gap in the data that people know of: an entry of `gate.accepted`.

    Attributes:
        table: leads, stage_entries, payments or spend.
        reason: told on the first page and kept in the manifest.
        until: the last report date for which it is accepted.
    """

    table: Literal["leads", "stage_entries", "payments", "spend"]
    reason: Annotated[str, Field(pattern=FILLED)]
    until: dt.date


class Gate(Frozen):
    """What is told and what is refused of data that did not get in: `gate` in the settings.

    Attributes:
        tell: share of a table from which rows set aside are told on the first page.
        refuse: share of a table's newest 13 weeks from which no report is made of it.
        accepted: gaps that are known; see `Accepted`.
        at_creation: what several stages at the moment of a lead's creation are: `stamped`, as by a migration,
            so that they tell no time, or `real`, as in a shop that sells in one step.
        leads_in_one_day: what ten times the leads of a usual month's largest day are: `imported`, so that
            nobody knows when they came, or `real`, as at a fair.
    """

    tell: Annotated[float, Field(ge=0, le=1)] = 0.01
    refuse: Annotated[float, Field(gt=0, le=1)] = 0.2
    accepted: tuple[Accepted, ...] = ()
    at_creation: Literal["stamped", "real"] = "stamped"
    leads_in_one_day: Literal["imported", "real"] = "imported"
