"""Made-up answers of every CRM: a true answer with parts of it replaced, cut off or of another status."""

from __future__ import annotations

import contextlib
import importlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from funnel.errors import InputError
from funnel.sources.amocrm.source import Source
from standin import bitrix24, hubspot, pipedrive
from standin.account import Account
from standin.company import DAY, SALES, Company
from standin.connected import NOW, Connected
from standin.server import Answer, Api, serve
from standin.world import Lead, World
from tests.properties.fuzzing import CELLS, HITS, damaged, fuzzed, told

assert Source  # the readers are loaded before time is taken
SECRETS = {
    "bitrix24": (
        bitrix24,
        lambda host: {"FUNNEL_BITRIX24_WEBHOOK": f"http://{host}/rest/1/{bitrix24.SECRET}/"},
    ),
    "hubspot": (hubspot, lambda host: {"FUNNEL_HUBSPOT_TOKEN": hubspot.SECRET}),
    "pipedrive": (pipedrive, lambda host: {"FUNNEL_PIPEDRIVE_TOKEN": pipedrive.SECRET}),
}
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), CELLS,
    st.just([]), st.just({}), st.just([[]] * 3), st.just({"value": {"value": []}}), st.just("a\ud800b"),
    st.just(1e308), st.just(-1), st.just("1700000000"), st.just("http://evil.example/next"),
)  # fmt: skip
CHANGE = st.tuples(st.integers(1, 14), st.lists(st.integers(0, 30), min_size=1, max_size=7), ODD)
HEADERS = st.dictionaries(
    st.sampled_from(("Date", "Retry-After", "Content-Type", "X-RateLimit-Remaining", "Location")),
    st.sampled_from(("", "x", "-1", "1e9", "Thu, 01 Jan 1970 00:00:00 GMT", "text/html", "99999999999999")),
    max_size=1,
)
WHOLE = st.tuples(
    st.integers(1, 14),
    st.sampled_from((200, 204, 301, 302, 400, 401, 402, 403, 404, 422, 500)),
    HITS,
    HEADERS,
)


def replaced(content: Any, path: list[int], value: object) -> Any:
    """Return a tree of JSON with one part of it replaced."""
    if not path or not isinstance(content, dict | list) or not content:
        return value
    keys = list(content) if isinstance(content, dict) else list(range(len(content)))
    key = keys[path[0] % len(keys)]
    copy: Any = dict(content) if isinstance(content, dict) else list(content)
    copy[key] = replaced(content[key], path[1:], value)
    return copy


@contextlib.contextmanager
def lying(api: Any, changes: list, whole: list) -> Iterator[None]:
    """Let an account's answers be changed, each by the number of its request."""
    true, number = api.answer, iter(range(1, 10_000))

    def answer(*request: Any) -> Answer:
        place = next(number)
        status, kind, content, *more = true(*request)
        for when, path, value in changes:
            if when == place and content:
                with contextlib.suppress(ValueError):
                    content = json.dumps(replaced(json.loads(content), path, value)).encode()
        for when, other, hits, headers in whole:
            if when == place:
                more = [{**(more[0] if more else {}), **headers}]
                status, content = other, damaged(content, hits)
        return (status, kind, content, *more)

    api.answer = answer
    yield
    del api.answer


def amocrm(stack: contextlib.ExitStack, store: Path) -> Account:
    world = World()
    for number in range(6):
        at = NOW - 2 * DAY + 60 * number
        world.add(Lead(1000 + number, 7001, 60003, at, at, price=500), at)
    api = Api(world)
    return Account(api, stack.enter_context(serve(api)), store)


def other(crm: str, stack: contextlib.ExitStack, store: Path) -> Connected:
    module, secret = SECRETS[crm]
    company = Company()
    for number in range(6):
        company.add(1000 + number, NOW - 2 * DAY + 60 * number, (SALES, "Qualified"), amount="500")
    api = importlib.import_module(f"standin.{crm}").Portal(company)
    return Connected(crm, api, stack.enter_context(serve(api)), store, module.MAPPING, secret)


@fuzzed(
    st.sampled_from(("amocrm", *SECRETS)),
    st.lists(CHANGE, max_size=5),
    st.lists(WHOLE, max_size=1),
)
def test_answers(crm: str, changes: list, whole: list) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        store = Path(folder) / crm
        here: Any = amocrm(stack, store) if crm == "amocrm" else other(crm, stack, store)
        with lying(here.api, changes, whole), told():
            here.sync(NOW)
        with told():
            here.sync(NOW + 60)


@pytest.mark.parametrize("cursor", ["a\ud800b", "x" * 100_000])
def test_a_cursor_that_cannot_be_asked_for_is_told(tmp_path: Path, cursor: str) -> None:
    with contextlib.ExitStack() as stack:
        here = other("pipedrive", stack, tmp_path)
        changes = [(number, [2, 0], cursor) for number in range(1, 4)]
        with lying(here.api, changes, []), pytest.raises(InputError, match="what cannot be asked for"):
            here.sync(NOW)


@pytest.mark.parametrize("crm", ["amocrm", *SECRETS])
def test_an_answer_nested_without_end_is_told(tmp_path: Path, crm: str) -> None:
    with contextlib.ExitStack() as stack:
        here: Any = amocrm(stack, tmp_path) if crm == "amocrm" else other(crm, stack, tmp_path)
        here.api.before = lambda number: (200, "application/json", b"[" * 200_000)
        with pytest.raises(InputError, match="cannot be read"):
            here.sync(NOW)
