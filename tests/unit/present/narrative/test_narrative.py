from __future__ import annotations

import datetime as dt
import math
import re

import pandas as pd
import pypandoc
import pytest

from funnel.analysis.cohorts.table import may_be_chance
from funnel.present.narrative.narrative import draft, driver
from funnel.present.parts.texts import Texts
from funnel.settings import Settings

Frames = dict[str, pd.DataFrame]


@pytest.fixture
def frames(
    cohorts: pd.DataFrame, equal_age: pd.DataFrame, channels: pd.DataFrame, imports: pd.DataFrame,
    problems: pd.DataFrame, restated: pd.DataFrame,
) -> Frames:  # fmt: skip
    return {
        "cohorts": cohorts,
        "equal_age": equal_age,
        "channel": channels,
        "imports": imports,
        "problems": problems,
        "restated": restated,
    }


def write(frames: Frames, settings: Settings, language: str = "en", first: bool = False) -> str:
    restated = None if first else frames["restated"]
    slices, texts = {"channel": frames["channel"]}, Texts("en" if language == "en" else "ru")
    about_data = (frames["imports"], frames["problems"], restated)
    text = draft(frames["cohorts"], frames["equal_age"], slices, *about_data, settings, texts)
    return re.sub(r"### .* \{#in-sec-\w+\}\n\n", "", text).strip("\n").replace("\xa0", " ") + "\n"


def test_what_page_1_need_not_say_stands_under_the_chapter_it_belongs_to(
    frames: Frames, settings: Settings
) -> None:
    about = (frames["imports"], frames["problems"], None, settings, Texts("en"))
    end = dt.date(2022, 9, 20)
    text = draft(frames["cohorts"], frames["equal_age"], {"channel": frames["channel"]}, *about, end=end)
    first, *chapters = re.split(r"\n### (.*) \{#in-sec-(\w+)\}\n\n", text)
    assert first.startswith("The data end on 20 Sep 2022") and "558" not in first
    found = dict(zip(chapters[1::3], chapters[2::3], strict=True))
    assert list(found) == ["detail", "slices", "quality"]
    assert chapters[::3] == ["The week in words", "Slices", "Data quality"]
    assert "558 leads" in found["detail"] and "“site chat” converts best" in found["slices"]
    assert "rows in all" in found["quality"] and "No earlier edition" in found["quality"]


def test_the_reference_reading_in_english(frames: Frames, settings: Settings) -> None:
    assert write(frames, settings).startswith(
        "**Cohort 12 Sep 2022 – 18 Sep 2022: 558 leads.** 42 % of them (236) were target; of these 53 % "
        "(126) were qualified; of these 42 % (53) got a proposal; of these 43 % (23) bought. Overall "
        "conversion: 4.12 %, 22 % above the previous cohort. This comparison is raw: the previous cohort "
        "has had 1 week more to ripen, so it says little of how good the leads are. "
        "At equal age, 1 week after the end of each week, it is 36 % above the "
        "previous cohort (4.12 % against 3.02 %). The largest part of this difference comes "
        "from the step to “Sale”: at that age 43 % against 38 %."
    )


def test_the_reference_reading_in_russian(frames: Frames, settings: Settings) -> None:
    assert write(frames, settings, "ru").startswith(
        "**Когорта 12.09.2022 – 18.09.2022: 558 лидов.** 42 % из них (236) оказались целевыми; из них 53 % "
        "(126) прошли квалификацию; из них 42 % (53) получили предложение; из них 43 % (23) купили. Общая "
        "конверсия: 4,12 %, на 22 % выше, чем у предыдущей когорты. Это сравнение без поправки на возраст: "
        "у предыдущей когорты было на 1 неделю больше, чтобы дозреть, и о качестве лидов оно говорит мало. "
        "В одном возрасте, через 1 неделю "
        "после конца своей недели, конверсия на 36 % выше, чем у предыдущей (4,12 % против 3,02 %). "
        "Больше всего в эту разницу внёс переход в этап «Продажа»: в том же возрасте 43 % против 38 %."
    )


