"""The list of leads that wait too long, with their pages in the CRM: who stands in it, in which order."""

import datetime as dt
import random
from pathlib import Path

import pytest

from funnel.dates import AsOf
from funnel.edition.people import waiting_leads
from funnel.settings import Settings, Stage
from funnel.settings_links import lead_url
from funnel.sources import read
from funnel.warehouse import Warehouse

DAY = dt.date(2022, 6, 6)


@pytest.fixture
def company(tmp_path: Path) -> Settings:
    """120 leads move on within 9 days; two more wait for months, one of them beyond the first stage."""
    chance = random.Random(1)
    leads, entries = ["lead_id,created_at,manager"], ["lead_id,stage,entered_at"]
    for number in range(120):
        came = dt.datetime(2022, 1, 3) + dt.timedelta(hours=20 * number)
        leads.append(f"{number},{came},Anna")
        first = came + dt.timedelta(days=1 + 8 * chance.random())
        entries += [f"{number},call,{first}", f"{number},sale,{first + dt.timedelta(days=2)}"]
    leads += [
        "late,2022-04-04 10:00:00,Boris",
        "later,2022-03-01 10:00:00,",
        "+7 916 123-45-67,2022-03-01,Boris",
    ]
    leads += ["new,2022-06-04 10:00:00,Boris"]
    entries += ["late,call,2022-04-10 12:00:00"]
    (tmp_path / "leads.csv").write_text("\n".join(leads), encoding="utf-8")
    (tmp_path / "stage_entries.csv").write_text("\n".join(entries), encoding="utf-8")
    settings = Settings(
        stages=(Stage(key="call"), Stage(key="sale")),
        attributes={"manager": {}},
        crm_url={"": "https://acme.amocrm.ru/leads/detail/{id}"},
        root=tmp_path,
    )
    with Warehouse.open(tmp_path / "w.duckdb", settings, write=True) as house:
        house.load(
            read([tmp_path / "leads.csv", tmp_path / "stage_entries.csv"], settings), dt.datetime(2022, 7, 1)
        )
    return settings


def test_those_furthest_come_first_with_their_pages_in_the_crm(company: Settings) -> None:
    with Warehouse.open(company.root / "w.duckdb", company) as house:
        found = waiting_leads(house, company, AsOf(DAY, dt.datetime(2022, 8, 1)), ["manager"])
        plain = company.model_copy(update={"crm_url": {}})
        without = waiting_leads(house, plain, AsOf(DAY, dt.datetime(2022, 8, 1)))
    told = found[["lead_id", "stage", "manager", "crm_url"]].to_numpy().tolist()
    assert told[0] == ["late", "call", "Boris", "https://acme.amocrm.ru/leads/detail/late"]
    assert ["later", "lead", "", "https://acme.amocrm.ru/leads/detail/later"] in told
    assert {row[0]: row[3] for row in told}.get("[personal]", "") == ""  # a blotted id leads nowhere
    assert (found["waited_days"] > found["limit_days"]).all()
    assert (found["limit_days"] < 10).all()
    assert "new" not in found["lead_id"].tolist()
    assert set(without["crm_url"]) == {""}


def test_an_address_that_excel_cannot_open_is_left_out() -> None:
    templates = {"": "https://acme.ru/{id}"}
    assert lead_url(templates, "я" * 2000) == ""
    assert lead_url(templates, "../../x?y#z") == "https://acme.ru/..%2F..%2Fx%3Fy%23z"
    assert lead_url(templates, "") == ""
    assert lead_url({"a-": "https://a.ru/{id}", "a-b-": "https://b.ru/{id}"}, "a-b-7") == "https://b.ru/7"
