"""What the pages of the CRMs show as settings is accepted as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from funnel.settings import Settings

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("crm", ["bitrix24", "hubspot", "pipedrive"])
def test_the_settings_that_a_page_shows_are_accepted(crm: str) -> None:
    page = (ROOT / "docs" / "sources" / f"{crm}.md").read_text(encoding="utf-8")
    shown = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    accounts = [block for block in shown if crm in block]
    assert len(accounts) == 1
    stages = [{"key": key} for key in ("target", "proposal", "sale")]
    found = Settings.model_validate({"stages": stages, **accounts[0]}).account
    assert found is not None and found.key == crm and found.pipelines
