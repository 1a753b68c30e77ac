"""The verdict on the newest leads in words: every case, in both languages."""

from __future__ import annotations

import pandas as pd
import pytest

from funnel.analysis.attention.newest import COLUMNS
from funnel.present.attention.newest import newest_in_short
from funnel.present.parts.texts import Texts
from funnel.settings import Settings

MONDAY = pd.Timestamp("2022-09-19")
FLAGS = pd.DataFrame(columns=["attribute", "stage", "flag", "kind"]).astype({"flag": bool})


def row(stage: str, verdict: str, first: str, weeks: int, **more: object) -> dict[str, object]:
    numbers = {"base": 600, "reached": 24, "observed": 0.04, "expected": 0.03, "low": 0.02, "high": 0.05}
    days = {"first_week": pd.Timestamp(first), "newest_week": MONDAY}
    return {"stage": stage, "verdict": verdict, "weeks": weeks, "at_age": 2, **numbers, **days, **more}


def frame(whole: dict[str, object], step: str = "usual") -> pd.DataFrame:
    first = row("target", step, "2022-09-19", 1, observed=0.34, readable_from=MONDAY + pd.Timedelta(weeks=1))
    return pd.DataFrame([first, whole])[list(COLUMNS)]


def said(newest: pd.DataFrame, settings: Settings, language: str = "en", flags: pd.DataFrame = FLAGS) -> str:
    return newest_in_short(newest, flags, settings, Texts(language)).replace("\xa0", " ")  # type: ignore[arg-type]


def overall(verdict: str, **more: object) -> dict[str, object]:
    later = {"readable_from": pd.Timestamp("2022-10-10"), **more}
    return row("overall", verdict, "2022-08-01", 6, **later)


def test_the_whole_and_last_week_are_told_with_what_is_usual_and_the_range(settings: Settings) -> None:
    assert said(frame(overall("usual")), settings) == (
        "**Newest leads: as usual.** Those of 1 Aug 2022 – 11 Sep 2022, the newest old enough to judge: "
        "overall 4.00 %, usual at their age 3.00 % (by chance 2.00 % to 5.00 %). "
        "Last week, 19–25 Sep 2022: “Target” 34 %, usual 3 % (by chance 2 % to 5 %), "
        "as usual; overall it can be judged from 10 Oct 2022."
    )
    assert said(frame(overall("worse"), "few"), settings).endswith(
        " Last week, 19–25 Sep 2022, is too young to judge; overall it can be judged from 10 Oct 2022."
    )
    old = frame(overall("better", readable_from=MONDAY + pd.Timedelta(weeks=1)))
    assert said(old, settings).startswith("**Newest leads: rather better than usual.**")
    assert "Last week" not in said(old, settings)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_nothing_is_said_that_is_not_known(settings: Settings, language: str) -> None:
    unread = frame(overall("unread", first_week=pd.NaT), "few")
    assert ("10 Oct 2022" if language == "en" else "10.10.2022") in said(unread, settings, language)
    assert "%" not in said(unread, settings, language)
    never = frame(overall("unread", first_week=pd.NaT, readable_from=pd.NaT), "few")
    assert "2022" not in said(never, settings, language)
    for verdict in ("few", "rare"):
        text = said(frame(overall(verdict)), settings, language)
        assert "%" not in text and "600" in text and "{" not in text
    assert said(unread.head(0), settings, language) == ""


def test_a_flag_of_the_whole_and_the_verdict_say_one_thing(settings: Settings) -> None:
    flag = {"attribute": "", "stage": "overall", "flag": True, "kind": "history", "weeks": 2}
    flag |= {"at_age": 2, "observed": 0.01, "expected": 0.03, "low": 0.02, "high": 0.05}
    flags = pd.DataFrame([flag | {"first_week": pd.Timestamp("2022-08-29")}])
    text = said(frame(overall("usual")), settings, flags=flags)
    assert text.startswith(
        "**Newest leads: worse than usual, by more than chance explains.** Those of 29 Aug 2022"
    )
    assert "overall 1.00 %" in text
    steps = flags.assign(stage="target")  # the only step that not everybody passes: the whole is not tested
    assert said(frame(overall("usual")), settings, flags=steps) == text


def test_leads_of_half_a_year_ago_are_not_called_the_newest(settings: Settings) -> None:
    old = frame(overall("worse", at_age=27))
    assert said(old, settings).startswith(
        "**Newest leads: too young to judge.** Half of what a week brings comes after 27 weeks. "
        "The newest old enough, those of 1 Aug 2022 – 11 Sep 2022: rather worse than usual, overall 4.00 %"
    )
