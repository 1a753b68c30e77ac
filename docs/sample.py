"""The finished report to look at: `make sample` makes it again, `--check` says whether it is old.

It is the demo's edition of 2022-09-26: page, PDF and workbook, and page 1 as a picture in both languages. To
stay under 3 MB it is sliced by channel and manager alone, and its PDF lacks the structure for reading aloud.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from funnel.publish.builtin.config import MEETING, load
from funnel.publish.builtin.pages import TYPST, compile_first_page, compile_pdf, write
from funnel.publish.builtin.problems import Problems
from funnel.publish.builtin.read import read
from funnel.publish.methods import CHANGES

FOLDER = Path(__file__).parent / "sample"
MADE_OF = FOLDER / "made-of.json"
DATE = dt.date(2022, 9, 26)
MOST = 3_000_000
PPI = 110


def funnel(home: Path, *words: str) -> None:
    command = [sys.executable, "-m", "funnel.cli", *words]
    subprocess.run(command, cwd=home, check=True)


def report(home: Path, language: str) -> None:
    """Make the edition in one language; its notebooks stay in `run/`."""
    words = ("--date", DATE.isoformat(), "--lang", language, "--renderer", "builtin", "--draft")
    funnel(home, "report", *words)


def typst_source(home: Path) -> tuple[str, dict[str, bytes]]:
    source, problems = home / "report.qmd", Problems()
    document = read(home, source, problems)
    (page,) = write(document, [(TYPST, load(home, source, problems, MEETING)[0])], "funnel")
    return page, document.images


def make(staged: Path, home: Path) -> None:
    """Make every file of the sample in `staged`, of a demo's report repository in `home`."""
    funnel(home.parent, "init", home.name, "--from", "demo")
    settings = home / "funnel.yml"
    lines = settings.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not re.match(r"  (product|region): ", line)]
    settings.write_text("".join(kept), encoding="utf-8")
    made = dt.datetime.combine(DATE, dt.time(), dt.UTC)
    staged.mkdir()
    for language, name in (("ru", "page-1.ru.png"), ("en", "page-1.png")):
        report(home, language)
        source, images = typst_source(home)
        page = Image.open(io.BytesIO(compile_first_page(source, images, made, ppi=PPI))).convert("RGB")
        page.quantize(256, dither=Image.Dither.NONE).save(staged / name, optimize=True)
    (staged / "report.pdf").write_bytes(compile_pdf(source, images, made, tagged=False))
    for name in ("report.html", "explorer.html", "workbook.xlsx"):
        shutil.copyfile(home / "run" / "report" / name, staged / name)
    made_of = {"report_date": DATE.isoformat(), "methods": [change.key for change in CHANGES]}
    (staged / MADE_OF.name).write_text(json.dumps(made_of, indent=1) + "\n", encoding="utf-8")


def newer() -> list[str]:
    """Return the changes of method that came after the sample was made; all of them if there is none."""
    made_of = json.loads(MADE_OF.read_text(encoding="utf-8")) if MADE_OF.is_file() else {}
    return [change.key for change in CHANGES if change.key not in made_of.get("methods", ())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="only say whether the sample is older than the numbers"
    )
    if parser.parse_args().check:
        if not MADE_OF.is_file():
            print("Note: there is no sample report yet. To do before a release: make sample")
        elif late := newer():
            print(f"Note: docs/sample is older than the numbers ({', '.join(late)}).")
            print("To do before a release: make sample")
        return
    with tempfile.TemporaryDirectory() as folder:
        staged = Path(folder) / "sample"
        make(staged, Path(folder) / "demo")
        sizes = {path.name: path.stat().st_size for path in sorted(staged.iterdir())}
        for name, size in sizes.items():
            print(f"{size:>9,} {name}")
        if sum(sizes.values()) > MOST:
            sys.exit(
                f"Together {sum(sizes.values()):,} bytes; at most {MOST:,} may be kept. Nothing was changed."
            )
        shutil.rmtree(FOLDER, ignore_errors=True)
        shutil.copytree(staged, FOLDER)
    print(f"Made: {FOLDER}")


if __name__ == "__main__":
    main()
