"""After a sync the tables equal the truth, whatever happened on the way."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from funnel.errors import BusyError, FunnelError, InputError, SettingsError
from standin.server import HTML_429, TOKEN, Api, Drop
from standin.truth import DAY, SETTINGS, Player, expected, stories
from standin.world import Lead, World


class Killed(BaseException):
    """What a killed process looks like from inside: nothing catches it."""


def counts(api: Api, since: int = 0) -> dict[str, int]:
    made: dict[str, int] = {}
    for _, _, path, query, _ in api.log[since:]:
        name = query.get("filter[type]") or path.removeprefix("/api/v4/")
        name += " by id" if "filter[id][0]" in query else ""
        made[name] = made.get(name, 0) + 1
    return made


@pytest.mark.parametrize("newest_first", [True, False])
def test_first_sync_equals_the_truth(account, told, newest_first) -> None:
    player = Player(told.stories)
    player.advance(told.end)
    here = account(Api(player.world, newest_first=newest_first))
    here.sync(told.end)
    assert here.warehouse.tables() == expected(told.stories, told.end)


def test_every_weekly_sync_equals_the_truth(account, told) -> None:
    player = Player(told.stories)
    here = account(Api(player.world))
    start, gone = told.times[len(told.times) // 3], 0
    for now in [start + 7 * DAY * week for week in range(20)] + [told.end]:
        player.advance(now)
        pulled = here.sync(now)
        gone += pulled.gone
        checked = [note for note in pulled.notes if note.startswith("Daily check")]
        assert all(note.endswith("leads of the account are known as they are.") for note in checked)
        want = expected(told.stories, now)
        for name, rows in here.warehouse.tables().items():
            assert set(rows) ^ set(want[name]) == set()
            assert len(rows) == len(want[name])
    assert gone > 3


def test_a_lead_that_goes_is_is_replaced_by_nothing_without_rows(account) -> None:
    told = stories(60, seed=3)
    gone = next(story for story in told if [how for _, how in story.ends] == ["deleted"])
    at = gone.ends[0][0]
    player = Player(told)
    here = account(Api(player.world))
    player.advance(at - 1)
    assert str(gone.id) in here.sync(at - 1).batch.tables["leads"]["lead_id"].to_pylist()
    player.advance(at)
    pulled = here.sync(at)
    assert str(gone.id) in pulled.batch.replaces["leads"]["lead_id"].to_pylist()
    assert str(gone.id) not in pulled.batch.tables["leads"]["lead_id"].to_pylist()


def test_ten_interrupted_and_resumed_syncs_equal_the_truth(account, told) -> None:
    """Killed at random places, while the account goes on; the pages that were saved are not read again."""
    rng = random.Random(5)
    player = Player(told.stories)
    api = Api(player.world)
    here = account(api)
    now = told.times[-1] - 40 * DAY
    player.advance(now)
    for _ in range(10):
        left = rng.randrange(1, 5)

        def stop(stream: str, rows: int) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed

        with pytest.raises(Killed):
            here.pull(now, progress=stop)
        now += 4 * DAY
        player.advance(now)
    player.advance(told.end)
    here.sync(told.end)  # one is enough, also for what happened while it was stopped
    assert here.warehouse.tables() == expected(told.stories, told.end)


@pytest.mark.parametrize("options", [{}, {"since": dt.date(2021, 1, 1)}, {"full": True}])
@pytest.mark.parametrize("after", range(1, 9))
def test_a_lead_deleted_around_a_stop_is_gone_after_the_next_sync(account, after, options) -> None:
    """Before the stop or after it, wherever that came, and also when the pass is taken up as another kind."""
    world = World()
    for id_ in range(1, 6):
        world.add(Lead(id_, 7001, 60003, 10_000, 10_000), 10_000)
    here = account(Api(world))
    here.sync(20_000, check_now=False)
    world.delete(1, 29_000)
    left = after

    def stop(stream: str, rows: int) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed

    with contextlib.suppress(Killed):
        here.pull(30_000, progress=stop, check_now=False, **options)
    world.delete(2, 35_000)
    world.add(Lead(9, 7001, 60003, 36_000, 36_000), 36_000)
    here.sync(40_000, check_now=False)
    assert [row[0] for row in here.warehouse.tables()["leads"]] == ["3", "4", "5", "9"]


def test_what_events_say_of_a_deletion_in_the_wrong_order_is_asked_of_the_account(account) -> None:
    """A restoring is dated ahead, so it is dated by the lead's last edit: before the deletion it followed."""
    world = World()
    for id_ in (1, 2, 3):
        world.add(Lead(id_, 7001, 60003, 10_000, 10_000), 10_000)
    here = account(Api(world))
    here.sync(20_000, check_now=False)
    world.delete(1, 25_000)
    here.sync(30_000, check_now=False)
    world.restore(1, 35_000)
    world.merge(2, 2, 36_000)
    for kind in ("lead_restored", "entity_merged"):
        here.api.odd_events[world.events[kind][-1].id] = {"created_at": 90_000}
    here.sync(40_000, check_now=False)
    assert [row[0] for row in here.warehouse.tables()["leads"]] == ["1", "3"]


