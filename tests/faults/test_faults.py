"""A kill or a full disk wherever a file is changed: the next run is right and nothing is left over.

Here a sample of the points is visited, evenly spread; `make faults` visits all and prints how many. A kill
leaves the files as they stand: there they are copied at every point of one run, and the next run goes on from
each copy that differs from the others. A full disk is met by a run of its own at each point that takes room.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from funnel.schema import TABLES
from funnel.simulate import World, simulate, write
from funnel.warehouse.kept import Kept
from standin import truth
from standin.server import TOKEN, Api, serve

ROOT = Path(__file__).parents[2]
ALL = bool(os.environ.get("FUNNEL_FAULTS_ALL"))
SAMPLE = 3
"""Points of a command that the ordinary tests visit."""
SETTINGS = """schema: 2
timezone: Europe/Moscow
currency: RUB
stages: [{key: target}, {key: qualified}, {key: proposal}, {key: sale}]
attributes: {channel: {}}
slices: [channel]
source: [in]
"""
LEADS = "lead_id,created_at,channel\n"
ENTRIES = "lead_id,stage,entered_at\n"
ROOM = re.compile(r"make room|has room")


Met = tuple[str, str, bool, int]
"""Kind and place of a point, whether it takes room, and the number of the copy of the files as they stood."""


@dataclass(frozen=True)
class Ran:
    code: int
    said: str
    met: list[Met]


class Commands:
    """Runs the command line in forks of one process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.faults.zygote"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(
        self,
        folder: Path,
        *words: str,
        stop: int = 0,
        full: bool = False,
        counted: bool = False,
        copies: Path | None = None,
    ) -> Ran:
        assert self._process.stdin and self._process.stdout
        scratch = folder.parent / f"tmp-{folder.name}"
        scratch.mkdir(exist_ok=True)
        order = {
            "folder": str(folder),
            "words": words,
            "stop": stop,
            "full": full,
            "counted": counted or stop > 0,
            "copies": str(copies or ""),
            "environment": {"FUNNEL_AMOCRM_TOKEN": TOKEN, "TMPDIR": str(scratch)},
        }
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Ran(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="module")
def funnel_runs() -> Iterator[Commands]:
    commands = Commands()
    yield commands
    commands.close()


def leads(numbers: range, channel: str) -> str:
    return "".join(f"{n},2022-09-{n % 28 + 1:02} 10:00,{channel}\n" for n in numbers)


def entries(numbers: range) -> str:
    return "".join(f"{n},target,2022-09-29 1{n % 9}:00\n" for n in numbers)


def bare(folder: Path, run: Commands) -> None:
    """Before the first import."""
    (folder / "in").mkdir()
    (folder / "funnel.yml").write_text(SETTINGS)
    (folder / "in" / "leads.csv").write_text(LEADS + leads(range(40), "web"))
    (folder / "in" / "stage_entries.csv").write_text(ENTRIES + entries(range(0, 40, 3)) + "99,target,x\n")


def imported(folder: Path, run: Commands) -> None:
    """Imported twice; a third import would change, add and set rows aside."""
    bare(folder, run)
    assert run(folder, "import").code in (0, 1)
    (folder / "in" / "leads.csv").write_text(LEADS + leads(range(45), "ads"))
    assert run(folder, "import").code in (0, 1)
    (folder / "in" / "leads.csv").write_text(LEADS + leads(range(50), "web") + "x,baddate,web\n")


def older(folder: Path, run: Commands) -> None:
    """Settings and warehouse are of an older form."""
    imported(folder, run)
    (folder / "funnel.yml").write_text(SETTINGS.replace("schema: 2\n", ""))
    with duckdb.connect(str(folder / "data" / "warehouse.duckdb")) as file:
        file.execute("DELETE FROM funnel_meta WHERE key = 'schema'")
        file.execute("DROP TABLE funnel_rejected")


