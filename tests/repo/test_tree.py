"""The tree is the manual, imports are fenced, and nothing private or of one machine is committed."""

import ast
import re
import subprocess
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
LIB = ROOT / "lib" / "funnel"
IGNORED = {"run"}


def tracked() -> list[Path]:
    listing = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(listing, capture_output=True, check=True, text=True)
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(part for alias in node.names for part in (alias.name, alias.name.split(".")[0]))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.update((node.module, node.module.split(".")[0]))
    return names


@pytest.mark.parametrize(
    ("packages", "room"),
    [
        ({"ibis", "duckdb"}, "warehouse"),
        ({"matplotlib", "seaborn"}, "present"),
        ({"papermill", "pypandoc", "typst", "subprocess"}, "publish"),
        ({"httpx", "urllib.request", "requests", "socket"}, "sources"),
    ],
)
def test_each_engine_has_one_room(packages: set[str], room: str) -> None:
    outside = {
        path.relative_to(LIB).as_posix(): sorted(imported(path) & packages)
        for path in LIB.rglob("*.py")
        if imported(path) & packages and path.relative_to(LIB).parts[0] != room
    }
    assert outside == {}


def test_only_the_command_line_asks_what_day_it_is() -> None:
    clock = re.compile(r"\b(datetime\.now|date\.today|datetime\.today|time\.time|utcnow)\b")
    found = [path for path in LIB.rglob("*.py") if clock.search(path.read_text(encoding="utf-8"))]
    asking = [path.relative_to(LIB).as_posix() for path in found]
    assert asking == ["cli/common.py"]


def test_the_readme_tree_is_the_tree_on_disk() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = readme.split("## The tree")[1]
    named = {match.rstrip("/") for match in re.findall(r"^\| `([^`]+)` \|", tree, flags=re.MULTILINE)}
    files = [path.relative_to(ROOT) for path in tracked()]
    top = {path.parts[0] for path in files if len(path.parts) > 1 and not path.parts[0].startswith(".")}
    rooms = {
        "/".join(path.parts[:3])
        for path in files
        if path.parts[:2] == ("lib", "funnel") and len(path.parts) > 3
    }
    folders = (top - {"lib"}) | rooms
    assert folders <= named, f"not in the README: {sorted(folders - named)}"
    gone = {name for name in named - IGNORED if not (ROOT / name).exists()}
    assert not gone, f"in the README, not on disk: {sorted(gone)}"


def test_every_make_target_of_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake ([a-z]+)\b", readme)):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


@pytest.mark.parametrize(
    ("codes", "ran", "code"),
    [
        ((0, 0, 0), ["sync", "import", "report --date 2022-09-26"], 0),
        ((0, 1, 0), ["sync", "import", "report --date 2022-09-26"], 1),  # gaps: goes on, ends with their code
        ((0, 2, 0), ["sync", "import"], 2),
        ((0, 0, 1), ["sync", "import", "report --date 2022-09-26"], 1),
    ],
)
def test_make_report_syncs_and_imports_and_never_ends_green_after_gaps(
    tmp_path: Path, codes: tuple[int, int, int], ran: list[str], code: int
) -> None:
    stub = tmp_path / "funnel"
    cases = " ".join(
        f"{word}) exit {one};;" for word, one in zip(("sync", "import", "report"), codes, strict=True)
    )
    stub.write_text(f'#!/bin/sh\necho "ran $*"\ncase $1 in {cases} esac\n')
    stub.chmod(0o755)
    told = subprocess.run(
        ["make", "--directory", ROOT, "--old-file", ".venv/ready", f"BIN={tmp_path}", "report",
         "DATE=2022-09-26"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert re.findall(r"^ran (.*)$", told.stdout, flags=re.MULTILINE) == ran, told.stderr
    assert f"Error {code}" in told.stderr if code else told.returncode == 0


def test_no_registry_host_and_no_path_of_a_machine_is_written_anywhere() -> None:
    hosts = re.compile(
        "|".join(
            ["pypi" + r"\.org", "pythonhosted" + r"\.org", "npmjs" + r"\.", "/ro" + "ot/", "/wo" + "rk/"]
        )
    )
    text = (
        ".py",
        ".md",
        ".yml",
        ".toml",
        ".lock",
        ".qmd",
        ".ipynb",
        ".json",
        ".html",
        ".csv",
        ".typ",
        ".lua",
        "",
    )
    found = [
        path.relative_to(ROOT).as_posix()
        for path in tracked()
        if path.suffix in text and hosts.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.lock")), ids=lambda lock: lock.stem)
def test_every_requirement_is_pinned_with_hashes(lock: Path) -> None:
    blocks = re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8").strip())
    loose = [block.splitlines()[0] for block in blocks if "==" not in block or "--hash=sha256:" not in block]
    assert loose == []


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_the_cells_of_a_notebook_are_short_stripped_and_import_only_funnel(path: Path) -> None:
    book = nbformat.read(path, 4)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert max(len(cell.source.splitlines()) for cell in code) <= 15
    modules = re.findall(r"^\s*(?:from|import) (\w+)", "\n".join(cell.source for cell in code), re.MULTILINE)
    assert set(modules) == {"funnel"}
    assert sum("parameters" in cell.metadata.get("tags", []) for cell in code) == 1
