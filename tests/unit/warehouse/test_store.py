"""Two runs at once, a kill, a full disk, a wrong file: nobody is harmed and the message says what to do."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import duckdb
import pytest

from funnel.dates import AsOf
from funnel.errors import BusyError, InputError, MissingError, SettingsError
from funnel.warehouse import Warehouse

KNOWN = dt.datetime(2022, 10, 1)
LEADS = ["lead_id created_at channel", ("1", "2022-09-12 10:00", "web")]

CHILD = """
import datetime as dt, sys
import pyarrow as pa
from pathlib import Path
from funnel.schema import INSTANT, Batch
from funnel.settings import Settings, Stage
from funnel.warehouse import Warehouse

stages = (Stage(key="target"), Stage(key="qualified"), Stage(key="sale"))
config = Settings(stages=stages, timezone="Europe/Moscow")
path = Path(sys.argv[1])
leads = pa.table({
    "lead_id": pa.array([f"x{number}" for number in range(300_000)]),
    "created_at": pa.array([dt.datetime(2022, 9, 12)] * 300_000, INSTANT),
})
"""


def child(path: Path, code: str) -> subprocess.Popen[str]:
    script = CHILD + textwrap.dedent(code)
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def filled(tmp_path: Path, config, make) -> Path:
    path = tmp_path / "w.duckdb"
    with Warehouse.open(path, config, write=True) as house:
        house.load(make(leads=LEADS), KNOWN)
    return path


def ids(path: Path, config) -> int:
    with Warehouse.open(path, config) as house:
        return int(house.reached(AsOf(dt.date(2022, 9, 26), dt.datetime(2030, 1, 1)))["leads"].sum())


def test_no_warehouse_yet(tmp_path: Path, config) -> None:
    with pytest.raises(MissingError, match="funnel import"):
        Warehouse.open(tmp_path / "none.duckdb", config)
    with Warehouse.open(tmp_path / "new" / "w.duckdb", config, write=True) as house:
        with pytest.raises(MissingError, match="funnel import"):
            house.known_at()
        with pytest.raises(MissingError, match="funnel import"):
            house.first_day()
        assert house.reached(AsOf(dt.date(2022, 9, 26), KNOWN)).empty


@pytest.mark.parametrize("name", ["w.duckdb", "w.duckdb.wal"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, config, name: str, kind: str) -> None:
    path = tmp_path / name
    {"folder": path.mkdir, "pipe": lambda: os.mkfifo(path), "device": lambda: path.symlink_to("/dev/zero")}[
        kind
    ]()
    with pytest.raises(InputError, match=rf"{name}: it is no file; to do: move it away"):
        Warehouse.open(tmp_path / "w.duckdb", config, write=True)


def test_another_time_zone_is_refused(filled: Path, config) -> None:
    with pytest.raises(SettingsError, match=r"Asia/Tokyo.*Europe/Moscow"):
        Warehouse.open(filled, config.model_copy(update={"timezone": "Asia/Tokyo"}))


def test_a_file_that_is_no_warehouse(tmp_path: Path, config) -> None:
    (tmp_path / "w.duckdb").write_text("lead_id,created_at\n" * 1000)
    with pytest.raises(InputError, match="cannot be opened"):
        Warehouse.open(tmp_path / "w.duckdb", config)


def test_readers_share_and_cannot_write(filled: Path, config) -> None:
    with Warehouse.open(filled, config), Warehouse.open(filled, config):
        assert ids(filled, config) == 1


def test_a_reader_is_bounded_and_an_analysts_own_connection_opens_beside_it(filled: Path, config) -> None:
    asked = "SELECT current_setting('memory_limit')"
    with Warehouse.open(filled, config) as house:
        assert house._connection.execute(asked).fetchall() == [("1.3 GiB",)]  # 1.5 GB
        with duckdb.connect(str(filled), read_only=True) as own:
            assert own.execute("SELECT count(*) FROM leads").fetchall() == [(1,)]


def test_a_second_writer_and_a_reader_are_told_who_holds_it(filled: Path, config) -> None:
    other = child(
        filled, "with Warehouse.open(path, config, write=True): print('open', flush=True); sys.stdin.read()"
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        for write in (True, False):
            with pytest.raises(BusyError, match=rf"in use by process {other.pid}\b"):
                Warehouse.open(filled, config, write=write, wait_seconds=0.1)
    finally:
        other.kill()
        other.communicate()
    assert ids(filled, config) == 1, "a lock of a dead process holds nobody up"
    with Warehouse.open(filled, config, write=True, wait_seconds=1):
        pass


def test_a_writer_waits_until_readers_have_ended(filled: Path, config) -> None:
    reader = Warehouse.open(filled, config)
    with pytest.raises(BusyError, match="in use"):
        Warehouse.open(filled, config, write=True, wait_seconds=0.1)
    reader.close()
    with Warehouse.open(filled, config, write=True, wait_seconds=1):
        pass


def test_a_kill_in_the_middle_of_a_load_leaves_the_last_good_state(filled: Path, config, make) -> None:
    other = child(
        filled,
        """
        from funnel.warehouse import load
        merge = load._Incoming.merge
        def merged(*args, **kwargs):
            done = merge(*args, **kwargs)
            print("merged", flush=True)
            sys.stdin.read()
            return done
        load._Incoming.merge = merged
        with Warehouse.open(path, config, write=True) as house:
            house.load(Batch({"leads": leads}), dt.datetime(2022, 10, 2))
        """,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "merged\n"
    os.kill(other.pid, signal.SIGKILL)
    other.communicate()
    assert ids(filled, config) == 1
    with Warehouse.open(filled, config, write=True, wait_seconds=1) as house:
        assert house.known_at() == KNOWN
        house.load(make(leads=[*LEADS, ("2", "2022-09-12 10:00", "web")]), dt.datetime(2022, 10, 3))
    assert ids(filled, config) == 2


def test_a_full_disk_is_said_and_leaves_the_last_good_state(filled: Path, config) -> None:
    script = """
    import resource, signal
    from funnel.errors import FunnelError
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    house = Warehouse.open(path, config, write=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
    try:
        house.load(Batch({"leads": leads}), dt.datetime(2022, 10, 2))
    except FunnelError as error:
        print(error, flush=True)
    import os; os._exit(0)
    """
    output, _ = child(filled, script).communicate()
    assert "The warehouse is as it was before. To do: make room" in output
    assert ids(filled, config) == 1
