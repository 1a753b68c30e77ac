"""The initiatives' files: everything that is wrong at once, and the good files still come out."""

from pathlib import Path

import pytest

from funnel.settings import Settings, load
from funnel.sources.initiatives import metrics, read_initiatives

GOOD = """
title: A
owner: head of sales
start: 2022-01-31
hypotheses: [{metric: target_rate, change: 0.2}]
cost: {money: 100}
"""
SETTINGS = Settings.model_validate(
    {"stages": [{"key": "target"}, {"key": "sale"}], "attributes": {"channel": {"en": "Channel"}}}
)


def read(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return read_initiatives(folder, SETTINGS)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace("hypotheses: [{metric: target_rate, change: 0.2}]", ""), "hypotheses: is missing"),
        (GOOD.replace("[{metric: target_rate, change: 0.2}]", "[]"), "hypotheses"),
        (GOOD.replace("target_rate", "tarhet_rate"), "did you mean 'target_rate'?"),
        (GOOD + "scope: {chanel: [chat]}", "did you mean 'channel'?"),
        (GOOD + "scope: {channel: []}", "scope.channel"),
        (GOOD + "end: 2022-01-01", "end: 2022-01-01 is before start"),
        (GOOD.replace("cost: {money: 100}", ""), "cost: is missing"),
        (GOOD.replace("money: 100", "money: -1"), "cost.money"),
        (GOOD.replace("0.2}]", "0.2}, {metric: target_rate, change: 0.3}]"), "target_rate given twice"),
        (GOOD + "rollout: {chat: 2022-02-07}", "rollout: 'chat' is not among the values"),
        (
            GOOD + "scope: {channel: [chat]}\nrollout: {chat: 2021-02-07}",
            "rollout.chat: 2021-02-07 is not between",
        ),
        (
            GOOD.replace("change: 0.2", "change: 20"),
            "'20' is +2000 %; allowed: more than -100% and at most 1000%",
        ),
        (GOOD.replace("change: 0.2", "change: ten"), "key hypotheses.0.change: 'ten' is no change"),
        (GOOD.replace("owner: head of sales", "owner: ' '"), "key owner: is empty; allowed: a text"),
        (
            GOOD.replace("title: A", "title: {de: a}"),
            "key title: the key 'de' is not allowed; allowed: en, ru",
        ),
        (
            GOOD.replace("title: A", "title: 3"),
            "key title: 3 is no text; allowed: a text, or a text by language",
        ),
        (GOOD.replace("title: A", "title: {}"), "key title: is empty"),
        (GOOD.replace("title: A", "title: {en: ''}"), "key title.en: is empty"),
        (GOOD + "owner: me", "line 7: key 'owner' is in line 3 already"),
        (
            GOOD.replace("2022-01-31", "31.01.2022"),
            "key start: '31.01.2022' is no day; allowed: a day as YYYY",
        ),
        (GOOD + "titel: B", "did you mean 'title'?"),
        (GOOD.replace("title: A", "title: [A"), "bad.yml, line"),
        (GOOD + "id: other", "is not to be set here"),
    ],
)
def test_a_bad_file_is_explained_and_the_good_one_still_comes(tmp_path, text, says):
    initiatives, problems = read(tmp_path, good=GOOD, bad=text)
    assert [item.id for item in initiatives] == ["good"]
    assert says in "\n".join(map(str, problems))
    assert all("bad.yml" in problem.where for problem in problems)


def test_all_problems_of_all_files_are_told_at_once(tmp_path):
    _, problems = read(
        tmp_path, one=GOOD + "end: 2021-01-01", two=GOOD.replace("target_rate", "x") + "scope: {y: [z]}"
    )
    assert len(problems) == 3


def test_of_two_files_with_one_id_neither_is_used(tmp_path):
    (tmp_path / "good.yaml").write_text(GOOD)
    initiatives, problems = read(tmp_path, good=GOOD, other=GOOD)
    assert [item.id for item in initiatives] == ["other"]
    assert all("several files have the id 'good'" in problem.wrong for problem in problems)
    assert len(problems) == 2


def test_hostile_text_is_kept_as_text(tmp_path):
    initiatives, problems = read(
        tmp_path, good=GOOD.replace("title: A", "title: '<script>#panic()</script>'")
    )
    assert not problems
    assert initiatives[0].name("en") == "<script>#panic()</script>"


def test_no_folder_is_no_initiatives(tmp_path):
    assert read_initiatives(tmp_path / "none") == ((), ())


def test_the_demo_s_files_fit_the_demo_s_settings():
    root = Path(__file__).parents[3]
    initiatives, problems = read_initiatives(root / "data" / "initiatives", load(root / "funnel.yml"))
    assert not problems
    assert [item.id for item in initiatives][:3] == ["chat-15-seconds", "message-chain", "manager-training"]


def test_hours_count_as_money_where_they_have_a_price(tmp_path):
    text = GOOD.replace("{money: 100}", "{money: 100, hours: 2.5, per_hour: 40}")
    assert read(tmp_path, good=text)[0][0].cost.total == 200


def test_metrics_are_every_step_every_share_and_the_whole():
    assert metrics(SETTINGS) == [
        "overall_rate",
        "target_rate",
        "sale_rate",
        "target_per_lead",
        "sale_per_lead",
    ]


def test_a_change_may_be_written_in_per_cent(tmp_path):
    initiatives, problems = read(tmp_path, good=GOOD.replace("0.2}", "-20%}"))
    assert not problems
    assert initiatives[0].hypotheses[0].change == -0.2
