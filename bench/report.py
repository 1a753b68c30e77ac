"""Time of the weekly job on the demo: `funnel report` whole, and again after an edit of the narrative.

Beside it, in the same run: executing the same notebooks one after the other, as an analyst would.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
FUNNEL = [sys.executable, "-m", "funnel.cli"]
DATE = "2022-09-26"


def project(folder: Path) -> Path:
    for name in ("report.qmd", "_quarto.yml", "_brand.yml", "funnel.yml"):
        shutil.copyfile(ROOT / name, folder / name)
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    for name in ("initiatives", "investigations"):
        shutil.copytree(ROOT / "data" / name, folder / "data" / name)
    return folder


def timed(folder: Path, *words: str) -> float:
    start = time.perf_counter()
    subprocess.run([*FUNNEL, *words], cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - start


def measured() -> list[tuple[str, float, float | None]]:
    """Return what was done, its seconds by the clock, and its bar if it has one."""
    with tempfile.TemporaryDirectory() as name:
        folder = project(Path(name))
        timed(folder, "import", str(ROOT / "data" / "demo"))
        pages = ("report", "--date", DATE, "--renderer", "builtin", "--formats", "html,pdf", "--draft")
        whole = timed(folder, *pages)
        narrative = folder / "narrative" / f"{DATE}.md"
        narrative.write_text(narrative.read_text(encoding="utf-8") + "\nEdited.\n", encoding="utf-8")
        edited = timed(folder, *pages)
        workbook = timed(folder, *pages, "--formats", "html,pdf,xlsx")
        start = time.perf_counter()
        for path in sorted((folder / "notebooks").glob("*.ipynb")):
            words = [
                sys.executable,
                "-m",
                "papermill",
                str(path),
                "/dev/null",
                "-p",
                "report_date",
                DATE,
                "--cwd",
                ".",
            ]
            subprocess.run(words, cwd=folder, check=True, capture_output=True)
        alone = time.perf_counter() - start
    return [
        ("funnel report, HTML + PDF", whole, 25.0),
        ("the same after an edit of the narrative", edited, 5.0),
        ("the same with the workbook, notebooks unchanged", workbook, None),
        ("the notebooks alone, one after the other", alone, None),
    ]


def main() -> None:
    for what, seconds, bar in measured():
        note = "" if bar is None else f"  bar {bar:.0f} s: {'met' if seconds <= bar else 'MISSED'}"
        print(f"{what:50} {seconds:6.1f} s{note}")


if __name__ == "__main__":
    main()
