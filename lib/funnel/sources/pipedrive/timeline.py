"""From the changes of a deal to where it has been: pure, one deal at a time."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from funnel.sources.api.state import ADDED, MOVED, EventRow, Ref
from funnel.sources.pipedrive.wire import Change, Deal

STAGE, STATUS = "stage_id", "status"
OPEN = "open"


def timeline(deal: Deal, changes: Sequence[Change], pipelines: Mapping[Ref, Ref]) -> list[EventRow]:
    """Return where a deal came to, and when.

    It began where its earliest change left from, or where it stands if it never changed. What changed in one
    second changed together. A won or lost deal is in neither stage: `won` and `lost` are places of their own.

    Args:
        deal: as it is now.
        changes: of its stage and its status, in any order.
        pipelines: stage -> pipeline; a stage that is no longer there is of the deal's own.
    """
    ordered = sorted(changes, key=lambda change: (change.log_time, change.id))
    now: dict[str, Ref] = {STAGE: deal.stage_id, STATUS: deal.status}
    for change in reversed(ordered):
        if change.old_value is not None:
            now[change.field_key] = change.old_value

    def place() -> tuple[Ref, Ref]:
        pipeline = pipelines.get(now[STAGE], deal.pipeline_id)
        return pipeline, now[STAGE] if now[STATUS] == OPEN else now[STATUS]

    before = place()
    events: list[EventRow] = [(deal.id, deal.add_time, f"{0:020}", ADDED, None, None, *before)]
    for at, together in itertools.groupby(ordered, key=lambda change: change.log_time):
        last = 0
        for change in together:
            last = change.id
            if change.new_value is not None:
                now[change.field_key] = change.new_value
        after = place()
        if after != before:
            events.append((deal.id, at, f"{last:020}", MOVED, *before, *after))
        before = after
    return events
