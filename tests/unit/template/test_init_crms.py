"""`funnel init --from` a CRM's export: what is written reads the export as it is, and counts as the truth."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from crms import amocrm, bitrix24, hubspot, pipedrive, salesforce, world, zoho

DEALS = world.deals()
TRUTH = world.truth(DEALS)
FILES = {
    "amocrm": (amocrm.file_name(".csv"), amocrm.csv(DEALS, totals=True)),
    "bitrix24": (bitrix24.file_name(".xls"), bitrix24.xls(DEALS, products=True)),
    "hubspot": (hubspot.file_name(".csv"), hubspot.csv(DEALS, history=True)),
    "pipedrive": (pipedrive.file_name(".xlsx"), pipedrive.xlsx(DEALS, serials=True)),
    "salesforce": (salesforce.file_name(".csv"), salesforce.report_csv(DEALS)),
    "zoho": (zoho.file_name(".csv"), zoho.csv(DEALS)),
}


def made(funnel: Any, folder: Path, kind: str, data: Path) -> Any:
    words = ("--currency", "EUR", "--timezone", "Europe/Moscow", "--jobs", "none")
    return funnel("init", folder, "--from", kind, "--data", data, *words)


@pytest.mark.parametrize("crm", FILES)
def test_what_is_written_reads_the_export_and_counts_as_the_truth(
    funnel: Any, tmp_path: Path, crm: str
) -> None:
    name, content = FILES[crm]
    data = tmp_path / "home" / "exports"
    data.mkdir(parents=True)
    (data / name).write_bytes(content)
    home = tmp_path / "home"
    written = made(funnel, home, crm, data)
    assert written.code == 0, written.err
    config = home / "funnel.yml"
    brought = funnel("--config", config, "import")
    assert brought.code == 0, brought.err
    found = funnel("--config", config, "cohorts", "--date", "2026-09-22", "--weeks", "30", "--format", "csv")
    table = pd.read_csv(io.StringIO(found.out))
    created = pd.Series([deal.created for deal in DEALS])
    whole = created < pd.Timestamp("2026-09-21")  # the weeks that were complete
    assert table["leads"].sum() == whole.sum()
    won = pd.Series([deal.outcome == "won" for deal in DEALS])
    assert table["sale"].sum() == (won & whole).sum()
    again = funnel("--config", config, "import")
    assert "new 0, changed 0" in again.err


def test_history_beside_the_opportunities_dates_their_stages(funnel: Any, tmp_path: Path) -> None:
    data = tmp_path / "exports"
    data.mkdir()
    zone = "Europe/Moscow"
    (data / "opportunities.csv").write_bytes(salesforce.loader_csv(DEALS, zone))
    (data / "history.csv").write_bytes(salesforce.history_csv(DEALS, zone))
    home = tmp_path / "home"
    assert made(funnel, home, "salesforce", data).code == 0
    brought = funnel("--config", home / "funnel.yml", "import")
    assert brought.code == 0, brought.err
    assert "rows in which the stage did not change passed over" in brought.err
    found = funnel(
        "--config", home / "funnel.yml", "cohorts", "--date", "2026-07-06", "--weeks", "30", "--format", "csv"
    )
    table = pd.read_csv(io.StringIO(found.out))
    day, complete = pd.Timestamp("2026-07-06"), pd.Timestamp("2026-07-06")
    deals = [deal for deal in DEALS if deal.created < complete]
    assert table["leads"].sum() == len(deals)
    for stage in ("qualified", "proposal_stage" if "proposal_stage" in table else "proposal"):
        name = "Qualified" if stage == "qualified" else "Proposal"
        later = world.STAGES[world.STAGES.index(name) :]
        truth = sum(
            any(s in later and at < day for s, at in deal.stages)
            or (deal.outcome == "won" and deal.closed is not None and deal.closed < day)
            for deal in deals
        )
        assert table[stage].sum() == truth, stage


def test_the_file_of_another_crm_is_told(funnel: Any, tmp_path: Path) -> None:
    path = tmp_path / FILES["zoho"][0]
    path.write_bytes(FILES["zoho"][1])
    found = made(funnel, tmp_path / "home", "hubspot", path)
    assert found.code == 2
    assert "looks like an export of Zoho CRM" in found.err
    assert "--from zoho" in found.err
    assert not (tmp_path / "home").exists()
