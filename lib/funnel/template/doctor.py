"""What `funnel doctor` looks at: programs, folder, data, archive; a line for each, with what to do."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import re
import shlex
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from packaging.requirements import InvalidRequirement, Requirement

from funnel import settings as settings_file
from funnel.errors import DamagedError, FunnelError, InputError, MissingError
from funnel.publish import archive, files, quarto
from funnel.publish.builtin import pages, pandoc
from funnel.settings import Settings
from funnel.template import product
from funnel.warehouse import Warehouse, rebuild
from funnel.warehouse.kept import Kept

OK, REMARK, PROBLEM = "ok", "remark", "problem"
_ROOM = 1_000_000_000  # bytes that a report of a large company wants
_SAMPLE = 3  # editions of the archive whose files are compared with their manifest
_OF_A_FILE = ("disk", "locks", "kept imports", "leftovers")
"""What is looked at beside a warehouse of our own."""
_PIN = re.compile(r"^[A-Za-z0-9._-]+==[^\\\n]+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that was looked at: its state (`OK`, `REMARK`, `PROBLEM`), what was found, what to do."""

    what: str
    state: str
    found: str
    todo: str = ""


def examine(config: Path, environ: Mapping[str, str], now: dt.datetime) -> list[Seen]:
    """Look at everything; one thing that is out of order hides no other."""
    seen = [*_guarded("python", _python), *_guarded("packages", lambda: _packages(config.parent))]
    seen += [*_guarded("renderer", _renderer), *_guarded("fonts", _fonts)]
    try:
        chosen = settings_file.load(config)
    except FunnelError as error:
        return [*seen, Seen("settings", PROBLEM, str(error))]
    seen.append(Seen("settings", OK, f"{config} can be read"))
    looks: Mapping[str, Callable[[], Iterator[Seen]]] = {
        "disk": lambda: _disk(chosen),
        "locks": lambda: _locks(chosen),
        "warehouse": lambda: _warehouse(chosen, now),
        "kept imports": lambda: _kept(chosen),
        "token": lambda: _token(chosen, environ, now),
        "leftovers": lambda: _leftovers(chosen),
        "archive": lambda: _archive(chosen),
    }
    if chosen.is_database:
        looks = {name: look for name, look in looks.items() if name not in _OF_A_FILE}
        looks = {**looks, "warehouse": lambda: _database(chosen)}
    for what, look in looks.items():
        seen += _guarded(what, look)
    return seen


def _guarded(what: str, look: Callable[[], Iterator[Seen]]) -> list[Seen]:
    try:
        return list(look())
    except (FunnelError, OSError) as error:
        return [Seen(what, PROBLEM, str(error))]


def _python() -> Iterator[Seen]:
    found = f"{sys.version.split()[0]} at {sys.executable}"
    good = sys.version_info >= (3, 11)
    yield Seen("python", OK if good else PROBLEM, found, "" if good else "install Python 3.11 or newer")


