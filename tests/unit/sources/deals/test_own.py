"""What only one of the CRMs does: a secret in an address, a cap on searches, histories told in part."""

from __future__ import annotations

import logging

import pytest

from funnel.errors import FunnelError, InputError
from funnel.sources.pipedrive.timeline import timeline
from funnel.sources.pipedrive.wire import Change, Deal
from standin import bitrix24
from standin.company import DAY, PARTNERS, SALES, WON, Company, company
from standin.company import expected as truth
from standin.connected import NOW


def many(count: int) -> Company:
    made = Company()
    for number in range(count):
        made.add(1000 + number, NOW - 100 * DAY + 60 * number, amount="100")
    return made


def entries(here, id_: int) -> set[str]:
    return {row[1] for row in here.warehouse.tables()["stage_entries"] if row[0] == str(id_)}


# Bitrix24


def test_the_secret_of_a_webhook_is_shown_and_saved_nowhere(connect, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    here = connect("bitrix24", company(30))
    source = here.source()
    pulled = here.sync()
    assert "/rest/crm.deal.list,200" in (here.store / "requests.csv").read_text()
    here.api.before = lambda number: bitrix24._error(400, "", f"Wrong request /rest/1/{bitrix24.SECRET}/")
    with pytest.raises(InputError) as refused:
        here.pull(NOW + 60)
    here.environ = {"FUNNEL_BITRIX24_WEBHOOK": f"http://{here.host}/rest/1/{bitrix24.SECRET}x/"}
    here.api.before = lambda number: None
    with pytest.raises(InputError, match="the webhook is not accepted") as wrong:
        here.pull(NOW + 60)
    said = [repr(source), *pulled.notes, str(refused.value), str(wrong.value), caplog.text]
    said += [path.read_bytes().decode("latin-1") for path in here.store.iterdir()]
    assert not any(bitrix24.SECRET in text for text in said)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("https://acme.bitrix24.ru/rest/1/planted99/", None),
        ("acme.bitrix24.ru/rest/1/planted99", None),
        ("https://other.bitrix24.ru/rest/1/planted99/", "of another portal than bitrix24.host"),
        ("http://acme.bitrix24.ru/rest/1/planted99/", "is not encrypted"),
        ("https://acme.bitrix24.ru/rest/planted99/", "is no address of a webhook"),
        ("https://user:planted99@acme.bitrix24.ru/rest/1/planted99/", "is no address of a webhook"),
        ("planted99", "is no address of a webhook"),
    ],
)
def test_a_webhook_is_taken_only_for_its_own_portal(connect, address, message) -> None:
    here = connect("bitrix24", Company())
    here.environ = {"FUNNEL_BITRIX24_WEBHOOK": address}
    if message is None:
        assert "planted" not in repr(here.source(host="acme.bitrix24.ru"))
        return
    with pytest.raises(FunnelError, match=message) as caught:
        here.source(host="acme.bitrix24.ru")
    assert "planted" not in str(caught.value)


def test_a_portal_of_ones_own_is_named_in_the_environment_and_not_by_a_file_alone(connect) -> None:
    here = connect("bitrix24", Company())
    here.environ = {"FUNNEL_BITRIX24_WEBHOOK": "https://crm.acme.example/rest/1/planted99/"}
    with pytest.raises(InputError, match=r"FUNNEL_BITRIX24_HOST=crm\.acme\.example"):
        here.source(host="crm.acme.example")
    here.environ["FUNNEL_BITRIX24_HOST"] = "crm.acme.example"
    assert here.source(host="crm.acme.example").account.base_url == "https://crm.acme.example"


def test_totals_find_a_deletion_among_many_with_few_requests(connect) -> None:
    made = many(900)
    here = connect("bitrix24", made)
    here.sync()
    made.delete(1444, NOW + 60)
    here.api.log.clear()
    assert here.sync(NOW + 3600).gone == 1
    assert "1444" not in here.ids() and len(here.ids()) == 899
    assert len(here.api.log) < 20


