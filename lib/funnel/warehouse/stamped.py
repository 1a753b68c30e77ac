"""Which moments of the history are stamped, as `funnel.gate.stamps` judges it, and what then is no time."""

from __future__ import annotations

import datetime as dt
import functools
import operator

import ibis
import ibis.expr.types as ir
import pandas as pd

from funnel.dates import AsOf
from funnel.gate import stamps
from funnel.gate.stamps import Stamps
from funnel.schema import TableName
from funnel.settings import Settings
from funnel.warehouse.known import EVENT, FIRST_MONDAY, Tables, indicator, instant, monday


def find(tables: Tables, settings: Settings, as_of: AsOf) -> Stamps:
    """Return what of the history known and past at an `AsOf` is stamped."""
    gate = settings.gate
    entries = _dated(tables, "stage_entries", as_of)
    days = _days(entries)
    as_they_came = gate.at_creation != "real" and bool(days["same"].any())
    found = stamps.may_be_stamped(days)
    whole: list[pd.Timestamp] = []
    seconds: list[pd.Timestamp] = []
    if len(found):
        total = int(days["rows"].sum())
        whole = stamps.stamped_moments(found, stamps.usual_days(days), total)
        left = found[~found["moment"].isin(whole)]
        if len(left):
            counts = _counts(entries, "s")
            usual = counts.group_by(month=counts.moment.truncate("M")).aggregate(most=counts.rows.max())
            large = counts.filter(
                counts.rows >= stamps.FEW, counts.moment.date().isin(_dates(left["moment"]))
            )
            seconds = stamps.stamped_moments(_frame(large), _frame(usual), total)
    paid = _days(_dated(tables, "payments", as_of))
    large = stamps.may_be_stamped(paid)
    return Stamps(
        tuple(_dates(whole)),
        tuple(moment.to_pydatetime() for moment in seconds),
        tuple(_dates(stamps.stamped_moments(large, stamps.usual_days(paid), int(paid["rows"].sum())))),
        tuple(stamps.stamped_cohorts(_creation(tables, settings, as_of))) if as_they_came else (),
        () if gate.leads_in_one_day == "real" else tuple(stamps.imported_days(_created(tables, as_of))),
    )


def is_stamped(found: Stamps, moment: ir.TimestampValue, created: ir.TimestampValue) -> ir.BooleanValue:
    """Tell whether the moment at which a lead reached a stage or was lost is stamped; no for an empty one."""
    tests = _of_creation(found, moment, created)
    if found.days:
        tests.append(_on(found.days, moment, created))
    if found.seconds:
        tests.append(moment.truncate("s").isin([instant(one) for one in found.seconds]))
    return _any(tests)


def is_payment_stamped(
    found: Stamps, moment: ir.TimestampValue, created: ir.TimestampValue
) -> ir.BooleanValue:
    """Tell the same of the moment of a payment."""
    tests = _of_creation(found, moment, created)
    if found.payment_days:
        tests.append(_on(found.payment_days, moment, created))
    return _any(tests)


def is_imported(found: Stamps, created: ir.TimestampValue) -> ir.BooleanValue:
    """Tell whether a lead was created as leads were imported, so that nobody knows when it came."""
    return created.date().isin([day.isoformat() for day in found.lead_days])


def stamped_rows(tables: Tables, name: TableName, as_of: AsOf, found: Stamps) -> ir.Table:
    """Return the stage entries or payments whose date is stamped: `lead_id`, `moment`, `created_at`."""
    rows = _dated(tables, name, as_of)
    test = is_payment_stamped if name == "payments" else is_stamped
    return rows.filter(test(found, rows.moment, rows.created_at))


def imported_leads(tables: Tables, as_of: AsOf) -> ir.Table:
    """Return the leads that were created as leads were imported: `lead_id`, `moment`."""
    leads = tables.at("leads", as_of)
    return leads.filter(is_imported(tables.stamps, leads.created_at)).select("lead_id", moment="created_at")


def _any(tests: list[ir.BooleanValue]) -> ir.BooleanValue:
    whole: ir.BooleanValue = ibis.literal(False)
    for test in tests:
        whole = whole | test
    return ibis.coalesce(whole, ibis.literal(False))


