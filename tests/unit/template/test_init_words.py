"""`funnel init --from files` where the stages of the files are words."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from funnel.settings import load

WAY = ("Новая заявка", "Целевой лид", "Отправлено КП: да", "Успешно реализовано")


def came(lead: int, day: int) -> dt.datetime:
    return dt.datetime(2026, 1, 5, 9 + lead % 7, lead) + dt.timedelta(days=lead + day)


def files(folder: Path, way: tuple[str, ...], lost: str) -> Path:
    """Forty leads, one a day: each tenth is sold, odd ones come to the third stage, each fourth is lost."""
    folder.mkdir()
    entries = []
    for lead in range(40):
        last = 4 if lead % 10 == 0 else 2 + lead % 2
        steps = [*way[:last], *([lost] if lead % 4 == 3 else [])]
        entries += [f'{lead},"{word}",{came(lead, day)}' for day, word in enumerate(steps)]
    leads = "".join(f"{lead},{came(lead, 0)}\n" for lead in range(40))
    (folder / "leads.csv").write_text("lead_id,created_at\n" + leads, encoding="utf-8")
    text = "lead_id,stage,entered_at\n" + "\n".join(entries) + "\n"
    (folder / "stage_entries.csv").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("way", "lost", "keys"),
    [
        (WAY, "Отказ клиента", ["tselevoy_lid", "otpravleno_kp_da", "sale"]),
        (("New lead", "Qualified", "Offer sent", "Won"), "Closed Lost", ["qualified", "offer_sent", "sale"]),
        (("first", "Second step", "third", "fourth"), "Lost", ["first", "second_step", "third", "fourth"]),
    ],
)
def test_words_become_stages_and_the_files_are_read_as_proposed(
    funnel: Any, tmp_path: Path, way: tuple[str, ...], lost: str, keys: list[str]
) -> None:
    data, home = files(tmp_path / "data", way, lost), tmp_path / "home"
    written = funnel("init", home, "--from", "files", "--data", data, "--timezone", "UTC", "--jobs", "none")
    assert written.code == 0, written.err
    assert "what the words in the column stage mean is a guess" in written.err
    assert list(load(home / "funnel.yml").stage_keys) == keys
    brought = funnel("--config", home / "funnel.yml", "import")
    assert brought.code == 0, brought.err
    assert "rejected 0; new 40" in brought.err
    words = ("cohorts", "--date", "2026-03-02", "--weeks", "12", "--format", "csv")
    counted = funnel("--config", home / "funnel.yml", *words)
    assert counted.code == 0, counted.err
    table = pd.read_csv(io.StringIO(counted.out))
    counts = table[["leads", *keys]].sum()
    assert [counts["leads"], counts[keys[-1]], counts[keys[-2]]] == [40, 4, 24]
