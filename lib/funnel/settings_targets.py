"""What the settings ask of the funnel: targets of its steps, and questions of the forecast."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from funnel.change import Change
from funnel.day import Day
from funnel.settings_files import Frozen


class Target(Frozen):
    """What a step should convert, at least: `targets` in the settings.

    Attributes:
        stage: a configured stage (the step into it), or `overall`.
        attribute: of the segment; empty for the total.
        value: of the segment; empty with an attribute is every value of it.
        since: the first cohort day it holds for (`from` in the file).
        minimum: absolute, the ripe share: 0.4 is 40 %. Young cohorts are held to what they can show yet.
        relative: instead of it, a share of the segment's own history at equal age: 0.9 is 90 % of it.
        tolerance: how far below it may be, relative to it: 0.05 is 5 %.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    stage: str
    attribute: str = ""
    value: str = ""
    since: Annotated[dt.date, Field(alias="from")] = dt.date.min
    minimum: Annotated[float, Field(gt=0, lt=1)] | None = None
    relative: Annotated[float, Field(gt=0, le=2)] | None = None
    tolerance: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @model_validator(mode="after")
    def _one_minimum(self) -> Target:
        if (self.minimum is None) == (self.relative is None):
            raise ValueError("give either minimum (a share) or relative (to the segment's own history)")
        if self.value and not self.attribute:
            raise ValueError(f"value: {self.value!r} needs an attribute")
        return self


class WhatIf(Frozen):
    """A question of the report: `what_if` in the settings.

    Attributes:
        stage: a configured stage; the step into it.
        change: of the odds of its conversion, relative: 0.1 or 10% turns 42 of 100 into 44.3.
        since: a day of the first week it holds for (`from` in the file); by default the report's own week.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    stage: str
    change: Change
    since: Annotated[Day | None, Field(alias="from")] = None
