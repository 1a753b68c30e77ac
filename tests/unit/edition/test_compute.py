"""What a report date takes from the log of imports."""

import datetime as dt

import pandas as pd

from funnel.edition.compute import _last_imports


def test_the_last_import_of_every_table_that_was_known_then_is_told():
    days = pd.to_datetime(["2026-01-05", "2026-01-05", "2026-01-12", "2026-01-19"])
    log = pd.DataFrame(
        {"time": days, "files": "f", "table": ["leads", "spend", "leads", "leads"], "read": [10, 3, 12, 15]}
    )
    then = _last_imports(log, dt.datetime(2026, 1, 12))
    assert dict(zip(then["table"], then["read"], strict=True)) == {"spend": 3, "leads": 12}
    assert list(then.columns) == ["table", "read"]


def test_the_first_import_is_known_from_the_beginning():
    log = pd.DataFrame({"time": [pd.Timestamp("2026-01-05")], "files": "f", "table": ["leads"], "read": [10]})
    assert _last_imports(log, dt.datetime(2022, 9, 26))["read"].tolist() == [10]
