"""A day beyond all calendars in settings or a register is told, and the other files keep working."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from funnel import settings
from funnel.dates import WEEK
from funnel.edition.logbook import read_registers
from funnel.errors import SettingsError
from funnel.settings_plan import Plan

BASE = "stages: [{key: target}, {key: sale}]\n"
FAR = ("9999-12-31", "9999-12-27", "0001-01-01", "1969-12-31", "2200-01-01")
FILES = {
    "initiatives/start": "title: A\nowner: o\nstart: {}\nhypotheses: [{{metric: sale_rate, change: 1%}}]\n"
    "cost: {{money: 1}}\n",
    "initiatives/end": "title: A\nowner: o\nstart: 2022-01-03\nend: {}\n"
    "hypotheses: [{{metric: sale_rate, change: 1%}}]\ncost: {{money: 1}}\n",
    "investigations/opened": "opened: {}\nfirst_week: 2022-01-03\nstage: sale\nquestion: q\nwho: w\n",
    "investigations/first_week": "opened: 2022-01-03\nfirst_week: {}\nstage: sale\nquestion: q\nwho: w\n",
    "meetings/2022-01-03": "decisions: [{{what: x, who: y, due: {}}}]\n",
    "meetings/2022-01-10": "questions: [{{question: x, answered: {}, answer: y}}]\n",
}


@pytest.mark.parametrize("day", FAR)
def test_registers_tell_such_a_day_and_leave_the_others_working(tmp_path: Path, day: str) -> None:
    (tmp_path / "funnel.yml").write_text(BASE)
    for name, text in FILES.items():
        path = tmp_path / "data" / f"{name}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(day))
        path.with_name("2022-02-07.yml").write_text(text.format("2022-02-14"))
    (tmp_path / "data" / "meetings" / f"{day}.yml").write_text("questions: [q]\n")
    found = read_registers(settings.load(tmp_path / "funnel.yml"))
    assert (len(found.initiatives), len(found.investigations), len(found.meetings)) == (1, 1, 1)
    told = {Path(one.where.split(",")[0]).stem: str(one) for one in found.problems}
    assert set(told) == {name.partition("/")[2] for name in FILES} | {day}
    assert all(day in text for text in told.values())
    assert "1970-01-01 to 2199-12-31" in told["start"]


@pytest.mark.parametrize("day", FAR)
@pytest.mark.parametrize(
    "line",
    [
        "plan: {{{}: 5}}\n",
        "what_if: [{{stage: sale, change: 0.1, from: {}}}]\n",
    ],
)
def test_so_do_settings(tmp_path: Path, line: str, day: str) -> None:
    path = tmp_path / "funnel.yml"
    path.write_text(BASE + line.format(day))
    with pytest.raises(SettingsError, match=r"allowed: a day from 1970-01-01 to 2199-12-31"):
        settings.load(path)


@pytest.mark.parametrize("month", ["9999-12", "0001-01", "1969-12"])
def test_and_such_a_month(tmp_path: Path, month: str) -> None:
    path = tmp_path / "funnel.yml"
    path.write_text(f"{BASE}plan: {{{month}: 5}}\n")
    with pytest.raises(SettingsError, match="stands for something else"):
        settings.load(path)


def test_a_long_plan_takes_the_time_of_its_lines() -> None:
    """Eight times the weeks may take 24 times as long on a busy machine; what is quadratic takes 64 times."""
    plan = TypeAdapter(Plan)

    def seconds(weeks: int) -> float:
        given = {str(dt.date(1990, 1, 1) + WEEK * number): 5 for number in range(weeks)}
        best = 99.0
        for _ in range(3):
            start = time.process_time()
            plan.validate_python(given)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(9_600) < 24 * max(seconds(1_200), 0.002)


def test_weeks_that_are_planned_twice_are_named_a_few() -> None:
    given = {str(dt.date(1990, 1, 1) + dt.timedelta(days=number)): 5 for number in range(2_000)}
    with pytest.raises(ValueError, match="one week is planned twice") as caught:
        TypeAdapter(Plan).validate_python(given)
    assert "1990-01-01, 1990-01-02, " in str(caught.value)
    assert str(caught.value).count("1990-01-") < 10
