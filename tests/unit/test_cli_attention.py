"""deviations, impact, investigate, initiative new: what they print, write, and refuse."""

import datetime as dt
import io
import json
import shutil

import pandas as pd
import pytest
import yaml

from funnel.settings import load
from funnel.sources import read
from funnel.warehouse import Warehouse

SETTINGS = """
timezone: UTC
currency: RUB
stages: [{key: target}, {key: sale}]
attributes: {manager: {}}
slices: [manager]
"""
FIRST, WEEKS, DAY = dt.date(2022, 1, 3), 38, "2022-09-26"
GOOD = """
title: A
owner: head of sales
start: 2022-05-30
scope: {manager: [Anna]}
hypotheses: [{metric: target_rate, change: 0.2}]
cost: {money: 100}
"""
NEW = (
    "initiative", "new", "faq", "--title", "Answers", "--owner", "head of marketing", "--start", "2022-10-03",
    "--hypothesis", "target_rate=+20%", "--cost", "50000", "--date", DAY,
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Four managers of 30 leads a week; half become target, with Boris one in ten in the last six weeks."""
    folder = tmp_path_factory.mktemp("attention")
    (folder / "funnel.yml").write_text(SETTINGS)
    (folder / "in").mkdir()
    leads, entries, payments = [], [], []
    for week in range(WEEKS):
        for manager in ("Anna", "Boris", "Denis", "=Oleg"):
            fallen = manager == "Boris" and week >= WEEKS - 6
            for number in range(30):
                name = f"{week}-{manager}-{number}"
                came = FIRST + dt.timedelta(days=7 * week + number % 5)
                leads.append((name, f"{came} 10:00", manager))
                if number % 10 == 0 if fallen else number % 2 == (week % 7 == 0 and number > 24):
                    entries.append((name, "target", f"{came} 12:00"))
                    if number % 6 == 0:
                        entries.append((name, "sale", f"{came} 15:00"))
                        payments.append((name, f"{came} 16:00", 1000))
    for table, rows, columns in (
        ("leads", leads, ["lead_id", "created_at", "manager"]),
        ("stage_entries", entries, ["lead_id", "stage", "entered_at"]),
        ("payments", payments, ["lead_id", "paid_at", "amount"]),
    ):
        pd.DataFrame(rows, columns=columns).to_csv(folder / "in" / f"{table}.csv", index=False)
    settings = load(folder / "funnel.yml")
    with Warehouse.open(settings.path("warehouse"), settings, write=True) as warehouse:
        warehouse.load(read([folder / "in"], settings), dt.datetime(2022, 9, 26))
    return folder


@pytest.fixture
def project(made, tmp_path):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def run(funnel, project):
    return lambda *words: funnel("--config", project / "funnel.yml", *words)


def initiative(project, name, text):
    folder = project / "data" / "initiatives"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def test_deviations_flags_the_planted_fall_first_with_the_designs_columns_first(run):
    result = run("deviations", "--date", DAY, "--format", "csv")
    frame = pd.read_csv(io.StringIO(result.out))
    assert result.code == 0
    assert list(frame.columns[:11]) == [
        "attribute", "value", "stage", "observed", "expected", "low", "high", "p_value", "q_value",
        "kind", "flag",
    ]  # fmt: skip
    flagged = frame[frame["flag"]]
    assert "manager:Boris:target" in flagged["name"].tolist()
    boris = flagged.set_index("name").loc["manager:Boris:target"]
    assert boris["observed"] == pytest.approx(0.1)
    assert boris["since"] == (FIRST + dt.timedelta(weeks=WEEKS - 6)).isoformat()
    assert frame["flag"].tolist() == sorted(frame["flag"], reverse=True)


def test_no_chance_is_shown_as_nothing(run):
    out = run("deviations", "--date", DAY).out
    assert "<0.001" in out and " 0.00 " not in out.split("manager:Boris:target")[0].splitlines()[-1]


def test_impact_prints_the_good_files_and_names_every_bad_one(run, project):
    initiative(project, "good.yml", GOOD)
    initiative(project, "bare.yml", GOOD.replace("hypotheses: [{metric: target_rate, change: 0.2}]\n", ""))
    initiative(project, "metric.yml", GOOD.replace("target_rate", "targt_rate"))
    initiative(project, "segment.yml", GOOD.replace("manager", "manger"))
    initiative(project, "ends.yml", GOOD + "end: 2022-01-01\n")
    initiative(project, "free.yml", GOOD.replace("cost: {money: 100}", ""))
    initiative(project, "twice.yml", GOOD)
    initiative(project, "twice.yaml", GOOD)
    initiative(project, "broken.yml", "title: [A\nowner: x")
    initiative(project, "later.yml", GOOD.replace("2022-05-30", "2023-01-02"))
    result = run("impact", "--date", DAY, "--format", "csv")
    frame = pd.read_csv(io.StringIO(result.out))
    assert result.code == 0
    assert list(frame.columns[:13]) == [
        "initiative", "metric", "expected_change", "measured_change", "low", "high", "p_value",
        "readable_from", "verdict", "extra_sales", "extra_revenue", "cost", "roi",
    ]  # fmt: skip
    assert set(frame["initiative"]) == {"good", "later"}
    assert frame.loc[
        (frame["initiative"] == "later") & (frame["metric"] == "target_rate"), "verdict"
    ].tolist() in (
        ["too early"],
        ["cannot be told"],
    )
    for says in (
        "bare.yml, key hypotheses: is missing",
        "did you mean 'target_rate'?",
        "unknown attribute 'manger'; did you mean 'manager'?",
        "end: 2022-01-01 is before start: 2022-05-30",
        "free.yml, key cost: is missing",
        "several files have the id 'twice'",
        "broken.yml, line 2",
    ):
        assert says in result.err


def test_investigate_writes_the_file_and_the_flag_is_covered_from_then_on(run, project):
    first = run("investigate", "manager:Boris:target", "--who", "head of sales", "--date", DAY)
    assert first.code == 0 and "yours to edit" in first.err
    (path,) = (project / "data" / "investigations").iterdir()
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert path.name == f"manager-boris-target-{DAY}.yml"
    assert content["opened"] == dt.date(2022, 9, 26)
    assert content["first_week"] == FIRST + dt.timedelta(weeks=WEEKS - 6)
    assert (content["attribute"], content["value"], content["who"]) == ("manager", "Boris", "head of sales")
    assert content["question"].startswith("Why does the conversion")
    frame = pd.read_csv(io.StringIO(run("deviations", "--date", DAY, "--format", "csv").out))
    assert frame.set_index("name").loc["manager:Boris:target", "investigation"] == path.stem
    again = run("investigate", "manager:Boris:target", "--who", "me", "--date", DAY)
    assert again.code == 2 and "is there already" in again.err
    assert "covers this already" in again.err


def test_investigate_names_the_nearest_flag_and_warns_of_what_is_not_flagged(run, project):
    wrong = run("investigate", "manager:Borris:target", "--who", "me", "--date", DAY)
    assert wrong.code == 2
    assert "did you mean 'manager:Boris:target'?" in wrong.err and "the flags of this date" in wrong.err
    hostile = run(
        "investigate", "manager:=Oleg:sale", "--who", "me", "--date", DAY, "--question", "Why? [x]: {y}"
    )
    assert hostile.code == 0 and "it may well be chance" in hostile.err
    (path,) = (project / "data" / "investigations").iterdir()
    assert path.name == f"manager-oleg-sale-{DAY}.yml"
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["question"] == "Why? [x]: {y}"


def test_an_investigation_of_nobody_or_nothing_is_not_written(run, project):
    result = run("investigate", "manager:Boris:target", "--who", " ", "--question", " ", "--date", DAY)
    assert result.code == 2
    assert "key who: is empty" in result.err and "key question: is empty" in result.err
    assert not list((project / "data").glob("investigations/*"))


def test_a_new_initiative_is_written_and_its_worth_told(run, project):
    result = run(
        *NEW, "--scope", "manager=Anna,Denis", "--hours", "10", "--revenue", "9000", "--format", "csv"
    )
    assert result.code == 0, result.err
    frame = pd.read_csv(io.StringIO(result.out))
    assert frame["metric"].tolist() == ["target_rate"]
    assert frame["now"].iloc[0] == pytest.approx(0.5, abs=0.01)
    assert 0 < frame["mde"].iloc[0] < 0.5 and frame["readable_from"].iloc[0] > "2022-10-03"
    # 60 leads a week are 260.9 a month of 365.25 / 12 days; one in six buys, +20 % is 8.7 sales of 1000
    assert "261 leads a month in its scope bring 43.5 sales; +20.0% is +8.7 more" in " ".join(
        result.err.split()
    )
    assert (
        "Extra revenue: 8,696 RUB a month; cost: 50,000 RUB." in result.err
        and "The cost is back after" in result.err
    )
    content = yaml.safe_load((project / "data" / "initiatives" / "faq.yml").read_text(encoding="utf-8"))
    assert content["hypotheses"] == [{"metric": "target_rate", "change": 0.2}]
    assert content["cost"] == {"money": 50000, "hours": 10}
    assert content["expected_revenue_per_month"] == 9000
    assert [path.name for path in (project / "data" / "initiatives").iterdir()] == ["faq.yml"]
    again = run(*NEW)
    assert again.code == 2 and "is there already" in again.err


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("--hypothesis", "targt_rate=0.1"), "did you mean 'target_rate'?"),
        (("--hypothesis", "target_rate"), "METRIC=CHANGE"),
        (("--hypothesis", "sale_rate=-100%"), "key hypotheses.1.change"),
        (("--hypothesis", "sale_rate=20"), "'20' is +2000 %; allowed: more than -100% and at most 1000%"),
        (("--hypothesis", ""), "METRIC=CHANGE"),
        (("--owner", " "), "key owner: is empty"),
        (("--title", " "), "key title: is empty"),
        (("--scope", "manger=Anna"), "did you mean 'manager'?"),
        (("--scope", "manager=Ana"), "no lead has the manager 'Ana'; did you mean 'Anna'?"),
        (("--scope", "manager"), "ATTR=VALUE"),
        (("--end", "2022-09-01"), "end: 2022-09-01 is before start: 2022-10-03"),
        (("--start", "03.10.2022"), "is not a date"),
        (("--cost", "much"), "'much' cannot be read"),
        (("--cost", "-5"), "key cost.money"),
        (("--weeks-after", "2"), "key weeks_after"),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_written(run, project, change, says):
    result = run(*NEW, *change)
    assert result.code == 2 and says in result.err, result.err
    assert not list((project / "data").glob("initiatives/*"))


def test_ids_that_are_no_file_names_are_refused(run, project):
    for name in ("../evil", "a b", ".hidden", "a/b"):
        result = run(*[name if word == "faq" else word for word in NEW])
        assert result.code == 2 and "cannot be a file's name" in result.err


def test_all_that_is_missing_is_named_where_nobody_can_be_asked(run, project, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    result = run("initiative", "new", "faq")
    assert result.code == 2
    for option in ("--title", "--owner", "--start", "--cost", "--hypothesis"):
        assert f"{option}: is missing" in result.err


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_what_is_missing_is_asked_for(run, project, monkeypatch):
    monkeypatch.setattr(
        "sys.stdin", Terminal("Answers\nme\n2022-10-03\n100\ntarget_rate=+20%\nsale_rate=0.1\n\n")
    )
    result = run("initiative", "new", "faq", "--date", DAY, "--format", "csv")
    assert result.code == 0, result.err
    assert pd.read_csv(io.StringIO(result.out))["metric"].tolist() == ["target_rate", "sale_rate"]
    content = yaml.safe_load((project / "data" / "initiatives" / "faq.yml").read_text(encoding="utf-8"))
    assert (content["title"], content["owner"], content["cost"]) == ("Answers", "me", {"money": 100})


def test_check_reads_both_registers(run, project):
    initiative(project, "bad.yml", GOOD.replace("target_rate", "targt_rate"))
    (project / "data" / "investigations").mkdir()
    (project / "data" / "investigations" / "bad.yml").write_text("who: me")
    result = run("check")
    assert result.code == 1
    assert "unknown metric 'targt_rate'" in result.err and "key question: is missing" in result.err
    rows = pd.read_csv(io.StringIO(run("check", "--format", "csv").out))
    assert "is missing" in rows["problem"].tolist() and rows["weight"].eq("problem").all()


SLIPS = """
attributes: {manager: {}, chanel: {}}
targets: [{stage: target, attribute: manager, value: Bories, minimum: 0.4}]
spend_mapping:
  - {channel: Yandx, lead_channel: yandex}
  - {channel: yan*, campaign: "*", lead_channel: organik}
"""
INVESTIGATION = """
opened: 2022-09-19
first_week: 2022-08-08
stage: target
attribute: manager
value: Boriss
question: Why?
who: me
"""


def test_check_names_what_no_lead_bears_with_the_nearest_and_what_there_is(run, project):
    (project / "funnel.yml").write_text(
        SETTINGS.replace("attributes: {manager: {}}", SLIPS).replace("key: sale", "key: sal")
    )
    initiative(project, "slip.yml", GOOD.replace("[Anna]", "[Ana, Boris]"))
    initiative(
        project, "ahead.yaml", GOOD.replace("[Anna]", "[Newcomer]").replace("2022-05-30", "2023-01-02")
    )
    (project / "data" / "investigations").mkdir()
    (project / "data" / "investigations" / "slip.yml").write_text(INVESTIGATION)
    (project / "spend").mkdir()
    (project / "spend" / "spend.csv").write_text(
        "date,channel,cost\n2022-09-20,yandex,100\n2022-09-21,yandex,-5\n"
    )
    assert run("import", project / "spend").code == 0
    result = run("check")
    assert result.code == 1
    said = result.err
    for line in (
        "Problem: ", "key attributes.chanel: no lead has this attribute",
        "key targets.0.value: no lead has the manager 'Bories'; did you mean 'Boris'?; allowed: '=Oleg'",
        "key spend_mapping.0.channel: no ad spend has the channel 'Yandx'",
        "key spend_mapping.1.lead_channel: no lead has the channel 'organik'; allowed: none",
        "slip.yml, key scope.manager: no lead has the manager 'Ana'; did you mean 'Anna'?",
        "slip.yml, key value: no lead has the manager 'Boriss'; did you mean 'Boris'?",
        "leads entered 'sale', which is no stage of the settings; did you mean 'sal'?",
    ):  # fmt: skip
        assert line in said, line
    assert "key stages.1.key: no lead entered 'sal'; did you mean 'sale'?" in said
    assert "Remark: " in said and "ahead.yaml, key scope.manager: no lead has the manager 'Newcomer'" in said
    rows = pd.DataFrame(json.loads(run("check", "--format", "json").out)).set_index("problem")
    assert rows.loc["negative_cost", ["weight", "rows", "leads", "example"]].tolist() == [
        "remark", 1, 0, "2022-09-21",
    ]  # fmt: skip
    assert rows.loc["unknown_stage", "weight"] == "problem"
    assert rows["where"].str.contains("spend_mapping.0.channel").any()


def test_check_is_content_where_there_are_only_remarks(run, project):
    initiative(project, "good.yml", GOOD)
    result = run("check")
    assert result.code == 0
    assert "Problems that want a hand: none; remarks: none." in result.err


def test_check_reads_the_key_amocrm(run, project):
    with (project / "funnel.yml").open("a") as file:
        file.write("amocrm: {host: acme.amocrm.ru, pipelines: {Main: {New: targt}}}\n")
    result = run("check")
    assert result.code == 2
    assert "amocrm.pipelines.Main.New: 'targt' is no stage; did you mean 'target'?" in result.err
