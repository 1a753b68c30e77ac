"""The command line: exit codes, what goes where, and messages a user can act on."""

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from funnel.cli.common import Format, print_frame

SETTINGS = """
timezone: Europe/Moscow
currency: RUB
stages: [{key: target}, {key: sale}]
attributes: {channel: {}}
slices: [channel]
"""
LEADS = """lead_id,created_at,channel
a,2022-09-05 10:00,web
b,2022-09-06 10:00,web
c,2022-09-12 10:00,=cmd()
d,2022-09-12T23:30:00+00:00,shop
"""
ENTRIES = """lead_id,stage,entered_at
a,target,2022-09-07 09:00
a,sale,2022-09-20 09:00
c,sale,2022-09-13 12:00
d,lost,2022-09-14 12:00
"""
CONFIG = ("--config",)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "funnel.yml").write_text(SETTINGS)
    data = tmp_path / "in"
    data.mkdir()
    (data / "leads.csv").write_text(LEADS)
    (data / "stage_entries.csv").write_text(ENTRIES)
    return tmp_path


@pytest.fixture
def run(funnel: Any, project: Path) -> Any:
    return lambda *words: funnel("--config", project / "funnel.yml", *words)


@pytest.fixture
def loaded(run: Any, project: Path) -> Any:
    assert run("import", project / "in").code == 0
    return run


def test_import_tells_that_accepted_and_rejected_make_what_was_read(run: Any, project: Path) -> None:
    (project / "in" / "leads.csv").write_text(LEADS + "e,32.01.2022,web\n")
    result = run("import", project / "in")
    assert result.code == 0
    assert "leads: read 5 = accepted 4 + rejected 1; new 4, changed 0" in result.err
    rejected = pd.read_csv(project / "run" / "rejected" / "leads.csv")
    assert rejected.loc[0, ["row", "column", "value"]].tolist() == [5, "created_at", "32.01.2022"]


def test_import_says_why_rows_were_rejected_and_where_they_stood(run: Any, project: Path) -> None:
    (project / "in" / "leads.csv").write_text(LEADS + "e,32.01.2022,web\nf,03/04/2022,web\n")
    (project / "in" / "stage_entries.csv").write_text(
        ENTRIES + "a,target,2022-09-07 09:00\n\nnobody,target,2022-09-07 09:00\nnone,sale,2022-09-07 09:00\n"
    )
    dry = run("import", "--dry-run", project / "in").err
    assert "no other date of this column settles it" in dry and not (project / "run").exists()
    said = run("import", project / "in").err
    assert "leads, column created_at: 1 row, not a date; readable: 2026-04-03" in said
    assert "no other date of this column settles it; write the dates as 2026-04-03" in said
    assert "stage_entries, column lead_id: 2 rows, no lead with this lead_id is known" in said
    assert f"first: {project / 'in' / 'stage_entries.csv'}, row 7" in said
    rejected = pd.read_csv(project / "run" / "rejected" / "stage_entries.csv")
    assert rejected[["row", "value"]].values.tolist() == [[5, "a"], [7, "nobody"], [8, "none"]]
    assert set(rejected["file"]) == {str(project / "in" / "stage_entries.csv")}


def test_a_row_set_aside_is_found_in_the_one_of_several_files_it_stood_in(run: Any, project: Path) -> None:
    more = project / "in" / "more"
    more.mkdir()
    (more / "leads.csv").write_text("lead_id,created_at\nz,2022-09-05 10:00\n")
    entries = ("a,target,2022-09-07 09:00", "z,sale,2022-09-08 09:00", "nobody,sale,2022-09-09 09:00")
    (more / "stage_entries.csv").write_text("\n".join(("lead_id,stage,entered_at", *entries)))
    assert run("import", project / "in", more).code == 0
    rejected = pd.read_csv(project / "run" / "rejected" / "stage_entries.csv")
    assert rejected[["file", "row", "value"]].values.tolist() == [
        [str(more / "stage_entries.csv"), 1, "a"],
        [str(more / "stage_entries.csv"), 3, "nobody"],
    ]