def test_neighbours_slices_and_data(frames: Frames, settings: Settings) -> None:
    text = write(frames, settings)
    assert (
        "The cohort before it (5 Sep 2022 – 11 Sep 2022) brought 562 leads; its overall conversion is 3.38 %."
        in text
    )
    assert "it is younger, so this says little yet" in text
    assert "4 of the shown cohorts are younger than 4 weeks" in text
    assert "“site chat” converts best, 7.96 % of 2,210 leads" in text
    assert "“cold calls” converts worst, 1.96 % of 1,630 leads" in text
    assert "expo" not in text  # fewer than 30 leads
    assert (
        "the last import of each table read 160,435 rows in all; 160,420 were accepted, 15 rejected" in text
    )
    assert (
        "2 counts of old cohorts have changed (17 leads touched); the largest edit is “lead deleted”" in text
    )


@pytest.mark.parametrize("language", ["en", "ru"])
def test_prose_only(frames: Frames, settings: Settings, language: str) -> None:
    text = write(frames, settings, language)
    assert not re.search(r"^\s*([#|>+-]|\d+\.|```|:::)", text, re.MULTILINE)
    assert "nan" not in text.lower()
    assert "{" not in text


def test_a_first_edition_with_one_cohort(frames: Frames, settings: Settings) -> None:
    one = frames | {
        "cohorts": frames["cohorts"].head(1).assign(overall_change=math.nan),
        "equal_age": frames["equal_age"].head(1),
    }
    text = write(one, settings, first=True)
    assert "Overall conversion: 7.72 %.\n" in text
    assert "previous cohort" not in text.split("\n")[0]
    assert "No earlier edition is archived, so nothing can be compared." in text


def test_no_leads_and_no_sales(frames: Frames, settings: Settings) -> None:
    cohorts = frames["cohorts"].copy()
    cohorts.loc[11, ["sale", "sale_rate", "overall_rate", "overall_change"]] = [0, 0.0, 0.0, -1.0]
    equal = frames["equal_age"].copy()
    equal.loc[11, ["sale", "sale_rate", "overall_rate", "overall_change"]] = [0, 0.0, 0.0, -1.0]
    text = write(frames | {"cohorts": cohorts, "equal_age": equal}, settings)
    assert "got a proposal; none of them bought." in text
    assert "100 % below the previous cohort" in text
    assert "this difference" not in text
    cohorts.loc[11, "leads"] = 0
    nothing = write(frames | {"cohorts": cohorts}, settings)
    assert "**Cohort 12 Sep 2022 – 18 Sep 2022: no leads.**" in nothing
    assert "numbers will grow" in text and "numbers will grow" not in nothing
    assert "no cohort to show" in write(frames | {"cohorts": cohorts.head(0)}, settings)


def test_a_previous_cohort_without_sales_cannot_be_compared(frames: Frames, settings: Settings) -> None:
    equal = frames["equal_age"].copy()
    equal.loc[10, ["sale", "sale_rate", "overall_rate"]] = [0, 0.0, 0.0]
    equal.loc[11, "overall_change"] = math.nan
    told = "the two cannot be compared: nobody of the previous cohort had reached “Sale” by then."
    assert told in write(frames | {"equal_age": equal}, settings)
    equal.loc[10, ["leads", "overall_rate"]] = [
        0,
        math.nan,
    ]  # a week without leads is no cohort to compare with
    assert "cannot be compared:" not in write(frames | {"equal_age": equal}, settings)


@pytest.mark.parametrize(
    "value", ["**x** <script>", "{{< include /etc/passwd >}}", "@fig-history $a$", "[a](http://b)"]
)
def test_values_of_attributes_stay_text(frames: Frames, settings: Settings, value: str) -> None:
    channels = frames["channel"].copy()
    channels.loc[0, "value"] = value
    text = write(frames | {"channel": channels}, settings)
    assert "{{<" not in text
    assert f"“{value}” converts best" in pypandoc.convert_text(
        text, "plain", "markdown", extra_args=["--wrap=none"]
    )