def test_a_move_between_pipelines_loses_no_history_that_was_known_and_invents_none(connect) -> None:
    made = many(3)
    here = connect("bitrix24", made, gap=True)
    made.move(1000, NOW - 50 * DAY, (SALES, "Qualified"))
    made.move(1001, NOW - 50 * DAY, (SALES, "Qualified"))
    made.move(1001, NOW - 40 * DAY, (PARTNERS, "Proposal"))  # before anything was read
    here.sync()
    assert entries(here, 1001) == {"proposal"}
    made.move(1000, NOW + 60, (PARTNERS, "Proposal"))
    here.sync(NOW + 3600)
    assert entries(here, 1000) == {"qualified", "proposal"}


def test_an_odd_record_of_history_costs_itself_alone(connect) -> None:
    made = many(2)
    made.move(1000, NOW - 50 * DAY, (SALES, "Qualified"))
    made.move(1001, NOW - 50 * DAY, (SALES, "Qualified"))
    here = connect("bitrix24", made, odd_history={3: {"CREATED_TIME": "soon"}})
    pulled = here.sync()
    aside = [row for row in pulled.batch.rejected if row.table == "stage_entries"]
    named = [(row.cells["id"], row.column, row.cells["OWNER_ID"]) for row in aside]
    assert named == [("3", "CREATED_TIME", "1000")]
    assert entries(here, 1001) == {"qualified"}


def test_leads_of_the_crms_own_are_read_by_their_status(connect) -> None:
    made = many(4)
    made.move(1001, NOW - 50 * DAY, (SALES, "Qualified"))
    made.move(1002, NOW - 50 * DAY, (SALES, WON))
    here = connect("bitrix24", made)
    leads = {"entity": "lead", "pipelines": {"Leads": {"NEW": "lead", "PREPARATION": "qualified"}}}
    here.sync(changes=leads)
    assert (entries(here, 1001), entries(here, 1002)) == ({"qualified"}, {"sale"})
    assert len(here.ids()) == 4


# HubSpot


def test_a_search_never_asks_behind_what_it_shows(connect) -> None:
    made = many(450)
    here = connect("hubspot", made, cap=200)
    here.sync()
    for id_ in range(1000, 1450):
        made.move(id_, NOW + 60, (SALES, "Qualified"))  # a bulk edit: all in one second
    here.sync(NOW + 3600)
    assert here.warehouse.tables() == truth(made)
    searches = [entry[2] for entry in here.api.log if entry[1].endswith("/search")]
    assert len(searches) >= 3 and not any("after" in asked for asked in searches)


def test_a_merged_deal_is_gone_and_the_accounts_details_are_not_needed(connect) -> None:
    made = many(3)
    here = connect("hubspot", made, details=False)
    here.sync()
    del made.deals[1001]  # not archived: merged into another
    made.deals[1000].updated = NOW + 60
    here.api.merged = {1000: "1001"}
    here.sync(NOW + 3600)
    assert here.ids() == {"1000", "1002"}


def test_a_history_that_is_told_in_part_does_not_say_where_a_deal_began(connect) -> None:
    made = many(1)
    for number in range(24):
        made.move(1000, NOW - (90 - number) * DAY, (SALES, ("Qualified", "Proposal")[number % 2]))
    here = connect("hubspot", made)
    here.sync()
    origins = {row[5] for row in here.warehouse.tables()["stage_entries"]}
    assert origins == {"event"} and len(here.warehouse.tables()["stage_entries"]) == 20


# Pipedrive


