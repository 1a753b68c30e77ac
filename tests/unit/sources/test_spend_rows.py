"""Ad spend by ad, by file, by day: all money that is in the files is counted once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from funnel.dates import AsOf
from funnel.settings import Settings, Stage
from funnel.sources import read
from funnel.warehouse import Warehouse

CONFIG = Settings(stages=(Stage(key="sale"),), currency="EUR")
BY_AD = (  # the case that failed: three of four rows were set aside as conflicting
    "date,channel,campaign,cost\n"
    "2024-06-03,facebook,spring,10.00\n"
    "2024-06-03,facebook,spring,7.50\n"
    "2024-06-03,facebook,spring,7.50\n"
    "2024-06-04,facebook,spring,5.00\n"
)


def imported(house: Warehouse, folder: Path, text: str, day: int, name: str = "spend.csv") -> list[str]:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    said: list[str] = []
    batch = read([folder / name], CONFIG, said.append)
    assert not batch.rejected
    house.load(batch, dt.datetime(2024, 7, day))
    return said


def costs(house: Warehouse, day: int = 30) -> dict[tuple[str, str], Decimal]:
    spend = house.spend(AsOf(dt.date(2024, 7, 1), dt.datetime(2024, 7, day)))
    return {(f"{row.date:%d}", row.campaign): row.cost for row in spend.itertuples()}


@pytest.fixture
def house(tmp_path: Path):
    with Warehouse.open(tmp_path / "w.duckdb", CONFIG, write=True) as opened:
        yield opened


@pytest.mark.parametrize("name", ["spend.csv", "my_costs.csv"])
def test_the_rows_of_single_ads_are_added_up_in_every_route(
    house: Warehouse, tmp_path: Path, name: str
) -> None:
    said = imported(house, tmp_path, BY_AD, 1, name)
    assert costs(house) == {("03", "spring"): Decimal("25.00"), ("04", "spring"): Decimal("5.00")}
    assert any("4 rows added up to 2" in line for line in said)


def test_rows_equal_in_everything_are_added_and_counted_in_a_note(house: Warehouse, tmp_path: Path) -> None:
    said = imported(house, tmp_path, BY_AD, 1)
    assert any(line.endswith("campaign, 1 of them equal to another in everything") for line in said)


def test_other_columns_and_clicks_do_not_stand_in_the_way(house: Warehouse, tmp_path: Path) -> None:
    text = (
        "date,channel,campaign,cost,clicks,ad,impressions\n"
        "2024-06-03,facebook,spring,1.10,5,a,\n"
        "2024-06-03,facebook,spring,2.20,,b,\n"
    )
    imported(house, tmp_path, text, 1)
    spend = house.spend(AsOf(dt.date(2024, 7, 1), dt.datetime(2024, 7, 2)))
    assert spend[["cost", "clicks"]].values.tolist() == [[Decimal("3.30"), 5]]
    assert spend["impressions"].isna().all()


def test_a_later_file_takes_the_place_of_its_days_and_the_same_again_changes_nothing(
    house: Warehouse, tmp_path: Path
) -> None:
    imported(house, tmp_path, BY_AD, 1)
    known = house.known_at()
    imported(house, tmp_path, BY_AD, 2)
    assert house.known_at() == known
    later = "date,channel,campaign,cost\n2024-06-04,facebook,summer,6.00\n2024-06-05,facebook,summer,1.00\n"
    imported(house, tmp_path / "later", later, 3)
    assert costs(house) == {
        ("03", "spring"): Decimal("25.00"),
        ("04", "summer"): Decimal("6.00"),
        ("05", "summer"): Decimal("1.00"),
    }
    assert costs(house, 2)[("04", "spring")] == Decimal("5.00")  # as it was known then


def test_files_of_other_accounts_leave_each_other_alone(house: Warehouse, tmp_path: Path) -> None:
    head = "date,channel,campaign,cost,platform,account\n"
    imported(house, tmp_path, head + "2024-06-03,ads,a,1,google,one\n", 1)
    imported(house, tmp_path, head + "2024-06-03,ads,b,2,google,two\n", 2)
    assert costs(house) == {("03", "a"): Decimal("1.00"), ("03", "b"): Decimal("2.00")}


def test_of_two_files_in_one_import_the_later_counts_and_nothing_is_told_as_lost(tmp_path: Path) -> None:
    paths = []
    for name, cost in (("june", 1), ("june-corrected", 2)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "spend.csv").write_text(f"date,channel,cost\n2024-06-03,facebook,{cost}\n")
        paths.append(folder)
    batch = read(paths, CONFIG)
    assert batch.tables["spend"]["cost"].to_pylist() == [Decimal("2.00")]
    (aside,) = batch.rejected
    assert aside.copy and "brings these days of its platform and account anew" in aside.reason
