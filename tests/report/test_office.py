"""Word and PowerPoint from the same source: tables and pictures are their own, and LibreOffice opens both."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from funnel.publish.office import reference, write
from funnel.publish.render import render
from tests.office import OFFICE

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
HEIGHT, WIDTH = 5_143_500, 9_144_000


@pytest.fixture
def made(project, kit) -> Path:
    out = project / "out"
    for _ in range(2):
        kept = {path.name: path.read_bytes() for path in out.glob("*")} if out.exists() else {}
        found = render(project, report_date=kit.day, out=out, renderer="builtin", formats={"docx", "pptx"})
    assert [path.name for path in found.files] == ["report.docx", "report.pptx"]
    assert {path.name: path.read_bytes() for path in out.glob("*")} == kept
    return out


def parts(path: Path, begins: str) -> list[ElementTree.Element]:
    with zipfile.ZipFile(path) as archive:
        return [
            ElementTree.fromstring(archive.read(name))
            for name in sorted(archive.namelist())
            if re.fullmatch(f"{begins}\\d*\\.xml", name)
        ]


def texts(tree: ElementTree.Element, name: str) -> set[str]:
    return {"".join(cell.itertext()) for cell in tree.iter(name)}


def test_tables_are_tables_and_hold_every_number(made: Path, kit) -> None:
    wanted = {text for row in [kit.headers, *kit.rows] for text in row}
    (document,) = parts(made / "report.docx", "word/document")
    assert wanted <= texts(document, f"{W}tc")
    assert [size.get(f"{W}orient") for size in document.iter(f"{W}pgSz")] == ["landscape"]
    slides = parts(made / "report.pptx", "ppt/slides/slide")
    assert wanted <= set().union(*(texts(slide, f"{A}tc") for slide in slides))
    for name in ("report.docx", "report.pptx"):
        with zipfile.ZipFile(made / name) as archive:
            assert any("/media/" in part for part in archive.namelist())


def test_quarto_gives_word_lying_pages_and_small_tables_by_one_document(
    tmp_path: Path,
) -> None:
    made = tmp_path / "reference.docx"
    made.write_bytes(reference())
    assert made.read_bytes() == reference()
    (document,), (styles,) = parts(made, "word/document"), parts(made, "word/styles")
    assert [size.get(f"{W}orient") for size in document.iter(f"{W}pgSz")] == ["landscape"]
    (table,) = (style for style in styles.iter(f"{W}style") if style.get(f"{W}styleId") == "Table")
    assert [one.get(f"{W}val") for one in table.iterfind(f"{W}rPr/{W}sz")] == ["16"]


def test_what_stands_on_a_slide_stands_within_it(made: Path) -> None:
    for slide in parts(made / "report.pptx", "ppt/slides/slide"):
        for place in (one for one in slide.iter() if one.tag.endswith("}xfrm")):
            off, size = place.find(f"{A}off"), place.find(f"{A}ext")
            assert int(off.get("x")) + int(size.get("cx")) <= WIDTH + 2
            assert int(off.get("y")) + int(size.get("cy")) <= HEIGHT + 2


@pytest.mark.libreoffice
@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed (soffice is not on the path)")
@pytest.mark.parametrize("kind", ["docx", "pptx"])
def test_libreoffice_shows_it(made: Path, tmp_path: Path, kind: str, kit) -> None:
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [OFFICE, profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path)]
    done = subprocess.run(
        [*command, str(made / f"report.{kind}")], capture_output=True, timeout=180, check=False
    )
    if b"could not be loaded" in done.stderr + done.stdout:
        pytest.skip(f"LibreOffice has no program for {kind} here (libreoffice-writer, libreoffice-impress)")
    shown = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "report.pdf"), "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert all(text in shown.replace("\n", " ") for row in kit.rows for text in row[2:])


def test_a_wide_table_is_cut_between_its_groups_and_no_letter_is_small(tmp_path: Path) -> None:
    """Thirty columns under ten heads, 25 rows: each slide has the first column, whole groups and 9 points."""
    groups = [f"Group {at}" for at in range(10)]
    above = "".join(f'<th colspan="3">{name}</th>' for name in groups)
    below = "".join(f"<th>{name[-1]}{kind}</th>" for name in groups for kind in "abc")
    rows = [[f"Cohort {row:02}", *(f"{row:02}{column:02} %" for column in range(30))] for row in range(25)]
    body = "".join("<tr>" + "".join(f"<td>{text}</td>" for text in row) + "</tr>" for row in rows)
    head = f'<thead><tr><th rowspan="2">Cohort</th>{above}</tr><tr>{below}</tr></thead>'
    caption = "<figcaption>Wide</figcaption>"
    page = f"<figure><table>{head}<tbody>{body}</tbody></table><p>A note</p>{caption}</figure>"
    write(page, "pptx", tmp_path / "wide.pptx", dt.datetime(2022, 9, 26, tzinfo=dt.UTC))
    slides = parts(tmp_path / "wide.pptx", "ppt/slides/slide")
    tables = [table for slide in slides for table in slide.iter(f"{A}tbl")]
    assert {text for row in rows for text in row} <= set().union(*(texts(one, f"{A}tc") for one in tables))
    for table in tables:
        told = texts(table, f"{A}tc")
        assert "Cohort" in told and told & {row[0] for row in rows}
        for name in groups:
            assert {name, *(f"{name[-1]}{kind}" for kind in "abc")} <= told or name not in told
    letters = [int(run.get("sz")) for slide in slides for run in slide.iter(f"{A}rPr") if run.get("sz")]
    assert letters and min(letters) >= 900


def test_the_first_slide_has_the_date_and_short_sections_share_a_slide(tmp_path: Path) -> None:
    """A long section and a table have slides of their own; what is said in a line shares one."""
    head = '<title>Company</title><meta name="description" content="Report date 26 Sep 2022">'
    short = "".join(f"<h2>Section {at}</h2><p>Nothing of {at}.</p>" for at in "abc")
    table = "<h2>Table</h2><figure><table><tr><td>1</td></tr></table><figcaption>Words</figcaption></figure>"
    long = f"<h2>Long</h2><p>{'Many words. ' * 60}</p>"
    said = f"<main>{short}{table}{long}<h2>Last</h2><p>End.</p></main>"
    page = f"<html><head>{head}</head><body>{said}</body></html>"
    made = dt.datetime(2022, 9, 26, tzinfo=dt.UTC)
    write(page, "pptx", tmp_path / "few.pptx", made)
    slides = [list(texts(slide, f"{A}p")) for slide in parts(tmp_path / "few.pptx", "ppt/slides/slide")]
    assert "Report date 26 Sep 2022" in slides[0]
    together = {"Section a", "Nothing of a.", "Section b", "Nothing of b.", "Section c", "Nothing of c."}
    assert together <= set(slides[1]) and len(slides) == 5
    assert ["Words" in slides[2], "Long" in slides[3], "Last" in slides[4]] == [True] * 3
    write(page, "docx", tmp_path / "few.docx", made)
    (document,) = parts(tmp_path / "few.docx", "word/document")
    assert "Report date 26 Sep 2022" in {text.strip() for text in texts(document, f"{W}p")}


def test_a_row_or_two_stay_on_one_slide(tmp_path: Path) -> None:
    cells = "".join(f"<td>{at} % against the previous week</td>" for at in range(6))
    rows = "".join(f"<tr><td>Row {at}</td>{cells}</tr>" for at in range(2))
    head = "".join(f"<th>Stage {at}</th>" for at in range(7))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    page = f"<figure>{table}<figcaption>T</figcaption></figure>"
    write(page, "pptx", tmp_path / "row.pptx", dt.datetime(2022, 9, 26, tzinfo=dt.UTC))
    slides = parts(tmp_path / "row.pptx", "ppt/slides/slide")
    assert [len(list(slide.iter(f"{A}gridCol"))) for slide in slides if list(slide.iter(f"{A}tbl"))] == [7]
