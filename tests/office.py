"""LibreOffice opens a workbook, makes its pivots anew and saves it, for the tests that read it back."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile

import openpyxl
import pandas as pd
import pytest

OFFICE = shutil.which("soffice")
needs_office = [
    pytest.mark.libreoffice,
    pytest.mark.skipif(
        OFFICE is None, reason="LibreOffice Calc is not installed (soffice is not on the path)"
    ),
]


def rewritten(path, target, change):
    """Copy a workbook; `change` is asked for the text of each part, by its name and text."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name).decode("utf-8")))
    return target


def bared(path, folder):
    """Take out what pivots and formulas show, so that it can come back only by a refresh."""

    def change(name, text):
        if name in ("xl/worksheets/sheet2.xml", "xl/worksheets/sheet3.xml"):
            text = re.sub("<sheetData>.*</sheetData>", "<sheetData/>", text, flags=re.S)
        return re.sub(r"</f><v>[^<]*</v>", "</f>", text) if name.startswith("xl/worksheets/sheet") else text

    return rewritten(path, folder / "bare.xlsx", change)


def saved_by_office(path, profile):
    """Return a workbook as LibreOffice saves it, or a list of several."""
    paths = path if isinstance(path, list) else [path]
    out = paths[0].parent / "saved"
    command = [OFFICE, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", "xlsx"]
    names = [str(one) for one in paths]
    subprocess.run([*command, "--outdir", str(out), *names], check=True, capture_output=True, timeout=600)
    books = [openpyxl.load_workbook(out / one.name, read_only=True, data_only=True) for one in paths]
    return books if isinstance(path, list) else books[0]


def table(sheet, head):
    """Return a pivot as LibreOffice lays it out: a row for each label, the last row being the total."""
    rows = list(sheet.iter_rows(values_only=True))
    top = next(at for at, row in enumerate(rows) if row and head in [str(cell).strip() for cell in row])
    names = [str(cell).strip() for cell in rows[top]]
    return pd.DataFrame(
        [row for row in rows[top + 1 :] if any(cell is not None for cell in row)], columns=names
    )
