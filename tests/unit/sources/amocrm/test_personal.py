"""No token, telephone number or e-mail address gets into a table, the state, a log or an error."""

from __future__ import annotations

import logging
import traceback

import pytest

from funnel.errors import InputError
from funnel.gate.personal import blot
from funnel.sources.amocrm import Credentials
from standin import server
from standin.server import TOKEN, Api, _problem
from standin.truth import SETTINGS, Player, stories

PLANTED = ("+7 916 555-44-33", "79165554433", "boss@romashka.example", "ivan.petrov@mail.example")


def poisoned():
    """An account with something personal in every text there is."""
    told = stories(80, seed=2)
    player = Player(told)
    player.advance(player.times[-1])
    for number, lead in enumerate(player.world.leads.values()):
        planted = PLANTED[number % 4]
        lead.name = f"Заявка {planted}"
        lead.fields[14] = lead.fields[13] = lead.fields[11] = f"звонить {planted}"
        lead.tags = (f"от {planted}",)
    return player


def test_nothing_personal_is_kept_anywhere(account, monkeypatch, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setitem(server.USERS, 501, "ivan.petrov@mail.example")
    monkeypatch.setitem(server.REASONS, 31, "клиент +7 916 555-44-33 против")
    player = poisoned()
    here = account(Api(player.world))
    amo = here.amo(attributes={**SETTINGS["attributes"], "tags": "tags", "note": "field:Комментарий"})
    pulled = here.sync(player.now, amo=amo)
    seen = [str(table.to_pydict()) for table in pulled.batch.tables.values()]
    assert "[personal]" in seen[0] and "клиент [personal] против" in seen[1]
    seen += [str(pulled.notes), caplog.text]
    seen += [file.read_bytes().decode("utf-8", "replace") for file in here.store.iterdir()]
    for planted in (*PLANTED, TOKEN, "romashka", "Заявка"):
        for text in seen:
            assert planted not in text


def test_a_killed_sync_leaves_nothing_personal_either(account) -> None:
    player = poisoned()
    here = account(Api(player.world))

    def look(stream: str, rows: int) -> None:
        if stream == "lead_status_changed":
            for file in here.store.iterdir():  # with the write-ahead log still there
                content = file.read_bytes()
                assert not any(planted.encode() in content for planted in (*PLANTED, TOKEN))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        here.pull(player.now, progress=look)


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_errors_show_neither_token_nor_what_the_server_says_of_persons(account, status, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    player = poisoned()
    api = Api(player.world)
    api.before = lambda number: _problem(status, f"+7 916 555-44-33 {TOKEN}") if number > 3 else None
    here = account(api)
    with pytest.raises(InputError) as caught:
        here.pull(player.now, credentials=Credentials(TOKEN))
    text = "".join(traceback.format_exception(caught.value)) + caplog.text
    for planted in (*PLANTED, TOKEN):
        assert planted not in text


def test_an_attribute_named_as_personal_is_kept(account) -> None:
    player = poisoned()
    here = account(Api(player.world))
    amo = here.amo(attributes={"note": "field:Комментарий"}, personal=["note"])
    notes = here.sync(player.now, amo=amo).batch.tables["leads"]["note"].to_pylist()
    assert "звонить +7 916 555-44-33" in notes


@pytest.mark.parametrize(
    "text",
    ["+79165554433", "8 (916) 555-44-33", "+55 11 91234-5678", "(495) 123-45-67", "+1 (415) 555-2671",
     "a.b+c@d-e.co.uk",
     "почта@пример.рф"],
)  # fmt: skip
def test_numbers_and_addresses_are_blotted_out(text: str) -> None:
    assert blot(f"x {text}, y") == "x [personal], y"


@pytest.mark.parametrize(
    "text",
    [
        "1234567890",
        "2022-09-26 10:15:00",
        "150 000 - 200 000",
        "Окна 60x90",
        "yandex|cpc|60543210987",
        "+15 %",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert blot(text) == text
