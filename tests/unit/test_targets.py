"""Targets in the settings file: what is wrong with them is said at once, with the nearest known name."""

import datetime as dt

import pytest

from funnel import settings
from funnel.errors import SettingsError

BASE = """
stages: [{key: target}, {key: sale}]
attributes: {manager: {en: Manager}}
targets:
"""


def test_targets_are_read(tmp_path):
    file = tmp_path / "funnel.yml"
    file.write_text(
        BASE + "  - {stage: target, attribute: manager, value: Boris, minimum: 0.4, tolerance: 0.05,\n"
        "     from: 2022-01-03}\n"
        "  - {stage: overall, relative: 0.9}\n"
    )
    one, two = settings.load(file).targets
    assert (one.since, one.minimum, one.value) == (dt.date(2022, 1, 3), 0.4, "Boris")
    assert (two.stage, two.relative, two.attribute) == ("overall", 0.9, "")


def test_unknown_names_are_told_together_with_the_nearest(tmp_path):
    file = tmp_path / "funnel.yml"
    file.write_text(
        BASE + "  - {stage: tarhet, minimum: 0.4}\n  - {stage: sale, attribute: manger, minimum: 0.4}\n"
    )
    with pytest.raises(SettingsError) as error:
        settings.load(file)
    assert "did you mean 'target'?" in str(error.value)
    assert "did you mean 'manager'?" in str(error.value)


def test_what_the_report_asks_is_read_and_what_is_wrong_with_it_is_said(tmp_path):
    file = tmp_path / "funnel.yml"
    stages = "stages: [{key: target}, {key: sale}]\n"
    file.write_text(
        stages + "what_if: [{stage: sale, change: -0.2, from: 2022-01-05}, {stage: target, change: 1}]\n"
    )
    one, two = settings.load(file).what_if
    assert (one.stage, one.change, one.since, two.since) == ("sale", -0.2, dt.date(2022, 1, 5), None)
    file.write_text(stages + "what_if: [{stage: sail, change: 0.1}, {stage: overall, change: 0.1}]\n")
    with pytest.raises(SettingsError) as error:
        settings.load(file)
    assert "what_if.0.stage: 'sail' is not among target, sale; did you mean 'sale'?" in str(error.value)
    assert "what_if.1.stage: 'overall' is not among" in str(error.value)
    file.write_text(stages + "what_if: [{stage: sale, change: -1}]\n")
    with pytest.raises(SettingsError, match="more than -100%"):
        settings.load(file)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{stage: target}", "either minimum"),
        ("{stage: target, minimum: 0.4, relative: 0.9}", "either minimum"),
        ("{stage: target, minimum: 40}", "less than 1"),
        ("{stage: target, minimum: 0.4, value: Boris}", "needs an attribute"),
        ("{stage: target, minimun: 0.4}", "did you mean 'minimum'?"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, line, says):
    file = tmp_path / "funnel.yml"
    file.write_text(BASE + f"  - {line}\n")
    with pytest.raises(SettingsError, match=says.replace("?", r"\?")):
        settings.load(file)
