"""The values of a figure as a reader would write them down, from figures that know nothing of the report."""

import json
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import seaborn as sns
from matplotlib.axes import Axes

from funnel.present.parts.values import LEVEL, UNTOLD
from funnel.present.parts.vector import chart

WEEKS = pd.date_range("2022-09-26", periods=3, freq="W-MON")
TIDY = pd.DataFrame({"who": ["Anna", "Anna", "Boris", "Boris"], "age": [1, 2, 1, 2], "sales": [3.0, 4, 5, 6]})


@pytest.fixture
def axes():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def told(axes: Axes, **how) -> dict:
    found = chart(axes.get_figure(), **how)
    assert found is not None
    (panel,) = found["panels"]
    return json.loads(json.dumps(panel))  # it travels as JSON


def rows(panel: dict) -> list:
    return [[row["along"], *row["cells"]] for row in panel["rows"]]


def test_lines_points_and_a_band_stand_side_by_side(axes: Axes) -> None:
    axes.plot([1, 2, 4], [1, np.nan, 9], label="square")
    axes.scatter([2, 4], [3, 5])
    axes.fill_between([1, 2, 4], [0, 1, 2], [2, 3, 10], alpha=0.2, label="range")
    axes.axhline(7, label="aim")
    axes.axvline(3)
    axes.plot([1, 2], [0, 0], gid=UNTOLD)
    axes.plot([1, 4], [6, 6], gid=LEVEL, label="usual")
    axes.set_title("Sales", loc="left")
    axes.set_xlabel("age")
    panel = told(axes)
    assert (panel["title"], panel["along"]) == ("Sales", "age")
    assert [one["name"] for one in panel["columns"]] == ["square", "", "range"]
    assert rows(panel) == [[1, 1, None, [0, 2]], [2, None, 3, [1, 3]], [4, 9, 5, [2, 10]]]
    assert panel["levels"] == [["aim", 7], ["usual", 6]]


def test_bars_are_named_by_their_category(axes: Axes) -> None:
    axes.bar(["chat", "call"], [3, 5])
    assert rows(told(axes)) == [["chat", 3], ["call", 5]]


def test_lying_bars_are_read_across(axes: Axes) -> None:
    axes.barh(["chat", "call"], [3, 5])
    panel = told(axes)
    assert rows(panel) == [["chat", 3], ["call", 5]]
    assert panel["lying"]


def test_dates_are_days_whoever_draws_them(axes: Axes) -> None:
    axes.plot(WEEKS, [1, 2, 3])
    days = [{"day": "2022-09-26"}, {"day": "2022-10-03"}, {"day": "2022-10-10"}]
    assert [row[0] for row in rows(told(axes))] == days
    drawn = pd.DataFrame({"leads": [1, 2, 3]}, index=WEEKS).plot()
    panel = told(drawn)
    assert [row[0] for row in rows(panel)] == days
    assert panel["columns"][0]["name"] == "leads"
    plt.close(drawn.get_figure())


def test_seaborn_names_its_lines_in_the_legend_alone(axes: Axes) -> None:
    sns.lineplot(TIDY, x="age", y="sales", hue="who", ax=axes)
    panel = told(axes)
    assert [one["name"] for one in panel["columns"]] == ["Anna", "Boris"]
    assert rows(panel) == [[1, 3, 5], [2, 4, 6]]


def test_bars_beside_each_other_share_a_row(axes: Axes) -> None:
    sns.barplot(TIDY, x="age", y="sales", hue="who", errorbar=None, ax=axes)
    panel = told(axes)
    assert [one["name"] for one in panel["columns"]] == ["Anna", "Boris"]
    assert rows(panel) == [["1", 3, 5], ["2", 4, 6]]


def test_whiskers_are_ranges(axes: Axes) -> None:
    axes.errorbar([1, 2], [3, 4], yerr=[0.5, 1], label="Anna")
    panel = told(axes)
    assert [one["band"] for one in panel["columns"]] == [False, True]
    assert rows(panel) == [[1, 3, [2.5, 3.5]], [2, 4, [3, 5]]]


