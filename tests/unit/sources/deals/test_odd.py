"""Nothing odd in an account stops a sync, blinds a later one, or is taken without a word."""

from __future__ import annotations

import importlib

import pytest

from funnel.errors import InputError
from funnel.sources.api.clock import LONGEST
from funnel.sources.hubspot.reading import _ids as merged_ids
from standin.company import DAY, SALES, Company
from standin.connected import NOW

GOOD = range(1000, 1060)


def odd_account(connect, crm: str):
    """Sixty good deals, one of each odd kind, and rows without an id."""
    said = importlib.import_module(f"standin.{crm}")
    made = Company()
    ids = [*GOOD, *range(2000, 2000 + len(said.ODD) + len(said.IN))]
    for number, id_ in enumerate(ids):
        made.add(id_, NOW - 2 * DAY + 60 * number, (SALES, "Qualified"), amount="500")
    here = connect(crm, made)
    odd = [*said.ODD.values(), *said.IN.values()]
    here.api.odd = {2000 + number: one for number, (one, _) in enumerate(odd)}
    here.api.strange = said.STRANGE
    return here, made, said


def test_all_good_ones_are_in_each_odd_one_is_named_and_the_next_sync_sees_on(connect, crm) -> None:
    here, made, said = odd_account(connect, crm)
    pulled = here.sync()
    taken = {str(2000 + len(said.ODD) + number) for number in range(len(said.IN))}
    assert here.ids() == {*map(str, GOOD), *taken}
    aside = [row for row in pulled.batch.rejected if row.table == "leads"]
    named = {row.cells["id"]: row.column for row in aside}
    for number, (what, (_, column)) in enumerate(said.ODD.items()):
        assert named[str(2000 + number)] == column, what
    assert len(named) == len(said.ODD) + len(said.STRANGE)
    values = {row.cells["id"]: row.column for row in pulled.batch.rejected if row.table == "values"}
    assert [values[str(2000 + len(said.ODD) + n)] for n in range(len(said.IN))] == [
        c for _, c in said.IN.values()
    ]
    received = len(GOOD) + len(said.ODD) + len(said.IN) + len(said.STRANGE)
    assert pulled.batch.read["leads"] == received == len(here.ids()) + len(aside)
    assert (
        f"Leads received: {received} = accepted {len(here.ids())} + set aside {len(aside)}." in pulled.notes
    )
    assert not any("Anna" in str(row) for row in pulled.batch.rejected)

    made.add(9001, NOW + 60)
    made.move(1000, NOW + 70, (SALES, "Proposal"))
    made.delete(1001, NOW + 80)
    later = here.sync(NOW + 3600)
    assert "9001" in here.ids() and "1001" not in here.ids()
    moved = [row for row in here.warehouse.tables()["stage_entries"] if row[0] == "1000"]
    assert {row[1] for row in moved} == {"qualified", "proposal"}
    assert {row.cells["id"] for row in later.batch.rejected if row.table == "leads"} >= set(named) - {""}


def test_a_deal_dated_ahead_blinds_nothing(connect, crm) -> None:
    made = Company()
    for id_ in GOOD:
        made.add(id_, NOW - DAY)
    made.deals[1000].updated = NOW + 3 * 3600
    here = connect(crm, made)
    assert any("later than the server's own time" in note for note in here.sync().notes)
    made.add(9001, NOW + 60)
    made.move(1001, NOW + 70, (SALES, "Proposal"))
    made.delete(1002, NOW + 80)
    here.sync(NOW + 1800)
    assert "9001" in here.ids() and "1002" not in here.ids()
    assert [row[1] for row in here.warehouse.tables()["stage_entries"] if row[0] == "1001"] == ["proposal"]


def test_a_limit_is_obeyed_as_long_as_the_server_asks(connect, crm) -> None:
    from funnel.sources.api.client import Pace

    made = Company()
    for id_ in GOOD:
        made.add(id_, NOW - DAY)
    here = connect(crm, made)
    refused = [3, 4]
    here.api.before = lambda number: (
        (429, "text/html", b"<html>slow down</html>", {"Retry-After": "7"}) if number in refused else None
    )
    slept: list[float] = []
    here.sync(pace=Pace(0, sleep=slept.append))
    assert len(here.ids()) == len(GOOD)
    assert slept == [7.0, 7.0]

    here.api.before = lambda number: (503, "text/html", b"")
    with pytest.raises(InputError, match="no answer after 6 tries"):
        here.pull(NOW + 60, pace=Pace(0, sleep=slept.append))
    here.api.before = lambda number: (429, "text/html", b"", {"Retry-After": str(int(LONGEST) + 1)})
    with pytest.raises(InputError, match="left alone for 901 seconds"):
        here.pull(NOW + 60)
    here.api.before = lambda number: None
    here.sync(NOW + 60)


def test_the_pace_keeps_below_the_rate_the_vendor_allows(connect, crm) -> None:
    from funnel.sources.api.client import Pace

    made = Company()
    for id_ in GOOD:
        made.add(id_, NOW - DAY)
    here = connect(crm, made)
    here.api.rate = here.source().client(None, None).per_second
    here.sync(pace=Pace(here.api.rate))
    assert {entry[-1] for entry in here.api.log} == {200}


def test_what_stands_in_the_list_of_fields_or_users_may_be_odd(connect, crm) -> None:
    here = connect(crm, Company())
    with pytest.raises(Exception, match="the account has no lead field 'Nothing'"):
        here.pull(changes={"attributes": {"channel": "field:Nothing"}})
    with pytest.raises(Exception, match="have no tags"):
        here.pull(changes={"attributes": {"channel": "tags"}})


@pytest.mark.parametrize("text", ["9223372036854775808", "²", "1" * 5000, "-3; x;;7.5"])
def test_a_merged_id_that_can_be_none_stops_nothing(text: str) -> None:
    assert merged_ids(f"12; {text};0013") == {12, 13}
