"""How time and memory of every reader grow with its input, which should be in line with it.

    python bench/growth.py [SCALE]

Each reader reads a small and an eight times larger input, each in a process of its own. Printed: processor
time (with that of programs it calls) and memory beyond a tiny input of the same kind, and how many times more
the larger one takes; 8 is linear. Bar: at most 12 times. The pages of an account are measured by `amocrm.py`.
"""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import Workbook

from funnel.errors import FunnelError
from funnel.publish.builtin.config import WORDS
from funnel.publish.builtin.pages import HTML, write
from funnel.publish.builtin.problems import Problems
from funnel.publish.builtin.read import read as read_report
from funnel.settings import load
from funnel.sources import read
from funnel.sources.initiatives import read_initiatives

TIMES, BAR, TINY = 8, 12.0, 20
STAGES = "stages: [{key: target}, {key: qualified}, {key: sale}]\ncurrency: RUB\n"
EXPORTS = """exports:
  pipelines:
    Main: {New: lead, Working: target, Offer: qualified, Won: sale, Lost: lost}
"""
WIDE = """wide:
  files: [wide*]
  stages: {target: Target, qualified: Qualified, sale: Sale}
"""
EVENTS = """events:
  files: [history*]
  lead_id: id
  stage: stage
  entered_at: at
  stages: {New: lead, Working: target, Offer: qualified, Won: sale}
"""
INITIATIVE = """title: Chat {n}
owner: sales
start: 2022-01-03
hypotheses: [{{metric: target_rate, change: 10%}}]
cost: {{money: 1000}}
"""
Made = Callable[[Path, int], None]


def days(count: int) -> Iterator[tuple[int, str]]:
    """Yield a number and a day."""
    return ((n, f"2022-{n % 12 + 1:02}-{n % 28 + 1:02}") for n in range(count))


def canonical_csv(folder: Path, count: int) -> None:
    body = "".join(f"{n},{day} 10:00,web {n % 9},Ann\n" for n, day in days(count))
    (folder / "leads.csv").write_text("lead_id,created_at,channel,manager\n" + body)
    entries = "".join(f"{n},target,{day} 11:00\n" for n, day in days(count))
    (folder / "stage_entries.csv").write_text("lead_id,stage,entered_at\n" + entries)


def canonical_parquet(folder: Path, count: int) -> None:
    columns = {
        "lead_id": [str(n) for n in range(count)],
        "created_at": [f"{day} 10:00" for _, day in days(count)],
    }
    pq.write_table(pa.table(columns), folder / "leads.parquet")


def canonical_xlsx(folder: Path, count: int) -> None:
    _book(
        folder / "leads.xlsx",
        ["lead_id", "created_at", "channel"],
        ([str(n), f"{d} 10:00", "web"] for n, d in days(count)),
    )


def _book(path: Path, head: list[str], rows: Iterator[list[str]]) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in (head, *rows):
        sheet.append(row)
    book.save(path)


def ad_costs(folder: Path, count: int) -> None:
    body = "".join(f"{day},web,campaign {n % 50},1.50\n" for n, day in days(count))
    (folder / "spend.csv").write_text("date,channel,campaign,cost\n" + body)


EXPORT_HEAD = ["ID", "Lead title", "Sale", "Responsible user", "Created at", "Closed at", "Stage", "Pipeline"]


def _exported(count: int) -> Iterator[list[str]]:
    for n, day in days(count):
        stage = ("New", "Working", "Offer", "Won")[n % 4]
        yield [str(n), f"Deal {n}", "1000", "Ann", f"{day} 09:00:00", f"{day} 18:00:00", stage, "Main"]


def export_csv(folder: Path, count: int) -> None:
    rows = [EXPORT_HEAD, *_exported(count)]
    (folder / "amocrm_export_leads.csv").write_text("\n".join(";".join(row) for row in rows) + "\n")


def export_xlsx(folder: Path, count: int) -> None:
    _book(folder / "amocrm_export_leads.xlsx", EXPORT_HEAD, _exported(count))


def export_html(folder: Path, count: int) -> None:
    stream = io.StringIO()
    stream.write("<html><body><table>")
    for row in (EXPORT_HEAD, *_exported(count)):
        stream.write("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>")
    stream.write("</table></body></html>")
    (folder / "amocrm_export_leads.xls").write_text(stream.getvalue())


def wide_sheet(folder: Path, count: int) -> None:
    body = "".join(f"{n},{day},{day},{day},\n" for n, day in days(count))
    (folder / "wide.csv").write_text("lead_id,created_at,Target,Qualified,Sale\n" + body)