def test_archived_deals_count_and_histories_are_asked_only_of_deals_that_moved(connect) -> None:
    made = many(30)
    here = connect("pipedrive", made, archived={1005})
    here.sync()
    assert "1005" in here.ids()
    here.api.archived.add(1006)
    made.deals[1006].updated = NOW + 60
    made.deals[1007].owner, made.deals[1007].updated = 12, NOW + 60
    made.move(1008, NOW + 70, (SALES, "Qualified"))
    here.api.log.clear()
    here.sync(NOW + DAY + 60)  # with the daily check
    assert here.warehouse.tables() == truth(made)
    flows = {entry[1] for entry in here.api.log if entry[1].endswith("/flow")}
    assert "/api/v1/deals/1008/flow" in flows and "/api/v1/deals/1000/flow" not in flows


def deal(**values: object) -> Deal:
    base = {"id": 1, "add_time": "2026-01-01T00:00:00Z", "update_time": "2026-01-01T00:00:00Z",
            "pipeline_id": 4, "stage_id": 12, "status": "open"}  # fmt: skip
    return Deal.model_validate(base | values)


def change(number: int, key: str, old: object, new: object, day: int) -> Change:
    return Change.model_validate(
        {
            "id": number,
            "field_key": key,
            "old_value": old,
            "new_value": new,
            "log_time": f"2026-01-{day:02} 00:00:00",
        }
    )


@pytest.mark.parametrize(
    ("now", "changes", "places"),
    [
        ({}, [], [(4, 12)]),
        ({"status": "won"}, [], [(4, "won")]),  # it was entered as won
        ({}, [(1, "stage_id", "10", "12", 3)], [(1, 10), (4, 12)]),
        (
            {"status": "won"},
            [(3, "status", "open", "won", 5), (1, "stage_id", "10", "11", 3), (2, "stage_id", "11", "12", 4)],
            [(1, 10), (1, 11), (4, 12), (4, "won")],
        ),
        (  # lost, opened again
            {},
            [(1, "status", "open", "lost", 3), (2, "status", "lost", "open", 4)],
            [(4, 12), (4, "lost"), (4, 12)],
        ),
        (  # stage and status in one second
            {"status": "won"},
            [(1, "stage_id", "10", "12", 3), (2, "status", "open", "won", 3)],
            [(1, 10), (4, "won")],
        ),
        ({}, [(1, "stage_id", "99", "12", 3)], [(4, 99), (4, 12)]),  # a stage that is deleted by now
    ],
)
def test_changes_become_places(now, changes, places) -> None:
    told = timeline(deal(**now), [change(*one) for one in changes], {10: 1, 11: 1, 12: 4})
    assert [event[6:8] for event in told] == places


# All


@pytest.mark.parametrize(
    "host",
    ["crm.evil.example", "bitrix24.ru.evil.example", "evilpipedrive.com", "api.hubapi.com.evil.example"],
)
def test_a_file_alone_sends_no_secret_to_a_stranger(connect, crm, host) -> None:
    here = connect(crm, Company())
    with pytest.raises(InputError, match="sent nowhere"):
        here.source(host=host)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(connect, crm, status) -> None:
    here = connect(crm, Company())
    other = connect(crm, Company())
    here.api.before = lambda number: (status, "text/html", b"", {"Location": f"http://{other.host}/"})
    with pytest.raises(InputError, match=str(status)):
        here.pull()
    assert not other.api.log


def test_a_wrong_token_is_told_once_and_never_shown(connect, crm) -> None:
    here = connect(crm, Company())
    name, value = next(iter(here.environ.items()))
    here.environ = {name: value.rstrip("/") + "planted"}
    with pytest.raises(InputError, match=r"not accepted \(401\)") as caught:
        here.pull()
    assert "planted" not in str(caught.value)
    assert len(here.api.log) == 1
    here.environ = {}
    with pytest.raises(FunnelError, match=f"{name}_FILE"):
        here.pull()


def test_nothing_personal_is_saved(connect, crm) -> None:
    here = connect(crm, company(30))
    here.sync()
    saved = b"".join(path.read_bytes() for path in here.store.iterdir())
    assert b"+7 916" not in saved and b"@acme" not in saved
