"""Nothing odd in an account stops a sync, blinds a later one, or is taken without a word."""

from __future__ import annotations

import datetime as dt
import itertools
import json

import pytest

from funnel.dates import AsOf
from funnel.errors import InputError
from funnel.sources import write_rejected
from funnel.sources.amocrm import Pace
from funnel.sources.amocrm.wire import Event as EventRecord
from funnel.sources.amocrm.wire import Lead as LeadRecord
from funnel.sources.api.clock import LONGEST
from funnel.sources.api.records import read
from funnel.sources.api.wire import loads
from funnel.warehouse import Warehouse
from standin.server import Api
from standin.truth import local
from standin.world import Event, Lead, World

NOW = 1_700_000_000
HOUR, DAY = 3600, 86_400
GOOD = [str(1000 + number) for number in range(60)]
ODD = {  # what the account says of a lead -> the field that is named
    "price 10^17": ({"price": 10**17}, "price"),
    "price below 0": ({"price": -5}, "price"),
    "price NaN": ({"price": "NaN"}, "price"),
    "price nested": ({"price": {"value": 5}}, "price"),
    "price as a number that is none": ({"price": float("nan")}, "price"),
    "created 10^15": ({"created_at": 10**15}, "created_at"),
    "created in milliseconds": ({"created_at": NOW * 1000}, "created_at"),
    "created 0": ({"created_at": 0}, "created_at"),
    "created below 0": ({"created_at": -1}, "created_at"),
    "created null": ({"created_at": None}, "created_at"),
    "created true": ({"created_at": True}, "created_at"),
    "edited null": ({"updated_at": None}, "updated_at"),
    "closed 10^15": ({"closed_at": 10**15}, "closed_at"),
    "id 2^64": ({"id": 2**64}, "id"),
    "id null": ({"id": None}, "id"),
    "id nested": ({"id": [1]}, "id"),
    "pipeline null": ({"pipeline_id": None}, "pipeline_id"),
    "status text": ({"status_id": "new"}, "status_id"),
    "status 0": ({"status_id": 0}, "status_id"),
}
IN = {  # odd, and in all the same: what is not needed to count it is as if it were not there
    "half a character": ({"name": "a\ud800b"}, ""),
    "responsible text": ({"responsible_user_id": "Anna"}, "responsible_user_id"),
    "responsible 2^64": ({"responsible_user_id": 2**64}, "responsible_user_id"),
    "fields text": ({"custom_fields_values": "none"}, "custom_fields_values"),
    "a field without id": (
        {"custom_fields_values": [{"values": []}, {"field_id": 13, "values": [{"value": "Perm"}]}]},
        "custom_fields_values.0",
    ),
    "a contact null": ({"_embedded": {"contacts": [None, {"id": 7}]}}, "_embedded.contacts.0"),
    "embedded nested": ({"_embedded": {"tags": "vip"}}, "_embedded.tags"),
    "a date of 10^15": (
        {
            "custom_fields_values": [
                {"field_id": 12, "field_type": "date_time", "values": [{"value": 10**15}]}
            ]
        },
        "offer",
    ),
    "a control character": (
        {"custom_fields_values": [{"field_id": 13, "field_type": "text", "values": [{"value": "P\x01"}]}]},
        "region",
    ),
    "deleted in words": ({"is_deleted": "perhaps"}, "is_deleted"),
}


def world() -> World:
    """Sixty good leads and one of each odd kind."""
    made = World()
    odd = range(2000, 2000 + len(ODD) + len(IN))
    for number, id_ in enumerate([*map(int, GOOD), *odd]):
        at = NOW - 2 * DAY + 60 * number
        made.add(Lead(id_, 7001, 60003, at, at, price=500), at)
    return made


def api() -> Api:
    made = Api(world())
    made.odd = {2000 + number: odd for number, (odd, _) in enumerate([*ODD.values(), *IN.values()])}
    return made


def amo(here):
    return here.amo(attributes={"region": "field:13", "offer": "field:Дата КП", "manager": "responsible"})


def leads_of(here) -> set[str]:
    return {row[0] for row in here.warehouse.tables()["leads"]}