def test_a_resumed_sync_reads_no_saved_page_again(account, told) -> None:
    player = Player(told.stories)
    player.advance(told.end)
    whole = Api(player.world)
    here = account(whole)
    here.pull(told.end)
    api = Api(player.world)
    other = account(api)
    other.store = here.store.with_name("other")
    pages = 0

    def stop(stream: str, rows: int) -> None:
        nonlocal pages
        pages += 1
        if pages % 4 == 0:
            raise Killed

    stops = 0
    while True:
        try:
            other.sync(told.end, progress=stop)
            break
        except Killed:
            stops += 1
    assert stops > 8
    lists = (
        "account",
        "leads/pipelines",
        "users",
        "leads/custom_fields",
        "leads/loss_reasons",
        "leads by id",
    )
    once, again = counts(whole), counts(api)
    assert {name: number for name, number in again.items() if name not in lists} == {
        name: number for name, number in once.items() if name not in lists
    }
    assert other.warehouse.tables() == expected(told.stories, told.end)


def test_a_process_killed_hard_is_resumed(account, told, tmp_path: Path) -> None:
    player = Player(told.stories)
    player.advance(told.end)
    api = Api(player.world)
    here = account(api)
    script = f"""
        import datetime as dt, os, pathlib, signal
        from funnel.settings import Settings
        from funnel.sources.amocrm import AmoSettings, Credentials, Pace, Source, pull
        stages = ["target", "qualified", "proposal", "sale"]
        funnel = Settings.model_validate(dict(timezone="Europe/Moscow", stages=[dict(key=k) for k in stages]))
        amo = AmoSettings.model_validate(dict(host={here.host!r}, **{SETTINGS!r}))
        def progress(stream, rows):
            if stream == "lead_status_changed" and rows >= 300:
                os.kill(os.getpid(), signal.SIGKILL)
        pull(funnel, Source(amo, Credentials(token={TOKEN!r})), pathlib.Path({str(here.store)!r}),
             dt.datetime.fromtimestamp({told.end}, dt.UTC), progress=progress, pace=Pace(0))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    before = len(api.log)
    here.sync(told.end)
    assert "leads" not in counts(api, before)
    assert here.warehouse.tables() == expected(told.stories, told.end)


def test_nothing_is_skipped_while_data_move_between_the_pages(account) -> None:
    """Before each page of leads some that were read are edited and some deleted: all behind them move up."""
    world = World()
    for number in range(2000):
        world.add(Lead(1000 + number, 7001, 60003, 10_000 + number, 10_000 + number), 10_000 + number)
    victims = iter(range(1000, 3000, 7))

    def meddle(number: int) -> None:
        for step in range(20):
            victim = next(victims, None)
            if victim is not None and step % 3 == 0:
                world.delete(victim, 50_000 + number)
            elif victim is not None:
                world.edit(victim, 50_000 + number, "price", 5)

    api = Api(world, before=meddle)
    here = account(api)
    here.sync(60_000)
    api.before = lambda number: None
    here.sync(60_001)
    alive = sorted(str(lead.id) for lead in world.leads.values() if lead.there)
    assert [row[0] for row in here.warehouse.tables()["leads"]] == alive


def test_a_bulk_edit_of_more_leads_than_a_page_in_one_second(account) -> None:
    world = World()
    for number in range(900):
        world.add(Lead(1000 + number, 7001, 60003, 10_000, 10_000), 10_000 + number)
    for number in range(300):
        world.add(Lead(5000 + number, 7001, 60003, 30_000 + number, 30_000 + number), 30_000 + number)
    api = Api(world)
    api.before = lambda number: world.edit(1000 + number, 60_000, "price", 1) if number in (8, 9) else None
    here = account(api)
    here.sync(60_000)
    assert len(here.warehouse.tables()["leads"]) == 1200


def test_an_account_that_obeys_no_filter_is_read_whole(account, told) -> None:
    player = Player(told.stories)
    here = account(Api(player.world, obeys=False))
    for now in (told.times[len(told.times) // 2], told.end):
        player.advance(now)
        here.sync(now)
        assert here.warehouse.tables() == expected(told.stories, now)


def test_errors_on_the_way_change_nothing(account, told) -> None:
    """429 with HTML, 500, dropped connections, 504 for large pages, 204 where a page was promised."""
    player = Player(told.stories)
    player.advance(told.end)
    api = Api(player.world, largest_leads=100)
    faults = {9: (429, "text/html", HTML_429.encode()), 12: (500, "text/plain", b"oops"),
              13: (502, "text/html", b""), 14: None, 20: (504, "text/html", b""),
              30: (204, "application/json", b"")}  # fmt: skip

    def trouble(number: int):
        if number in faults and faults[number] is None:
            raise Drop
        return faults.get(number)

    api.before = trouble
    here = account(api)
    here.sync(told.end)
    assert here.warehouse.tables() == expected(told.stories, told.end)
    assert {504, 429, 500, 502} <= {entry[4] for entry in api.log}


def test_a_promised_page_of_events_that_is_empty_is_asked_for_again(account, told) -> None:
    player = Player(told.stories)
    player.advance(told.end)
    calm = Api(player.world)
    here = account(calm)
    here.pull(told.end)
    asked = [entry[3].get("filter[type]") == "lead_added" and entry[3]["page"] == "2" for entry in calm.log]
    api = Api(player.world)
    api.before = lambda number: (204, "application/json", b"") if number == asked.index(True) + 1 else None
    other = account(api)
    other.store = here.store.with_name("other")
    other.sync(told.end)
    assert 204 in {entry[4] for entry in api.log if entry[3].get("filter[type]") == "lead_added"}
    assert other.warehouse.tables() == expected(told.stories, told.end)


def test_a_kind_of_event_that_never_comes_is_not_searched_from_the_beginning_each_time(account, told) -> None:
    player = Player(told.stories)
    player.advance(told.end)
    player.world.events["lead_added"] = []  # a token without the right to see them, say
    api = Api(player.world)
    here = account(api)
    here.sync(told.end)
    before = len(api.log)
    here.sync(told.end)
    assert len(api.log) - before <= 11


def test_a_week_takes_no_more_requests_than_its_pages_and_ten(account) -> None:
    told = stories(4000, seed=11, days=150)
    player = Player(told)
    now = player.times[len(player.times) // 2]
    player.advance(now)
    api = Api(player.world)
    here = account(api)
    here.sync(now)
    before = len(api.log)
    week = now + 7 * DAY
    player.advance(week)
    since = now - 600
    pages = -(-sum(1 for lead in player.world.leads.values() if lead.updated_at >= since) // 250)
    for kind in ("lead_added", "lead_status_changed"):
        pages += -(-sum(1 for event in player.world.events[kind] if event.at >= since) // 100)
    here.sync(week)
    assert pages > 8
    asked = api.log[before:]
    check = [entry for entry in asked if entry[3].get("order[id]") == "asc"]
    assert len(asked) - len(check) <= pages + 10
    there = sum(lead.there for lead in player.world.leads.values())
    assert len(check) == -(-there // 250)  # the daily check: a request for 250 leads


def test_the_watermark_waits_for_a_whole_pass_and_the_rows_for_commit(account, told) -> None:
    player = Player(told.stories)
    player.advance(told.end)
    api = Api(player.world)
    here = account(api)
    first = here.pull(told.end)  # never committed: the warehouse failed, say
    second = here.pull(told.end)
    assert second.batch.tables["leads"].equals(first.batch.tables["leads"])
    assert second.batch.tables["stage_entries"].equals(first.batch.tables["stage_entries"])
    second.commit()
    assert here.pull(told.end).batch.tables["leads"].num_rows < 5  # the overlap of ten minutes alone


def test_a_full_sync_finds_a_lead_that_vanished_without_an_event(account, told) -> None:
    player = Player(told.stories)
    player.advance(told.end)
    here = account(Api(player.world))
    here.sync(told.end)
    known = {row[0] for row in here.warehouse.tables()["leads"]}
    ghost = next(lead for lead in player.world.leads.values() if str(lead.id) in known)
    ghost.there = False
    player.world.changes += 1
    assert str(ghost.id) not in here.sync(told.end + 60).batch.replaces["leads"]["lead_id"].to_pylist()
    pulled = here.sync(told.end + 120, full=True)
    assert pulled.gone >= 1
    assert {row[0] for row in here.warehouse.tables()["leads"]} == known - {str(ghost.id)}


@pytest.mark.parametrize(
    ("named", "customer", "closed", "read_before", "probes"),
    [
        ("loser", 1, True, True, 1),
        ("survivor", 7, True, True, 1),  # looked for among the leads of the survivor's customer
        ("survivor", 1, False, True, 2),  # and then among the open ones
        ("survivor", 1, False, False, 1),  # came and went between two syncs: nothing to look for
    ],
)
def test_a_merged_lead_is_found_whichever_lead_the_event_names(
    account, named, customer, closed, read_before, probes
) -> None:
    world = World()
    survivor = Lead(1, 7001, 60003, 10_000, 10_000, contact=7)
    loser = Lead(2, 7001, 143 if closed else 60003, 10_001, 10_001, contact=customer)
    world.add(survivor, 10_000)
    api = Api(world)
    here = account(api)
    for number in range(3, 6):
        world.add(Lead(number, 7001, 60003, 10_000, 10_000, contact=90 + number), 10_000)
    if read_before:
        world.add(loser, 10_001)
    here.sync(11_000)
    if not read_before:
        world.add(loser, 19_000)
    world.merge(2, 1 if named == "survivor" else 2, 20_000)
    before = len(api.log)
    here.sync(21_000)
    assert [row[0] for row in here.warehouse.tables()["leads"]] == ["1", "3", "4", "5"]
    assert sum("filter[id][0]" in entry[3] for entry in api.log[before:]) == probes


def test_since_reads_only_what_changed_since(account, told) -> None:
    player = Player(told.stories)
    player.advance(told.end)
    api = Api(player.world)
    here = account(api)
    here.sync(told.end)
    before = len(api.log)
    here.sync(told.end, since=dt.date(2021, 6, 1))
    times = {
        query.get("filter[created_at][from]") for _, _, path, query, _ in api.log[before:] if "events" in path
    }
    assert "1622494800" in times  # 2021-06-01 00:00 in Moscow
    assert here.warehouse.tables() == expected(told.stories, told.end)


def test_since_after_the_watermark_leaves_no_gap(account, told) -> None:
    player = Player(told.stories)
    here = account(Api(player.world))
    for now in (told.times[len(told.times) // 2], told.end):
        player.advance(now)
        here.sync(now, since=dt.datetime.fromtimestamp(now, dt.UTC).date())
        if now != told.end:
            here.sync(now, full=True)  # the first sync was bounded by the day
    assert here.warehouse.tables() == expected(told.stories, told.end)
    with pytest.raises(InputError, match="exclude each other"):
        here.pull(told.end, since=dt.date(2022, 1, 1), full=True)


def test_all_pages_of_the_custom_fields_are_read(account, told) -> None:
    here = account(Api(Player(told.stories).world, largest_fields=50))
    here.pull(told.end, amo=here.amo(attributes={"x": "field:Поле 55"}))  # the 65th of 69 fields
    with pytest.raises(SettingsError, match="no lead field 'Поле 66'"):
        here.pull(told.end, amo=here.amo(attributes={"x": "field:Поле 66"}))


def test_a_damaged_state_is_told(account, told) -> None:
    here = account(Api(Player(told.stories).world))
    here.store.mkdir(parents=True)
    (here.store / f"{here.host.replace(':', '_')}.sqlite").write_bytes(b"no database at all " * 100)
    with pytest.raises(FunnelError, match=r"\(file is not a database\)\. To do: .* move it away"):
        here.pull(told.end)


def test_another_attribute_in_the_settings_reads_the_leads_again(account, told) -> None:
    player = Player(told.stories)
    player.advance(told.end)
    here = account(Api(player.world))
    here.sync(told.end)
    more = {**SETTINGS["attributes"], "pipeline": "pipeline", "tags": "tags"}
    pulled = here.sync(told.end, amo=here.amo(attributes=more))
    table = pulled.batch.tables["leads"]
    assert table.num_rows == len(expected(told.stories, told.end)["leads"])
    assert set(table["pipeline"].to_pylist()) >= {"Продажи", "Партнёры"}
    assert "вип, розница" in table["tags"].to_pylist()


def test_a_renamed_user_reaches_every_lead(account, told, monkeypatch) -> None:
    player = Player(told.stories)
    player.advance(told.end)
    here = account(Api(player.world))
    here.sync(told.end)
    from standin import server

    monkeypatch.setitem(server.USERS, 501, "Анна Смирнова")
    managers = here.sync(told.end).batch.tables["leads"]["manager"].to_pylist()
    assert "Анна Смирнова" in managers and "Анна Иванова" not in managers


def test_a_dry_run_saves_nothing(account, told) -> None:
    player = Player(told.stories)
    player.advance(told.end)
    api = Api(player.world)
    here = account(api)
    pulled = here.pull(told.end, dry_run=True)
    assert not here.store.exists()
    assert 0 < pulled.batch.tables["leads"].num_rows <= 250
    assert len(api.log) == 6


def test_two_syncs_at_once_are_refused(account, told) -> None:
    player = Player(told.stories)
    player.advance(told.end)
    here = account(Api(player.world))

    def inside(stream: str, rows: int) -> None:
        with pytest.raises(BusyError, match="Another sync is running"):
            here.pull(told.end)
        raise Killed

    with pytest.raises(Killed):
        here.pull(told.end, progress=inside)


def test_another_account_behind_the_same_host_is_refused(account, told) -> None:
    player = Player(told.stories)
    player.advance(told.end)
    api = Api(player.world)
    here = account(api)
    here.sync(told.end)
    api.account = 43
    with pytest.raises(InputError, match="it is account 43, but the saved state is of account 42"):
        here.sync(told.end)


def test_notes_name_what_is_not_mapped_and_how_far_history_goes(account, told) -> None:
    player = Player(told.stories)
    player.advance(told.end)
    here = account(Api(player.world, currency="EUR"))
    notes = "\n".join(here.sync(told.end).notes)
    assert "Status 60007 (Пауза) of pipeline 7001 is not mapped to a stage" in notes
    assert "currency is EUR, the funnel's RUB; no rate is set" in notes
    assert "moves between stages since 2021-01" in notes


def test_all_that_does_not_fit_the_account_is_told_at_once(account, told) -> None:
    player = Player(told.stories)
    here = account(Api(player.world))
    amo = here.amo(
        pipelines={"Продажа": {"Новый": "lead"}, 7002: {"Целевые": "target"}, 9: {}},
        attributes={"region": "field:Регионы"},
    )
    with pytest.raises(SettingsError) as caught:
        here.pull(told.end, amo=amo)
    text = str(caught.value)
    assert "pipelines.Продажа: the account has no such pipeline; did you mean 'Продажи'?" in text
    assert "pipelines.7002.Целевые: the account has no such status; did you mean 'Целевой'?" in text
    assert "pipelines.9: the account has no such pipeline" in text
    with pytest.raises(SettingsError, match="no lead field 'Регионы'; did you mean 'Регион'"):
        here.pull(told.end, amo=here.amo(attributes={"region": "field:Регионы"}))


def test_a_question_for_many_leads_that_the_server_gives_up_is_asked_in_smaller_parts(account) -> None:
    world = World()
    for number in range(1, 151):
        world.add(Lead(number, 7001, 60003, 10_000, 10_000, contact=7), 10_000)
    api = Api(world, largest_leads=30)
    here = account(api)
    here.sync(11_000)
    world.merge(150, 1, 20_000)  # the event names the one that stayed
    before = len(api.log)
    here.sync(21_000)
    assert {row[0] for row in here.warehouse.tables()["leads"]} == {str(number) for number in range(1, 150)}
    asked = [sum(name.startswith("filter[id]") for name in entry[3]) for entry in api.log[before:]]
    assert [number for number in asked if number] == [100, 50, *[25] * 6]