def test_import_prints_its_numbers_in_the_format_asked_for(run: Any, project: Path) -> None:
    (project / "in" / "leads.csv").write_text(LEADS + "e,32.01.2022,web\n")
    result = run("import", project / "in", "--format", "csv")
    table = pd.read_csv(io.StringIO(result.out)).set_index("table")
    assert table.loc["leads"].to_dict() == {
        "read": 5, "accepted": 4, "rejected": 1, "inserted": 4, "changed": 0, "unchanged": 0, "closed": 0,
    }  # fmt: skip
    rows = json.loads(run("import", project / "in", "--format", "json").out)
    assert [row["table"] for row in rows] == ["leads", "stage_entries"]


def test_importing_twice_changes_nothing(loaded: Any, project: Path) -> None:
    assert (
        "leads: read 4 = accepted 4 + rejected 0; new 0, changed 0, unchanged 4"
        in loaded("import", project / "in").err
    )


def test_the_cohort_table_as_csv_with_offsets_converted_and_skips_counted(loaded: Any) -> None:
    result = loaded("cohorts", "--date", "2022-09-21", "--weeks", "2", "--format", "csv")
    table = pd.read_csv(io.StringIO(result.out))
    assert result.code == 0
    assert table["cohort_week"].tolist() == ["2022-09-05", "2022-09-12"]
    assert table[["leads", "target", "sale"]].to_numpy().tolist() == [[2, 1, 1], [2, 1, 1]]
    assert table["overall_rate"].tolist() == [0.5, 0.5]


def test_cohorts_of_a_month_are_the_sums_of_its_weeks(loaded: Any) -> None:
    asked = ("cohorts", "--date", "2022-09-21", "--format", "csv", "--weeks")
    weekly = pd.read_csv(io.StringIO(loaded(*asked, "2").out))
    month = pd.read_csv(io.StringIO(loaded(*asked, "1", "--period", "month").out)).iloc[0]
    assert month[["period_start", "weeks_of", "age_weeks"]].tolist() == ["2022-09-01", 4, 0]
    assert month[["leads", "target", "sale"]].tolist() == weekly[["leads", "target", "sale"]].sum().tolist()


def test_the_other_reach_rule_drops_the_skip(loaded: Any) -> None:
    words = ("cohorts", "--date", "2022-09-21", "--weeks", "2", "--format", "csv", "--reach", "entered")
    assert pd.read_csv(io.StringIO(loaded(*words).out))["target"].tolist() == [1, 0]


def test_only_what_happened_before_the_report_date_counts(loaded: Any) -> None:
    words = ("cohorts", "--weeks", "1", "--format", "json", "--date")
    assert json.loads(loaded(*words, "2022-09-12").out)[0]["sale"] == 0
    assert json.loads(loaded(*words, "2022-09-19").out)[0] == {
        "cohort_week": "2022-09-12",
        "age_weeks": 0,
        "leads": 2,
        "target": 1,
        "sale": 1,
        "target_rate": 0.5,
        "sale_rate": 1.0,
        "overall_rate": 0.5,
        "overall_change": None,
    }


def test_a_slice_and_a_filter(loaded: Any) -> None:
    words = ("cohorts", "--date", "2022-09-21", "--weeks", "1", "--format", "csv", "--by", "channel")
    table = pd.read_csv(io.StringIO(loaded(*words).out))
    assert table["channel"].tolist() == ["'=cmd()", "shop"]  # guarded: no spreadsheet runs it
    filtered = pd.read_csv(io.StringIO(loaded(*words[:-2], "--where", "channel=shop").out))
    assert filtered["leads"].tolist() == [1]


def test_the_table_for_people_shows_shares_and_no_control_characters(loaded: Any, project: Path) -> None:
    (project / "in" / "leads.csv").write_text(LEADS.replace("shop", "sh\u202eop"))
    loaded("import", project / "in")
    out = loaded("cohorts", "--date", "2022-09-21", "--weeks", "1", "--by", "channel").out
    assert "100.00%" in out
    assert "\u202e" not in out
    assert r"sh\u202eop" in out


