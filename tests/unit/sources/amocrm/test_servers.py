"""Servers that never end, unfold without bound or give one page for ever: told soon, in little memory."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import subprocess
import sys
import textwrap
import threading
import time
import urllib.parse
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from funnel.errors import InputError
from funnel.sources.amocrm import Credentials
from funnel.sources.api import bounded
from standin.account import Account
from standin.company import DAY
from standin.connected import NOW
from standin.server import Api
from standin.world import World
from tests.properties.test_fuzz_answers import amocrm, other

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@contextlib.contextmanager
def raw(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve bytes as they are: every request gets what `answer` sends."""
    door = socket.create_server(("127.0.0.1", 0))

    def talk(line: socket.socket) -> None:
        with line, contextlib.suppress(OSError):
            while b"\r\n\r\n" in line.recv(65_536):
                answer(line)

    def welcome() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=talk, args=(door.accept()[0],), daemon=True).start()

    threading.Thread(target=welcome, daemon=True).start()
    yield f"127.0.0.1:{door.getsockname()[1]}"
    door.close()


def drip(line: socket.socket) -> None:
    line.sendall(CHUNKED)
    while True:
        line.sendall(b"1\r\n \r\n")
        time.sleep(0.02)


def drip_heads(line: socket.socket) -> None:
    line.sendall(HEAD)
    while True:
        line.sendall(b"X-A: b\r\n")
        time.sleep(0.02)


def drip_packed(line: socket.socket) -> None:
    """Packed so that nothing of it comes out."""
    line.sendall(CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n"))
    line.sendall(b"a\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\r\n")
    while True:
        line.sendall(b"5\r\n\x00\x00\x00\xff\xff\r\n")
        time.sleep(0.02)


@pytest.mark.parametrize("answer", [drip, drip_heads, drip_packed])
def test_an_answer_that_drips_is_given_up_in_time(
    account: Any, monkeypatch: pytest.MonkeyPatch, answer: Callable[[socket.socket], None]
) -> None:
    monkeypatch.setattr(bounded, "SLOWEST", 0.5)
    here = account(Api(World()))
    start = time.monotonic()
    with raw(answer) as host, pytest.raises(InputError, match=r"an answer is not whole after 0|1 seconds"):
        here.pull(NOW, amo=here.amo(host=host))
    assert time.monotonic() - start < 20


@pytest.mark.parametrize(
    ("times", "says"), [(1, "more than 32 MB"), (2, "is packed as"), (3, "is packed as")]
)
def test_an_answer_that_unfolds_without_bound_takes_little_memory(
    tmp_path: Path, times: int, says: str
) -> None:
    """Blanks, packed again and again; within 500 MB of addresses beyond what the program has."""
    pytest.importorskip("resource", reason="this system cannot limit memory")
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join([*(packer.compress(b" " * 10_000_000) for _ in range(60)), packer.flush()])
    for _ in range(times - 1):
        bomb = gzip.compress(bomb)
    script = f"""
        import datetime as dt, resource, sys
        from pathlib import Path
        from funnel.errors import InputError
        from funnel.settings_accounts import AmoSettings
        from funnel.sources.amocrm import Credentials, Source, pull
        from funnel.settings import Settings
        amo = AmoSettings(host=sys.argv[1], pipelines={{7001: {{1: "lead"}}}})
        funnel = Settings.model_validate({{"stages": [{{"key": "sale"}}]}})
        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + 500_000_000,) * 2)
        try:
            store = Path({str(tmp_path)!r}) / "store"
            pull(funnel, Source(amo, Credentials(token="t")), store, dt.datetime.now(dt.UTC))
        except InputError as error:
            print(error)
    """
    encodings = b", ".join([b"gzip"] * times)

    def answer(line: socket.socket) -> None:
        heads = b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (encodings, len(bomb))
        line.sendall(HEAD + heads + bomb)

    with raw(answer) as host:
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script), host],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
    assert says in done.stdout, (done.stdout, done.stderr[-2000:])