def test_an_axis_writes_its_values_as_it_was_told_to(axes: Axes) -> None:
    axes.plot([1, 2], [0.5, 0.25])
    axes.fmt_ydata = lambda share: f"{share:.0%}"
    axes.fmt_xdata = lambda week: f"week {week:g}"
    assert rows(told(axes)) == [["week 1", "50%"], ["week 2", "25%"]]


def test_the_places_are_those_of_the_drawing(axes: Axes) -> None:
    axes.plot([0, 10], [0, 10], marker="o")
    axes.set(xlim=(0, 10), ylim=(0, 10))
    for cut in (False, True):
        found = chart(axes.get_figure(), cut=cut)
        assert found is not None
        panel = found["panels"][0]
        left, top, width, height = panel["box"]
        assert panel["rows"][0]["at"] == pytest.approx([left, top + height], abs=0.2)
        assert panel["rows"][1]["at"] == pytest.approx([left + width, top], abs=0.2)
        drawn = re.findall(r'<use href="#[^"]*" x="([\d.]+)" y="([\d.]+)" style="fill: #1f77b4', found["svg"])
        assert [[float(x), float(y)] for x, y in drawn] == [
            pytest.approx(row["at"], abs=0.2) for row in panel["rows"]
        ]


def pie(axes: Axes) -> None:
    axes.pie([1, 2])


def image(axes: Axes) -> None:
    axes.imshow([[1, 2]])


def mesh(axes: Axes) -> None:
    sns.heatmap([[1, 2]], ax=axes)


def boxes(axes: Axes) -> None:
    sns.boxplot(TIDY, x="who", y="sales", ax=axes)


def nothing(axes: Axes) -> None:
    axes.set_title("empty")


@pytest.mark.parametrize("draw", [pie, image, mesh, boxes, nothing])
def test_what_cannot_be_read_stays_a_picture(axes: Axes, draw) -> None:
    draw(axes)
    assert chart(axes.get_figure()) is None


def test_a_figure_of_too_much_stays_a_picture(axes: Axes) -> None:
    axes.scatter(*np.random.default_rng(1).random((2, 20_000)))
    assert chart(axes.get_figure()) is None


def test_of_many_rows_every_nth_is_told_with_the_last(axes: Axes) -> None:
    axes.plot(range(1001), range(1001))
    panel = told(axes)
    assert panel["every"] == 5
    assert [row[0] for row in rows(panel)][:2] == [0, 5]
    assert [row[0] for row in rows(panel)][-1] == 1000


def test_the_drawing_is_the_same_each_time_and_names_nothing_twice(axes: Axes) -> None:
    axes.plot([1, 2], [1, 4], marker="o")
    axes.set_title("a < b & 'c'")
    first, again = (chart(axes.get_figure()) for _ in range(2))
    assert first is not None and first == again
    assert "<metadata" not in first["svg"] and "<!" not in first["svg"]
    assert "a &lt; b &amp; 'c'" in first["svg"]
    axes.plot([1, 2], [2, 3], marker="s")
    other = chart(axes.get_figure())
    assert other is not None
    ids = [re.findall(r' id="([^"]*)"', one["svg"]) for one in (first, other)]
    assert all(ids) and not set(ids[0]) & set(ids[1])


def test_what_a_drawing_says_keeps_its_digits(axes: Axes) -> None:
    """A Russian date holds what looks like a long number; only the places of the drawing are rounded."""
    axes.plot([0, 1], [1 / 3, 2 / 3])
    axes.set_xticks([0, 1], ["27.09.2021", "01.10.2022"])
    axes.set_title("0.12500")
    found = chart(axes.get_figure())
    assert found is not None
    assert re.findall(r">([\d.]+)</text>", found["svg"])[:2] == ["27.09.2021", "01.10.2022"]
    assert ">0.12500</text>" in found["svg"]
    assert not re.search(r'[ds]="[^"]*\d\.\d{3}', found["svg"])
