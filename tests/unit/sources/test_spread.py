"""Event logs that grow to the right: a row a lead, stage and time again and again."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import pytest
import yaml

from crms import hubspot, world
from funnel.errors import InputError
from funnel.settings import Settings
from funnel.sources import proposal, read
from funnel.template import sheet

DEALS = world.deals()
TRUTH = world.truth(DEALS)
NAME = "hubspot-property-history-2026-09-22.csv"


def settings(**events: object) -> Settings:
    stages = [{"key": "target"}, {"key": "sale"}]
    names = {"New": "lead", "Target": "target", "Won": "sale"}
    block = {"files": ["log*"], "lead_id": "id", "spread": True, "leads": True, "stages": names}
    return Settings.model_validate({"stages": stages, "events": {**block, **events}})


def entries(folder: Path, text: str, **events: object) -> list[tuple[str, str, str]]:
    path = folder / "log.csv"
    path.write_text(text, encoding="utf-8")
    rows = read([path], settings(**events)).tables["stage_entries"].to_pylist()
    return [(row["lead_id"], row["stage"], str(row["entered_at"].date())) for row in rows]


@pytest.mark.parametrize("header", ["numbered", "same", "short"])
def test_a_property_history_is_read_as_its_proposal_says_and_dates_every_stage(
    tmp_path: Path, header: str
) -> None:
    path = tmp_path / NAME
    path.write_bytes(hubspot.property_history(DEALS, header))
    found = proposal(path, None)
    assert found is not None and found.title == "an event log that grows to the right"
    block = yaml.safe_load(found.lines.replace("# leads: true", "leads: true"))
    assert block["events"]["timezone"] == "UTC"
    stages = [{"key": key} for key in found.stages]
    batch = read([path], Settings.model_validate({"stages": stages, **block}))
    assert not batch.rejected
    assert batch.tables["leads"].num_rows == TRUTH.leads
    rows = batch.tables["stage_entries"].to_pylist()
    got = {(row["lead_id"], row["stage"], row["entered_at"]) for row in rows}
    minute = {"second": 0, "microsecond": 0}
    expected = {
        (str(57_156_923_000 + deal.number), stage.lower(), moment.replace(**minute))
        for deal in DEALS
        for stage, moment in deal.stages[1:]
    } | {
        (str(57_156_923_000 + deal.number), "sale" if deal.outcome == "won" else "lost", deal.closed)
        for deal in DEALS
        if deal.closed
    }
    assert got == expected
    assert Counter(row["stage"] for row in rows)["sale"] == TRUTH.won


def test_a_history_beside_an_export_dates_its_stages_by_what_init_proposes(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / NAME).write_bytes(hubspot.property_history(DEALS))
    (folder / hubspot.file_name(".csv")).write_bytes(hubspot.csv(DEALS))
    found = sheet.look(folder, tmp_path / "root", "hubspot")
    stages = [{"key": stage.key} for stage in found.stages]
    given = Settings.model_validate({"stages": stages, "currency": "EUR", **yaml.safe_load(found.block)})
    assert given.of_events[0].files == ("hubspot-property-history-*.csv",)
    batch = read([folder], given)
    assert not batch.rejected
    counts = Counter(batch.tables["stage_entries"]["stage"].to_pylist())
    assert (counts["sale"], counts["lost"]) == (TRUTH.won, TRUTH.lost)
    assert counts["contract"] == sum(len(deal.stages) == 4 for deal in DEALS)
    assert set(batch.tables["stage_entries"]["origin"].to_pylist()) == {"event"}


def test_rows_may_be_wider_or_narrower_than_the_header_and_a_change_without_a_stage_is_set_aside(
    tmp_path: Path,
) -> None:
    text = (
        "id,name,what,when\n1,A,Won,2026-03-03,Target,2026-03-02,New,2026-03-01\n2,B\n3,C,New,2026-03-05\n"
        "4,D,,2026-03-06,New,2026-03-05\n"
    )
    names = {"stage": "what", "entered_at": "when"}
    assert entries(tmp_path, text, **names) == [("1", "sale", "2026-03-03"), ("1", "target", "2026-03-02")]
    batch = read([tmp_path / "log.csv"], settings(**names))
    assert batch.tables["leads"]["lead_id"].to_pylist() == ["1", "3", "4"]
    assert [(row.table, row.row) for row in batch.rejected] == [("stage_entries", 4)]


def test_columns_beside_stage_and_time_are_repeated_with_them(tmp_path: Path) -> None:
    text = "id,Stage 1,Who 1,At 1,Stage 2,Who 2,At 2,Channel\n1,Target,x,2026-03-02,New,y,2026-03-01,web\n"
    found = entries(tmp_path, text, stage="Stage *", entered_at="At *", attributes={"channel": "Channel"})
    assert found == [("1", "target", "2026-03-02")]
    (lead,) = (
        read(
            [tmp_path / "log.csv"],
            settings(stage="Stage *", entered_at="At *", attributes={"channel": "Channel"}),
        )
        .tables["leads"]
        .to_pylist()
    )
    assert (lead["channel"], lead["created_at"]) == ("web", dt.datetime(2026, 3, 1))


def test_stages_and_times_that_do_not_pair_stop_the_import_and_say_so(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("id,Stage 1,At 1,Stage 2\n1,Target,2026-03-02,New\n", encoding="utf-8")
    with pytest.raises(InputError, match="2 columns of a stage and 1 of a time"):
        read([path], settings(stage="Stage *", entered_at="At *"))
    with pytest.raises(InputError, match=r"no column 'Step \*' \(stage\)"):
        read([path], settings(stage="Step *", entered_at="At *"))


def test_leads_with_a_change_in_each_of_many_columns_may_lack_their_first_ones(tmp_path: Path) -> None:
    days = [dt.date(2026, 3, 1) + dt.timedelta(days=n) for n in range(20)]
    full = ",".join(f"{('New', 'Target')[n % 2]},{day}" for n, day in enumerate(days))
    head = ",".join(["what,when"] * 20)
    (tmp_path / "log.csv").write_text(f"id,{head}\n1,{full}\n2,New,2026-03-01\n", encoding="utf-8")
    told: list[str] = []
    read([tmp_path / "log.csv"], settings(stage="what", entered_at="when"), told.append)
    assert any("1 leads have a change in each of its 20 columns" in text for text in told)


def test_stages_of_a_log_may_be_named_by_pipeline(tmp_path: Path) -> None:
    text = (
        "id,pipe,stage,at\n1,Sales,New,2026-03-01\n1,Sales,Done,2026-03-02\n2,Partners,New,2026-03-01\n"
        "2,partners,Done,2026-03-03\n3,Staff,New,2026-03-01\n"
    )
    (tmp_path / "log.csv").write_text(text, encoding="utf-8")
    pipelines = {"Sales": {"New": "lead", "Done": "sale"}, "Partners": {"New": "lead", "Done": "target"}}
    names = {"stages": {}, "pipeline": "pipe", "entered_at": "at", "spread": False}
    told: list[str] = []
    batch = read([tmp_path / "log.csv"], settings(**names, pipelines=pipelines), told.append)
    rows = batch.tables["stage_entries"].to_pylist()
    assert [(row["lead_id"], row["stage"]) for row in rows] == [("1", "sale"), ("2", "target")]
    assert any("outside the funnel, passed over: Staff (1)" in line for line in told)
    with pytest.raises(InputError, match="1 rows name the stage 'partners: Done'"):
        read([tmp_path / "log.csv"], settings(**names, pipelines={**pipelines, "Partners": {"New": "lead"}}))
    with pytest.raises(ValueError, match="name their column under pipeline"):
        settings(**{**names, "pipeline": []}, pipelines=pipelines)
    with pytest.raises(ValueError, match="say what each stage means"):
        settings(stages={})
