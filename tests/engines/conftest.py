"""The engines that hold what our own file does: a PostgreSQL of the tests' own, and a Spark."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest

from funnel.schema import TABLES
from funnel.settings import Settings
from funnel.warehouse import Warehouse
from tests.engines import spark as spark_of_tests
from tests.engines.spark import spark

__all__ = ["spark"]
PROGRAMS = "/usr/lib/postgresql"
WORD = "words of a test"
_KINDS = {
    pa.string(): "text",
    pa.timestamp("us"): "timestamp",
    pa.date32(): "date",
    pa.decimal128(18, 2): "numeric(18, 2)",
    pa.int64(): "bigint",
}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; `home` is its folder, `user` who it runs as."""

    port: int
    home: Path

    @property
    def address(self) -> str:
        return f"postgres://reader@127.0.0.1:{self.port}/postgres"


def _as_user(words: list[str]) -> list[str]:
    """Return a command as another user than root, which PostgreSQL refuses to run as."""
    return ["runuser", "-u", "postgres", "--", *words] if os.getuid() == 0 else words


def _programs() -> Path:
    found = sorted(Path(PROGRAMS).glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL's programs are not installed (apt-get install postgresql)")
    pytest.importorskip("psycopg", reason="psycopg is not installed: make engines")
    return found[-1].parent


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    programs = _programs()
    with tempfile.TemporaryDirectory(prefix="funnel-postgres-") as name:  # pytest's own is closed to others
        yield from _running(programs, Path(name))


def _running(programs: Path, home: Path) -> Iterator[Server]:
    word = home / "word"
    word.write_text(WORD)
    if os.getuid() == 0:
        for path in (home, word):
            shutil.chown(path, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = home / "data"
    make = ["-D", str(data), "-A", "scram-sha-256", "-U", "owner", f"--pwfile={word}", "-N", "-E", "UTF8"]
    subprocess.run(
        _as_user([str(programs / "initdb"), *make, "--locale=C.UTF-8"]),
        check=True,
        capture_output=True,
        cwd="/",
    )
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= -c fsync=off"
    control = [str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(home / "log")]
    subprocess.run(_as_user([*control, "-o", options, "start"]), check=True, capture_output=True, cwd="/")
    try:
        yield _with_reader(Server(port, home))
    finally:
        subprocess.run(_as_user([*control, "-m", "fast", "stop"]), check=True, capture_output=True, cwd="/")


def connect(server: Server):
    import psycopg

    return psycopg.connect(
        host="127.0.0.1", port=server.port, user="owner", password=WORD, dbname="postgres", autocommit=True
    )


def _with_reader(server: Server) -> Server:
    with connect(server) as owner:
        owner.execute(f"CREATE ROLE reader LOGIN PASSWORD '{WORD}'")
        owner.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader")
        owner.execute("REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC")  # a reader may do nothing but read
    return server


@pytest.fixture
def postgres(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server, with the reader's password where libpq looks for it."""
    monkeypatch.setenv("PGPASSWORD", WORD)
    return server


def put(server: Server, tables: Mapping[str, pa.Table]) -> None:
    """Make the tables anew, as a company has them: with all their columns and both clocks."""
    with connect(server) as owner:
        for name, table in tables.items():
            columns = ", ".join(f'"{field.name}" {_KINDS[field.type]}' for field in table.schema)
            owner.execute(f"DROP TABLE IF EXISTS {name} CASCADE")
            owner.execute(f"CREATE TABLE {name} ({columns})")
            with owner.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN") as copy:
                for row in table.to_pylist():
                    copy.write_row(list(row.values()))


def whole(warehouse: Warehouse) -> dict[str, pa.Table]:
    """Return every row that a warehouse of our own holds, in every version."""
    return {name: getattr(warehouse._whole, name).to_pyarrow() for name in TABLES}


Beside = Callable[[Warehouse, Settings], Warehouse]


@pytest.fixture(params=["postgres", "spark"])
def beside(request: pytest.FixtureRequest) -> Iterator[Beside]:
    """Return a warehouse in an engine of the company that holds what one of our own does."""
    server = request.getfixturevalue(request.param)
    fill = {"postgres": put, "spark": spark_of_tests.put}[request.param]
    opened = []

    def made(warehouse: Warehouse, settings: Settings) -> Warehouse:
        fill(server, whole(warehouse))
        there = settings.model_copy(update={"warehouse": server.address})
        opened.append(Warehouse.of(there))
        return opened[-1]

    yield made
    for one in opened:
        one.close()