def synced(folder: Path, run: Commands) -> None:
    """An account has been read, and has gone on since."""
    pipelines = "{7001: {60002: target, 60003: qualified, 142: sale, 143: lost}}"
    account = f"amocrm: {{host: {HOST['host']}, pipelines: {pipelines}}}\n"
    (folder / "funnel.yml").write_text(SETTINGS.replace("source: [in]\n", "") + account)
    PLAYER["player"].advance(PLAYER["player"].times[len(PLAYER["player"].times) // 2])
    done = run(folder, "sync")
    assert done.code in (0, 1), done.said
    PLAYER["player"].advance(PLAYER["player"].times[-1])


NOTEBOOK = {
    "cells": [
        {"cell_type": "code", "id": "p", "metadata": {"tags": ["parameters"]}, "outputs": [],
         "execution_count": None, "source": 'report_date = ""\nlanguage = ""\nconfig = ""'},
        {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None,
         "source": "#| label: words\nfrom IPython.display import Markdown\nMarkdown('So it is.')"},
    ],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
                 "language_info": {"name": "python"}},
    "nbformat": 4, "nbformat_minor": 5,
}  # fmt: skip


def small_report(folder: Path, run: Commands) -> None:
    """A company with one notebook, imported, before its first report."""
    for name in ("_quarto.yml", "_brand.yml"):
        shutil.copyfile(ROOT / name, folder / name)
    (folder / "funnel.yml").write_text(SETTINGS)
    (folder / "notebooks").mkdir()
    (folder / "notebooks" / "words.ipynb").write_text(json.dumps(NOTEBOOK))
    (folder / "report.qmd").write_text(
        "## A {#sec-a}\n\n{{< embed run/words.ipynb#words >}}\n\n{{< include run/narrative.md >}}\n"
    )
    write(simulate(World(weeks=30, leads_per_week=20.0), 5), folder / "in")
    done = run(folder, "import")
    assert done.code in (0, 1), done.said


def reported(folder: Path, run: Commands) -> None:
    """Reported, and its narrative edited since: the next report is an edition beside the first."""
    small_report(folder, run)
    done = run(folder, *REPORT)
    assert done.code == 0, done.said
    (narrative,) = (folder / "narrative").glob("*.md")
    narrative.write_text(narrative.read_text() + "\nOne sentence more.\n")


REPORT = ("report", "--renderer", "builtin", "--no-import", "--lang", "en")
HOST: dict[str, str] = {}
PLAYER: dict[str, Any] = {}
Made = Callable[[Path, Commands], None]
COMMANDS: dict[str, tuple[Made, tuple[str, ...]]] = {
    "first import": (bare, ("import",)),
    "import": (imported, ("import",)),
    "migration": (older, ("import",)),
    "rebuild": (imported, ("rebuild", "--anyway")),
    "prune": (imported, ("prune",)),
    "sync": (synced, ("sync",)),
    "report": (small_report, REPORT),
    "archive": (reported, REPORT),
}
MANY = ("sync", "report", "archive")
"""Where all are asked for, those of these are visited by place, the first and the last time each."""
WHOLE = ("report", "archive")
"""Too long for the ordinary tests."""


@pytest.fixture(scope="module", autouse=True)
def account() -> Iterator[None]:
    player = truth.Player(truth.stories(6, seed=3))
    PLAYER["player"] = player
    with serve(Api(player.world)) as host:
        HOST["host"] = host
        yield


def content(folder: Path) -> dict[str, list[str]]:
    """Return what the warehouse holds in every version, without the times at which it was told."""
    path = folder / "data" / "warehouse.duckdb"
    if not path.is_file():
        return {}
    with duckdb.connect(str(path), read_only=True) as file:
        if not file.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'leads'").fetchall()[0][
            0
        ]:
            return {}
        return {
            name: sorted(
                str(row)
                for row in file.execute(
                    f"SELECT * EXCLUDE (known_from, known_to), known_to IS NULL FROM main.{name}"
                ).fetchall()
            )
            for name in TABLES
        }


def published(folder: Path) -> dict[str, dict[str, str]]:
    """Return the hashes of the files of every edition."""
    manifests = sorted((folder / "archive").glob("*/manifest.json"))
    return {path.parent.name: json.loads(path.read_text())["outputs"] for path in manifests}


def left_over(folder: Path, like: Path) -> set[str]:
    """Return the files of a project that stand in no project that was never harmed."""
    kept = Kept.of(folder / "data" / "warehouse.duckdb")
    entries, problems = kept.entries()
    assert not problems
    needed = {kept.rows(name) for entry in entries for name in entry.rows}
    usual = re.compile(r"^(data/imports/warehouse/\d{6}\.json|data/warehouse\.damaged-[\w-]+\.duckdb)$")

    def names(root: Path) -> set[str]:
        return {path.relative_to(root).as_posix() for path in root.rglob("*") if path not in needed}

    temporary = {f"TMP/{path.name}" for path in (folder.parent / f"tmp-{folder.name}").glob("*")}
    temporary = {name for name in temporary if "/pymp-" not in name}  # Python's own, of its fork server
    return {name for name in names(folder) - names(like) if not usual.match(name)} | temporary


