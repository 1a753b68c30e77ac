"""The locks of this project: what is in them, what is not, and what uv is told of pip's settings."""

from __future__ import annotations

import importlib.metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.setup.scripts import REQUIREMENTS, script
from tests.setup.test_install import requirements

install = script("install")


@pytest.fixture(scope="module")
def report() -> list[Requirement]:
    return requirements(REQUIREMENTS / "report.lock")


@pytest.fixture(scope="module")
def dev() -> list[Requirement]:
    return requirements(REQUIREMENTS / "dev.lock")


def test_a_report_brings_its_build_backend_and_no_development_tool(
    report: list[Requirement], dev: list[Requirement]
) -> None:
    names = {one.name for one in report}
    assert {"hatchling", "editables", "pandas", "duckdb"} <= names
    assert not names & {"pytest", "coverage", "hypothesis", "mypy", "ruff", "pre-commit", "quarto-cli", "uv"}
    assert {"pytest", "coverage", "hypothesis", "mypy", "ruff"} <= {one.name for one in dev}
    assert not {str(one) for one in report} & {str(one) for one in dev}


def test_no_extra_that_is_asked_for_is_missing(report: list[Requirement], dev: list[Requirement]) -> None:
    locked = {canonicalize_name(one.name): one.extras for one in [*report, *dev] if holds(one)}
    asked = [
        (distribution.name, wanted)
        for distribution in importlib.metadata.distributions()
        for wanted in map(Requirement, distribution.requires or ())
        if wanted.extras and holds(wanted) and canonicalize_name(wanted.name) in locked
    ]
    assert ("pytest-cov", "coverage") in {(name, wanted.name) for name, wanted in asked}
    lost = [pair for pair in asked if not pair[1].extras <= locked[canonicalize_name(pair[1].name)]]
    assert lost == []


def holds(one: Requirement) -> bool:
    return one.marker is None or one.marker.evaluate({"extra": ""})


SAID = """global.cert='/etc/ours.pem'
global.index-url='https://user:word@packages.example/simple'
install.index-url='https://nearer.example/simple'
global.find-links='/wheels /more'
global.extra-index-url='\\nhttps://a.example/simple\\nhttps://b.example/simple'
:env:.default-timeout='60'
:env:.disable-pip-version-check='1'
"""


def test_uv_is_told_what_pip_was_told() -> None:
    words, variables = install.for_uv(install.told(SAID), {"HOME": "/home/anna"})
    assert words == []
    assert variables == {
        "HOME": "/home/anna",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_DEFAULT_INDEX": "https://nearer.example/simple",
        "UV_INDEX": "https://a.example/simple https://b.example/simple",
        "UV_FIND_LINKS": "/wheels,/more",
        "SSL_CERT_FILE": "/etc/ours.pem",
        "UV_HTTP_TIMEOUT": "60",
    }


@pytest.mark.parametrize("name", ["UV_DEFAULT_INDEX", "UV_INDEX_URL"])
def test_what_uv_was_told_itself_holds(name: str) -> None:
    _, variables = install.for_uv(install.told(SAID), {name: "https://own.example/simple"})
    indexes = {value for key, value in variables.items() if key in ("UV_DEFAULT_INDEX", "UV_INDEX_URL")}
    assert indexes == {"https://own.example/simple"}


@pytest.mark.parametrize(("value", "words"), [("1", ["--no-index"]), ("true", ["--no-index"]), ("0", [])])
def test_a_pip_that_may_ask_no_index_makes_a_uv_that_may_not(value: str, words: list[str]) -> None:
    assert install.for_uv(install.told(f":env:.no-index='{value}'"), {})[0] == words