def test_all_good_ones_are_in_and_each_odd_one_is_named(account, tmp_path) -> None:
    here = account(api())
    pulled = here.sync(NOW, amo=amo(here))
    assert leads_of(here) == {*GOOD, *(str(2000 + len(ODD) + number) for number in range(len(IN)))}
    aside = [row for row in pulled.batch.rejected if row.table == "leads"]
    named = {row.cells["id"]: row.column for row in aside}
    without_id = ("id 2^64", "id null", "id nested")
    for number, (what, (_, column)) in enumerate(ODD.items()):
        if what not in without_id:
            assert named[str(2000 + number)] == column, what
    assert len(named) == len(ODD)
    assert sum(column == "id" for column in named.values()) == len(without_id)
    values = {row.cells["id"]: row.column for row in pulled.batch.rejected if row.table == "values"}
    assert values == {str(2000 + len(ODD) + number): column for number, (_, column) in enumerate(IN.values())}
    received = len(GOOD) + len(ODD) + len(IN)
    assert pulled.batch.read["leads"] == received == len(leads_of(here)) + len(aside)
    assert (
        f"Leads received: {received} = accepted {received - len(ODD)} + set aside {len(ODD)}." in pulled.notes
    )
    files = {
        path.name: path.read_text("utf-8-sig") for path in write_rejected(pulled.batch.rejected, tmp_path)
    }
    assert "2000" in files["leads.csv"] and "is larger than any amount" in files["leads.csv"]
    assert "Anna" not in files["values.csv"]


def test_a_sync_that_brings_nothing_but_what_is_set_aside_still_refuses_no_report(account, tmp_path) -> None:
    here = account(Api(world()))
    newest = 1999 + len(ODD) + len(IN)
    here.api.odd = {newest: {"price": 10**17}}
    here.api.world.edit(newest, NOW - 1, "price", 1)  # it alone is read again
    with Warehouse.open(tmp_path / "w.duckdb", here.funnel, write=True) as warehouse:
        refused = []
        for now in (NOW, NOW + 40 * DAY):
            pulled = here.pull(now, amo=amo(here))
            moment = dt.datetime.fromtimestamp(now, dt.UTC).replace(tzinfo=None)
            warehouse.load(pulled.batch, moment)
            pulled.commit()
            found = warehouse.findings(AsOf(local(NOW).date() + dt.timedelta(days=1), moment))
            refused.append((pulled.batch.tables["leads"].num_rows, set(found["kind"]) & {"unusable"}))
        assert refused == [(newest - 2000 + len(GOOD), set()), (0, set())]


def test_what_is_set_aside_is_named_until_it_is_mended_and_then_is_in(account) -> None:
    here = account(api())
    here.sync(NOW, amo=amo(here))
    again = here.sync(NOW + 30 * DAY, amo=amo(here))
    assert sum(row.table == "leads" for row in again.batch.rejected) == len(ODD)
    here.api.odd.clear()
    for number in range(len(ODD) + len(IN)):
        here.api.world.edit(2000 + number, NOW + 31 * DAY, "price", 700)
    last = here.sync(NOW + 31 * DAY, amo=amo(here))
    # What had no id has none to be known again by: the daily check lets it go.
    assert not [row for row in last.batch.rejected if row.cells["id"].isdigit()]
    assert len(leads_of(here)) == len(GOOD) + len(ODD) + len(IN)


@pytest.mark.parametrize("server", [-1, None])
@pytest.mark.parametrize("ahead", [3 * HOUR, 400 * DAY])
def test_one_dated_ahead_blinds_nothing(account, server, ahead) -> None:
    """The next plain sync sees a new lead, a move and a deletion; also where the server tells no time."""
    here = account(api())
    made = here.api.world
    made.edit(1000, NOW + ahead, "price", 5)
    made.move(1001, NOW - HOUR, 7001, 60004)
    moved = made.events["lead_status_changed"][-1]
    here.api.odd_events[moved.id] = {"created_at": NOW + ahead}
    first = here.sync(NOW, amo=amo(here), server=server)
    assert any(moved.id in note for note in first.notes)
    assert any("later than the server's own time, 1: 1000" in note for note in first.notes)
    later = NOW + 20 * 60
    made.add(Lead(5000, 7001, 60003, later - 60, later - 60), later - 60)
    made.move(1001, later - 55, 7001, 142)  # after the move that is dated ahead
    made.move(1002, later - 50, 7001, 60004)
    made.delete(1003, later - 40)
    here.sync(later, amo=amo(here), server=server)
    assert "5000" in leads_of(here)
    assert "1003" not in leads_of(here)
    assert ("1002", "qualified") in {row[:2] for row in here.warehouse.tables()["stage_entries"]}
    for now in (later, NOW + 2 * DAY, NOW + 500 * DAY):  # also when the future has become the past
        here.sync(now, amo=amo(here), server=server)
        ways = sorted(
            (row[2], row[1]) for row in here.warehouse.tables()["stage_entries"] if row[0] == "1001"
        )
        at = NOW - 2 * DAY + 60
        assert ways == [
            (local(at), "target"), (local(NOW - HOUR), "qualified"), (local(later - 55), "sale"),
        ]  # fmt: skip
        assert [row[1] for row in here.warehouse.tables()["payments"]] == [local(later - 55)]


