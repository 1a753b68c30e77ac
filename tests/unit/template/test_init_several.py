"""`funnel init` and `import` where one block of settings is not enough, and from an event log alone."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from crms import pipedrive, salesforce, world, zoho
from funnel.errors import InputError, SettingsError
from funnel.settings import Settings, load
from funnel.sources import read

DEALS = world.deals()
STAGES = [{"key": "target"}, {"key": "sale"}]
HEADER = "Deal - ID,Deal - Title,Deal - Deal created,Deal - Stage,Deal - Status,Deal - Pipeline\n"


def init(funnel: Any, home: Path, kind: str, data: Path) -> Any:
    words = ("--currency", "EUR", "--timezone", "Europe/Moscow", "--jobs", "none")
    return funnel("init", home, "--from", kind, "--data", data, *words)


def cohorts(funnel: Any, home: Path, day: str) -> pd.DataFrame:
    words = ("cohorts", "--date", day, "--weeks", "30", "--format", "csv")
    return pd.read_csv(io.StringIO(funnel("--config", home / "funnel.yml", *words).out))


def test_a_company_with_two_crms_gets_a_block_for_each_and_counts_both(funnel: Any, tmp_path: Path) -> None:
    data = tmp_path / "home" / "exports"
    data.mkdir(parents=True)
    (data / pipedrive.file_name(".xlsx")).write_bytes(pipedrive.xlsx(DEALS))
    (data / zoho.file_name(".csv")).write_bytes(zoho.csv(DEALS))
    home = tmp_path / "home"
    written = init(funnel, home, "crm", data)
    assert written.code == 0, written.err
    settings = load(home / "funnel.yml")
    assert {(block.profile, block.id_prefix) for block in settings.of_exports} == {
        ("pipedrive", "pipedrive-"), ("zoho", "zoho-"),
    }  # fmt: skip
    brought = funnel("--config", home / "funnel.yml", "import")
    assert brought.code == 0, brought.err
    table = cohorts(funnel, home, "2026-09-22")
    whole = pd.Series([deal.created < pd.Timestamp("2026-09-21") for deal in DEALS])
    won = pd.Series([deal.outcome == "won" for deal in DEALS])
    assert table["leads"].sum() == 2 * whole.sum()
    assert table["sale"].sum() == 2 * (won & whole).sum()


def test_a_log_alone_makes_a_repository(funnel: Any, tmp_path: Path) -> None:
    data = tmp_path / "home" / "logs"
    data.mkdir(parents=True)
    (data / "history.csv").write_bytes(salesforce.history_csv(DEALS, "Europe/Moscow"))
    home = tmp_path / "home"
    written = init(funnel, home, "events", data)
    assert written.code == 0, written.err
    assert "an event log" in written.err
    brought = funnel("--config", home / "funnel.yml", "import")
    assert brought.code == 0, brought.err
    table = cohorts(funnel, home, "2026-09-22")
    whole = pd.Series([deal.created < pd.Timestamp("2026-09-21") for deal in DEALS])
    won = pd.Series([deal.outcome == "won" for deal in DEALS])
    assert table["leads"].sum() == whole.sum()
    assert table["sale"].sum() == (won & whole).sum()


def test_stages_of_a_log_stand_in_the_order_in_which_deals_came_to_them(funnel: Any, tmp_path: Path) -> None:
    rows = [
        (f"d{n}", stage, f"2026-0{1 + n % 5}-{2 + 3 * step:02} 10:00")
        for n in range(20)
        for step, stage in enumerate(("Zebra", "Mango", "Apple", "Won")[: 2 + n % 3])
    ]
    rows.sort(key=lambda row: row[1])  # as the file has them says nothing
    log = tmp_path / "log.parquet"
    pd.DataFrame(rows, columns=["deal_id", "stage", "time"]).to_parquet(log, index=False)
    home = tmp_path / "home"
    assert init(funnel, home, "events", log).code == 0
    assert load(home / "funnel.yml").stage_keys == ("mango", "apple", "sale")


def test_a_log_of_a_process_with_no_word_for_won_ends_where_its_cases_end(
    funnel: Any, tmp_path: Path
) -> None:
    """Named as process mining names it: what was declined is lost, and no stage is put behind the last."""
    rows = [
        (f"{n}", activity, f"2026-0{1 + n % 5}-{2 + 3 * step:02}T10:00:00.546+02:00", "AB"[n % 2], f"{step}")
        for n in range(60)
        for step, activity in enumerate(
            ("A_SUBMITTED", "A_ACCEPTED", "A_DECLINED")
            if n % 3
            else ("A_SUBMITTED", "A_ACCEPTED", "A_APPROVED")
        )
    ]
    log = tmp_path / "data" / "log.csv"
    log.parent.mkdir()
    rows.append(("7", "Called twice", "2026-03-04T10:00:00.546+02:00", "B", "9"))
    heads = ["Case ID", "Activity", "Complete Timestamp", "product", "org:resource"]
    pd.DataFrame(rows, columns=heads).to_csv(log, index=False)
    refused = init(funnel, tmp_path / "home", "files", log.parent)
    assert refused.code == 2
    assert "log.csv looks like an event log; to do: funnel init DIR --from events" in refused.err
    made = init(funnel, tmp_path / "home", "events", log)
    assert made.code == 0, made.err
    assert "no stage is named as won: A_APPROVED, the last, is taken for the win" in made.err
    chosen = load(tmp_path / "home" / "funnel.yml")
    assert chosen.stage_keys == ("a_accepted", "a_approved")
    assert chosen.of_events[0].stages["A_DECLINED"] == "lost"
    # What one lead of 60 did is no stage; who did a step is no attribute of the lead.
    assert "too few leads come there to be a stage: Called twice" in made.err
    assert chosen.of_events[0].stages["Called twice"] == "lead"
    assert [*chosen.attributes] == [*chosen.slices] == ["product"]
    assert chosen.of_events[0].attributes == {"product": "product"}


def several(*blocks: dict[str, object], key: str = "exports") -> Settings:
    return Settings.model_validate({"stages": STAGES, key: list(blocks)})


def test_the_name_tells_the_block_first_and_then_the_header(tmp_path: Path) -> None:
    for name, stage in (("north.csv", "A"), ("south.csv", "B")):
        text = f"{HEADER}{name[0]}1,x,2026-01-02 10:00,{stage},Open,P\n"
        (tmp_path / name).write_text(text, encoding="utf-8")
    blocks = [
        {"files": f"{name}*", "profile": "pipedrive", "pipelines": {"P": {stage: "target"}}}
        for name, stage in (("north", "A"), ("south", "B"))
    ]
    batch = read([tmp_path], several(*blocks))
    assert batch.tables["leads"]["lead_id"].to_pylist() == ["n1", "s1"]
    assert batch.tables["stage_entries"]["stage"].to_pylist() == ["target", "target"]


def test_one_id_of_two_crms_is_refused_until_a_prefix_tells_them_apart(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(f"{HEADER}7,x,2026-01-02 10:00,A,Open,P\n", encoding="utf-8")
    zoho_rows = "Record Id,Deal Name,Created Time,Stage,Closing Date\n7,x,2026-01-03 10:00,A,\n"
    (tmp_path / "z.csv").write_text(zoho_rows, encoding="utf-8")
    first = {"profile": "pipedrive", "pipelines": {"P": {"A": "target"}}}
    second = {"profile": "zoho", "pipelines": {"all": {"A": "target"}}}
    with pytest.raises(InputError) as error:
        read([tmp_path], several(first, second))
    assert "1 ids stand in files of both, such as 7" in str(error.value)
    assert "id_prefix" in str(error.value)
    batch = read([tmp_path], several(first, {**second, "id_prefix": "z-"}))
    assert sorted(batch.tables["leads"]["lead_id"].to_pylist()) == ["7", "z-7"]


def test_a_prefix_hides_no_spoilt_id(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    rows = "5.80503E+18,x,2026-01-02 10:00,A,Open,P\n8,x,2026-01-02 10:00,A,Open,P\n"
    path.write_text(HEADER + rows, encoding="utf-8")
    block = {"profile": "pipedrive", "id_prefix": "pd.e-", "pipelines": {"P": {"A": "target"}}}
    batch = read([path], several(block))
    assert batch.tables["leads"]["lead_id"].to_pylist() == ["pd.e-8"]
    assert [row.value for row in batch.rejected] == ["5.80503E+18"]


def test_blocks_that_nothing_tells_apart_and_keys_inside_a_list_are_told(tmp_path: Path) -> None:
    path = tmp_path / "funnel.yml"

    def told(content: object) -> str:
        path.write_text(yaml.safe_dump({"schema": 1, "stages": STAGES, **content}), encoding="utf-8")  # type: ignore[dict-item]
        with pytest.raises(SettingsError) as error:
            load(path)
        return str(error.value)

    assert "nothing tells the files of two blocks apart" in told({"exports": [{}, {}]})
    text = told({"exports": [{"profile": "zoho"}, {"pipeline": "P", "profil": "zoho"}]})
    assert "exports.1.profil" in text and "profile" in text
    text = told({"exports": {"profil": "zoho"}})
    assert "exports.profil" in text and "(one)" not in text
    assert "exports" in told({"exports": []})
    assert "exports" in told({"exports": "zoho"})


def test_a_file_that_no_block_reads_is_told_with_a_block_for_the_list(tmp_path: Path) -> None:
    path = tmp_path / "z.csv"
    path.write_bytes(zoho.csv(DEALS))
    blocks = [{"profile": "pipedrive", "pipelines": {"P": {"A": "target"}}}, {"files": "x*"}]
    with pytest.raises(InputError) as error:
        read([path], several(*blocks))
    text = str(error.value)
    assert "exports takes a list too" in text and "  - profile: zoho" in text
    lines = text[text.index("exports:\n") :].rstrip()
    (block,) = yaml.safe_load(lines)["exports"]
    assert read([path], several(*blocks, block)).tables["leads"].num_rows == len(DEALS)