def event_log(folder: Path, count: int) -> None:
    body = "".join(
        f"{n // 3},{('New', 'Working', 'Won')[n % 3]},{day} 1{n % 3}:00\n" for n, day in days(count)
    )
    (folder / "history.csv").write_text("id,stage,at\n" + body)


def settings_file(folder: Path, count: int) -> None:
    writings = "".join(f"    Name {n}: [writing {n}, other {n}]\n" for n in range(count))
    text = f"{STAGES}attributes: {{channel: {{en: Channel}}}}\nvalues:\n  channel:\n{writings}"
    (folder / "funnel.yml").write_text(text)


def register(folder: Path, count: int) -> None:
    for n in range(count):
        (folder / f"chat-{n}.yml").write_text(INITIATIVE.format(n=n))


def narrative(folder: Path, count: int) -> None:
    words = "".join(f"    {word}: x\n" for word in WORDS)
    (folder / "_quarto.yml").write_text(f"project: {{render: [report.qmd]}}\nlanguage:\n  en:\n{words}")
    text = "".join(
        f"Paragraph {n} with *some* words, **bold** ones and a [link](https://example.org/{n}).\n\n"
        for n in range(count)
    )
    (folder / "report.qmd").write_text(text)


def _files(more: str) -> Callable[[Path], None]:
    def run(folder: Path) -> None:
        path = folder.parent / "funnel.yml"
        path.write_text(STAGES + more)
        read([folder], load(path))

    return run


def _report(folder: Path) -> None:
    document = read_report(folder, folder / "report.qmd", Problems())
    write(document, [(HTML, document.config)])


READERS: dict[str, tuple[Made, Callable[[Path], object], int]] = {
    "canonical CSV": (canonical_csv, _files(""), 50_000),
    "canonical Parquet": (canonical_parquet, _files(""), 100_000),
    "canonical XLSX": (canonical_xlsx, _files(""), 8_000),
    "ad costs": (ad_costs, _files(""), 50_000),
    "export CSV": (export_csv, _files(EXPORTS), 20_000),
    "export XLSX": (export_xlsx, _files(EXPORTS), 5_000),
    "export HTML (.xls)": (export_html, _files(EXPORTS), 5_000),
    "wide sheet": (wide_sheet, _files(WIDE), 30_000),
    "event log": (event_log, _files(EVENTS), 50_000),
    "funnel.yml": (settings_file, lambda folder: load(folder / "funnel.yml"), 1_000),
    "initiatives": (register, lambda folder: read_initiatives(folder), 200),
    "narrative": (narrative, _report, 400),
}


def _spent() -> float:
    """Return processor seconds of this process and of those it called."""
    called = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + called.ru_utime + called.ru_stime


def one(name: str, count: int) -> None:
    """Read an input of a size; print processor seconds and peak memory in MB."""
    make, run, _ = READERS[name]
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "data"
        folder.mkdir()
        make(folder, count)
        made = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = _spent()
        try:
            run(folder)
        except FunnelError as error:
            sys.exit(f"{name}: {error}")
        seconds = _spent() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(seconds, (peak if peak > made else made) / 1024)


def measured(name: str, count: int) -> tuple[float, float]:
    """Return what `one` prints, of a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", name, str(count)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    seconds, memory = map(float, done.stdout.split())
    return seconds, memory


def main() -> None:
    """Print the table."""
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], int(sys.argv[3]))
        return
    scale = float(sys.argv[1]) if sys.argv[1:] else 1.0
    print("| reader | rows | s | MB | rows | s | MB | time x | memory x |")
    print("|---|---|---|---|---|---|---|---|---|")
    missed = []
    for name, (_, _, rows) in READERS.items():
        few = int(rows * scale)
        nothing = measured(name, TINY)
        small, large = (
            tuple(
                max(found - empty, 0.0) for found, empty in zip(measured(name, count), nothing, strict=True)
            )
            for count in (few, TIMES * few)
        )
        times = [
            big / max(little, floor) for big, little, floor in zip(large, small, (0.01, 4.0), strict=True)
        ]
        print(
            f"| {name} | {few:,} | {small[0]:.2f} | {small[1]:.0f} | {TIMES * few:,} | {large[0]:.2f} | "
            f"{large[1]:.0f} | {times[0]:.1f} | {times[1]:.1f} |",
            flush=True,
        )
        if max(times) > BAR:
            missed.append(name)
    print("missed:", ", ".join(missed) or "none")


if __name__ == "__main__":
    main()
