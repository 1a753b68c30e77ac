"""Files as other programs leave them on the way: what they spoil is put right, and told."""

from __future__ import annotations

from pathlib import Path

import yaml

from funnel.schema import Batch
from funnel.settings import Settings
from funnel.sources import Proposal, proposal, read

HEAD = ("Record ID", "Deal Stage", "Pipeline", "Amount", "Close Date", "Create Date", "Deal owner")
ROWS = (
    ("7", "Closed Won", "Sales", "5.50", "2026-09-05", "2026-09-01 10:00", "Anna"),
    ("8", "Demo", "Sales", "7", "2026-12-05", "2026-09-02 10:00", "Анна"),
)


def brought(path: Path) -> tuple[Proposal, Batch, list[str]]:
    found = proposal(path, None)
    assert found is not None
    stages = [{"key": key} for key in found.stages]
    told: list[str] = []
    settings = Settings.model_validate({"stages": stages, **yaml.safe_load(found.lines)})
    return found, read([path], settings, told.append), told


def test_ids_that_a_table_with_gaps_made_floating_point_are_whole_again(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    rows = [",".join((f"{row[0]}.0", *row[1:])) for row in ROWS]
    path.write_text("\n".join([",".join(HEAD), *rows, ",,,,,,"]), encoding="utf-8")
    _, batch, told = brought(path)
    assert batch.tables["leads"]["lead_id"].to_pylist() == ["7", "8"]
    assert any("written as numbers with .0" in text for text in told)


def test_one_id_with_a_point_leaves_all_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_text("\n".join([",".join(HEAD), ",".join(("7.0", *ROWS[0][1:])), ",".join(ROWS[1])]), "utf-8")
    assert brought(path)[1].tables["leads"]["lead_id"].to_pylist() == ["7.0", "8"]


def test_a_page_in_utf_16_with_a_title_and_without_a_head_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "deals.xls"
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in (HEAD, *ROWS))
    page = f'<html><meta charset="utf-16"><table><tr><td colspan=7>Сделки</td></tr>{lines}</table></html>'
    for encoding in ("utf-16", "utf-16-le"):
        path.write_bytes(page.encode(encoding))
        _, batch, _ = brought(path)
        assert batch.tables["leads"]["manager"].to_pylist() == ["Anna", "Анна"]
        assert not batch.rejected


def test_a_stage_that_only_a_repeated_row_names_is_proposed_too(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    again = ("7", "Legal review", *ROWS[0][2:])
    path.write_text("\n".join(",".join(row) for row in (HEAD, *ROWS, again)), encoding="utf-8")
    found, batch, _ = brought(path)
    assert "Legal review" in found.lines
    assert batch.tables["leads"]["lead_id"].to_pylist() == ["8"]
    assert all("stands in several rows with other content" in row.reason for row in batch.rejected)