def test_our_clock_ahead_of_the_servers_blinds_nothing(account) -> None:
    here = account(api())
    here.api.world.edit(1000, NOW + 2 * HOUR, "price", 5)
    here.sync(NOW + 5 * HOUR, amo=amo(here), server=NOW)
    here.api.world.add(Lead(5000, 7001, 60003, NOW + HOUR, NOW + HOUR), NOW + HOUR)
    here.sync(NOW + 7 * HOUR, amo=amo(here), server=NOW + HOUR)
    assert "5000" in leads_of(here)


def test_a_state_that_was_blinded_is_read_again_once(account) -> None:
    """As an earlier version left it: the mark three hours ahead, and changes that no sync saw."""
    from funnel.sources.api.state import State

    here = account(api())
    here.sync(NOW, amo=amo(here))
    with State(next(here.store.glob("*.sqlite"))) as state:
        state.put("mark.leads", str(NOW + 3 * HOUR))
        state.change("DELETE FROM meta WHERE key = 'clock'", [()])
    here.api.world.add(Lead(5000, 7001, 60003, NOW + HOUR, NOW + HOUR), NOW + HOUR)
    here.api.world.leads[1003].there = False
    here.api.world.changes += 1
    healed = here.sync(NOW + 2 * HOUR, amo=amo(here))
    assert any("are read again, once" in note for note in healed.notes)
    assert "5000" in leads_of(here) and "1003" not in leads_of(here)
    assert not any("are read again" in note for note in here.sync(NOW + 3 * HOUR, amo=amo(here)).notes)


def test_a_page_full_of_leads_dated_ahead_or_without_a_time(account) -> None:
    for odd in (NOW + DAY, None):
        made = World()
        for id_ in range(1, 901):
            made.add(Lead(id_, 7001, 60003, NOW - DAY + id_, NOW - DAY + id_), NOW - DAY + id_)
        made_api = Api(made)
        made_api.odd = {id_: {"updated_at": odd} for id_ in range(300, 880)}
        here = account(made_api)
        here.store = here.store.with_name(f"store-{odd}")
        pulled = here.sync(NOW, amo=amo(here))
        aside = sum(row.table == "leads" for row in pulled.batch.rejected)
        assert (len(leads_of(here)), aside) == ((900, 0) if odd else (320, 580))


def test_the_daily_check_finds_what_the_windows_missed_and_asks_a_page_for_250(account) -> None:
    here = account(api())
    made = here.api.world
    made.edit(1059, NOW - 60, "price", 1)
    here.sync(NOW, amo=amo(here))
    made.add(Lead(5000, 7001, 60003, NOW - 9 * DAY, NOW - 9 * DAY), NOW - 9 * DAY)  # imported with old dates
    made.move(1001, NOW - 9 * HOUR, 7001, 60004)  # by an integration with a wrong zone
    made.leads[1002].there = False  # gone without an event
    made.changes += 1
    here.sync(NOW + HOUR, amo=amo(here))
    assert "5000" not in leads_of(here) and "1002" in leads_of(here)
    before = len(here.api.log)
    found = here.sync(NOW + DAY, amo=amo(here))
    assert any(
        ": 2 had been missed and were taken in, 1 are no longer there." in note for note in found.notes
    )
    assert "5000" in leads_of(here) and "1002" not in leads_of(here)
    entry = next(row for row in here.warehouse.tables()["stage_entries"] if row[:2] == ("1001", "qualified"))
    assert entry[2] == local(NOW - 9 * HOUR)
    check = [entry for entry in here.api.log[before:] if entry[3].get("order[id]")]
    assert len(check) == 1
    quiet = here.sync(NOW + 2 * DAY, amo=amo(here)).notes
    assert any(note.endswith("leads of the account are known as they are.") for note in quiet)


def test_the_check_leaves_out_what_the_first_sync_left_out(account) -> None:
    here = account(Api(world()))
    here.api.world.leads[1000].updated_at = NOW - 100 * DAY
    here.api.world.changes += 1
    here.sync(NOW, amo=amo(here), since=dt.datetime.fromtimestamp(NOW - 10 * DAY, dt.UTC).date())
    here.sync(NOW + 2 * DAY, amo=amo(here))
    assert "1000" not in leads_of(here) and "1001" in leads_of(here)


