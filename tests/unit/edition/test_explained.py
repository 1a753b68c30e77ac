"""The explained change: by every attribute that people ask about, each adding up to the same whole."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from funnel import settings
from funnel.dates import AsOf
from funnel.edition.compute import ask
from funnel.edition.logbook import Logbook
from funnel.edition.money import ask_money
from funnel.edition.results import explained_by, results
from funnel.sources import read
from funnel.warehouse import Warehouse

ROOT = Path(__file__).parents[3]
DAY = dt.date(2022, 9, 26)


def test_slices_come_first_then_what_people_ask_about_and_the_settings_name() -> None:
    chosen = settings.load(ROOT / "funnel.yml")
    assert explained_by(chosen) == ("channel", "manager", "product")
    assert explained_by(chosen.model_copy(update={"slices": ("region",)})) == (
        "region", "channel", "manager", "product",
    )  # fmt: skip
    few = chosen.model_copy(update={"slices": ("region",), "attributes": {"region": {}, "product": {}}})
    assert explained_by(few) == ("region", "product")


def test_every_attribute_adds_up_to_the_change_that_was_counted(tmp_path: Path) -> None:
    chosen = settings.load(ROOT / "funnel.yml")
    with Warehouse.open(tmp_path / "w.duckdb", chosen, write=True) as warehouse:
        warehouse.load(read([ROOT / "data" / "demo"], chosen), dt.datetime(2022, 9, 26, 6))
        as_of = AsOf(DAY, warehouse.known_at())
        cubes = ask(warehouse, chosen, as_of, Logbook())
        asked = ask_money(warehouse, chosen, as_of)
    change = results(cubes, asked, [])["change"]
    assert list(dict.fromkeys(change["attribute"])) == ["channel", "manager", "product"]
    # Counted by hand: the four newest cohorts of reading age against the four before.
    sold = cubes.reached[(cubes.reached["attribute"] == "") & (cubes.reached["stage"] == "sale")]
    back = (DAY - sold["cohort_week"].dt.date).map(lambda apart: apart.days // 7)
    counted = sold["leads"][back.between(2, 5)].sum() - sold["leads"][back.between(6, 9)].sum()
    sums = change.groupby(["attribute", "level"])["reached"].sum()
    assert sums.to_numpy() == pytest.approx(float(counted))
    # The change of the conversion is the same too, and every part of the whole that of its values.
    points = change.groupby(["attribute", "level", "part"])["conversion"].sum().unstack("level")
    assert points["value"].to_numpy() == pytest.approx(points["whole"].to_numpy())
    wholes = points.groupby("attribute")["whole"].sum()
    assert wholes.to_numpy() == pytest.approx(wholes.iloc[0])
