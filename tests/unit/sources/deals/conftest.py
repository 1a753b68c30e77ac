"""Accounts of the three CRMs, each said by its stand-in; a test runs on all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from standin import bitrix24, hubspot, pipedrive
from standin.company import Company
from standin.connected import Connected
from standin.server import serve

CRMS = {
    "bitrix24": (
        bitrix24.Portal,
        bitrix24.MAPPING,
        lambda host: {"FUNNEL_BITRIX24_WEBHOOK": f"http://{host}/rest/1/{bitrix24.SECRET}/"},
    ),
    "hubspot": (hubspot.Portal, hubspot.MAPPING, lambda host: {"FUNNEL_HUBSPOT_TOKEN": hubspot.SECRET}),
    "pipedrive": (
        pipedrive.Portal,
        pipedrive.MAPPING,
        lambda host: {"FUNNEL_PIPEDRIVE_TOKEN": pipedrive.SECRET},
    ),
}


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Callable[..., Connected]]:
    """Makes accounts: `connect("bitrix24", company)`."""
    with ExitStack() as stack:

        def made(key: str, company: Company, **options: object) -> Connected:
            kind, mapping, secret = CRMS[key]
            api = kind(company, **options)
            return Connected(key, api, stack.enter_context(serve(api)), tmp_path / key, mapping, secret)

        yield made


@pytest.fixture(params=list(CRMS))
def crm(request: pytest.FixtureRequest) -> str:
    return request.param
