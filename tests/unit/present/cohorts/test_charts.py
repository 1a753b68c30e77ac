from __future__ import annotations

import base64
import datetime as dt
import io
import json
import struct
import warnings
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Annotation
from PIL import Image

from funnel.present.cohorts.charts import conversions_over_time, leads_by_week, triangle_curves
from funnel.present.parts import theme as look
from funnel.present.parts.drawing import figure_of, new, over_time, spread
from funnel.present.parts.texts import Texts
from funnel.present.parts.vector import KIND
from funnel.settings import LANGUAGES, Settings


@dataclass(frozen=True)
class Event:
    title: str
    start: dt.date
    end: dt.date | None = None


EVENTS = [
    Event("Chat answered within 15 seconds", dt.date(2022, 5, 2)),
    Event("Chain of messages along the whole sale and far beyond the last step", dt.date(2022, 5, 4)),
    Event("Training of $x_{1$ managers", dt.date(2022, 5, 4)),
    Event("A strong competitor enters", dt.date(2022, 9, 5), dt.date(2022, 9, 18)),
]


def chunks(png: bytes) -> list[str]:
    names, at = [], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        names.append(png[at + 4 : at + 8].decode())
        at += length + 12
    return names


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_is_small_the_same_again_and_has_words(
    history: pd.DataFrame, triangle: pd.DataFrame, cohorts: pd.DataFrame, settings: Settings, language: str
) -> None:
    texts = Texts("en" if language == "en" else "ru")

    def draw() -> list[object]:
        return [
            conversions_over_time(history, EVENTS, settings, texts),
            leads_by_week(cohorts, EVENTS, settings, texts),
            triangle_curves(triangle, settings, texts),
        ]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = draw()
    assert first == draw()
    for picture in first:
        data, facts = picture._repr_mimebundle_(include=None, exclude=None)  # type: ignore[attr-defined]
        assert list(data) == ["image/png", KIND]
        assert data[KIND]["panels"] and len(json.dumps(data[KIND], ensure_ascii=False)) < 150_000
        png = base64.b64decode(data["image/png"])
        assert len(png) < 150_000
        assert set(chunks(png)) <= {"IHDR", "PLTE", "pHYs", "IDAT", "IEND", "tRNS"}
        assert facts["image/png"]["width"] == 7 * 96
        assert len(facts["image/png"]["alt"]) > 20
        assert Image.open(io.BytesIO(png)).width == 7 * 160


def test_marks_never_cover_each_other_and_stay_inside(settings: Settings) -> None:
    weeks = pd.Series(pd.date_range("2022-01-03", "2022-09-19", freq="7D"))
    theme = look.load(settings)
    with look.style(theme):
        (panel,), strip = over_time(1, 1.5, weeks, EVENTS, theme, Texts("en"))
        panel.plot([], [])
        strip()
        figure = figure_of(panel)
        figure.draw_without_rendering()
        labels = [child for child in figure.axes[0].get_children() if isinstance(child, Annotation)]
        boxes = [words.get_window_extent() for words in labels]
    assert len(boxes) == 4
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height for box in boxes)


def test_points_of_quarters_lie_inside_the_axis_and_are_named_as_in_the_table(settings: Settings) -> None:
    quarters = pd.DataFrame({"cohort_week": pd.to_datetime(["2022-04-04", "2022-07-04"]), "weeks": [13, 12]})
    facts = {"period": "quarter", "weeks_of": 13, "age_weeks": [12, 0], "base": 60, "reached": 6, "rate": 0.1}
    starts = pd.to_datetime(["2022-04-01", "2022-07-01"])
    rows = quarters.assign(**facts, low=0.05, high=0.2, period_start=starts)
    stages = [*settings.stage_keys, "overall"]
    frame = pd.concat([rows.assign(stage=stage) for stage in stages], ignore_index=True)
    picture = conversions_over_time(frame, [], settings, Texts("en"))
    assert "Q2 2022" in (told := json.dumps(picture.chart, default=str)) and "Q3 2022, 12 of 13" in told


def test_marks_outside_the_axis_are_left_out(cohorts: pd.DataFrame, settings: Settings) -> None:
    without = leads_by_week(cohorts, [], settings, Texts("en"))
    early = [Event("long ago", dt.date(2019, 1, 1)), Event("later", dt.date(2023, 1, 1))]
    assert leads_by_week(cohorts, early, settings, Texts("en")) == without
    assert leads_by_week(cohorts, EVENTS, settings, Texts("en")) != without


def test_labels_at_the_same_height_are_moved_apart(settings: Settings) -> None:
    with look.style(look.load(settings)):
        axes = new(3.0).subplots()
        axes.set_ylim(0, 1)
        spread(axes, [(0.5, 0.5, f"label {at}", "#000000") for at in range(5)])
        figure_of(axes).draw_without_rendering()
        boxes = [child.get_window_extent() for child in axes.get_children() if isinstance(child, Annotation)]
    assert len(boxes) == 5
    heights = sorted((box.y0 + box.y1) / 2 for box in boxes)
    assert np.diff(heights).min() >= 10


def test_nothing_to_draw_says_so(
    history: pd.DataFrame, triangle: pd.DataFrame, cohorts: pd.DataFrame, settings: Settings
) -> None:
    texts = Texts("en")
    pictures = [
        conversions_over_time(history.head(0), [], settings, texts),
        leads_by_week(cohorts.head(0), [], settings, texts),
        triangle_curves(triangle.head(0), settings, texts),
        triangle_curves(triangle.assign(rate=np.nan), settings, texts),
    ]
    assert {picture.alt for picture in pictures} == {"There are not yet enough cohorts to draw a line."}


def test_one_cohort_weeks_without_leads_and_no_sales(
    history: pd.DataFrame, triangle: pd.DataFrame, cohorts: pd.DataFrame, settings: Settings
) -> None:
    texts = Texts("en")
    gaps = history.copy()
    gaps.loc[gaps["cohort_week"] == "2022-07-04", ["rate", "low", "high"]] = np.nan
    one = history[history["cohort_week"] == history["cohort_week"].max()]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for frame in (gaps, one, history.assign(rate=0.0, low=0.0, high=0.0)):
            assert conversions_over_time(frame, EVENTS, settings, texts).png
        assert leads_by_week(cohorts.head(1).assign(leads=0), EVENTS, settings, texts).png
        assert triangle_curves(triangle.assign(rate=0.0), settings, texts).png
        assert triangle_curves(triangle[triangle["age"] == 0].tail(1), settings, texts).png
