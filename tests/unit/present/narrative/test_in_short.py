"""The narrative's first lines: expected texts computed by hand from the frames made by hand."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from funnel.analysis.attention.newest import COLUMNS as NEWEST
from funnel.analysis.initiatives.verdict import scoreboard
from funnel.analysis.revenue.planned import PLAN_COLUMNS
from funnel.edition.logbook import meetings_at
from funnel.present.attention.words import quoted
from funnel.present.narrative.in_short import in_short
from funnel.present.parts.texts import Texts
from funnel.settings import Settings
from tests.unit.present.attention.test_attention import HOSTILE, ROWS, dug, flag, initiative, investigation
from tests.unit.present.forecast.test_forecast_shown import forecast_of, revenue_of

Frames = dict[str, pd.DataFrame]
SHOWN = (initiative(),)
D = dt.date(2022, 9, 26)
SINCE = dt.date(2022, 8, 29)


@pytest.fixture
def frames(cohorts: pd.DataFrame) -> Frames:
    return {
        "forecast": forecast_of(cohorts),
        "deviations": pd.DataFrame([flag("Boris"), flag("Vera"), flag("Gleb", flagged=False)]),
        "investigations": dug(),
        "arrivals": pd.DataFrame({"flag": pd.Series(dtype=bool)}),
        "plan": pd.DataFrame(columns=list(PLAN_COLUMNS)),
        "newest": pd.DataFrame(columns=list(NEWEST)),
        "meetings": meetings_at((), D),
        "scoreboard": scoreboard(pd.DataFrame(ROWS)),
        "revenue": revenue_of(pd.date_range("2022-09-26", periods=20, freq="7D"), 3e6, 1e6),
        "revenue_sum": pd.DataFrame({"p10": [41e6], "p90": [63e6]}),
    }


@pytest.fixture
def say(cohorts: pd.DataFrame, equal_age: pd.DataFrame, frames: Frames, settings: Settings):
    def said(language="en", shown=SHOWN, cohorts=cohorts, **changed: pd.DataFrame) -> list[str]:
        known = settings.model_copy(update={"currency": "RUB"})
        text = in_short(cohorts, equal_age, frames | changed, shown, SINCE, known, Texts(language))
        return text.replace("\xa0", " ").splitlines()

    return said


def test_four_lines_tell_the_week(say) -> None:
    assert say() == [
        "- **Cohort 12–18 Sep 2022:** 4.12 % overall so far, +36 % against the previous one at equal age "
        "(may be chance); 8.2 % expected at the end (6.2 % to 12.4 %).",
        "- **Look here first:** Manager: Boris, “Qualified” 33.7 % instead of the usual 55.5 %: more than "
        "chance explains, and it began in the week of 8 Aug 2022. Nobody digs there yet. 1 more flag below.",
        "- **The last meetings decided:** nothing is written down yet (`funnel meeting`).",
        "- **Revenue of the next 13 weeks:** 52.0 million RUB expected, with 80 % probability "
        "41.0 million RUB to 63.0 million RUB.",
        "- **Initiatives:** partly confirmed: “Training”.",
    ]
    assert [line[:12] for line in say("ru")] == [
        "- **Когорта ",
        "- **Куда смо",
        "- **Решения ",
        "- **Выручка ",
        "- **Инициати",
    ]


def test_what_is_not_reliable_is_a_range_and_says_so(say, frames: Frames) -> None:
    unsure = frames["forecast"].assign(reliable=False, reason="missed_lately")
    first, *_, last, _ = say(forecast=unsure)
    assert first.endswith("; 6.2 % to 12.4 % at the end, not reliable yet.")
    assert "8.2" not in first
    assert last.endswith(" Not reliable yet.")


def test_what_is_not_known_is_left_out(say, cohorts: pd.DataFrame, frames: Frames) -> None:
    none = {name: frame.head(0) for name, frame in frames.items()}
    assert say(shown=(), **none)[0].endswith("at equal age (may be chance).")
    assert len(say(shown=(), **none)) == 2  # the cohort, and that no meeting is written down
    assert len(say(shown=(), cohorts=cohorts.head(0), **none)) == 1
    quiet = frames["deviations"].assign(flag=False)
    assert "- **No conversion stands out** this week." in say(deviations=quiet)


def test_a_target_is_no_usual_share_and_a_beginning_is_told_only_where_it_is_known(say) -> None:
    aimed = pd.DataFrame([flag("Boris") | {"kind": "target", "since": pd.NaT}])
    line = say(deviations=aimed)[1]
    assert "instead of the required 55.5 %: more than chance explains (15 Aug 2022 – " in line
    line = say("ru", deviations=aimed)[1]
    assert (
        "вместо требуемых 55,5 %: случайностью это не объяснить (15.08.2022 – " in line
        and "началось" not in line
    )


def test_who_digs_at_the_first_flag_and_what_the_initiatives_are_called(say) -> None:
    mine = {
        "deviations": pd.DataFrame([flag("Boris", investigation="b")]),
        "investigations": dug(investigation()),
    }
    assert say(**mine)[1].endswith(" Who digs: head of sales.")
    assert say("ru", **mine)[1].endswith(" Разбирается: head of sales.")
    assert "- **Инициативы:** подтвердилось отчасти: «Обучение»." in say("ru")
    four = ["*one*", "two", "three", "four"]
    assert quoted(four, Texts("en")) == "“\\*one\\*”, “two”, “three” and 1 more"
    assert quoted(four[:2], Texts("ru")) == "«\\*one\\*», «two»"


@pytest.mark.parametrize(
    ("language", "word"), [("en", "more than chance"), ("ru", "случайностью не объяснить")]
)
def test_a_change_that_is_no_chance_is_said_to_be_none(
    say, equal_age: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, language: str, word: str
) -> None:
    assert word not in say(language)[0]
    monkeypatch.setattr("funnel.present.cohorts.headline.may_be_chance", lambda *_: False)
    assert f"({word})" in say(language)[0]


def test_names_are_only_text(say) -> None:
    line = say(deviations=pd.DataFrame([flag(HOSTILE)]))[1]
    assert "\\<script\\>" in line
    assert "{{<" not in line
