"""What a damaged warehouse, a full disk and a killed run leave: told truly, mended, swept."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from funnel.publish import files
from funnel.sources import rejects
from funnel.warehouse.kept import Kept

SETTINGS = """
schema: 2
timezone: Europe/Moscow
currency: RUB
stages: [{key: target}, {key: sale}]
attributes: {channel: {}}
slices: [channel]
source: [in]
"""
LEADS = "lead_id,created_at,channel\n" + "".join(
    f"{n},2022-09-{n % 28 + 1:02} 10:00,web\n" for n in range(400)
)
ENTRIES = "lead_id,stage,entered_at\n" + "".join(
    f"{n},target,2022-09-29 1{n % 9}:00\n" for n in range(0, 400, 3)
)
COHORTS = ("cohorts", "--date", "2022-10-03", "--format", "csv")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "funnel.yml").write_text(SETTINGS)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "leads.csv").write_text(LEADS)
    (tmp_path / "in" / "stage_entries.csv").write_text(ENTRIES)
    return tmp_path


@pytest.fixture
def run(funnel: Any, project: Path) -> Any:
    return lambda *words: funnel("--config", project / "funnel.yml", *words)


@pytest.fixture
def warehouse(run: Any, project: Path) -> Path:
    assert run("import").code == 0
    return project / "data" / "warehouse.duckdb"


def overwritten(path: Path) -> None:
    """Spoil the blocks of data: such a file opens, and breaks when it is read."""
    with path.open("r+b") as file:
        for place in range(12288 + 4096, path.stat().st_size - 300_000, 4096):
            file.seek(place)
            file.write(b"\xff" * 64)


def changed(*statements: str) -> Callable[[Path], None]:
    """Let somebody change a warehouse by hand."""

    def spoil(path: Path) -> None:
        with duckdb.connect(str(path)) as file:
            for statement in statements:
                file.execute(statement)

    return spoil


def another(path: Path) -> None:
    """A database of another program, which the engine would fetch a program for to read."""
    path.unlink()
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE leads (lead_id)")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: os.truncate(path, 100_000),
        lambda path: os.truncate(path, 0),
        overwritten,
        another,
        changed("DROP TABLE stage_entries"),
        changed("DROP TABLE funnel_imports"),
        changed("DROP TABLE payments", "CREATE VIEW payments AS SELECT * FROM read_text('/etc/hostname')"),
        changed("UPDATE funnel_meta SET value = 'x' WHERE key = 'schema'"),
    ],
)
def test_a_damaged_warehouse_is_made_again_and_the_command_goes_on(
    run: Any, warehouse: Path, spoil: Any
) -> None:
    before = run(*COHORTS)
    spoil(warehouse)
    after = run(*COHORTS)
    assert (after.code, after.out) == (0, before.out), after.err
    assert "it is damaged" in after.err
    assert "kept aside" in after.err
    assert "made again from the kept imports" in after.err
    assert len(list(warehouse.parent.glob("warehouse.damaged-*.duckdb"))) == 1
    assert run(*COHORTS).err == before.err


def test_whichever_block_of_a_warehouse_is_overwritten_it_is_told_or_made_again(
    run: Any, warehouse: Path
) -> None:
    whole, out = warehouse.read_bytes(), run(*COHORTS).out
    for place in range(4096, len(whole), max((len(whole) - 4096) // 12, 1)):
        warehouse.write_bytes(whole[:place] + b"\xa5" * 4096 + whole[place + 4096 :])
        for words in (("doctor",), COHORTS):
            told = run(*words)
            assert told.code in (0, 1), (place, told.err)
        assert told.out == out, place


def test_without_kept_imports_it_is_told_and_left(run: Any, warehouse: Path) -> None:
    shutil.rmtree(warehouse.parent / "imports")
    os.truncate(warehouse, 100_000)
    content = warehouse.read_bytes()
    for words in (COHORTS, ("import",), ("check",), ("rebuild",), ()):
        told = run(*words)
        assert told.code == 2
        assert "it is damaged" in told.err
        assert "no imports are kept" in told.err
    assert "put a copy of it back" in run("doctor").err
    assert warehouse.read_bytes() == content


def test_rebuild_leaves_a_whole_one_alone_unless_told_otherwise(run: Any, warehouse: Path) -> None:
    assert "is whole: nothing to do" in run("rebuild").err
    before = run(*COHORTS).out
    assert run("rebuild", "--anyway").code == 0
    assert run(*COHORTS).out == before
    warehouse.unlink()
    assert run("rebuild").code == 0
    assert run(*COHORTS).out == before
    assert "1 joined into one" in run("prune").err


def test_a_new_one_beside_kept_imports_is_told(run: Any, warehouse: Path) -> None:
    warehouse.unlink()
    assert "a new one begins" in run("import").err


def test_a_disk_that_fills_after_the_import_takes_nothing_back(
    run: Any, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Kept, "write", full)
        told = run("import")
        assert told.code == 2
        assert "The import is done; only its copy for a rebuild" in told.err
    assert "the newest" not in run(*COHORTS).err
    (project / "in" / "leads.csv").write_text(LEADS + "x,baddate,web\n")
    with monkeypatch.context() as patched:
        patched.setattr(rejects.csv, "writer", full)
        told = run("import")
        assert told.code == 2
        assert "The import is in the warehouse, and stays so" in told.err
    kept = Kept.of(project / "data" / "warehouse.duckdb")
    assert [entry.base for entry in kept.entries()[0]] == [True, False], "what could not be kept is kept anew"


def test_a_disk_that_is_full_before_leaves_everything_as_it_was(
    run: Any, warehouse: Path, project: Path
) -> None:
    import resource

    before = run(*COHORTS).out
    many = "".join(f"n{n * 7919},2022-09-{n % 28 + 1:02} 10:00,web{n * 104729}\n" for n in range(20_000))
    (project / "in" / "leads.csv").write_text(LEADS + many)

    def limit() -> None:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    command = [sys.executable, "-m", "funnel.cli", "--config", str(project / "funnel.yml"), "import"]
    done = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "To do: make room" in done.stderr
    assert run(*COHORTS).out == before
    assert run("import").code == 0


def test_what_killed_runs_left_half_written_is_removed_by_the_next(
    run: Any, warehouse: Path, project: Path
) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = [
        project / "archive" / f".2022-09-26.{dead.pid}.part",
        project / "run" / "rejected" / f"leads.{dead.pid}.part",
        project / "data" / f".warehouse.duckdb.{dead.pid}.part",
        project / f".funnel.yml.{dead.pid}.part",
    ]
    left[0].mkdir(parents=True)
    (left[0] / "report.html").write_text("half")
    for path in left[1:]:
        path.parent.mkdir(exist_ok=True)
        path.write_text("half")
    alive = project / "run" / f".x.{os.getppid()}.part"
    alive.write_text("half")
    assert run("import").code == 0
    assert not [path for path in left if path.exists()]
    assert alive.exists(), "another run is writing it"
    assert files.sweep([project / "run"]) == []


def seen(run: Any) -> dict[str, list[tuple[str, str, str]]]:
    told: dict[str, list[tuple[str, str, str]]] = {}
    for one in json.loads(run("doctor", "--format", "json").out):
        told.setdefault(one["what"], []).append((one["state"], one["found"], one["todo"]))
    return told


def test_the_doctor_finds_a_sound_project_sound(run: Any, warehouse: Path) -> None:
    told = run("doctor")
    assert told.code == 0, told.err
    assert "Out of order: nothing" in told.err
    looked_at = set(seen(run))
    assert looked_at >= {"python", "packages", "renderer", "fonts", "settings", "disk", "locks"}
    assert looked_at >= {"warehouse", "kept imports", "leftovers", "archive"}


def test_the_doctor_names_each_thing_that_is_out_of_order(
    run: Any, warehouse: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = project.parent / "token"
    token.write_text("abc")
    token.chmod(0o644)
    for name in ("FUNNEL_AMOCRM_TOKEN", "FUNNEL_AMOCRM_OAUTH_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FUNNEL_AMOCRM_TOKEN_FILE", str(token))
    amocrm = "amocrm: {host: acme.amocrm.ru, pipelines: {1: {2: target, 142: sale}}}"
    (project / "funnel.yml").write_text(f"{SETTINGS}{amocrm}\n")
    overwritten(warehouse)
    kept = Kept.of(warehouse)
    next(kept.folder.glob("rows/*")).unlink()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (project / "run" / f".x.{dead.pid}.part").write_text("half")
    (project / "requirements").mkdir()
    (project / "requirements" / "report.lock").write_text("nosuchpackage==1.0\nduckdb==0.0.1\n")
    told = seen(run)
    assert run("doctor").code == 1
    for what, state, word in (
        ("warehouse", "problem", "it is damaged"),
        ("kept imports", "problem", "it is missing"),
        ("token", "problem", "chmod 600"),
        ("leftovers", "remark", "half written"),
        ("packages", "problem", "nosuchpackage"),
        ("packages", "remark", "instead of 0.0.1"),
    ):
        assert any(state == one[0] and word in " ".join(one) for one in told[what]), (what, told[what])
    (project / "requirements" / "report.lock").write_text("duckdb==1 ; nonsense\n")
    assert "cannot be read" in seen(run)["packages"][0][1]
    (project / "funnel.yml").write_text("nonsense: 1\n")
    assert seen(run)["settings"][0][0] == "problem"


def test_the_doctor_asks_for_what_a_lock_pins_for_this_python_and_system(
    run: Any, warehouse: Path, project: Path
) -> None:
    here = importlib.metadata.version("duckdb")
    (project / "requirements").mkdir()
    (project / "requirements" / "report.lock").write_text(
        "appnope==1.0.0 ; sys_platform == 'nowhere' \\\n    --hash=sha256:00\n"
        f"duckdb==0.0.1 ; python_full_version < '3' \\\n    --hash=sha256:00\n"
        f"duckdb=={here} ; python_full_version >= '3' \\\n    --hash=sha256:00\n"
    )
    assert [state for state, _, _ in seen(run)["packages"]] == ["ok"]


@pytest.mark.skipif(os.name != "posix", reason="rights of files are POSIX's")
def test_whatever_the_umask_the_warehouse_and_rejected_rows_are_not_open_to_all(
    run: Any, project: Path
) -> None:
    (project / "in" / "leads.csv").write_text("lead_id,created_at\n1,2022-09-01\nx,soon\n")
    before = os.umask(0)
    try:
        assert run("import").code in (0, 1)
    finally:
        assert os.umask(before) == 0
    files = [*(project / "data").glob("warehouse.duckdb*"), *(project / "run" / "rejected").glob("*.csv")]
    assert len(files) > 1
    assert {path.name for path in files if path.stat().st_mode & 0o007} == set()
    (project / "data" / "warehouse.duckdb").chmod(0o664)
    assert run("rebuild", "--anyway").code == 0
    assert (project / "data" / "warehouse.duckdb").stat().st_mode & 0o777 == 0o664
    assert any("everybody" in found for _, found, _ in seen(run)["warehouse"])


def test_a_console_that_lacks_a_letter_stops_nothing(warehouse: Path, project: Path) -> None:
    words = [sys.executable, "-m", "funnel.cli", "--config", "funnel.yml", *COHORTS[:3]]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "NO_COLOR": "1"}
    done = subprocess.run(words, cwd=project, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"2022-09-26" in done.stdout


@pytest.mark.parametrize("before", [b"", bytes(8)])
def test_a_log_of_garbage_beside_the_warehouse_harms_nothing(
    run: Any, warehouse: Path, project: Path, before: bytes
) -> None:
    whole = run(*COHORTS).out
    (project / "data" / "warehouse.duckdb.wal").write_bytes(before + bytes(range(256)) * 12)
    assert run(*COHORTS).out == whole
    (project / "in" / "leads.csv").write_text(LEADS + "more,2022-09-02 10:00,web\n")
    assert run("import").code == 0
    assert run(*COHORTS).out != whole


def test_a_command_that_is_stopped_says_so_and_leaves_no_traceback(project: Path) -> None:
    """While it is loaded, while it reads, and while the engine is asked, which tells of it in its own way.

    DuckDB 2.0.1 does not hear every signal; the question is one that ends, when the signal is heard at last.
    """
    engine = "import duckdb; duckdb.sql('SELECT count(*) FROM range(100000) a, range(400000) b').fetchall()"
    for patch in (
        "import builtins; load = builtins.__import__; builtins.__import__ = lambda name, *more: "
        "stop() if name == 'typer' else load(name, *more)",
        "from funnel import settings; settings.load = lambda path: stop()",
        "import threading; from funnel import settings\ndef load(path):\n"
        f"    threading.Timer(0.5, stop).start()\n    {engine}\nsettings.load = load",
    ):
        program = "\n".join(
            [
                "import os, signal, sys",
                "def stop(): os.kill(os.getpid(), signal.SIGINT)",
                patch,
                "from funnel.__main__ import main",
                f"sys.argv = ['funnel', '--config', {str(project / 'funnel.yml')!r}, 'check']",
                "main()",
            ]
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 130, (patch, done.stderr)
        assert done.stderr in (
            "",
            "Stopped. Nothing is left half written; what was done before stays done.\n",
        )