def _on(days: tuple[dt.date, ...], moment: ir.TimestampValue, created: ir.TimestampValue) -> ir.BooleanValue:
    return moment.date().isin([day.isoformat() for day in days]) & (created.date() < moment.date())


def _of_creation(
    found: Stamps, moment: ir.TimestampValue, created: ir.TimestampValue
) -> list[ir.BooleanValue]:
    tests: list[ir.BooleanValue] = []
    if found.weeks:
        weeks = [(week - FIRST_MONDAY).days for week in found.weeks]
        tests.append(monday(created).isin(weeks) & _same(moment, created))
    if found.lead_days:
        tests.append(is_imported(found, created) & moment.notnull())
    return tests


def _same(moment: ir.TimestampValue, created: ir.TimestampValue) -> ir.BooleanValue:
    """Tell whether something is dated at the creation: that moment, or its day without a time."""
    return (moment == created) | (moment == created.truncate("D"))


def _dated(tables: Tables, name: TableName, as_of: AsOf) -> ir.Table:
    """Return one row per row of a table: `moment`, and the lead's `created_at`."""
    rows = tables.at(name, as_of)
    leads = tables.at("leads", as_of).select("lead_id", "created_at")
    return rows.select("lead_id", moment=rows[EVENT[name]]).inner_join(leads, "lead_id")


def _counts(rows: ir.Table, unit: str) -> ir.Table:
    late = rows.moment > rows.created_at + ibis.interval(days=stamps.OLD_DAYS)
    return rows.group_by(moment=rows.moment.truncate(unit)).aggregate(
        rows=ibis._.count(),
        old=indicator(late).sum(),
        same=indicator(_same(rows.moment, rows.created_at)).sum(),
    )


def _days(rows: ir.Table) -> pd.DataFrame:
    """Return `stamps.COUNT_COLUMNS` by day, and how many of the rows bear their lead's creation (`same`)."""
    return _frame(_counts(rows, "D"))


def _created(tables: Tables, as_of: AsOf) -> pd.DataFrame:
    """Return how many leads were created (`rows`) on which day (`moment`)."""
    leads = tables.at("leads", as_of)
    return _frame(leads.group_by(moment=leads.created_at.truncate("D")).aggregate(rows=ibis._.count()))


def _creation(tables: Tables, settings: Settings, as_of: AsOf) -> pd.DataFrame:
    """Return `stamps.CREATION_COLUMNS`."""
    entries = tables.at("stage_entries", as_of)
    entries = entries.filter(entries.stage.isin(settings.stage_keys))
    leads = tables.at("leads", as_of).select("lead_id", "created_at")
    joined = entries.select("lead_id", "stage", "entered_at").inner_join(leads, "lead_id")
    same = _same(joined.entered_at, joined.created_at)
    keys = range(len(settings.stage_keys))
    # stages are few: to ask for each whether a lead came there costs half of counting different ones
    came = {f"came_{n}": indicator(joined.stage == settings.stage_keys[n]).max() for n in keys}
    at_once = {f"same_{n}": indicator((joined.stage == settings.stage_keys[n]) & same).max() for n in keys}
    found = joined.group_by("lead_id").aggregate(week=monday(joined.created_at).min(), **came, **at_once)
    stages, alike = (
        functools.reduce(operator.add, (found[f"{word}_{n}"] for n in keys)) for word in ("came", "same")
    )
    per_lead = found.select("week", stages=stages, same=alike)
    went = per_lead.filter(per_lead.stages >= 2)
    frame = _frame(
        went.group_by("week").aggregate(advanced=ibis._.count(), at_once=indicator(went.same >= 2).sum())
    )
    frame["cohort_week"] = pd.to_datetime(
        [FIRST_MONDAY + dt.timedelta(days=int(week)) for week in frame["week"]]
    )
    return frame


def _frame(table: ir.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pyarrow().to_pandas()
    return frame


def _dates(moments: pd.Series | list[pd.Timestamp]) -> list[dt.date]:
    return [pd.Timestamp(moment).date() for moment in moments]