def test_the_driver_is_the_step_with_the_largest_part(settings: Settings) -> None:
    before = pd.Series({"target_rate": 0.4, "qualified_rate": 0.5, "proposal_rate": 0.4, "sale_rate": 0.4})
    up = before * [1.1, 0.9, 1.3, 1.05]
    assert driver(up, before, settings) == ("proposal", pytest.approx(math.log(1.3) / math.log(1.35135)))
    assert driver(before, up, settings)[0] == "proposal"
    assert driver(before * [0.9, 1.2, 0.6, 1.0], before, settings)[0] == "proposal"
    assert driver(before * [1.0, 1.0, 1.0, 0.0], before, settings) == ("", 0.0)


def test_most_of_a_difference_is_more_than_half_of_it(frames: Frames, settings: Settings) -> None:
    """43 % against 38 % of buyers makes 40 % of a difference of 36 %: the largest part, and not most."""
    assert "Most of this difference" not in write(frames, settings)
    equal = frames["equal_age"].copy()
    equal.loc[10, [f"{stage}_rate" for stage in settings.stage_keys[:-1]]] = equal.loc[
        11, [f"{stage}_rate" for stage in settings.stage_keys[:-1]]
    ]
    assert "Most of this difference comes from the step to “Sale”" in write(
        frames | {"equal_age": equal}, settings
    )


def test_the_best_is_best_by_its_share_too(frames: Frames, settings: Settings) -> None:
    """A reader finds a higher share in the table: then it is better than the rest, and not the best."""
    assert "“site chat” converts best" in write(frames, settings)
    channels = frames["channel"].copy()
    other = channels.index[(channels["value"] != "site chat") & ~channels["small"]][0]
    channels.loc[other, "overall_rate"] = 0.2
    assert "“site chat” converts better than the rest" in write(frames | {"channel": channels}, settings)


def test_a_stage_of_another_name_is_told_by_that_name(frames: Frames, settings: Settings) -> None:
    named = [
        stage.model_copy(update={"name": {"en": "Contract signed"}}) if stage.key == "sale" else stage
        for stage in settings.stages
    ]
    other = settings.model_copy(update={"stages": tuple(named)})
    text = write(frames, other)
    assert "(23) reached the stage “Contract signed”" in text and "bought" not in text


def test_edits_that_leave_every_count_as_it_was_are_said_so(frames: Frames, settings: Settings) -> None:
    same = frames["restated"].assign(before=1, after=1, cohort_before=frames["restated"]["cohort_after"])
    assert "no count of the old cohorts has changed" in write(frames | {"restated": same}, settings)


def test_a_difference_that_may_be_chance_is_called_so(frames: Frames, settings: Settings) -> None:
    assert "With counts as small as 23 against 17 it may well be chance." in write(frames, settings)
    equal = frames["equal_age"].copy()
    equal.loc[10, ["sale", "overall_rate"]] = [3, 3 / 562]
    equal.loc[11, "overall_change"] = 23 / 558 / (3 / 562) - 1
    sure = write(frames | {"equal_age": equal}, settings).split("\n")[0]
    assert "may well be chance" not in sure
    assert "With 23 against 3 it is more than chance usually makes" in sure
    sure = write(frames | {"equal_age": equal}, settings, "ru").split("\n")[0]
    assert "(23 против 3) это больше, чем обычно даёт случайность" in sure


@pytest.mark.parametrize(
    ("language", "word", "right"),
    [
        ("en", "bad news", "compared with others at equal age alone"),
        ("ru", "новость", "только в одном возрасте"),
    ],
)
def test_a_young_cohort_is_not_excused_beside_its_own_fall_at_equal_age(
    frames: Frames, settings: Settings, language: str, word: str, right: str
) -> None:
    text = write(frames, settings, language)
    assert word not in text and right in text


def test_examples_of_newcombe() -> None:
    """Table II of 1998: the 95 % intervals 0.0524..0.3339, 0.1705..0.8090, 0.0582..0.8062 leave out 0."""
    assert not any(may_be_chance(*case) for case in ((56, 70, 48, 80), (9, 10, 3, 10), (6, 7, 2, 7)))
    assert may_be_chance(0, 10, 0, 20)
