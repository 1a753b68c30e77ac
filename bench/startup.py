"""How long a command takes to begin, beside what it cannot do without, in processor seconds of one run.

`funnel --help` beside the help of a Typer app of two commands; `funnel cohorts` on the demo beside importing
Ibis and pandas and connecting to the same file. The best of several, in turn.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from report import DATE, FUNNEL, ROOT, project, timed

TIMES = 7
TWO = """
import typer
app = typer.Typer()
@app.command()
def one(name: str = "") -> None:
    "One."
@app.command()
def two(name: str = "") -> None:
    "Two."
app()
"""
CONNECT = """
import sys, duckdb, ibis, pandas
ibis.duckdb.from_connection(duckdb.connect(sys.argv[1], read_only=True)).table("leads")
"""


def spent(folder: Path, *words: str) -> float:
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, cwd=folder, check=True, capture_output=True)
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    return end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime


def measured() -> Iterator[tuple[str, float, float, float]]:
    """Yield a command, its bar, its seconds and those of what stands beside it."""
    with tempfile.TemporaryDirectory() as name:
        folder = project(Path(name))
        timed(folder, "import", str(ROOT / "data" / "demo"))
        two, connect = folder / "two.py", folder / "connect.py"
        two.write_text(TWO)
        connect.write_text(CONNECT)
        pairs = {
            ("funnel --help", 1.5): ([*FUNNEL, "--help"], [sys.executable, str(two), "--help"]),
            ("funnel cohorts", 1.3): (
                [*FUNNEL, "cohorts", "--date", DATE],
                [sys.executable, str(connect), "data/warehouse.duckdb"],
            ),
        }
        for (what, bar), (ours, beside) in pairs.items():
            runs = [(spent(folder, *ours), spent(folder, *beside)) for _ in range(TIMES)]
            own, other = (min(run[side] for run in runs) for side in (0, 1))
            yield what, bar, own, other


def main() -> None:
    for what, bar, own, other in measured():
        met = "met" if own <= bar * other else "MISSED"
        print(f"{what:16} {own:5.2f} s, beside it {other:5.2f} s: {own / other:4.2f} x  bar {bar} x  {met}")


if __name__ == "__main__":
    main()
