"""A hypothesis edited after its start shows it; what cannot be told is not claimed."""

import os
import subprocess

import pytest

from funnel.edition.logbook import read_registers
from funnel.publish.hypotheses import edits
from funnel.settings import Settings

TEXT = """
title: A
owner: head of sales
start: {start}
hypotheses: [{{metric: target_rate, change: {change}}}]
cost: {{money: 100}}
"""


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "data" / "initiatives").mkdir(parents=True)
    return Settings.model_validate({"stages": [{"key": "target"}], "root": tmp_path})


def write(settings, start="2022-01-31", change=0.2):
    path = settings.path("initiatives") / "a.yml"
    path.write_text(TEXT.format(start=start, change=change), encoding="utf-8")


def git(settings, *words, day=""):
    env = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for who in ("AUTHOR", "COMMITTER"):
        env |= {
            f"GIT_{who}_NAME": "a",
            f"GIT_{who}_EMAIL": "a@example.org",
            f"GIT_{who}_DATE": f"{day}T12:00:00Z",
        }
    subprocess.run(["git", "-C", str(settings.root), *words], check=True, capture_output=True, env=env)


def commit(settings, day, **changes):
    write(settings, **changes)
    git(settings, "add", "data", day=day)
    git(settings, "commit", "-m", "x", "--allow-empty", day=day)


def told(settings):
    frame = edits(settings, read_registers(settings))
    return [tuple(row) for row in frame[["state", "reason", "edited", "key", "was", "now"]].to_numpy()]


def test_without_a_repository_it_cannot_be_told(settings, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(settings.root))
    write(settings)
    assert told(settings) == [("cannot be told", "no_history", "", "", "", "")]


def test_edits_before_the_start_are_none_of_our_business(settings):
    git(settings, "init", day="2022-01-01")
    commit(settings, "2022-01-10", change=0.3)
    commit(settings, "2022-01-31", change=0.2)
    assert told(settings) == [("unchanged", "", "", "", "", "")]


def test_a_hypothesis_changed_after_the_start_is_shown_with_both_versions(settings):
    git(settings, "init", day="2022-01-01")
    commit(settings, "2022-01-10", change=0.2)
    commit(settings, "2022-04-04", change=0.05)
    was, now = "[{change: 0.2, metric: target_rate}]", "[{change: 0.05, metric: target_rate}]"
    assert told(settings) == [("edited", "", "2022-04-04", "hypotheses", was, now)]
    write(settings, change=0.01)
    assert [row[2:4] for row in told(settings)] == [("2022-04-04", "hypotheses"), ("", "hypotheses")]


def test_putting_off_the_start_does_not_hide_the_edit(settings):
    git(settings, "init", day="2022-01-01")
    commit(settings, "2022-01-10", change=0.2)
    commit(settings, "2022-04-04", change=0.05, start="2022-05-02")
    assert {row[3] for row in told(settings)} == {"hypotheses", "start"}


def test_a_file_first_committed_after_the_start_proves_nothing(settings):
    git(settings, "init", day="2022-01-01")
    commit(settings, "2022-04-04")
    assert told(settings) == [("cannot be told", "begins_after_start", "", "", "", "")]


def test_a_hook_of_another_repository_and_odd_content_change_nothing(settings, monkeypatch, tmp_path):
    git(settings, "init", "-q", day="2022-01-01")
    commit(settings, "2022-01-10")
    (settings.path("initiatives") / "a.yml").write_bytes(b"\xff\xfe no text\n")
    git(settings, "commit", "-qam", "broken", day="2022-01-12")
    commit(settings, "2022-01-20")
    git(settings, "config", "log.showSignature", "true", day="2022-01-20")
    other = tmp_path / "other"
    subprocess.run(["git", "init", "-q", other], check=True)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    assert [one[0] for one in told(settings)] == ["unchanged"]
