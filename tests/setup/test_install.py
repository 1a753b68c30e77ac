"""Set-up that time cannot break: exactly the lock is installed, whatever pip is there or came since."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.setup.local_index import add, release
from tests.setup.scripts import REQUIREMENTS, script

ROOT = REQUIREMENTS.parent
INSTALLERS = Path(os.environ.get("FUNNEL_INSTALLERS", ROOT / "run" / "installers"))
"""Wheels of uv and of several pips, kept from run to run; `.ci/run` brings them."""
NEWEST = (REQUIREMENTS / "pip.lock").read_text(encoding="utf-8").split("==")[1].split()[0]
PIPS = ("23.0.1", "23.2.1", "24.0", NEWEST)
LIST = "import importlib.metadata as m; print(*(f'{d.name}=={d.version}' for d in m.distributions()))"
PROJECT = """
[project]
name = "shop"
version = "1"
requires-python = ">=3.11"
dependencies = ["drawing"]
[dependency-groups]
build = []
dev = ["pytest-cov"]
"""


def wheel(pattern: str) -> Path:
    found = sorted(INSTALLERS.glob(pattern))
    if not found:
        pytest.skip(
            f"no {pattern} in {INSTALLERS} (FUNNEL_INSTALLERS names another folder; .ci/run fills it)"
        )
    return found[0]


def environment(folder: Path, pip: str) -> Path:
    """Make an environment that has this pip and nothing else; return its Python."""
    brought = wheel(f"pip-{pip}-*.whl")
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    python = folder / "bin" / "python"
    asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    with zipfile.ZipFile(brought) as packed:
        packed.extractall(site)
    return python


def closed(index: Path | None) -> dict[str, str]:
    """Return the variables of a machine that knows one index alone and has no caches; None: of this one."""
    theirs = ("VIRTUAL_ENV",) if index is None else ("VIRTUAL_ENV", "PIP_", "UV_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
    if index is None:
        return kept
    only = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": index.as_uri(), "PIP_NO_CACHE_DIR": "1"}
    return {**kept, **only, "UV_NO_CACHE": "1", "UV_NO_CONFIG": "1"}


def run(*words: object, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words], env=settings, capture_output=True, text=True, check=False
    )


def installed(python: Path) -> set[str]:
    """Return what an environment holds besides pip."""
    said = subprocess.run([python, "-c", LIST], capture_output=True, text=True, check=True).stdout.split()
    return {name for name in said if not name.startswith(("pip==", "setuptools=="))}


def requirements(lock: Path) -> list[Requirement]:
    blocks = re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8").strip())
    return [Requirement(block.split(" \\\n")[0]) for block in blocks]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project locked with an index in a folder, into which higher versions were released since then."""
    root = tmp_path_factory.mktemp("project")
    index = root / "index"
    release(index, "drawing", "1.0")
    release(index, "pytest-cov", "7.1.0", ["Requires-Dist: coverage[toml]>=7"])
    release(index, "coverage", "7.17.4", ["Provides-Extra: toml", 'Requires-Dist: tomli; extra == "toml"'])
    release(index, "tomli", "2.0.0")
    release(index, "pip-audit", "1.0")
    release(index, "detect-secrets", "1.0")
    add(index, "uv", wheel("uv-*.whl"))
    add(index, "pip", wheel(f"pip-{NEWEST}-*.whl"))
    shutil.copytree(REQUIREMENTS, root / "requirements", ignore=shutil.ignore_patterns("*.lock", "__*"))
    for name in ("uv.lock", "pip.lock"):
        shutil.copyfile(REQUIREMENTS / name, root / "requirements" / name)
    (root / "pyproject.toml").write_text(PROJECT)
    python = environment(root / "locking", NEWEST)
    locked = run(python, root / "requirements" / "lock.py", settings=closed(index))
    assert locked.returncode == 0, locked.stderr
    release(index, "drawing", "99")
    release(index, "coverage", "99", ["Provides-Extra: toml", 'Requires-Dist: tomli; extra == "toml"'])
    release(index, "tomli", "99")
    release(index, "uv", "99")
    return root


def set_up(project: Path, python: Path, *, index: Path) -> subprocess.CompletedProcess[str]:
    folder = project / "requirements"
    words = (python, folder / "install.py", folder / "report.lock", folder / "dev.lock")
    return run(*words, settings=closed(index))


