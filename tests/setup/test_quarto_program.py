"""`make quarto`: only the program that was released is unpacked, and why there is none is one line."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
from collections import namedtuple
from pathlib import Path

import pytest

from tests.setup.scripts import script

quarto = script("quarto")
Usage = namedtuple("Usage", "total used free")
NAME = "quarto-9.9.9-linux-amd64.tar.gz"


@pytest.fixture(autouse=True)
def on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place that holds one release as its makers lay it, with the checksums it publishes."""
    folder = tmp_path / "releases" / "v9.9.9"
    folder.mkdir(parents=True)
    with tarfile.open(folder / NAME, "w:gz") as packed:
        for name, text in [("bin/quarto", "#!/bin/sh\necho 9.9.9\n"), ("share/version", "9.9.9\n")]:
            entry = tarfile.TarInfo(f"quarto-9.9.9/{name}")
            entry.size, entry.mode = len(text), 0o755
            packed.addfile(entry, io.BytesIO(text.encode()))
    said = hashlib.sha256((folder / NAME).read_bytes()).hexdigest()
    (folder / "quarto-9.9.9-checksums.txt").write_text(f"{'0' * 64}  quarto-9.9.9-win.zip\n{said}  {NAME}\n")
    monkeypatch.setenv("QUARTO_RELEASES", (tmp_path / "releases").as_uri())
    return folder


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    made = tmp_path / "environment"
    made.mkdir()
    return made


def why(version: str, prefix: Path) -> str:
    return quarto.in_one_line(lambda: quarto.install(version, prefix))


def test_the_program_runs_from_where_the_report_looks_for_it(releases: Path, prefix: Path) -> None:
    assert why("9.9.9", prefix) == ""
    for path in (prefix / "bin" / "quarto", prefix / "quarto" / "bin" / "quarto"):
        assert subprocess.run([path], capture_output=True, text=True, check=True).stdout == "9.9.9\n"
    assert sorted(path.name for path in prefix.iterdir()) == ["bin", "quarto"]
    assert why("9.9.9", prefix) == ""  # again, over the one that is there


def test_another_archive_than_the_released_one_is_not_unpacked(releases: Path, prefix: Path) -> None:
    with (releases / NAME).open("ab") as file:
        file.write(b"more")
    assert f"{NAME} is not the one that was released: its SHA-256 is " in why("9.9.9", prefix)
    assert list(prefix.iterdir()) == []


def test_a_pinned_archive_is_held_against_the_pin(releases: Path, prefix: Path) -> None:
    pinned = releases.parent / f"v{quarto.VERSION}"
    pinned.mkdir()
    name = NAME.replace("9.9.9", quarto.VERSION)
    (pinned / name).write_bytes((releases / NAME).read_bytes())
    assert quarto.PINNED[name] in why(quarto.VERSION, prefix)


def test_a_release_without_a_checksum_of_it_is_refused(releases: Path, prefix: Path) -> None:
    (releases / "quarto-9.9.9-checksums.txt").write_text(f"{'0' * 64}  quarto-9.9.9-win.zip\n")
    assert why("9.9.9", prefix) == f"its release publishes no checksum of {NAME}"


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("Linux", "aarch64", "quarto-1.10.19-linux-arm64.tar.gz"),
        ("Darwin", "arm64", "quarto-1.10.19-macos.tar.gz"),
        ("Windows", "AMD64", "quarto-1.10.19-win.zip"),
    ],
)
def test_each_platform_has_its_archive(system: str, machine: str, name: str) -> None:
    assert quarto.archive_name("1.10.19", system, machine) == name


def test_network_disk_and_platform_are_each_told_in_one_line(
    prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUARTO_RELEASES", "http://127.0.0.1:9")  # nothing listens there
    assert "the release host cannot be reached (" in why("9.9.9", prefix)
    monkeypatch.setenv("QUARTO_RELEASES", "releases")
    assert why("9.9.9", prefix).startswith("QUARTO_RELEASES is no address (unknown url type: ")
    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda path: Usage(10**9, 10**9, 1000))
        assert why("9.9.9", prefix) == f"the disk of {prefix} has not the 900 MB that it takes"
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert why("9.9.9", prefix) == "its makers release none for Linux on riscv64"
    assert list(prefix.iterdir()) == []


def test_the_command_ends_with_one_line_and_a_failure(tmp_path: Path) -> None:
    settings = {**os.environ, "QUARTO_RELEASES": (tmp_path / "nothing").as_uri()}
    command = [sys.executable, quarto.__file__, "--into", str(tmp_path)]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"Quarto {quarto.VERSION} could not be had: ")
    assert done.stderr.count("\n") == 1
