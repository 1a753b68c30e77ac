"""The investigations: everything wrong is told at once, good files still come, nothing is overwritten."""

import datetime as dt

import pytest
import yaml

from funnel.errors import InputError
from funnel.settings import Settings
from funnel.sources.investigations import read_investigations, write_investigation

GOOD = """
opened: 2022-09-19
first_week: 2022-08-08
stage: target
attribute: channel
value: chat
question: Why?
who: head of sales
"""
CLOSED = GOOD + "finding: It was the form.\nclosed: 2022-09-26\nstate: data defect\n"
SETTINGS = Settings.model_validate(
    {"stages": [{"key": "target"}, {"key": "sale"}], "attributes": {"channel": {"en": "Channel"}}}
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace("question: Why?", ""), "key question: is missing"),
        (GOOD.replace("question: Why?", "question: ''"), "key question"),
        (GOOD.replace("stage: target", "stage: targt"), "unknown stage 'targt'; did you mean 'target'?"),
        (GOOD.replace("channel", "chanel"), "unknown attribute 'chanel'; did you mean 'channel'?"),
        (GOOD.replace("attribute: channel\n", ""), "value: 'chat' needs an attribute"),
        (GOOD + "last_week: 2022-08-01", "last_week: 2022-08-01 is before first_week: 2022-08-08"),
        (GOOD + "closed: 2022-09-26", "closed and state go together"),
        (GOOD + "state: noise", "closed and state go together"),
        (CLOSED.replace("finding: It was the form.", ""), "finding: say what was found"),
        (CLOSED.replace("2022-09-26", "2022-09-12"), "closed: 2022-09-12 is before opened: 2022-09-19"),
        (CLOSED.replace("data defect", "solved"), "allowed: explained, data defect, initiative, noise"),
        (GOOD.replace("question: Why?", "question: [Why"), "bad.yml, line"),
        (GOOD + "whom: me", "did you mean 'who'?"),
    ],
)
def test_a_bad_file_is_explained_and_the_good_one_still_comes(tmp_path, text, says):
    (tmp_path / "bad.yml").write_text(text, encoding="utf-8")
    (tmp_path / "good.yml").write_text(CLOSED, encoding="utf-8")
    found, problems = read_investigations(tmp_path, SETTINGS)
    assert [item.id for item in found] == ["good"]
    assert says in "\n".join(map(str, problems))


def test_two_wrong_things_are_told_at_once(tmp_path):
    text = CLOSED.replace("finding: It was the form.", "last_week: 2022-08-01")
    (tmp_path / "bad.yml").write_text(text, encoding="utf-8")
    said = "\n".join(map(str, read_investigations(tmp_path, SETTINGS)[1]))
    assert "finding: say what was found" in said and "last_week: 2022-08-01" in said


def test_what_is_written_is_read_again_whatever_the_names_hold(tmp_path):
    value = "Анна: *<b>\u202e# 'x'"
    path = write_investigation(
        tmp_path, dt.date(2022, 9, 26), ("channel", value), "sale", dt.date(2022, 8, 8), "a: b # c\nd", "me"
    )
    (item,), problems = read_investigations(tmp_path, SETTINGS)
    assert problems == ()
    assert (item.value, item.question, item.first_week) == (value, "a: b # c\nd", dt.date(2022, 8, 8))
    assert item.id == path.stem and "/" not in path.stem
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_an_investigation_is_never_overwritten(tmp_path):
    words = (tmp_path, dt.date(2022, 9, 26), ("", ""), "overall", dt.date(2022, 8, 8), "Why?", "me")
    path = write_investigation(*words)
    path.write_text(CLOSED, encoding="utf-8")
    with pytest.raises(InputError, match="is there already"):
        write_investigation(*words)
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["state"] == "data defect"