def _packages(root: Path) -> Iterator[Seen]:
    """Compare what is installed with what the folder's lock pins, where it has one."""
    lock = root / "requirements" / "report.lock"
    pins = _PIN.findall(lock.read_text(encoding="utf-8")) if lock.is_file() else []
    try:
        lines = [Requirement(line) for line in pins or importlib.metadata.requires(product.NAME) or ()]
    except InvalidRequirement as error:
        yield Seen("packages", PROBLEM, f"{lock} cannot be read ({error})", "funnel init --update .")
        return
    # a lock holds the pins of every Python and system; an engine's packages are asked for by its extra
    wanted = [one for one in lines if one.marker is None or one.marker.evaluate({"extra": ""})]
    missing, other = [], []
    for one in sorted(wanted, key=lambda one: one.name):
        try:
            here = importlib.metadata.version(one.name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(one.name)
            continue
        if here not in one.specifier:
            other.append(f"{one.name} {here} instead of {str(one.specifier).removeprefix('==')}")
    again = "make setup, or pip install -r requirements.txt"
    if missing:
        yield Seen("packages", PROBLEM, f"not installed: {', '.join(missing)}", again)
    if other:
        yield Seen("packages", REMARK, f"other versions than {lock}: {', '.join(other)}", again)
    if not missing and not other:
        yield Seen("packages", OK, f"{len(wanted)} packages as {lock if pins else 'needed'}")


def _renderer() -> Iterator[Seen]:
    program = quarto.find()
    if program:
        yield Seen("renderer", OK, f"Quarto {quarto.version(program)} at {program}")
    yield Seen(
        "renderer", OK, f"built-in: Pandoc {pandoc.version()}, Typst {importlib.metadata.version('typst')}"
    )


def _fonts() -> Iterator[Seen]:
    cuts = ("Regular", "It", "Semibold", "SemiboldIt", "Bold", "BoldIt")
    lacking = [name for name in cuts if not (pages.FONTS / f"SourceSansPro-{name}.ttf").is_file()]
    if lacking:
        todo = "install font-source-sans-pro anew"
        yield Seen("fonts", PROBLEM, f"Source Sans Pro lacks {', '.join(lacking)}", todo)
    else:
        yield Seen("fonts", OK, f"Source Sans Pro in {pages.FONTS}")


def _disk(chosen: Settings) -> Iterator[Seen]:
    free = shutil.disk_usage(chosen.root).free
    path = chosen.path("warehouse")
    need = max(_ROOM, 3 * path.stat().st_size if path.is_file() else 0)
    text = f"{free / 1e9:,.1f} GB free where the project lies"
    if free < need:
        yield Seen("disk", PROBLEM, text, f"make room: {need / 1e9:,.1f} GB may be needed")
    else:
        yield Seen("disk", OK, text)


def _locks(chosen: Settings) -> Iterator[Seen]:
    warehouse = chosen.path("warehouse")
    held = []
    for path in (warehouse.with_name(f"{warehouse.name}.lock"), chosen.path("run") / "report.lock"):
        if path.exists() and not path.is_file():
            yield Seen("locks", PROBLEM, f"{path} is no file", "remove it")
            return
        if not path.is_file():
            continue
        try:
            FileLock(path, timeout=0).acquire().lock.release()
        except Timeout:
            held.append(str(path))
    if held:
        yield Seen("locks", REMARK, f"held by a run: {', '.join(held)}", "wait until it has ended")
    else:
        yield Seen("locks", OK, "none is held")


def _warehouse(chosen: Settings, now: dt.datetime) -> Iterator[Seen]:
    path = chosen.path("warehouse")
    if not path.is_file():
        todo = "funnel rebuild" if Kept.of(path).any else "funnel import, or funnel sync"
        yield Seen("warehouse", REMARK, f"there is none yet ({path})", todo)
        return
    try:
        rebuild.look(path, chosen)
    except InputError as error:
        lost = isinstance(error, DamagedError) and not Kept.of(path).any
        todo = "put a copy of it back; or move it away and import everything anew" if lost else ""
        for problem in error.problems:
            yield Seen("warehouse", PROBLEM, f"{problem.where}: {problem.wrong}", todo or problem.todo)
        return
    with Warehouse.of(chosen) as warehouse, suppress(MissingError):
        if (last := warehouse.known_at()) > now + dt.timedelta(days=1):
            found = f"the last import bears a time to come, {last:%Y-%m-%d %H:%M} UTC: a clock was wrong"
            todo = "set the clock if it is wrong now; imports until then are told apart all the same"
            yield Seen("warehouse", REMARK, found, todo)
    if stat.S_IMODE(path.stat().st_mode) & 0o007 and os.name == "posix":
        todo = f"chmod o= {shlex.quote(str(path))}"
        yield Seen("warehouse", REMARK, f"everybody on this machine can read {path}", todo)
    yield Seen("warehouse", OK, f"{path}, {path.stat().st_size / 1e6:,.1f} MB, read to its end")


def _database(chosen: Settings) -> Iterator[Seen]:
    with Warehouse.of(chosen) as warehouse:
        last = warehouse.last_day()
    found = f"{chosen.warehouse} can be read; the data end on {last}"
    yield Seen("warehouse", OK, found, "funnel check --engine says what it lacks")


def _kept(chosen: Settings) -> Iterator[Seen]:
    kept = Kept.of(chosen.path("warehouse"))
    if not kept.any:
        found = "none yet, so a damaged warehouse could not be made again"
        yield Seen("kept imports", REMARK, found, "the next import keeps them")
        return
    entries, problems = kept.entries()
    for problem in problems:
        todo = "funnel prune, while the warehouse is whole"
        yield Seen("kept imports", PROBLEM, f"{problem.where}: {problem.wrong}", todo)
    size = sum(path.stat().st_size for path in kept.folder.rglob("*") if path.is_file())
    if stat.S_IMODE(kept.folder.stat().st_mode) & 0o077:
        todo = f"chmod -R go= {shlex.quote(str(kept.folder))}"
        yield Seen("kept imports", PROBLEM, f"others can read {kept.folder}", todo)
    if not problems:
        yield Seen("kept imports", OK, f"{len(entries)}, {size / 1e6:,.1f} MB; funnel prune joins them")


def _token(chosen: Settings, environ: Mapping[str, str], now: dt.datetime) -> Iterator[Seen]:
    if chosen.account is None:
        return
    from funnel.sources.api import accounts

    source = accounts.source(chosen.account, environ, chosen.root)
    warning = " ".join(source.warnings(now.replace(tzinfo=dt.UTC)))
    yield Seen("token", REMARK if warning else OK, warning or "it is there, and private")


def _leftovers(chosen: Settings) -> Iterator[Seen]:
    """Name what was kept aside; what killed runs left half written, the next run removes by itself."""
    half = files.left(files.folders(chosen))
    if half:
        found = f"half written by killed runs: {', '.join(map(str, half))}"
        yield Seen("leftovers", REMARK, found, "the next import, sync or report removes them")
    warehouse = chosen.path("warehouse")
    aside = [*warehouse.parent.glob(f"{warehouse.stem}.damaged-*")]
    aside += warehouse.parent.glob(f"{warehouse.name}.v*")
    aside += Kept.of(warehouse).folder.parent.glob(f"{warehouse.stem}-until-*")
    if aside:
        found = f"kept aside: {', '.join(map(str, sorted(aside)))}"
        yield Seen("leftovers", REMARK, found, "delete them when nobody needs them")
    if not half and not aside:
        yield Seen("leftovers", OK, "none")


def _archive(chosen: Settings) -> Iterator[Seen]:
    """Compare the files of the newest editions with their manifests."""
    found = archive.archived(chosen.path("archive"))
    wrong = [path for one in found[-_SAMPLE:] for path in archive.changed(one, one.manifest.outputs)]
    for path in wrong:
        yield Seen("archive", PROBLEM, f"{path} is not as it was archived", "take it back from git")
    if not wrong:
        newest = found[-1].folder.name if found else ""
        more = f"; to make one again and compare: funnel verify {newest}" if newest else ""
        yield Seen(
            "archive", OK, f"{len(found)} archived, the newest {min(_SAMPLE, len(found))} as they were{more}"
        )