def test_an_answer_that_cannot_be_unpacked_is_told_where_a_token_is_asked_for(tmp_path: Path) -> None:
    grant = tmp_path / "oauth.json"
    words = ("client_id", "client_secret", "redirect_uri", "refresh_token")
    grant.write_text(json.dumps(dict.fromkeys(words, "planted")))
    grant.chmod(0o600)
    here = Account(Api(World()), "", tmp_path / "store")

    def answer(line: socket.socket) -> None:
        line.sendall(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\njunk")

    with raw(answer) as host, pytest.raises(InputError, match="the token cannot be renewed") as caught:
        here.pull(NOW, amo=here.amo(host=host), credentials=Credentials(file=grant))
    assert "planted" not in str(caught.value)


Lie = Callable[[str, dict], None]


@contextlib.contextmanager
def lying(api: Any, lie: Lie) -> Iterator[None]:
    """Let an account's answers be changed by the path of their request."""
    true = api.answer

    def answer(method: str, target: str, *more: Any) -> Any:
        url = urllib.parse.urlsplit(target)
        asked = dict(urllib.parse.parse_qsl(url.query))
        first = urllib.parse.urlencode({key: value for key, value in asked.items() if key not in PAGED})
        status, kind, content, *heads = true(method, f"{url.path}?{first}", *more)
        if content:
            read = json.loads(content)
            lie(f"{url.path}?{url.query}", read)
            content = json.dumps(read).encode()
        return (status, kind, content, *heads)

    api.answer = answer
    yield
    del api.answer


PAGED = ("page", "cursor", "start", "after")


def amo_leads(path: str, read: dict) -> None:
    if "/leads?" in path:
        for lead in read["_embedded"]["leads"]:
            lead["updated_at"] = NOW - 2 * DAY
        read["_links"] = {"next": {"href": "x"}}


def amo_events(path: str, read: dict) -> None:
    if "/events?" in path:
        read["_links"] = {"next": {"href": "x"}}


def amo_users(path: str, read: dict) -> None:
    if "/users?" in path:
        read["_links"] = {"next": {"href": "x"}}


def pipedrive_deals(path: str, read: dict) -> None:
    """Two markers that lead to one another."""
    if "/deals?" in path and "ids=" not in path:
        read["additional_data"] = {"next_cursor": "b" if "cursor=a" in path else "a"}


def pipedrive_flow(path: str, read: dict) -> None:
    if "/flow?" in path:
        start = int(dict(urllib.parse.parse_qsl(path.partition("?")[2])).get("start", 0))
        read["additional_data"] = {"pagination": {"more_items_in_collection": True, "next_start": start + 1}}


def hubspot_owners(path: str, read: dict) -> None:
    if "/owners" in path:
        read["paging"] = {"next": {"after": "b" if "after=a" in path else "a"}}


def hubspot_empty(path: str, read: dict) -> None:
    if "/owners" in path:
        read["results"] = []
        read["paging"] = {"next": {"after": f"{path.rpartition('after=')[2]}a"}}


def bitrix_users(path: str, read: dict) -> None:
    if "user.get" in path:
        read["next"] = bitrix_users.start = getattr(bitrix_users, "start", 0) + 50


@pytest.mark.parametrize(
    ("crm", "lie", "what"),
    [
        ("amocrm", amo_leads, "leads"),
        ("amocrm", amo_events, "events"),
        ("amocrm", amo_users, "users"),
        ("pipedrive", pipedrive_deals, "leads"),
        ("pipedrive", pipedrive_flow, "the changes of deal"),
        ("hubspot", hubspot_owners, "owners"),
        ("hubspot", hubspot_empty, "owners"),
        ("bitrix24", bitrix_users, "users"),
    ],
)
def test_pages_that_come_again_for_ever_are_told(tmp_path: Path, crm: str, lie: Lie, what: str) -> None:
    with contextlib.ExitStack() as stack:
        here: Any = amocrm(stack, tmp_path) if crm == "amocrm" else other(crm, stack, tmp_path)
        with (
            lying(here.api, lie),
            pytest.raises(InputError, match=f"the same pages of {what}.* again and again"),
        ):
            here.sync(NOW)


@pytest.mark.parametrize("status", [400, 401, 404])
@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b'{"detail": "\\ud800\\nError: none"}'])
def test_a_refusal_is_told_however_its_body_is_made(account: Any, status: int, body: bytes) -> None:
    head = b"HTTP/1.1 %d No\r\nServer: \xd0\xaf\xff\r\nDate: \xff\r\nContent-Length: %d\r\n\r\n"
    here = account(Api(World()))
    refusal = head % (status, len(body)) + body
    refused = pytest.raises(InputError, match=str(status))
    with raw(lambda line: line.sendall(refusal)) as host, refused as caught:
        here.pull(NOW, amo=here.amo(host=host))
    assert "\nError: none" not in str(caught.value)
