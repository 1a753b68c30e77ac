"""A company's own tables: their names and columns, offsets and rights, and what is said where one lacks."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from funnel.dates import AsOf
from funnel.errors import InputError
from funnel.settings import Settings, Stage
from funnel.settings_engine import EngineTable
from funnel.warehouse import Warehouse
from tests.engines.conftest import WORD, Server, connect

pytestmark = pytest.mark.engines
TABLES = """
DROP SCHEMA IF EXISTS crm CASCADE;
CREATE SCHEMA crm;
CREATE TABLE crm.deals (id bigint, opened timestamptz, utm text, phone text, client int);
INSERT INTO crm.deals VALUES
    (9007199254740993, '2022-09-11 22:30+00', 'web', '+7 916 123-45-67', 7),
    (2, '2022-09-12 10:00+03', 'web ', NULL, 7), (3, '2022-09-13 10:00+03', NULL, NULL, NULL);
CREATE VIEW crm.log AS SELECT * FROM (VALUES
    (9007199254740993::bigint, 'sale', '2022-09-15'::date), (2, 'call', '2022-09-14'),
    (3, 'lost', '2022-09-14')
) AS log (deal, step, on_day);
GRANT USAGE ON SCHEMA crm TO reader;
GRANT SELECT ON ALL TABLES IN SCHEMA crm TO reader;
"""


@pytest.fixture
def company(postgres: Server) -> Settings:
    with connect(postgres) as owner:
        owner.execute(TABLES)
    return Settings(
        stages=(Stage(key="call"), Stage(key="sale")),
        timezone="Europe/Moscow",
        attributes={"channel": {}},
        warehouse=postgres.address,
        tables={
            "leads": EngineTable(
                table="crm.deals",
                columns={"lead_id": "id", "created_at": "opened", "channel": "utm", "customer_id": "client"},
            ),
            "stage_entries": EngineTable(
                table="crm.log", columns={"lead_id": "deal", "stage": "step", "entered_at": "on_day"}
            ),
        },
    )


def test_tables_and_columns_are_read_by_the_names_they_have(company: Settings) -> None:
    as_of = AsOf(dt.date(2022, 9, 19), dt.datetime(2022, 9, 19))
    with Warehouse.of(company) as house:
        assert house.attributes() == ("channel",)  # the telephone is of no attribute, so it is never read
        cube = house.reached(as_of, [("channel",)])
        waiting = house.long_waiting(as_of, {"lead": 0.5, "call": 0.5}, ["channel"])
    found = {(row.value, f"{row.cohort_week:%m-%d}", row.stage): row.leads for row in cube.itertuples()}
    # half past one on Monday in Moscow is Sunday evening in UTC: the lead is of Monday's cohort
    assert found == {
        ("web", "09-12", "lead"): 2, ("web", "09-12", "call"): 2, ("web", "09-12", "sale"): 1,
        ("", "09-12", "lead"): 1, ("", "09-12", "lost"): 1,
    }  # fmt: skip
    assert waiting["lead_id"].tolist() == ["2"]


def test_nothing_can_be_written(company: Settings) -> None:
    with Warehouse.of(company) as house, pytest.raises(Exception, match="read-only transaction"):
        house._foreign.leads.get_backend().raw_sql("CREATE TEMPORARY TABLE made (a int)")
    with pytest.raises(InputError, match="it is a database of the company, which is only read"):
        Warehouse.of(company, write=True)


def test_all_that_is_missing_is_said_at_once(company: Settings) -> None:
    tables = {
        "leads": EngineTable(table="crm.deals", columns={"lead_id": "idd", "chanel": "utm"}),
        "stage_entries": EngineTable(table="crm.nothing"),
    }
    with pytest.raises(InputError) as caught:
        Warehouse.of(company.model_copy(update={"tables": tables}))
    said = str(caught.value)
    assert "tables.leads.columns, lead_id: crm.deals has no column 'idd'" in said
    assert "tables.leads.columns, chanel: is no column of leads" in said and "channel" in said
    assert "there is no column 'created_at'" in said
    assert "table crm.nothing" in said


def test_what_it_lacks_is_told(company: Settings, postgres: Server) -> None:
    with connect(postgres) as owner:
        owner.execute(
            "INSERT INTO crm.deals VALUES (3, '2022-09-13 10:00+03'), (NULL, '2022-09-13 10:00+03')"
        )
    with Warehouse.of(company) as house:
        found = house.lacks()
    problems = [str(one) for weight, one in found if weight == "problem"]
    remarks = [str(one) for weight, one in found if weight == "remark"]
    assert [text.partition(";")[0] for text in problems] == [
        "leads, column lead_id: 1 rows have none, and are left out",
        "leads: 1 keys (lead_id) stand more than once, and count so often",
    ]
    assert any("payments: it is not there, or empty" in text for text in remarks)
    assert any("always known" in text for text in remarks)


def test_no_message_and_no_record_holds_the_password(
    company: Settings, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert WORD not in company.model_dump_json()
    secret = "another word " + WORD
    monkeypatch.setenv("PGPASSWORD", secret)
    with pytest.raises(InputError) as caught:
        Warehouse.of(company)
    assert "password authentication failed" in str(caught.value) and secret not in str(caught.value)
    monkeypatch.setenv("PGPASSWORD", WORD)
    gone = company.model_copy(update={"warehouse": "postgres://reader@127.0.0.1:1/postgres"})
    with pytest.raises(InputError, match="The database cannot be read"):
        Warehouse.of(gone)


def test_commands_read_it(company: Settings, funnel, tmp_path: Path) -> None:
    text = f"""
timezone: Europe/Moscow
stages: [{{key: call}}, {{key: sale}}]
attributes: {{channel: {{}}}}
warehouse: {company.warehouse}
tables:
  leads: {{table: crm.deals, columns: {{lead_id: id, created_at: opened, channel: utm}}}}
  stage_entries: {{table: crm.log, columns: {{lead_id: deal, stage: step, entered_at: on_day}}}}
"""
    config = tmp_path / "funnel.yml"
    config.write_text(text)
    table = funnel("--config", config, "cohorts", "--date", "2022-09-19", "--format", "csv")
    assert (table.code, table.out.splitlines()[-1][:12]) == (0, "2022-09-12,0")
    assert funnel("--config", config, "check", "--engine").code == 0
    assert funnel("--config", config, "doctor").code in (0, 1)
    refused = funnel("--config", config, "import", tmp_path)
    assert refused.code == 2 and "which is only read" in refused.err