REPORT = {"drawing==1.0"}
WHOLE = {*REPORT, "pytest-cov==7.1.0", "coverage==7.17.4", "tomli==2.0.0"}


def test_two_sets_come_from_one_resolution_and_name_no_index(project: Path) -> None:
    folder = project / "requirements"
    assert {str(one) for one in requirements(folder / "report.lock")} == REPORT
    assert {str(one) for one in requirements(folder / "dev.lock")} == {
        "pytest-cov==7.1.0",
        "coverage[toml]==7.17.4",
        "tomli==2.0.0",
    }
    assert not [path for path in folder.glob("*.lock") if "://" in path.read_text()]


@pytest.mark.parametrize("pip", PIPS)
def test_every_pip_installs_exactly_the_lock(project: Path, tmp_path: Path, pip: str) -> None:
    python = environment(tmp_path / "made", pip)
    done = set_up(project, python, index=project / "index")
    assert (done.returncode, done.stderr) == (0, "")
    assert installed(python) == WHOLE


@pytest.mark.parametrize("pip", [PIPS[0], NEWEST])
def test_without_uv_a_pinned_pip_installs_the_same(project: Path, tmp_path: Path, pip: str) -> None:
    index = tmp_path / "index"
    shutil.copytree(project / "index", index)
    shutil.rmtree(index / "uv")
    python = environment(tmp_path / "made", pip)
    done = set_up(project, python, index=index)
    assert done.returncode == 0, done.stderr
    assert "pip does it now" in done.stderr
    assert installed(python) == WHOLE
    assert f"pip {NEWEST} " in run(python, "-m", "pip", "--version", settings=closed(index)).stdout


def test_an_old_pip_takes_a_later_release_where_the_extra_is_not_in_the_lock(
    project: Path, tmp_path: Path
) -> None:
    """The fault itself: what the locks and uv are there for."""
    words = ("-m", "pip", "install", "--require-hashes", "-r")
    whole = "".join((project / "requirements" / name).read_text() for name in ("report.lock", "dev.lock"))
    outcomes = {}
    for name, text in {"kept": whole, "stripped": whole.replace("[toml]", "")}.items():
        (tmp_path / f"{name}.lock").write_text(text)
        python = environment(tmp_path / name, PIPS[0])
        done = run(python, *words, tmp_path / f"{name}.lock", settings=closed(project / "index"))
        outcomes[name] = (done.returncode, "must have their versions pinned" in done.stderr)
    assert outcomes == {"kept": (0, False), "stripped": (1, True)}


def test_no_index_at_all_is_told(project: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "made", PIPS[0])
    done = set_up(project, python, index=tmp_path / "nothing")
    assert done.returncode == 1
    assert "The packages could not be brought" in done.stderr
    assert "Traceback" not in done.stderr


registry = pytest.mark.skipif(
    not os.environ.get("FUNNEL_TEST_REGISTRY"), reason="FUNNEL_TEST_REGISTRY is not set (.ci/run sets it)"
)


@registry
def test_the_oldest_pip_installs_the_report_from_the_registry(tmp_path: Path) -> None:
    python = environment(tmp_path / "made", PIPS[0])
    words = (python, REQUIREMENTS / "install.py", REQUIREMENTS / "report.lock", "--editable", ROOT)
    done = run(*words, settings=closed(None))
    assert done.returncode == 0, done.stderr
    wanted = {
        f"{one.name}{one.specifier}"
        for one in requirements(REQUIREMENTS / "report.lock")
        if one.marker is None or one.marker.evaluate()
    }
    here = {name.lower().replace("_", "-") for name in installed(python)}
    assert here == {*wanted, f"funnel-cohort-report=={version('funnel-cohort-report')}"}


@registry
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_every_python_finds_a_wheel_of_every_package(tmp_path: Path, python: str) -> None:
    install = script("install")
    with install.uv() as program:
        words, settings = install.uv_asks()
        for platform in ("linux", "macos", "windows"):
            command = [program, "pip", "install", "--dry-run", "--require-hashes", *words]
            command += ["--target", str(tmp_path), "--only-binary", ":all:", "--python-platform", platform]
            locks = [f"--requirement={REQUIREMENTS / name}" for name in ("report.lock", "dev.lock")]
            done = run(*command, "--python-version", python, *locks, settings=settings)
            assert done.returncode == 0, f"{platform}: {done.stderr}"
