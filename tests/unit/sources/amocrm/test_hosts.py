"""Where the token goes: to the vendor, to this machine, or where its holder says."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import ValidationError

from funnel.errors import InputError
from funnel.settings import Settings
from funnel.sources.amocrm import (
    VENDOR,
    AmoSettings,
    Credentials,
    Source,
    credentials,
    from_environment,
    pull,
)
from funnel.sources.api import client, secrets
from standin import truth
from standin.account import lifted

NOW = dt.datetime(2022, 9, 26, tzinfo=dt.UTC)
STRANGERS = (
    "crm.evil.example",
    "amocrm.ru.evil.example",
    "acme.amocrm.ru.evil.example",
    "evilamocrm.ru",
    "acme-amocrm.ru",
    "amocrm.ru",
    "acme.kommo.com.evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "10.0.0.5",
    "127.1",
)
NO_HOSTS = (
    "localhost:x@evil.example",
    f"{'a' * 64}.amocrm.ru",
    f"{'a.' * 130}amocrm.ru",
    "127.0.0.1:80@evil.example",
    "localhost:8123@evil.example",
    "localhost@evil.example",
    "user:pass@acme.amocrm.ru",
    "acme.amocrm.ru@evil.example",
    "localhost:8123/x@evil.example",
    "localhost:",
    "localhost:port",
    "localhost#evil.example",
    "localhost:80#.evil.example",
    "localhost:80?x=.amocrm.ru",
    "localhost\\evil.example",
    "acme.amocrm.ru\n",
    "localhost\n",
    "acme.amocrm.ru:443",
    "http://acme.amocrm.ru",
    "evil.example/.amocrm.ru",
    "evil.example#.amocrm.ru",
    "ACME.amocrm.ru",
    "асме.amocrm.ru",
)


@contextlib.contextmanager
def stranger(status: int = 200, location: str = "") -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """A server of somebody else; yields host:port and what it was sent: method, authorisation, body."""
    sent: list[tuple[str, str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            sent.append((self.command, self.headers.get("Authorization", ""), body))
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}", sent
    finally:
        server.shutdown()
        server.server_close()


def sync(host: str, held: Credentials, store: Path) -> None:
    funnel = Settings.model_validate({"stages": [{"key": key} for key in truth.STAGES]})
    amo = AmoSettings.model_validate({"host": host, **truth.SETTINGS})
    pull(funnel, Source(amo, held), store, NOW, pace=lifted())


def grant(folder: Path) -> Path:
    path = folder / "oauth.json"
    path.write_text(json.dumps({"client_id": "id-1", "client_secret": "planted-1", "redirect_uri": "https://x",
                                "refresh_token": "planted-2"}))  # fmt: skip
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("host", NO_HOSTS)
def test_what_is_more_than_a_host_is_refused_wherever_it_is_named(tmp_path: Path, host: str) -> None:
    with pytest.raises(ValidationError, match="is not the address of an account"):
        AmoSettings(host=host)
    if host == host.strip():  # the environment's outer spaces and line ends are cut off
        for given in ({"FUNNEL_AMOCRM_HOST": host}, {}):
            with pytest.raises(InputError, match="is not the address of an account"):
                from_environment({credentials.TOKEN: "t", **given}, tmp_path, "" if given else host)


@pytest.mark.parametrize("host", STRANGERS)
def test_a_file_alone_sends_no_token_to_a_stranger(
    tmp_path: Path, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sent(*args: object, **options: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(client.httpx.Client, "send", sent)
    for held in (Credentials("planted-0"), Credentials(file=grant(tmp_path))):
        with pytest.raises(InputError, match="sent nowhere") as caught:
            VENDOR.at(AmoSettings(host=host), held.host)
        with pytest.raises(InputError, match="sent nowhere"):
            sync(host, held, tmp_path / "store")
        assert f"FUNNEL_AMOCRM_HOST={host}" in str(caught.value)
        assert "planted" not in str(caught.value)


def test_the_holder_of_the_token_may_name_another_host_and_that_is_where_it_goes(tmp_path: Path) -> None:
    settings = AmoSettings(host="crm.acme.example")
    told = from_environment({credentials.TOKEN: "t", "FUNNEL_AMOCRM_HOST": "crm.acme.example"}, tmp_path)
    assert VENDOR.at(settings, told.host).base_url == "https://crm.acme.example"
    other = from_environment(
        {credentials.TOKEN: "t", "FUNNEL_AMOCRM_HOST": "a.example"}, tmp_path, "b.example"
    )
    assert (
        VENDOR.at(settings, other.host).base_url == "https://b.example"
    )  # the command line before the environment
    silent = from_environment({credentials.TOKEN: "t", "FUNNEL_AMOCRM_HOST": " "}, tmp_path)
    assert VENDOR.at(AmoSettings(host="acme.amocrm.ru"), silent.host).base_url == "https://acme.amocrm.ru"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed_neither_with_a_token_nor_with_the_client_secret(
    tmp_path: Path, status: int
) -> None:
    with stranger() as (there, stolen), stranger(status, f"http://{there}/api/v4/account") as (host, sent):
        for held in (Credentials("planted-0"), Credentials(file=grant(tmp_path))):
            with pytest.raises(InputError, match=str(status)) as caught:
                sync(host, held, tmp_path / "store")
            assert "planted" not in str(caught.value)
        assert [method for method, _, _ in sent] == ["GET", "POST"]
        assert stolen == []


@pytest.mark.skipif(os.name != "posix", reason="this system's files have no POSIX mode")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o622, 0o666, 0o777, 0o610])
def test_a_token_file_that_others_can_read_or_change_is_refused_with_what_to_do(
    tmp_path: Path, mode: int
) -> None:
    token = tmp_path / "my token"
    token.write_text("planted-0")
    oauth = grant(tmp_path)
    for name, path in ((credentials.TOKEN_FILE, token), (credentials.OAUTH_FILE, oauth)):
        path.chmod(mode)
        link = tmp_path / f"{name} link"
        link.symlink_to(path)
        for given in (path, link):
            with pytest.raises(InputError, match=f"mode {mode:04o}") as caught:
                from_environment({name: str(given)}, tmp_path / "repo")
            assert "to do: chmod 600 " in str(caught.value)
            assert "planted" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="this system's files have no POSIX mode")
@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_token_file_is_taken(tmp_path: Path, mode: int) -> None:
    token = tmp_path / "token"
    token.write_text("abc")
    token.chmod(mode)
    held = from_environment({credentials.TOKEN_FILE: str(token)}, tmp_path / "repo")
    assert (held.token, held.note) == ("abc", "")


def test_where_the_system_does_not_say_who_can_read_a_file_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "token"
    token.write_text("abc")
    token.chmod(0o644)
    monkeypatch.setattr(secrets, "_tells_modes", lambda: False)
    held = from_environment({credentials.TOKEN_FILE: str(token)}, tmp_path / "repo")
    assert held.note.startswith("This system does not tell who can read")