def test_check_lists_the_remarks_and_is_content(loaded: Any, project: Path) -> None:
    (project / "in" / "stage_entries.csv").write_text(ENTRIES + "b,target,2022-09-01 09:00\n")
    loaded("import", project / "in")
    result = loaded("check", "--format", "csv")
    table = pd.read_csv(io.StringIO(result.out)).set_index("problem")
    assert result.code == 0
    assert table.loc["entered_before_created", ["weight", "example"]].tolist() == ["remark", "b"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("cohorts", "--date", "26.09.2022"), "a date as YYYY-MM-DD, such as 2022-09-26"),
        (("cohorts", "--date", "2999-01-01"), "it lies in the future"),
        (
            ("cohorts", "--date", "2022-09-11"),
            "no cohort is complete by then: the first lead is of 2022-09-05; allowed: 2022-09-12",
        ),
        (("cohorts", "--date", "2022-09-26", "--period", "monht"), "did you mean 'month'?"),
        (("cohorts", "--date", "2022-09-26", "--by", "chanel"), "did you mean 'channel'?"),
        (("cohorts", "--date", "2022-09-26", "--by", "channel,channel"), "one or two different attributes"),
        (("cohorts", "--date", "2022-09-26", "--where", "channel"), "ATTR=VALUE"),
        (
            ("cohorts", "--date", "2022-09-26", "--where", "channel=wep"),
            "did you mean 'web'?; allowed: '=cmd()', 'shop', 'web'",
        ),
        (("cohorts", "--date", "2022-09-26", "--reach", "enterd"), "did you mean 'entered'?"),
        (("check", "--format", "xml"), "--format: 'xml' is not"),
        (("cohorts", "--date", "2022-09-26", "--weeks", "x"), "--weeks: 'x' is no whole number"),
        (("simulate", "--out", "x", "--seed", "-1"), "--seed: '-1' is out of range; allowed: at least 0"),
        (("cohorts", "--date", "2022-09-26", "--by", ","), "one or two different attributes"),
        (
            ("cohorts", "--date", "2022-09-26", "--age", "99"),
            "--age: no cohort of the 13 shown weeks is 99 weeks old on 2022-09-26; allowed: 0 to 2",
        ),
        (("report", "--formats", "odt"), "allowed: html, pdf, xlsx, docx, pptx"),
        (("report", "--lang", "de"), "allowed: en, ru"),
        (("report", "--renderer", "word"), "allowed: auto, quarto, builtin"),
        (("report", "--date", "2999-01-01"), "it lies in the future"),
        (("verify", "2022-09-26"), "there are: none"),
        (("import", "nowhere"), "nowhere: there is no such file or folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_wrong_use_is_told_with_what_would_be_right_and_exit_code_2(
    loaded: Any, words: tuple[str, ...], message: str
) -> None:
    result = loaded(*words)
    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err
    assert result.out == ""