def sampled(name: str, met: list[Met]) -> list[int]:
    """Return the numbers of some points."""
    most = 1 if name == "archive" else SAMPLE
    return [max(len(met) * (2 * place + 1) // (2 * most), 1) for place in range(most)]


def filling(name: str, met: list[Met]) -> list[int]:
    """Return the points at which the disk is full: some, or all that take room, as others do not notice."""
    if not ALL:
        return sampled(name, met)
    return by_place(name, met, [number for number, point in enumerate(met, 1) if point[2]])


def by_place(name: str, met: list[Met], numbers: list[int]) -> list[int]:
    """Return the numbers; of a command of many points those at which a place is met first and last."""
    if name not in MANY:
        return numbers
    first = {met[number - 1][1]: number for number in reversed(numbers)}
    last = {met[number - 1][1]: number for number in numbers}
    return sorted({*first.values(), *last.values()})


@dataclass(frozen=True)
class Case:
    """A command, a project as it stood before it, one after it, and the points it met."""

    words: tuple[str, ...]
    before: Path
    after: Path
    met: list[Met]


CASES: dict[str, Case] = {}


def copied(source: Path, target: Path) -> Path:
    """Copy a project; paths that are stored in it are of no account."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.rmtree(target.parent / f"tmp-{target.name}", ignore_errors=True)
    return Path(shutil.copytree(source, target))


@pytest.fixture(params=[name for name in COMMANDS if ALL or name not in WHOLE])
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, funnel_runs: Commands
) -> Any:
    name = request.param
    if name not in CASES:
        make, words = COMMANDS[name]
        folder = tmp_path_factory.mktemp("faults")
        before = folder / "before"
        before.mkdir()
        make(before, funnel_runs)
        after = copied(before, folder / "after")
        copies = folder / "copies" if ALL else None
        done = funnel_runs(after, *words, counted=True, copies=copies)
        assert done.code in (0, 1), done.said
        assert len(done.met) > SAMPLE
        CASES[name] = Case(words, before, after, done.met)
    return name, CASES[name]


def test_after_a_kill_the_next_run_is_right_and_nothing_is_left_over(
    case: tuple[str, Case], funnel_runs: Commands
) -> None:
    name, one = case
    for stop in sampled(name, one.met):
        folder = copied(one.before, one.before.parent / "killed")
        place = f"{name}: point {stop} of {len(one.met)}, {one.met[stop - 1]}"
        killed = funnel_runs(folder, *one.words, stop=stop)
        assert killed.code == -9, (place, killed)
        goes_on(folder, one, funnel_runs, place)


@pytest.mark.skipif(not ALL, reason="make faults")
def test_the_next_run_is_right_from_whatever_a_kill_may_leave(
    case: tuple[str, Case], funnel_runs: Commands
) -> None:
    name, one = case
    visited = by_place(name, one.met, [*range(1, len(one.met) + 1)])
    copies = {one.met[stop - 1][3]: stop for stop in reversed(visited)}
    lost = []
    for number, stop in sorted(copies.items()):
        folder = copied(one.before.parent / "copies" / str(number) / "project", one.before.parent / "killed")
        shutil.copytree(one.before.parent / "copies" / str(number) / "scratch", folder.parent / "tmp-killed")
        try:
            goes_on(folder, one, funnel_runs, f"{name}: point {stop}, {one.met[stop - 1]}")
        except AssertionError as error:
            lost.append(str(error)[:2000])
    told(name, f"kills, {len(copies)} states of the disk that differ, {len(lost)} lost", one, len(visited))
    assert not lost, "\n\n".join(lost)


def goes_on(folder: Path, one: Case, funnel_runs: Commands, place: str) -> None:
    """The next run ends as if nothing had happened, and what is kept for a rebuild is what was imported."""
    again = funnel_runs(folder, *one.words)
    assert again.code in (0, 1), (place, again.said)
    assert content(folder) == content(one.after), place
    assert published(folder) == published(one.after), place
    assert left_over(folder, one.after) == set(), place
    assert funnel_runs(folder, "rebuild", "--anyway").code == 0, place
    assert content(folder) == content(one.after), f"{place}: what is kept is not what was imported"


def test_a_full_disk_is_one_message_true_for_the_moment(
    case: tuple[str, Case], funnel_runs: Commands
) -> None:
    name, one = case
    was, wanted = content(one.before), content(one.after)
    lost = []
    for stop in filling(name, one.met):
        folder = copied(one.before, one.before.parent / "full")
        place = f"{name}: point {stop} of {len(one.met)}, {one.met[stop - 1]}"
        done = funnel_runs(folder, *one.words, stop=stop, full=True)
        try:
            is_told(done, folder, was, wanted, place)
            again = funnel_runs(folder, *one.words)
            assert again.code in (0, 1), (place, again.said)
            assert content(folder) == wanted, place
            assert left_over(folder, one.after) == set(), place
        except AssertionError as error:
            lost.append(str(error)[:2000])
    told(name, f"full disks, {len(lost)} lost", one, len(filling(name, one.met)))
    assert not lost, "\n\n".join(lost)


Rows = dict[str, list[str]]


def is_told(done: Ran, folder: Path, was: Rows, wanted: Rows, place: str) -> None:
    """A command whose disk was full says so once, and what it says of the warehouse is so."""
    assert "Traceback" not in done.said, (place, done.said)
    now = content(folder) if (folder / "data" / "warehouse.duckdb").is_file() else {}
    if done.code in (0, 1):
        return
    assert done.code == 2, (place, done)
    assert len(ROOM.findall(done.said)) == 1, (place, done.said)
    if re.search(r"as it was(?!: )|[Nn]othing was imported|[Nn]othing was touched", done.said):
        assert now in (was, {name: [] for name in TABLES}, {}), (place, done.said)
    if re.search(r"is done;|is in the warehouse, and stays|is archived", done.said):
        assert now == wanted, (place, done.said)


def told(name: str, what: str, one: Case, visited: int) -> None:
    """Print how many points were visited, and of which kinds all of them are."""
    kinds = Counter(kind for kind, _, _, _ in one.met)
    told = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    print(f"{name}: {visited} of {len(one.met)} points visited, {what} ({told})", flush=True)
