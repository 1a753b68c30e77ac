"""Data of which every row is good and the whole is not: won deals alone, amounts in two units."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from funnel import settings as settings_file
from funnel.dates import AsOf
from funnel.gate.one_sided import amounts, only_won
from funnel.present.parts.gate_words import sentences
from funnel.present.parts.texts import Texts
from funnel.warehouse import Warehouse

DAY = dt.date(2026, 10, 19)
SETTINGS = """
timezone: Europe/Moscow
currency: RUB
stages: [{key: target}, {key: sale}]
schema: 2
"""


def paid(*usual: float, payments: int = 40, currency: str = "") -> pd.DataFrame:
    """Return months up to the report date with a usual amount each."""
    months = pd.date_range(end="2026-10-01", periods=len(usual), freq="MS")
    rows = {"currency": currency, "month": months, "payments": payments, "log_amount": np.log(usual)}
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("usual", "kind", "times"), [
    ([1000.0] * 8 + [100_000.0] * 3, "amounts_up", 100), ([90.0] * 8 + [1.0] * 4, "amounts_down", 1 / 90),
])  # fmt: skip
def test_amounts_in_another_unit_are_told_with_their_month(
    usual: list[float], kind: str, times: float
) -> None:
    (found,) = amounts(paid(*usual), DAY).to_dict("records")
    new = sum(one == usual[-1] for one in usual)
    assert (found["kind"], found["rows"], found["of"]) == (kind, 40 * new, 40 * len(usual))
    assert found["first"] == pd.date_range(end="2026-10-01", periods=new, freq="MS")[0]
    assert found["share"] == pytest.approx(times)


def test_what_grows_is_small_is_long_ago_or_of_another_currency_is_no_change_of_the_unit() -> None:
    assert amounts(paid(*np.geomspace(1000, 5000, 12)), DAY).empty
    assert amounts(paid(*[1000.0] * 6, *[9000.0] * 6), DAY).empty
    assert amounts(paid(*[1000.0] * 6, *[100_000.0] * 6, payments=9), DAY).empty
    assert amounts(paid(*[1000.0] * 6, *[100_000.0] * 16), DAY).empty
    two = [paid(*[1000.0] * 12), paid(*[10.0] * 4, currency="USD")]
    assert amounts(pd.concat(two, ignore_index=True), DAY).empty
    assert amounts(paid(), DAY).empty


def test_won_deals_alone_are_told_and_a_shop_that_sells_to_nine_of_ten_is_not() -> None:
    assert only_won(29, 29, "sale").empty and only_won(1000, 900, "sale").empty
    assert only_won(1000, 995, "sale")["kind"].tolist() == ["won"]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_page_one_and_check_tell_both(funnel: Any, tmp_path: Path, language: str) -> None:
    (tmp_path / "funnel.yml").write_text(SETTINGS)
    days = pd.date_range("2026-03-02", "2026-10-18", freq="D")
    ids = [f"L{number}" for number in range(len(days))]
    folder = tmp_path / "in"
    folder.mkdir()
    at = days.strftime("%Y-%m-%d 10:00")
    pd.DataFrame({"lead_id": ids, "created_at": at}).to_csv(folder / "leads.csv", index=False)
    sold = pd.DataFrame({"lead_id": ids, "stage": "sale", "entered_at": at})
    sold.to_csv(folder / "stage_entries.csv", index=False)
    amount = np.where(days < pd.Timestamp("2026-07-01"), 1000, 100_000)
    money = pd.DataFrame({"lead_id": ids, "paid_at": at, "amount": amount})
    money.to_csv(folder / "payments.csv", index=False)
    config = ("--config", tmp_path / "funnel.yml")
    assert funnel(*config, "import", folder).code == 0
    chosen = settings_file.load(tmp_path / "funnel.yml")
    with Warehouse.open(chosen.path("warehouse"), chosen) as house:
        known = house.findings(AsOf(DAY, dt.datetime(2027, 1, 1)))
    told = [one.replace("\u00a0", " ") for one in sentences(known, chosen, Texts(language), page=True)]
    of = f"{len(days)} of {len(days)}" if language == "en" else f"{len(days)} из {len(days)}"
    assert any(of in one and "sale" in one for one in told)
    times = "about 100 times as large" if language == "en" else "примерно в 100 раз больше"
    assert any(times in one for one in told), told
    if language == "en":
        assert "as if won deals alone" in funnel(*config, "check").err