@pytest.mark.parametrize("words", [("cohorts", "--date", "2022-09-26"), ("check",), ("report",)])
def test_without_data_the_next_step_is_named(run: Any, words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.code == 2
    assert "funnel import" in result.err


def test_nothing_to_import_is_told(run: Any) -> None:
    result = run("import")
    assert result.code == 2
    assert "set source: in funnel.yml" in result.err


def test_a_full_disk_is_told_without_a_traceback(
    loaded: Any, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("funnel.sources.write_rejected", full)
    (project / "in" / "leads.csv").write_text(LEADS + "e,never,web\n")
    result = loaded("import", project / "in")
    assert result.code == 2
    assert "No space left on device" in result.err
    assert "Traceback" not in result.err


def test_cohorts_of_few_leads_are_marked_in_the_terminal_and_not_in_csv(loaded: Any) -> None:
    words = ("cohorts", "--date", "2022-09-21", "--weeks", "1")
    result = loaded(*words)
    assert "°" in result.out and "° Fewer than 30 leads" in result.err
    assert "°" not in loaded(*words, "--format", "csv").out


def test_an_older_encoding_is_announced_by_a_dry_run(run: Any, project: Path) -> None:
    costs = project / "costs.csv"
    costs.write_bytes("Дата,Канал,Кампания,Расход\n2022-09-05,яндекс,Бренд,10.00\n".encode("cp1251"))
    (project / "in" / "leads.csv").write_bytes(LEADS.replace("web", "сайт").encode("cp1251"))
    said = run("import", "--dry-run", project / "in" / "leads.csv", costs).err
    assert f"{project / 'in' / 'leads.csv'}: read as Windows-1251" in said
    assert f"{costs}: read as Windows-1251, since it is not UTF-8; if its words look wrong" in said


def test_simulate_replaces_nothing_unless_told_to(run: Any, tmp_path: Path) -> None:
    out = tmp_path / "made"
    out.mkdir()
    (out / "leads.parquet").write_text("mine")
    words = ("simulate", "--out", out, "--seed", "5", "--weeks", "8", "--leads", "20")
    result = run(*words)
    assert result.code == 2
    assert "leads.parquet: is there already; to do: choose another folder, or add --force" in result.err
    assert [path.name for path in out.iterdir()] == ["leads.parquet"]
    assert (out / "leads.parquet").read_text() == "mine"
    assert run(*words, "--force").code == 0
    assert (out / "leads.parquet").read_bytes().startswith(b"PAR1")


def test_simulate_writes_files_that_import(run: Any, tmp_path: Path) -> None:
    result = run("simulate", "--out", tmp_path / "made", "--seed", "5", "--weeks", "8", "--leads", "20")
    assert result.code == 0
    names = sorted(path.name for path in (tmp_path / "made").iterdir())
    assert names == [
        "leads.parquet",
        "payments.parquet",
        "spend.parquet",
        "stage_entries.parquet",
        "truth.json",
    ]


def test_the_revenue_says_where_it_is_not_reliable_yet(run: Any, project: Path) -> None:
    (project / "in" / "payments.csv").write_text("lead_id,paid_at,amount\na,2022-09-21,900\n")
    assert run("import", project / "in").code == 0
    result = run("forecast", "--date", "2022-09-26", "--revenue", "--format", "csv")
    assert result.code == 0
    assert "not reliable yet (of fewer than 20 leads it is known when they reached this stage)" in result.err
    assert "intervals are wider for that reason" in result.err


def test_a_plan_of_leads_moves_the_revenue_still_to_come(run: Any, tmp_path: Path, project: Path) -> None:
    settings = SETTINGS.replace("[{key: target}, {key: sale}]", "[target, qualified, proposal, sale]")
    stages = "".join(f"{{key: {key}}}, " for key in ("target", "qualified", "proposal", "sale"))
    settings = settings.replace("[target, qualified, proposal, sale]", f"[{stages}]")
    (project / "funnel.yml").write_text(settings)
    made = tmp_path / "made"
    run("simulate", "--out", made, "--seed", "5", "--weeks", "60", "--leads", "60")
    assert run("import", made).code == 0
    words = ("forecast", "--date", "2021-11-22", "--revenue", "--weeks", "8", "--format", "csv")
    usual = pd.read_csv(io.StringIO(run(*words).out)).set_index(["week", "source"])["mean"]
    weeks = [f"2021-{day}: 600" for day in ("11-22", "12-01", "12-06", "12-13", "12-20", "12-27")]
    (project / "funnel.yml").write_text(settings + f"plan: {{{', '.join(weeks)}}}\n")
    planned = pd.read_csv(io.StringIO(run(*words).out)).set_index(["week", "source"])["mean"]
    last = "2021-12-27"
    assert planned[last, "future"] > 3 * usual[last, "future"]
    assert planned[last, "existing"] == pytest.approx(usual[last, "existing"], rel=0.05)

    # A what-if: without it, with it, and the difference, over the weeks asked for.
    asked = (*words, "--what-if", "sale=+10%")
    rows = pd.read_csv(io.StringIO(run(*asked).out)).set_index("case")
    assert rows.index.tolist() == ["without", "with", "difference"] and set(rows["weeks"]) == {8}
    most = 0.1 * rows.loc["without", "sales"]
    assert 0.4 * most < rows.loc["difference", "sales"] < most  # the odds are a tenth better
    better = rows["rate"].iloc[0] * 1.1 / (1 + 0.1 * rows["rate"].iloc[0])
    assert rows["rate_with"].to_numpy() == pytest.approx(better, rel=1e-6)
    total = planned.xs("total", level="source").sum()
    assert rows.loc["without", "revenue"] == pytest.approx(total, rel=0.03)
    assert (rows["revenue_p10"] < rows["revenue"]).all() and (rows["revenue"] < rows["revenue_p90"]).all()
    late = pd.read_csv(io.StringIO(run(*asked, "--from", "2021-12-08").out)).set_index("case")
    assert late["first_week"].unique().tolist() == ["2021-12-06"]
    assert 0 < late.loc["difference", "sales"] < rows.loc["difference", "sales"]
    for extra, said in (
        (("--what-if", "sales=+10%"), "did you mean 'sale'?; allowed: target, qualified, proposal, sale"),
        (("--what-if", "sale"), "STAGE=CHANGE such as proposal=+10%"),
        (("--what-if", "sale=+10%", "--from", "2021-11-15"), "allowed: 2021-11-22 to 2022-01-16"),
        (("--what-if", "sale=+10%", "--from", "2022-01-17"), "allowed: 2021-11-22 to 2022-01-16"),
        (("--what-if", "sale=+10%", "--from", "monday"), "--from"),
    ):
        result = run(*words, *extra)
        assert result.code == 2 and said in result.err and not result.out

    # By the values of an attribute the revenue adds up to the whole, and every cohort has a forecast.
    whole = pd.read_csv(io.StringIO(run(*words).out))
    parts = pd.read_csv(io.StringIO(run(*words, "--by", "channel").out))
    assert parts.groupby(["week", "source"])["mean"].sum().to_numpy() == pytest.approx(
        whole.sort_values(["week", "source"])["mean"].to_numpy()
    )
    cohorts = run("forecast", "--date", "2021-11-22", "--by", "channel", "--format", "csv")
    frame = pd.read_csv(io.StringIO(cohorts.out))
    assert set(frame["channel"]) == set(parts["channel"]) and set(frame["stage"]) > {"target", "sale"}
    for wrong, said in (
        (("--by", "chanel"), "did you mean 'channel'?"),
        (("--by", "channel", "--what-if", "sale=+10%"), "answered for the whole only"),
    ):
        result = run(*words, *wrong)
        assert result.code == 2 and said in result.err


def test_the_same_files_are_found_by_their_content_and_not_read_again(
    loaded: Any, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("funnel.sources.read", None)  # reading would fail
    (project / "in" / "leads.csv").touch()
    again = loaded("import", project / "in")
    assert again.code == 0 and "The files are as they were imported" in again.err
    assert "leads: read 4 = accepted 4 + rejected 0; new 0, changed 0, unchanged 4, closed 0" in again.err


def test_files_are_read_again_where_one_differs_or_they_are_wanted_anew(loaded: Any, project: Path) -> None:
    assert "byte by byte" not in loaded("import", project / "in", "--anew").err
    (project / "in" / "leads.csv").write_text(
        LEADS.replace("a,2022-09-05 10:00,web", "a,2022-09-05 10:00,shop")
    )
    changed = loaded("import", project / "in")
    assert "new 0, changed 1, unchanged 3" in changed.err
    (project / "in" / "leads.csv").write_text(LEADS)  # back to what was imported before: it is a change again
    assert "new 0, changed 1, unchanged 3" in loaded("import", project / "in").err


def test_files_with_rejected_rows_are_read_and_told_of_again(run: Any, project: Path) -> None:
    (project / "in" / "leads.csv").write_text(LEADS + "e,32.01.2022,web\n")
    for _ in range(2):
        assert "Why rows were rejected" in run("import", project / "in").err


def test_the_same_files_are_read_where_the_settings_differ(loaded: Any, project: Path) -> None:
    (project / "funnel.yml").write_text(SETTINGS + "cohorts: 14\n")
    assert "byte by byte" not in loaded("import", project / "in").err


@pytest.mark.parametrize(
    "line",
    [
        'currency: "\\e]0;x\\a"',
        'timezone: "M\\nError: none"',
        'reach: "\\u202ex"',
        f"slices: [{90_000 * 'y'}]",
    ],
)
def test_no_value_of_a_message_begins_a_line_obeys_or_fills_the_screen(
    run: Any, project: Path, line: str
) -> None:
    (project / "funnel.yml").write_text(f"stages: [{{key: sale}}]\n{line}\n")
    said = run("cohorts", "--date", "2022-09-26").err
    assert said.startswith("Error: funnel.yml cannot be used.")
    assert not [line for line in said.splitlines() if len(line) > 1000 or line.startswith("Error: none")]
    assert all(sign.isprintable() or sign == "\n" for sign in said)


def test_a_table_on_a_terminal_obeys_nothing_and_is_given_as_it_is_to_a_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, told in ((Terminal(), "\\u001b[31m"), (io.StringIO(), "\x1b[31m")):
        monkeypatch.setattr("sys.stdout", stream)
        print_frame(pd.DataFrame({"value": ["\x1b[31m"]}), Format.csv)
        assert stream.getvalue() == f"value\n{told}\n"