def test_an_empty_answer_in_the_middle_loses_nothing(account) -> None:
    """204 instead of any one answer of a sync and its daily check, each in turn."""
    here = account(api())
    here.sync(NOW, amo=amo(here))
    whole = leads_of(here)
    before = len(here.api.log)
    here.sync(NOW + DAY, amo=amo(here))
    for place in range(len(here.api.log) - before):
        at = len(here.api.log) + place + 1
        here.api.before = lambda number, at=at: (204, "application/json", b"") if number == at else None
        now = NOW + (2 + place) * DAY
        here.api.world.move(1000 + place, now - HOUR, 7001, 60004)
        here.sync(now, amo=amo(here))
    here.api.before = lambda number: None
    here.sync(now + DAY, amo=amo(here))
    assert leads_of(here) == whole
    moved = {row[0]: row[2] for row in here.warehouse.tables()["stage_entries"] if row[1] == "qualified"}
    assert moved == {str(1000 + n): local(NOW + (2 + n) * DAY - HOUR) for n in range(place + 1)}
    assert place > 8


def test_odd_events_are_set_aside_and_unknown_kinds_passed_over(account) -> None:
    here = account(Api(world()))
    made = here.api.world
    odd = [
        {"created_at": None}, {"entity_id": "x"}, {"id": None}, {"value_after": []}, {"type": None},
        {"value_after": [{"lead_status": {"id": 1}}]}, {"entity_id": 2**64}, {"created_at": NOW * 1000},
    ]  # fmt: skip
    for number, what in enumerate(odd):
        made.move(1000 + number, NOW - HOUR, 7001, 60004)
        here.api.odd_events[made.events["lead_status_changed"][-1].id] = what
    made.move(1020, NOW - HOUR, 7001, 60004)
    made.events["lead_status_changed"].append(Event(NOW - HOUR, "x1", "lead_sung_about", 1021))
    here.api.strange["events"] = [None, 5, "text", []]
    pulled = here.sync(NOW, amo=amo(here))
    aside = [row for row in pulled.batch.rejected if row.table == "stage_entries"]
    assert len(aside) == len(odd) + len(here.api.strange["events"])
    rows = here.warehouse.tables()["stage_entries"]
    assert ("1020", "qualified") in {row[:2] for row in rows}
    assert pulled.batch.read["stage_entries"] == pulled.batch.tables["stage_entries"].num_rows + len(aside)


def test_a_lead_of_a_pipeline_that_the_account_does_not_list_is_named(account) -> None:
    here = account(Api(world()))
    here.api.odd = {1000: {"pipeline_id": 10**15}}
    notes = here.sync(NOW, amo=amo(here)).notes
    assert any(
        note.startswith("Leads of a pipeline that the account does not list, 1: 1000.") for note in notes
    )


def test_a_lead_marked_as_deleted_is_named_and_not_counted(account) -> None:
    here = account(Api(world()))
    here.sync(NOW, amo=amo(here))
    here.api.odd = {1000: {"is_deleted": True}}
    here.api.world.edit(1000, NOW + HOUR, "price", 1)
    pulled = here.sync(NOW + HOUR, amo=amo(here))
    assert pulled.gone == 1 and "1000" not in leads_of(here)
    (named,) = pulled.batch.rejected
    assert (named.cells["id"], named.reason, named.copy) == (
        "1000",
        "is_deleted the account marks it as deleted",
        True,
    )


def test_the_accounts_lists_may_hold_odd_entries(account, monkeypatch) -> None:
    here = account(Api(world()))
    for name in ("users", "custom_fields", "loss_reasons"):
        here.api.strange[name] = [
            None,
            {"id": None, "name": None},
            {"id": 5, "name": None},
            {"id": 6, "name": [1]},
        ]
    pulled = here.sync(NOW, amo=amo(here))
    assert len(leads_of(here)) == len(GOOD) + len(ODD) + len(IN)
    assert sum(row.table == "lists" for row in pulled.batch.rejected) == 9


