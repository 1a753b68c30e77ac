"""A folder with the exports of several pipelines of one CRM: all are read, each with its pipeline."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

import yaml

from crms import hubspot, world
from funnel.schema import Known
from funnel.settings import Settings
from funnel.sources import read
from funnel.template import sheet
from funnel.template.proposal import Proposal

DEALS = world.deals(120)
OF = {name: [deal for deal in DEALS if deal.pipeline == name] for name in world.PIPELINES}


def table(deals: list[world.Deal], leave: tuple[str, ...] = (), *, history: bool = False) -> bytes:
    rows = hubspot.rows(deals, history=history)
    keep = [n for n, name in enumerate(rows[0]) if not any(word in name for word in leave)]
    stream = io.StringIO()
    csv.writer(stream).writerows([[row[n] for n in keep] for row in rows])
    return stream.getvalue().encode()


def settings_of(found: Proposal) -> Settings:
    stages = [{"key": stage.key} for stage in found.stages]
    return Settings.model_validate({"stages": stages, "currency": "EUR", **yaml.safe_load(found.block)})


def pipelines(folder: Path, settings: Settings) -> Counter[tuple[str, bool]]:
    batch = read([folder], settings)
    assert not batch.rejected
    won = {row["lead_id"] for row in batch.tables["stage_entries"].to_pylist() if row["stage"] == "sale"}
    return Counter((row["pipeline"], row["lead_id"] in won) for row in batch.tables["leads"].to_pylist())


TRUTH = Counter((deal.pipeline, deal.outcome == "won") for deal in DEALS)


def test_a_newer_export_of_one_pipeline_supersedes_no_other(tmp_path: Path) -> None:
    for name, days in (("Sales", (15, 22)), ("Partners", (15,))):
        for day in days:
            deals = OF[name][:-10] if day == 15 and name == "Sales" else OF[name]
            (tmp_path / f"hubspot-crm-exports-{name}-2026-09-{day}.csv").write_bytes(table(deals))
    settings = settings_of(sheet.look(tmp_path, tmp_path / "root", "hubspot"))
    (block,) = settings.of_exports
    assert set(block.pipelines) == {"Sales", "Partners"} and not block.files
    assert pipelines(tmp_path, settings) == TRUTH


def test_files_with_other_columns_get_blocks_of_their_own_by_their_names(tmp_path: Path) -> None:
    for name, other in (("Sales", "(Partners)"), ("Partners", "(Sales)")):
        content = table(OF[name], (other,), history=True)
        (tmp_path / f"deals_{name}_2026-09-22.csv").write_bytes(content)
    settings = settings_of(sheet.look(tmp_path, tmp_path / "root", "hubspot"))
    assert {block.files for block in settings.of_exports} == {
        ("deals_Sales_*.csv",),
        ("deals_Partners_*.csv",),
    }
    assert pipelines(tmp_path, settings) == TRUTH


def test_files_without_a_column_of_the_pipeline_bear_the_name_of_theirs(tmp_path: Path) -> None:
    for name in world.PIPELINES:
        text = table(OF[name], ("Pipeline",))
        if name == "Partners":
            text = text.replace(b",Proposal,", b",Price list,").replace(b",Contract,", b",Framework,")
        (tmp_path / f"deals_{name}_2026-09-22.csv").write_bytes(text)
    found = sheet.look(tmp_path, tmp_path / "root", "hubspot")
    settings = settings_of(found)
    assert [tuple(block.pipelines) for block in settings.of_exports] == [("Sales",), ("Partners",)]
    assert pipelines(tmp_path, settings) == TRUTH


def test_files_of_two_pipelines_that_no_name_tells_apart_are_read_and_told(tmp_path: Path) -> None:
    for number, name in enumerate(world.PIPELINES):
        text = table(OF[name], ("Pipeline",))
        if name == "Partners":
            text = text.replace(b",Proposal,", b",Price list,").replace(b",Contract,", b",Framework,")
        (tmp_path / f"hubspot-crm-exports-2026-09-22-{number}.csv").write_bytes(text)
    found = sheet.look(tmp_path, tmp_path / "root", "hubspot")
    assert any("share no deals and have no column of the pipeline" in note for note in found.notes)
    batch = read([tmp_path], settings_of(found))
    assert (batch.tables["leads"].num_rows, len(batch.rejected)) == (len(DEALS), 0)


def test_an_export_older_than_what_is_known_of_another_pipeline_still_tells_of_its_own(
    tmp_path: Path,
) -> None:
    for name, day in (("Sales", 22), ("Partners", 15), ("Partners", 8)):
        text = table(OF[name])
        if day == 8:
            text = text.replace(b"Anna Orlova", b"Gone Before")
        (tmp_path / f"hubspot-crm-exports-{name}-2026-09-{day:02}.csv").write_bytes(text)
    settings = settings_of(sheet.look(tmp_path, tmp_path / "root", "hubspot"))
    files = {day: tmp_path / f"hubspot-crm-exports-Partners-2026-09-{day:02}.csv" for day in (8, 15)}
    sales = read([tmp_path / "hubspot-crm-exports-Sales-2026-09-22.csv"], settings)
    first = read([files[8]], settings)
    known = Known(sales.tables["stage_entries"], first.tables["leads"]["lead_id"].combine_chunks())
    told: list[str] = []
    batch = read([files[15]], settings, told.append, known)
    assert not any("older than what is known" in text for text in told)
    assert "Anna Orlova" in batch.tables["leads"]["manager"].to_pylist()
