"""Each CRM's own export, with its traps, read by the settings that are proposed for it alone."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from crms import amocrm, bitrix24, hubspot, pipedrive, salesforce, world, zoho
from funnel.schema import Batch
from funnel.settings import Settings
from funnel.sources import Proposal, proposal, read

DEALS = world.deals()
TRUTH = world.truth(DEALS)
ROUBLES = world.deals(currencies=("RUB",))
ZONE = "Europe/Moscow"

FILES = {
    "amocrm": [
        (amocrm.file_name(".csv"), amocrm.csv(DEALS)),
        (amocrm.file_name(".csv"), amocrm.csv(DEALS, totals=True)),
        (amocrm.file_name(".xlsx"), amocrm.xlsx(DEALS)),
    ],
    "bitrix24": [
        (bitrix24.file_name(".csv"), bitrix24.csv(DEALS)),
        (bitrix24.file_name(".csv"), bitrix24.csv(DEALS, products=True)),
        (bitrix24.file_name(".csv"), bitrix24.csv(DEALS, "en", products=True, bom=False)),
        (bitrix24.file_name(".xls"), bitrix24.xls(DEALS)),
        (bitrix24.file_name(".xls"), bitrix24.xls(DEALS, "en", products=True)),
        (bitrix24.file_name(".xls"), bitrix24.xls(DEALS, charset="windows-1251")),
    ],
    "hubspot": [
        (hubspot.file_name(".csv"), hubspot.csv(DEALS)),
        (hubspot.file_name(".csv"), hubspot.csv(DEALS, history=True)),
        (hubspot.file_name(".xlsx"), hubspot.xlsx(DEALS, history=True)),
    ],
    "pipedrive": [
        (pipedrive.file_name(".csv"), pipedrive.csv(DEALS)),
        (pipedrive.file_name(".csv"), pipedrive.csv(DEALS, prefix="Сделка")),
        (pipedrive.file_name(".xlsx"), pipedrive.xlsx(DEALS)),
        (pipedrive.file_name(".xlsx"), pipedrive.xlsx(DEALS, serials=True)),
    ],
    "salesforce": [
        (salesforce.file_name(".csv"), salesforce.report_csv(DEALS)),
        (salesforce.file_name(".csv"), salesforce.report_csv(DEALS, currency=False, encoding="utf-8")),
        (salesforce.file_name(".xls"), salesforce.report_xls(DEALS)),
        (salesforce.file_name(".xlsx"), salesforce.report_xlsx(DEALS)),
        ("opportunities.csv", salesforce.loader_csv(DEALS, ZONE)),
    ],
    "zoho": [
        (zoho.file_name(".csv"), zoho.csv(DEALS)),
        (zoho.file_name(".csv"), zoho.csv(DEALS, order="eu")),
        (zoho.file_name(".csv"), zoho.csv(DEALS, order="iso")),
    ],
}
CASES = [(crm, name, content) for crm, files in FILES.items() for name, content in files]


def settings_of(found: Proposal, currency: str = "EUR") -> Settings:
    """Make `funnel.yml` of a proposal and of nothing else."""
    stages = [{"key": key, "name": {"en": name}} for key, name in found.stages.items()]
    content = {"timezone": ZONE, "currency": currency, "stages": stages, **yaml.safe_load(found.lines)}
    return Settings.model_validate(content)


def opened(folder: Path, name: str, content: bytes) -> tuple[Proposal, Batch, list[str]]:
    path = folder / name
    path.write_bytes(content)
    found = proposal(path, None)
    assert found is not None
    told: list[str] = []
    return found, read([path], settings_of(found, found.currency or "EUR"), told.append), told


@pytest.mark.parametrize(
    ("crm", "name", "content"), CASES, ids=[f"{c}-{n}-{i}" for i, (c, n, _) in enumerate(CASES)]
)
def test_an_export_read_by_what_is_proposed_counts_as_the_truth(
    tmp_path: Path, crm: str, name: str, content: bytes
) -> None:
    found, batch, told = opened(tmp_path, name, content)
    assert found.profile == crm
    assert (found.counts["rows"], found.counts["won"], found.counts["lost"]) == (80, TRUTH.won, TRUTH.lost)
    leads = batch.tables["leads"]
    assert leads.num_rows == TRUTH.leads
    totals = 1 if "totals" in str(content[-200:]) or content.rstrip().endswith(b"," * 16) else 0
    assert [row.reason for row in batch.rejected if row.table == "leads"][totals:] == [], told
    entries = batch.tables["stage_entries"].to_pylist()
    counts = Counter(entry["stage"] for entry in entries)
    assert (counts["sale"], counts["lost"]) == (TRUTH.won, TRUTH.lost)
    days = sorted(entry["entered_at"].date() for entry in entries if entry["stage"] == "sale")
    assert tuple(days) == TRUTH.won_days
    owners = Counter(leads["manager"].to_pylist())
    if "opportunities" not in name:
        assert owners == TRUTH.owners
    paid = batch.tables["payments"]["amount"].to_pylist()
    assert sum(paid, Decimal()) == TRUTH.revenue
    assert len(paid) == TRUTH.won
