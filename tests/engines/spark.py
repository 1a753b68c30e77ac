"""A Spark of the tests' own: a Spark Connect server in local mode, with the machine's Java, on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"
PATIENCE = 180.0
"""Seconds in which a Java on a busy machine has begun to listen."""


@dataclass(frozen=True, slots=True)
class Spark:
    """A running server; `home` is the folder that its tables lie in."""

    address: str
    home: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def spark() -> Iterator[Spark]:
    if not shutil.which("java"):
        pytest.skip("there is no Java (apt-get install openjdk-17-jre-headless)")
    pytest.importorskip("pyspark", reason="pyspark is not installed: make engines")
    with TemporaryDirectory(prefix="funnel-spark-") as name:
        yield from _running(Path(name))


def _running(home: Path) -> Iterator[Spark]:
    port = free_port()
    found = find_spec("pyspark")
    assert found and found.origin
    submit = Path(found.origin).parent / "bin" / "spark-submit"
    told = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": str(home / "tables"),
        "spark.sql.shuffle.partitions": "2",  # of a few thousand rows; 200 would each be a task
        "spark.sql.session.timeZone": "Asia/Tokyo",  # what a cluster is set to must not matter
    }
    words = [str(submit), "--master", "local[2]", "--driver-memory", "1g"]
    words += [word for key, value in told.items() for word in ("--conf", f"{key}={value}")]
    surrounding = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [*words, "--class", SERVER, "spark-internal"],
            cwd=home,
            env=surrounding,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(server, port, home / "log")
        yield Spark(f"sc://127.0.0.1:{port}", home)
    finally:
        server.terminate()
        server.wait(60)


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until the server listens."""
    end = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    pytest.fail(f"the Spark Connect server did not begin:\n{log.read_text()[-3000:]}")


def put(server: Spark, tables: Mapping[str, pa.Table]) -> None:
    """Make the tables anew, as a company has them: Parquet files in the catalogue."""
    from pyspark.sql import SparkSession

    session = SparkSession.builder.remote(server.address).getOrCreate()
    for name, table in tables.items():
        path = server.home / f"{name}-{time.monotonic_ns()}.parquet"
        pq.write_table(table, path)
        session.sql(f"DROP TABLE IF EXISTS {name}").collect()
        session.sql(f"CREATE TABLE {name} USING parquet LOCATION '{path}'").collect()
