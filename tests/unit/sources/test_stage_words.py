"""Canonical files whose stages are words of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from funnel.settings import Settings
from funnel.sources import read

ROWS = [
    ("1", "Новая заявка"),
    ("1", "Целевой лид"),
    ("1", "Успешно реализовано"),
    ("2", "Отказ"),
    ("2", "sale"),
]


def settings(**more: object) -> Settings:
    return Settings.model_validate({"stages": [{"key": "target"}, {"key": "sale"}], **more})


def files(folder: Path, rows: list[tuple[str, str]]) -> Path:
    (folder / "leads.csv").write_text("lead_id,created_at\n1,2026-01-01\n2,2026-01-01\n", encoding="utf-8")
    lines = [f"{id_},{stage},2026-01-0{n + 1}" for n, (id_, stage) in enumerate(rows)]
    text = "\n".join(["lead_id,stage,entered_at", *lines])
    (folder / "stage_entries.csv").write_text(text + "\n", encoding="utf-8")
    return folder


def test_words_that_are_no_stages_are_named_with_lines_that_read_the_file_as_pasted(tmp_path: Path) -> None:
    folder = files(tmp_path, ROWS[:4])
    told: list[str] = []
    assert len(read([folder], settings(), told.append).rejected) == 4
    (text,) = [line for line in told if "files:" in line]
    assert "4 words in the column stage are no stages of the funnel" in text
    pasted = yaml.safe_load(text[text.index("files:\n") :])
    batch = read([folder], settings(**pasted))
    entries = batch.tables["stage_entries"].select(["lead_id", "stage"]).to_pylist()
    assert [tuple(row.values()) for row in entries] == [("1", "target"), ("1", "sale"), ("2", "lost")]
    assert not batch.rejected


def test_where_some_words_are_stages_the_others_are_told_and_their_rows_set_aside(tmp_path: Path) -> None:
    told: list[str] = []
    batch = read([files(tmp_path, ROWS)], settings(), told.append)
    assert batch.tables["stage_entries"]["stage"].to_pylist() == ["sale"]
    assert len(batch.rejected) == 4
    assert any("Целевой лид: target" in text and "4 rows are set aside" in text for text in told)


def test_a_word_in_another_writing_counts_and_a_stage_that_is_none_is_told(tmp_path: Path) -> None:
    words = {"целевой  ЛИД": "target", "Отказ": "lost", "новая заявка": "lead", "УСПЕШНО реализовано": "sale"}
    told: list[str] = []
    batch = read([files(tmp_path, ROWS)], settings(files={"stage_*": {"stages": words}}), told.append)
    assert batch.tables["stage_entries"]["stage"].to_pylist() == ["target", "sale", "lost", "sale"]
    assert any("1 rows of no stage yet (lead) passed over" in text for text in told)
    with pytest.raises(ValueError, match=r"files\.a\.stages\.X: 'targt' is no stage.*target"):
        settings(files={"a": {"stages": {"X": "targt"}}})
