"""`funnel init --from wide` and `--from crm`: a sheet of a stranger is read without an edit."""

from pathlib import Path
from typing import Any

import pytest

from funnel import settings
from tests.crms import amocrm, bitrix24, hubspot, pipedrive, world, zoho

WIDE = """Lead no;Received;Source;Manager;Phone;Qualified on;Proposal sent;Paid;Lost on
A-1;05.01.2026;ads;Anna;+7 916 123-45-67;07.01.2026;15.01.2026;30.01.2026;
A-2;06.01.2026;ads;Boris;+7 916 123-45-68;08.01.2026;;;20.01.2026
A-3;13.01.2026;mail;Anna;;;;;25.01.2026
A-4;14.01.2026;mail;Anna;;16.01.2026;22.01.2026;;
"""


def test_a_wide_sheet_is_read_as_it_stands(funnel: Any, tmp_path: Path) -> None:
    (tmp_path / "sheet.csv").write_text(WIDE, encoding="utf-8")
    said = funnel("init", tmp_path / "company", "--from", "wide", "--data", tmp_path / "sheet.csv")
    assert said.code == 0, said.err
    config = tmp_path / "company" / "funnel.yml"
    made = settings.load(config)
    assert len(made.stage_keys) == 3 and made.stage_keys[-1] == "sale"
    assert set(made.attributes) == {"Source", "Manager"}
    read = funnel("--config", config, "import").err
    assert "leads: read 4 = accepted 4 + rejected 0" in read
    assert "stage_entries: read 8 = accepted 8 + rejected 0" in read  # 3 + 2 + 1 dates, and 2 losses
    slices = funnel(
        "--config", config, "cohorts", "--date", "2026-02-02", "--by", "Source", "--format", "csv"
    )
    assert "2026-01-05,3,ads,2,2,1,1" in slices.out


@pytest.mark.parametrize("crm", [amocrm, bitrix24, hubspot, pipedrive, zoho], ids=lambda crm: crm.__name__)
def test_the_export_of_a_crm_is_read_as_it_stands(funnel: Any, tmp_path: Path, crm: Any) -> None:
    made = world.deals(60)
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / crm.file_name(".csv")).write_bytes(crm.csv(made))
    said = funnel("init", tmp_path / "company", "--from", "crm", "--data", tmp_path / "export")
    assert said.code == 0, said.err
    config = tmp_path / "company" / "funnel.yml"
    read, true = funnel("--config", config, "import").err, world.truth(made)
    assert f"leads: read {true.leads} = accepted {true.leads} + rejected 0" in read
    assert f"payments: read {true.won} = accepted {true.won} + rejected 0" in read and true.won


def test_a_file_that_nothing_reads_writes_nothing(funnel: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    said = funnel("init", tmp_path / "company", "--from", "wide", "--data", tmp_path / "notes.csv")
    assert said.code == 2 and "no file in it is one we know" in said.err
    assert not (tmp_path / "company").exists()
    said = funnel("init", tmp_path / "company", "--from", "crm", "--data", tmp_path / "absent.csv")
    assert said.code == 2 and "there is no such file" in said.err