VALUES = [
    None, "", "x", True, 0, -1, 10**17, 10**15, 2**64, 10**50, 1.5, "NaN", [], {}, [[1]], {"a": {"b": 1}},
    "\ud800", "\x00",
]  # fmt: skip
LEAD = {
    "id": 1, "price": 5, "price_with_minor_units": 5, "responsible_user_id": 1, "status_id": 1,
    "pipeline_id": 1, "loss_reason_id": 1, "created_at": NOW, "updated_at": NOW, "closed_at": NOW,
    "is_deleted": False,
    "custom_fields_values": [{"field_id": 1, "field_type": "text", "values": [{"value": 1}]}],
    "_embedded": {
        "tags": [{"id": 1, "name": "a"}], "contacts": [{"id": 1, "is_main": True}], "companies": [],
    },
}  # fmt: skip
EVENT = {
    "id": "a", "type": "lead_status_changed", "entity_id": 1, "entity_type": "lead", "created_at": NOW,
    "value_before": [{"lead_status": {"id": 1, "pipeline_id": 1}}],
    "value_after": [{"lead_status": {"id": 1, "pipeline_id": 1}}],
}  # fmt: skip


def places(value: object, path: tuple = ()):
    """Every place in a record."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, one in inner:
        yield from places(one, (*path, step))


def put(record: dict, path: tuple, value: object) -> dict:
    copy = json.loads(json.dumps(record))
    holder = copy
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return copy


@pytest.mark.parametrize(("record", "model"), [(LEAD, LeadRecord), (EVENT, EventRecord)])
def test_any_value_at_any_place_is_read_or_named(record, model) -> None:
    """What is read is whole numbers where they count; what is not is named with its place."""
    assert read(record, model)[0] is not None and not read(record, model)[1]
    for path, value in itertools.product(places(record), VALUES):
        found, faults = read(put(record, path, value), model)
        assert found is not None or faults, (path, value)
        if found is None:
            assert all(fault.reason for fault in faults)
            assert faults[0].field.split(".")[0] in (*record, "")


def test_an_answer_is_parsed_whatever_it_holds() -> None:
    assert loads(b'{"a": NaN, "b": 1e999, "c": "x\x01", "d": "\xff"}') == {
        "a": "NaN", "b": "1e999", "c": "x\x01", "d": "\ufffd",
    }  # fmt: skip
    assert loads(b"[" + b"9" * 10_000 + b"]") == ["9" * 10_000]
    with pytest.raises(ValueError, match="nested too deeply"):
        loads(b"[" * 100_000)


class Clock:
    def __init__(self) -> None:
        self.now, self.slept = 100.0, []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.mark.parametrize(
    ("header", "slept"),
    [
        ("7", 7), ("Tue, 14 Nov 2023 22:13:50 GMT", 30), ("Tue, 14 Nov 2023 22:00:00 GMT", 1), ("soon", 1),
        ("-5", 1), ("nan", 1), ("0", 1), ("", 1), (str(int(LONGEST)), LONGEST),
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed(account, header, slept, status) -> None:
    here = account(api())  # NOW is 22:13:20 of that day
    here.api.before = lambda number: (
        (status, "text/html", b"", {"Retry-After": header}) if number == 7 else None
    )
    clock = Clock()
    here.sync(NOW, amo=amo(here), pace=Pace(0, clock=lambda: clock.now, sleep=clock.sleep))
    assert clock.slept == [slept]


@pytest.mark.parametrize("header", ["86400", "Tue, 14 Nov 2028 22:13:50 GMT", "inf"])
def test_a_wait_too_long_ends_the_sync_and_says_so(account, header) -> None:
    here = account(api())
    here.api.before = lambda number: (429, "text/html", b"", {"Retry-After": header}) if number == 7 else None
    clock = Clock()
    with pytest.raises(
        InputError, match=r"wants to be left alone for .* seconds \(429\); to do: sync again then"
    ):
        here.sync(NOW, amo=amo(here), pace=Pace(0, clock=lambda: clock.now, sleep=clock.sleep))
    assert clock.slept == []
    here.api.before = lambda number: None
    here.sync(NOW, amo=amo(here))
    assert set(GOOD) < leads_of(here)


def test_a_dry_run_of_a_known_account_brings_what_a_sync_would_and_saves_nothing(account) -> None:
    here = account(api())
    here.sync(NOW, amo=amo(here))
    made = here.api.world
    made.add(Lead(5000, 7001, 60003, NOW + HOUR, NOW + HOUR), NOW + HOUR)
    made.delete(1003, NOW + HOUR)
    before = {file: file.read_bytes() for file in here.store.iterdir()}
    dry = here.pull(NOW + 2 * HOUR, amo=amo(here), dry_run=True)
    dry.commit()
    assert {file: file.read_bytes() for file in here.store.iterdir()} == before
    assert dry.gone == 1 and "5000" in dry.batch.tables["leads"]["lead_id"].to_pylist()
    real = here.sync(NOW + 2 * HOUR, amo=amo(here))
    assert real.batch.tables["leads"].equals(dry.batch.tables["leads"])
