"""What an analyst may set, and what is said when it is wrong."""

from pathlib import Path

import pytest

from funnel.errors import MissingError, SettingsError
from funnel.settings import load

GOOD = "stages: [{key: target}, {key: sale}]\n"


def settings_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "funnel.yml"
    path.write_text(text, encoding="utf-8")
    return path


def message(tmp_path: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(settings_file(tmp_path, text))
    return str(caught.value)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = load(settings_file(tmp_path, GOOD + "archive: old/issues\n"))
    assert settings.path("archive") == tmp_path.resolve() / "old/issues"


def test_a_missing_file_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="funnel --config PATH COMMAND"):
        load(tmp_path / "funnel.yml")


def test_an_unknown_key_names_the_nearest_and_all_that_are_allowed(tmp_path: Path) -> None:
    text = message(tmp_path, GOOD + "timezon: UTC\n")
    assert "did you mean 'timezone'?" in text
    assert "horizon_weeks" in text


def test_an_unknown_key_inside_a_stage_is_told_with_the_keys_of_a_stage(tmp_path: Path) -> None:
    text = message(tmp_path, "stages: [{key: target, nam: {en: x}}]\n")
    assert "stages.0.nam: unknown key; did you mean 'name'?; allowed: key, name" in text


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = message(tmp_path, GOOD + "timezone: Mars/Base\ncohorts: one\nlanguage: de\n")
    assert "'Mars/Base' is not a time zone" in text
    assert "key cohorts" in text
    assert "'en' or 'ru', found 'de'" in text


@pytest.mark.parametrize("key", ["lead", "lost", "sale"])
def test_stage_keys_differ_and_two_words_are_reserved(tmp_path: Path, key: str) -> None:
    assert "reserved" in message(tmp_path, f"stages: [{{key: sale}}, {{key: {key}}}]\n")


def test_a_slice_must_be_an_attribute(tmp_path: Path) -> None:
    text = message(tmp_path, GOOD + "attributes: {channel: {}}\nslices: [chanel]\n")
    assert "did you mean 'channel'?" in text


def test_broken_yaml_names_file_and_line(tmp_path: Path) -> None:
    assert "funnel.yml, line 2" in message(tmp_path, "stages: []\nx: ]\n")


@pytest.mark.parametrize("text", ["", "- a\n", "just words\n"])
def test_a_file_without_keys_is_refused(tmp_path: Path, text: str) -> None:
    assert "holds no keys" in message(tmp_path, text)


def test_the_folder_of_the_project_cannot_be_set(tmp_path: Path) -> None:
    assert "root: is not to be set here" in message(tmp_path, GOOD + "root: /\n")
