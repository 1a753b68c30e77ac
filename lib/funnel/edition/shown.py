"""Settings and registers with the values of attributes as the data show them, however people wrote them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from funnel.dates import AsOf
from funnel.edition.logbook import Logbook
from funnel.logbook import Initiative
from funnel.settings import Settings
from funnel.warehouse import Warehouse


def as_shown(
    settings: Settings, registers: Logbook, warehouse: Warehouse, as_of: AsOf
) -> tuple[Settings, Logbook]:
    """Return both with targets, plans, scopes and segments as the leads write them (`Warehouse.meant`)."""
    known = warehouse.attributes()

    def shown(attribute: str, value: str) -> str:
        return warehouse.meant(as_of, attribute, value) if value and attribute in known else value

    def scoped(item: Initiative) -> Initiative:
        scope = {name: tuple(dict.fromkeys(shown(name, v) for v in own)) for name, own in item.scope.items()}
        only = next(iter(scope)) if len(scope) == 1 else ""
        rollout: dict[str, dt.date] = {}
        for value, day in item.rollout.items():
            name = shown(only, value)
            rollout[name] = min(day, rollout.get(name, day))
        return item.model_copy(update={"scope": scope, "rollout": rollout})

    targets = [one.model_copy(update={"value": shown(one.attribute, one.value)}) for one in settings.targets]
    dug = [
        one.model_copy(update={"value": shown(one.attribute, one.value)}) for one in registers.investigations
    ]
    plan = {
        period: goals.model_copy(
            update={
                "by": {
                    name: {shown(name, v): goal for v, goal in by.items()} for name, by in goals.by.items()
                }
            }
        )
        for period, goals in settings.plan.items()
    }
    read = tuple(scoped(item) for item in registers.initiatives)
    return (
        settings.model_copy(update={"targets": tuple(targets), "plan": plan}),
        replace(registers, initiatives=read, investigations=tuple(dug)),
    )
