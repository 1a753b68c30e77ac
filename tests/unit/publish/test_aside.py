"""What is done in another process is what would have been done here, errors too."""

import os

import pandas as pd
import pytest

from funnel.errors import InputError
from funnel.publish import aside


def table(rows: int) -> pd.DataFrame:
    return pd.DataFrame({"row": range(rows), "here": os.getpid()})


def fails(rows: int) -> pd.DataFrame:
    raise InputError(f"{rows} rows are too many")


def ends(parent: int) -> pd.DataFrame:
    if os.getpid() != parent:
        os._exit(1)
    return table(1)


@pytest.mark.skipif(not aside.FORKS, reason="this system cannot fork")
def test_the_work_is_done_elsewhere_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    waits = [aside.beside(table, rows) for rows in (3, 0)]
    found = [wait() for wait in waits]
    assert found[0]["row"].tolist() == [0, 1, 2] and found[1].empty
    assert found[0]["here"].iloc[0] != os.getpid()


def test_an_error_is_raised_where_it_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for count in (2, 1):
        monkeypatch.setattr(os, "cpu_count", lambda count=count: count)
        with pytest.raises(InputError, match="7 rows are too many"):
            aside.beside(fails, 7)()


def test_a_process_that_ends_without_an_answer_costs_time_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert aside.beside(ends, os.getpid())()["here"].tolist() == [os.getpid()]


def test_with_one_processor_the_work_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert aside.beside(table, 1)()["here"].tolist() == [os.getpid()]
