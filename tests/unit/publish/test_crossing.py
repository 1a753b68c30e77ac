"""Which attributes workbook and explorer have where all of them together would make too many rows."""

from __future__ import annotations

import base64
import datetime as dt
import re
import zlib
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from funnel import settings as settings_file
from funnel.edition.compute import compute
from funnel.publish import explorer, workbook
from funnel.settings import Explorer, WorkbookSize
from funnel.sources import read
from funnel.warehouse import Warehouse
from tests.conftest import new_project

SETTINGS = """
stages: [{key: target}, {key: sale}]
attributes: {city: {}, channel: {}, campaign: {}, manager: {}}
slices: [channel]
schema: 2
"""
DAYS = pd.date_range("2026-06-01", "2026-10-18", freq="D")
SIZES = {"city": 7, "channel": 2, "campaign": 5, "manager": 3}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = new_project(tmp_path_factory.mktemp("rows"), SETTINGS)
    leads = pd.DataFrame({"created_at": DAYS.repeat(12)})
    for prime, (name, size) in zip((1, 3, 5, 7), SIZES.items(), strict=True):
        leads[name] = [f"{name} {number * prime // 4 % size}" for number in range(len(leads))]
    leads.insert(0, "lead_id", [f"L{number}" for number in range(len(leads))])
    chosen = settings_file.load(folder / "funnel.yml")
    sold = leads.iloc[::5].assign(stage="sale", entered_at=leads["created_at"] + pd.Timedelta(days=2))
    source = folder / "in"
    source.mkdir()
    leads.to_csv(source / "leads.csv", index=False)
    sold[["lead_id", "stage", "entered_at"]].to_csv(source / "stage_entries.csv", index=False)
    with Warehouse.open(chosen.path("warehouse"), chosen, write=True) as opened:
        opened.load(read([source], chosen), dt.datetime(2026, 10, 19, 6))
    return folder


def cube_of(page: Path) -> str:
    (packed,) = re.findall(r'id="cube"[^>]*>([^<]+)<', page.read_text(encoding="utf-8"))
    return zlib.decompress(base64.b64decode(packed)).decode("utf-8", errors="replace")


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        (250_000, ["city", "channel", "campaign", "manager"]),
        (650, ["channel", "campaign", "manager"]),
        (200, ["channel", "manager"]),
        (50, ["channel"]),
        (30, []),
    ],
)
def test_what_is_shown_stays_and_sums_stay(house: Path, rows: int, kept: list[str]) -> None:
    chosen = settings_file.load(house / "funnel.yml")
    with Warehouse.open(chosen.path("warehouse"), chosen) as opened:
        edition = compute(opened, chosen, dt.date(2026, 10, 19))
        size = WorkbookSize.model_construct(rows=rows)
        cut = replace(edition, settings=chosen.model_copy(update={"workbook": size}))
        whole, gathered = workbook.gather(opened, edition), workbook.gather(opened, cut)
    assert list(gathered.crossed) == kept
    assert gathered.attributes == tuple(SIZES)
    assert len(gathered.flat) <= rows
    for name in ("leads", "target", "sale"):
        sums = gathered.flat.groupby("cohort_week")[name].sum()
        assert sums.equals(whole.flat.groupby("cohort_week")[name].sum())


def test_the_explorer_says_what_it_has_no_room_for(house: Path, tmp_path: Path) -> None:
    chosen = settings_file.load(house / "funnel.yml")
    size = Explorer.model_construct(cells=200, min_cell=1)
    with Warehouse.open(chosen.path("warehouse"), chosen) as opened:
        edition = compute(opened, chosen, dt.date(2026, 10, 19))
        cut = replace(edition, settings=chosen.model_copy(update={"explorer": size}))
        whole, gathered = explorer.gather(opened, edition), explorer.gather(opened, cut)
    assert whole.left_out == () and whole.cross.attributes == tuple(SIZES)
    assert gathered.left_out == ("city", "campaign") and gathered.cross.attributes == ("channel", "manager")
    assert len(gathered.cross.leads) <= 200 and gathered.cross.leads.sum() == whole.cross.leads.sum()
    said = "Not in here: city, campaign. With it there would be more than 200 cells"
    for given, there in ((gathered, True), (whole, False)):
        told = cut if there else edition
        explorer.write(tmp_path / "explorer.html", given, told, ["en"])
        assert (said in cube_of(tmp_path / "explorer.html")) == there
