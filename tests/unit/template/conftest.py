"""A stranger's canonical files, small enough to count by hand."""

from pathlib import Path

import pytest

LEADS = """lead_id,created_at,source,owner,won_by,phone
1,2026-01-05T09:00:00+03:00,ads,Anna,,+7 916 123-45-67
2,2026-01-06 10:00:00,ads,Boris,,
3,2026-01-07,mail,Anna,,
4,,mail,Boris,,
5,2026-01-08 11:00:00,mail,Anna,Anna,
6,2026-01-09 12:00:00,ads,Anna,Boris,
"""
# By the alphabet: agreed, call, visit. By their counts: agreed and call alike. By time: call, visit, agreed.
ENTRIES = """lead_id,stage,entered_at
1,call,2026-01-05 12:00:00
2,call,2026-01-07 12:00:00
5,call,2026-01-09 12:00:00
5,visit,2026-01-12 12:00:00
5,agreed,2026-01-20 12:00:00
6,agreed,2026-01-19 12:00:00
6,visit,2026-01-12 12:00:00
1,lost,2026-01-30 12:00:00
2,agreed,2026-01-29 12:00:00
"""
PAYMENTS = """lead_id,paid_at,amount,currency
5,2026-01-21,100.00,eur
6,2026-01-21,200.00,EUR
6,2026-01-22,50.00,USD
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "their files"
    folder.mkdir()
    (folder / "leads.csv").write_text(LEADS)
    (folder / "stage_entries.csv").write_text(ENTRIES)
    (folder / "payments.csv").write_text(PAYMENTS)
    (folder / "notes.csv").write_text("a,b\n1,2\n")
    return folder
